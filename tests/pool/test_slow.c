#include <config.h>
#include "suite.h"
#include "pools.h"
#include "mummy-common.h"
#include <string.h>

struct notes {
	atomic_int n;
	void (*run)(void *arg);
	char name[64];
	uint64_t ms;
};

static void note(void *ctx, void (*run)(void *arg), const char *name, uint64_t ms)
{
	struct notes *notes = ctx;

	notes->run = run;
	snprintf(notes->name, sizeof notes->name, "%s", name ? name : "none");
	notes->ms = ms;
	atomic_fetch_add(&notes->n, 1);
}

static mummy_pool *watched(struct notes *notes, unsigned slow_ms)
{
	struct mummy_pool_options opt = { .kind = MUMMY_POOL_TASKS, .threads = 1, .slow = note,
					  .slow_ms = slow_ms, .ctx = notes };
	mummy_pool *p = NULL;

	*notes = (struct notes){ 0 };
	ck_assert_int_eq(mummy_pool_new(&p, &opt), 0);
	return p;
}

static void take_long(void *arg)
{
	uint64_t until = mummy_now_ns() + 20000000;

	(void)arg;
	while (mummy_now_ns() < until)
		sched_yield();
}

static void *take_long_too(void *arg)
{
	take_long(arg);
	return NULL;
}

START_TEST(a_slow_job_is_told)
{
	struct notes notes;
	mummy_pool *p = watched(&notes, 10);

	ck_assert_int_eq(mummy_pool_submit(p, take_long, NULL), 0);
	mummy_pool_free(p);
	ck_assert_int_eq(atomic_load(&notes.n), 1);
	ck_assert(notes.run == take_long);
	ck_assert_str_eq(notes.name, "none");
	ck_assert_uint_ge(notes.ms, 20);
}
END_TEST

START_TEST(a_slow_task_is_told_by_its_name)
{
	struct notes notes;
	mummy_pool *p = watched(&notes, 10);
	struct mummy_task_options opt = { .name = "backup" };

	ck_assert_int_eq(mummy_task_submit(NULL, p, take_long_too, NULL, &opt), 0);
	mummy_pool_free(p);
	ck_assert_int_eq(atomic_load(&notes.n), 1);
	ck_assert(notes.run == (void (*)(void *))(void (*)(void))take_long_too);
	ck_assert_str_eq(notes.name, "backup");
}
END_TEST

START_TEST(a_slow_job_of_a_group_is_told)
{
	struct notes notes;
	mummy_pool *p = watched(&notes, 10);
	struct mummy_pool_group g;

	mummy_pool_group_init(&g, p);
	ck_assert_int_eq(mummy_pool_group_submit(&g, take_long, NULL), 0);
	mummy_pool_group_wait(&g);
	mummy_pool_free(p);
	ck_assert_int_eq(atomic_load(&notes.n), 1);
	ck_assert(notes.run == take_long);
}
END_TEST

START_TEST(others_are_not)
{
	struct notes notes;
	mummy_pool *p = watched(&notes, 3600000);

	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(mummy_pool_submit(p, take_long, NULL), 0);
	mummy_pool_free(p);
	ck_assert_int_eq(atomic_load(&notes.n), 0);
}
END_TEST

SUITE_MAIN("pool/slow", a_slow_job_is_told, a_slow_task_is_told_by_its_name, a_slow_job_of_a_group_is_told,
	   others_are_not)
