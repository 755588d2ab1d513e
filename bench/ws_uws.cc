/*
 * ws_uws - what bench/ws_server.c is, on uWebSockets: /echo sends back, /deflate too and compresses, /publish
 * sends to all. Prints its port.
 */
#include <App.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <sys/resource.h>

struct nothing { };

/* So that what counts instructions says how many. */
static void leave(int)
{
	_Exit(0);
}

static uWS::App::WebSocketBehavior<nothing> behaviour(unsigned compression)
{
	uWS::App::WebSocketBehavior<nothing> b;

	b.compression = (uWS::CompressOptions)compression;
	b.maxPayloadLength = 16 << 20;
	b.maxBackpressure = 17 << 20;
	b.message = [](auto *ws, std::string_view data, uWS::OpCode op) { ws->send(data, op, data.size() >= 64); };
	return b;
}

int main()
{
	uWS::App app;
	auto echoes = behaviour(uWS::DISABLED), publishes = behaviour(uWS::DISABLED);
	auto shared = behaviour((unsigned)uWS::SHARED_COMPRESSOR | (unsigned)uWS::SHARED_DECOMPRESSOR);
	auto own = behaviour((unsigned)uWS::DEDICATED_COMPRESSOR_256KB | (unsigned)uWS::DEDICATED_DECOMPRESSOR);
	struct rlimit limit;

	std::signal(SIGTERM, leave);
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	publishes.open = [](auto *ws) { ws->subscribe("t"); };
	publishes.message = [&app](auto *, std::string_view data, uWS::OpCode op) { app.publish("t", data, op, false); };
	app.ws<nothing>("/echo", std::move(echoes)).ws<nothing>("/deflate", std::move(shared));
	app.ws<nothing>("/takeover", std::move(own)).ws<nothing>("/publish", std::move(publishes));
	app.listen("127.0.0.1", 0, [](auto *socket) {
		if (!socket)
			exit(1);
		printf("%d\n", us_socket_local_port(0, (struct us_socket_t *)socket));
		fflush(stdout);
	});
	app.run();
	return 1;
}
