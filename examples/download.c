/* download [PORT] - GET /table.csv?rows=N answers with N rows that are made while they are sent, of any
 * number: a worker thread writes them and waits while the client does not keep up, so that little of them
 * is in memory. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <mummy/http.h>
#include <mummy/http-parser.h>
#include <mummy/pool.h>

#define PATIENCE_MS 30000

/* What the query says, or as many as usual. -1: no number. */
static int rows_of(const mummy_http_exchange *x, uint64_t *rows)
{
	struct mummy_http_span query;
	struct mummy_http_field pair;
	char digits[20] = "1000";

	query.p = mummy_http_query(x, &query.n);
	while (query.p && mummy_http_query_next(&query, &pair) == 1)
		if (pair.name.n == 4 && memcmp(pair.name.p, "rows", 4) == 0)
			snprintf(digits, sizeof digits, "%.*s", (int)pair.value.n, pair.value.p);
	*rows = strtoull(digits, NULL, 10);
	return *digits && strspn(digits, "0123456789") == strlen(digits) ? 0 : -1;
}

static int write_rows(mummy_http_stream *st, uint64_t rows)
{
	char piece[16 << 10];
	size_t n = (size_t)snprintf(piece, sizeof piece, "n,square\r\n");
	int rc = 0;

	for (uint64_t i = 1; i <= rows && rc == 0; i++) {
		n += (size_t)snprintf(piece + n, sizeof piece - n, "%" PRIu64 ",%" PRIu64 "\r\n", i, i * i);
		if (n > sizeof piece - 64) {         /* few large pieces cost less than many small ones */
			rc = mummy_http_stream_write(st, piece, n, PATIENCE_MS);
			n = 0;
		}
	}
	return rc == 0 && n > 0 ? mummy_http_stream_write(st, piece, n, PATIENCE_MS) : rc;
}

static void table(mummy_http_exchange *x, void *ctx)
{
	const struct mummy_http_header fields[] = { MUMMY_HTTP_HEADER("Content-Type", "text/csv"),
		MUMMY_HTTP_HEADER("Content-Disposition", "attachment; filename=\"table.csv\"") };
	mummy_http_stream *st;
	uint64_t rows;

	(void)ctx;
	if (rows_of(x, &rows) < 0) {
		mummy_http_respond_text(x, 400, "rows is no number.\n");
		return;
	}
	if (mummy_http_respond_stream(x, 200, fields, 2, MUMMY_HTTP_UNKNOWN, &st) < 0)
		return;
	if (write_rows(st, rows) == 0)
		mummy_http_stream_close(st);
	else
		mummy_http_stream_abort(st);   /* gone or stuck; what was cut short must not look whole */
	mummy_http_stream_unref(st);
}

int main(int argc, char **argv)
{
	struct mummy_http_listener at = { .port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8080) };
	struct mummy_http_options opt = { .listeners = &at, .nlisteners = 1 };
	struct mummy_http_route route = { .handler = table };
	mummy_http_router *router = NULL;
	mummy_http_server *server = NULL;
	mummy_pool *pool = NULL;
	int rc;

	opt.executor.submit = mummy_pool_submit;
	if ((rc = mummy_pool_new(&pool, NULL)) == 0
	    && (rc = mummy_http_router_new(&router)) == 0
	    && (rc = mummy_http_router_add(router, "GET", "/table.csv", &route)) == 0
	    && (opt.executor.ctx = pool, rc = mummy_http_server_new(&server, router, &opt)) == 0) {
		printf("http://127.0.0.1:%u/table.csv\n", (unsigned)mummy_http_server_port(server, 0));
		fflush(stdout);
		rc = mummy_http_server_run(server);
	}
	if (rc < 0)
		fprintf(stderr, "download: %s\n", strerror(-rc));
	mummy_http_server_free(server);
	mummy_http_router_unref(router);
	mummy_pool_free(pool);
	return rc < 0;
}
