#include <config.h>
#include "suite.h"
#include "park.h"
#include "mummy-common.h"

struct meeting {
	struct mpool_lot lot;
	mpool_word token, answer;
	int turns;
};

static void set_up(struct meeting *m)
{
	*m = (struct meeting){ 0 };
	ck_assert_int_eq(mpool_lot_init(&m->lot), 0);
}

START_TEST(a_wake_before_the_wait_is_kept)
{
	struct meeting m;

	set_up(&m);
	mpool_token_wake(&m.lot, &m.token);
	ck_assert_int_eq(mpool_token_wait(&m.lot, &m.token, MPOOL_NEVER), 0);
	mpool_lot_destroy(&m.lot);
}
END_TEST

START_TEST(the_wait_ends_in_time_and_may_begin_again)
{
	struct meeting m;
	uint64_t start = mummy_now_ns();

	set_up(&m);
	ck_assert_int_eq(mpool_token_wait(&m.lot, &m.token, mpool_deadline(20)), -ETIMEDOUT);
	ck_assert_uint_ge(mummy_now_ns() - start, 20000000u);
	ck_assert_int_eq(mpool_token_wait(&m.lot, &m.token, mpool_deadline(0)), -ETIMEDOUT);
	mpool_token_wake(&m.lot, &m.token);
	ck_assert_int_eq(mpool_token_wait(&m.lot, &m.token, mpool_deadline(0)), 0);
	ck_assert_uint_eq(mpool_deadline(-1), MPOOL_NEVER);
	mpool_lot_destroy(&m.lot);
}
END_TEST

static void *echo(void *arg)
{
	struct meeting *m = arg;

	for (int i = 0; i < m->turns; i++) {
		mpool_event_wait(&m->lot, &m->token, MPOOL_NEVER);
		mpool_event_signal(&m->lot, &m->answer);
	}
	return NULL;
}

START_TEST(events_are_signalled_again_and_again)
{
	struct meeting m;
	pthread_t t;

	set_up(&m);
	m.turns = 5000;
	ck_assert_int_eq(pthread_create(&t, NULL, echo, &m), 0);
	for (int i = 0; i < m.turns; i++) {
		mpool_event_signal(&m.lot, &m.token);
		ck_assert_int_eq(mpool_event_wait(&m.lot, &m.answer, mpool_deadline(30000)), 0);
	}
	pthread_join(t, NULL);
	mpool_lot_destroy(&m.lot);
}
END_TEST

SUITE_MAIN("pool/park", a_wake_before_the_wait_is_kept, the_wait_ends_in_time_and_may_begin_again,
	   events_are_signalled_again_and_again)
