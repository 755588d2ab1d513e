/*
 * number.h - numbers that people write: on the command line and in queries.
 */
#ifndef MUMMY_TOOLS_NUMBER_H
#define MUMMY_TOOLS_NUMBER_H
#include <stdint.h>

/** Reads decimal digits and nothing else. 0, -EINVAL, -ERANGE outside min to max. */
int number_parse(uint64_t *out, const char *text, uint64_t min, uint64_t max);
/** As number_parse from 0, with an optional suffix K, M, G or T (powers of 1024, in either case). */
int number_parse_size(uint64_t *out, const char *text, uint64_t max);
/** Seconds: as number_parse from 0, with an optional suffix s, m, h or d. */
int number_parse_time(uint64_t *out, const char *text, uint64_t max);
/** Milliseconds: as number_parse_time, or with the suffix ms. */
int number_parse_ms(uint64_t *out, const char *text, uint64_t max);
#endif
