/*
 * Hooks of the built mummy-server: a real program, and a real receiver, which is a server of our own in
 * this process.
 */
#include <config.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <mummy/http.h>
#include "mummy-common.h"
#include "suite.h"
#include "certs.h"
#include "client.h"

#define ANY "--listen", "127.0.0.1:0"

static char folder[64], uploads[96], script[96];

/* A folder, and a program in it that keeps each event it gets as FOLDER/EVENT.json before it runs text. */
static void set_up(const char *text)
{
	FILE *f;

	strcpy(folder, "/tmp/mummy-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(uploads, sizeof uploads, "%s/uploads", folder);
	snprintf(script, sizeof script, "%s/hook", folder);
	f = fopen(script, "we");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "#!/bin/sh\ncd %s\ncat > .$1.$2 && mv .$1.$2 $1.json\n%s\n", folder, text);
	fclose(f);
	ck_assert_int_eq(chmod(script, 0755), 0);
}

static void clean_up(void)
{
	char line[96];

	snprintf(line, sizeof line, "rm -rf %s", folder);
	ck_assert_int_eq(system(line), 0);
}

static const char *in_folder(const char *name)
{
	static char path[160];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

/* What an event said, which is waited for. */
static const char *event(const char *name)
{
	static char text[4096];
	char path[64];

	snprintf(path, sizeof path, "%s.json", name);
	file_wait(in_folder(path));
	file_read(in_folder(path), text, sizeof text);
	return text;
}

#define says(text, part) ck_assert_msg(strstr(text, part) != NULL, "%s lacks %s", text, part)

static void forget(const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "%s.json", name);
	unlink(in_folder(path));
}

/* One request with a body; the status, and the text of the answer in said. */
static char said[1024], where[256];

static int ask(uint16_t port, const char *method, const char *path, const char *fields, const char *body)
{
	char head[2048];
	struct response r;
	int fd = client_open(port), status;
	int n = snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: test\r\nTus-Resumable: 1.0.0\r\n"
			 "X-Request-Id: r-%s\r\n%sContent-Length: %zu\r\n\r\n%s", method, path, method, fields, strlen(body), body);

	client_send(fd, head, (size_t)n);
	client_receive(fd, &r, !strcmp(method, "HEAD"));
	close(fd);
	status = r.status;
	snprintf(said, sizeof said, "%s", r.body ? r.body : "");
	if (status == 201)
		response_field(&r, "Location", where, sizeof where);
	response_free(&r);
	return status;
}

static int create(uint16_t port, unsigned length, const char *metadata)
{
	char fields[512];

	snprintf(fields, sizeof fields, "Upload-Length: %u\r\n%s%s%s", length,
		 metadata[0] ? "Upload-Metadata: " : "", metadata, metadata[0] ? "\r\n" : "");
	return ask(port, "POST", "/files/", fields, "");
}

static int patch(uint16_t port, const char *body)
{
	return ask(port, "PATCH", where, "Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\n",
		   body);
}

/* ---- A program ------------------------------------------------------------------------------------- */

