/*
 * http_uws - uWebSockets as a rival: /hello.
 * usage: http_uws PORT
 */
#include <App.h>
#include <cstdlib>

int main(int argc, char **argv)
{
	uWS::App app;

	app.get("/hello", [](auto *answer, auto *) {
		answer->writeHeader("Content-Type", "text/plain")->end("Hello, World!");
	});
	app.listen("127.0.0.1", argc == 2 ? std::atoi(argv[1]) : 0, [](auto *) {});
	app.run();
	return 1; /* it could not listen */
}
