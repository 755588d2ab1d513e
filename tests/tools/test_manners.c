/* What belongs to the process stays as it was, with all four libraries at work in it. */
#include <config.h>
#include "suite.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <locale.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <mummy/adapters/upload-http.h>
#include <mummy/adapters/ws-http.h>
#include <mummy/pool.h>

#ifdef __SANITIZE_THREAD__
#define MANNERS_EXTRA_THREADS 2  /* the sanitizer's own, and one more after a fork */
#else
#define MANNERS_EXTRA_THREADS 0
#endif

struct manners {
	struct sigaction actions[65];
	sigset_t mask;
	char locale[64], cwd[256];
	mode_t umask;
	struct rlimit files, core, stack;
	int descriptors;
};

static int count_entries(const char *path)
{
	DIR *d = opendir(path);
	int n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void observe(struct manners *m)
{
	memset(m, 0, sizeof *m);
	for (int i = 1; i < 65; i++)
		sigaction(i, NULL, &m->actions[i]);
	pthread_sigmask(SIG_BLOCK, NULL, &m->mask);
	snprintf(m->locale, sizeof m->locale, "%s", setlocale(LC_ALL, NULL));
	ck_assert_ptr_nonnull(getcwd(m->cwd, sizeof m->cwd));
	m->umask = umask(0);
	umask(m->umask);
	getrlimit(RLIMIT_NOFILE, &m->files);
	getrlimit(RLIMIT_CORE, &m->core);
	getrlimit(RLIMIT_STACK, &m->stack);
	m->descriptors = count_entries("/proc/self/fd");
}

static void assert_same(const struct manners *a, const struct manners *b)
{
	for (int i = 1; i < 65; i++)
		ck_assert_msg(a->actions[i].sa_handler == b->actions[i].sa_handler, "disposition of signal %d", i);
	ck_assert_mem_eq(&a->mask, &b->mask, sizeof a->mask);
	ck_assert_str_eq(a->locale, b->locale);
	ck_assert_str_eq(a->cwd, b->cwd);
	ck_assert_uint_eq(a->umask, b->umask);
	ck_assert_mem_eq(&a->files, &b->files, sizeof a->files);
	ck_assert_mem_eq(&a->core, &b->core, sizeof a->core);
	ck_assert_mem_eq(&a->stack, &b->stack, sizeof a->stack);
}

/* One server with everything on it. */
struct world {
	char folder[64];
	mummy_pool *pool;
	mummy_upload *uploads;
	mummy_ws_endpoint *endpoint;
	mummy_http_router *router;
	mummy_http_server *server;
	pthread_t thread;
};

static void hello(mummy_http_exchange *x, void *ctx)
{
	(void)ctx;
	mummy_http_respond_text(x, 200, "hello\n");
}

static void *serve(void *arg)
{
	ck_assert_int_eq(mummy_http_server_run(arg), 0);
	return NULL;
}

static void world_routes(struct world *w)
{
	struct mummy_http_route plain = { .handler = hello };
	struct mummy_http_route ws = { .handler = mummy_ws_http_handler, .ctx = w->endpoint };
	struct mummy_http_route files = { .handler = mummy_upload_http_handler, .ctx = w->uploads,
		.flags = MUMMY_HTTP_STREAM, .max_body_bytes = MUMMY_HTTP_UNKNOWN };

	ck_assert_int_eq(mummy_http_router_add(w->router, "GET", "/", &plain), 0);
	ck_assert_int_eq(mummy_http_router_add(w->router, "GET", "/ws", &ws), 0);
	ck_assert_int_eq(mummy_http_router_add(w->router, NULL, "/files/*", &files), 0);
}

static void world_begin(struct world *w)
{
	struct mummy_http_options opt = { .loops = 2 };
	struct mummy_ws_events events = { 0 };
	struct mummy_upload_store store;

	snprintf(w->folder, sizeof w->folder, "manners.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(w->folder));
	ck_assert_int_eq(mummy_pool_new(&w->pool, NULL), 0);
	ck_assert_int_eq(mummy_upload_dir_store(&store, w->folder, NULL), 0);
	ck_assert_int_eq(mummy_upload_new(&w->uploads, &store, NULL), 0);
	ck_assert_int_eq(mummy_ws_http_endpoint_new(&w->endpoint, &events, NULL), 0);
	ck_assert_int_eq(mummy_http_router_new(&w->router), 0);
	world_routes(w);
	opt.executor.submit = mummy_pool_submit;
	opt.executor.ctx = w->pool;
	ck_assert_int_eq(mummy_http_server_new(&w->server, w->router, &opt), 0);
	ck_assert_int_eq(pthread_create(&w->thread, NULL, serve, w->server), 0);
}

static void world_end(struct world *w)
{
	char command[96];

	mummy_http_server_stop(w->server);
	pthread_join(w->thread, NULL);
	mummy_http_server_free(w->server);
	mummy_http_router_unref(w->router);
	mummy_ws_endpoint_unref(w->endpoint);
	mummy_pool_free(w->pool);
	mummy_upload_free(w->uploads);
	snprintf(command, sizeof command, "rm -rf ./%s", w->folder);
	ck_assert_int_eq(system(command), 0);
}

/* Sends text to the server and reads until expect has come or the server closes. */
static void talk(struct world *w, const char *text, const char *expect)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(mummy_http_server_port(w->server, 0)) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char buf[4096];
	size_t have = 0;
	ssize_t n;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
	do {
		n = recv(fd, buf + have, sizeof buf - 1 - have, 0);
		have += n > 0 ? (size_t)n : 0;
		buf[have] = '\0';
	} while (n > 0 && !strstr(buf, expect));
	ck_assert_msg(strstr(buf, expect) != NULL, "expected %s in: %s", expect, buf);
	close(fd);
}

static void assert_close_on_exec(void)
{
	for (int fd = 3; fd < 256; fd++) {
		int flags = fcntl(fd, F_GETFD);

		ck_assert_msg(flags < 0 || (flags & FD_CLOEXEC), "descriptor %d is not close-on-exec", fd);
	}
}

/* Every thread but ours and the one that we gave to the server blocks all signals that can be. */
static void assert_threads_block_signals(void)
{
	DIR *d = opendir("/proc/self/task");
	struct dirent *e;
	int blocking = 0, open_threads = 0;

	while ((e = readdir(d))) {
		char path[300], line[128];
		unsigned long long mask = 0;
		FILE *f;

		snprintf(path, sizeof path, "/proc/self/task/%s/status", e->d_name);
		if (e->d_name[0] == '.' || !(f = fopen(path, "re")))
			continue;
		while (fgets(line, sizeof line, f))
			sscanf(line, "SigBlk: %llx", &mask);
		fclose(f);
		if (mask & (1ull << (SIGTERM - 1)) && mask & (1ull << (SIGPIPE - 1)))
			blocking++;
		else
			open_threads++;
	}
	closedir(d);
	ck_assert_int_ge(blocking, 2);
	ck_assert_int_le(open_threads, 2 + MANNERS_EXTRA_THREADS);
}

START_TEST(nothing_of_the_process_is_changed)
{
	struct manners before, during, after;
	struct world w;

	for (int i = 3; i < 256; i++) {
		if (fcntl(i, F_GETFD) >= 0)
			fcntl(i, F_SETFD, FD_CLOEXEC);  /* those of the test driver */
	}
	observe(&before);
	world_begin(&w);
	talk(&w, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "hello");
	talk(&w, "POST /files/ HTTP/1.1\r\nHost: a\r\nTus-Resumable: 1.0.0\r\nUpload-Length: 3\r\n"
		 "Content-Type: application/offset+octet-stream\r\nContent-Length: 3\r\n\r\nabc", "201 Created");
	talk(&w, "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		 "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", "101 ");
	observe(&during);
	assert_same(&before, &during);
	assert_close_on_exec();
	assert_threads_block_signals();
	world_end(&w);
	observe(&after);
	assert_same(&before, &after);
	ck_assert_int_eq(before.descriptors, after.descriptors);
	/* a thread that was joined leaves the list a moment later */
	while (count_entries("/proc/self/task") > 3 + MANNERS_EXTRA_THREADS)
		sched_yield();
}
END_TEST

START_TEST(several_servers_share_a_process)
{
	struct world w[3];

	for (int i = 0; i < 3; i++)
		world_begin(&w[i]);
	for (int i = 0; i < 3; i++)
		talk(&w[i], "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "hello");
	world_end(&w[1]);
	talk(&w[0], "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "hello");
	talk(&w[2], "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "hello");
	world_end(&w[0]);
	world_end(&w[2]);
}
END_TEST

SUITE_MAIN("tools/manners", nothing_of_the_process_is_changed, several_servers_share_a_process)
