/*
 * test_session.c - mummy-upload against a server that answers as it is told to: what is tried again, and how;
 * what is not; and who is told what.
 */
#include <config.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include "suite.h"
#include "upload.h"

/* ---- A server that is told what to say -------------------------------------------------------------- */

#define MAX_REQUESTS 24
#define OPTIONS "OPTIONS /files/"
#define CREATE "POST /files/"
#define SEND "PATCH /files/1"
#define LOOK "HEAD /files/1"
#define OFFERS(more) "204 No Content\r\nTus-Version: 1.0.0\r\nTus-Extension: creation" more
#define CREATED "201 Created\r\nLocation: /files/1"
#define AT(n) "204 No Content\r\nUpload-Offset: " #n
#define CONTENT "0123456789"

struct exchange {
	const char *request;       /* the beginning of it */
	const char *answer;        /* status and fields; NULL: the connection is closed; "": it hangs; +: the body
				      has no end */
};
static struct exchange script[MAX_REQUESTS];
static char heads[MAX_REQUESTS][4096], bodies[MAX_REQUESTS][64];
static unsigned nscript;
static char wrong[600], url[64], file[80];
static int door;
static uint16_t port;
static pthread_t thread;
static struct upload up;

static int read_request(int fd, unsigned i)
{
	const char *length;
	size_t n = 0, want;

	while (n < sizeof heads[0] - 1 && recv(fd, heads[i] + n, 1, 0) == 1) {
		n++;
		if (n >= 4 && memcmp(heads[i] + n - 4, "\r\n\r\n", 4) == 0)
			break;
	}
	if (n < 4)
		return 0;
	length = strstr(heads[i], "Content-Length: ");
	want = length ? strtoul(length + 16, NULL, 10) : 0;
	for (n = 0; n < want && n < sizeof bodies[0] - 1 && recv(fd, bodies[i] + n, 1, 0) == 1;)
		n++;
	return 1;
}

static void *serve(void *arg)
{
	char answer[1024], rest;

	(void)arg;
	for (unsigned i = 0; i < nscript;) {
		int fd = accept(door, NULL, NULL);

		if (fd < 0)
			break;
		if (read_request(fd, i)) {
			if (strncmp(heads[i], script[i].request, strlen(script[i].request)) != 0 && !wrong[0])
				snprintf(wrong, sizeof wrong, "request %u is not %s: %.200s", i,
					 script[i].request, heads[i]);
			if (script[i].answer && script[i].answer[0] == '+') {
				snprintf(answer, sizeof answer, "HTTP/1.1 %s\r\n\r\nno end", script[i].answer + 1);
				while (send(fd, answer, strlen(answer), MSG_NOSIGNAL) > 0)
					;
			} else if (script[i].answer && script[i].answer[0]) {
				snprintf(answer, sizeof answer,
					 "HTTP/1.1 %s\r\nTus-Resumable: 1.0.0\r\nConnection: close\r\n"
					 "Content-Length: 0\r\n\r\n",
					 script[i].answer);
				send(fd, answer, strlen(answer), MSG_NOSIGNAL);
			} else if (script[i].answer) {
				while (recv(fd, &rest, 1, 0) == 1)
					;
			}
			i++;
		}
		close(fd);
	}
	return NULL;
}

/* Where it listens is known from here on. */
static void open_door(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t size = sizeof at;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	door = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_ge(door, 0);
	ck_assert_int_eq(bind(door, (struct sockaddr *)&at, sizeof at), 0);
	ck_assert_int_eq(listen(door, 16), 0);
	ck_assert_int_eq(getsockname(door, (struct sockaddr *)&at, &size), 0);
	port = ntohs(at.sin_port);
	snprintf(url, sizeof url, "http://127.0.0.1:%u/files/", (unsigned)port);
}

/* The script: pairs of request and answer, up to NULL. */
static void begin(const struct exchange *s)
{
	FILE *f;

	if (!port)
		open_door();
	place_make();
	snprintf(file, sizeof file, "%s/file", place);
	f = fopen(file, "w");
	ck_assert_ptr_nonnull(f);
	fputs(CONTENT, f);
	fclose(f);
	memset(heads, 0, sizeof heads);
	memset(bodies, 0, sizeof bodies);
	wrong[0] = '\0';
	for (nscript = 0; s[nscript].request; nscript++)
		script[nscript] = s[nscript];
	ck_assert_int_eq(pthread_create(&thread, NULL, serve, NULL), 0);
}

