/*
 * test_middleware.c - what mummy-server does around every answer.
 */
#include <config.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "suite.h"
#include "client.h"

#define ANY "--listen", "127.0.0.1:0"
#define GET(path) "GET " path " HTTP/1.1\r\n"
#define PAGE "Origin: https://a.example\r\n"

static char said[4096];

START_TEST(test_log_has_a_line_for_each_answer)
{
	static const char *const wanted[] = { " info stopped\n", " answer 127.0.0.1 200 GET /_mummy/stats\n",
		" answer 127.0.0.1 404 POST /none?x=1\n", " answer 127.0.0.1 404 GET /ws/none\n" };
	char path[] = "/tmp/mummy-test-XXXXXX", text[4096];
	int fd = mkstemp(path);
	struct response r;
	struct server s;

	ck_assert_int_ge(fd, 0);
	server_start(&s, ANY, "--log", path, NULL);
	client_ask(s.port, &r, GET("/_mummy/stats"));
	response_free(&r);
	client_ask(s.port, &r, "POST /none?x=1 HTTP/1.1\r\n");
	response_free(&r);
	client_ask(s.port, &r, GET("/ws/none"));
	response_free(&r);
	ck_assert_int_eq(server_stop(&s), 0);
	file_read(path, text, sizeof text);
	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
		ck_assert_msg(strstr(text, wanted[i]) != NULL, "%s lacks %s", text, wanted[i]);
	unlink(path);
	close(fd);
}
END_TEST

START_TEST(test_middleware)
{
	char path[] = "/tmp/mummy-test-XXXXXX", text[4096];
	int fd = mkstemp(path);
	struct response r;
	struct server s;

	ck_assert_int_ge(fd, 0);
	server_start(&s, ANY, "--access-log", path, "--access-format=json", "--request-id", "--trusted-proxies",
		     "127.0.0.1", "--rate-limit", "1000", "--cors", "https://a.example", NULL);
	client_ask(s.port, &r, GET("/none") "X-Forwarded-For: 192.0.2.7\r\nX-Request-Id: one\r\n"
		   "Origin: https://a.example\r\n");
	ck_assert_int_eq(r.status, 404);
	field_is(&r, "X-Request-Id", "one");
	field_is(&r, "Access-Control-Allow-Origin", "https://a.example");
	response_free(&r);
	ck_assert_int_eq(server_stop(&s), 0);
	file_read(path, text, sizeof text);
	ck_assert_ptr_nonnull(strstr(text, "\"client\":\"192.0.2.7\",\"method\":\"GET\",\"target\":\"/none\""));
	ck_assert_ptr_nonnull(strstr(text, "\"id\":\"one\""));
	unlink(path);
	close(fd);
	ck_assert_int_eq(server_run(said, sizeof said, 0, ANY, "--trusted-proxies", "x", NULL), 2);
	complaint_names(said, "--trusted-proxies");
	ck_assert_int_eq(server_run(said, sizeof said, 0, ANY, "--access-log", "/no/such/log", NULL), 2);
	complaint_names(said, "--access-log");
	ck_assert_int_eq(server_run(said, sizeof said, 0, ANY, "--access-format", "xml", NULL), 2);
	complaint_names(said, "--access-format");
}
END_TEST

