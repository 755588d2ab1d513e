#include <config.h>
#include "fake.h"

START_TEST(pings_of_one_who_does_not_read_are_answered_to_the_last)
{
	struct mummy_ws_options opt = { .high_water_bytes = 100 };
	struct fake *f = fake_new(NULL, &opt);

	f->queued = 200;
	fake_feed_frame(f, 1, 9, "one", 3);
	fake_feed_frame(f, 1, 9, "two", 3);
	fake_turn(f, 1);
	fake_wrote(f, "");
	f->queued = 0;
	fake_turn(f, 1);
	fake_wrote(f, "\x8a\3two");
	fake_free(f);
}
END_TEST

START_TEST(drain_comes_once_after_the_high_water)
{
	struct mummy_ws_options opt = { .high_water_bytes = 100 };
	struct fake *f = fake_new(NULL, &opt);

	f->queued = 200;
	ck_assert_int_eq(mummy_ws_send(f->c, MUMMY_WS_TEXT, "x", 1), 1);
	fake_turn(f, 1);
	fake_logged(f, "open ");
	f->queued = 50;
	fake_turn(f, 1);
	fake_turn(f, 1);
	fake_logged(f, "open drain ");
	fake_free(f);
}
END_TEST

SUITE_MAIN("ws/later", pings_of_one_who_does_not_read_are_answered_to_the_last, drain_comes_once_after_the_high_water)