/* The program has ended with that status, the script was followed to its end, and it said text. */
static void end(int status, int want, const char *text)
{
	shutdown(door, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(door);
	port = 0;
	ck_assert_msg(!wrong[0], "%s", wrong);
	ck_assert_msg(heads[nscript - 1][0] != '\0', "the script was not followed to its end: %s%s", up.said,
		      up.complained);
	ck_assert_msg(status == want, "status %d: %s%s", status, up.said, up.complained);
	ck_assert_msg(strstr(up.said, text) || strstr(up.complained, text), "no \"%s\" in %s%s", text,
		      up.said, up.complained);
	place_remove();
}

static const char *field(unsigned i, const char *name)
{
	static char value[512];
	const size_t n = strlen(name);

	value[0] = '\0';
	for (const char *line = strstr(heads[i], "\r\n"); line && line[2] != '\r';
	     line = strstr(line + 2, "\r\n"))
		if (strncasecmp(line + 2, name, n) == 0 && line[2 + n] == ':')
			snprintf(value, sizeof value, "%.*s", (int)strcspn(line + 4 + n, "\r"), line + 4 + n);
	return value;
}

#define FAST "--retry-delay=1ms"
#define RUN(...) upload_run(&up, FAST, __VA_ARGS__, NULL)

/* ---- What is tried again --------------------------------------------------------------------------- */

START_TEST(test_what_is_asked)
{
	static const struct exchange s[] = {
		{ OPTIONS, OFFERS("") }, { CREATE, CREATED }, { SEND, AT(10) }, { 0 }
	};

	begin(s);
	end(RUN(file, "--header", "X-Mine: 1", url), 0, "/files/1\n");
	ck_assert_str_eq(field(1, "Upload-Length"), "10");
	ck_assert_str_eq(field(1, "Content-Type"), "");
	ck_assert_str_eq(field(1, "Upload-Metadata"), "filename ZmlsZQ==");
	ck_assert_str_eq(field(2, "Upload-Offset"), "0");
	ck_assert_str_eq(field(2, "Content-Type"), "application/offset+octet-stream");
	ck_assert_str_eq(field(2, "Tus-Resumable"), "1.0.0");
	ck_assert_str_eq(field(2, "X-Mine"), "1");
	ck_assert_str_eq(bodies[2], CONTENT);
}
END_TEST

START_TEST(test_goes_on_where_the_server_is)
{
	static const struct exchange s[] = { { OPTIONS, "503 Later" },
					     { OPTIONS, NULL },
					     { OPTIONS, OFFERS("") },
					     { CREATE, NULL },
					     { CREATE, "500 Oops" },
					     { CREATE, CREATED },
					     { SEND, NULL },
					     { LOOK, "423 Locked" },
					     { LOOK, "200 OK\r\nUpload-Offset: 3\r\nUpload-Length: 10" },
					     { SEND, "502 Bad Gateway" },
					     { LOOK, NULL },
					     { LOOK, AT(3) },
					     { SEND, AT(7) },
					     { SEND, "409 Conflict" },
					     { LOOK, AT(8) },
					     { SEND, "460 Checksum Mismatch" },
					     { LOOK, AT(8) },
					     { SEND, AT(10) },
					     { 0 } };

	begin(s);
	end(RUN(file, url), 0, "/files/1\n");
	ck_assert_str_eq(bodies[9], "3456789");
	ck_assert_str_eq(field(9, "Upload-Offset"), "3");
	ck_assert_str_eq(bodies[13], "789");
	ck_assert_str_eq(bodies[17], "89");
}
END_TEST

START_TEST(test_anew_when_it_is_gone)
{
	static const struct exchange s[] = {
		{ OPTIONS, OFFERS("") },
		{ CREATE, CREATED },
		{ SEND, AT(4) },
		{ SEND, "410 Gone" },
		{ CREATE, "201 Created\r\nLocation: 2" },
		{ "PATCH /files/2", NULL },
		{ "HEAD /files/2", "200 OK\r\nUpload-Offset: 11" }, /* nonsense: more than there is */
		{ CREATE, CREATED },
		{ SEND, NULL },
		{ LOOK, "200 OK\r\nUpload-Offset: 1\r\nUpload-Length: 99" },
		{ CREATE, CREATED },
		{ SEND, AT(10) },
		{ 0 }
	};

	begin(s);
	end(RUN(file, url), 0, "/files/1\n");
	ck_assert_str_eq(bodies[11], CONTENT);
}
END_TEST

START_TEST(test_gives_up)
{
	static const struct exchange s[] = { { OPTIONS, OFFERS("") }, { CREATE, CREATED }, { SEND, "503 No" },
		{ LOOK, AT(0) }, { SEND, AT(0) }, { LOOK, AT(0) }, { SEND, NULL }, { 0 } };
	int rc;

	begin(s);
	rc = RUN(file, "--retries=2", "--json", url);
	ck_assert_uint_eq(remembered(), 1);
	ck_assert_ptr_nonnull(strstr(up.said, "\"attempt\":2"));
	ck_assert_ptr_null(strstr(up.said, "\"attempt\":3"));
	end(rc, 1, "\"failed\"");
}
END_TEST

START_TEST(test_octets_that_arrive_count_as_success)
{
	static const struct exchange s[] = { { OPTIONS, OFFERS("") }, { CREATE, CREATED }, { SEND, NULL },
					     { LOOK, AT(1) },         { SEND, NULL },      { LOOK, AT(2) },
					     { SEND, NULL },          { LOOK, AT(10) },    { 0 } };

	begin(s);
	end(RUN(file, "--retries=1", url), 0, "/files/1\n");
}
END_TEST

START_TEST(test_retry_after)
{
	static const struct exchange s[] = { { OPTIONS, OFFERS("") },
					     { CREATE, "429 Slow\r\nRetry-After: 1" },
					     { CREATE, CREATED },
					     { SEND, AT(10) },
					     { 0 } };

	begin(s);
	end(RUN(file, "--json", url), 0, "\"delay_ms\":1000,");
}
END_TEST

START_TEST(test_nothing_moves)
{
	static const struct exchange s[] = {
		{ OPTIONS, OFFERS("") }, { CREATE, "" }, { CREATE, CREATED }, { SEND, AT(10) }, { 0 }
	};

	begin(s);
	end(RUN(file, "--timeout=1s", url), 0, "/files/1\n");
}
END_TEST

START_TEST(test_an_answer_without_end)
{
	static const struct exchange s[] = { { OPTIONS, OFFERS("") }, { CREATE, "+503 Later" }, { CREATE, CREATED },
		{ SEND, "+200 Fine\r\nUpload-Offset: 4" }, { SEND, "+200 Fine\r\nUpload-Offset: 10" }, { 0 } };

	begin(s);
	end(RUN(file, url), 0, "/files/1\n");
	ck_assert_str_eq(bodies[4], "456789");
}
END_TEST

START_TEST(test_a_stream_is_sent_again_from_memory)
{
	static const struct exchange s[] = { { OPTIONS, OFFERS(",creation-defer-length") },
					     { CREATE, CREATED },
					     { SEND, NULL },
					     { LOOK, AT(4) },
					     { SEND, AT(10) },
					     { 0 } };
	int p[2];

	begin(s);
	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_eq(write(p[1], CONTENT, 10), 10);
	close(p[1]);
	upload_start(&up, p[0], FAST, "-", url, NULL);
	close(p[0]);
	end(upload_wait(&up), 0, "/files/1\n");
	ck_assert_str_eq(field(1, "Upload-Length"), "10");
	ck_assert_str_eq(bodies[4], "456789");
}
END_TEST

/* ---- What fails at once ---------------------------------------------------------------------------- */

static void fails(const struct exchange *s, const char *text)
{
	begin(s);
	end(RUN(file, url), 1, text);
}

START_TEST(test_what_does_not_mend)
{
	static const struct exchange at_create[] = { { OPTIONS, OFFERS("") },
						     { CREATE, "413 Too Large" },
						     { 0 } };
	static const struct exchange at_send[] = {
		{ OPTIONS, OFFERS("") }, { CREATE, CREATED }, { SEND, "507 Full" }, { 0 }
	};
	static const struct exchange elsewhere[] = { { OPTIONS, OFFERS("") },
						     { CREATE, "307 There\r\nLocation: /x/" },
						     { 0 } };
	static const struct exchange nowhere[] = { { OPTIONS, OFFERS("") },
						   { CREATE, "201 Created" },
						   { 0 } };
	static const struct exchange nonsense[] = { { OPTIONS, OFFERS("") },
						    { CREATE, "201 Created\r\nLocation: file:///x" },
						    { 0 } };
	static const struct exchange no_tus[] = { { OPTIONS, "405 No" }, { CREATE, "200 OK" }, { 0 } };
	static const struct exchange nobody[] = { { OPTIONS, "401 Who" }, { 0 } };

	fails(at_create, "too large");
	fails(at_send, "no room");
	fails(elsewhere, "redirects");
	fails(nowhere, "not one of a TUS server");
	fails(nonsense, "no valid address");
	fails(no_tus, "not one of a TUS server");
	fails(nobody, "--user");
}
END_TEST

START_TEST(test_what_is_not_offered)
{
	static const struct exchange plain[] = { { OPTIONS, OFFERS("") }, { 0 } };
	static const struct exchange none[] = { { OPTIONS, "204 No Content\r\nTus-Version: 1.0.0" }, { 0 } };
	static const struct exchange sums[] = {
		{ OPTIONS, OFFERS(",checksum\r\nTus-Checksum-Algorithm: md5,sha1") }, { 0 }
	};

	fails(none, "does not let uploads be made");
	begin(plain);
	end(RUN(file, "--parallel=2", url), 1, "leave out --parallel");
	begin(plain);
	end(RUN(file, "--checksum=sha1", url), 1, "leave out --checksum");
	begin(sums);
	end(RUN(file, "--checksum=sha256", url), 1, "give --checksum one of md5,sha1");
}
END_TEST

START_TEST(test_streams_of_unknown_length)
{
	static const struct exchange plain[] = { { OPTIONS, OFFERS("") }, { 0 } };
	static char much[70000];
	int p[2];

	begin(plain);
	ck_assert_int_eq(pipe(p), 0);
	upload_start(&up, p[0], "--buffer=64K", "-", url, NULL);
	close(p[0]);
	signal(SIGPIPE, SIG_IGN);              /* it may have ended before it took all */
	ck_assert_int_ge(write(p[1], much, sizeof much), 65536);
	end(upload_wait(&up), 1, "give --spool");
	close(p[1]);
}
END_TEST

/* ---- Who is told what ------------------------------------------------------------------------------ */

/* Another name is another host, whoever it leads to. */
START_TEST(test_secrets_stay_at_home)
{
	static char elsewhere[80];
	struct exchange s[] = { { OPTIONS, OFFERS("") }, { CREATE, elsewhere }, { SEND, AT(10) }, { 0 } };

	open_door();
	snprintf(elsewhere, sizeof elsewhere, "201 Created\r\nLocation: http://localhost:%u/files/1",
		 (unsigned)port);
	begin(s);
	end(RUN(file, "--user", "me:pass", "--header", "Cookie: k=v", "--header", "X-Any: x", url), 0,
	    "localhost");
	ck_assert_str_eq(field(0, "Authorization"), "Basic bWU6cGFzcw==");
	ck_assert_str_eq(field(1, "Authorization"), "Basic bWU6cGFzcw==");
	ck_assert_str_eq(field(1, "Cookie"), "k=v");
	ck_assert_str_eq(field(2, "Authorization"), "");
	ck_assert_str_eq(field(2, "Cookie"), "");
	ck_assert_str_eq(field(2, "X-Any"), "x");
}
END_TEST

START_TEST(test_secrets_are_not_shown)
{
	static const struct exchange s[] = {
		{ OPTIONS, OFFERS("") }, { CREATE, CREATED }, { SEND, "403 No" }, { 0 }
	};
	char at[100], command[200];
	int rc;

	begin(s);
	snprintf(at, sizeof at, "http://me:hidden@127.0.0.1:%u/files/", (unsigned)port);
	rc = RUN(file, "--header", "Authorization: hidden", at);
	ck_assert_ptr_null(strstr(up.said, "hidden"));
	ck_assert_ptr_null(strstr(up.complained, "hidden"));
	snprintf(command, sizeof command, "! grep -rq hidden %s/state", place);
	ck_assert_uint_eq(remembered(), 1);
	ck_assert_int_eq(system(command), 0);
	end(rc, 1, "does not allow it");
}
END_TEST

START_TEST(test_secrets_from_files)
{
	static const struct exchange s[] = {
		{ OPTIONS, OFFERS("") }, { CREATE, CREATED }, { SEND, AT(10) }, { 0 }
	};
	char user[120], header[120], path[100];
	FILE *f;

	begin(s);
	snprintf(path, sizeof path, "%s/user", place);
	f = fopen(path, "w");
	fputs("me:p:s\nmore\n", f);
	fclose(f);
	snprintf(user, sizeof user, "--user=@%s", path);
	snprintf(path, sizeof path, "%s/header", place);
	f = fopen(path, "w");
	fputs("X-One: 1\r\n\nX-Two: 2", f);
	fclose(f);
	snprintf(header, sizeof header, "--header=@%s", path);
	end(RUN(file, user, header, url), 0, "/files/1\n");
	ck_assert_str_eq(field(2, "Authorization"), "Basic bWU6cDpz");
	ck_assert_str_eq(field(2, "X-One"), "1");
	ck_assert_str_eq(field(2, "X-Two"), "2");
}
END_TEST

SUITE_MAIN("session", test_what_is_asked, test_goes_on_where_the_server_is, test_anew_when_it_is_gone,
	   test_gives_up, test_octets_that_arrive_count_as_success, test_retry_after, test_nothing_moves, test_an_answer_without_end,
	   test_a_stream_is_sent_again_from_memory, test_what_does_not_mend, test_what_is_not_offered,
	   test_streams_of_unknown_length, test_secrets_stay_at_home, test_secrets_are_not_shown,
	   test_secrets_from_files)
