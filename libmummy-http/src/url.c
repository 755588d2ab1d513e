#include <config.h>
#include <errno.h>
#include "scan.h"
#include <mummy/http-parser.h>

/* Only what RFC 3986 allows: unreserved, sub-delims, percent triplets and the extra ones given. */
static int is_clean(struct mummy_http_span s, const char *extra)
{
	for (size_t i = 0; i < s.n; i++) {
		if (mhttp_is(s.p[i], MHTTP_HOST) || s.p[i] == ',')
			continue;
		if (s.p[i] == '%') {
			if (s.n - i < 3 || !mhttp_is(s.p[i + 1], MHTTP_HEX) ||
			    !mhttp_is(s.p[i + 2], MHTTP_HEX))
				return 0;
			i += 2;
		} else if (s.p[i] == '\0' || !strchr(extra, s.p[i])) {
			return 0;
		}
	}
	return 1;
}

/* From p to the first of stops, or end. */
static struct mummy_http_span until(const char *p, const char *end, const char *stops)
{
	struct mummy_http_span s = {p, 0};

	while (p < end && (*p == '\0' || !strchr(stops, *p)))
		p++;
	s.n = (size_t)(p - s.p);
	return s;
}

static int is_scheme(struct mummy_http_span s)
{
	if (s.n == 0 || !mhttp_is(s.p[0], MHTTP_ALPHA))
		return 0;
	for (size_t i = 1; i < s.n; i++)
		if (!mhttp_is(s.p[i], MHTTP_ALPHA | MHTTP_DIGIT) && s.p[i] != '+' && s.p[i] != '-' &&
		    s.p[i] != '.')
			return 0;
	return 1;
}

static int is_literal(struct mummy_http_span s)
{
	const struct mummy_http_span inner = {s.p + 1, s.n - 2};

	return s.n > 3 && s.p[s.n - 1] == ']' && is_clean(inner, ":") && !memchr(inner.p, '%', inner.n);
}

static int split_authority(struct mummy_http_span s, struct mummy_http_url *out)
{
	const char *p = s.p, *end = p + s.n, *at = memchr(p, '@', s.n);

	if (at) {
		out->userinfo.p = p;
		out->userinfo.n = (size_t)(at - p);
		if (!is_clean(out->userinfo, ":"))
			return 0;
		p = at + 1;
	}
	if (p < end && *p == '[') {
		out->host = until(p, end, "]");
		out->host.n += out->host.n < (size_t)(end - p);
		if (!is_literal(out->host))
			return 0;
	} else {
		out->host = until(p, end, ":");
		if (!is_clean(out->host, ""))
			return 0;
	}
	p = out->host.p + out->host.n;
	if (p == end)
		return 1;
	if (*p++ != ':')
		return 0;
	out->port.p = p;
	out->port.n = (size_t)(end - p);
	while (p < end && mhttp_is(*p, MHTTP_DIGIT))
		p++;
	return p == end;
}

static int split_tail(const char *p, const char *end, struct mummy_http_url *out)
{
	if (p < end && *p == '?') {
		out->query = until(p + 1, end, "#");
		p = out->query.p + out->query.n;
	}
	if (p < end) {
		out->fragment.p = p + 1;
		out->fragment.n = (size_t)(end - p - 1);
	}
	return is_clean(out->query, ":@/?") && is_clean(out->fragment, ":@/?");
}

int mummy_http_url_split(struct mummy_http_span url, struct mummy_http_url *out)
{
	static const struct mummy_http_url none;
	const char *p = url.n ? url.p : "", *end = p + url.n;
	struct mummy_http_span first = until(p, end, ":/?#");

	*out = none;
	if (first.n < url.n && p[first.n] == ':') {
		/* a colon in the first segment of a reference would be a scheme's */
		if (!is_scheme(first))
			return -EBADMSG;
		out->scheme = first;
		p += first.n + 1;
	}
	if (end - p >= 2 && p[0] == '/' && p[1] == '/') {
		struct mummy_http_span authority = until(p + 2, end, "/?#");

		if (!split_authority(authority, out))
			return -EBADMSG;
		p = authority.p + authority.n;
	}
	out->path = until(p, end, "?#");
	if (!is_clean(out->path, ":@/") || !split_tail(out->path.p + out->path.n, end, out))
		return -EBADMSG;
	return 0;
}
