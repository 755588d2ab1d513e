/*
 * suite.h - the main() of a libcheck program: SUITE_MAIN("name", test, test, ...).
 * CK_FORK=no runs the tests in one process, for debuggers.
 */
#ifndef MUMMY_SUITE_H
#define MUMMY_SUITE_H
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static inline int suite_run(const char *name, const TTest *const *tests, size_t n, double timeout_s)
{
	Suite *s = suite_create(name);
	TCase *c = tcase_create(name);
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(c, timeout_s);
	for (size_t i = 0; i < n; i++)
		tcase_add_test(c, tests[i]);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/** As ck_assert, for loops of very many: those hold without a word to libcheck, which costs a write each. */
#define SUITE_REQUIRE(condition) \
	do { \
		if (!(condition)) \
			ck_abort_msg("not so: %s", #condition); \
	} while (0)

/** Seconds that one test of the program may take, sanitizers included; define before the include. */
#ifndef SUITE_TIMEOUT_S
#define SUITE_TIMEOUT_S 60
#endif

#define SUITE_MAIN(name, ...) \
	int main(void) \
	{ \
		const TTest *const tests[] = { __VA_ARGS__ }; \
		return suite_run(name, tests, sizeof tests / sizeof tests[0], SUITE_TIMEOUT_S); \
	}
#endif
