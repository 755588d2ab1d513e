/*
 * report.c - what the user sees: the line of progress, notes, errors, addresses; or events as JSON.
 */
#include <config.h>
#include <stdlib.h>
#include <string.h>
#include "mummy-utf8.h"
#include "json.h"
#include "report.h"

#define MAX_COLUMNS 512u

/* ---- Text ------------------------------------------------------------------------------------------ */

/* A terminal must not take orders from the name of a file: controls, those of C1 too, and what is no UTF-8
 * are shown as "?". The caller's to free. */
static char *visible(const char *text)
{
	char *out = malloc(strlen(text) + 1), *to = out;
	size_t left = strlen(text);

	while (out && left > 0) {
		const unsigned char *p = (const unsigned char *)text;
		size_t n = mummy_utf8_len(p, left);
		const int hidden = n == 0 || *p < ' ' || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0);

		n = n ? n : 1;
		memcpy(to, hidden ? "?" : text, hidden ? 1 : n);
		to += hidden ? 1 : n;
		text += n;
		left -= n;
	}
	if (out)
		*to = '\0';
	return out;
}

static void errors_line(struct report *r, const char *name, const char *text)
{
	char *shown = name ? visible(name) : NULL, *words = visible(text);

	report_clear(r);
	fprintf(r->errors, "mummy-upload: %s%s%s\n", shown ? shown : "", shown ? ": " : "",
		words ? words : text);
	free(shown);
	free(words);
}

/* ---- JSON ------------------------------------------------------------------------------------------ */

static void member(struct json *j, const char *key, const char *value)
{
	json_member_string(j, key, value, strlen(value));
}

static void member_number(struct json *j, const char *key, uint64_t value)
{
	if (value != PROGRESS_UNKNOWN)
		json_member_number(j, key, value);
}

static struct json begin(const char *event, const char *name)
{
	struct json j = { NULL, 0, 0, 0 };

	json_raw(&j, "{");
	member(&j, "event", event);
	if (name)
		member(&j, "file", name);
	return j;
}

static void result(struct report *r, const char *text, size_t n)
{
	if (fwrite(text, 1, n, r->out) != n || fflush(r->out) != 0)
		r->lost = 1;
}

static void end(struct report *r, struct json *j)
{
	json_raw(j, "}\n");
	if (j->failed)
		r->lost = 1;
	else
		result(r, j->text, j->len);
	json_free(j);
}

/* ---- Events ---------------------------------------------------------------------------------------- */

void report_started(struct report *r, const struct report_file *f)
{
	struct json j;

	if (!r->json)
		return;
	j = begin("started", f->name);
	member_number(&j, "size", f->size);
	end(r, &j);
}

void report_resumed(struct report *r, const struct report_file *f, uint64_t offset)
{
	char have[24], all[24], text[80];
	struct json j;

	if (r->json) {
		j = begin("resumed", f->name);
		member_number(&j, "size", f->size);
		json_member_number(&j, "offset", offset);
		end(r, &j);
	} else {
		progress_size(have, sizeof have, (double)offset);
		progress_size(all, sizeof all, (double)f->size);
		snprintf(text, sizeof text, "goes on at %s of %s", have, all);
		report_note(r, f->name, text);
	}
}

/* Between events on lines of their own, for programs; on a terminal one line, over and over. */
void report_progress(struct report *r, const struct report_file *f, const struct progress *p, uint64_t done)
{
	char line[MAX_COLUMNS + 1], *name;
	struct json j;

	if (r->json) {
		j = begin("progress", f->name);
		json_member_number(&j, "sent", done);
		member_number(&j, "size", f->size);
		json_member_number(&j, "rate", (uint64_t)p->rate);
		member_number(&j, "eta", progress_eta_s(p, done, f->size));
		end(r, &j);
	} else if (r->columns && !r->quiet) {
		name = visible(f->name);
		progress_line(line, sizeof line, p, name ? name : "", done, f->size,
			      r->columns < MAX_COLUMNS ? r->columns : MAX_COLUMNS);
		fprintf(r->errors, "\r%s\033[K", line);
		fflush(r->errors);
		r->line = 1;
		free(name);
	}
}

void report_retry(struct report *r, const char *name, const char *why, uint64_t delay_ms, uint64_t attempt,
		  uint64_t attempts)
{
	struct json j;
	char text[512];

	if (r->json) {
		j = begin("retry", name);
		member(&j, "reason", why);
		json_member_number(&j, "delay_ms", delay_ms);
		json_member_number(&j, "attempt", attempt);
		end(r, &j);
	} else {
		snprintf(text, sizeof text, "%s; again in %.1f s (%llu of %llu)", why,
			 (double)delay_ms / 1000, (unsigned long long)attempt, (unsigned long long)attempts);
		report_note(r, name, text);
	}
}

void report_finished(struct report *r, const struct report_file *f, uint64_t ms)
{
	struct json j;
	char *name;

	report_clear(r);
	if (r->json) {
		j = begin("finished", f->name);
		member(&j, "url", f->url);
		member_number(&j, "size", f->size);
		json_member_number(&j, "ms", ms);
		end(r, &j);
		return;
	}
	result(r, f->url, strlen(f->url));
	name = r->names ? visible(f->name) : NULL;
	if (name) {
		result(r, "\t", 1);
		result(r, name, strlen(name));
	}
	result(r, "\n", 1);
	free(name);
}

void report_failed(struct report *r, const char *name, const char *why)
{
	struct json j;

	if (r->json) {
		j = begin("failed", name);
		member(&j, "reason", why);
		end(r, &j);
	} else {
		errors_line(r, name, why);
	}
}

void report_note(struct report *r, const char *name, const char *text)
{
	struct json j;

	if (r->json) {
		j = begin("note", name);
		member(&j, "text", text);
		end(r, &j);
	} else if (!r->quiet) {
		errors_line(r, name, text);
	}
}

void report_clear(struct report *r)
{
	if (r->line)
		fputs("\r\033[K", r->errors);
	r->line = 0;
}
