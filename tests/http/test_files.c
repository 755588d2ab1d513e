#include <config.h>
#include "suite.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <mummy/http.h>

#define AT "Sun, 06 Nov 1994 08:49:37 GMT"
#define BIG 300000

static char base[64];
static mummy_http_server *server;
static mummy_http_router *router;
static pthread_t thread;
static char answer[BIG + 4096];
static size_t answer_n;

/* ---- The folder and the server ----------------------------------------------------------------- */

static void put(const char *name, const char *data, size_t n, time_t changed)
{
	const struct timespec times[2] = {{changed, 0}, {changed, 0}};
	char path[160];
	int fd;

	snprintf(path, sizeof path, "%s/%s", base, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, n), (ssize_t)n);
	ck_assert_int_eq(futimens(fd, times), 0);
	close(fd);
}

static void folder(const char *name)
{
	char path[160];

	snprintf(path, sizeof path, "%s/%s", base, name);
	ck_assert_int_eq(mkdir(path, 0700), 0);
}

static char big_octet(size_t i)
{
	return (char)('a' + i % 23);
}

static void build(void)
{
	char *big = malloc(BIG);

	ck_assert_ptr_nonnull(big);
	for (size_t i = 0; i < BIG; i++)
		big[i] = big_octet(i);
	strcpy(base, "/tmp/mummy-files-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(base));
	folder("root");
	folder("root/dir");
	folder("root/empty");
	folder("root/odd%name");
	put("root/dir/index.html", "<p>dir", 6, 784111777);
	put("root/dir/x", "x", 1, 784111777);
	put("root/index.html", "<p>root", 7, 784111777);
	put("root/a b.txt", "0123456789", 10, 784111777);
	put("root/big", big, BIG, 784111777);
	put("root/none", "", 0, 784111777);
	put("root/.hidden", "no", 2, 784111777);
	put("root/page.css", "plain", 5, 784111777);
	put("root/page.css.gz", "packed", 6, 784111778);
	put("root/old.css", "plain", 5, 784111777);
	put("root/old.css.gz", "stale", 5, 784111776);
	put("secret", "no", 2, 784111777);
	free(big);
}

static void remove_all(void)
{
	static const char *const files[] = {"root/dir/index.html", "root/dir/x",      "root/index.html",
					    "root/a b.txt",        "root/big",        "root/none",
					    "root/.hidden",        "root/page.css",   "root/page.css.gz",
					    "root/old.css",        "root/old.css.gz", "secret"};
	static const char *const folders[] = {"root/odd%name", "root/empty", "root/dir", "root"};
	char path[160];

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", base, files[i]);
		ck_assert_int_eq(unlink(path), 0);
	}
	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", base, folders[i]);
		ck_assert_int_eq(rmdir(path), 0);
	}
	ck_assert_int_eq(rmdir(base), 0);
}

static const char *own_type(void *ctx, const char *name)
{
	(void)ctx;
	return strcmp(name, "x") ? NULL : "application/x-own";
}

/* An executor with a thread for each request. */
static pthread_t workers[16];
static atomic_uint nworkers;

struct work {
	void (*run)(void *arg);
	void *arg;
};

static void *run_work(void *arg)
{
	struct work w = *(struct work *)arg;

	free(arg);
	w.run(w.arg);
	return NULL;
}

static int submit(void *ctx, void (*run_it)(void *arg), void *arg)
{
	struct work *w = malloc(sizeof *w);

	(void)ctx;
	ck_assert_ptr_nonnull(w);
	w->run = run_it;
	w->arg = arg;
	ck_assert_uint_lt(nworkers, 16);
	return -pthread_create(&workers[nworkers++], NULL, run_work, w);
}

static void *run(void *arg)
{
	mummy_http_server_run(arg);
	return NULL;
}

static void prepare(unsigned flags, const struct mummy_http_options *opt)
{
	char root[160];
	struct mummy_http_files files = {
	    .root = root, .flags = flags, .type = own_type, .cache_control = "max-age=60"};

	build();
	snprintf(root, sizeof root, "%s/root", base);
	ck_assert_int_eq(mummy_http_router_new(&router), 0);
	ck_assert_int_eq(mummy_http_router_files(router, "/", &files), 0);
	ck_assert_int_eq(mummy_http_router_files(router, "/s/t", &files), 0);
	ck_assert_int_eq(mummy_http_server_new(&server, router, opt), 0);
}

