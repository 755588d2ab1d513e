/*
 * fuzz.h - what a fuzz target gives: one input checked (libFuzzer's entry), and inputs to start from.
 *
 * With libFuzzer:  clang -g -O1 -fsanitize=fuzzer,address,undefined ... fuzz_http_request.c, without
 * fuzz_main.c. Without it, fuzz_main.c replays files, or mutates the seeds in a fixed order.
 */
#ifndef MUMMY_FUZZ_H
#define MUMMY_FUZZ_H
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fuzz_seed {
	const char *p;
	size_t n;
};
#define FUZZ_SEED(s) {(s), sizeof(s) - 1}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern const struct fuzz_seed fuzz_seeds[]; /* ends with p NULL */

/* A broken promise ends the program, as a sanitizer would. */
#define FUZZ_CHECK(what)                                                                                     \
	((what) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what), abort()))

static inline char *fuzz_copy(const uint8_t *p, size_t n)
{
	char *copy = malloc(n ? n : 1);

	FUZZ_CHECK(copy);
	memcpy(copy, p, n);
	return copy;
}
#endif
