#include <config.h>
#include <string.h>
#include "origin.h"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int take(struct mws_span *s, const char *text)
{
	size_t n = strlen(text);

	if (s->len < n || !mws_span_is_nocase((struct mws_span){ s->at, n }, text))
		return 0;
	s->at += n;
	s->len -= n;
	return 1;
}

static void drop_port(struct mws_span *s, const char *port)
{
	size_t n = strlen(port);

	if (s->len > n && memcmp(s->at + s->len - n, port, n) == 0)
		s->len -= n;
}

int mws_origin_is_host(struct mws_span origin, struct mws_span host)
{
	const char *port = ":80";

	if (!take(&origin, "http://")) {
		port = ":443";
		if (!take(&origin, "https://"))
			return 0;
	}
	/* What the scheme means anyway may stand there or not. */
	drop_port(&origin, port);
	drop_port(&host, port);
	if (origin.len == 0 || origin.len != host.len)
		return 0;
	for (size_t i = 0; i < host.len; i++)
		if (lower(origin.at[i]) != lower(host.at[i]))
			return 0;
	return 1;
}
