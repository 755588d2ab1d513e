/*
 * json.h - writes JSON (RFC 8259) into memory that grows.
 */
#ifndef MUMMY_TOOLS_JSON_H
#define MUMMY_TOOLS_JSON_H
#include <stddef.h>
#include <stdint.h>

/** All zero to begin. text is the caller's to free, NULL when failed; a failure sticks. */
struct json {
	char *text;
	size_t len, room;
	int failed;                /**< 1: out of memory */
};

void json_raw(struct json *j, const char *text);
/** A string, in quotes and escaped; what of the n octets is no UTF-8 becomes U+FFFD. */
void json_string(struct json *j, const char *p, size_t n);
/** Members of an object; the comma is added where one is needed. */
void json_key(struct json *j, const char *name);
void json_member_number(struct json *j, const char *name, uint64_t value);
void json_member_string(struct json *j, const char *name, const char *p, size_t n);
void json_free(struct json *j);
#endif