static void start_with(unsigned flags, const struct mummy_http_options *opt)
{
	prepare(flags, opt);
	ck_assert_int_eq(pthread_create(&thread, NULL, run, server), 0);
}

static void start(unsigned flags)
{
	start_with(flags, NULL);
}

static void dismantle(void)
{
	mummy_http_server_free(server);
	mummy_http_router_unref(router);
	remove_all();
}

static void stop(void)
{
	mummy_http_server_stop(server);
	pthread_join(thread, NULL);
	while (nworkers)
		pthread_join(workers[--nworkers], NULL);
	dismantle();
}

/* ---- The client -------------------------------------------------------------------------------- */

/* Sends a request on a connection of its own. */
static int request(const char *method, const char *target, const char *fields)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(mummy_http_server_port(server, 0))};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char text[1024];

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s\r\n", method,
		 target, fields);
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
	return fd;
}

/* The whole answer, and its status. */
static int ask(const char *method, const char *target, const char *fields)
{
	int fd = request(method, target, fields), status;
	ssize_t n;

	for (answer_n = 0; (n = recv(fd, answer + answer_n, sizeof answer - 1 - answer_n, 0)) > 0;
	     answer_n += (size_t)n)
		;
	answer[answer_n] = '\0';
	close(fd);
	ck_assert_msg(sscanf(answer, "HTTP/1.1 %d ", &status) == 1, "%s", answer);
	return status;
}

static const char *content(void)
{
	const char *end = strstr(answer, "\r\n\r\n");

	ck_assert_ptr_nonnull(end);
	return end + 4;
}

static int has(const char *line)
{
	const char *found = strstr(answer, line);

	return found && found < content();
}

/* The value of a field, copied. */
static const char *value(const char *name, char out[128])
{
	const char *line = strstr(answer, name);
	size_t n;

	ck_assert_msg(line && line < content(), "%s is not in %s", name, answer);
	line += strlen(name) + 2;
	n = strcspn(line, "\r");
	ck_assert_uint_lt(n, 128);
	memcpy(out, line, n);
	out[n] = '\0';
	return out;
}

/* ---- Tests ------------------------------------------------------------------------------------- */

START_TEST(a_file_is_sent_with_its_fields)
{
	start(0);
	ck_assert_int_eq(ask("GET", "/a%20b.txt?query", ""), 200);
	ck_assert_str_eq(content(), "0123456789");
	ck_assert(has("\r\nContent-Length: 10\r\n") &&
		  has("\r\nContent-Type: text/plain; charset=utf-8\r\n"));
	ck_assert(has("\r\nLast-Modified: " AT "\r\n") && has("\r\nAccept-Ranges: bytes\r\n"));
	ck_assert(has("\r\nCache-Control: max-age=60\r\n") && has("\r\nETag: \"") && !has("Vary"));
	ck_assert_int_eq(ask("GET", "/dir/x", ""), 200);
	ck_assert(has("\r\nContent-Type: application/x-own\r\n"));
	ck_assert_int_eq(ask("GET", "/none", ""), 200);
	ck_assert(has("\r\nContent-Length: 0\r\n") && has("\r\nContent-Type: application/octet-stream\r\n"));
	ck_assert_int_eq(ask("HEAD", "/a%20b.txt", ""), 200);
	ck_assert(has("\r\nContent-Length: 10\r\n") && !*content());
	ck_assert_int_eq(ask("GET", "/s/t/a%20b.txt", ""), 200);
	ck_assert_str_eq(content(), "0123456789");
	ck_assert_int_eq(ask("GET", "/%73/t/a%20b.txt", ""), 200);
	stop();
}
END_TEST

