#include <config.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "suite.h"
#include "state.h"

#define MIB (UINT64_C(1) << 20)

static struct stat file_of(uint64_t size)
{
	struct stat st;

	memset(&st, 0, sizeof st);
	st.st_size = (off_t)size;
	st.st_mtim.tv_sec = 1700000000;
	st.st_mtim.tv_nsec = 5;
	st.st_dev = 7;
	st.st_ino = 9;
	return st;
}

static void plans(uint64_t size, unsigned n, unsigned want)
{
	const struct stat st = file_of(size);
	struct state s;

	state_plan(&s, &st, n);
	ck_assert_uint_eq(s.nparts, want);
	ck_assert_uint_eq(s.part[0].from, 0);
	for (unsigned i = 1; i < s.nparts; i++) {
		ck_assert_uint_eq(s.part[i].from, s.part[i - 1].to);
		ck_assert_uint_ge(s.part[i].to - s.part[i].from, STATE_MIN_PART);
	}
	ck_assert_uint_eq(s.part[s.nparts - 1].to, size);
}

START_TEST(test_plans)
{
	plans(0, 1, 1);
	plans(0, 8, 1);
	plans(1, 8, 1);
	plans(2 * MIB - 1, 8, 1);
	plans(2 * MIB, 8, 2);
	plans(100 * MIB + 3, 8, 8);
	plans(100 * MIB + 3, OPTIONS_MAX_PARALLEL, OPTIONS_MAX_PARALLEL);
	plans(UINT64_C(1) << 50, 3, 3);
}
END_TEST

static char *printed(size_t *n)
{
	const struct stat st = file_of(5 * MIB + 1);
	struct state s;
	char *text;

	state_plan(&s, &st, 3);
	s.part[0].url = strdup("http://a/files/1");
	s.part[2].url = strdup("http://a/files/3?x=%20");
	text = state_print(&s, "/a name\nwith a line\x7f", n);
	ck_assert_ptr_nonnull(text);
	state_clear(&s);
	return text;
}

START_TEST(test_comes_back)
{
	struct stat st = file_of(5 * MIB + 1);
	struct state s;
	size_t n;
	char *text = printed(&n);

	ck_assert_int_eq(state_parse(&s, text, n), 0);
	ck_assert_uint_eq(s.nparts, 3);
	ck_assert_str_eq(s.part[0].url, "http://a/files/1");
	ck_assert_ptr_null(s.part[1].url);
	ck_assert_str_eq(s.part[2].url, "http://a/files/3?x=%20");
	ck_assert_uint_eq(s.part[2].to, 5 * MIB + 1);
	ck_assert(state_fits(&s, &st));
	st.st_mtim.tv_nsec++;
	ck_assert(!state_fits(&s, &st));
	st = file_of(5 * MIB);
	ck_assert(!state_fits(&s, &st));
	st = file_of(5 * MIB + 1);
	st.st_ino++;
	ck_assert(!state_fits(&s, &st));
	state_clear(&s);
	free(text);
}
END_TEST

/* Cut at every place, and with every octet changed: refused, or a plan without gaps. */
START_TEST(test_damage)
{
	struct state s;
	size_t n;
	char *text = printed(&n);

	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(state_parse(&s, text, i), -EBADMSG);
	for (size_t i = 0; i < n; i++) {
		const char was = text[i];

		for (int c = 0; c < 256; c += 5) {
			text[i] = (char)c;
			if (state_parse(&s, text, n) == 0) {
				ck_assert_uint_eq(s.part[s.nparts - 1].to, s.size);
				state_clear(&s);
			}
			ck_assert_uint_eq(s.nparts, 0);
		}
		text[i] = was;
	}
	free(text);
}
END_TEST

START_TEST(test_refused)
{
	static const char *const bad[] = {
		"mummy-upload 1\nend\n",
		"mummy-upload 2\nis 1 0 0 0 0\npart 0 1 -\nend\n",
		"mummy-upload 1\nis 2 0 0 0 0\npart 0 1 -\nend\n",
		"mummy-upload 1\nis 2 0 0 0 0\npart 0 1 -\npart 0 2 -\nend\n",
		"mummy-upload 1\nis 2 0 0 0 0\npart 0 3 -\nend\n",
		"mummy-upload 1\nis 2 0 0 0\npart 0 2 -\nend\n",
		"mummy-upload 1\npart 0 0 -\nis 2 0 0 0 0\npart 0 2 -\nend\n",
		"mummy-upload 1\nis 2 0 0 0 0\npart 0 2 - x\nend\n",
		"mummy-upload 1\nis 2 0 0 0 0\npart 0 2\nend\n",
		"mummy-upload 1\nwhat\nis 2 0 0 0 0\npart 0 2 -\nend\n",
	};
	struct state s;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(state_parse(&s, bad[i], strlen(bad[i])) == -EBADMSG, "%s", bad[i]);
}
END_TEST

SUITE_MAIN("state", test_plans, test_comes_back, test_damage, test_refused)
