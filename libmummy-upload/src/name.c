#include <config.h>
#include <stdio.h>
#include <string.h>
#include "id.h"
#include "mummy-utf8.h"
#include "name.h"

#define NAME_BYTES 200                   /* leaves room for a mark */

/* Control characters (C0, DEL, C1, the bidirectional ones and the line separators). */
static int is_control(const unsigned char *p, size_t len)
{
	if (len == 1)
		return *p < 0x20 || *p == 0x7f;
	if (len == 2)
		return p[0] == 0xc2 && p[1] < 0xa0;
	if (len == 3 && p[0] == 0xe2 && p[1] == 0x80)
		return (p[2] >= 0x8b && p[2] <= 0x8f) || (p[2] >= 0xa8 && p[2] <= 0xae);
	return len == 3 && p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xa0 && p[2] <= 0xaf;
}

static const char *last_component(const char *raw, size_t *n)
{
	for (size_t i = *n; i > 0; i--)
		if (raw[i - 1] == '/' || raw[i - 1] == '\\') {
			*n -= i;
			return raw + i;
		}
	return raw;
}

size_t mup_name_safe(const char *raw, size_t n, char out[MUP_NAME_SIZE])
{
	size_t used = 0;
	const unsigned char *p = (const unsigned char *)last_component(raw, &n), *end = p + n;

	while (p < end) {
		size_t len = mummy_utf8_len(p, (size_t)(end - p));
		int bad = len == 0 || is_control(p, len) || (len == 1 && strchr("<>:\"|?*", *p));

		if (used + (bad ? 1 : len) > NAME_BYTES)
			break;
		if (used == 0 && !bad && (*p == '.' || *p == '-' || *p == ' '))
			;  /* hidden files, options of commands */
		else if (bad)
			out[used++] = '_';
		else
			memcpy(out + used, p, len), used += len;
		p += len ? len : 1;
	}
	while (used && (out[used - 1] == ' ' || out[used - 1] == '.'))
		used--;
	out[used] = '\0';
	if (used < MUP_ID_LEN || !mup_id_valid(out, MUP_ID_LEN))
		return used;
	/* files whose names begin with an id belong to that upload */
	memmove(out + 1, out, used + 1);
	out[0] = '_';
	return used + 1;
}

void mup_name_mark(const char *name, const char *mark, char out[MUP_NAME_SIZE])
{
	const char *dot = strrchr(name, '.');
	size_t stem = dot && dot != name ? (size_t)(dot - name) : strlen(name);

	snprintf(out, MUP_NAME_SIZE, "%.*s-%s%s", (int)stem, name, mark, name + stem);
}