START_TEST(a_large_file_is_whole)
{
	const char *p;

	start(0);
	ck_assert_int_eq(ask("GET", "/big", ""), 200);
	p = content();
	ck_assert_uint_eq(answer_n - (size_t)(p - answer), BIG);
	for (size_t i = 0; i < BIG; i++)
		if (p[i] != big_octet(i))
			ck_abort_msg("another octet at %zu", i);
	ck_assert_int_eq(ask("GET", "/big", "Range: bytes=100000-250000\r\n"), 206);
	p = content();
	ck_assert_uint_eq(answer_n - (size_t)(p - answer), 150001);
	ck_assert(p[0] == big_octet(100000) && p[150000] == big_octet(250000));
	stop();
}
END_TEST

START_TEST(files_come_from_the_executor)
{
	const struct mummy_http_options opt = {.executor = {.submit = submit}};

	start_with(0, &opt);
	ck_assert_int_eq(ask("GET", "/big", ""), 200);
	ck_assert_uint_eq(answer_n - (size_t)(content() - answer), BIG);
	ck_assert_int_eq(ask("GET", "/a%20b.txt", "Range: bytes=2-4\r\n"), 206);
	ck_assert_str_eq(content(), "234");
	ck_assert_int_eq(ask("GET", "/missing", ""), 404);
	ck_assert_int_eq(ask("GET", "/dir", ""), 308);
	stop();
}
END_TEST

static void step_until_it_left(void)
{
	struct mummy_http_stats stats;

	do {
		ck_assert_int_eq(mummy_http_server_step(server, 1000), 1);
		mummy_http_stats_get(server, &stats);
	} while (stats.requests == 0 || stats.connections > 0);
}

/* The first piece of the file goes out; that it is refused is known before the second, which raises SIGPIPE
 * though sendfile returns what went before. This thread does not block the signal. */
START_TEST(a_client_that_left_raises_no_signal)
{
	sigset_t pending;

	prepare(0, NULL);
	close(request("GET", "/big", ""));
	step_until_it_left();
	ck_assert_int_eq(sigpending(&pending), 0);
	ck_assert(!sigismember(&pending, SIGPIPE));
	mummy_http_server_stop(server);
	while (mummy_http_server_step(server, 1000) > 0)
		;
	dismantle();
}
END_TEST

static void page(void *ctx, mummy_http_exchange *x, int status)
{
	struct mummy_http_header type = MUMMY_HTTP_HEADER("Content-Type", "text/x-page");

	(void)ctx;
	mummy_http_respond(x, status, &type, 1, "page", 4);
}

START_TEST(errors_have_the_page_of_the_program)
{
	const struct mummy_http_options opt = {.error_page = page};

	start_with(0, &opt);
	ck_assert_int_eq(ask("GET", "/missing", ""), 404);
	ck_assert_str_eq(content(), "page");
	ck_assert_int_eq(ask("GET", "/big", "Range: bytes=300000-\r\n"), 416);
	ck_assert_str_eq(content(), "page");
	ck_assert(has("\r\nContent-Range: bytes */300000\r\n"));
	stop();
}
END_TEST

START_TEST(folders_have_an_index_and_a_slash)
{
	char to[128];

	start(0);
	ck_assert_int_eq(ask("GET", "/", ""), 200);
	ck_assert_str_eq(content(), "<p>root");
	ck_assert(has("\r\nContent-Type: text/html; charset=utf-8\r\n"));
	ck_assert_int_eq(ask("GET", "/dir/", ""), 200);
	ck_assert_str_eq(content(), "<p>dir");
	ck_assert_int_eq(ask("GET", "/dir", ""), 308);
	ck_assert_str_eq(value("Location", to), "/dir/");
	ck_assert_int_eq(ask("GET", "/dir?a=b", ""), 308);
	ck_assert_str_eq(value("Location", to), "/dir/?a=b");
	ck_assert_int_eq(ask("GET", "/odd%25name", ""), 308);
	ck_assert_str_eq(value("Location", to), "/odd%25name/");
	ck_assert_int_eq(ask("GET", "/s/t", ""), 308);
	ck_assert_str_eq(value("Location", to), "/s/t/");
	ck_assert_int_eq(ask("GET", "/empty/", ""), 404);
	ck_assert_int_eq(ask("GET", "/dir/x/", ""), 404);
	stop();
}
END_TEST

