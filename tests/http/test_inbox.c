#include <config.h>
#include "inbox.h"
#include "mummy-common.h"
#include "suite.h"
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>

struct rig {
	mummy_poller *p;
	struct mhttp_inbox *in;
};

static struct rig fresh(void)
{
	struct rig r;

	ck_assert_int_eq(mummy_poller_new(&r.p, MUMMY_POLLER_BEST), 0);
	ck_assert_int_eq(mhttp_inbox_new(&r.in, r.p), 0);
	return r;
}

static void done(struct rig *r)
{
	mhttp_inbox_close(r->in);
	mummy_poller_free(r->p);
	mhttp_inbox_unref(r->in);
}

struct item {
	struct mhttp_inbox_node node;
	int *sequence, place;
	struct mhttp_inbox *again;
};

static void note(struct mhttp_inbox_node *n)
{
	struct item *i = (struct item *)n;

	i->place = ++*i->sequence;
	if (i->again)
		ck_assert_int_eq(mhttp_inbox_post(i->again, n), 0);
}

START_TEST(first_in_first_out)
{
	struct rig r = fresh();
	struct item items[5];
	int sequence = 0;

	for (int i = 0; i < 5; i++) {
		items[i] = (struct item){ .node.run = note, .sequence = &sequence };
		ck_assert_int_eq(mhttp_inbox_post(r.in, &items[i].node), 0);
	}
	ck_assert_int_eq(mhttp_inbox_sleep(r.in), 0);
	ck_assert_int_eq(mhttp_inbox_run(r.in), 5);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(items[i].place, i + 1);
	ck_assert_int_eq(mhttp_inbox_run(r.in), 0);
	done(&r);
}
END_TEST

START_TEST(what_a_run_posts_waits_for_the_next)
{
	struct rig r = fresh();
	int sequence = 0;
	struct item item = { .node.run = note, .sequence = &sequence, .again = r.in };

	ck_assert_int_eq(mhttp_inbox_post(r.in, &item.node), 0);
	ck_assert_int_eq(mhttp_inbox_run(r.in), 1);
	ck_assert_int_eq(mhttp_inbox_sleep(r.in), 0);
	item.again = NULL;
	ck_assert_int_eq(mhttp_inbox_run(r.in), 1);
	ck_assert_int_eq(mhttp_inbox_sleep(r.in), 1);
	done(&r);
}
END_TEST

START_TEST(only_a_sleeper_is_woken)
{
	struct rig r = fresh();
	int sequence = 0;
	struct item a = { .node.run = note, .sequence = &sequence }, b = a;
	struct pollfd fd = { .fd = mummy_poller_fd(r.p), .events = POLLIN };

	ck_assert_int_eq(mhttp_inbox_post(r.in, &a.node), 0);
	if (fd.fd >= 0)
		ck_assert_int_eq(poll(&fd, 1, 0), 0);
	ck_assert_int_eq(mhttp_inbox_run(r.in), 1);
	ck_assert_int_eq(mhttp_inbox_sleep(r.in), 1);
	ck_assert_int_eq(mhttp_inbox_sleep(r.in), 1);
	ck_assert_int_eq(mhttp_inbox_post(r.in, &a.node), 0);
	ck_assert_int_eq(mhttp_inbox_post(r.in, &b.node), 0);
	ck_assert_int_eq(mummy_poller_turn(r.p, -1), 1);
	ck_assert_int_eq(mhttp_inbox_run(r.in), 2);
	ck_assert_int_eq(mummy_poller_turn(r.p, 0), 0);
	done(&r);
}
END_TEST

static void count(void *arg)
{
	++*(int *)arg;
}

