#include <config.h>
#include <string.h>
#include "field.h"

static int is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* strncasecmp follows the locale; field values do not. */
static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static struct mws_span trim(const char *at, const char *end)
{
	while (at < end && is_space(*at))
		at++;
	while (end > at && is_space(end[-1]))
		end--;
	return (struct mws_span){ at, (size_t)(end - at) };
}

static int next_line(struct mws_list *l)
{
	size_t len = 0;

	l->at = l->req->header(l->req->ctx, l->name, l->nth++, &len);
	l->end = l->at ? l->at + len : NULL;
	return l->at != NULL;
}

int mws_list_next(struct mws_list *l, struct mws_span *out)
{
	while (l->at || next_line(l)) {
		while (l->at && l->at < l->end) {
			const char *comma = memchr(l->at, ',', (size_t)(l->end - l->at));
			const char *stop = comma ? comma : l->end;

			*out = trim(l->at, stop);
			l->at = comma ? comma + 1 : l->end;
			if (out->len)
				return 1;
		}
		l->at = NULL;
	}
	return 0;
}

unsigned mws_field(const struct mummy_ws_handshake_request *req, const char *name, struct mws_span *out)
{
	size_t len = 0;
	const char *first = req->header(req->ctx, name, 0, &len);

	*out = (struct mws_span){ NULL, 0 };
	if (!first)
		return 0;
	*out = trim(first, first + len);
	return req->header(req->ctx, name, 1, &len) ? 2 : 1;
}

int mws_span_is(struct mws_span s, const char *text)
{
	return s.at && strlen(text) == s.len && memcmp(s.at, text, s.len) == 0;
}

int mws_span_is_nocase(struct mws_span s, const char *text)
{
	if (!s.at || strlen(text) != s.len)
		return 0;
	for (size_t i = 0; i < s.len; i++)
		if (lower(s.at[i]) != lower(text[i]))
			return 0;
	return 1;
}

int mws_field_has(const struct mummy_ws_handshake_request *req, const char *name, const char *word)
{
	struct mws_list l = { .req = req, .name = name };
	struct mws_span s;

	while (mws_list_next(&l, &s))
		if (mws_span_is_nocase(s, word))
			return 1;
	return 0;
}

int mws_is_token(struct mws_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];
		int alnum = (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9');

		if (!alnum && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
			return 0;
	}
	return s.len > 0;
}
