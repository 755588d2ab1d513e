#include <config.h>
#include "fiber.h"
#include "mummy-common.h"
#include <string.h>

void mpool_label(struct mpool_worker *w, void (*run)(void *arg), const char *name)
{
	struct mpool_label *label = w->fiber ? &w->fiber->label : &w->label;
	size_t n = name ? strnlen(name, sizeof label->name - 1) : 0;

	label->run = run;
	if (n > 0)
		memcpy(label->name, name, n);
	label->name[n] = '\0';
}

void mpool_run_watched(struct mpool_worker *w, struct mpool_job job)
{
	mummy_pool *p = w->pool;
	uint64_t start = mummy_now_ns(), ms;

	mpool_label(w, job.run, NULL);
	job.run(job.arg);
	ms = (mummy_now_ns() - start) / 1000000u;
	if (ms >= p->slow_ms)
		p->slow(p->ctx, w->label.run, w->label.name[0] ? w->label.name : NULL, ms);
}
