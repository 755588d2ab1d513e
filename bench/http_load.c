/*
 * http_load - load for an HTTP server that costs its own core little, and checks every octet that comes back.
 *
 * usage: http_load [-c CONNECTIONS] [-d DEPTH] [-b OCTETS] [-r OCTETS] [-s SECONDS] [-t] PORT PATH PID
 *
 *     -c  keep-alive connections (16)
 *     -d  requests that are sent together, once the answers to the last ones are there (1)
 *     -b  the most that is read at once (65536)
 *     -r  SO_RCVBUF: a receive window that stays as it is (the system's, which grows)
 *     -s  seconds that are measured, after 0.3 that are not (1)
 *     -t  what comes is counted and thrown away in the kernel, but for each connection's first answers
 *
 * Every answer has to be the first one again, its Date aside. Prints: requests a second, us of the CPU time
 * of process PID a request, us of its own.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "load.h"

enum { EVENTS = 256, HEAD_MOST = 4096, DATE = 29 };

struct conn {
	int fd;
	int checked;                    /* this connection gave its first answers as they should be */
	size_t left, at;                /* answers that are still to come; how much of the first of them is there */
};

static unsigned nconns = 16, depth = 1;
static size_t most = 65536;
static int window, throws, port;
static double seconds = 1;
static char *room;
static struct conn *conns;
static char *wanted;                    /* the first answer */
static size_t wanted_n, date_at;        /* where its date is; wanted_n: it has none */
static char *batch;                     /* the requests */
static size_t batch_n;
static uint64_t answers;

/* ---- Answers ------------------------------------------------------------------------------------- */

/* Do the n octets at p stand there in every answer? The date changes. */
static int is_wanted(const char *p, size_t at, size_t n)
{
	size_t end = at + n, before = end < date_at ? end : date_at, after = date_at + DATE;

	if (at < before && memcmp(p, wanted + at, before - at))
		return 0;
	if (at > after)
		after = at;
	return end <= after || memcmp(p + (after - at), wanted + after, end - after) == 0;
}

static void take(struct conn *c, const char *p, size_t n, int looks)
{
	while (n) {
		size_t some = wanted_n - c->at < n ? wanted_n - c->at : n;

		must(c->left > 0, "more came than was asked for");
		must(!looks || is_wanted(p, c->at, some), "an answer is not what the first one was");
		p += some;
		n -= some;
		c->at += some;
		if (c->at < wanted_n)
			break;
		c->at = 0;
		c->left--;
		answers++;
	}
}

static void ask(struct conn *c)
{
	ssize_t n = send(c->fd, batch, batch_n, MSG_NOSIGNAL);

	/* a client that has read all answers finds room for its requests */
	must(n == (ssize_t)batch_n, "send");
	c->left = depth;
}

static void receive(struct conn *c)
{
	int looks = !throws || !c->checked;
	ssize_t n = recv(c->fd, room, most, looks ? 0 : MSG_TRUNC);

	if (n < 0 && errno == EAGAIN)
		return;
	must(n > 0, "the server closed");
	take(c, room, (size_t)n, looks);
	if (c->left)
		return;
	c->checked = 1;
	ask(c);
}

/* ---- Connections --------------------------------------------------------------------------------- */