START_TEST(test_max_body)
{
	static const char ten[] = "POST /diag/echo HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n0123456789";
	struct server s;
	struct response r;
	int fd;

	server_start(&s, ANY, "--diagnostics", "--max-body", "10", NULL);
	fd = client_open(s.port);
	client_send(fd, ten, sizeof ten - 1);
	client_receive(fd, &r, 0);
	ck_assert_str_eq(r.body, "0123456789");
	response_free(&r);
	close(fd);
	client_ask(s.port, &r, "POST /diag/echo HTTP/1.1\r\nContent-Length: 11\r\n");
	ck_assert_int_eq(r.status, 413);
	response_free(&r);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

/* It takes all that it gets, but there is always more than it takes. */
START_TEST(test_min_answer_rate)
{
	static const char ask[] = "GET /diag/bytes?n=16777216 HTTP/1.1\r\nHost: test\r\n\r\n";
	struct server s;
	char piece[200];
	ssize_t n = 1;
	int fd, turns = 0;

	server_start(&s, ANY, "--diagnostics", "--idle-timeout", "200ms", "--min-answer-rate", "1M", NULL);
	fd = client_open(s.port);
	client_send(fd, ask, sizeof ask - 1);
	for (errno = 0; n > 0 && turns < 1000; turns++) {
		n = recv(fd, piece, sizeof piece, 0);
		if (n > 0)
			poll(NULL, 0, 20);
	}
	ck_assert_int_lt(turns, 1000);
	ck_assert_int_eq(errno, ECONNRESET);
	close(fd);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

/* A browser refuses an answer that has it twice. */
static void allowed_once(const struct response *r)
{
	const char *at = strcasestr(r->head, "\r\nAccess-Control-Allow-Origin: https://a.example\r\n");

	ck_assert_msg(at && !strcasestr(at + 2, "\r\nAccess-Control-Allow-Origin:"), "%s", r->head);
}

/* Every one of the names is in the list. */
static void field_lists(const struct response *r, const char *name, const char *const *wanted)
{
	char value[1024];

	response_field(r, name, value, sizeof value);
	for (; *wanted; wanted++)
		ck_assert_msg(strstr(value, *wanted) != NULL, "%s: \"%s\" lacks %s", name, value, *wanted);
}

static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", NULL };
static const char *const fields[] = { "Content-Range", "Content-Type", "Tus-Resumable", "Upload-Checksum",
	"Upload-Concat", "Upload-Defer-Length", "Upload-Length", "Upload-Metadata", "Upload-Offset", "X-HTTP-Method-Override",
	NULL };
static const char *const read_by_pages[] = { "Location", "Tus-Checksum-Algorithm", "Tus-Extension", "Upload-Concat",
	"Upload-Defer-Length", "Upload-Expires", "Upload-Length", "Upload-Offset", NULL };

/* The discovery of TUS is the same, whoever asks and for what. */
static void tells_what_uploads_there_are(struct server *s, const char *path, const char *more, const char *allowed)
{
	static const char *const extensions[] = { "creation", "creation-with-upload", "creation-defer-length",
		"expiration", "checksum", "checksum-trailer", "termination", "concatenation",
		"concatenation-unfinished", NULL };
	char request[512];
	struct response r;

	snprintf(request, sizeof request, "OPTIONS %s HTTP/1.1\r\n%s", path, more);
	client_ask(s->port, &r, "%s", request);
	ck_assert_int_eq(r.status, 204);
	field_is(&r, "Tus-Resumable", "1.0.0");
	field_is(&r, "Tus-Version", "1.0.0");
	field_is(&r, "Tus-Max-Size", "1024");
	field_is(&r, "Tus-Checksum-Algorithm", "sha1,sha256,sha512,md5");
	field_lists(&r, "Tus-Extension", extensions);
	field_is(&r, "Allow", allowed);
	response_free(&r);
}

#define AN_ID "0123456789abcdef0123456789abcdef"
#define PREFLIGHT PAGE "Access-Control-Request-Method: PATCH\r\n"

START_TEST(test_discovery)
{
	static const char *const options[] = { "--cors", "--upload-origins", "--name" };
	static const char *const values[] = { "https://a.example", "https://a.example", "id" };
	static const struct { const char *path, *allow; } places[] = {
		{ "/files", "OPTIONS, POST" }, { "/files/", "OPTIONS, POST" }, { "/range/", "OPTIONS, POST, PUT" },
		{ "/files/" AN_ID, "OPTIONS, HEAD, PATCH, GET, DELETE" },
		{ "/range/" AN_ID, "OPTIONS, HEAD, PATCH, PUT, GET, DELETE" },
	};
	struct server s;

	for (size_t i = 0; i < 3; i++) {
		server_start(&s, ANY, "--upload-max-size", "1K", options[i], values[i], NULL);
		for (size_t k = 0; k < sizeof places / sizeof places[0]; k++) {
			tells_what_uploads_there_are(&s, places[k].path, "", places[k].allow);
			tells_what_uploads_there_are(&s, places[k].path, PAGE, places[k].allow);
			tells_what_uploads_there_are(&s, places[k].path, PREFLIGHT, places[k].allow);
		}
		ck_assert_int_eq(server_stop(&s), 0);
	}
}
END_TEST

static void pages_of_that_origin_may_upload(struct server *s)
{
	struct response r;

	client_ask(s->port, &r, "OPTIONS /files/ HTTP/1.1\r\n" PAGE "Access-Control-Request-Method: PATCH\r\n"
		   "Access-Control-Request-Headers: tus-resumable, upload-checksum\r\n");
	ck_assert_int_eq(r.status, 204);
	allowed_once(&r);
	field_lists(&r, "Access-Control-Allow-Methods", methods);
	field_lists(&r, "Access-Control-Allow-Headers", fields);
	response_free(&r);
	client_ask(s->port, &r, "POST /files/ HTTP/1.1\r\n" PAGE "Tus-Resumable: 1.0.0\r\n"
		   "Upload-Length: 5\r\nContent-Length: 0\r\n");
	ck_assert_int_eq(r.status, 201);
	allowed_once(&r);
	field_lists(&r, "Access-Control-Expose-Headers", read_by_pages);
	response_free(&r);
	ck_assert_int_eq(server_stop(s), 0);
}

START_TEST(test_cors_covers_uploads)
{
	struct server s;

	server_start(&s, ANY, "--cors", "https://a.example", NULL);
	pages_of_that_origin_may_upload(&s);
}
END_TEST

START_TEST(test_upload_origins)
{
	struct server s;
	struct response r;

	server_start(&s, ANY, "--upload-origins", "https://a.example", NULL);
	client_ask(s.port, &r, GET("/_mummy/") PAGE);
	ck_assert_int_eq(r.status, 200);
	field_is(&r, "Access-Control-Allow-Origin", "");
	response_free(&r);
	pages_of_that_origin_may_upload(&s);
}
END_TEST

/* Browsers do not ask before they send one. */
START_TEST(test_forms_of_other_pages_are_refused)
{
	static const struct { const char *fields; int alone, listed; } all[] = {
		{ "Host: a.test:81\r\n", 201, 201 },
		{ "Host: a.test:81\r\nOrigin: http://A.test:81\r\n", 201, 201 },
		{ "Host: a.test\r\nOrigin: https://a.test\r\n", 201, 201 },
		{ "Host: a.test:443\r\nOrigin: https://a.test\r\n", 201, 201 },
		{ "Host: [::1]:81\r\nOrigin: http://[::1]:81\r\n", 201, 201 },
		{ "Host: a.test:81\r\nOrigin: http://a.test\r\n", 403, 403 },
		{ "Host: a.test\r\nOrigin: http://a.test.evil\r\n", 403, 403 },
		{ "Host: a.test\r\nOrigin: null\r\n", 403, 403 },
		{ "Host: a.test\r\nOrigin: \r\n", 403, 403 },
		{ "Host: a.test\r\nOrigin: http://a.test, http://evil\r\n", 403, 403 },
		{ "Host: a.test\r\nOrigin: http://a.test\r\nOrigin: http://evil\r\n", 403, 403 },
		{ "Host: a.example\r\n" PAGE, 201, 201 },
		{ "Host: a.test\r\n" PAGE, 403, 201 },
	};
	static const char body[] =
		"--b\r\nContent-Disposition: form-data; name=a; filename=f\r\n\r\nx\r\n--b--\r\n";

	for (int k = 0; k < 2; k++) {
		struct server s;

		server_start(&s, ANY, k ? "--upload-origins" : "--worker-nice",
			     k ? "https://b.example, https://a.example" : "0", NULL);
		for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
			int fd = client_open(s.port), want = k ? all[i].listed : all[i].alone;
			char text[1024];
			struct response r;
			int n = snprintf(text, sizeof text, "POST /range/ HTTP/1.1\r\n%sContent-Length: %zu\r\n"
					 "Content-Type: multipart/form-data; boundary=b\r\n\r\n%s", all[i].fields,
					 sizeof body - 1, body);

			client_send(fd, text, (size_t)n);
			client_receive(fd, &r, 0);
			ck_assert_msg(r.status == want, "%s: %d instead of %d", all[i].fields, r.status, want);
			response_free(&r);
			close(fd);
		}
		ck_assert_int_eq(server_stop(&s), 0);
	}
}
END_TEST

START_TEST(test_both_lists_of_origins_are_refused)
{
	ck_assert_int_eq(server_run(said, sizeof said, 0, ANY, "--cors", "https://a.example", "--upload-origins",
				    "https://b.example", NULL), 2);
	complaint_names(said, "--upload-origins");
}
END_TEST

/* A form's files as well as what the server refuses by itself. */
static void errors_are_readable(struct server *s)
{
	static const struct { const char *request; int status; } all[] = {
		{ "POST /files/ HTTP/1.1\r\n" PAGE "Tus-Resumable: 1.0.0\r\nUpload-Length: x\r\nContent-Length: 0\r\n", 400 },
		{ "POST /range/ HTTP/1.1\r\n" PAGE "Content-Type: multipart/form-data\r\nContent-Length: 0\r\n", 400 },
		{ "POST /files/ HTTP/1.1\r\n" PAGE "Expect: more\r\nContent-Length: 0\r\n", 417 },
		{ "GET /range/%zz HTTP/1.1\r\n" PAGE, 400 },
		{ "GET /files/none HTTP/1.1\r\n" PAGE, 404 },
	};
	struct response r;

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		client_ask(s->port, &r, "%s", all[i].request);
		ck_assert_msg(r.status == all[i].status, "%s: %d", all[i].request, r.status);
		allowed_once(&r);
		field_is(&r, "Access-Control-Allow-Credentials", "true");
		response_free(&r);
	}
}

