/*
 * scanner.h - the loops over every octet of a head, in variants for what a processor can do. Private.
 *
 * All variants read the same language: whatever a fast path does not recognize at once is left to the
 * portable one, line by line.
 */
#ifndef MHTTP_SCANNER_H
#define MHTTP_SCANNER_H
#include <mummy/http-parser.h>

struct mhttp_scanner {
	const char *name;
	/* To the first octet that a target cannot have, or end. *plain 1: it has neither "?" nor "#"; 0:
	 * look. */
	const char *(*target)(const char *p, const char *end, int *plain);
	/* All whole field lines at *at: 1 the empty line too, 0 incomplete, or mhttp_head_fail. */
	int (*fields)(struct mummy_http_head *h, const char **at, const char *end);
};
extern const struct mhttp_scanner mhttp_scanner_portable;
#if defined __x86_64__ && defined __GNUC__
#define MHTTP_HAVE_X86 1
extern const struct mhttp_scanner mhttp_scanner_avx2, mhttp_scanner_sse2;
#endif
#if defined __aarch64__ && defined __ARM_NEON && !defined __AARCH64EB__
#define MHTTP_HAVE_NEON 1
extern const struct mhttp_scanner mhttp_scanner_neon;
#endif

/* mummy_http_parse_request with one of these (parse_request.c). */
int mhttp_parse_request(const struct mhttp_scanner *scanner, struct mummy_http_head *h, const char *p,
			size_t n);
/* The i-th best that runs here, NULL when there are no more. */
const struct mhttp_scanner *mhttp_scanner_at(unsigned i);

static inline const struct mhttp_scanner *mhttp_scanner(void)
{
#if defined MHTTP_HAVE_X86
	/* what cpuid told once, at the start of the program */
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
			       __builtin_cpu_supports("bmi2")
		       ? &mhttp_scanner_avx2
		       : &mhttp_scanner_sse2;
#elif defined MHTTP_HAVE_NEON
	return &mhttp_scanner_neon;
#else
	return &mhttp_scanner_portable;
#endif
}
#endif
