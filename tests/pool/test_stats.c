#include <config.h>
#include "suite.h"
#include "pools.h"
#include <errno.h>
#include <string.h>

START_TEST(the_figures_add_up)
{
	for (int kind = 0; kind < 2; kind++) {
		const struct mummy_task_options hour = { .delay_ms = 3600000 };
		struct mummy_pool_options opt = { .kind = (enum mummy_pool_kind)kind, .threads = 2, .max_queued = 3 };
		struct mummy_pool_stats s;
		struct gate gate = { 0 };
		mummy_task *t;
		mummy_pool *p;

		ck_assert_int_eq(mummy_pool_new(&p, &opt), 0);
		mummy_pool_stats_get(p, &s);
		ck_assert_uint_eq(s.threads, 2);
		ck_assert_uint_eq(s.submitted + s.completed + s.queued + s.running, 0);
		for (int i = 0; i < 2; i++) {
			ck_assert_int_eq(mummy_pool_submit(p, gate_job, &gate), 0);
			while (atomic_load(&gate.reached) <= i)
				sched_yield();
		}
		ck_assert_int_eq(mummy_pool_submit(p, gate_job, &gate), 0);
		ck_assert_int_eq(mummy_task_submit(&t, p, gate_task, &gate, &hour), 0);
		ck_assert_int_eq(mummy_pool_submit(p, gate_job, &gate), 0);
		ck_assert_int_eq(mummy_pool_submit(p, gate_job, &gate), -EAGAIN);
		ck_assert_int_eq(mummy_task_cancel(t), 0);
		mummy_task_unref(t);
		mummy_pool_stats_get(p, &s);
		ck_assert_uint_eq(s.running, 2);
		ck_assert_uint_eq(s.queued, 2);
		ck_assert_uint_eq(s.submitted, 5);
		ck_assert_uint_eq(s.cancelled, 1);
		ck_assert_uint_eq(s.refused, 1);
		ck_assert_uint_eq(s.completed, 0);
		gate_open(&gate);
		ck_assert_int_eq(mummy_pool_drain(p, -1), 0);
		mummy_pool_stats_get(p, &s);
		ck_assert_uint_eq(s.completed, 4);
		ck_assert_uint_eq(s.running + s.queued, 0);
		mummy_pool_free(p);
	}
}
END_TEST

SUITE_MAIN("pool/stats", the_figures_add_up)