/* Whoever may read answers may read that there were too many requests. */
START_TEST(test_refused_for_the_rate)
{
	struct server s;
	struct response r;
	int limited = 0;

	server_start(&s, ANY, "--rate-limit", "1", "--cors", "https://a.example", NULL);
	for (int i = 0; i < 20 && !limited; i++) {
		client_ask(s.port, &r, "OPTIONS /none HTTP/1.1\r\n" PREFLIGHT);
		ck_assert_int_eq(r.status, 204);
		response_free(&r);
		client_ask(s.port, &r, GET("/none") PAGE);
		limited = r.status == 429;
		allowed_once(&r);
		response_free(&r);
	}
	ck_assert_int_eq(limited, 1);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

START_TEST(test_credentials)
{
	static const char *const options[] = { "--cors", "--upload-origins" };
	struct server s;
	struct response r;

	for (size_t i = 0; i < 2; i++) {
		server_start(&s, ANY, options[i], "https://b.example,https://a.example", "--cors-credentials", NULL);
		errors_are_readable(&s);
		client_ask(s.port, &r, "OPTIONS /files/ HTTP/1.1\r\n" PREFLIGHT);
		field_is(&r, "Access-Control-Allow-Credentials", "true");
		field_is(&r, "Vary", "Origin");
		response_free(&r);
		client_ask(s.port, &r, "OPTIONS /files/ HTTP/1.1\r\nOrigin: https://c.example\r\n"
			   "Access-Control-Request-Method: PATCH\r\n");
		field_is(&r, "Access-Control-Allow-Credentials", "");
		field_is(&r, "Access-Control-Allow-Origin", "");
		response_free(&r);
		pages_of_that_origin_may_upload(&s);
	}
	ck_assert_int_eq(server_run(said, sizeof said, 0, ANY, "--cors", "*", "--cors-credentials", NULL), 2);
	complaint_names(said, "--cors-credentials");
}
END_TEST

/* Every answer with a text or a file says so once. */
START_TEST(test_types_are_to_be_believed)
{
	static const char *const requests[] = {
		GET("/a.html"), GET("/none.html"), GET("/_mummy/"), GET("/ws/none"), GET("/files/none"), GET("/files/%zz"),
		"DELETE /a.html HTTP/1.1\r\n", "POST /range/ HTTP/1.1\r\nContent-Type: multipart/form-data\r\n",
		GET("/_mummy/") "If-Match: \"x\"\r\n",
	};
	static const char field[] = "\r\nX-Content-Type-Options: nosniff\r\n";
	char root[] = "/tmp/mummy-test-XXXXXX", file[64];
	struct server s;
	FILE *f;

	ck_assert_ptr_nonnull(mkdtemp(root));
	snprintf(file, sizeof file, "%s/a.html", root);
	f = fopen(file, "w");
	ck_assert(f && fputs("<p>", f) > 0 && fclose(f) == 0);
	server_start(&s, ANY, "--root", root, NULL);
	for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
		struct response r;
		const char *at;

		client_ask(s.port, &r, "%s", requests[i]);
		at = strcasestr(r.head, field);
		ck_assert_msg(at && !strcasestr(at + 2, field), "%s: %s", requests[i], r.head);
		response_free(&r);
	}
	ck_assert_int_eq(server_stop(&s), 0);
	unlink(file);
	rmdir(root);
}
END_TEST

SUITE_MAIN("middleware", test_types_are_to_be_believed, test_discovery, test_refused_for_the_rate,
	   test_credentials,
	   test_log_has_a_line_for_each_answer, test_middleware, test_max_body, test_min_answer_rate,
	   test_cors_covers_uploads, test_upload_origins, test_both_lists_of_origins_are_refused,
	   test_forms_of_other_pages_are_refused)
