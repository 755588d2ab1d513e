#include <config.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include "id.h"
#include "record.h"

#define MAGIC "mummy-upload 1"
#define SUM_LEN 32                       /* hexadecimal digits of it that are kept */

static int digest(const char *p, size_t n, char out[SUM_LEN + 1])
{
	unsigned char sum[32];

	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, p, n, sum) < 0)
		return -EIO;
	/* printf would cost more than the digest */
	for (size_t i = 0; i < SUM_LEN / 2; i++) {
		out[2 * i] = "0123456789abcdef"[sum[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[sum[i] & 15];
	}
	out[SUM_LEN] = '\0';
	return 0;
}

static int is_line(const char *p)
{
	return !p || !strpbrk(p, "\r\n");
}

static char *put_text(char *to, const char *text)
{
	const size_t n = strlen(text);

	memcpy(to, text, n);
	return to + n;
}

/* What stands before it, then the number. */
static char *put_number(char *to, const char *before, uint64_t value)
{
	char digits[20];
	size_t n = 0;

	do
		digits[n++] = (char)('0' + value % 10);
	while (value /= 10);
	to = put_text(to, before);
	while (n > 0)
		*to++ = digits[--n];
	return to;
}

static char *put_signed(char *to, const char *before, int64_t value)
{
	to = put_text(to, before);
	if (value < 0)
		*to++ = '-';
	return put_number(to, "", value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

/* A line of its own, or nothing for NULL. */
static char *put(char *to, const char *key, const char *value)
{
	if (!value)
		return to;
	to = put_text(put_text(to, key), " ");
	to = put_text(to, value);
	return put_text(to, "\n");
}

/* All but the digest, without printf, which would cost more than that; where it ends. */
static char *put_lines(char *to, const struct mup_record *rec)
{
	const struct mummy_upload_info *i = &rec->info;

	to = put(put_text(to, MAGIC "\n"), "id", i->id);
	to = put_number(to, "length ", i->length);
	to = put_number(to, "\noffset ", i->offset);
	to = put_number(to, "\nstate ", (unsigned)i->state);
	to = put_signed(to, "\ncreated ", i->created);
	to = put_number(to, "\nsync ", (unsigned)rec->sync);
	to = put_number(to, "\nfile ", rec->inode);
	to = put_signed(to, " ", rec->mtime_s);
	to = put_text(put_signed(to, " ", rec->mtime_ns), "\n");
	to = put(to, "boot", rec->boot[0] ? rec->boot : NULL);
	if (rec->holds)
		to = put_text(put_number(to, "held ", rec->held), "\n");
	to = put(to, "metadata", i->metadata);
	to = put(to, "concat", i->concat);
	to = put(to, "name", i->name);
	return put(to, "private", i->private_state);
}

int mup_record_write(const struct mup_record *rec, char **out, size_t *n)
{
	const struct mummy_upload_info *i = &rec->info;
	const char *strings[] = { i->metadata, i->name, i->private_state, i->concat };
	size_t room = 512, used;
	char *text, sum[SUM_LEN + 1];

	for (size_t k = 0; k < 4; k++) {
		if (!is_line(strings[k]))
			return -EINVAL;
		room += strings[k] ? strlen(strings[k]) + 16 : 0;
	}
	if (room > MUP_RECORD_MAX || !is_line(rec->boot))
		return -EINVAL;
	text = malloc(room);
	if (!text)
		return -ENOMEM;
	used = (size_t)(put_lines(text, rec) - text);
	if (digest(text, used, sum) < 0) {
		free(text);
		return -EIO;
	}
	*out = text;
	*n = (size_t)(put(text + used, "sum", sum) - text);
	text[*n] = '\0';
	return 0;
}

static int check_sum(char *text, size_t n)
{
	const size_t line = 4 + SUM_LEN + 1;
	char sum[SUM_LEN + 1];

	if (n < line || memchr(text, '\0', n) || strncmp(text + n - line, "sum ", 4) != 0
	    || text[n - 1] != '\n' || text[n - line - (n > line)] != '\n')
		return -EBADMSG;
	if (digest(text, n - line, sum) < 0)
		return -EIO;
	if (memcmp(sum, text + n - line + 4, SUM_LEN) != 0)
		return -EBADMSG;
	text[n - line] = '\0';
	return 0;
}

static void set_file(struct mup_record *rec, const char *value)
{
	char *end;

	rec->inode = strtoull(value, &end, 10);
	rec->mtime_s = strtoll(end, &end, 10);
	rec->mtime_ns = strtoll(end, &end, 10);
}

static int set_string(struct mummy_upload_info *i, const char *key, const char *value)
{
	if (!strcmp(key, "metadata"))
		i->metadata = value;
	else if (!strcmp(key, "name"))
		i->name = value;
	else if (!strcmp(key, "private"))
		i->private_state = value;
	else if (!strcmp(key, "concat"))
		i->concat = value;
	else
		return -EBADMSG;
	return 0;
}

/* One line: its value is looked at after the digest was right, so the form is known. */
static int set(struct mup_record *rec, const char *key, char *value)
{
	struct mummy_upload_info *i = &rec->info;
	int number = atoi(value);

	if (!strcmp(key, "id") && mup_id_valid(value, strlen(value)))
		strcpy(i->id, value);
	else if (!strcmp(key, "length"))
		i->length = strtoull(value, NULL, 10);
	else if (!strcmp(key, "offset"))
		i->offset = strtoull(value, NULL, 10);
	else if (!strcmp(key, "state") && (number == MUMMY_UPLOAD_OPEN || number == MUMMY_UPLOAD_FINISHED))
		i->state = (enum mummy_upload_state)number;
	else if (!strcmp(key, "created"))
		i->created = strtoll(value, NULL, 10);
	else if (!strcmp(key, "sync") && number >= 0 && number <= MUMMY_UPLOAD_SYNC_NONE)
		rec->sync = (enum mummy_upload_sync)number;
	else if (!strcmp(key, "file"))
		set_file(rec, value);
	else if (!strcmp(key, "boot"))
		snprintf(rec->boot, sizeof rec->boot, "%s", value);
	else if (!strcmp(key, "held"))
		rec->holds = 1, rec->held = strtoull(value, NULL, 10);
	else
		return set_string(i, key, value);
	return 0;
}

int mup_record_read(struct mup_record *rec, char *text, size_t n)
{
	char *line, *end, *value;
	int rc;

	memset(rec, 0, sizeof *rec);
	rec->text = text;
	rc = check_sum(text, n);
	if (rc < 0)
		return rc;
	if (strncmp(text, MAGIC "\n", sizeof MAGIC) != 0)
		return -EBADMSG;
	for (line = text + sizeof MAGIC; *line; line = end + 1) {
		end = strchr(line, '\n');
		value = strchr(line, ' ');
		if (!end || !value || value > end)
			return -EBADMSG;
		*end = *value++ = '\0';
		if (set(rec, line, value) < 0)
			return -EBADMSG;
	}
	rec->durable = rec->info.offset;
	return rec->info.id[0] ? 0 : -EBADMSG;
}

void mup_record_free(struct mup_record *rec)
{
	free(rec->text);
	memset(rec, 0, sizeof *rec);
}
