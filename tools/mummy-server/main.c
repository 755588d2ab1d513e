/*
 * main.c - mummy-server: joins the four libraries to one server.
 */
#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <mummy/http.h>
#include <mummy/pool.h>
#include "mummy-common.h"
#include "chat.h"
#include "diag.h"
#include "inherit.h"
#include "listen.h"
#include "log.h"
#include "middleware.h"
#include "options.h"
#include "overflow.h"
#include "page.h"
#include "say.h"
#include "signals.h"
#include "status.h"
#include "uploads.h"
#include "wsecho.h"
#include "wspolicy.h"

#define EXIT_USAGE 2
#define CLEANUP_S 60u
#define POOL_DRAIN_MS 10000

struct app {
	struct options opt;
	struct inherited inherited;
	int root_has_index;
	struct log log, access;
	mummy_pool *pool;
	struct uploads uploads;
	struct chat *chat;
	mummy_ws_endpoint *echo;
	struct diag *diag;
	struct status status;
	mummy_http_router *router;
	mummy_http_server *server;
};

/** One line on standard error: the user can put it right, and reads how. */
static int complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int complain(const char *format, ...)
{
	va_list args;

	fputs("mummy-server: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return -1;
}

/* Unless told otherwise, glibc has eight heaps a processor, and each worker one of its own: what slow clients
 * leave in them then lies thinly on many pages. No more threads allocate at once than there are
 * processors. */
static void bound_arenas(void)
{
#ifdef M_ARENA_MAX
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	if (!getenv("MALLOC_ARENA_MAX") && n > 0 && n < INT_MAX)
		mallopt(M_ARENA_MAX, (int)n);
#endif
}

/* A connection is a descriptor; the usual soft limit of 1024 is there for select, which is not used. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* ---- Parts ----------------------------------------------------------------------------------------- */

static int start_pool(struct app *a)
{
	static const enum mummy_pool_kind kinds[] = { MUMMY_POOL_THREADS, MUMMY_POOL_TASKS, MUMMY_POOL_FIBERS };
	struct mummy_pool_options opt = { .kind = kinds[a->opt.model], .threads = (unsigned)a->opt.workers,
		.nice = (unsigned)a->opt.worker_nice };
	int rc;

	if (a->opt.model == OPTIONS_FIBERS) {
		opt.thread_start = overflow_watch;
		opt.thread_stop = overflow_unwatch;
	}
	rc = mummy_pool_new(&a->pool, &opt);
	if (rc == -ENOTSUP) {        /* here threads have no nice values */
		opt.nice = 0;
		rc = mummy_pool_new(&a->pool, &opt);
	}
	if (rc == 0)
		return 0;
	return complain("the workers cannot be started: %s; give a smaller --workers", strerror(-rc));
}

static int open_uploads(struct app *a)
{
	int rc = uploads_open(&a->uploads, &a->opt, &a->log);

	if (rc == 0)
		return 0;
	if (rc == -EXDEV)
		return complain("%s: finished uploads cannot be moved there: %s; name a directory on the file system"
				" of the uploads with --completed", a->opt.completed, strerror(-rc));
	return complain("%s: uploads cannot be kept there: %s; name a writable directory with --uploads",
			a->uploads.directory ? a->uploads.directory : "uploads", strerror(-rc));
}

static int make_endpoints(struct app *a)
{
	const struct mummy_ws_executor pool = { .submit = mummy_pool_submit, .ctx = a->pool };
	struct mummy_ws_handshake_options handshake = { .deflate = 0 };
	int rc;

	wspolicy_set(&handshake, &a->opt);
	rc = chat_new(&a->chat, &pool, &handshake);

	if (rc == 0 && a->opt.diagnostics)
		rc = wsecho_new(&a->echo, a->opt.ws_inline ? NULL : &pool, &handshake);
	if (rc == 0 && a->opt.diagnostics)
		rc = diag_new(&a->diag);
	return rc < 0 ? complain("the WebSocket endpoints cannot be made: %s", strerror(-rc)) : 0;
}

/* ---- Routes ---------------------------------------------------------------------------------------- */

static void not_found(mummy_http_exchange *x, void *ctx)
{
	(void)ctx;
	say_text(x, 404, "Not found.\n");
}

/* The mounts are whole: what is not there is not looked for in the files. */
static int add_walls(mummy_http_router *r)
{
	static const char *const mounts[] = { "/_mummy/*", "/ws/*", "/diag/*" };
	const struct mummy_http_route route = { .handler = not_found, .flags = MUMMY_HTTP_INLINE };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof mounts / sizeof mounts[0]; i++)
		rc = mummy_http_router_add(r, NULL, mounts[i], &route);
	return rc;
}

