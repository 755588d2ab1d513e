/*
 * http-mhd - the rival of libmicrohttpd: /hello and /json, on one epoll thread.
 * usage: http-mhd PORT JSONFILE
 */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char json[16384];

static enum MHD_Result answer(void *ctx, struct MHD_Connection *c, const char *url, const char *method,
			      const char *version, const char *data, size_t *n, void **state)
{
	static int begun;
	struct MHD_Response *r;
	enum MHD_Result rc;

	(void)ctx, (void)method, (void)version, (void)data, (void)n;
	/* an answer to the first call, which is for the head alone, closes the connection */
	if (!*state) {
		*state = &begun;
		return MHD_YES;
	}
	if (!strcmp(url, "/json"))
		r = MHD_create_response_from_buffer(sizeof json, json, MHD_RESPMEM_PERSISTENT);
	else
		r = MHD_create_response_from_buffer(13, (void *)"Hello, World!", MHD_RESPMEM_PERSISTENT);
	MHD_add_response_header(r, "Content-Type", "text/plain");
	rc = MHD_queue_response(c, 200, r);
	MHD_destroy_response(r);
	return rc;
}

int main(int argc, char **argv)
{
	FILE *f = argc > 2 ? fopen(argv[2], "r") : NULL;
	struct MHD_Daemon *d;

	if (!f || fread(json, 1, sizeof json, f) != sizeof json)
		return 1;
	d = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, (uint16_t)atoi(argv[1]), NULL, NULL, answer, NULL,
			     MHD_OPTION_CONNECTION_LIMIT, 20000u, MHD_OPTION_END);
	if (!d)
		return 1;
	for (;;)
		pause();
}
