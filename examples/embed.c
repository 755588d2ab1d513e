/* embed [PORT [FOLDER]] - a daemon with its own poll(2) loop, which also serves HTTP, WebSocket and
 * uploads. It reads its standard input and says it on /ws; at the end of the input it stops. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <mummy/adapters/upload-http.h>
#include <mummy/adapters/ws-http.h>

struct daemon { mummy_ws_hub *hub; mummy_ws_endpoint *ws; mummy_upload *uploads; mummy_http_router *router; };

static void opened(mummy_ws_conn *c, void *user) { (void)user; mummy_ws_subscribe(c, "lines", 5); }
static void hello(mummy_http_exchange *x, void *ctx)
{
	(void)ctx;
	mummy_http_respond_text(x, 200, "The daemon is well.\n");
}

static int set_up(struct daemon *d, const char *folder)
{
	struct mummy_upload_store store;
	struct mummy_ws_events events = { .open = opened };
	struct mummy_ws_options ws = { 0 };
	struct mummy_http_route page = { .handler = hello }, say = { .handler = mummy_ws_http_handler };
	struct mummy_http_route files = { .handler = mummy_upload_http_handler,
		.flags = MUMMY_HTTP_STREAM, .max_body_bytes = MUMMY_HTTP_UNKNOWN };
	int rc;

	if ((rc = mummy_http_router_new(&d->router)) < 0 || (rc = mummy_ws_hub_new(&d->hub, NULL)) < 0)
		return rc;
	ws.hub = d->hub;
	if ((rc = mummy_ws_http_endpoint_new(&d->ws, &events, &ws)) < 0
	    || (rc = mummy_upload_dir_store(&store, folder, NULL)) < 0
	    || (rc = mummy_upload_new(&d->uploads, &store, NULL)) < 0)
		return rc;
	say.ctx = d->ws;
	files.ctx = d->uploads;
	if ((rc = mummy_http_router_add(d->router, "GET", "/", &page)) == 0
	    && (rc = mummy_http_router_add(d->router, "GET", "/ws", &say)) == 0)
		rc = mummy_http_router_add(d->router, NULL, "/files/*", &files);
	return rc;
}

/* One loop for all: the daemon's own input, and the server's single descriptor. */
static int run(struct daemon *d, mummy_http_server *s)
{
	struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = mummy_http_server_fd(s), .events = POLLIN } };
	char line[4096];
	ssize_t n;
	int rc = 1;

	while (rc > 0) {
		if (poll(fds, 2, mummy_http_server_timeout(s)) < 0 && errno != EINTR)
			return -errno;
		if (fds[0].revents) {
			n = read(STDIN_FILENO, line, sizeof line);
			if (n > 0) {
				mummy_ws_publish(d->hub, "lines", 5, MUMMY_WS_BINARY, line, (size_t)n);
			} else {
				mummy_http_server_stop(s);
				fds[0].fd = -1;    /* poll passes over it */
			}
		}
		rc = mummy_http_server_step(s, 0);   /* 0: drained */
	}
	return rc;
}

int main(int argc, char **argv)
{
	struct mummy_http_listener at = { .port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8080) };
	struct mummy_http_options opt = { .listeners = &at, .nlisteners = 1 };
	struct daemon d = { 0 };
	mummy_http_server *server = NULL;
	int rc = set_up(&d, argc > 2 ? argv[2] : "uploads");

	if (rc == 0 && (rc = mummy_http_server_new(&server, d.router, &opt)) == 0) {
		printf("http://127.0.0.1:%u/\n", (unsigned)mummy_http_server_port(server, 0));
		fflush(stdout);
		rc = run(&d, server);
	}
	if (rc < 0)
		fprintf(stderr, "embed: %s\n", strerror(-rc));
	mummy_http_server_free(server);
	mummy_http_router_unref(d.router);
	mummy_ws_endpoint_unref(d.ws);
	mummy_ws_hub_unref(d.hub);
	mummy_upload_free(d.uploads);
	return rc < 0;
}