static int add_fixed_routes(struct app *a, int page_at_root)
{
	int rc = page_routes(a->router, page_at_root);

	if (rc == 0)
		rc = status_routes(&a->status, a->router);
	if (rc == 0)
		rc = uploads_routes(&a->uploads, a->router);
	if (rc == 0)
		rc = chat_routes(a->chat, a->router);
	if (rc == 0 && a->echo)
		rc = wsecho_routes(a->echo, a->router);
	if (rc == 0 && a->diag)
		rc = diag_routes(a->diag, a->router,
				 a->opt.max_body ? a->opt.max_body : MUMMY_HTTP_UNKNOWN);
	return rc == 0 ? add_walls(a->router) : rc;
}

/* 0 or a negative errno; *index: it holds an index.html. */
static int look_at_root(const char *root, int *index)
{
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	if (fd < 0)
		return -errno;
	if (faccessat(fd, ".", R_OK | X_OK, 0) < 0)
		rc = -errno;
	*index = faccessat(fd, "index.html", F_OK, 0) == 0;
	close(fd);
	return rc;
}

static int cannot_serve_files(const struct app *a, int rc)
{
	return complain("%s: files cannot be served from there: %s; name a readable directory with --root",
			a->opt.root, strerror(-rc));
}

static int make_routes(struct app *a)
{
	const struct mummy_http_files files = { .root = a->opt.root,
		.flags = a->opt.list ? MUMMY_HTTP_FILES_LIST : 0 };
	int rc = mummy_http_router_new(&a->router);

	if (rc == 0)
		rc = middleware_use(a->router, &a->opt, &a->access, a->uploads.engine);
	if (rc == -EINVAL && a->opt.trusted_proxies)
		return complain("--trusted-proxies: \"%s\" is not a list of addresses and networks; write it as "
				"10.0.0.0/8,::1,unix", a->opt.trusted_proxies);
	if (rc < 0)
		return complain("the routes cannot be made: %s", strerror(-rc));
	if (rc == 0 && files.root)
		rc = mummy_http_router_files(a->router, "/", &files);
	if (rc < 0 && files.root)
		return cannot_serve_files(a, rc);
	if (rc == 0)
		rc = add_fixed_routes(a, !a->root_has_index);
	return rc < 0 ? complain("the routes cannot be made: %s", strerror(-rc)) : 0;
}

/* ---- The server ------------------------------------------------------------------------------------ */

/* UINT_MAX means something else there. */
static unsigned at_most(uint64_t n)
{
	return n < UINT_MAX ? (unsigned)n : UINT_MAX - 1;
}

static int make_server(struct app *a)
{
	const struct mummy_http_options opt = { .executor = { .submit = mummy_pool_submit,
			.wait = mummy_pool_wait, .wake = mummy_pool_wake, .ctx = a->pool },
		.loops = (unsigned)a->opt.loops, .max_body_bytes = a->opt.max_body,
		.idle_timeout_ms = at_most(a->opt.idle_timeout),
		.min_body_rate = a->opt.min_body_rate ? at_most(a->opt.min_body_rate) : UINT_MAX,
		.min_answer_rate = a->opt.min_answer_rate ? at_most(a->opt.min_answer_rate) : UINT_MAX,
		.log = log_http, .answered = a->opt.log ? log_answer : NULL, .ctx = &a->log };
	const struct options *o = &a->opt;
	char where[256];
	size_t failed;
	int rc = listen_serve(&a->server, a->router, &opt, o->listen, o->nlisten, o->reuse_port, o->congestion,
			      &failed);

	if (rc == 0)
		return 0;
	if (o->congestion && (rc == -ENOENT || rc == -EPERM) && !o->listen[failed].unix_path)
		return complain("--congestion %s: %s; /proc/sys/net/ipv4/tcp_allowed_congestion_control names those "
				"that there are", o->congestion, strerror(-rc));
	address_url(&o->listen[failed], o->listen[failed].port, where, sizeof where);
	return complain("%s: cannot listen there: %s; choose another address with --listen", where,
			strerror(-rc));
}

