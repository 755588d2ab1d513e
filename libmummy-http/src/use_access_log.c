/* use_access_log.c - middleware: a line per answer. */
#include <config.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "internal.h"

enum { LINE_ROOM = 3072, VALUE_MOST = 400 };  /* all of them fit, so JSON stays whole */

struct log {
	enum mummy_http_log_format format;
	void (*write)(void *ctx, const char *line, size_t n);
	void *ctx;
};
struct line { size_t n; char p[LINE_ROOM]; };

static void put(struct line *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct line *l, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(l->p + l->n, sizeof l->p - l->n, format, args);
	va_end(args);
	if (n > 0)
		l->n += (size_t)n < sizeof l->p - l->n ? (size_t)n : sizeof l->p - l->n - 1;
}

/* What a client sends must not end a line, a quoted part or a JSON string, nor talk to a terminal. */
static void put_escaped(struct line *l, const char *s, int json)
{
	size_t begin = l->n;

	for (; *s && l->n - begin < VALUE_MOST; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < 0x20 || c >= 0x7f)
			put(l, json ? "\\u%04x" : "\\x%02X", c);
		else if (c == '"' || c == '\\')
			put(l, json ? "\\%c" : "\\x%02X", c);
		else
			put(l, "%c", c);
	}
	if (*s)
		put(l, "...");
}

static void put_date(struct line *l, int json)
{
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct timespec now;
	struct tm t;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &t);
	if (json)
		put(l, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday,
		    t.tm_hour, t.tm_min, t.tm_sec, (int)(now.tv_nsec / 1000000));
	else
		put(l, "%02d/%s/%04d:%02d:%02d:%02d +0000", t.tm_mday, months[t.tm_mon], t.tm_year + 1900,
		    t.tm_hour, t.tm_min, t.tm_sec);
}

static void put_field(struct line *l, const mummy_http_exchange *x, const char *name)
{
	const char *value = mummy_http_header_get(x, name, NULL);

	put(l, " \"");
	put_escaped(l, value ? value : "-", 0);
	put(l, "\"");
}

static void common_line(struct line *l, const mummy_http_exchange *x, const struct mummy_http_result *result,
			int combined)
{
	const char *method = mummy_http_method(x, NULL);

	put(l, "%s - - [", mummy_http_peer(x, NULL));
	put_date(l, 0);
	put(l, "] \"");
	if (method) {
		put_escaped(l, method, 0);
		put(l, " ");
		put_escaped(l, mummy_http_target(x, NULL), 0);
		put(l, " HTTP/1.%d", mummy_http_minor_version(x));
	} else {
		put(l, "-");
	}
	put(l, "\" %03d ", result->status);
	if (result->bytes_out)
		put(l, "%llu", (unsigned long long)result->bytes_out);
	else
		put(l, "-");
	if (combined) {
		put_field(l, x, "Referer");
		put_field(l, x, "User-Agent");
	}
}

static void member(struct line *l, const char *name, const char *value)
{
	if (!value)
		return;
	put(l, ",\"%s\":\"", name);
	put_escaped(l, value, 1);
	put(l, "\"");
}

static void json_line(struct line *l, const mummy_http_exchange *x, const struct mummy_http_result *result)
{
	put(l, "{\"time\":\"");
	put_date(l, 1);
	put(l, "\"");
	member(l, "client", mummy_http_peer(x, NULL));
	member(l, "method", mummy_http_method(x, NULL));
	if (mummy_http_method(x, NULL)) {
		member(l, "target", mummy_http_target(x, NULL));
		put(l, ",\"version\":\"1.%d\"", mummy_http_minor_version(x));
	}
	put(l, ",\"status\":%d,\"bytes_in\":%llu,\"bytes_out\":%llu,\"duration_us\":%llu", result->status,
	    (unsigned long long)result->bytes_in, (unsigned long long)result->bytes_out,
	    (unsigned long long)result->duration_us);
	if (result->error)
		put(l, ",\"error\":%d", result->error);
	member(l, "id", mummy_http_request_id(x));
	member(l, "host", mummy_http_host(x, NULL));
	member(l, "referer", mummy_http_header_get(x, "Referer", NULL));
	member(l, "user_agent", mummy_http_header_get(x, "User-Agent", NULL));
	put(l, "}");
}

static void after(mummy_http_exchange *x, void *ctx)
{
	const struct log *log = ctx;
	struct mummy_http_result result;
	struct line l;

	l.n = 0;
	mummy_http_result_get(x, &result);
	if (log->format == MUMMY_HTTP_JSON)
		json_line(&l, x, &result);
	else
		common_line(&l, x, &result, log->format == MUMMY_HTTP_COMBINED);
	log->write(log->ctx, l.p, l.n);
}

int mummy_http_use_access_log(mummy_http_router *r, enum mummy_http_log_format format,
			      void (*write)(void *ctx, const char *line, size_t n), void *ctx)
{
	struct mummy_http_middleware m = { .after = after };
	struct log *log;

	if (!write
	    || (format != MUMMY_HTTP_COMMON && format != MUMMY_HTTP_COMBINED && format != MUMMY_HTTP_JSON))
		return -EINVAL;
	log = malloc(sizeof *log);
	if (!log)
		return -ENOMEM;
	*log = (struct log){ format, write, ctx };
	m.ctx = log;
	return mhttp_router_use_owned(r, NULL, &m, free);
}
