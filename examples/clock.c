/* clock [PORT] - server-sent events: everybody at /clock is told every second. An event's id is its
 * second, so that who comes back with Last-Event-ID, as browsers do, gets what it missed, at most the last
 * minute. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <mummy/http.h>

struct client { mummy_http_stream *st; struct client *next, **link; };

/* All of this happens on the one loop, so there is no lock. */
static struct client *clients;
static mummy_http_loop *loop;                  /* where the timer runs; NULL: it does not */
static time_t last;                            /* second that was told */

static void tell(struct client *c, time_t second)
{
	char id[24], text[40];
	struct tm tm;
	size_t n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&second, &tm));

	snprintf(id, sizeof id, "%lld", (long long)second);
	if (mummy_http_sse_send(c->st, "tick", id, text, n) < 0)
		mummy_http_stream_abort(c->st);      /* it does not read; closed follows, later */
}

static void tick(void *arg)
{
	struct timespec now;

	(void)arg;
	clock_gettime(CLOCK_REALTIME, &now);
	for (; last < now.tv_sec; last++)
		for (struct client *c = clients; c; c = c->next)
			tell(c, last + 1);
	if (!clients || mummy_http_loop_timer(loop, 1000 - (unsigned)(now.tv_nsec / 1000000), tick, NULL) < 0)
		loop = NULL;
}

static void closed(void *ctx, int status)
{
	struct client *c = ctx;

	(void)status;
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	mummy_http_stream_unref(c->st);
	free(c);
}

static void join(mummy_http_exchange *x, void *ctx)
{
	static const struct mummy_http_stream_events events = { .closed = closed };
	const char *id = mummy_http_header_get(x, "Last-Event-ID", NULL);
	struct client *c = calloc(1, sizeof *c);
	time_t since;

	(void)ctx;
	if (!c || mummy_http_sse(x, &c->st) < 0) {
		free(c);
		return;
	}
	if ((c->next = clients) != NULL)
		clients->link = &c->next;
	*(c->link = &clients) = c;
	if (!loop) {
		loop = mummy_http_exchange_loop(x);
		last = time(NULL);
		tick(NULL);
	}
	since = id ? (time_t)strtoll(id, NULL, 10) : last - 1;
	for (since = since < last - 60 ? last - 60 : since; since < last; since++)
		tell(c, since + 1);
	mummy_http_stream_start(c->st, &events, c);
}

int main(int argc, char **argv)
{
	struct mummy_http_listener at = { .port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8080) };
	struct mummy_http_options opt = { .listeners = &at, .nlisteners = 1 };
	struct mummy_http_route route = { .handler = join };
	mummy_http_router *router;
	mummy_http_server *server;

	if (mummy_http_router_new(&router) < 0 || mummy_http_router_add(router, "GET", "/clock", &route) < 0
	    || mummy_http_server_new(&server, router, &opt) < 0)
		return fputs("clock: cannot start\n", stderr), 1;
	printf("http://127.0.0.1:%u/clock\n", (unsigned)mummy_http_server_port(server, 0));
	fflush(stdout);
	return mummy_http_server_run(server) < 0;
}
