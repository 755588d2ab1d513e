#include <config.h>
#include "suite.h"
#include <mummy/pool.h>

START_TEST(the_header_the_library_and_the_package_agree)
{
	char text[32];

	snprintf(text, sizeof text, "%d.%d.%d", MUMMY_POOL_VERSION_MAJOR, MUMMY_POOL_VERSION_MINOR,
		 MUMMY_POOL_VERSION_PATCH);
	ck_assert_str_eq(text, MUMMY_POOL_VERSION);
	ck_assert_str_eq(mummy_pool_version(), MUMMY_POOL_VERSION);
	ck_assert_str_eq(PACKAGE_VERSION, MUMMY_POOL_VERSION);
}
END_TEST

SUITE_MAIN("pool/version", the_header_the_library_and_the_package_agree)
