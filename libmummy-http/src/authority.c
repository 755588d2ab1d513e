#include <config.h>
#include "parse.h"
#include "scan.h"

/* An IP literal: "[" hex digits, colons and dots (or "v1.text") "]"; what follows it, or NULL. The
 * address itself is nobody's to judge here: it is never connected to. */
static const char *skip_literal(const char *p, const char *end)
{
	const char *from = ++p;

	if (p < end && (*p == 'v' || *p == 'V')) {
		while (p < end && (mhttp_is(*p, MHTTP_HOST) || *p == ':'))
			p++;
	} else {
		while (p < end && (mhttp_is(*p, MHTTP_HEX) || *p == ':' || *p == '.'))
			p++;
	}
	return p < end && *p == ']' && p > from + 1 ? p + 1 : NULL;
}

static inline const char *skip_plain(const char *p, const char *end)
{
	for (; end - p >= 4; p += 4)
		if (!mhttp_is(p[0], MHTTP_HOST) || !mhttp_is(p[1], MHTTP_HOST) ||
		    !mhttp_is(p[2], MHTTP_HOST) || !mhttp_is(p[3], MHTTP_HOST))
			break;
	while (p < end && mhttp_is(*p, MHTTP_HOST))
		p++;
	return p;
}

static const char *skip_name(const char *p, const char *end)
{
	const char *from = p;

	for (;;) {
		p = skip_plain(p, end);
		if (p == end)
			break;
		if (*p == '%' && end - p > 2 && mhttp_is(p[1], MHTTP_HEX) && mhttp_is(p[2], MHTTP_HEX))
			p += 3;
		else
			break;
	}
	return p > from ? p : NULL;
}

/* Are all of n octets such as a name without escapes has? */
static inline int is_plain(const char *p, size_t n)
{
	unsigned all = MHTTP_HOST;

	if (n < 4) {
		for (size_t i = 0; i < n; i++)
			all &= mhttp_octets[(unsigned char)p[i]];
		return n && all;
	}
	for (const char *last = p + n - 4;; p = p + 4 < last ? p + 4 : last) {
		all &= mhttp_octets[(unsigned char)p[0]];
		all &= mhttp_octets[(unsigned char)p[1]];
		all &= mhttp_octets[(unsigned char)p[2]];
		all &= mhttp_octets[(unsigned char)p[3]];
		if (p == last)
			return all != 0;
	}
}

/* What nearly all are: a name without escapes and a port below 60000, or none. 0: look closer. */
static inline int is_common(const char *p, size_t n)
{
	const char *q = p + n;

	while (q > p && (unsigned char)(q[-1] - '0') < 10)
		q--;
	if (q == p || q[-1] != ':')
		return is_plain(p, n);
	n = (size_t)(p + n - q);
	if (n > 5 || (n == 5 && *q > '5'))
		return 0;
	return is_plain(p, (size_t)(q - 1 - p));
}

int mhttp_authority_ok(struct mummy_http_span s)
{
	const char *p = s.p, *end = s.p + s.n;
	unsigned port = 0;

	if (is_common(p, s.n))
		return 1;
	if (s.n == 0)
		return 0;
	p = *p == '[' ? skip_literal(p, end) : skip_name(p, end);
	if (!p)
		return 0;
	if (p == end)
		return 1;
	if (*p++ != ':')
		return 0;
	for (; p < end && mhttp_is(*p, MHTTP_DIGIT) && port <= 65535; p++)
		port = port * 10 + (unsigned)(*p - '0');
	return p == end && port <= 65535;
}
