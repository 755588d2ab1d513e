/* simd.c, simd_portable.c, simd_sse2.c, simd_avx2.c, simd_avx512.c,
 * simd_sections.h, simd_neon.c: as many as this processor has. */
#include <config.h>
#include <stdio.h>
#include "suite.h"
#include "simd-cases.h"

static void each(const char *(*same)(const struct mws_simd *s))
{
	const struct mws_simd *s;

	for (unsigned i = 0; (s = mws_simd_nth(i)); i++) {
		const char *bad = same(s);

		if (bad)
			ck_abort_msg("%s: %s", s->name, bad);
	}
	ck_assert_uint_ge(1, 1);
}

static const char *rows(const struct mws_simd *s)
{
	return simd_rows(s, 20000);
}

static const char *sections(const struct mws_simd *s)
{
	return simd_sections(s, 1);
}

static const char *threes(const struct mws_simd *s)
{
	return simd_threes(s, 1);
}

static const char *damage(const struct mws_simd *s)
{
	return simd_damage(s, 2000);
}

START_TEST(masks_at_every_length_and_alignment)
{
	each(simd_masks);
}
END_TEST

START_TEST(every_part_at_every_place)
{
	each(simd_places);
}
END_TEST

START_TEST(rows_of_characters)
{
	each(rows);
}
END_TEST

START_TEST(the_edges_of_all_ranges)
{
	each(simd_edges);
}
END_TEST

START_TEST(long_masks)
{
	each(simd_masks_long);
}
END_TEST

START_TEST(every_part_where_sections_meet)
{
	each(sections);
}
END_TEST

START_TEST(an_octet_among_characters_of_three_damaged)
{
	each(threes);
}
END_TEST

START_TEST(an_octet_of_a_long_text_damaged)
{
	each(damage);
}
END_TEST

START_TEST(the_portable_one_is_there_and_the_best_is_one_of_them)
{
	const struct mws_simd *s;
	int found = 0;

	ck_assert_ptr_eq(mws_simd_nth(0), &mws_simd_portable);
	for (unsigned i = 0; (s = mws_simd_nth(i)); i++)
		found |= s == mws_simd();
	ck_assert(found);
}
END_TEST

SUITE_MAIN("ws/simd", masks_at_every_length_and_alignment, every_part_at_every_place, rows_of_characters,
	   the_edges_of_all_ranges, long_masks, every_part_where_sections_meet,
	   an_octet_among_characters_of_three_damaged, an_octet_of_a_long_text_damaged,
	   the_portable_one_is_there_and_the_best_is_one_of_them)
