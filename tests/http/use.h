/* use.h - for the tests of ready-made middleware: one route that tells what it sees, and one request. */
#ifndef USE_H
#define USE_H
#include "serve.h"

static inline void use_tell(mummy_http_exchange *x, void *ctx)
{
	const char *id = mummy_http_request_id(x);
	char text[512];

	(void)ctx;
	snprintf(text, sizeof text, "%s %s %s %s", mummy_http_peer(x, NULL), mummy_http_scheme(x, NULL),
		 mummy_http_host(x, NULL), id ? id : "-");
	mummy_http_respond_text(x, 200, text);
}

static inline void use_init(struct serve *s, int poller)
{
	serve_init(s, poller, 2);
	serve_route(s, "GET", "/", use_tell, NULL, 0);
	serve_route(s, "GET", "/inline", use_tell, NULL, MUMMY_HTTP_INLINE);
	serve_route(s, "PUT", "/", use_tell, NULL, 0);
}

/* The answer to METHOD PATH with these field lines; h.body to be freed. */
static inline void use_ask(struct serve *s, struct heard *h, const char *method_and_path, const char *fields)
{
	char request[4096];
	int fd = dial(s);

	snprintf(request, sizeof request, "%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s\r\n", method_and_path,
		 fields);
	say(fd, request);
	hear_answer(fd, h, 0);
	close(fd);
}

static inline void use_expect(struct serve *s, const char *method_and_path, const char *fields, int status,
			      const char *body)
{
	struct heard h;

	use_ask(s, &h, method_and_path, fields);
	ck_assert_msg(h.status == status, "%s %s: %d instead of %d", method_and_path, fields, h.status, status);
	if (body)
		ck_assert_msg(!strcmp(h.body, body), "%s: \"%s\" instead of \"%s\"", fields, h.body, body);
	free(h.body);
}
#endif
