#include <config.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <mummy/http.h>
#include "suite.h"
#include "certs.h"
#include "mummy-common.h"
#include "hook.h"

static struct hook_answer answer;
static struct hook_trust *trust;               /* for https */

START_TEST(addresses_that_can_be_asked)
{
	static const char *const good[] = { "http://127.0.0.1:9000/hook", "http://localhost",
		"HTTP://a.example/x?y=z", "http://[::1]:81/", "http://a?b", "http://a:65535" };
	static const char *const bad[] = { "", "/hook", "a.example", "httpx://a.example/", "http://", "http:///x",
		"http://user@a/", "http://a/#x", "http://a:0/", "http://a:65536/", "http://a:x/", "http://a b/",
		"ftp://a/", "http://a/\r\nX: y", "http://[::1/" };

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		ck_assert_msg(hook_url_check(good[i]) == 0, "%s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(hook_url_check(bad[i]) == -EINVAL, "%s", bad[i]);
	ck_assert_int_eq(hook_url_check("https://a.example/"), 1);
	ck_assert_int_eq(hook_url_check("HTTPS://[::1]:81/x"), 1);
}
END_TEST

/* ---- Against a server ------------------------------------------------------------------------------ */

static char heard[4096];

static void receive(mummy_http_exchange *x, void *ctx)
{
	size_t n, len;
	const char *body = mummy_http_body(x, &len), *status = mummy_http_query(x, NULL);

	(void)ctx;
	snprintf(heard, sizeof heard, "%s %s %s %.*s", mummy_http_method(x, NULL),
		 mummy_http_header_get(x, "Content-Type", &n), mummy_http_header_get(x, "Mummy-Event", &n), (int)len,
		 body ? body : "");
	mummy_http_respond_text(x, status && *status ? atoi(status) : 200, "the content\n");
}

static void *serve(void *server)
{
	ck_assert_int_eq(mummy_http_server_run(server), 0);
	return NULL;
}

static int post(const char *url, const char *json)
{
	const struct hook_call c = { .event = "pre-finish", .id = "0123", .json = json, .len = strlen(json),
		.deadline_ms = mummy_now_ms() + 30000 };

	return hook_url(url, trust, &c, &answer);
}

START_TEST(a_server_answers)
{
	const struct mummy_http_route route = { .handler = receive };
	const struct mummy_http_options opt = { .loops = 1 };
	mummy_http_router *router;
	mummy_http_server *server;
	pthread_t thread;
	char url[64];
	unsigned port;

	ck_assert_int_eq(mummy_http_router_new(&router), 0);
	ck_assert_int_eq(mummy_http_router_add(router, "POST", "/hook", &route), 0);
	ck_assert_int_eq(mummy_http_server_new(&server, router, &opt), 0);
	port = mummy_http_server_port(server, 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, serve, server), 0);
	snprintf(url, sizeof url, "http://127.0.0.1:%u/hook", port);
	ck_assert_int_eq(post(url, "{\"a\":1}"), 0);
	ck_assert_str_eq(heard, "POST application/json pre-finish {\"a\":1}");
	ck_assert_int_eq(answer.status, 0);
	ck_assert_str_eq(answer.text, "the content\n");
	snprintf(url, sizeof url, "http://localhost:%u/hook?422", port);
	ck_assert_int_eq(post(url, "{}"), 0);
	ck_assert_int_eq(answer.status, 422);
	ck_assert_str_eq(answer.text, "the content\n");
	snprintf(url, sizeof url, "http://127.0.0.1:%u/elsewhere", port);
	ck_assert_int_eq(post(url, "{}"), 0);
	ck_assert_int_eq(answer.status, 404);
	mummy_http_server_stop(server);
	pthread_join(thread, NULL);
	mummy_http_server_free(server);
	mummy_http_router_unref(router);
}
END_TEST

/* ---- Against what says something set --------------------------------------------------------------- */

struct peer {
	int fd;
	const char *says;
	size_t piece;                      /* octets at a time */
	int deaf;                          /* it does not read the request */
};

static void *speak(void *arg)
{
	const struct peer *p = arg;
	const size_t n = strlen(p->says);
	char rest[4096];
	int fd = accept(p->fd, NULL, NULL);

	ck_assert_int_ge(fd, 0);
	for (size_t at = 0; at < n; at += p->piece)
		send(fd, p->says + at, n - at < p->piece ? n - at : p->piece, MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	while (!p->deaf && recv(fd, rest, sizeof rest, 0) > 0)
		;
	close(fd);
	return NULL;
}

static int listener(char *url, size_t size)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t n = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	snprintf(url, size, "http://127.0.0.1:%u", (unsigned)ntohs(at.sin_port));
	return fd;
}

static int told(const char *says, size_t piece)
{
	struct peer p = { .says = says, .piece = piece };
	char url[64];
	pthread_t t;
	int rc;

	p.fd = listener(url, sizeof url);
	ck_assert_int_eq(pthread_create(&t, NULL, speak, &p), 0);
	rc = post(url, "{}");
	pthread_join(t, NULL);
	close(p.fd);
	return rc;
}

