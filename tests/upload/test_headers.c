#include <config.h>
#include "fake.h"

START_TEST(numbers_are_digits_alone)
{
	static const struct { const char *text; int rc; uint64_t value; } v[] = {
		{ "0", 1, 0 }, { "007", 1, 7 }, { "9223372036854775806", 1, MUP_MOST - 1 }, { "9223372036854775807", 1, MUP_MOST },
		{ "9223372036854775808", 1, MUP_MOST }, { "18446744073709551616", 1, MUP_MOST },
		{ "999999999999999999999999999999", 1, MUP_MOST }, { "", -EINVAL, 0 }, { "-1", -EINVAL, 0 }, { "+1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 }, { "0x1", -EINVAL, 0 }, { "1.0", -EINVAL, 0 }, { "1e3", -EINVAL, 0 },
	};

	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		uint64_t got = 0;

		ck_assert_msg(mup_number(v[i].text, strlen(v[i].text), &got) == v[i].rc, "%s", v[i].text);
		ck_assert_uint_eq(got, v[i].value);
	}
}
END_TEST

START_TEST(lines_of_a_name_have_to_agree)
{
	struct fake_fields f = { .n = 0 };
	struct mummy_upload_request req = fake_request("HEAD", "/", &f, 0);
	struct mup_request r = { .req = &req };
	const char *p;
	size_t n;

	ck_assert_int_eq(mup_header(&r, "A", &p, &n), 0);
	put_field(&f, "A", " x\t");
	put_field(&f, "B", "y");
	put_field(&f, "a", "x");
	ck_assert_int_eq(mup_header(&r, "A", &p, &n), 1);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(*p, 'x');
	put_field(&f, "A", "xx");
	ck_assert_int_eq(mup_header(&r, "A", &p, &n), -EINVAL);
}
END_TEST

START_TEST(the_type_is_that_of_tus)
{
	static const struct { const char *text; int is; } v[] = {
		{ "application/offset+octet-stream", 1 }, { "Application/Offset+Octet-Stream", 1 },
		{ "application/offset+octet-stream; charset=x", 1 }, { "application/offset+octet-stream2", 0 },
		{ "application/octet-stream", 0 }, { "", 0 },
	};

	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		struct fake_fields f = { .n = 0 };
		struct mummy_upload_request req = fake_request("HEAD", "/", &f, 0);
		struct mup_request r = { .req = &req };

		put_field(&f, "Content-Type", v[i].text);
		ck_assert_msg(mup_header_is_tus(&r) == v[i].is, "%s", v[i].text);
	}
}
END_TEST

SUITE_MAIN("upload/headers", numbers_are_digits_alone, lines_of_a_name_have_to_agree, the_type_is_that_of_tus)
