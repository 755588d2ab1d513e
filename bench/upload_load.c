/*
 * upload_load - load for an upload server; each prints one line.
 *
 * usage: upload_load PORT PID big tus|put|raw BYTES [sha1]
 *            seconds, us of the server's CPU time, and how many octets its own memory grew meanwhile
 *        upload_load PORT PID small tus|put UPLOADS CONNECTIONS
 *            uploads a second, us of the server's CPU time for one
 *        upload_load PORT PID concat PARTS BYTES
 *            ms until the final upload is answered, us of the server's CPU time
 *        upload_load PORT PID takeover TIMES
 *            median and worst ms from a new PATCH on a stuck upload to its answer
 *        upload_load PORT PID slow CONNECTIONS SECONDS
 *            octets of the server's own memory for each slow upload, threads that it has more, and the median
 *            and p99 of small requests in us, before and beside them
 *
 * CONGESTION in the environment: the congestion control of its connections, else the system's.
 * tus creates and sends one PATCH; put is a plain PUT below /put/, small ones under names that are new; raw
 * sends the octets and waits for one octet.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include "load.h"

enum { CHUNK = 256 * 1024, SMALL = 4096, HEAD = 2048, STAGGER = 4096 };

static int port;
static const char *pid;
static char chunk[CHUNK];

static double now_us(void)
{
	return (double)now_ns() / 1e3;
}

static double cpu_us(int *threads)
{
	return cpu_ns(pid, threads) / 1e3;
}

static double own_memory(void)
{
	return memory_of(pid, "status", "RssAnon");
}

/* ---- One connection ------------------------------------------------------------------------------ */

static int dial(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const char *how = getenv("CONGESTION");

	if (how && *how)
		must(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, how, (socklen_t)strlen(how)) == 0, how);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0, "connect");
	return fd;
}

static void send_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t k = send(fd, p, n, MSG_NOSIGNAL);

		must(k > 0, "send");
		p += k;
		n -= (size_t)k;
	}
}

/* The octets of an answer that is whole, 0: not yet. */
static size_t whole_answer(const char *in, size_t n)
{
	const char *end = memmem(in, n, "\r\n\r\n", 4), *len;
	size_t head, body;

	if (!end)
		return 0;
	head = (size_t)(end - in) + 4;
	len = strcasestr(in, "content-length:");
	body = len && len < end ? strtoul(len + 15, NULL, 10) : 0;
	return n >= head + body ? head + body : 0;
}

/* One answer, which ends in a NUL; its status. */
static int get_answer(int fd, char out[HEAD])
{
	size_t n = 0;

	do {
		ssize_t k = recv(fd, out + n, HEAD - 1 - n, 0);

		errno = k == 0 ? ECONNRESET : errno;
		must(k > 0, "recv");
		n += (size_t)k;
		out[n] = '\0';
	} while (whole_answer(out, n) == 0);
	return atoi(out + 9);
}

/* Where an upload was created. */
static void location_of(const char *answer, char path[200])
{
	const char *at = strcasestr(answer, "\nlocation: ");

	must(at != NULL, "no Location");
	must(sscanf(at + 11, "%199[^\r]", path) == 1, "an empty Location");
}

static int ask(int fd, char answer[HEAD], const char *format, ...) __attribute__((format(printf, 3, 4)));
static int ask(int fd, char answer[HEAD], const char *format, ...)
{
	va_list ap;
	char text[HEAD];
	int n;

	va_start(ap, format);
	n = vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	must(n < HEAD, "a head that is too long");
	send_all(fd, text, (size_t)n);
	return get_answer(fd, answer);
}

#define TUS "Host: localhost\r\nTus-Resumable: 1.0.0\r\n"

static void create(int fd, char path[200], uint64_t length, const char *more)
{
	char answer[HEAD];
	int status = ask(fd, answer, "POST /files/ HTTP/1.1\r\n" TUS "Upload-Length: %llu\r\n%sContent-Length: 0\r\n\r\n",
			 (unsigned long long)length, more);

	errno = 0;
	must(status == 201, answer);
	location_of(answer, path);
}

