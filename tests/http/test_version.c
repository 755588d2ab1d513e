#include <config.h>
#include "suite.h"
#include <mummy/http.h>

START_TEST(the_header_the_library_and_the_package_agree)
{
	char text[32];

	snprintf(text, sizeof text, "%d.%d.%d", MUMMY_HTTP_VERSION_MAJOR, MUMMY_HTTP_VERSION_MINOR,
		 MUMMY_HTTP_VERSION_PATCH);
	ck_assert_str_eq(text, MUMMY_HTTP_VERSION);
	ck_assert_str_eq(mummy_http_version(), MUMMY_HTTP_VERSION);
	ck_assert_str_eq(PACKAGE_VERSION, MUMMY_HTTP_VERSION);
}
END_TEST

SUITE_MAIN("http/version", the_header_the_library_and_the_package_agree)