START_TEST(a_program_sees_the_life_of_an_upload)
{
	char path[256];
	struct server s;
	const char *e;

	set_up("[ $1 != post-finish ] || { ls $(dirname $0)/done > .l && mv .l listed; }");
	snprintf(path, sizeof path, "%s/done", folder);
	server_start(&s, ANY, "--uploads", uploads, "--completed", path, "--name", "safe", "--request-id",
		     "--hook-command", script, NULL);
	/* {"a":"\x01"} and a line break, and what is no UTF-8 */
	ck_assert_int_eq(create(s.port, 4, "filename Zm9vLnR4dA==,note eyJhIjoiASJ9Cg==,raw /8M="), 201);
	e = event("pre-create");
	says(e, "{\"event\":\"pre-create\",\"id\":\"");
	says(e, strrchr(where, '/') + 1);
	says(e, "\"size\":4,\"offset\":0,\"name\":\"foo.txt\"");
	says(e, "\"note\":\"{\\\"a\\\":\\\"\\u0001\\\"}\\u000a\",\"raw\":\"\\ufffd\\ufffd\"}");
	says(e, "\"client\":\"127.0.0.1\",\"request\":\"r-POST\",\"created\":\"2");
	ck_assert_int_eq(patch(s.port, "0123"), 204);
	e = event("pre-finish");
	snprintf(path, sizeof path, "\"offset\":4,\"path\":\"%s/.%s.part\"", uploads, strrchr(where, '/') + 1);
	says(e, path);
	says(e, "\"request\":\"r-PATCH\"");
	e = event("post-finish");
	snprintf(path, sizeof path, "\"file\":\"foo.txt\",\"path\":\"%s/done/foo.txt\"", folder);
	says(e, path);
	file_wait(in_folder("listed"));
	/* it was told of a file that is there, with its ID.json */
	file_read(in_folder("listed"), path, sizeof path);
	says(path, "foo.txt\n");
	says(path, ".json\n");
	ck_assert_int_eq(ask(s.port, "DELETE", where, "", ""), 204);
	says(event("terminated"), "\"request\":\"r-DELETE\"");
	forget("pre-create");
	forget("pre-finish");
	ck_assert_int_eq(ask(s.port, "POST", "/range/", "Content-Type: multipart/form-data; boundary=b\r\n",
			     "--b\r\nContent-Disposition: form-data; name=a; filename=f.txt\r\n\r\nform\r\n--b--\r\n"), 201);
	e = event("pre-create");
	says(e, "\"size\":null,\"offset\":0,\"name\":\"f.txt\"");
	says(e, "\"request\":\"r-POST\"");
	says(event("pre-finish"), "\"request\":\"r-POST\"");
	ck_assert_int_eq(server_stop(&s), 0);
	clean_up();
}
END_TEST

START_TEST(a_program_refuses_renames_and_limits)
{
	struct server s;
	char path[128];

	set_up("case $1 in\n"
	       "pre-create) grep -q '\"name\":\"a.exe\"' $1.json && { echo '415 no such files'; exit 1; }\n"
	       "	printf 'name=new.txt\\nmax-size=4\\nexpire=7d\\n' ;;\n"
	       "pre-finish) grep -q virus $(sed 's/.*\"path\":\"\\([^\"]*\\).*/\\1/' $1.json) || exit 0\n"
	       "	echo '422 a virus'; exit 3 ;;\n"
	       "esac");
	server_start(&s, ANY, "--uploads", uploads, "--upload-max-size", "8", "--hook-command", script,
		     "--hook-events", "pre-create,pre-finish", NULL);
	ck_assert_int_eq(create(s.port, 4, "filename YS5leGU="), 415);
	ck_assert_str_eq(said, "no such files\n");
	ck_assert_int_eq(create(s.port, 5, ""), 413);
	ck_assert_int_eq(create(s.port, 4, ""), 201);
	ck_assert_int_eq(patch(s.port, "0123"), 204);
	snprintf(path, sizeof path, "%s/new.txt", uploads);
	ck_assert_int_eq(access(path, F_OK), 0);
	ck_assert_int_ne(access(in_folder("post-finish.json"), F_OK), 0);
	ck_assert_int_eq(server_stop(&s), 0);
	server_start(&s, ANY, "--uploads", uploads, "--hook-command", script, "--hook-events", "pre-finish", NULL);
	ck_assert_int_eq(create(s.port, 5, ""), 201);
	ck_assert_int_eq(patch(s.port, "virus"), 422);
	ck_assert_str_eq(said, "a virus\n");
	ck_assert_int_eq(ask(s.port, "HEAD", where, "", ""), 404);
	ck_assert_int_eq(server_stop(&s), 0);
	clean_up();
}
END_TEST

