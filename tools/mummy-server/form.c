/*
 * form.c - files of an HTML form (multipart/form-data, RFC 7578), each written to the store as it comes.
 */
#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <mummy/http-parser.h>
#include "base64.h"
#include "form.h"
#include "json.h"
#include "say.h"

#define MAX_FILES 100
#define MAX_PARTS 1000                     /* fields that are no files are read over */
#define MAX_NAME 512
#define CARRY (16u << 10)                  /* more than a part's head and a delimiter */

struct form {
	mummy_http_exchange *x;
	mummy_upload *uploads;
	const char *base;
	struct mummy_http_multipart parser;
	char carry[CARRY];                 /* what the parser left of the last piece */
	size_t carried;
	int ended, parts;
	/* the part that is read */
	int in_head, has_name;
	char name[MAX_NAME], field[MAX_NAME], type[128];
	size_t name_len, field_len, type_len;
	char metadata[2 * MAX_NAME + 256];
	mummy_upload_transfer *transfer;
	uint64_t length;
	unsigned delay_ms;                 /* to keep the rates */
	/* the outcome */
	struct json json;
	char ids[MAX_FILES][40];
	int nfiles, status;                /* status: of the refusal; 0: none */
	char why[160];
};

int form_is(const mummy_http_exchange *x)
{
	static const char type[] = "multipart/form-data";
	size_t n;
	const char *p = mummy_http_header_get(x, "Content-Type", &n);

	return p && n >= sizeof type - 1 && strncasecmp(p, type, sizeof type - 1) == 0
		&& (n == sizeof type - 1 || strchr("; \t", p[sizeof type - 1]));
}

static int refuse(struct form *f, int status, const char *why)
{
	if (!f->status) {
		f->status = status;
		snprintf(f->why, sizeof f->why, "%s", why);
	}
	return -ECANCELED;
}

/* ---- One part ------------------------------------------------------------------------------------- */

static size_t keep(char *to, size_t room, struct mummy_http_span value)
{
	char text[2048];
	size_t n = value.n <= sizeof text ? mummy_http_unquote(text, value) : 0;

	if (n > room)
		n = room;
	memcpy(to, text, n);
	return n;
}

static void read_disposition(struct form *f, struct mummy_http_span rest)
{
	struct mummy_http_field p;

	while (mummy_http_parameter_next(&rest, &p) == 1) {
		if (p.name.n == 4 && strncasecmp(p.name.p, "name", 4) == 0)
			f->field_len = keep(f->field, sizeof f->field, p.value);
		if (p.name.n == 8 && strncasecmp(p.name.p, "filename", 8) == 0) {
			f->has_name = 1;
			f->name_len = keep(f->name, sizeof f->name, p.value);
		}
	}
}

static void read_field(struct form *f, const struct mummy_http_field *field)
{
	if (field->name.n == 19 && strncasecmp(field->name.p, "Content-Disposition", 19) == 0)
		read_disposition(f, field->value);
	if (field->name.n == 12 && strncasecmp(field->name.p, "Content-Type", 12) == 0
	    && field->value.n <= sizeof f->type) {
		memcpy(f->type, field->value.p, field->value.n);
		f->type_len = field->value.n;
	}
}

static int make_metadata(struct form *f)
{
	char *name = base64_encode(f->name, f->name_len), *type = base64_encode(f->type, f->type_len);

	if (name && type)
		snprintf(f->metadata, sizeof f->metadata, "filename %s%s%s", name, *type ? ",filetype " : "", type);
	free(name);
	free(type);
	return name && type ? 0 : -ENOMEM;
}

/* What the engine sees of the request: nothing but the metadata of the part. */
static const char *part_header(void *ctx, const char *name, unsigned nth, size_t *len)
{
	const struct form *f = ctx;

	if (nth > 0 || strcasecmp(name, "Upload-Metadata") != 0)
		return NULL;
	*len = strlen(f->metadata);
	return f->metadata;
}