START_TEST(answers_of_every_framing)
{
	static const struct { const char *says; int rc, status; const char *text; } v[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef", 0, 0, "abc" },
		{ "HTTP/1.1 204 None\r\n\r\n", 0, 0, "" },
		{ "HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", 0, 403, "abc" },
		{ "HTTP/1.0 599 \r\n\r\nto the end", 0, 599, "to the end" },
		{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Y\r\nContent-Length: 0\r\n\r\n", 0, 0, "" },
		{ "HTTP/1.1 302 Gone\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", -EPROTO, 302, NULL },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", -EPROTO, 0, NULL },
		{ "HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", -EPROTO, 0, NULL },
		{ "HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", -EPROTO, 0, NULL },
		{ "SSH-2.0-OpenSSH_9.2\r\n", -EPROTO, 0, NULL },
		{ "HTTP/1.1 200 OK\r\nConte", -EPROTO, 0, NULL },
		{ "", -EPROTO, 0, NULL },
	};

	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++)
		for (size_t piece = 1; piece <= 1000; piece += 999) {
			ck_assert_msg(told(v[i].says, piece) == v[i].rc, "%zu: %s", i, v[i].says);
			if (v[i].rc == 0)
				ck_assert_int_eq(answer.status, v[i].status);
			if (v[i].text)
				ck_assert_str_eq(answer.text, v[i].text);
		}
}
END_TEST

/* A content without end, and a head without end. */
START_TEST(answers_take_bounded_memory)
{
	char *text = malloc(200001);
	int n = sprintf(text, "HTTP/1.1 403 No\r\n\r\n");

	memset(text + n, 'x', (size_t)(200000 - n));
	text[200000] = '\0';
	ck_assert_int_eq(told(text, 200000), 0);
	ck_assert_int_eq(answer.status, 403);
	ck_assert_uint_eq(strlen(answer.text), HOOK_TEXT - 1);
	memcpy(text, "HTTP/1.1 200 OK\r\nX: ", 20);
	ck_assert_int_eq(told(text, 200000), -EPROTO);
	free(text);
}
END_TEST

/* Nobody accepts, nobody answers, nobody is there. */
START_TEST(time_is_over)
{
	_Atomic uint64_t cut = mummy_now_ms() + 200;
	struct hook_call c = { .event = "e", .id = "1", .json = "{}", .len = 2,
		.deadline_ms = mummy_now_ms() + 200 };
	char url[64];
	int fd = listener(url, sizeof url);

	ck_assert_int_eq(hook_url(url, trust, &c, &answer), -ETIMEDOUT);
	c.deadline_ms = mummy_now_ms() + 60000;
	c.cut_ms = &cut;
	ck_assert_int_eq(hook_url(url, trust, &c, &answer), -ETIMEDOUT);
	close(fd);
	cut = UINT64_MAX;
	ck_assert_int_eq(hook_url(url, trust, &c, &answer), -ECONNREFUSED);
	ck_assert_int_eq(hook_url("http://999.1.1.1/", trust, &c, &answer), -EHOSTUNREACH);
}
END_TEST

/* An early no counts, although it did not read what it was told. */
START_TEST(who_answers_early_need_not_read)
{
	struct peer p = { .says = "HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno", .piece = 1000, .deaf = 1 };
	char url[64], *json = malloc(4000001);
	pthread_t t;
	int rc;

	memset(json, 'x', 4000000);
	json[4000000] = '\0';
	p.fd = listener(url, sizeof url);
	ck_assert_int_eq(pthread_create(&t, NULL, speak, &p), 0);
	rc = post(url, json);
	pthread_join(t, NULL);
	/* the reset may have come before what was said was read */
	ck_assert_msg((rc == 0 && answer.status == 413) || rc == -ECONNRESET, "%d", rc);
	close(p.fd);
	free(json);
}
END_TEST

/* ---- TLS --------------------------------------------------------------------------------------------- */

struct tls_peer {
	int fd;
	gnutls_certificate_credentials_t credentials;
	const char *says;
	int rude;                          /* it does not say that this is the end */
	char heard[4096];
};

static void *speak_tls(void *arg)
{
	struct tls_peer *p = arg;
	size_t have = 0, sent = 0;
	ssize_t n;
	int fd;
	gnutls_session_t tls = tls_accept(p->fd, p->credentials, &fd);

	while (tls && !strstr(p->heard, "}") && (n = gnutls_record_recv(tls, p->heard + have, sizeof p->heard - 1 - have)) > 0)
		p->heard[have += (size_t)n] = '\0';
	/* an octet in each record */
	for (; tls && sent < strlen(p->says); sent++)
		ck_assert_int_eq(gnutls_record_send(tls, p->says + sent, 1), 1);
	if (tls && !p->rude)
		gnutls_bye(tls, GNUTLS_SHUT_WR);
	shutdown(fd, SHUT_WR);
	if (tls)
		gnutls_deinit(tls);
	close(fd);
	return NULL;
}