static int cannot_write_ports(const struct app *a, int rc)
{
	return complain("%s: the ports cannot be written there: %s; name another file with --port-file",
			a->opt.port_file, strerror(-rc));
}

/* Who sees the port file finds the start line written too. */
static int announce(struct app *a)
{
	char line[2048], *fresh = NULL;
	int rc = 0;

	listen_describe(a->server, a->opt.listen, a->opt.nlisten, line, sizeof line);
	if (a->opt.port_file)
		rc = listen_write_ports(a->server, a->opt.nlisten, a->opt.port_file, &fresh);
	if (rc < 0)
		return cannot_write_ports(a, rc);
	printf("mummy-server %s listens on %s; uploads in %s%s\n", PACKAGE_VERSION, line,
	       a->uploads.directory, a->uploads.temporary ? " (removed at the end)" : "");
	fflush(stdout);
	if (a->opt.port_file)
		rc = listen_show_ports(fresh, a->opt.port_file);
	return rc < 0 ? cannot_write_ports(a, rc) : 0;
}

static void stop(void *ctx, int signal)
{
	struct app *a = ctx;

	log_info(&a->log, "%s: finishing what is in flight; again cuts it off",
		 signal == SIGTERM ? "SIGTERM" : "SIGINT");
	mummy_http_server_stop(a->server);
}

static void leave_at_once(const struct app *a)
{
	uploads_remove_directory(&a->uploads);
	_exit(EXIT_FAILURE);
}

static void cut(void *ctx, int signal)
{
	struct app *a = ctx;

	log_info(&a->log, "%s again: cut off", signal == SIGTERM ? "SIGTERM" : "SIGINT");
	leave_at_once(a);
}

static void tick(void *ctx)
{
	struct app *a = ctx;

	/* A pool that is too busy for it is asked again the next time. */
	(void)mummy_pool_submit(a->pool, uploads_cleanup, &a->uploads);
}

static int serve(struct app *a)
{
	struct signals signals = { .stop = stop, .cut = cut, .tick = tick, .tick_s = CLEANUP_S, .ctx = a };
	int rc = signals_start(&signals);

	if (rc < 0)
		return complain("a thread cannot be started: %s", strerror(-rc));
	rc = mummy_http_server_run(a->server);
	if (rc < 0)
		log_error(&a->log, "serving failed: %s", strerror(-rc));
	uploads_cut(&a->uploads);
	/* Handlers that the drain of the server did not wait for; a second signal still cuts. The server is
	 * freed after the thread that may be stopping it has ended. */
	if (mummy_pool_drain(a->pool, POOL_DRAIN_MS) < 0) {
		log_error(&a->log, "handlers are still running: cut off");
		leave_at_once(a);
	}
	signals_end(&signals);
	log_info(&a->log, "stopped");
	return rc;
}

/* ---- Putting it together --------------------------------------------------------------------------- */

/* Whoever can reach the server could fill the disk. */
static int check_listeners(const struct app *a)
{
	char where[256];

	for (size_t i = 0; i < a->opt.nlisten; i++) {
		if (a->opt.allow_anonymous || !address_is_open(&a->opt.listen[i]))
			continue;
		address_url(&a->opt.listen[i], a->opt.listen[i].port, where, sizeof where);
		return complain("%s: other machines could upload there without being asked who they are; listen on"
				" 127.0.0.1, or allow it with --allow-anonymous", where);
	}
	return 0;
}