START_TEST(closing_runs_the_rest_and_refuses_more)
{
	struct rig r = fresh();
	int calls = 0;

	ck_assert_int_eq(mhttp_inbox_post_call(r.in, count, &calls), 0);
	ck_assert_int_eq(mhttp_inbox_post_call(r.in, count, &calls), 0);
	mhttp_inbox_close(r.in);
	ck_assert_int_eq(calls, 2);
	ck_assert_int_eq(mhttp_inbox_post_call(r.in, count, &calls), -ESHUTDOWN);
	ck_assert_int_eq(mhttp_inbox_run(r.in), 0);
	ck_assert_int_eq(mhttp_inbox_post_call(r.in, count, &calls), -ESHUTDOWN);
	ck_assert_int_eq(mhttp_inbox_sleep(r.in), 0);
	mhttp_inbox_close(r.in);
	done(&r);
	mhttp_inbox_unref(NULL);
	ck_assert_int_eq(calls, 2);
}
END_TEST

enum { POSTERS = 4, POSTS = 30000 };
struct poster {
	struct mhttp_inbox *in;
	pthread_t thread;
	int refused, accepted;
	int ran, last, disordered;           /* the loop's */
	int pace;                            /* yield, so that the loop falls asleep in between */
};
struct post {
	struct mhttp_inbox_node node;
	struct poster *from;
	int number;
};

static void arrive(struct mhttp_inbox_node *n)
{
	struct post *p = (struct post *)n;

	/* No assertion here: libcheck writes one down each time, and the loop would never get to sleep. */
	p->from->disordered += p->number != p->from->last + 1;
	p->from->last = p->number;
	p->from->ran++;
	free(p);
}

static void *post_many(void *arg)
{
	struct poster *me = arg;

	for (int i = 1; i <= POSTS; i++) {
		struct post *p = malloc(sizeof *p);

		*p = (struct post){ { NULL, arrive }, me, i };
		if (mhttp_inbox_post(me->in, &p->node) == 0) {
			me->accepted++;
		} else {
			me->refused++;
			free(p);
		}
		if (me->pace && i % me->pace == 0)
			sched_yield();
	}
	mhttp_inbox_unref(me->in);
	return NULL;
}

/* The loop sleeps without a limit: a lost wake-up would hang it. */
static void many_threads(int stop_after)
{
	struct rig r = fresh();
	struct poster posters[POSTERS];
	int ran = 0, accepted = 0;

	for (int i = 0; i < POSTERS; i++) {
		posters[i] = (struct poster){ .in = mhttp_inbox_ref(r.in), .pace = i };
		ck_assert_int_eq(mummy_thread_start(&posters[i].thread, "poster", post_many, &posters[i]), 0);
	}
	while (ran < stop_after) {
		mummy_poller_turn(r.p, mhttp_inbox_sleep(r.in) ? -1 : 0);
		ran += mhttp_inbox_run(r.in);
	}
	done(&r);
	for (int i = 0; i < POSTERS; i++) {
		pthread_join(posters[i].thread, NULL);
		ck_assert_int_eq(posters[i].disordered, 0);
		ck_assert_int_eq(posters[i].ran, posters[i].accepted);
		ck_assert_int_eq(posters[i].accepted + posters[i].refused, POSTS);
		accepted += posters[i].accepted;
	}
	ck_assert_int_ge(accepted, ran);
}

START_TEST(every_post_of_many_threads_arrives_in_order)
{
	many_threads(POSTERS * POSTS);
}
END_TEST

START_TEST(closed_under_fire)
{
	many_threads(POSTERS * POSTS / 10 * (1 + _i % 3));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("http/inbox");
	TCase *c = tcase_create("inbox");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(c, SUITE_TIMEOUT_S);
	tcase_add_test(c, first_in_first_out);
	tcase_add_test(c, what_a_run_posts_waits_for_the_next);
	tcase_add_test(c, only_a_sleeper_is_woken);
	tcase_add_test(c, closing_runs_the_rest_and_refuses_more);
	tcase_add_loop_test(c, every_post_of_many_threads_arrives_in_order, 0, 3);
	tcase_add_loop_test(c, closed_under_fire, 0, 6);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