/* What hook_url gives for a server with a certificate for host, when it is called by another name. */
static int told_by_tls(struct tls_peer *p, const struct ca *ca, const char *host, int seconds, const char *name)
{
	char url[64], plain[64];
	pthread_t t;
	int rc;

	p->heard[0] = '\0';
	p->fd = listener(plain, sizeof plain);
	p->credentials = ca_sign(ca, host, seconds);
	snprintf(url, sizeof url, "https://%s%s/hook", name, strrchr(plain, ':'));
	ck_assert_int_eq(pthread_create(&t, NULL, speak_tls, p), 0);
	rc = post(url, "{}");
	pthread_join(t, NULL);
	close(p->fd);
	gnutls_certificate_free_credentials(p->credentials);
	return rc;
}

static void trust_in(const struct ca *ca)
{
	char path[] = "/tmp/mummy-test-XXXXXX";

	close(mkstemp(path));
	ca_write(ca, path);
	ck_assert_int_eq(hook_trust_open(&trust, path), 0);
	unlink(path);
}

START_TEST(a_server_with_tls_answers)
{
	struct tls_peer p = { .says = "HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nabc" };
	struct ca ca;

	ca_new(&ca);
	trust_in(&ca);
	ck_assert_int_eq(told_by_tls(&p, &ca, "127.0.0.1", 3600, "127.0.0.1"), 0);
	ck_assert_int_eq(answer.status, 403);
	ck_assert_str_eq(answer.text, "abc");
	ck_assert_ptr_nonnull(strstr(p.heard, "POST /hook HTTP/1.1\r\nHost: 127.0.0.1:"));
	ck_assert_ptr_nonnull(strstr(p.heard, "\r\n\r\n{}"));
	ck_assert_int_eq(told_by_tls(&p, &ca, "localhost", 3600, "localhost"), 0);
	ck_assert_str_eq(answer.text, "abc");
	p.says = "HTTP/1.1 200 OK\r\n\r\nto the end";
	ck_assert_int_eq(told_by_tls(&p, &ca, "localhost", 3600, "localhost"), 0);
	ck_assert_str_eq(answer.text, "to the end");
	/* who cuts a line cannot make half an answer of one */
	p.rude = 1;
	ck_assert_int_eq(told_by_tls(&p, &ca, "localhost", 3600, "localhost"), -EPROTO);
	hook_trust_free(trust);
	ca_free(&ca);
}
END_TEST

START_TEST(certificates_that_are_not_believed)
{
	struct tls_peer p = { .says = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" };
	struct ca ca, other;

	ca_new(&ca);
	ca_new(&other);
	trust_in(&ca);
	ck_assert_int_eq(told_by_tls(&p, &other, "localhost", 3600, "localhost"), -EACCES);
	ck_assert_str_eq(p.heard, "");
	ck_assert_ptr_nonnull(strstr(answer.text, "issuer is unknown"));
	ck_assert_int_eq(told_by_tls(&p, &ca, "a.example", 3600, "localhost"), -EACCES);
	ck_assert_ptr_nonnull(strstr(answer.text, "name in the certificate"));
	ck_assert_int_eq(told_by_tls(&p, &ca, "localhost", 3600, "127.0.0.1"), -EACCES);
	ck_assert_int_eq(told_by_tls(&p, &ca, "localhost", -3600, "localhost"), -EACCES);
	ck_assert_ptr_nonnull(strstr(answer.text, "expired"));
	ck_assert_str_eq(p.heard, "");
	hook_trust_free(trust);
	ck_assert_int_eq(hook_trust_open(&trust, "/dev/null"), -ENOENT);
	ck_assert_int_eq(hook_trust_open(&trust, "/no/such/file"), -ENOENT);
	ca_free(&ca);
	ca_free(&other);
}
END_TEST

/* Plain HTTP where TLS was expected, and nothing at all. */
START_TEST(tls_that_is_none)
{
	struct peer p = { .says = "HTTP/1.1 400 Speak plainly\r\nContent-Length: 0\r\n\r\n", .piece = 1000 };
	struct hook_call c = { .event = "e", .id = "1", .json = "{}", .len = 2 };
	char plain[64], url[64];
	struct ca ca;
	pthread_t t;

	ca_new(&ca);
	trust_in(&ca);
	p.fd = listener(plain, sizeof plain);
	snprintf(url, sizeof url, "https://127.0.0.1%s", strrchr(plain, ':'));
	ck_assert_int_eq(pthread_create(&t, NULL, speak, &p), 0);
	ck_assert_int_eq(post(url, "{}"), -ECONNABORTED);
	ck_assert_ptr_nonnull(strstr(answer.text, "TLS: "));
	pthread_join(t, NULL);
	c.deadline_ms = mummy_now_ms() + 200;
	ck_assert_int_eq(hook_url(url, trust, &c, &answer), -ETIMEDOUT);
	ck_assert_int_eq(hook_url(url, NULL, &c, &answer), -EINVAL);
	close(p.fd);
	hook_trust_free(trust);
	ca_free(&ca);
}
END_TEST

SUITE_MAIN("mummy-server/hook-url", addresses_that_can_be_asked, a_server_answers, answers_of_every_framing,
	   answers_take_bounded_memory, time_is_over, who_answers_early_need_not_read, a_server_with_tls_answers,
	   certificates_that_are_not_believed, tls_that_is_none)
