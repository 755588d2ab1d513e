/*
 * part.c - an upload on the server: made, sent, looked after, until it is whole.
 */
#include <config.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "digest.h"
#include "job.h"

#define CHECKSUM_CHUNK (UINT64_C(8) << 20)

static int fail(struct part *p, const char *why)
{
	if (why != p->job->why)
		snprintf(p->job->why, sizeof p->job->why, "%s", why);
	return -1;
}

static uint64_t length_of(const struct part *p)
{
	return p->to == SOURCE_UNKNOWN ? SOURCE_UNKNOWN : p->to - p->from;
}

/* ---- Requests -------------------------------------------------------------------------------------- */

static int begin(struct part *p, enum ask ask, const char *url, int rc)
{
	if (rc == 0)
		rc = request_begin(&p->job->c->session, &p->request, ask, url);
	return rc < 0 ? fail(p, "out of memory") : 1;
}

/* A stream that ended by now is told with its length, which every server understands. */
static int create(struct part *p)
{
	struct job *j = p->job;
	struct request *r = &p->request;
	int rc;

	if (length_of(p) != SOURCE_UNKNOWN)
		rc = request_field(r, "Upload-Length: %" PRIu64, length_of(p));
	else
		rc = request_field(r, "Upload-Defer-Length: 1");
	p->length_told = length_of(p) != SOURCE_UNKNOWN;
	if (rc == 0 && j->nparts > 1)
		rc = request_field(r, "Upload-Concat: partial");
	if (rc == 0 && j->nparts == 1 && *j->metadata)
		rc = request_field(r, "Upload-Metadata: %s", j->metadata);
	return begin(p, ASK_CREATE, j->c->endpoint.url, rc);
}

static int look(struct part *p)
{
	return begin(p, ASK_OFFSET, *p->url, 0);
}

static long read_source(void *ctx, uint64_t offset, void *out, size_t n)
{
	return source_read(ctx, offset, out, n);
}

static int checksum(struct part *p, uint64_t at)
{
	const char *name = p->job->c->opt->checksum;
	char value[DIGEST_SIZE];
	int rc;

	if (!name || p->sending == 0)
		return 0;
	rc = digest_make(value, name, &p->job->source, at, p->sending);
	return rc < 0 ? rc : request_field(&p->request, "Upload-Checksum: %s", value);
}

static int send_octets(struct part *p)
{
	struct job *j = p->job;
	struct request *r = &p->request;
	const uint64_t at = p->from + p->offset;
	int rc;

	if (!source_unchanged(&j->source))
		return fail(p, PART_CHANGED);
	rc = checksum(p, at);
	if (rc == -EIO)
		return fail(p, "the file cannot be read as it was");
	if (rc == 0)
		rc = request_field(r, "Content-Type: application/offset+octet-stream");
	if (rc == 0)
		rc = request_field(r, "Upload-Offset: %" PRIu64, p->offset);
	if (rc == 0 && !p->length_told && length_of(p) != SOURCE_UNKNOWN)
		rc = request_field(r, "Upload-Length: %" PRIu64, length_of(p));
	r->offset = at;
	r->length = p->sending;
	r->read = read_source;
	r->ctx = &j->source;
	source_sent(&j->source, at + p->sending);
	return begin(p, ASK_SEND, *p->url, rc);
}

static uint64_t most(const struct part *p)
{
	const struct options *opt = p->job->c->opt;

	return opt->chunk ? opt->chunk : opt->checksum ? CHECKSUM_CHUNK : INT64_MAX;
}

/* Before a stream is made on the server: its end, or as much as would be sent. */
static int may_create(struct part *p, uint64_t now_ms, uint64_t *wait_ms)
{
	struct source *s = &p->job->source;

	if (length_of(p) != SOURCE_UNKNOWN)
		return 1;
	if (client_offers(p->job->c, TUS_DEFER_LENGTH))
		return source_ready(s, 0, p->to, most(p), now_ms, wait_ms) > 0;
	if (!source_full(s))
		return 0;
	return fail(p, "the server wants to know the length of standard input, which is more than --buffer: "
		    "give --spool DIR, or a larger --buffer");
}

static int may_send(struct part *p, uint64_t now_ms, uint64_t *wait_ms)
{
	p->sending = source_ready(&p->job->source, p->from + p->offset, p->to, most(p), now_ms, wait_ms);
	return p->sending > 0 || (!p->length_told && p->offset == length_of(p));
}