START_TEST(what_is_not_to_be_served_is_not)
{
	static const struct {
		const char *target;
		int status;
	} cases[] = {
	    {"/missing", 404},
	    {"/dir/missing", 404},
	    {"/a%20b.txt/x", 404},
	    {"/.hidden", 404},
	    {"/%2ehidden", 404},
	    {"/../secret", 404},
	    {"/dir/../../secret", 404},
	    {"/%2e%2e/secret", 404},
	    {"/..%2fsecret", 404},
	    {"/dir%2fx", 404},
	    {"//dir/x", 404},
	    {"/dir//x", 404},
	    {"/./big", 404},
	    {"/big%00", 400},
	    {"/big%0", 400},
	    {"/%zz", 400},
	    {"//", 404},
	    {"/s/t/../../secret", 404},
	    {"/s/t//", 404},
	};

	start(0);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		ck_assert_msg(ask("GET", cases[i].target, "") == cases[i].status, "%s", cases[i].target);
	ck_assert_int_eq(ask("POST", "/big", ""), 405);
	ck_assert(has("\r\nAllow: "));
	ck_assert_int_eq(ask("DELETE", "/missing", ""), 405);
	stop();
}
END_TEST

START_TEST(dot_files_are_served_when_asked_for)
{
	start(MUMMY_HTTP_FILES_DOT);
	ck_assert_int_eq(ask("GET", "/.hidden", ""), 200);
	ck_assert_int_eq(ask("GET", "/../secret", ""), 404);
	stop();
}
END_TEST

/* Browsers do not guess what a file may be, unless they are to. */
START_TEST(types_are_to_be_believed)
{
	static const char field[] = "\r\nX-Content-Type-Options: nosniff\r\n";

	start(MUMMY_HTTP_FILES_LIST);
	ck_assert(ask("GET", "/big", "") == 200 && has(field));
	ck_assert(ask("GET", "/big", "Range: bytes=1-2\r\n") == 206 && has(field));
	ck_assert(ask("GET", "/big", "Range: bytes=1-2,5-6\r\n") == 206 && has(field));
	ck_assert(ask("GET", "/big", "Range: bytes=99999999-\r\n") == 416 && has(field));
	ck_assert(ask("GET", "/empty/", "") == 200 && has(field));
	ck_assert(ask("GET", "/missing", "") == 404 && has(field));
	stop();
	start(MUMMY_HTTP_FILES_LIST | MUMMY_HTTP_FILES_SNIFF);
	ck_assert(ask("GET", "/big", "") == 200 && !has(field));
	ck_assert(ask("GET", "/empty/", "") == 200 && !has(field));
	stop();
}
END_TEST

START_TEST(conditions)
{
	char etag[128], field[256];

	start(0);
	ck_assert_int_eq(ask("GET", "/big", ""), 200);
	value("ETag", etag);
	snprintf(field, sizeof field, "If-None-Match: \"x\"\r\nIf-None-Match: W/%s\r\n", etag);
	ck_assert_int_eq(ask("GET", "/big", field), 304);
	ck_assert(!*content() && has(etag) && has("Cache-Control") && has("Last-Modified"));
	ck_assert_int_eq(ask("HEAD", "/big", field), 304);
	ck_assert_int_eq(ask("GET", "/big", "If-None-Match: \"x\"\r\n"), 200);
	ck_assert_int_eq(ask("GET", "/big", "If-None-Match: *\r\n"), 304);
	ck_assert_int_eq(ask("GET", "/big", "If-None-Match: x\r\n"), 200);
	ck_assert_int_eq(ask("GET", "/big", "If-Modified-Since: " AT "\r\n"), 304);
	ck_assert_int_eq(ask("GET", "/big", "If-None-Match: \"x\"\r\nIf-Modified-Since: " AT "\r\n"), 200);
	snprintf(field, sizeof field, "If-Match: %s\r\n", etag);
	ck_assert_int_eq(ask("GET", "/big", field), 200);
	snprintf(field, sizeof field, "If-Match: W/%s\r\n", etag);
	ck_assert_int_eq(ask("GET", "/big", field), 412);
	ck_assert_int_eq(ask("GET", "/big", "If-Match: x\r\n"), 412);
	ck_assert_int_eq(ask("GET", "/big", "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n"), 412);
	ck_assert_int_eq(ask("GET", "/missing", "If-Match: *\r\n"), 404);
	stop();
}
END_TEST

