/*
 * job.c - one upload, from opening the file to the address of what is there.
 */
#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "job.h"
#include "metadata.h"

#define MAX_JOINS 3            /* each time the server says that parts are gone */
#define TURN_MS 1000u

static int fail(struct job *j, const char *what, int rc)
{
	if (rc)
		snprintf(j->why, sizeof j->why, "%s: %s", what, strerror(-rc));
	else
		snprintf(j->why, sizeof j->why, "%s", what);
	return -1;
}

static struct report_file shown(const struct job *j)
{
	return (struct report_file){ j->name, j->url, j->source.length };
}

static uint64_t total_sent(const struct job *j)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < j->nparts; i++)
		n += part_sent(&j->part[i]);
	return n;
}

/* ---- Opening --------------------------------------------------------------------------------------- */

static int is_stdin(const struct job *j)
{
	return strcmp(j->name, "-") == 0;
}

static int open_source(struct job *j)
{
	const struct options *opt = j->c->opt;
	int rc;

	if (!is_stdin(j))
		rc = source_file(&j->source, j->name);
	else if (opt->spool)
		rc = source_spool(&j->source, STDIN_FILENO, opt->spool);
	else
		rc = source_stream(&j->source, STDIN_FILENO, opt->buffer);
	if (rc == -EINTR && *j->c->stop)
		return fail(j, "interrupted", 0);
	if (rc == -EISDIR)
		return fail(j, "it is a folder: give -r", 0);
	if (rc == -EINVAL)
		return fail(j, "it is not a regular file; pipes can be given as \"-\"", 0);
	return rc < 0 ? fail(j, is_stdin(j) && opt->spool ? opt->spool : "it cannot be opened", rc) : 0;
}

