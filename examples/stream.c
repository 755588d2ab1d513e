/* stream [PORT [FILE]] - who connects to /file gets FILE (this program) as one binary message, in pieces, as fast
 * as it reads. What it sends, of any size, comes in pieces as well; the answer says how many octets it had. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <mummy/adapters/ws-http.h>

struct transfer { int fd; unsigned long long received; };

static const char *path;

/* Until the client does not keep up; drain calls it again. Reads on the loop's own thread: for files on slow
 * storage run the events on an executor. */
static void pump(mummy_ws_conn *c, void *user)
{
	struct transfer *t = user;
	char piece[32 << 10];

	while (t->fd >= 0) {
		ssize_t n = read(t->fd, piece, sizeof piece);
		int rc = n > 0 ? mummy_ws_message_data(c, piece, (size_t)n) : -1;

		if (rc == 1)
			return;
		if (rc == 0)
			continue;
		if (n != 0 || mummy_ws_message_end(c) < 0)
			mummy_ws_close(c, 1011, NULL);
		close(t->fd);
		t->fd = -1;
	}
}

static void opened(mummy_ws_conn *c, void *user)
{
	mummy_ws_message_begin(c, MUMMY_WS_BINARY);
	pump(c, user);
}

static void comes(mummy_ws_conn *c, void *user, const void *data, size_t len)
{
	(void)c, (void)data, ((struct transfer *)user)->received += len;
}

static void ends(mummy_ws_conn *c, void *user)
{
	struct transfer *t = user;
	char text[40];
	int n = snprintf(text, sizeof text, "%llu octets", t->received);

	t->received = 0;
	mummy_ws_send(c, MUMMY_WS_TEXT, text, (size_t)n);  /* after the file, if that is on its way */
}

static void closed(mummy_ws_conn *c, void *user, uint16_t code)
{
	struct transfer *t = user;

	(void)c, (void)code;
	if (t->fd >= 0)
		close(t->fd);
	free(t);
}

static void join(mummy_http_exchange *x, void *endpoint)
{
	struct transfer *t = calloc(1, sizeof *t);

	if (t && (t->fd = open(path, O_RDONLY | O_CLOEXEC)) >= 0
	    && mummy_ws_http_upgrade(x, endpoint, t, NULL) == 0)
		return;
	if (t)
		closed(NULL, t, 0);  /* it does not come by itself */
}

int main(int argc, char **argv)
{
	struct mummy_http_listener at = { .port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8080) };
	struct mummy_http_options opt = { .listeners = &at, .nlisteners = 1 };
	struct mummy_ws_events events = { .open = opened, .drain = pump, .closed = closed, .message_data = comes,
		.message_end = ends };
	struct mummy_ws_options ws = { .max_message_bytes = SIZE_MAX };
	struct mummy_http_route route = { .handler = join };
	mummy_ws_endpoint *endpoint;
	mummy_http_router *router;
	mummy_http_server *server;

	path = argc > 2 ? argv[2] : argv[0];
	if (mummy_ws_http_endpoint_new(&endpoint, &events, &ws) < 0
	    || (route.ctx = endpoint, mummy_http_router_new(&router)) < 0
	    || mummy_http_router_add(router, "GET", "/file", &route) < 0
	    || mummy_http_server_new(&server, router, &opt) < 0)
		return fputs("stream: cannot start\n", stderr), 1;
	printf("ws://127.0.0.1:%u/file\n", (unsigned)mummy_http_server_port(server, 0));
	fflush(stdout);
	return mummy_http_server_run(server) < 0;
}