static void start_patch(int fd, const char *path, uint64_t offset, uint64_t length, const char *more)
{
	char text[HEAD];
	int n = snprintf(text, sizeof text, "PATCH %s HTTP/1.1\r\n" TUS "Upload-Offset: %llu\r\n%s"
			 "Content-Type: application/offset+octet-stream\r\nContent-Length: %llu\r\n\r\n", path,
			 (unsigned long long)offset, more, (unsigned long long)length);

	send_all(fd, text, (size_t)n);
}

/* The same octets again and again; what the server's own memory grew by meanwhile at most. */
static double send_body(int fd, uint64_t bytes)
{
	double before = own_memory(), most = before;
	uint64_t sent = 0;

	while (sent < bytes) {
		size_t n = bytes - sent < CHUNK ? (size_t)(bytes - sent) : CHUNK;

		send_all(fd, chunk, n);
		sent += n;
		if (sent % (64u << 20) == 0) {
			double now = own_memory();

			most = now > most ? now : most;
		}
	}
	return most - before;
}

/* ---- One large body ------------------------------------------------------------------------------ */

static void sha1_field(uint64_t bytes, char *out, size_t size)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned char sum[21] = { 0 };
	char text[29] = "";
	gnutls_hash_hd_t h;

	must(gnutls_hash_init(&h, GNUTLS_DIG_SHA1) == 0, "SHA-1");
	for (uint64_t at = 0; at < bytes; at += CHUNK)
		gnutls_hash(h, chunk, bytes - at < CHUNK ? (size_t)(bytes - at) : CHUNK);
	gnutls_hash_deinit(h, sum);
	for (int i = 0; i < 7; i++) {
		unsigned v = (unsigned)sum[3 * i] << 16 | (unsigned)sum[3 * i + 1] << 8 | sum[3 * i + 2];

		for (int k = 0; k < 4; k++)
			text[4 * i + k] = digits[v >> (18 - 6 * k) & 63];
	}
	text[27] = '=';
	snprintf(out, size, "Upload-Checksum: sha1 %s\r\n", text);
}