static const char *base_name(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

static int describe(struct job *j)
{
	const struct texts *m = &j->c->opt->metadata;

	j->metadata = metadata_make(is_stdin(j) ? NULL : base_name(j->name), j->relative, m->text, m->n);
	return j->metadata ? 0 : fail(j, "out of memory", 0);
}

static int check_size(struct job *j)
{
	const uint64_t max = j->c->offers.max_size;
	char have[24], most[24];

	if (!j->c->offers.tus || max == 0 || j->source.length == SOURCE_UNKNOWN || j->source.length <= max)
		return 0;
	progress_size(have, sizeof have, (double)j->source.length);
	progress_size(most, sizeof most, (double)max);
	snprintf(j->why, sizeof j->why, "the server takes files of at most %s, and this is %s", most, have);
	return -1;
}

/* ---- What is remembered ---------------------------------------------------------------------------- */

/* That a later run could not go on is no reason to fail now. */
static void cannot_remember(struct job *j, int rc)
{
	char text[300];

	snprintf(text, sizeof text,
		 "%s: nothing can be remembered there, so this could not be gone on with: %s",
		 j->c->state_folder, strerror(-rc));
	report_note(&j->c->report, j->name, text);
	statefile_close(&j->file);
}

void job_save(struct job *j)
{
	char *text;
	size_t n;
	int rc;

	if (j->file.folder < 0)
		return;
	text = state_print(&j->state, j->path, &n);
	rc = text ? statefile_write(&j->file, text, n) : -ENOMEM;
	free(text);
	if (rc < 0)
		cannot_remember(j, rc);
}

/* 1: there was one of this file as it is. */
static int recall(struct job *j)
{
	char *text = NULL;
	size_t n;
	int rc = j->file.folder >= 0 ? statefile_read(&j->file, &text, &n) : -ENOENT;

	if (rc == -ENOENT)
		return 0;
	if (rc == 0)
		rc = state_parse(&j->state, text, n);
	free(text);
	if (rc < 0) {
		report_note(&j->c->report, j->name,
			    "what was remembered of it cannot be read; it is begun anew");
		return 0;
	}
	if (state_fits(&j->state, &j->source.st))
		return 1;
	state_clear(&j->state);
	report_note(&j->c->report, j->name, "it has changed since it was begun; it is begun anew");
	return 0;
}

static int take_file(struct job *j)
{
	const char *texts[3] = { j->c->endpoint.url, NULL, j->metadata };
	char key[STATEFILE_KEY_SIZE];
	int rc;

	texts[1] = j->path = realpath(j->name, NULL);
	if (!j->path)
		return fail(j, "it cannot be found", -errno);
	rc = statefile_key(key, texts, 3);
	if (rc == 0)
		rc = statefile_open(&j->file, j->c->state_folder, key);
	if (rc == -EBUSY)
		return fail(j, "another mummy-upload is sending it", 0);
	if (rc < 0)
		cannot_remember(j, rc);
	return 0;
}

/* ---- Parts ----------------------------------------------------------------------------------------- */

static int make_parts(struct job *j)
{
	struct state *s = &j->state;

	j->nparts = s->nparts;
	j->part = calloc(s->nparts, sizeof *j->part);
	if (!j->part)
		return fail(j, "out of memory", 0);
	for (unsigned i = 0; i < s->nparts; i++) {
		struct part *p = &j->part[i];

		p->job = j;
		p->from = s->part[i].from;
		p->to = j->source.stream ? SOURCE_UNKNOWN : s->part[i].to;
		p->url = &s->part[i].url;
		p->length_told = *p->url != NULL;
		p->step = *p->url ? STEP_LOOK : STEP_CREATE;
	}
	return 0;
}

/* Standard input cannot be read again, so nothing is remembered of it. */
static int plan(struct job *j)
{
	const unsigned parts = (unsigned)j->c->opt->parallel;
	int known = 0;

	if (!is_stdin(j) && j->c->state_folder && take_file(j) < 0)
		return -1;
	if (!is_stdin(j))
		known = recall(j);
	j->resumes = known && j->state.part[0].url;
	if (!known)
		state_plan(&j->state, &j->source.st, is_stdin(j) ? 1 : parts);
	if (!j->source.stream && is_stdin(j))
		j->state.size = j->state.part[0].to = j->source.length;
	return make_parts(j);
}

/* ---- Sending --------------------------------------------------------------------------------------- */

static void share_rate(struct job *j)
{
	uint64_t each;
	unsigned n = 0;

	for (unsigned i = 0; i < j->nparts; i++)
		n += (unsigned)j->part[i].request.running;
	if (n == 0 || j->c->opt->rate == 0)
		return;
	each = j->c->opt->rate / n;
	for (unsigned i = 0; i < j->nparts; i++)
		request_rate(&j->part[i].request, each ? each : 1);
}

static void show(struct job *j)
{
	const uint64_t now = client_now_ms(), done = total_sent(j);
	const struct report_file f = shown(j);

	progress_look(&j->progress, done, now);
	if (now - j->shown_ms < j->c->opt->interval_ms)
		return;
	j->shown_ms = now;
	report_progress(&j->c->report, &f, &j->progress, done);
}

static int looking(const struct job *j)
{
	for (unsigned i = 0; i < j->nparts; i++)
		if (j->part[i].step == STEP_LOOK)
			return 1;
	return 0;
}

/* How long to wait for something to happen; -1: it failed. Those that have to be asked for come first: then
 * it is known where the whole is. */
static int begin_parts(struct job *j, unsigned *wait)
{
	const uint64_t now = client_now_ms(), interval = j->c->opt->interval_ms;
	uint64_t wait_ms = interval < TURN_MS ? interval : TURN_MS;
	const int first = looking(j);
	unsigned running = 0;

	for (unsigned i = 0; i < j->nparts; i++)
		running += (unsigned)j->part[i].request.running;
	for (unsigned i = 0; i < j->nparts && running < j->c->opt->parallel; i++) {
		struct part *p = &j->part[i];
		const int was = p->request.running;
		int rc;

		if (first && p->step != STEP_LOOK)
			continue;
		rc = part_turn(p, now, &wait_ms);
		if (rc < 0)
			return -1;
		running += rc > was;
	}
	share_rate(j);
	*wait = (unsigned)wait_ms;
	return 0;
}

static int end_parts(struct job *j)
{
	for (unsigned i = 0; i < j->nparts; i++)
		if (j->part[i].request.ended && part_ended(&j->part[i]) < 0)
			return -1;
	return 0;
}

static int done(const struct job *j)
{
	for (unsigned i = 0; i < j->nparts; i++)
		if (j->part[i].step != STEP_DONE)
			return 0;
	return 1;
}

static int turn(struct job *j)
{
	int readable, rc;
	unsigned wait;

	if (*j->c->stop)
		return fail(j, "interrupted", 0);
	if (begin_parts(j, &wait) < 0)
		return -1;
	if (session_turn(&j->c->session, wait, source_wants(&j->source), &readable) < 0)
		return fail(j, "libcurl gives up", 0);
	rc = readable ? source_fill(&j->source, client_now_ms()) : 0;
	if (rc < 0)
		return fail(j, "standard input cannot be read", rc);
	if (end_parts(j) < 0)
		return -1;
	show(j);
	return 0;
}

/* What was there before is not counted as sent. */
static void say_resumed(struct job *j)
{
	const struct report_file f = shown(j);

	report_resumed(&j->c->report, &f, total_sent(j));
	memset(&j->progress, 0, sizeof j->progress);
}

static int send_parts(struct job *j)
{
	while (!done(j)) {
		if (turn(j) < 0)
			return -1;
		if (j->resumes && !looking(j)) {
			say_resumed(j);
			j->resumes = 0;
		}
	}
	return 0;
}

/* ---- Joining --------------------------------------------------------------------------------------- */

static int join_fields(struct request *r, void *ctx)
{
	struct job *j = ctx;
	char *text = NULL;
	size_t n;
	FILE *to = open_memstream(&text, &n);
	int rc = -ENOMEM;

	if (!to)
		return -ENOMEM;
	fputs("Upload-Concat: final;", to);
	for (unsigned i = 0; i < j->nparts; i++)
		fprintf(to, "%s%s", i ? " " : "", *j->part[i].url);
	if (fclose(to) == 0)
		rc = request_field(r, "%s", text);
	free(text);
	if (rc == 0 && *j->metadata)
		rc = request_field(r, "Upload-Metadata: %s", j->metadata);
	return rc;
}

/* 0: it is joined; 1: parts have to be seen to first; -1: it failed. */
static int join(struct job *j)
{
	struct request *r = calloc(1, sizeof *r);
	enum verdict v;
	int rc = -1;

	if (!r)
		return fail(j, "out of memory", 0);
	v = client_ask(j->c, r, ASK_JOIN, j->c->endpoint.url, join_fields, j, j->name, j->why, sizeof j->why);
	if (v == VERDICT_GO)
		rc = url_resolve(&j->url, j->c->endpoint.url, r->answer.location) == 0 ? 0
			: fail(j, "the server gives no valid address for the upload", 0);
	else if (v == VERDICT_LOOK || v == VERDICT_LOOK_NOW)
		rc = 1;
	j->joined = r->answer.offset;
	request_free(&j->c->session, r);
	free(r);
	return rc;
}

/* 1: the server has all of what was joined; it may say so only when it is asked. */
static int is_joined(struct job *j, struct request *r)
{
	char why[256];

	if (j->joined == ANSWER_UNKNOWN
	    && client_try(j->c, r, ASK_OFFSET, j->url, NULL, NULL, why, sizeof why) == VERDICT_GO)
		j->joined = r->answer.offset;
	return j->joined == j->source.length;
}

/* They would lie there until they expire. What goes wrong is no failure of the upload, which is there. */
static void remove_parts(struct job *j)
{
	struct request *r;
	char why[256];
	int ok;

	if (j->nparts < 2 || !(j->c->offers.extensions & TUS_TERMINATION))
		return;
	r = calloc(1, sizeof *r);
	ok = r && is_joined(j, r);
	for (unsigned i = 0; ok && i < j->nparts; i++)
		ok = client_try(j->c, r, ASK_REMOVE, *j->part[i].url, NULL, NULL, why, sizeof why)
		     == VERDICT_GO;
	if (!ok)
		report_note(&j->c->report, j->name, "its parts stay on the server until they expire");
	if (r)
		request_free(&j->c->session, r);
	free(r);
}

static int send_all(struct job *j)
{
	int rc;

	for (int i = 0; i < MAX_JOINS; i++) {
		if (send_parts(j) < 0)
			return -1;
		if (!source_unchanged(&j->source))
			return fail(j, PART_CHANGED, 0);
		if (j->nparts == 1) {
			j->url = strdup(*j->part[0].url);
			return j->url ? 0 : fail(j, "out of memory", 0);
		}
		rc = join(j);
		if (rc <= 0)
			return rc;
		for (unsigned k = 0; k < j->nparts; k++)
			part_look(&j->part[k]);
	}
	return -1;
}

/* ---- All of it ------------------------------------------------------------------------------------- */

static int begin(struct job *j)
{
	struct report_file f;

	if (open_source(j) < 0 || describe(j) < 0 || check_size(j) < 0 || plan(j) < 0)
		return -1;
	f = shown(j);
	report_started(&j->c->report, &f);
	return 0;
}

static void say_interrupted(struct job *j)
{
	char have[24];

	progress_size(have, sizeof have, j->part ? (double)total_sent(j) : 0);
	if (j->file.folder >= 0)
		snprintf(j->why, sizeof j->why, "interrupted at %s; the same command goes on there", have);
	else
		snprintf(j->why, sizeof j->why, "interrupted at %s", have);
}

static void finish(struct job *j, int rc)
{
	const struct report_file f = shown(j);

	/* of a file that changes nothing can be gone on with */
	if (rc == 0 || (j->source.fd >= 0 && !source_unchanged(&j->source)))
		statefile_remove(&j->file);
	if (rc == 0) {
		/* only now: without them nothing could be gone on with */
		remove_parts(j);
		report_finished(&j->c->report, &f, client_now_ms() - j->started_ms);
		return;
	}
	if (*j->c->stop)
		say_interrupted(j);
	report_failed(&j->c->report, j->name, j->why);
}

static void release(struct job *j)
{
	for (unsigned i = 0; i < j->nparts; i++)
		request_free(&j->c->session, &j->part[i].request);
	free(j->part);
	state_clear(&j->state);
	statefile_close(&j->file);
	source_close(&j->source);
	free(j->metadata);
	free(j->path);
	free(j->url);
}

int job_run(struct client *c, const char *name, const char *relative)
{
	struct job j = {
		.c = c, .name = name, .relative = relative, .source = SOURCE_NONE, .file = STATEFILE_NONE
	};
	int rc;

	j.started_ms = j.shown_ms = client_now_ms();
	rc = begin(&j);
	if (rc == 0)
		rc = send_all(&j);
	finish(&j, rc);
	release(&j);
	return rc;
}
