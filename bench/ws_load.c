/*
 * ws_load - load for a WebSocket server, which checks every octet that comes back.
 *
 * usage: ws_load PORT PATH PID echo|deflate CONNECTIONS IN-FLIGHT SIZE SECONDS
 *        ws_load PORT PATH PID broadcast SUBSCRIBERS IN-FLIGHT SIZE SECONDS
 *        ws_load PORT PATH PID count CONNECTIONS IN-FLIGHT SIZE MESSAGES
 *        ws_load PORT PATH PID idle CONNECTIONS
 *
 * Prints: messages a second, us of the server's CPU time a message, octets a message that came back, p50 and
 * p99 delay in ms. In a broadcast one connection sends, all get it, and each copy counts. idle prints the
 * octets of private memory that a connection costs the server, after the handshake and again after a message
 * of 1 MiB.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <netinet/tcp.h>
#include <unistd.h>
#include <zlib.h>
#include "load.h"

enum { DELAYS = 1 << 20, HEAD = 14, STAMP = 16, PERIOD = 997 };

struct conn {
	int fd;
	uint8_t *in, *out;
	size_t nin, size, nout, sent;
	uint32_t sends, gets;           /* numbers of messages */
};

static int port, deflates, broadcasts, epfd;
static const char *path;
static size_t payload;
static unsigned nconns, inflight;
static struct conn *conns;
static uint64_t messages, octets;
static float *delays;
static size_t ndelays;
static z_stream zout, zin;
static uint8_t *text, *wire, *back;

/* ---- Messages ------------------------------------------------------------------------------------ */

static void write_stamp(uint8_t *p, uint32_t k, uint64_t at)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t v[2] = { k, at };

	for (int i = 2 * STAMP; i-- > 0; v[i / STAMP] >>= 4)
		p[i] = (uint8_t)digits[v[i / STAMP] & 15];
}

/* Message k of a connection: its number, when it was made, and octets that follow from the number. */
static void make(uint8_t *p, uint32_t k, uint64_t at)
{
	memcpy(p, text + k % PERIOD, payload);
	if (payload >= 2 * STAMP)
		write_stamp(p, k, at);
}

/* Is p message k? */
static int is_made(const uint8_t *p, uint32_t k, uint64_t at)
{
	size_t from = payload < 2 * STAMP ? 0 : 2 * STAMP;
	uint8_t stamp[2 * STAMP];

	write_stamp(stamp, k, at);
	return memcmp(p, stamp, from) == 0 && memcmp(p + from, text + k % PERIOD + from, payload - from) == 0;
}

static uint64_t hex(const uint8_t *p)
{
	char s[17];

	memcpy(s, p, 16);
	s[16] = '\0';
	return strtoull(s, NULL, 16);
}

/* Eight octets at a time: who is to be measured must not wait for this program. */
static void mask_copy(uint8_t *to, const uint8_t *from, size_t n, const uint8_t mask[4])
{
	uint64_t m, v;
	size_t i = 0;

	memcpy(&m, mask, 4);
	m |= m << 32;
	for (; n - i >= 8; i += 8) {
		memcpy(&v, from + i, 8);
		v ^= m;
		memcpy(to + i, &v, 8);
	}
	for (; i < n; i++)
		to[i] = from[i] ^ mask[i & 3];
}

static void append_frame(struct conn *c)
{
	static const uint8_t mask[4] = { 0x12, 0x34, 0x56, 0x78 };
	uint8_t *p = wire, *o;
	size_t n = payload;

	make(wire, c->sends++, now_ns());
	if (deflates) {
		deflateReset(&zout);
		zout.next_in = wire;
		zout.avail_in = (uInt)payload;
		zout.next_out = back;
		zout.avail_out = (uInt)payload + 1000;
		deflate(&zout, Z_SYNC_FLUSH);
		n = payload + 1000 - zout.avail_out - 4;
		p = back;
	}
	o = c->out + c->nout;
	*o++ = (uint8_t)(0x80 | (deflates ? 0x41 : 2));
	*o++ = (uint8_t)(0x80 | (n < 126 ? n : n < 65536 ? 126 : 127));
	for (int i = n < 126 ? 0 : n < 65536 ? 2 : 8; i-- > 0;)
		*o++ = (uint8_t)(n >> 8 * i);
	memcpy(o, mask, 4);
	o += 4;
	mask_copy(o, p, n, mask);
	c->nout = (size_t)(o + n - c->out);
}

