/*
 * split.h - every input whole, at every split, and one octet at a time. Buffers are exact copies on the
 * heap, so that a sanitizer sees an octet too many, and move between calls.
 */
#ifndef MUMMY_TESTS_SPLIT_H
#define MUMMY_TESTS_SPLIT_H
#include <stdlib.h>
#include <string.h>

/* A copy of n octets, no more; n 0 too. */
static inline char *split_copy(const char *p, size_t n)
{
	char *copy = malloc(n ? n : 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, p, n);
	return copy;
}

/* Text with a length, for literals that hold NUL octets. */
struct split_text { const char *p; size_t n; };
#define TEXT(s) {(s), sizeof(s) - 1}
#endif