static void big(const char *how, uint64_t bytes, int checked)
{
	char path[200] = "/put/big", answer[HEAD] = "", field[100] = "", octet;
	int fd = dial(), status = 0;
	double cpu, start, grown;

	if (checked)
		sha1_field(bytes, field, sizeof field);
	if (!strcmp(how, "tus"))
		create(fd, path, bytes, "");
	cpu = cpu_us(NULL);
	start = now_us();
	if (!strcmp(how, "tus")) {
		start_patch(fd, path, 0, bytes, field);
	} else if (!strcmp(how, "put")) {
		char text[HEAD];
		int n = snprintf(text, sizeof text, "PUT %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %llu\r\n\r\n",
				 path, (unsigned long long)bytes);

		send_all(fd, text, (size_t)n);
	}
	grown = send_body(fd, bytes);
	if (!strcmp(how, "raw"))
		must(recv(fd, &octet, 1, 0) == 1, "the loop is gone");
	else
		status = get_answer(fd, answer);
	errno = 0;
	must(status / 100 == (strcmp(how, "raw") ? 2 : 0), answer);
	printf("%.4f %.0f %.0f\n", (now_us() - start) / 1e6, cpu_us(NULL) - cpu, grown);
	if (!strcmp(how, "tus"))
		ask(fd, answer, "DELETE %s HTTP/1.1\r\n" TUS "\r\n", path);
	else if (!strcmp(how, "put"))
		ask(fd, answer, "DELETE %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
	close(fd);
}

/* ---- Many small ones ----------------------------------------------------------------------------- */

struct conn {
	int fd, patching;
	char path[200], in[HEAD];
	size_t n;
};

static unsigned started, ended, wanted;
static int is_tus;

static void next_small(struct conn *c)
{
	char text[HEAD + SMALL];
	int n;

	if (started == wanted)
		return;
	if (is_tus)
		n = snprintf(text, HEAD, "POST /files/ HTTP/1.1\r\n" TUS "Upload-Length: %d\r\nContent-Length: 0\r\n\r\n", SMALL);
	else
		n = snprintf(text, HEAD, "PUT /put/%ld-%u HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n",
			     (long)getpid(), started, SMALL);
	started++;
	c->patching = !is_tus;
	if (!is_tus) {
		memcpy(text + n, chunk, SMALL);
		n += SMALL;
	}
	send_all(c->fd, text, (size_t)n);
}

static void patch_small(struct conn *c)
{
	char text[HEAD + SMALL];
	int n;

	location_of(c->in, c->path);
	n = snprintf(text, HEAD, "PATCH %s HTTP/1.1\r\n" TUS "Upload-Offset: 0\r\n"
		     "Content-Type: application/offset+octet-stream\r\nContent-Length: %d\r\n\r\n", c->path, SMALL);
	memcpy(text + n, chunk, SMALL);
	c->patching = 1;
	send_all(c->fd, text, (size_t)n + SMALL);
}

static void small_event(struct conn *c)
{
	ssize_t k = recv(c->fd, c->in + c->n, HEAD - 1 - c->n, 0);

	must(k > 0, "recv");
	c->n += (size_t)k;
	c->in[c->n] = '\0';
	if (!whole_answer(c->in, c->n))
		return;
	errno = 0;
	must(c->in[9] == '2', c->in);
	c->n = 0;
	if (!c->patching) {
		patch_small(c);
		return;
	}
	ended++;
	next_small(c);
}

static void small(const char *how, unsigned uploads, int conns)
{
	struct conn *all = calloc((size_t)conns, sizeof *all);
	int ep = epoll_create1(0);
	double cpu, start;

	wanted = uploads;
	is_tus = !strcmp(how, "tus");
	for (int i = 0; i < conns; i++) {
		struct epoll_event ev = { .events = EPOLLIN, .data.ptr = &all[i] };

		all[i].fd = dial();
		must(epoll_ctl(ep, EPOLL_CTL_ADD, all[i].fd, &ev) == 0, "epoll_ctl");
	}
	cpu = cpu_us(NULL);
	start = now_us();
	for (int i = 0; i < conns; i++)
		next_small(&all[i]);
	while (ended < wanted) {
		struct epoll_event ev[64];
		int n = epoll_wait(ep, ev, 64, -1);

		for (int i = 0; i < n; i++)
			small_event(ev[i].data.ptr);
	}
	printf("%.0f %.1f\n", uploads / ((now_us() - start) / 1e6), (cpu_us(NULL) - cpu) / uploads);
}

/* ---- Concatenation, takeover --------------------------------------------------------------------- */

static void concat(int parts, uint64_t bytes)
{
	char path[200], list[HEAD] = "", answer[HEAD];
	double cpu, start;
	int fd = dial(), status;

	for (int i = 0; i < parts; i++) {
		create(fd, path, bytes, "Upload-Concat: partial\r\n");
		start_patch(fd, path, 0, bytes, "");
		send_body(fd, bytes);
		must(get_answer(fd, answer) == 204, answer);
		snprintf(list + strlen(list), sizeof list - strlen(list), " %s", path);
	}
	cpu = cpu_us(NULL);
	start = now_us();
	status = ask(fd, answer, "POST /files/ HTTP/1.1\r\n" TUS "Upload-Concat: final;%s\r\nContent-Length: 0\r\n\r\n",
		     list + 1);
	errno = 0;
	must(status == 201, answer);
	printf("%.1f %.0f\n", (now_us() - start) / 1e3, cpu_us(NULL) - cpu);
	location_of(answer, path);
	ask(fd, answer, "DELETE %s HTTP/1.1\r\n" TUS "\r\n", path);
	for (char *p = strtok(list, " "); p; p = strtok(NULL, " "))
		ask(fd, answer, "DELETE %s HTTP/1.1\r\n" TUS "\r\n", p);
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* What arrived of the stuck one is only seen by asking. */
static uint64_t wait_offset(int fd, const char *path, uint64_t least)
{
	char answer[HEAD];
	uint64_t offset;

	do {
		ask(fd, answer, "HEAD %s HTTP/1.1\r\n" TUS "\r\n", path);
		offset = strtoull(strcasestr(answer, "upload-offset: ") + 15, NULL, 10);
	} while (offset < least);
	return offset;
}

static void takeover(int times)
{
	double *ms = calloc((size_t)times, sizeof *ms);

	for (int i = 0; i < times; i++) {
		char path[200], answer[HEAD];
		int stuck = dial(), fd = dial();
		uint64_t offset;
		double start;

		create(stuck, path, 10 * SMALL, "");
		start_patch(stuck, path, 0, 10 * SMALL, "");
		send_all(stuck, chunk, SMALL);
		offset = wait_offset(fd, path, SMALL);
		start = now_us();
		start_patch(fd, path, offset, 10 * SMALL - offset, "");
		send_all(fd, chunk, 10 * SMALL - (size_t)offset);
		must(get_answer(fd, answer) == 204, answer);
		ms[i] = (now_us() - start) / 1e3;
		ask(fd, answer, "DELETE %s HTTP/1.1\r\n" TUS "\r\n", path);
		close(fd);
		close(stuck);
	}
	qsort(ms, (size_t)times, sizeof *ms, by_value);
	printf("%.2f %.2f\n", ms[times / 2], ms[times - 1]);
}

/* ---- Slow ones ----------------------------------------------------------------------------------- */

enum { PROBES = 1000, SLOW = 1 << 20 };

static void probe(int fd, double *median, double *p99)
{
	double us[PROBES];
	char answer[HEAD];

	for (int i = 0; i < PROBES; i++) {
		double start = now_us();

		must(ask(fd, answer, "OPTIONS /files/ HTTP/1.1\r\n" TUS "\r\n") == 204, answer);
		us[i] = now_us() - start;
	}
	qsort(us, PROBES, sizeof us[0], by_value);
	*median = us[PROBES / 2];
	*p99 = us[PROBES * 99 / 100];
}

/* Each gets so little a second that none ends while it is measured; a thread of its own would be too many. */
static void drip(const int *fds, int n, double seconds)
{
	double end = now_us() + seconds * 1e6;

	while (now_us() < end)
		for (int i = 0; i < n && now_us() < end; i++) {
			const struct timespec pause = { 0, 200000 };

			send_all(fds[i], chunk, 100);
			nanosleep(&pause, NULL);
		}
}

static void slow(int n, double seconds)
{
	struct rlimit limit;
	int *fds = calloc((size_t)n, sizeof *fds), probes = dial(), threads, more;
	double before, most = 0, base, base99, median, p99;
	char path[200];

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	probe(probes, &base, &base99);
	cpu_us(&threads);
	before = own_memory();
	for (int i = 0; i < n; i++) {
		fds[i] = dial();
		create(fds[i], path, SLOW, "");
		start_patch(fds[i], path, 0, SLOW, "");
		send_all(fds[i], chunk, STAGGER);
	}
	for (int i = 0; i < 4; i++) {
		drip(fds, n, seconds / 4);
		most = own_memory() > most ? own_memory() : most;
	}
	cpu_us(&more);
	probe(probes, &median, &p99);
	printf("%.0f %d %.0f %.0f %.0f %.0f\n", (most - before) / n, more - threads, base, base99, median, p99);
}

int main(int argc, char **argv)
{
	const char *what = argc > 4 ? argv[3] : "";

	must(argc > 4, "usage: upload_load PORT PID big|small|concat|takeover|slow ...");
	port = atoi(argv[1]);
	pid = argv[2];
	for (size_t i = 0; i < sizeof chunk; i++)
		chunk[i] = (char)(i * 31 + i / 251);
	if (!strcmp(what, "big") && argc > 5)
		big(argv[4], strtoull(argv[5], NULL, 10), argc > 6 && !strcmp(argv[6], "sha1"));
	else if (!strcmp(what, "small") && argc > 6)
		small(argv[4], (unsigned)atoi(argv[5]), atoi(argv[6]));
	else if (!strcmp(what, "concat") && argc > 5)
		concat(atoi(argv[4]), strtoull(argv[5], NULL, 10));
	else if (!strcmp(what, "takeover"))
		takeover(atoi(argv[4]));
	else if (!strcmp(what, "slow") && argc > 5)
		slow(atoi(argv[4]), atof(argv[5]));
	else
		must(0, "usage: upload_load PORT PID big|small|concat|takeover|slow ...");
	return 0;
}
