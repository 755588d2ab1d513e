/*
 * json.c - writes JSON (RFC 8259) into memory that grows.
 */
#include <config.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "mummy-utf8.h"
#include "json.h"

static char *reserve(struct json *j, size_t n)
{
	size_t room = j->room ? j->room : 256;
	char *grown;

	if (j->failed)
		return NULL;
	while (room - j->len < n)
		room *= 2;
	if (room == j->room)
		return j->text + j->len;
	grown = realloc(j->text, room);
	if (!grown) {
		json_free(j);
		j->failed = 1;
		return NULL;
	}
	j->text = grown;
	j->room = room;
	return grown + j->len;
}

static void append(struct json *j, const char *p, size_t n)
{
	char *to = reserve(j, n);

	if (!to)
		return;
	memcpy(to, p, n);
	j->len += n;
}

void json_raw(struct json *j, const char *text)
{
	append(j, text, strlen(text));
}

static void escaped(struct json *j, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	const char unicode[] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };
	const char plain[] = { '\\', (char)c };

	if (c >= 0x80)
		append(j, "\\ufffd", 6);
	else if (c == '"' || c == '\\')
		append(j, plain, sizeof plain);
	else
		append(j, unicode, sizeof unicode);
}

/* The length of a character that stands for itself, 0: it does not. */
static size_t as_it_is(const unsigned char *p, size_t n)
{
	return *p < 0x20 || *p == '"' || *p == '\\' || *p == 0x7f ? 0 : mummy_utf8_len(p, n);
}

void json_string(struct json *j, const char *p, size_t n)
{
	const unsigned char *text = (const unsigned char *)p;
	size_t from = 0, len;

	append(j, "\"", 1);
	for (size_t i = 0; i < n; i += len ? len : 1) {
		len = as_it_is(text + i, n - i);
		if (len)
			continue;
		append(j, p + from, i - from);
		escaped(j, text[i]);
		from = i + 1;
	}
	append(j, p + from, n - from);
	append(j, "\"", 1);
}

void json_key(struct json *j, const char *name)
{
	if (j->len > 0 && j->text[j->len - 1] != '{')
		append(j, ",", 1);
	json_string(j, name, strlen(name));
	append(j, ":", 1);
}

void json_member_number(struct json *j, const char *name, uint64_t value)
{
	char digits[24];

	snprintf(digits, sizeof digits, "%" PRIu64, value);
	json_key(j, name);
	json_raw(j, digits);
}

void json_member_string(struct json *j, const char *name, const char *p, size_t n)
{
	json_key(j, name);
	json_string(j, p, n);
}

void json_free(struct json *j)
{
	free(j->text);
	memset(j, 0, sizeof *j);
}
