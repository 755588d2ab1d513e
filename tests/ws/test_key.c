#include <config.h>
#include <string.h>
#include "suite.h"
#include "key.h"

START_TEST(the_rfc_s_example)
{
	char accept[MWS_ACCEPT_LEN + 1];

	ck_assert_int_eq(mws_key_accept("dGhlIHNhbXBsZSBub25jZQ==", accept), 0);
	ck_assert_str_eq(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}
END_TEST

START_TEST(keys_that_are_made_are_good_and_differ)
{
	char a[MWS_KEY_LEN + 1], b[MWS_KEY_LEN + 1];

	ck_assert_int_eq(mws_key_make(a), 0);
	ck_assert_int_eq(mws_key_make(b), 0);
	ck_assert_uint_eq(strlen(a), MWS_KEY_LEN);
	ck_assert(mws_key_ok((struct mws_span){ a, strlen(a) }));
	ck_assert_str_ne(a, b);
}
END_TEST

START_TEST(keys_of_another_length_or_alphabet_are_bad)
{
	static const char *const bad[] = { "", "AAAA", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ==A",
		"dGhlIHNhbXBsZSBub25jZQAA", "dGhlIHNhbXBsZSB-b25jZQ==", "dGhlIHNhbXBsZSBub25jZ===" };

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert(!mws_key_ok((struct mws_span){ bad[i], strlen(bad[i]) }));
}
END_TEST

SUITE_MAIN("ws/key", the_rfc_s_example, keys_that_are_made_are_good_and_differ,
	   keys_of_another_length_or_alphabet_are_bad)
