#include <config.h>
#include "worker.h"
#include "mummy-common.h"
#include <string.h>

void mpool_label(struct mpool_worker *w, void (*run)(void *arg), const char *name)
{
	size_t n = name ? strnlen(name, sizeof w->label_name - 1) : 0;

	w->label_run = run;
	if (n > 0)
		memcpy(w->label_name, name, n);
	w->label_name[n] = '\0';
}

void mpool_run_watched(struct mpool_worker *w, struct mpool_job job)
{
	mummy_pool *p = w->pool;
	uint64_t start = mummy_now_ns(), ms;

	mpool_label(w, job.run, NULL);
	job.run(job.arg);
	ms = (mummy_now_ns() - start) / 1000000u;
	if (ms >= p->slow_ms)
		p->slow(p->ctx, w->label_run, w->label_name[0] ? w->label_name : NULL, ms);
}