START_TEST(folders_are_listed_when_asked_for)
{
	start(MUMMY_HTTP_FILES_LIST);
	ck_assert_int_eq(ask("GET", "/dir/", ""), 200);
	ck_assert_str_eq(content(), "<p>dir");
	ck_assert_int_eq(ask("GET", "/empty/", ""), 200);
	ck_assert(has("\r\nContent-Type: text/html; charset=utf-8\r\n"));
	ck_assert(has("\r\nContent-Security-Policy: default-src 'none'\r\n"));
	ck_assert_ptr_nonnull(strstr(content(), "<h1>/empty/</h1>"));
	ck_assert_int_eq(ask("GET", "/s/t/odd%25name/", ""), 200);
	ck_assert_ptr_nonnull(strstr(content(), "<h1>/odd%name/</h1>"));
	ck_assert_int_eq(ask("GET", "/empty", ""), 308);
	ck_assert_int_eq(ask("GET", "/none/", ""), 404);
	ck_assert_int_eq(ask("GET", "/missing/", ""), 404);
	ck_assert_int_eq(ask("GET", "/a%20b.txt/", ""), 404);
	stop();
	start(0);
	ck_assert_int_eq(ask("GET", "/empty/", ""), 404);
	stop();
}
END_TEST

/* Below the prefix of a mount the paths of files are what is behind both. */
START_TEST(files_are_served_below_a_mount)
{
	mummy_http_router *sub = NULL;
	char root[160];
	struct mummy_http_files files = {.root = root};

	build();
	snprintf(root, sizeof root, "%s/root", base);
	ck_assert_int_eq(mummy_http_router_new(&sub), 0);
	ck_assert_int_eq(mummy_http_router_files(sub, "/f", &files), 0);
	ck_assert_int_eq(mummy_http_router_new(&router), 0);
	ck_assert_int_eq(mummy_http_router_mount(router, NULL, "/m/n", sub), 0);
	mummy_http_router_unref(sub);
	ck_assert_int_eq(mummy_http_server_new(&server, router, NULL), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, run, server), 0);
	ck_assert_int_eq(ask("GET", "/m/n/f/dir/x", ""), 200);
	ck_assert_str_eq(content(), "x");
	ck_assert_int_eq(ask("GET", "/m/n/f", ""), 308);
	ck_assert(has("\r\nLocation: /m/n/f/\r\n"));
	ck_assert_int_eq(ask("GET", "/f/dir/x", ""), 404);
	stop();
}
END_TEST

START_TEST(ranges)
{
	char etag[128], field[256], parts[2048];

	start(0);
	ck_assert_int_eq(ask("GET", "/a%20b.txt", "Range: bytes=2-4\r\n"), 206);
	ck_assert(has("\r\nContent-Range: bytes 2-4/10\r\n") && has("\r\nContent-Length: 3\r\n"));
	ck_assert_str_eq(content(), "234");
	value("ETag", etag);
	ck_assert_int_eq(ask("GET", "/a%20b.txt", "Range: bytes=-3\r\n"), 206);
	ck_assert(has("\r\nContent-Range: bytes 7-9/10\r\n"));
	ck_assert_str_eq(content(), "789");
	ck_assert_int_eq(ask("GET", "/a%20b.txt", "Range: bytes=10-\r\n"), 416);
	ck_assert(has("\r\nContent-Range: bytes */10\r\n"));
	ck_assert_int_eq(ask("GET", "/a%20b.txt", "Range: bytes=0-1,0-2,1-3,2-5\r\n"), 200);
	ck_assert_int_eq(ask("GET", "/a%20b.txt", "Range: bytes=0-1,4-5,-1\r\n"), 206);
	ck_assert(!has("\r\nContent-Range: "));
	value("Content-Type", field);
	ck_assert_int_eq(strncmp(field, "multipart/byteranges; boundary=", 31), 0);
	snprintf(parts, sizeof parts,
		 "\r\n--%s\r\nContent-Range: bytes 0-1/10\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n01"
		 "\r\n--%s\r\nContent-Range: bytes 4-5/10\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n45"
		 "\r\n--%s\r\nContent-Range: bytes 9-9/10\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n9"
		 "\r\n--%s--\r\n", field + 31, field + 31, field + 31, field + 31);
	ck_assert_str_eq(content(), parts);
	ck_assert_int_eq(ask("HEAD", "/a%20b.txt", "Range: bytes=2-4\r\n"), 200);
	snprintf(field, sizeof field, "Range: bytes=2-4\r\nIf-Range: %s\r\n", etag);
	ck_assert_int_eq(ask("GET", "/a%20b.txt", field), 206);
	ck_assert_int_eq(ask("GET", "/a%20b.txt", "Range: bytes=2-4\r\nIf-Range: \"x\"\r\n"), 200);
	ck_assert_int_eq(ask("GET", "/a%20b.txt", "Range: bytes=2-4\r\nIf-Range: " AT "\r\n"), 206);
	stop();
}
END_TEST

