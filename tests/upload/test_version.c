#include <config.h>
#include "suite.h"
#include <mummy/upload.h>

START_TEST(the_header_the_library_and_the_package_agree)
{
	char text[32];

	snprintf(text, sizeof text, "%d.%d.%d", MUMMY_UPLOAD_VERSION_MAJOR, MUMMY_UPLOAD_VERSION_MINOR,
		 MUMMY_UPLOAD_VERSION_PATCH);
	ck_assert_str_eq(text, MUMMY_UPLOAD_VERSION);
	ck_assert_str_eq(mummy_upload_version(), MUMMY_UPLOAD_VERSION);
	ck_assert_str_eq(PACKAGE_VERSION, MUMMY_UPLOAD_VERSION);
}
END_TEST

SUITE_MAIN("upload/version", the_header_the_library_and_the_package_agree)
