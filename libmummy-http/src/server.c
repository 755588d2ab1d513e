/* server.c - options, loops and threads, start and stop. */
#include <config.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include "internal.h"

#define DEFAULT(field, value) ((field) = (field) ? (field) : (value))

static int options_fill(struct mummy_http_options *o)
{
	if (!MUMMY_RESERVED_OK(o) || !mummy_tail_is_zero(o->executor.reserved, 2) || o->loops > 1024
	    || o->gzip_level < -1 || o->gzip_level > 9 || o->max_fields > UINT16_MAX
	    || !o->executor.wait != !o->executor.wake)
		return -EINVAL;
	DEFAULT(o->loops, 1);
	DEFAULT(o->head_timeout_ms, 10000);
	DEFAULT(o->idle_timeout_ms, 60000);
	DEFAULT(o->drain_timeout_ms, 10000);
	DEFAULT(o->min_body_rate, 256);
	DEFAULT(o->min_answer_rate, 256);
	DEFAULT(o->max_fields, 100);
	DEFAULT(o->max_line_bytes, 8 * 1024);
	DEFAULT(o->max_head_bytes, 32 * 1024);
	DEFAULT(o->max_body_bytes, 1024 * 1024);
	DEFAULT(o->max_buffered_bytes, 256 * 1024 * 1024);
	DEFAULT(o->chunk_bytes, 256 * 1024);
	DEFAULT(o->high_water_bytes, 256 * 1024);
	DEFAULT(o->hard_limit_bytes, 17 * 1024 * 1024);
	DEFAULT(o->gzip_min_bytes, 1024);
	DEFAULT(o->gzip_level, 1);
	return o->max_line_bytes > 1 << 24 || o->max_head_bytes > 1 << 24 ? -EINVAL : 0;
}

void mhttp_log(struct mummy_http_server *s, enum mummy_http_level level, const char *format, ...)
{
	char line[256];
	va_list ap;

	if (!s->opt.log || atomic_load(&s->dead))
		return;
	va_start(ap, format);
	vsnprintf(line, sizeof line, format, ap);
	va_end(ap);
	/* nothing of what a client sent may talk to a terminal */
	for (char *p = line; *p; p++)
		*p = *p < ' ' || *p == 0x7f ? '?' : *p;
	s->opt.log(s->opt.ctx, level, line);
}

