/* telemetry [PORT] - who connects to /sensor/{id} gets the samples of that sensor, and may send some: binary
 * messages of 8 octets, an IEEE 754 number with the highest octet first. What goes out are 20 octets: a number that
 * counts samples (4), milliseconds since 1970 (8), and the sample. Who reads too slowly loses samples, not the
 * connection, and sees that in the numbers; GET / says how many were lost. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <mummy/adapters/ws-http.h>

static _Atomic uint32_t count;
static mummy_ws_hub *hub;
static mummy_ws_endpoint *endpoint;

static void put(unsigned char *to, uint64_t value, unsigned octets)
{
	while (octets-- > 0)
		*to++ = (unsigned char)(value >> 8 * octets);
}

/* The user pointer is the name of the sensor, which is the topic. */
static void opened(mummy_ws_conn *c, void *sensor) { mummy_ws_subscribe(c, sensor, strlen(sensor)); }
static void closed(mummy_ws_conn *c, void *sensor, uint16_t code) { (void)c, (void)code, free(sensor); }
static void message(mummy_ws_conn *c, void *sensor, enum mummy_ws_opcode op, const void *data, size_t len)
{
	unsigned char sample[20];
	struct timespec t;

	if (op != MUMMY_WS_BINARY || len != 8) {
		mummy_ws_close(c, op == MUMMY_WS_BINARY ? 1007 : 1003, "a sample has 8 octets");
		return;
	}
	clock_gettime(CLOCK_REALTIME, &t);
	put(sample, count++, 4);
	put(sample + 4, (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000, 8);
	memcpy(sample + 12, data, 8);
	mummy_ws_publish(hub, sensor, strlen(sensor), MUMMY_WS_BINARY, sample, sizeof sample);
}

static void join(mummy_http_exchange *x, void *ctx)
{
	size_t n;
	const char *id = mummy_http_param(x, "id", &n);
	char *sensor = calloc(1, n + 1);

	(void)ctx;
	if (sensor)
		memcpy(sensor, id, n);
	if (!sensor || mummy_ws_http_upgrade(x, endpoint, sensor, NULL) < 0)
		free(sensor);      /* closed does not come */
}

static void figures(mummy_http_exchange *x, void *ctx)
{
	struct mummy_ws_stats s;
	char text[200];

	(void)ctx;
	mummy_ws_stats_get(endpoint, &s);
	snprintf(text, sizeof text, "connections %llu, samples in %llu, out %llu, lost %llu\n",
		 (unsigned long long)s.connections, (unsigned long long)s.messages_in,
		 (unsigned long long)s.messages_out, (unsigned long long)s.dropped);
	mummy_http_respond_text(x, 200, text);
}

int main(int argc, char **argv)
{
	struct mummy_http_listener at = { .port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8080) };
	struct mummy_http_options opt = { .listeners = &at, .nlisteners = 1, .loops = 2 };
	struct mummy_ws_events events = { .open = opened, .message = message, .closed = closed };
	/* A few seconds of samples may wait for a slow reader; what is small is not worth compressing. */
	struct mummy_ws_options ws = { .overflow = MUMMY_WS_DROP, .high_water_bytes = 16 << 10,
		.hard_limit_bytes = 64 << 10, .max_message_bytes = 125 };
	struct mummy_http_route sensor = { .handler = join }, status = { .handler = figures };
	mummy_http_router *router;
	mummy_http_server *server;

	if (mummy_ws_hub_new(&hub, NULL) < 0
	    || (ws.hub = hub, mummy_ws_http_endpoint_new(&endpoint, &events, &ws)) < 0
	    || mummy_http_router_new(&router) < 0
	    || mummy_http_router_add(router, "GET", "/sensor/{id}", &sensor) < 0
	    || mummy_http_router_add(router, "GET", "/", &status) < 0
	    || mummy_http_server_new(&server, router, &opt) < 0)
		return fputs("telemetry: cannot start\n", stderr), 1;
	printf("ws://127.0.0.1:%u/sensor/1\n", (unsigned)mummy_http_server_port(server, 0));
	fflush(stdout);
	return mummy_http_server_run(server) < 0;
}
