/*
 * describe.c - an upload as members of a JSON object.
 */
#include <config.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "describe.h"

static int is_key(const struct mummy_upload_pair *p, const char *name)
{
	return strlen(name) == p->key_len && !memcmp(name, p->key, p->key_len);
}

void describe_metadata(struct json *j, const char *metadata)
{
	const size_t size = metadata ? strlen(metadata) + 1 : 1;
	char *plain = malloc(size), key[256];
	struct json rest = { .len = 0 };
	int named = 0, typed = 0;
	struct mummy_upload_pair pair;

	json_raw(&rest, "{");
	while (plain && mummy_upload_metadata_next(&metadata, &pair, plain, size) == 1) {
		if (!named && (is_key(&pair, "filename") || is_key(&pair, "name")))
			json_member_string(j, "name", plain, pair.value_len), named = 1;
		if (!typed && (is_key(&pair, "filetype") || is_key(&pair, "type")))
			json_member_string(j, "type", plain, pair.value_len), typed = 1;
		snprintf(key, sizeof key, "%.*s", (int)(pair.key_len < 255 ? pair.key_len : 255), pair.key);
		json_member_string(&rest, key, plain, pair.value_len);
	}
	json_raw(&rest, "}");
	j->failed |= rest.failed || !plain || !rest.text;
	if (!j->failed) {
		rest.text[rest.len] = '\0';
		json_key(j, "metadata");
		json_raw(j, rest.text);
	}
	json_free(&rest);
	free(plain);
}

void describe_time(struct json *j, const char *name, int64_t seconds)
{
	time_t t = (time_t)seconds;
	char text[40];
	struct tm tm;

	if (gmtime_r(&t, &tm) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm))
		json_member_string(j, name, text, strlen(text));
}