static void flush(struct conn *c)
{
	while (c->sent < c->nout) {
		ssize_t n = send(c->fd, c->out + c->sent, c->nout - c->sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			return;
		must(n > 0, "send");
		c->sent += (size_t)n;
	}
	c->nout = c->sent = 0;
}

static void check(struct conn *c, const uint8_t *p, size_t n, int rsv1)
{
	uint64_t now = now_ns(), at = 0;

	octets += n;
	if (rsv1) {
		inflateReset(&zin);
		zin.next_in = (uint8_t *)(uintptr_t)p;
		zin.avail_in = (uInt)n;
		zin.next_out = back;
		zin.avail_out = (uInt)payload + 1000;
		must(inflate(&zin, Z_SYNC_FLUSH) == Z_OK && zin.avail_in == 0, "what came back is not compressed");
		n = payload + 1000 - zin.avail_out;
		p = back;
	}
	must(n == payload, "what came back has another length");
	if (payload >= 2 * STAMP)
		at = hex(p + STAMP);
	must(is_made(p, c->gets++, at), "what came back is not what was sent");
	if (at && ndelays < DELAYS)
		delays[ndelays++] = (float)(now - at) / 1e6f;
	messages++;
}

static void receive(struct conn *c)
{
	size_t at = 0;

	for (;;) {
		ssize_t n = recv(c->fd, c->in + c->nin, c->size - c->nin, 0);

		if (n < 0 && errno == EAGAIN)
			break;
		must(n > 0, "the server closed");
		c->nin += (size_t)n;
		if (c->nin < c->size)
			break;
	}
	while (c->nin - at >= 2) {
		const uint8_t *p = c->in + at;
		unsigned ext = p[1] == 126 ? 2 : p[1] == 127 ? 8 : 0;
		uint64_t n = ext ? 0 : p[1];

		if (c->nin - at < 2 + ext)
			break;
		for (unsigned i = 0; i < ext; i++)
			n = n << 8 | p[2 + i];
		must(((p[0] & 0x0f) <= 2 || p[0] == 0x89) && (p[0] & 0x80), "another frame came");
		if (c->nin - at < 2 + ext + n)
			break;
		/* A ping to one who was silent is let be. */
		if (p[0] != 0x89)
			check(c, p + 2 + ext, (size_t)n, p[0] & 0x40);
		at += 2 + ext + (size_t)n;
	}
	memmove(c->in, c->in + at, c->nin - at);
	c->nin -= at;
}

/* ---- Connections --------------------------------------------------------------------------------- */

static void await_head(int fd)
{
	char head[2000] = "";
	size_t n = 0;

	while (n < sizeof head - 1 && !strstr(head, "\r\n\r\n")) {
		must(recv(fd, head + n, 1, 0) == 1, "no answer to the handshake");
		head[++n] = '\0';
	}
	must(strncmp(head, "HTTP/1.1 101", 12) == 0, head);
	must(!deflates || strcasestr(head, "permessage-deflate"), "the server does not compress");
}

static void open_conn(struct conn *c)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	char head[500];
	int one = 1, n = snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
		path, deflates ? "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
				 "client_no_context_takeover\r\n" : "");

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(c->fd >= 0 && connect(c->fd, (struct sockaddr *)&to, sizeof to) == 0, "connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	must(send(c->fd, head, (size_t)n, MSG_NOSIGNAL) == n, "handshake");
	await_head(c->fd);
}

static void prepare(struct conn *c)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c };

	c->size = 2 * (payload + HEAD) * (inflight < 64 ? inflight + 1 : 65) + 4096;
	c->in = malloc(c->size);
	c->out = malloc((payload + 1000 + HEAD) * inflight);
	must(c->in && c->out, "memory");
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	must(epoll_ctl(epfd, EPOLL_CTL_ADD, c->fd, &ev) == 0, "epoll_ctl");
}

/* Keeps the messages on their way at inflight; in a broadcast those that somebody has not got yet. */
static void refill(struct conn *c)
{
	uint32_t done = c->gets;

	if (broadcasts) {
		c = &conns[0];
		done = c->gets;
		for (unsigned i = 1; i < nconns; i += nconns / 8 + 1)
			done = conns[i].gets < done ? conns[i].gets : done;
	}
	if (c->nout)
		return;
	/* What came back together is asked again together. */
	while (c->sends - done < inflight)
		append_frame(c);
	flush(c);
}

static uint64_t most = UINT64_MAX;  /* messages */

static void run(uint64_t until)
{
	struct epoll_event ev[256];

	while (now_ns() < until && messages < most) {
		int n = epoll_wait(epfd, ev, 256, 100);

		for (int i = 0; i < n; i++) {
			struct conn *c = ev[i].data.ptr;

			if (c->nout)
				flush(c);
			if (ev[i].events & EPOLLIN)
				receive(c);
			if (!broadcasts)
				refill(c);
		}
		if (broadcasts)
			refill(&conns[0]);
	}
}

static int ascending(const void *a, const void *b)
{
	return (*(const float *)a > *(const float *)b) - (*(const float *)a < *(const float *)b);
}