static int answered(struct form *f, mummy_upload_reply *reply)
{
	const int status = mummy_upload_reply_status(reply);
	const char *text = mummy_upload_reply_body(reply, NULL), *name, *value, *id = NULL;

	for (size_t i = 0; mummy_upload_reply_header(reply, i, &name, &value) == 0; i++)
		if (!strcmp(name, "Location"))
			id = strrchr(value, '/');
	if (status == 201 && id)
		snprintf(f->ids[f->nfiles++], sizeof f->ids[0], "%s", id + 1);
	else
		refuse(f, status, text ? text : "the file was refused");
	mummy_upload_reply_free(reply);
	return f->status ? -ECANCELED : 0;
}

static int begin_file(struct form *f)
{
	struct mummy_upload_request req = { .method = "PUT", .path = f->base, .header = part_header, .ctx = f,
		.body_length = MUMMY_UPLOAD_UNKNOWN, .peer = mummy_http_peer(f->x, NULL),
		.scheme = mummy_http_scheme(f->x, NULL), .host = mummy_http_host(f->x, NULL),
		.request_id = mummy_http_request_id(f->x) };
	mummy_upload_reply *reply = NULL;
	int rc;

	if (f->nfiles == MAX_FILES)
		return refuse(f, 413, "too many files in one form");
	f->length = 0;
	rc = make_metadata(f);
	if (rc == 0)
		rc = mummy_upload_begin(f->uploads, &req, &reply, &f->transfer);
	if (rc < 0)
		return refuse(f, 503, "out of memory");
	return rc == 0 ? answered(f, reply) : 0;
}

static void describe(struct form *f)
{
	struct json *j = &f->json;
	char where[128];
	int n = snprintf(where, sizeof where, "%s%s", f->base, f->ids[f->nfiles - 1]);

	json_raw(j, f->nfiles > 1 ? "," : "");
	json_raw(j, "{");
	json_member_string(j, "field", f->field, f->field_len);
	json_member_string(j, "name", f->name, f->name_len);
	json_member_number(j, "length", f->length);
	json_member_string(j, "location", where, (size_t)n);
	json_raw(j, "}");
}

static int end_file(struct form *f, int status)
{
	mummy_upload_transfer *t = f->transfer;
	mummy_upload_reply *reply = NULL;
	int rc;

	if (!t)
		return 0;
	f->transfer = NULL;
	if (mummy_upload_end(t, status, &reply) < 0)
		return refuse(f, 503, "out of memory");
	rc = answered(f, reply);
	if (rc == 0)
		describe(f);
	return rc;
}

static int begin_part(struct form *f)
{
	int rc = end_file(f, 0);

	f->in_head = 1;
	f->has_name = 0;
	f->name_len = f->field_len = f->type_len = 0;
	if (rc == 0 && ++f->parts > MAX_PARTS)
		rc = refuse(f, 413, "too many parts in one form");
	return rc;
}

/* A file field where no file was chosen has an empty name. */
static int end_head(struct form *f)
{
	if (!f->in_head)
		return 0;
	f->in_head = 0;
	return f->has_name && f->name_len ? begin_file(f) : 0;
}

static int take_data(struct form *f, struct mummy_http_span data)
{
	int rc = end_head(f);

	if (rc < 0 || !f->transfer)
		return rc;
	f->length += data.n;
	rc = mummy_upload_write(f->transfer, data.p, data.n);
	if (rc == 0 && mummy_upload_delay(f->transfer) > f->delay_ms)
		f->delay_ms = mummy_upload_delay(f->transfer);
	return rc < 0 ? end_file(f, rc) : 0;
}

/* ---- The body ------------------------------------------------------------------------------------- */

static int step(struct form *f, int what, const struct mummy_http_body_part *part)
{
	int rc;

	switch (what) {
	case MUMMY_HTTP_BEGIN:
		rc = end_head(f);
		return rc < 0 ? rc : begin_part(f);
	case MUMMY_HTTP_FIELD:
		read_field(f, &part->field);
		return 0;
	case MUMMY_HTTP_DATA:
		return take_data(f, part->data);
	case MUMMY_HTTP_END:
		f->ended = 1;
		rc = end_head(f);
		return rc < 0 ? rc : end_file(f, 0);
	}
	return what < 0 ? refuse(f, 400, "the form is malformed") : 0;
}

