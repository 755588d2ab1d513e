/*
 * Names with values: cookies, queries, forms.
 */
#include <config.h>
#include <string.h>
#include <mummy/http-parser.h>

/* Takes what is before the first separator off *rest; skips items of nothing. */
static int next_pair(struct mummy_http_span *rest, struct mummy_http_span *item, char separator)
{
	while (rest->n) {
		const char *stop = memchr(rest->p, separator, rest->n);

		item->p = rest->p;
		item->n = stop ? (size_t)(stop - rest->p) : rest->n;
		rest->p += item->n + (stop != NULL);
		rest->n -= item->n + (stop != NULL);
		if (item->n)
			return 1;
	}
	return 0;
}

static void split(struct mummy_http_span item, struct mummy_http_field *out)
{
	const char *equals = memchr(item.p, '=', item.n);

	out->name = item;
	out->value.p = NULL;
	out->value.n = 0;
	if (equals) {
		out->name.n = (size_t)(equals - item.p);
		out->value.p = equals + 1;
		out->value.n = item.n - out->name.n - 1;
	}
}

static void trim(struct mummy_http_span *s)
{
	while (s->n && (*s->p == ' ' || *s->p == '\t'))
		s->p++, s->n--;
	while (s->n && (s->p[s->n - 1] == ' ' || s->p[s->n - 1] == '\t'))
		s->n--;
}

int mummy_http_cookie_next(struct mummy_http_span *rest, struct mummy_http_field *out)
{
	struct mummy_http_span item;

	while (next_pair(rest, &item, ';')) {
		trim(&item);
		if (item.n == 0)
			continue;
		split(item, out);
		trim(&out->name);
		trim(&out->value);
		return 1;
	}
	return 0;
}

int mummy_http_query_next(struct mummy_http_span *rest, struct mummy_http_field *out)
{
	struct mummy_http_span item;

	if (!next_pair(rest, &item, '&'))
		return 0;
	split(item, out);
	return 1;
}
