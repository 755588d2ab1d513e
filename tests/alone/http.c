/* A request head through the parser and a server on a port of the kernel's, and libmummy-http alone. */
#include <stdio.h>
#include <mummy/http.h>
#include <mummy/http-parser.h>

int main(void)
{
	static const char text[] = "GET /a?b HTTP/1.1\r\nHost: c\r\n\r\n";
	struct mummy_http_field fields[8];
	struct mummy_http_head head = { .fields = fields, .max_fields = 8 };
	mummy_http_router *router = NULL;
	mummy_http_server *server = NULL;

	if (mummy_http_parse_request(&head, text, sizeof text - 1) != (int)sizeof text - 1
	    || mummy_http_router_new(&router) < 0 || mummy_http_server_new(&server, router, NULL) < 0)
		return 1;
	printf("libmummy-http %s: %.*s, port %u\n", mummy_http_version(), (int)head.path.n, head.path.p,
	       mummy_http_server_port(server, 0));
	mummy_http_server_free(server);
	mummy_http_router_unref(router);
	return 0;
}
