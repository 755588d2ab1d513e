#include <config.h>
#include "use.h"

struct lines { pthread_mutex_t lock; int n; char last[4200]; };

static void keep(void *ctx, const char *line, size_t n)
{
	struct lines *l = ctx;

	ck_assert_uint_lt(n, sizeof l->last);
	pthread_mutex_lock(&l->lock);
	memcpy(l->last, line, n);
	l->last[n] = 0;
	l->n++;
	pthread_mutex_unlock(&l->lock);
}

static int lines_are(struct lines *l, int n)
{
	int rc;

	pthread_mutex_lock(&l->lock);
	rc = l->n == n;
	pthread_mutex_unlock(&l->lock);
	return rc;
}

/* The line without its date, which lies between the two marks. */
static void line_is(struct lines *l, const char *begin, const char *date_end, const char *rest)
{
	const char *p;

	ck_assert_msg(!strncmp(l->last, begin, strlen(begin)), "%s", l->last);
	p = strstr(l->last + strlen(begin), date_end);
	ck_assert_ptr_nonnull(p);
	ck_assert_str_eq(p + strlen(date_end), rest);
}

static void run(struct serve *s, struct lines *l, const char *request, const char *fields, int status, int n)
{
	use_expect(s, request, fields, status, NULL);
	EVENTUALLY(lines_are(l, n));
}

static void begin(struct serve *s, struct lines *l, int poller, enum mummy_http_log_format format)
{
	memset(l, 0, sizeof *l);
	pthread_mutex_init(&l->lock, NULL);
	use_init(s, poller);
	ck_assert_int_eq(mummy_http_use_request_id(s->router), 0);
	ck_assert_int_eq(mummy_http_use_access_log(s->router, format, keep, l), 0);
	serve_start(s);
}

SERVE_TEST(common_and_combined)
{
	struct lines l;
	struct serve s;
	int fd;

	begin(&s, &l, poller, MUMMY_HTTP_COMMON);
	run(&s, &l, "GET /?a=\"b\\", "X-Request-Id: 1\r\n", 200, 1);
	line_is(&l, "127.0.0.1 - - [", " +0000] ", "\"GET /?a=\\x22b\\x5C HTTP/1.1\" 200 18");
	run(&s, &l, "GET /none", "", 404, 2);
	line_is(&l, "127.0.0.1 - - [", " +0000] ", "\"GET /none HTTP/1.1\" 404 14");
	run(&s, &l, "OPTIONS /", "", 204, 3);
	line_is(&l, "127.0.0.1 - - [", " +0000] ", "\"OPTIONS / HTTP/1.1\" 204 -");
	fd = dial(&s);
	say(fd, "\x01\r\n\r\n");
	expect(fd, 400, NULL);
	close(fd);
	EVENTUALLY(lines_are(&l, 4));
	line_is(&l, "127.0.0.1 - - [", " +0000] ", "\"-\" 400 16");
	serve_stop(&s);

	begin(&s, &l, poller, MUMMY_HTTP_COMBINED);
	run(&s, &l, "GET /inline", "X-Request-Id: 1\r\nReferer: http://x/\r\nUser-Agent: \xc3\xa4\t\"q\"\r\n", 200, 1);
	line_is(&l, "127.0.0.1 - - [", " +0000] ",
		"\"GET /inline HTTP/1.1\" 200 18 \"http://x/\" \"\\xC3\\xA4\\x09\\x22q\\x22\"");
	run(&s, &l, "GET /none", "", 404, 2);
	line_is(&l, "127.0.0.1 - - [", " +0000] ", "\"GET /none HTTP/1.1\" 404 14 \"-\" \"-\"");
	serve_stop(&s);
}

SERVE_TEST(json)
{
	struct lines l;
	struct serve s;
	char fields[3000], *p;

	begin(&s, &l, poller, MUMMY_HTTP_JSON);
	run(&s, &l, "GET /", "X-Request-Id: 7\r\nReferer: \"\\\t\xff\r\nUser-Agent: u\r\n", 200, 1);
	p = strstr(l.last, ",\"duration_us\":");
	ck_assert_ptr_nonnull(p);
	memmove(p, p + 15 + strspn(p + 15, "0123456789"), strlen(p + 15 + strspn(p + 15, "0123456789")) + 1);
	line_is(&l, "{\"time\":\"2", "Z\"",
		",\"client\":\"127.0.0.1\",\"method\":\"GET\",\"target\":\"/\",\"version\":\"1.1\",\"status\":200,"
		"\"bytes_in\":0,\"bytes_out\":18,\"id\":\"7\",\"host\":\"a\",\"referer\":\"\\\"\\\\\\u0009\\u00ff\","
		"\"user_agent\":\"u\"}");
	/* long values are cut, the line stays whole */
	strcpy(fields, "Referer: ");
	memset(fields + 9, '\x80', 1200);
	strcpy(fields + 1209, "\r\nUser-Agent: ");
	memset(fields + 1223, '\\', 1200);
	strcpy(fields + 2423, "\r\n");
	run(&s, &l, "GET /", fields, 200, 2);
	ck_assert_ptr_nonnull(strstr(l.last, "\\u0080...\""));
	ck_assert_str_eq(l.last + strlen(l.last) - 6, "\\...\"}");
	serve_stop(&s);
}

SUITE_MAIN("http/use_access_log", common_and_combined, json)
