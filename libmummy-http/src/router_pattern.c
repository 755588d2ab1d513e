/* router_pattern.c - patterns and prefixes: what they may be, and what they are compared with. */
#include <config.h>
#include "router_tree.h"

static int is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

int mhttp_is_method(const char *s)
{
	if (!*s)
		return 0;
	for (; *s; s++)
		if (!is_alnum(*s) && !strchr("!#$%&'*+-.^_`|~", *s))
			return 0;
	return 1;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int mhttp_path_octet(const char *s, size_t n, size_t *used)
{
	int high, low;

	*used = 1;
	if (*s != '%')
		return (unsigned char)*s;
	if (n < 3 || (high = hex(s[1])) < 0 || (low = hex(s[2])) < 0)
		return -1;
	*used = 3;
	return high * 16 + low;
}

struct mummy_http_span mhttp_next_segment(struct mummy_http_span *rest)
{
	struct mummy_http_span s = *rest;
	const char *slash = s.n ? memchr(s.p, '/', s.n) : NULL;

	if (slash) {
		s.n = (size_t)(slash - s.p);
		rest->p = slash + 1;
		rest->n -= s.n + 1;
	} else {
		*rest = (struct mummy_http_span){ NULL, 0 };
	}
	return s;
}

enum mhttp_segment mhttp_segment_kind(struct mummy_http_span s)
{
	size_t used;

	if (mhttp_span_is(s, "*"))
		return MHTTP_TAIL;
	if (s.n >= 3 && s.p[0] == '{' && s.p[s.n - 1] == '}') {
		for (size_t i = 1; i < s.n - 1; i++)
			if (!is_alnum(s.p[i]) && s.p[i] != '_' && s.p[i] != '-')
				return MHTTP_BAD;
		return MHTTP_PARAM;
	}
	for (size_t i = 0; i < s.n; i += used)
		if (mhttp_path_octet(s.p + i, s.n - i, &used) < 0 || (unsigned char)s.p[i] <= ' '
		    || s.p[i] == 0x7f || strchr("*{}?#", s.p[i]))
			return MHTTP_BAD;
	return MHTTP_LITERAL;
}

/* Appends a name with its NUL to names at *len, unless it is there. */
static int add_name(char *names, size_t *len, const char *name, size_t n)
{
	for (size_t i = 0; i < *len; i += strlen(names + i) + 1)
		if (strlen(names + i) == n && memcmp(names + i, name, n) == 0)
			return -EINVAL;
	memcpy(names + *len, name, n);
	names[*len + n] = '\0';
	*len += n + 1;
	return 0;
}

int mhttp_check_pattern(const char *pattern, char *names)
{
	struct mummy_http_span rest = { pattern + 1, strlen(pattern) - (*pattern == '/') }, s;
	size_t segments = 0, params = 0, len = 0;
	int rc = 0;

	if (*pattern != '/')
		return -EINVAL;
	for (s = mhttp_next_segment(&rest); s.p && rc == 0; s = mhttp_next_segment(&rest)) {
		enum mhttp_segment kind = mhttp_segment_kind(s);

		if (kind == MHTTP_BAD || ++segments > MHTTP_MAX_SEGMENTS || (kind == MHTTP_TAIL && rest.p))
			return -EINVAL;
		if (kind != MHTTP_LITERAL && ++params > MHTTP_MAX_PARAMS)
			return -EINVAL;
		if (kind == MHTTP_PARAM)
			rc = add_name(names, &len, s.p + 1, s.n - 2);
		else if (kind == MHTTP_TAIL)
			rc = add_name(names, &len, "*", 1);
	}
	return rc;
}

/* Compares octet by octet, escapes in the path decoded once, as routes are found. */
int mhttp_path_is_below(struct mummy_http_span path, const char *prefix, size_t n)
{
	size_t at = 0, used;

	for (size_t i = 0; i < n; i++, at += used) {
		int c = at < path.n ? mhttp_path_octet(path.p + at, path.n - at, &used) : -1;

		/* an encoded slash separates nothing */
		if (c != (unsigned char)prefix[i] || (c == '/' && used != 1))
			return 0;
	}
	return n == 0 || at == path.n || path.p[at] == '/';
}

int mhttp_check_prefix(const char *prefix, size_t *n)
{
	struct mummy_http_span rest, s;

	*n = strlen(prefix);
	if (*n == 0 || *prefix != '/')
		return -EINVAL;
	if (*n == 1) {
		*n = 0;
		return 0;
	}
	rest = (struct mummy_http_span){ prefix + 1, *n - 1 };
	for (s = mhttp_next_segment(&rest); s.p; s = mhttp_next_segment(&rest))
		if (s.n == 0 || mhttp_segment_kind(s) != MHTTP_LITERAL || memchr(s.p, '%', s.n))
			return -EINVAL;
	return 0;
}

size_t mhttp_host_length(struct mummy_http_span host)
{
	size_t n = host.n;

	while (n && host.p[n - 1] >= '0' && host.p[n - 1] <= '9')
		n--;
	return n && host.p[n - 1] == ':' ? n - 1 : host.n;
}
