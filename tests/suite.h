/*
 * suite.h - the main() of a libcheck program: SUITE_MAIN("name", test, test, ...).
 * CK_FORK=no runs the tests in one process, for debuggers.
 */
#ifndef MUMMY_SUITE_H
#define MUMMY_SUITE_H
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

/* libcheck writes a message to a file for each assertion that holds, to say where a test crashed: in all
 * programs together half of their time, and half a message of a child that a test kills spoils the rest.
 * Those that fail tell as before. */
#define _mark_point(file, line) ((void)0)

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