/* It has to wait as long as its octets take at that rate, also under a server that asks nobody any more. */
START_TEST(a_program_sets_a_rate)
{
	struct server s;
	uint64_t begin;

	set_up("[ $1 = pre-create ] && echo rate=4");
	server_start(&s, ANY, "--uploads", uploads, "--upload-rate", "1M", "--hook-command", script,
		     "--hook-events", "pre-create", NULL);
	ck_assert_int_eq(create(s.port, 4, ""), 201);
	begin = mummy_now_ms();
	ck_assert_int_eq(patch(s.port, "0123"), 204);
	ck_assert_uint_ge(mummy_now_ms() - begin, 900);
	ck_assert_int_eq(create(s.port, 4, ""), 201);
	ck_assert_int_eq(server_stop(&s), 0);
	server_start(&s, ANY, "--uploads", uploads, "--hook-events", "pre-create", NULL);
	begin = mummy_now_ms();
	ck_assert_int_eq(patch(s.port, "0123"), 204);
	ck_assert_uint_ge(mummy_now_ms() - begin, 900);
	ck_assert_int_eq(server_stop(&s), 0);
	clean_up();
	set_up("echo rate=fast");
	server_start(&s, ANY, "--uploads", uploads, "--hook-command", script, NULL);
	ck_assert_int_eq(create(s.port, 4, ""), 503);
	server_says(&s, "rate= with a value that is none");
	ck_assert_int_eq(server_stop(&s), 0);
	clean_up();
}
END_TEST

/* Who cannot be asked has not agreed; what was sent is kept until he can. */
START_TEST(no_answer_is_no_yes)
{
	struct server s;

	set_up("case $1 in\n"
	       "pre-create) [ -e ready ] && exit 0; [ -e odd ] && echo max-size=many || sleep 1000 ;;\n"
	       "pre-finish) [ -e ready ] || kill -9 $$ ;;\n"
	       "esac");
	server_start(&s, ANY, "--uploads", uploads, "--hook-command", script, "--hook-timeout", "200ms", NULL);
	ck_assert_int_eq(create(s.port, 4, ""), 503);
	ck_assert_str_eq(said, "the upload cannot be checked now; come again later\n");
	server_says(&s, "it took too long");
	ck_assert_int_eq(server_stop(&s), 0);
	server_start(&s, ANY, "--uploads", uploads, "--hook-command", script, NULL);
	fclose(fopen(in_folder("odd"), "we"));
	ck_assert_int_eq(create(s.port, 4, ""), 503);
	fclose(fopen(in_folder("ready"), "we"));
	ck_assert_int_eq(create(s.port, 4, ""), 201);
	unlink(in_folder("ready"));
	ck_assert_int_eq(patch(s.port, "0123"), 503);
	ck_assert_str_eq(said, "the content cannot be checked now; it is kept\n");
	fclose(fopen(in_folder("ready"), "we"));
	ck_assert_int_eq(ask(s.port, "HEAD", where, "", ""), 200);
	says(event("post-finish"), "\"size\":4");
	ck_assert_int_eq(server_stop(&s), 0);
	clean_up();
}
END_TEST

/* ---- A receiver ------------------------------------------------------------------------------------ */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	mummy_http_router *router;
	mummy_http_server *server;
	pthread_t thread;
	int broken, refused, told;         /* broken: answers 500 to all but questions */
	char last[4096], url[64];
} receiver = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void receive(mummy_http_exchange *x, void *ctx)
{
	size_t n, len;
	const char *name = mummy_http_header_get(x, "Mummy-Event", &n), *body = mummy_http_body(x, &len);
	int status = 200;

	(void)ctx;
	pthread_mutex_lock(&receiver.lock);
	if (!strncmp(name, "pre-", 4)) {
		status = memmem(body, len, "\"size\":5", 8) ? 402 : 200;
	} else if (receiver.broken) {
		receiver.refused++;
		status = 500;
	} else {
		receiver.told++;
		snprintf(receiver.last, sizeof receiver.last, "%.*s", (int)len, body);
	}
	pthread_cond_broadcast(&receiver.changed);
	pthread_mutex_unlock(&receiver.lock);
	mummy_http_respond_text(x, status, status == 402 ? "pay first\n" : "");
}

static void *run_receiver(void *server)
{
	ck_assert_int_eq(mummy_http_server_run(server), 0);
	return NULL;
}

