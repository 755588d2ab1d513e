/* client PORT [PATH] - sends the lines it reads, prints what comes: on plain poll(2), without libmummy-http. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <mummy/ws.h>

static int fd, done;

/* All or nothing, and this may wait: there is one connection only, and nothing else to do. */
static int out(void *ctx, const struct iovec *iov, int n, void (*let_go)(void *), void *arg)
{
	struct msghdr m = { .msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = (size_t)n };
	ssize_t rc = sendmsg(fd, &m, MSG_NOSIGNAL);

	if (let_go)
		let_go(arg);
	return (void)ctx, rc < 0 ? -EPIPE : 0;
}

static size_t pending(void *ctx) { return (void)ctx, 0; }
static void end(void *ctx) { (void)ctx, shutdown(fd, SHUT_RDWR); }
static int post(void *ctx, void (*run)(void *), void *arg) { return (void)ctx, (void)run, (void)arg, -ENOSYS; }
static void closed(mummy_ws_conn *c, void *user, uint16_t code) { (void)c, (void)user, done = code; }

static void message(mummy_ws_conn *c, void *user, enum mummy_ws_opcode op, const void *data, size_t len)
{
	(void)c, (void)user, (void)op;
	printf("%.*s\n", (int)len, (const char *)data), fflush(stdout);
}

/* The nth line of a field of the head. */
static const char *field(void *head, const char *name, unsigned nth, size_t *len)
{
	size_t n = strlen(name);

	for (const char *p = head; (p = strstr(p, "\r\n")) && *(p += 2) != '\r';)
		if (strncasecmp(p, name, n) == 0 && p[n] == ':' && nth-- == 0)
			return *len = strcspn(p + n + 1, "\r"), p + n + 1;
	return NULL;
}

static int shake_hands(const char *path, struct mummy_ws_handshake_reply *hs)
{
	char head[4096] = "", key[25];
	struct mummy_ws_handshake_request response = { .header = field, .ctx = head };
	int n = mummy_ws_client_request(head, sizeof head, "localhost", path, NULL, key);

	if (n < 0 || send(fd, head, (size_t)n, MSG_NOSIGNAL) != n)
		return -EPIPE;
	for (n = 0; n < 4 || memcmp(head + n - 4, "\r\n\r\n", 4) != 0; head[++n] = '\0')
		if (n == (int)sizeof head - 1 || recv(fd, head + n, 1, 0) != 1)  /* one, as frames may follow */
			return -EPROTO;
	return mummy_ws_client_check(atoi(head + strlen("HTTP/1.1 ")), &response, NULL, key, hs);
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)(argc > 1 ? atoi(argv[1]) : 8080)) };
	struct mummy_ws_output output = { .writev = out, .pending = pending, .close = end };
	struct mummy_ws_events events = { .message = message, .closed = closed };
	struct mummy_ws_options opt = { .client = 1 };
	struct pollfd fds[2] = { { .fd = 0, .events = POLLIN }, { .events = POLLIN } };
	struct timespec t;
	struct mummy_ws_handshake_reply hs;
	mummy_ws_endpoint *endpoint;
	mummy_ws_conn *c;
	mummy_ws_io *io;
	char buf[16384];
	ssize_t n;

	setvbuf(stdin, NULL, _IONBF, 0);        /* what stdio holds poll can't see */
	if ((fds[1].fd = fd = socket(AF_INET, SOCK_STREAM, 0)) < 0
	    || connect(fd, (struct sockaddr *)&to, sizeof to) < 0 || shake_hands(argc > 2 ? argv[2] : "/", &hs) < 0
	    || mummy_ws_endpoint_new(&endpoint, &output, &events, &opt) < 0 || mummy_ws_io_new(&io, post, NULL) < 0
	    || mummy_ws_conn_new(&c, endpoint, io, &hs, NULL) < 0)
		return fputs("client: no connection\n", stderr), 1;
	mummy_ws_io_turn(io, 1);        /* this is its thread */
	mummy_ws_conn_start(c, NULL);
	while (!done) {
		clock_gettime(CLOCK_MONOTONIC, &t);
		poll(fds, 2, mummy_ws_io_turn(io, (uint64_t)t.tv_sec * 1000));
		if (fds[1].revents && (n = recv(fd, buf, sizeof buf, 0)) > 0)
			mummy_ws_conn_feed(c, buf, (size_t)n);
		else if (fds[1].revents)
			mummy_ws_conn_eof(c);
		if (fds[0].revents && fgets(buf, sizeof buf, stdin))
			mummy_ws_send(c, MUMMY_WS_TEXT, buf, strcspn(buf, "\n"));
		else if (fds[0].revents)
			mummy_ws_close(c, 1000, NULL), fds[0].fd = -1;
	}
	return done != 1000;
}