void mhttp_server_unref(struct mummy_http_server *s)
{
	if (atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	mhttp_listeners_close(s);
	mummy_http_router_unref(s->router);
	mhttp_gzip_unref(s->gzip);
	mhttp_pipes_close(&s->pipes);
	free(atomic_load(&s->large_chunk));
	pthread_mutex_destroy(&s->pipes.lock);
	pthread_mutex_destroy(&s->hooks_lock);
	free(s->loops);
	free(s);
}

static int server_open(struct mummy_http_server *s, const struct mummy_http_options *opt)
{
	int rc = 0;

	s->loops = calloc(s->opt.loops, sizeof *s->loops);
	if (!s->loops)
		return -ENOMEM;
	if (s->opt.gzip_level > 0)
		rc = mhttp_gzip_new(&s->gzip, s->opt.gzip_level, s->opt.loops + 2);
	while (rc == 0 && s->nloops < s->opt.loops) {
		rc = mhttp_loop_new(&s->loops[s->nloops], s);
		if (rc == 0)
			s->nloops++;
	}
	return rc < 0 ? rc : mhttp_listeners_open(s, opt);
}

static void close_inherited(const struct mummy_http_options *opt)
{
	for (size_t i = 0; opt && i < opt->nlisteners; i++)
		if (opt->listeners[i].fd > 0)
			close(opt->listeners[i].fd);
}

int mummy_http_server_new(mummy_http_server **out, mummy_http_router *r, const struct mummy_http_options *opt)
{
	static const struct mummy_http_options none;
	struct mummy_http_server *s = calloc(1, sizeof *s);
	int rc;

	if (!s) {
		close_inherited(opt);
		return -ENOMEM;
	}
	s->opt = opt ? *opt : none;
	atomic_init(&s->refs, 1);
	pthread_mutex_init(&s->hooks_lock, NULL);
	pthread_mutex_init(&s->pipes.lock, NULL);
	s->router = mummy_http_router_ref(r);
	mhttp_router_freeze(r);
	s->middles = mhttp_middles_any(r);
	rc = mhttp_router_index(r);
	if (rc == 0)
		rc = options_fill(&s->opt);
	if (rc < 0)
		close_inherited(opt);
	else
		rc = server_open(s, opt ? opt : &none);
	s->opt.listeners = NULL;
	if (rc < 0) {
		mummy_http_server_free(s);
		return rc;
	}
	*out = s;
	return 0;
}

static void *loop_thread(void *arg)
{
	struct mummy_http_loop *l = arg;
	int rc = mhttp_loop_run(l);

	if (rc < 0) {
		mhttp_log(l->server, MUMMY_HTTP_ERROR, "loop: %s", strerror(-rc));
		mummy_http_server_stop(l->server);
		mhttp_loop_end(l);
	}
	return (void *)(intptr_t)rc;
}

int mummy_http_server_run(mummy_http_server *s)
{
	pthread_t *threads = calloc(s->nloops, sizeof *threads);
	unsigned n = 1;
	int rc = 0, first;

	if (!threads)
		return -ENOMEM;
	for (; n < s->nloops && rc == 0; n++) {
		rc = mummy_thread_start(&threads[n], "mummy-http", loop_thread, s->loops[n]);
		if (rc < 0)
			break;
	}
	if (rc < 0)
		mummy_http_server_stop(s);
	first = (int)(intptr_t)loop_thread(s->loops[0]);
	for (unsigned i = 1; i < n; i++) {
		void *result;

		pthread_join(threads[i], &result);
		first = first < 0 ? first : (int)(intptr_t)result;
	}
	free(threads);
	return rc < 0 ? rc : first;
}

void mummy_http_server_stop(mummy_http_server *s)
{
	atomic_store(&s->stopping, 1);
	for (unsigned i = 0; i < s->nloops; i++)
		mummy_poller_wake(s->loops[i]->poller);
}

void mummy_http_server_free(mummy_http_server *s)
{
	if (!s)
		return;
	atomic_store(&s->stopping, 1);
	for (unsigned i = 0; i < s->nloops; i++)
		mhttp_loop_end(s->loops[i]);
	atomic_store(&s->dead, 1);
	mhttp_listeners_close(s);
	for (unsigned i = 0; i < s->nloops; i++)
		mhttp_loop_unref(s->loops[i]);
	s->nloops = 0;
	mhttp_server_unref(s);
}

uint16_t mummy_http_server_port(const mummy_http_server *s, size_t i)
{
	return i < s->nlisteners ? s->listeners[i].port : 0;
}

size_t mummy_http_server_descriptors(const mummy_http_server *s, int *out, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < s->nlisteners; i++)
		for (size_t k = 0; k < s->listeners[i].nfds; k++, count++)
			if (count < n)
				out[count] = s->listeners[i].fds[k];
	return count;
}

int mummy_http_server_fd(const mummy_http_server *s)
{
	return s->nloops > 1 ? -ENOTSUP : mummy_poller_fd(s->loops[0]->poller);
}

int mummy_http_server_timeout(const mummy_http_server *s)
{
	return s->nloops > 1 ? -ENOTSUP : mhttp_loop_timeout(s->loops[0]);
}

int mummy_http_server_step(mummy_http_server *s, int timeout_ms)
{
	if (s->nloops > 1)
		return -ENOTSUP;
	return atomic_load(&s->loops[0]->ended) ? 0 : mhttp_loop_turn(s->loops[0], timeout_ms);
}

void mummy_http_stats_get(const mummy_http_server *s, struct mummy_http_stats *out)
{
	memset(out, 0, sizeof *out);
	out->buffered_bytes = atomic_load(&s->buffered);
	for (unsigned i = 0; i < s->nloops; i++) {
		const struct mhttp_stats *from = &s->loops[i]->stats;

		out->connections += atomic_load(&from->connections);
		out->exchanges += atomic_load(&from->exchanges);
		out->streams += atomic_load(&from->streams);
		out->accepted += atomic_load(&from->accepted);
		out->refused += atomic_load(&from->refused);
		out->requests += atomic_load(&from->requests);
		out->timeouts += atomic_load(&from->timeouts);
		out->bytes_in += atomic_load(&from->bytes_in);
		out->bytes_out += atomic_load(&from->bytes_out);
		for (int k = 0; k < 6; k++)
			out->answers[k] += atomic_load(&from->answers[k]);
	}
}