/* Who is started with sockets gets no default ones besides. */
static int add_inherited(struct app *a)
{
	const struct inherited *in = &a->inherited;
	struct options *o = &a->opt;

	if (o->nlisten + in->n > OPTIONS_MAX_LISTEN)
		return complain("--listen: with the %zu inherited sockets there are more than %d addresses", in->n,
				OPTIONS_MAX_LISTEN);
	memmove(o->listen + in->n, o->listen, o->nlisten * sizeof o->listen[0]);
	memcpy(o->listen, in->at, in->n * sizeof o->listen[0]);
	o->nlisten += in->n;
	return 0;
}

static int set_up(struct app *a)
{
	char why[512];
	int rc = inherit_sockets(&a->inherited, why, sizeof why) < 0 ? complain("%s", why) : add_inherited(a);

	if (rc == 0)
		rc = check_listeners(a);
	if (rc < 0)
		return rc;
	if (hooks_check(&a->opt, why, sizeof why) < 0)
		return complain("%s", why);
	if (a->opt.root)
		rc = look_at_root(a->opt.root, &a->root_has_index);
	if (rc < 0)
		return cannot_serve_files(a, rc);
	rc = log_open(&a->log, a->opt.log);
	if (rc < 0)
		return complain("%s: cannot be written: %s; name another file with --log", a->opt.log,
				strerror(-rc));
	rc = a->opt.access_log ? log_open(&a->access, a->opt.access_log) : 0;
	if (rc < 0)
		return complain("%s: cannot be written: %s; name another file with --access-log",
				a->opt.access_log, strerror(-rc));
	if (a->opt.nlisten == 0)
		a->opt.nlisten = listen_default(a->opt.listen);
	a->status.started_ms = mummy_now_ms();
	a->status.model = options_model_name(a->opt.model);
	if (start_pool(a) < 0 || open_uploads(a) < 0 || make_endpoints(a) < 0 || make_routes(a) < 0
	    || make_server(a) < 0)
		return -1;
	a->status.server = a->server;
	a->status.pool = a->pool;
	a->status.uploads = a->uploads.engine;
	a->status.chat = a->chat;
	a->status.echo = a->echo;
	return announce(a);
}

/* Instead of serving. */
static int clean_up(struct app *a)
{
	int n;

	if (log_open(&a->log, a->opt.log) < 0 || open_uploads(a) < 0)
		return EXIT_USAGE;
	n = uploads_expire(&a->uploads);
	if (n < 0) {
		complain("%s: expired uploads cannot be removed: %s", a->uploads.directory, strerror(-n));
		return EXIT_FAILURE;
	}
	printf("%d expired upload%s removed from %s\n", n, n == 1 ? "" : "s", a->uploads.directory);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void tear_down(struct app *a)
{
	mummy_http_server_free(a->server);
	mummy_http_router_unref(a->router);
	mummy_pool_free(a->pool);
	diag_free(a->diag);
	mummy_ws_endpoint_unref(a->echo);
	chat_free(a->chat);
	uploads_close(&a->uploads);
	log_close(&a->access);
	log_close(&a->log);
}

int main(int argc, char **argv)
{
	struct app a;
	char why[512];
	int rc;

	memset(&a, 0, sizeof a);
	a.log.fd = STDERR_FILENO;
	if (options_parse(&a.opt, argc, argv, why, sizeof why) < 0) {
		complain("%s", why);
		return EXIT_USAGE;
	}
	if (a.opt.action == OPTIONS_HELP)
		options_help(stdout);
	if (a.opt.action == OPTIONS_VERSION)
		printf("mummy-server %s\n", PACKAGE_VERSION);
	if (a.opt.action != OPTIONS_RUN)
		return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	/* A log that goes into a pipe may lose its reader. */
	signal(SIGPIPE, SIG_IGN);
	signals_block();
	if (a.opt.model == OPTIONS_FIBERS)
		overflow_report();
	raise_descriptor_limit();
	bound_arenas();
	if (a.opt.cleanup)
		rc = clean_up(&a);
	else
		rc = set_up(&a) < 0 ? EXIT_USAGE : serve(&a) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	tear_down(&a);
	return rc;
}
