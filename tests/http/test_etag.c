#include <config.h>
#include "suite.h"
#include "split.h"
#include <errno.h>
#include <mummy/http-parser.h>

START_TEST(lists_are_matched)
{
	static const struct {
		const char *list, *etag;
		int strong, weak;
	} cases[] = {
		{"\"a\"", "\"a\"", 1, 1}, {"\"a\"", "\"b\"", 0, 0}, {"\"a\"", "\"A\"", 0, 0},
		{"W/\"a\"", "\"a\"", 0, 1}, {"\"a\"", "W/\"a\"", 0, 1}, {"W/\"a\"", "W/\"a\"", 0, 1},
		{"\"b\", \"a\"", "\"a\"", 1, 1}, {" , \"b\"\t,,W/\"a\" ,", "\"a\"", 0, 1},
		{"\"a,b\"", "\"a,b\"", 1, 1}, {"\"a\\\"", "\"a\\\"", 1, 1}, {"\"\"", "\"\"", 1, 1},
		{"\"\303\244\"", "\"\303\244\"", 1, 1}, {"\"a\"", "\"ab\"", 0, 0},
		{"*", "\"a\"", 1, 1}, {"*", "W/\"a\"", 1, 1}, {"*", NULL, 0, 0}, {"\"a\"", NULL, 0, 0},
		{"", "\"a\"", 0, 0},
		{"a", "\"a\"", -EBADMSG, -EBADMSG}, {"\"a", "\"a\"", -EBADMSG, -EBADMSG},
		{"\"a\" \"b\"", "\"a\"", -EBADMSG, -EBADMSG}, {"w/\"a\"", "\"a\"", -EBADMSG, -EBADMSG},
		{"W/a", "\"a\"", -EBADMSG, -EBADMSG}, {"W/", "\"a\"", -EBADMSG, -EBADMSG},
		{"*, \"a\"", "\"a\"", -EBADMSG, -EBADMSG}, {"\"a b\"", "\"a\"", -EBADMSG, -EBADMSG},
		{"\"a\", b", "\"a\"", -EBADMSG, -EBADMSG}, {"\"a\"\"b\"", "\"a\"", -EBADMSG, -EBADMSG},
		{"\"a\"", "a", -EBADMSG, -EBADMSG},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t n = strlen(cases[i].list);
		char *copy = split_copy(cases[i].list, n);
		struct mummy_http_span list = {copy, n};

		ck_assert_msg(mummy_http_etag_match(list, cases[i].etag, 0) == cases[i].strong, "%zu: %s", i,
			      copy);
		ck_assert_msg(mummy_http_etag_match(list, cases[i].etag, 1) == cases[i].weak, "%zu: %s", i,
			      copy);
		free(copy);
	}
}
END_TEST

SUITE_MAIN("http/etag", lists_are_matched)
