#include <config.h>
#include "suite.h"
#include "timers.h"

struct item {
	struct mummy_poller_timer timer;
	struct mhttp_timers *w;
	uint64_t deadline, ran_at;
	int runs, order;
	struct item *victim, *again;
};
static int sequence;

static void run(struct mummy_poller_timer *t)
{
	struct item *i = (struct item *)t;

	i->runs++;
	i->ran_at = i->w->clock;
	i->order = ++sequence;
	if (i->victim)
		mhttp_timers_cancel(i->w, &i->victim->timer);
	if (i->again)
		mhttp_timers_set(i->w, &i->again->timer, 0);
}

static struct mhttp_timers *fresh(void)
{
	struct mhttp_timers *w = malloc(sizeof *w);

	ck_assert_ptr_nonnull(w);
	mhttp_timers_init(w);
	sequence = 0;
	return w;
}

static void set(struct mhttp_timers *w, struct item *i, uint64_t deadline)
{
	i->w = w;
	i->timer.run = run;
	i->deadline = deadline;
	mhttp_timers_set(w, &i->timer, deadline);
}

/* Moves the clock from event to event, as a loop does. */
static void run_until(struct mhttp_timers *w, uint64_t end)
{
	uint64_t next;

	while ((next = mhttp_timers_next(w)) <= end) {
		mhttp_timers_advance(w, next);
		mhttp_timers_run(w);
	}
	mhttp_timers_advance(w, end);
	mhttp_timers_run(w);
}

static uint64_t random_u64(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

START_TEST(every_timer_runs_once_at_its_deadline)
{
	enum { N = 20000 };
	struct mhttp_timers *w = fresh();
	struct item *items = calloc(N, sizeof *items);
	uint64_t seed = 88172645463325252u;

	for (int i = 0; i < N; i++)
		set(w, &items[i], 1 + random_u64(&seed) % (UINT64_C(1) << (1 + i % 36)));
	run_until(w, UINT64_C(1) << 37);
	for (int i = 0; i < N; i++) {
		ck_assert_int_eq(items[i].runs, 1);
		ck_assert_uint_eq(items[i].ran_at, items[i].deadline);
	}
	ck_assert_uint_eq(mhttp_timers_next(w), UINT64_MAX);
	free(items);
	free(w);
}
END_TEST

START_TEST(a_late_clock_runs_them_in_order)
{
	enum { N = 3000 };
	struct mhttp_timers *w = fresh();
	struct item *items = calloc(N, sizeof *items);
	uint64_t seed = 12345;

	mhttp_timers_advance(w, 77);
	for (int i = 0; i < N; i++) {
		set(w, &items[i], 77 + random_u64(&seed) % 1000);
		if (i % 7 == 0)
			mhttp_timers_advance(w, w->clock + (random_u64(&seed) % 2));
	}
	mhttp_timers_advance(w, 100000);
	ck_assert_int_eq(mhttp_timers_run(w), N);
	for (int i = 0; i < N; i++)
		ck_assert_int_eq(items[i].runs, 1);
	free(items);
	free(w);
}
END_TEST

START_TEST(equal_deadlines_run_as_they_were_set)
{
	struct mhttp_timers *w = fresh();
	struct item items[10] = { 0 };

	for (int i = 0; i < 5; i++)
		set(w, &items[i], 5000);
	mhttp_timers_advance(w, 4990);
	for (int i = 5; i < 10; i++)
		set(w, &items[i], 5000);
	mhttp_timers_advance(w, 4999);
	ck_assert_int_eq(mhttp_timers_run(w), 0);
	mhttp_timers_advance(w, 6000);
	ck_assert_int_eq(mhttp_timers_run(w), 10);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(items[i].order, i + 1);
	free(w);
}
END_TEST

START_TEST(cancelled_and_moved)
{
	struct mhttp_timers *w = fresh();
	struct item a = { 0 }, b = { 0 }, c = { 0 };

	mhttp_timers_cancel(w, &a.timer);
	set(w, &a, 100);
	set(w, &b, 100);
	set(w, &c, 300);
	mhttp_timers_cancel(w, &a.timer);
	mhttp_timers_cancel(w, &a.timer);
	set(w, &b, 200);
	ck_assert_uint_le(mhttp_timers_next(w), 200);
	run_until(w, 199);
	ck_assert_int_eq(b.runs, 0);
	run_until(w, 200);
	ck_assert_int_eq(b.runs, 1);
	mhttp_timers_cancel(w, &c.timer);
	ck_assert_uint_eq(mhttp_timers_next(w), UINT64_MAX);
	ck_assert_int_eq(a.runs, 0);
	free(w);
}
END_TEST

START_TEST(callbacks_may_cancel_and_set)
{
	struct mhttp_timers *w = fresh();
	struct item a = { 0 }, b = { 0 }, c = { 0 };

	a.victim = &b;
	a.again = &a;
	set(w, &a, 10);
	set(w, &b, 10);
	set(w, &c, 10);
	mhttp_timers_advance(w, 10);
	ck_assert_int_eq(mhttp_timers_run(w), 2);
	ck_assert_int_eq(b.runs, 0);
	ck_assert_int_eq(c.runs, 1);
	ck_assert_uint_eq(mhttp_timers_next(w), w->clock);
	a.again = NULL;
	ck_assert_int_eq(mhttp_timers_run(w), 1);
	ck_assert_int_eq(mhttp_timers_run(w), 0);
	free(w);
}
END_TEST

START_TEST(the_horizon_holds)
{
	struct mhttp_timers *w = fresh();
	struct item a = { 0 };

	set(w, &a, UINT64_MAX);
	ck_assert_uint_lt(mhttp_timers_next(w), UINT64_C(1) << 42);
	mhttp_timers_advance(w, UINT64_C(1) << 41);
	ck_assert_int_eq(mhttp_timers_run(w), 0);
	mhttp_timers_cancel(w, &a.timer);
	ck_assert_uint_eq(mhttp_timers_next(w), UINT64_MAX);
	free(w);
}
END_TEST

SUITE_MAIN("http/timers", every_timer_runs_once_at_its_deadline, a_late_clock_runs_them_in_order,
	   equal_deadlines_run_as_they_were_set, cancelled_and_moved, callbacks_may_cancel_and_set, the_horizon_holds)
