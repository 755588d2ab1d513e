/*
 * http_reactor - libreactor as a rival: /hello.
 * usage: http_reactor PORT
 */
#include <netdb.h>
#include <signal.h>
#include <string.h>
#include <reactor.h>

static void answer(reactor_event *event)
{
	server_request *request = (server_request *)event->data;

	if (data_equal(request->target, data_string("/hello")))
		server_ok(request, data_string("text/plain"), data_string("Hello, World!"));
	else
		server_not_found(request);
}

int main(int argc, char **argv)
{
	server s;

	if (argc != 2)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	reactor_construct();
	server_construct(&s, answer, &s);
	server_open(&s, net_socket(net_resolve("127.0.0.1", argv[1], AF_INET, SOCK_STREAM, AI_PASSIVE)), NULL);
	reactor_loop();
	server_destruct(&s);
	reactor_destruct();
	return 0;
}