/* Parses what it can; how much that was, or <0. */
static ssize_t parse(struct form *f, const char *p, size_t n)
{
	struct mummy_http_body_part part;
	size_t at = 0, used;
	int what = MUMMY_HTTP_BEGIN;

	while (!f->ended && what != MUMMY_HTTP_MORE) {
		what = mummy_http_multipart_next(&f->parser, p + at, n - at, &used, &part);
		at += used;
		if (step(f, what, &part) < 0)
			return -ECANCELED;
	}
	return f->ended ? (ssize_t)n : (ssize_t)at;
}

/* What was left is joined to a little of what follows, until it is parsed; the rest stays where it is. */
static int feed(struct form *f, const char *p, size_t n)
{
	ssize_t used;

	while (f->carried && n > 0) {
		const size_t add = n < sizeof f->carry - f->carried ? n : sizeof f->carry - f->carried;

		memcpy(f->carry + f->carried, p, add);
		used = parse(f, f->carry, f->carried + add);
		if (used < 0)
			return -ECANCELED;
		if ((size_t)used >= f->carried) {
			p += (size_t)used - f->carried;
			n -= (size_t)used - f->carried;
			f->carried = 0;
			break;
		}
		memmove(f->carry, f->carry + used, f->carried + add - (size_t)used);
		f->carried += add - (size_t)used;
		p += add;
		n -= add;
	}
	if (n == 0)
		return 0;
	used = parse(f, p, n);
	if (used < 0)
		return -ECANCELED;
	f->carried = n - (size_t)used;
	if (f->carried > sizeof f->carry)
		return refuse(f, 400, "the form is malformed");
	memcpy(f->carry, p + used, f->carried);
	return 0;
}

static int data(void *ctx, const void *p, size_t n)
{
	struct form *f = ctx;

	unsigned ms;
	int rc = f->status ? -ECANCELED : f->ended ? 0 : feed(f, p, n);

	ms = f->delay_ms;
	f->delay_ms = 0;
	return rc == 0 && ms && mummy_http_body_next(f->x, ms) == 0 ? 1 : rc;
}

static void respond(struct form *f)
{
	static const struct mummy_http_header type = MUMMY_HTTP_HEADER("Content-Type", "application/json");
	char line[192];

	json_raw(&f->json, "]}\n");
	if (f->json.failed)
		refuse(f, 503, "out of memory");
	if (!f->status) {
		mummy_http_respond(f->x, 201, &type, 1, f->json.text, f->json.len);
		return;
	}
	snprintf(line, sizeof line, "%.*s\n", (int)strcspn(f->why, "\n"), f->why);
	say_text(f->x, f->status, line);
}

static void end(void *ctx, int status)
{
	struct form *f = ctx;

	if (f->transfer)
		end_file(f, status < 0 ? status : -EPIPE);
	if (status < 0 && !f->status)
		refuse(f, status == -ETIMEDOUT ? 408 : 400, "the form was cut off");
	if (!f->ended)
		refuse(f, 400, "the form has no end");
	if (f->nfiles == 0)
		refuse(f, 400, "there is no file in the form");
	if (f->status)
		for (int i = 0; i < f->nfiles; i++)
			mummy_upload_remove(f->uploads, f->ids[i]);
	respond(f);
	json_free(&f->json);
	mummy_http_release(f->x);
	free(f);
}

void form_handle(mummy_http_exchange *x, mummy_upload *uploads, const char *base)
{
	struct form *f = calloc(1, sizeof *f);
	struct mummy_http_sink sink = { .data = data, .end = end, .ctx = f,
		.idle_ms = mummy_upload_idle(uploads) };
	struct mummy_http_span type;
	int rc;

	if (!f) {
		say_text(x, 503, "out of memory\n");
		return;
	}
	f->x = x;
	f->uploads = uploads;
	f->base = base;
	type.p = mummy_http_header_get(x, "Content-Type", &type.n);
	if (mummy_http_multipart_init(&f->parser, type) < 0) {
		free(f);
		say_text(x, 400, "the form has no boundary\n");
		return;
	}
	json_raw(&f->json, "{\"files\":[");
	mummy_http_hold(x);
	rc = mummy_http_stream_body(x, &sink);
	if (rc < 0)
		end(f, rc);
}