static void receiver_start(void)
{
	const struct mummy_http_route route = { .handler = receive };
	const struct mummy_http_options opt = { .loops = 1 };

	ck_assert_int_eq(mummy_http_router_new(&receiver.router), 0);
	ck_assert_int_eq(mummy_http_router_add(receiver.router, "POST", "/hook", &route), 0);
	ck_assert_int_eq(mummy_http_server_new(&receiver.server, receiver.router, &opt), 0);
	snprintf(receiver.url, sizeof receiver.url, "http://127.0.0.1:%u/hook",
		 (unsigned)mummy_http_server_port(receiver.server, 0));
	ck_assert_int_eq(pthread_create(&receiver.thread, NULL, run_receiver, receiver.server), 0);
}

static void receiver_stop(void)
{
	mummy_http_server_stop(receiver.server);
	pthread_join(receiver.thread, NULL);
	mummy_http_server_free(receiver.server);
	mummy_http_router_unref(receiver.router);
}

static void wait_until(const int *count, int n)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 30;
	pthread_mutex_lock(&receiver.lock);
	while (*count < n)
		ck_assert_int_eq(pthread_cond_timedwait(&receiver.changed, &receiver.lock, &until), 0);
	pthread_mutex_unlock(&receiver.lock);
}

/* Its "no" is passed on; what it does not take in is told again, by the next server too if this one is
 * killed. */
START_TEST(a_receiver_is_told_across_kill_and_restart)
{
	struct server s;
	int status;

	set_up("");
	receiver_start();
	receiver.broken = 1;
	server_start(&s, ANY, "--uploads", uploads, "--hook-url", receiver.url, NULL);
	ck_assert_int_eq(create(s.port, 5, ""), 402);
	ck_assert_str_eq(said, "pay first\n");
	ck_assert_int_eq(create(s.port, 4, ""), 201);
	ck_assert_int_eq(patch(s.port, "0123"), 204);
	wait_until(&receiver.refused, 1);
	kill(s.pid, SIGKILL);
	ck_assert_int_eq(waitpid(s.pid, &status, 0), s.pid);
	close(s.out);
	unlink(s.errors);
	ck_assert_int_eq(receiver.told, 0);
	pthread_mutex_lock(&receiver.lock);
	receiver.broken = 0;
	pthread_mutex_unlock(&receiver.lock);
	server_start(&s, ANY, "--uploads", uploads, "--hook-url", receiver.url, NULL);
	wait_until(&receiver.told, 1);
	says(receiver.last, "{\"event\":\"post-finish\"");
	says(receiver.last, strrchr(where, '/') + 1);
	ck_assert_int_eq(ask(s.port, "DELETE", where, "", ""), 204);
	wait_until(&receiver.told, 2);
	says(receiver.last, "{\"event\":\"terminated\"");
	ck_assert_int_eq(server_stop(&s), 0);
	receiver_stop();
	clean_up();
}
END_TEST

/* ---- A receiver with TLS --------------------------------------------------------------------------- */

struct tls_receiver { int fd, asked; gnutls_certificate_credentials_t credentials; };

/* Says yes to so many; who does not believe it asks nothing. */
static void *receive_tls(void *arg)
{
	struct tls_receiver *r = arg;
	char request[4096];
	size_t have;
	ssize_t n;
	int fd;

	while (r->asked < 2) {
		gnutls_session_t tls = tls_accept(r->fd, r->credentials, &fd);

		for (have = 0; tls && !memmem(request, have, "}\n", 2); have += (size_t)n)
			ck_assert_int_gt(n = gnutls_record_recv(tls, request + have, sizeof request - have), 0);
		if (tls) {
			ck_assert_int_gt(gnutls_record_send(tls, "HTTP/1.1 204 Yes\r\n\r\n", 20), 0);
			gnutls_bye(tls, GNUTLS_SHUT_WR);
			gnutls_deinit(tls);
			r->asked++;
		}
		close(fd);
	}
	return NULL;
}