static void load(const char *pid, double seconds)
{
	uint64_t begin;
	double cpu, s;

	for (unsigned i = 0; i < nconns; i++)
		prepare(&conns[i]);
	for (unsigned i = 0; i < (broadcasts ? 1 : nconns); i++)
		refill(&conns[i]);
	run(now_ns() + 300000000u);
	messages = octets = ndelays = 0;
	begin = now_ns();
	cpu = cpu_ns(pid, NULL);
	run(begin + (uint64_t)(seconds * 1e9));
	cpu = cpu_ns(pid, NULL) - cpu;
	s = (double)(now_ns() - begin) / 1e9;
	must(messages > 0, "nothing came back");
	qsort(delays, ndelays, sizeof *delays, ascending);
	printf("%.0f %.3f %.0f %.3f %.3f\n", (double)messages / s, cpu / 1e3 / (double)messages,
	       (double)octets / (double)messages, ndelays ? delays[ndelays / 2] : 0,
	       ndelays ? delays[ndelays - 1 - ndelays / 100] : 0);
}

static void settled(const char *pid, double *to)
{
	double last = -1;

	for (int same = 0; same < 3; same = *to == last ? same + 1 : 0, last = *to) {
		usleep(300000);
		*to = memory_of(pid, "smaps_rollup", "Private_Dirty");
	}
}

static void exchange_one(struct conn *c)
{
	prepare(c);
	append_frame(c);
	while (c->gets == 0) {
		flush(c);
		receive(c);
	}
	free(c->in);
	free(c->out);
}

/* What the first connections leave behind for all is not what one more costs; what messages leave is counted
 * whole. */
static void idle(const char *pid)
{
	double before, after, all;
	unsigned warm = nconns / 10;

	inflight = 1;
	wire = malloc(payload + 1000);
	for (unsigned i = 0; i < warm; i++)
		open_conn(&conns[i]);
	settled(pid, &before);
	for (unsigned i = warm; i < nconns; i++)
		open_conn(&conns[i]);
	settled(pid, &after);
	for (unsigned i = 0; i < nconns; i++)
		exchange_one(&conns[i]);
	settled(pid, &all);
	printf("%.0f %.0f\n", (after - before) / (nconns - warm), (all - before) / (nconns - warm));
}

/* Records as an API gives them, the same ones again and again, for a message to begin anywhere in the
 * first. */
static void write_text(void)
{
	char record[200];
	size_t at = 0;

	text = malloc(payload + PERIOD);
	must(text != NULL, "memory");
	for (unsigned i = 1; at < PERIOD; i++) {
		int n = snprintf(record, sizeof record, "{\"id\": %u, \"name\": \"item %u\", "
				 "\"price\": %u.%02u, \"tags\": [\"%c\", \"new\"]}, ", i * 7919 % 100000, i * 31 % 1000,
				 i * 17 % 100, i * 13 % 100, 'a' + i % 26);

		for (int k = 0; k < n && at < PERIOD; k++)
			text[at++] = (uint8_t)record[k];
	}
	for (; at < payload + PERIOD; at++)
		text[at] = text[at - PERIOD];
}

int main(int argc, char **argv)
{
	struct rlimit limit;

	must(argc >= 6, "usage: ws_load PORT PATH PID echo|deflate|broadcast|idle CONNECTIONS [IN-FLIGHT SIZE SECONDS]");
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	port = atoi(argv[1]);
	path = argv[2];
	deflates = strcmp(argv[4], "deflate") == 0;
	broadcasts = strcmp(argv[4], "broadcast") == 0;
	nconns = (unsigned)atoi(argv[5]);
	conns = calloc(nconns, sizeof *conns);
	delays = malloc(DELAYS * sizeof *delays);
	epfd = epoll_create1(EPOLL_CLOEXEC);
	must(nconns && conns && delays && epfd >= 0, "memory");
	payload = argc == 9 ? (size_t)atoi(argv[7]) : 1 << 20;
	write_text();
	if (strcmp(argv[4], "idle") == 0) {
		idle(argv[3]);
		return 0;
	}
	must(argc == 9, "usage: ... CONNECTIONS IN-FLIGHT SIZE SECONDS");
	inflight = (unsigned)atoi(argv[6]);
	wire = malloc(payload + 1000);
	back = malloc(payload + 1000);
	must(inflight && wire && back && deflateInit2(&zout, 1, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK
	     && inflateInit2(&zin, -15) == Z_OK, "memory");
	for (unsigned i = 0; i < nconns; i++)
		open_conn(&conns[i]);
	if (strcmp(argv[4], "count") == 0) {
		most = strtoull(argv[8], NULL, 10);
		prepare(&conns[0]);
		refill(&conns[0]);
		run(UINT64_MAX);
		return 0;
	}
	load(argv[3], atof(argv[8]));
	return 0;
}