START_TEST(packed_siblings)
{
	char plain[128], packed[128];

	start(0);
	ck_assert_int_eq(ask("GET", "/page.css", ""), 200);
	ck_assert_str_eq(content(), "plain");
	ck_assert(has("\r\nVary: Accept-Encoding\r\n"));
	value("ETag", plain);
	ck_assert_int_eq(ask("GET", "/page.css", "Accept-Encoding: gzip\r\n"), 200);
	ck_assert_str_eq(content(), "packed");
	ck_assert(has("\r\nContent-Encoding: gzip\r\n") && has("\r\nVary: Accept-Encoding\r\n"));
	ck_assert(has("\r\nContent-Type: text/css; charset=utf-8\r\n"));
	ck_assert_str_ne(value("ETag", packed), plain);
	ck_assert_int_eq(ask("GET", "/page.css", "Accept-Encoding: gzip;q=0, *\r\n"), 200);
	ck_assert_str_eq(content(), "plain");
	ck_assert_int_eq(ask("GET", "/page.css", "Accept-Encoding: gzip;q=0.1, identity\r\n"), 200);
	ck_assert_str_eq(content(), "plain");
	ck_assert_int_eq(ask("GET", "/old.css", "Accept-Encoding: gzip\r\n"), 200);
	ck_assert_str_eq(content(), "plain");
	ck_assert(!has("Vary"));
	stop();
}
END_TEST

START_TEST(options_are_checked)
{
	struct mummy_http_files files = {.root = "/"};
	mummy_http_router *r;

	ck_assert_int_eq(mummy_http_router_new(&r), 0);
	ck_assert_int_eq(mummy_http_router_files(r, "a", &files), -EINVAL);
	files.index = "a/b";
	ck_assert_int_eq(mummy_http_router_files(r, "/", &files), -EINVAL);
	files.index = NULL;
	files.flags = 64;
	ck_assert_int_eq(mummy_http_router_files(r, "/", &files), -EINVAL);
	files.flags = 0;
	files.reserved[0] = 1;
	ck_assert_int_eq(mummy_http_router_files(r, "/", &files), -EINVAL);
	files.reserved[0] = 0;
	files.root = "/missing/folder";
	ck_assert_int_eq(mummy_http_router_files(r, "/", &files), -ENOENT);
	files.root = "/dev/null";
	ck_assert_int_eq(mummy_http_router_files(r, "/", &files), -ENOTDIR);
	files.root = "/";
	ck_assert_int_eq(mummy_http_router_files(r, "/", &files), 0);
	ck_assert_int_eq(mummy_http_router_files(r, "/", &files), -EEXIST);
	mummy_http_router_unref(r);
}
END_TEST

SUITE_MAIN("http/files", a_file_is_sent_with_its_fields, a_large_file_is_whole,
	   a_client_that_left_raises_no_signal, files_come_from_the_executor,
	   errors_have_the_page_of_the_program, folders_have_an_index_and_a_slash,
	   what_is_not_to_be_served_is_not, dot_files_are_served_when_asked_for, types_are_to_be_believed, conditions, ranges,
	   folders_are_listed_when_asked_for, files_are_served_below_a_mount,
	   packed_siblings, options_are_checked)
