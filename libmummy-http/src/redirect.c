/* redirect.c - to the same path with a slash more, or less, behind it. */
#include <config.h>
#include "internal.h"

/* May it stand in a URI as it is (RFC 3986 section 2)? Browsers read "\" as "/", so that a path which begins
 * with both would lead to another host. */
static int is_plain(char c)
{
	return c > ' ' && c < 0x7f && !strchr("\"<>\\^`{|}", c);
}

static char *put(char *to, const char *p, size_t n)
{
	static const char hex[] = "0123456789ABCDEF";

	for (; n; n--, p++) {
		if (is_plain(*p)) {
			*to++ = *p;
			continue;
		}
		*to++ = '%';
		*to++ = hex[(unsigned char)*p >> 4];
		*to++ = hex[(unsigned char)*p & 15];
	}
	return to;
}

void mhttp_redirect(mummy_http_exchange *x)
{
	size_t n, query_n;
	const char *path = mummy_http_path(x, &n), *query = mummy_http_query(x, &query_n);
	struct mummy_http_header h = MUMMY_HTTP_HEADER("Location", NULL);
	char *to, *end;

	/* "//host" would lead elsewhere */
	if (n > 1 && path[1] == '/') {
		mhttp_error_answer(x, 404);
		return;
	}
	to = malloc(3 * (n + query_n) + 3);
	if (!to) {
		mhttp_error_answer(x, 503);
		return;
	}
	end = put(to, path, n);
	if (n > 1 && path[n - 1] == '/')
		end--;
	else
		*end++ = '/';
	if (query) {
		*end++ = '?';
		end = put(end, query, query_n);
	}
	*end = 0;
	h.value = to;
	mummy_http_respond(x, 308, &h, 1, NULL, 0);
	free(to);
}
