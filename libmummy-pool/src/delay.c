#include <config.h>
#include "worker.h"
#include "mummy-common.h"
#include <string.h>

#define HALF_MINUTE_NS 30000000000u
#define OFTEN_NS 10000000u
#define MAX_SKIP 63u
#define STEPS 8u         /* buckets for each power of two */
#define STEP_BITS 3u

static unsigned bucket_of(uint64_t ns)
{
	unsigned power, i;

	if (ns < STEPS)
		return (unsigned)ns;
	power = 63u - (unsigned)__builtin_clzll(ns);
	i = (power - STEP_BITS + 1) * STEPS + (unsigned)(ns >> (power - STEP_BITS) & (STEPS - 1));
	return i < MPOOL_DELAY_BUCKETS ? i : MPOOL_DELAY_BUCKETS - 1;
}

/** In the middle of a bucket. */
static uint64_t value_of(unsigned i)
{
	unsigned power = i / STEPS + STEP_BITS - 1;
	uint64_t width;

	if (i < STEPS)
		return i;
	width = (uint64_t)1 << (power - STEP_BITS);
	return (STEPS + i % STEPS) * width + width / 2;
}

static void turn_to(struct mpool_delays *d, uint64_t now_ns)
{
	uint64_t slot = now_ns / HALF_MINUTE_NS;

	if (slot == d->slot)
		return;
	if (slot != d->slot + 1)
		memset(d->counts, 0, sizeof d->counts);
	memset(d->counts[slot % 2], 0, sizeof d->counts[0]);
	d->slot = slot;
}

void mpool_delays_add(struct mpool_delays *d, uint64_t now_ns, uint64_t delay_ns)
{
	turn_to(d, now_ns);
	d->counts[d->slot % 2][bucket_of(delay_ns)]++;
}

static uint64_t count_at(const struct mpool_delays *d, unsigned i)
{
	return (uint64_t)d->counts[0][i] + d->counts[1][i];
}

uint64_t mpool_delays_quantile(struct mpool_delays *d, uint64_t now_ns, unsigned per_mille)
{
	uint64_t total = 0, seen = 0;

	turn_to(d, now_ns);
	for (unsigned i = 0; i < MPOOL_DELAY_BUCKETS; i++)
		total += count_at(d, i);
	for (unsigned i = 0; i < MPOOL_DELAY_BUCKETS; i++) {
		seen += count_at(d, i);
		if (seen > 0 && seen * 1000 >= total * per_mille)
			return value_of(i);
	}
	return 0;
}

static void run_stamped(void *arg)
{
	struct mpool_stamp *s = arg;
	mummy_pool *p = s->pool;
	struct mpool_job job = s->job;
	uint64_t now = mummy_now_ns(), since = s->since_ns;

	atomic_store(&s->used, false);
	pthread_mutex_lock(&p->lock);
	mpool_delays_add(&p->delays, now, now > since ? now - since : 0);
	pthread_mutex_unlock(&p->lock);
	mpool_label(mpool_current, job.run, NULL);
	job.run(job.arg);
}

void mpool_stamp(struct mpool_stamp *s, struct mpool_job *job)
{
	uint64_t now;

	if (s->skipped < s->skip || atomic_load_explicit(&s->used, memory_order_acquire)) {
		s->skipped++;
		return;
	}
	now = mummy_now_ns();
	s->skip = now - s->since_ns < OFTEN_NS ? s->skip * 2 + 1 : s->skip / 2;
	s->skip = s->skip < MAX_SKIP ? s->skip : MAX_SKIP;
	s->skipped = 0;
	s->since_ns = now;
	s->job = *job;
	atomic_store_explicit(&s->used, true, memory_order_relaxed);
	*job = (struct mpool_job){ run_stamped, s };
}

void mpool_unstamp(struct mpool_job *job)
{
	struct mpool_stamp *s = job->arg;

	if (job->run != run_stamped)
		return;
	*job = s->job;
	atomic_store(&s->used, false);
}

void mpool_stamp_taken(mummy_pool *p, struct mpool_job *job)
{
	struct mpool_stamp *s = job->arg;
	uint64_t now, since;

	if (job->run != run_stamped)
		return;
	now = mummy_now_ns();
	since = s->since_ns;
	mpool_unstamp(job);
	mpool_delays_add(&p->delays, now, now > since ? now - since : 0);
}