static void open_conn(struct conn *c)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(c->fd >= 0, "socket");
	if (window)
		setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
	must(connect(c->fd, (struct sockaddr *)&to, sizeof to) == 0, "connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static void make_batch(const char *path)
{
	char head[HEAD_MOST];
	int n = snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n", path, port);

	must(n > 0 && (size_t)n < sizeof head, "the path is too long");
	batch_n = (size_t)n * depth;
	batch = malloc(batch_n);
	must(batch != NULL, "memory");
	for (unsigned i = 0; i < depth; i++)
		memcpy(batch + (size_t)i * (size_t)n, head, (size_t)n);
	batch_n = (size_t)n;
}

/* One octet at a time: nothing of the body is read with it. */
static void read_head(int fd, char *head)
{
	size_t n = 0;

	while (n < HEAD_MOST - 1 && !strstr(head + (n > 4 ? n - 4 : 0), "\r\n\r\n")) {
		must(recv(fd, head + n, 1, 0) == 1, "no answer");
		head[++n] = '\0';
	}
	must(strncmp(head, "HTTP/1.1 200 ", 13) == 0, head);
}

static void first_answer(void)
{
	char head[HEAD_MOST] = "";
	const char *length, *date;
	size_t head_n, n;
	struct conn c;

	open_conn(&c);
	must(send(c.fd, batch, batch_n, MSG_NOSIGNAL) == (ssize_t)batch_n, "send");
	read_head(c.fd, head);
	length = strcasestr(head, "\r\ncontent-length:");
	must(length != NULL, "an answer without Content-Length");
	head_n = strlen(head);
	wanted_n = head_n + strtoul(length + 17, NULL, 10);
	wanted = malloc(wanted_n);
	must(wanted != NULL, "memory");
	memcpy(wanted, head, head_n);
	for (n = head_n; n < wanted_n;) {
		ssize_t got = recv(c.fd, wanted + n, wanted_n - n, 0);

		must(got > 0, "the first answer ends early");
		n += (size_t)got;
	}
	date = strcasestr(head, "\r\ndate: ");
	date_at = date ? (size_t)(date + 8 - head) : wanted_n;
	close(c.fd);
}

/* ---- Load ---------------------------------------------------------------------------------------- */

static void run(int epfd, uint64_t until)
{
	struct epoll_event ev[EVENTS];

	while (now_ns() < until) {
		int n = epoll_wait(epfd, ev, EVENTS, 100);

		for (int i = 0; i < n; i++)
			receive(ev[i].data.ptr);
	}
}

static double own_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void load(const char *pid)
{
	int epfd = epoll_create1(EPOLL_CLOEXEC);
	uint64_t begin;
	double cpu, own, s;

	must(epfd >= 0, "epoll_create1");
	for (unsigned i = 0; i < nconns; i++) {
		struct epoll_event ev = { .events = EPOLLIN, .data.ptr = &conns[i] };

		open_conn(&conns[i]);
		fcntl(conns[i].fd, F_SETFL, O_NONBLOCK);
		must(epoll_ctl(epfd, EPOLL_CTL_ADD, conns[i].fd, &ev) == 0, "epoll_ctl");
	}
	for (unsigned i = 0; i < nconns; i++)
		ask(&conns[i]);
	run(epfd, now_ns() + 300000000u);
	answers = 0;
	begin = now_ns();
	cpu = cpu_ns(pid, NULL);
	own = own_ns();
	run(epfd, begin + (uint64_t)(seconds * 1e9));
	cpu = cpu_ns(pid, NULL) - cpu;
	own = own_ns() - own;
	s = (double)(now_ns() - begin) / 1e9;
	must(answers > 0, "nothing came back");
	printf("%.0f %.3f %.3f\n", (double)answers / s, cpu / 1e3 / (double)answers, own / 1e3 / (double)answers);
}

static void options(int argc, char **argv)
{
	int o;

	while ((o = getopt(argc, argv, "c:d:b:r:s:t")) != -1) {
		switch (o) {
		case 'c':
			nconns = (unsigned)atoi(optarg);
			break;
		case 'd':
			depth = (unsigned)atoi(optarg);
			break;
		case 'b':
			most = (size_t)atol(optarg);
			break;
		case 'r':
			window = atoi(optarg);
			break;
		case 's':
			seconds = atof(optarg);
			break;
		case 't':
			throws = 1;
			break;
		default:
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	options(argc, argv);
	errno = 0;
	must(argc == optind + 3 && nconns && depth && most, "usage: http_load [OPTIONS] PORT PATH PID");
	port = atoi(argv[optind]);
	conns = calloc(nconns, sizeof *conns);
	room = malloc(most);
	must(conns && room, "memory");
	make_batch(argv[optind + 1]);
	first_answer();
	batch_n *= depth;
	load(argv[optind + 2]);
	return 0;
}
