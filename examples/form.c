/* form [PORT] - takes forms (multipart/form-data): a form's one file is written to this folder while it
 * comes, under a name of our own; at most 64 MiB, of which no more than a piece is in memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <mummy/http.h>
#include <mummy/http-parser.h>
#include <mummy/pool.h>

struct form {
	mummy_http_exchange *x;
	struct mummy_http_multipart parser;
	char buf[64 << 10], name[16];
	size_t have;                               /* octets in buf that wait for the rest of their line */
	int fd, files, in_file, ended, status;     /* status: of the answer */
};

/* Takes what the parser found. 0, or the status to refuse with. */
static int step(struct form *f, int what, struct mummy_http_body_part *part)
{
	struct mummy_http_field p;

	if (what == MUMMY_HTTP_BEGIN || what == MUMMY_HTTP_END)
		f->in_file = 0, f->ended = what == MUMMY_HTTP_END;
	while (what == MUMMY_HTTP_FIELD && mummy_http_parameter_next(&part->field.value, &p) == 1)
		if (p.name.n == 8 && strncasecmp(p.name.p, "filename", 8) == 0)
			f->in_file = ++f->files;
	if (what != MUMMY_HTTP_DATA || !f->in_file)
		return what < 0 || f->files > 1 ? 400 : 0;
	return write(f->fd, part->data.p, part->data.n) == (ssize_t)part->data.n ? 0 : 507;
}

static int ready(void *ctx, mummy_http_exchange *x)
{
	struct form *f = ctx;
	struct mummy_http_body_part part;
	ssize_t n = mummy_http_body_read(x, f->buf + f->have, sizeof f->buf - f->have);
	size_t at = 0, used;

	f->have += n > 0 ? (size_t)n : 0;
	for (int what = n > 0; what != MUMMY_HTTP_MORE && !f->ended; at += used) {
		what = mummy_http_multipart_next(&f->parser, f->buf + at, f->have - at, &used, &part);
		if ((f->status = step(f, what, &part)) != 0)
			return -1;
	}
	memmove(f->buf, f->buf + at, f->have = f->ended ? 0 : f->have - at);
	return 0;
}

static void end(void *ctx, int status)
{
	struct form *f = ctx;

	if (!f->status && status == 0)
		f->status = !f->ended || !f->files ? 400 : fsync(f->fd) < 0 ? 507 : 201;
	if (f->fd >= 0 && (close(f->fd), f->status != 201))
		unlink(f->name);
	if (f->status)                             /* else it was cut off or too long, and is answered so */
		mummy_http_respond_text(f->x, f->status, f->status == 201 ? f->name : "That will not do.\n");
	mummy_http_release(f->x);
	free(f);
}

static void take(mummy_http_exchange *x, void *name)
{
	struct form *f = calloc(1, sizeof *f);
	struct mummy_http_sink sink = { .ready = ready, .end = end, .ctx = f };
	struct mummy_http_span type;

	type.p = mummy_http_header_get(x, "Content-Type", &type.n);
	if (!f)
		return;                                /* unanswered is answered 500 */
	f->x = mummy_http_hold(x);
	f->fd = mkstemp(strcpy(f->name, name));
	f->status = f->fd < 0 ? 507 : !type.p || mummy_http_multipart_init(&f->parser, type) < 0 ? 415 : 0;
	if (f->status || mummy_http_stream_body(x, &sink) < 0)
		end(f, -1);
}

int main(int argc, char **argv)
{
	struct mummy_http_listener at = { .port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8080) };
	struct mummy_http_options opt = { .listeners = &at, .nlisteners = 1, .max_body_bytes = 64 << 20 };
	struct mummy_http_route route = { .handler = take, .ctx = "file-XXXXXX", .flags = MUMMY_HTTP_STREAM };
	mummy_http_router *router;
	mummy_http_server *server;
	mummy_pool *pool;

	opt.executor.submit = mummy_pool_submit;
	if (mummy_pool_new(&pool, NULL) < 0 || mummy_http_router_new(&router) < 0
	    || mummy_http_router_add(router, "POST", "/", &route) < 0
	    || (opt.executor.ctx = pool, mummy_http_server_new(&server, router, &opt)) < 0)
		return fputs("form: cannot start\n", stderr), 1;
	printf("http://127.0.0.1:%u/\n", (unsigned)mummy_http_server_port(server, 0));
	fflush(stdout);
	return mummy_http_server_run(server) < 0;
}
