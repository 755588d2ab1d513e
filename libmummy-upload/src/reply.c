#include <config.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "reply.h"

struct mummy_upload_reply {
	int status, error, fd;
	uint64_t off, len;
	const char *body;
	char text[MUMMY_UPLOAD_TEXT + 256];   /* of a body that is not static */
	size_t n;
	struct { const char *name; char *value; } field[MUMMY_UPLOAD_REPLY_HEADERS];
};

mummy_upload_reply *mup_reply_new(void)
{
	mummy_upload_reply *r = calloc(1, sizeof *r);

	if (r)
		r->fd = -1;
	return r;
}

void mup_reply_status(mummy_upload_reply *r, int status)
{
	r->status = status;
}

static char **value_slot(mummy_upload_reply *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (!strcmp(r->field[i].name, name))
			return &r->field[i].value;
	if (r->n == MUMMY_UPLOAD_REPLY_HEADERS)
		return NULL;
	r->field[r->n].name = name;
	return &r->field[r->n++].value;
}

void mup_reply_add(mummy_upload_reply *r, const char *name, const char *value)
{
	char **slot = value_slot(r, name), *copy = strdup(value);

	if (!slot || !copy) {
		free(copy);
		r->error = -ENOMEM;
		return;
	}
	for (char *p = copy; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	free(*slot);
	*slot = copy;
}

const char *mup_reply_value(const mummy_upload_reply *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (!strcmp(r->field[i].name, name))
			return r->field[i].value;
	return NULL;
}

void mup_reply_remove(mummy_upload_reply *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (!strcmp(r->field[i].name, name)) {
			free(r->field[i].value);
			r->field[i] = r->field[--r->n];
			r->field[r->n].value = NULL;
			return;
		}
}

void mup_reply_addf(mummy_upload_reply *r, const char *name, const char *format, ...)
{
	va_list ap;
	char text[1024];

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	mup_reply_add(r, name, text);
}

void mup_reply_add_date(mummy_upload_reply *r, const char *name, int64_t seconds)
{
	static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
					    "Oct", "Nov", "Dec" };
	time_t t = (time_t)seconds;
	struct tm tm;

	/* strftime would speak the host's language */
	if (gmtime_r(&t, &tm))
		mup_reply_addf(r, name, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday,
			       months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void mup_reply_text(mummy_upload_reply *r, int status, const char *text)
{
	r->status = status;
	r->body = r->text[0] ? r->text : text;
	mup_reply_add(r, "Content-Type", "text/plain; charset=utf-8");
	mup_reply_add(r, "X-Content-Type-Options", "nosniff");
}

void mup_reply_words(mummy_upload_reply *r, const char *text, size_t size)
{
	size_t n = strnlen(text, size < sizeof r->text ? size - 1 : sizeof r->text - 2);

	r->text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		r->text[i] = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? ' ' : text[i];
	if (n > 0)
		memcpy(r->text + n, "\n", 2);
}

void mup_reply_drop_file(mummy_upload_reply *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

void mup_reply_file(mummy_upload_reply *r, int fd, uint64_t off, uint64_t len)
{
	r->fd = fd;
	r->off = off;
	r->len = len;
}

int mup_reply_error(const mummy_upload_reply *r)
{
	return r->error;
}

int mummy_upload_reply_status(const mummy_upload_reply *r)
{
	return r->status;
}

int mummy_upload_reply_header(const mummy_upload_reply *r, size_t i, const char **name, const char **value)
{
	if (i >= r->n)
		return -ENOENT;
	*name = r->field[i].name;
	*value = r->field[i].value;
	return 0;
}

const char *mummy_upload_reply_body(const mummy_upload_reply *r, size_t *len)
{
	if (len)
		*len = r->body ? strlen(r->body) : 0;
	return r->body;
}

int mummy_upload_reply_file(mummy_upload_reply *r, int *fd, uint64_t *off, uint64_t *len)
{
	if (r->fd < 0)
		return -ENOENT;
	*fd = r->fd;
	*off = r->off;
	*len = r->len;
	r->fd = -1;
	return 0;
}

void mummy_upload_reply_free(mummy_upload_reply *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	for (size_t i = 0; i < r->n; i++)
		free(r->field[i].value);
	free(r);
}