int part_turn(struct part *p, uint64_t now_ms, uint64_t *wait_ms)
{
	const struct source *s = &p->job->source;
	int may = 1;

	if (p->request.running)
		return 1;
	if (p->step == STEP_DONE)
		return 0;
	if (now_ms < p->tries.due_ms) {
		if (*wait_ms > p->tries.due_ms - now_ms)
			*wait_ms = p->tries.due_ms - now_ms;
		return 0;
	}
	if (s->stream)
		p->to = s->length;
	if (p->step == STEP_CREATE)
		may = may_create(p, now_ms, wait_ms);
	else if (p->step == STEP_SEND)
		may = may_send(p, now_ms, wait_ms);
	if (may <= 0)
		return may;
	return p->step == STEP_CREATE ? create(p) : p->step == STEP_LOOK ? look(p) : send_octets(p);
}

/* ---- Answers --------------------------------------------------------------------------------------- */

/* The octets up to offset are there. */
static int arrived(struct part *p, uint64_t offset)
{
	struct job *j = p->job;

	if (offset > p->best) {
		p->best = offset;
		memset(&p->tries, 0, sizeof p->tries);
	}
	p->offset = offset;
	if (j->source.stream && p->from + offset < j->source.ring.from)
		return fail(p, "the server has lost octets of standard input that it had acknowledged");
	source_release(&j->source, p->from + offset);
	p->step = offset == length_of(p) && p->length_told ? STEP_DONE : STEP_SEND;
	return 0;
}

static int again(struct part *p, int at_once, const char *why)
{
	struct job *j = p->job;

	if (client_again(j->c, &p->tries, &p->request.answer, at_once, j->name, why) < 0)
		return fail(p, why);
	return 0;
}

static int anew(struct part *p, const char *why)
{
	struct job *j = p->job;

	if (j->source.stream && j->source.ring.from > 0)
		return fail(p, why);
	if (again(p, 1, why) < 0)
		return -1;
	free(*p->url);
	*p->url = NULL;
	job_save(j);
	p->offset = p->best = 0;
	p->length_told = 0;
	p->step = STEP_CREATE;
	return 0;
}

static int created(struct part *p)
{
	int rc = url_resolve(p->url, p->job->c->endpoint.url, p->request.answer.location);

	if (rc < 0)
		return fail(p, rc == -ENOMEM ? "out of memory" : rc == -EPERM
			    ? "the server gives an address without https for the upload"
			    : "the server gives no valid address for the upload");
	job_save(p->job);
	return arrived(p, 0);
}

static int looked(struct part *p)
{
	const struct answer *a = &p->request.answer;
	const struct source *s = &p->job->source;
	const uint64_t length = length_of(p);

	if (a->offset > (s->stream ? s->ring.to : length)
	    || (a->length != ANSWER_UNKNOWN && length != SOURCE_UNKNOWN && a->length != length))
		return anew(p, "the upload on the server is of another file");
	if (a->length != ANSWER_UNKNOWN)
		p->length_told = 1;
	return arrived(p, a->offset);
}

static int sent(struct part *p)
{
	const uint64_t offset = p->request.answer.offset;

	if (offset < p->offset || offset > p->offset + p->sending ||
	    (offset == p->offset && p->sending > 0)) {
		p->step = STEP_LOOK;
		return again(p, 0, "the server did not take what was sent");
	}
	if (length_of(p) != SOURCE_UNKNOWN)
		p->length_told = 1;
	return arrived(p, offset);
}

static int went_on(struct part *p)
{
	return p->step == STEP_CREATE ? created(p) : p->step == STEP_LOOK ? looked(p) : sent(p);
}

int part_ended(struct part *p)
{
	static const enum ask asks[] = { ASK_CREATE, ASK_OFFSET, ASK_SEND };
	struct request *r = &p->request;
	char why[256];
	enum verdict v;

	r->ended = 0;
	if (r->failed)
		return fail(p, r->failed == -ENODATA ? "the file has become shorter while it was sent"
			    : strerror(-r->failed));
	if (r->transport != TRANSPORT_OK)
		snprintf(why, sizeof why, "%s", r->error);
	v = answer_judge(asks[p->step], r->transport, &r->answer, why, sizeof why);
	switch (v) {
	case VERDICT_GO: return went_on(p);
	case VERDICT_AGAIN: return again(p, 0, why);
	case VERDICT_LOOK: case VERDICT_LOOK_NOW:
		p->step = STEP_LOOK;
		return again(p, v == VERDICT_LOOK_NOW, why);
	case VERDICT_ANEW: return anew(p, why);
	case VERDICT_FAIL: break;
	}
	return fail(p, why);
}

uint64_t part_sent(const struct part *p)
{
	return p->offset + (p->request.running && p->step == STEP_SEND ? p->request.sent : 0);
}

void part_look(struct part *p)
{
	p->step = STEP_LOOK;
	memset(&p->tries, 0, sizeof p->tries);
}
