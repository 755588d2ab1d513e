#include <config.h>
#include "suite.h"
#include <mummy/ws.h>

START_TEST(the_header_the_library_and_the_package_agree)
{
	char text[32];

	snprintf(text, sizeof text, "%d.%d.%d", MUMMY_WS_VERSION_MAJOR, MUMMY_WS_VERSION_MINOR,
		 MUMMY_WS_VERSION_PATCH);
	ck_assert_str_eq(text, MUMMY_WS_VERSION);
	ck_assert_str_eq(mummy_ws_version(), MUMMY_WS_VERSION);
	ck_assert_str_eq(PACKAGE_VERSION, MUMMY_WS_VERSION);
}
END_TEST

SUITE_MAIN("ws/version", the_header_the_library_and_the_package_agree)