START_TEST(a_receiver_with_tls)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	struct tls_receiver r = { .fd = socket(AF_INET, SOCK_STREAM, 0) };
	socklen_t n = sizeof at;
	char url[64], file[128];
	struct ca ca, other;
	struct server s;
	pthread_t t;

	set_up("");
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(r.fd, (struct sockaddr *)&at, n), 0);
	ck_assert_int_eq(listen(r.fd, 5), 0);
	ck_assert_int_eq(getsockname(r.fd, (struct sockaddr *)&at, &n), 0);
	snprintf(url, sizeof url, "https://localhost:%u/hook", (unsigned)ntohs(at.sin_port));
	snprintf(file, sizeof file, "%s/ca.pem", folder);
	ca_new(&ca);
	ca_new(&other);
	r.credentials = ca_sign(&ca, "localhost", 3600);
	ck_assert_int_eq(pthread_create(&t, NULL, receive_tls, &r), 0);
	ca_write(&other, file);
	server_start(&s, ANY, "--uploads", uploads, "--hook-url", url, "--hook-ca", file, NULL);
	ck_assert_int_eq(create(s.port, 4, ""), 503);
	server_says(&s, "certificate is NOT trusted");
	ck_assert_int_eq(server_stop(&s), 0);
	ca_write(&ca, file);
	server_start(&s, ANY, "--uploads", uploads, "--hook-url", url, "--hook-ca", file, "--hook-events",
		     "pre-create,terminated", NULL);
	ck_assert_int_eq(create(s.port, 4, ""), 201);
	ck_assert_int_eq(ask(s.port, "DELETE", where, "", ""), 204);
	pthread_join(t, NULL);
	ck_assert_int_eq(server_stop(&s), 0);
	gnutls_certificate_free_credentials(r.credentials);
	ca_free(&ca);
	ca_free(&other);
	close(r.fd);
	clean_up();
}
END_TEST

/* It died after the upload was finished, and before the event was kept: then there is no ID.json either. */
START_TEST(a_kill_at_the_finish_loses_no_event)
{
	char line[256];
	struct server s;

	set_up("");
	server_start(&s, ANY, "--uploads", uploads, "--hook-command", script, NULL);
	ck_assert_int_eq(create(s.port, 4, ""), 201);
	ck_assert_int_eq(patch(s.port, "0123"), 204);
	event("post-finish");
	ck_assert_int_eq(server_stop(&s), 0);
	snprintf(line, sizeof line, "%s/%s.json", uploads, strrchr(where, '/') + 1);
	ck_assert_int_eq(unlink(line), 0);
	forget("post-finish");
	server_start(&s, ANY, "--uploads", uploads, "--hook-command", script, NULL);
	says(event("post-finish"), strrchr(where, '/') + 1);
	ck_assert_int_eq(server_stop(&s), 0);
	forget("post-finish");
	server_start(&s, ANY, "--uploads", uploads, "--hook-command", script, NULL);
	ck_assert_int_eq(server_stop(&s), 0);
	ck_assert_int_ne(access(in_folder("post-finish.json"), F_OK), 0);
	clean_up();
}
END_TEST

START_TEST(bad_values_exit_2)
{
	static const char *const bad[][3] = {
		{ "--hook-command", "/no/such/program", "/no/such/program" },
		{ "--hook-command", "/tmp", "--hook-command" },
		{ "--hook-command", "/dev/null", "--hook-command" }, { "--hook-command", "", "--hook-command" },
		{ "--hook-url", "ftp://a.example/", "address of HTTP" }, { "--hook-ca", "/dev/null", "--hook-url" }, { "--hook-url", "a.example", "--hook-url" },
		{ "--hook-events", "pre-create,paid", "\"paid\"" }, { "--hook-events", "", "--hook-events" },
		{ "--hook-timeout", "0", "--hook-timeout" }, { "--hook-jobs", "0", "--hook-jobs" },
		{ "--hook-keep", "long", "--hook-keep" }, { "--hook-queue", "0", "--hook-queue" },
	};
	char errors[2048];

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_assert_int_eq(server_run(errors, sizeof errors, 0, ANY, bad[i][0], bad[i][1], NULL), 2);
		says(errors, bad[i][2]);
	}
}
END_TEST

SUITE_MAIN("mummy-server/hooks", a_program_sees_the_life_of_an_upload, a_program_refuses_renames_and_limits,
	   a_program_sets_a_rate,
	   no_answer_is_no_yes, a_receiver_is_told_across_kill_and_restart, a_kill_at_the_finish_loses_no_event,
	   a_receiver_with_tls, bad_values_exit_2)
