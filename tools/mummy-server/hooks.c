/*
 * hooks.c - tells operators' programs and addresses what happens to uploads, and asks them whether it may.
 */
#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <mummy/pool.h>
#include "mummy-common.h"
#include "mummy-utf8.h"
#include "describe.h"
#include "hook.h"
#include "hooks.h"
#include "number.h"

#define FIRST_RETRY_MS 1000u
#define MOST_RETRY_MS 600000u
#define LOOK_MS 5000u
#define LAST_MS 3000u                      /* for deliveries that are under way at the end */

static const char *const names[] = { "pre-create", "pre-finish", "post-finish", "terminated", "expired" };

int hooks_wanted(const struct hooks *h, enum hooks_event event)
{
	return h->queue && (h->o->hook_events & 1u << event);
}

/* ---- What an event says ---------------------------------------------------------------------------- */

static void add_text(struct json *j, const char *name, const char *text)
{
	if (text)
		json_member_string(j, name, text, strlen(text));
}

static void add_path(struct json *j, const struct hooks *h, enum hooks_event event,
		     const struct mummy_upload_info *info)
{
	char *path = NULL;
	size_t size;

	if (event != HOOKS_PRE_FINISH && (event != HOOKS_POST_FINISH || !info->name))
		return;
	size = strlen(h->uploads) + strlen(h->completed) + (info->name ? strlen(info->name) : 0) + 80;
	path = malloc(size);
	j->failed |= !path;
	if (!path)
		return;
	if (event == HOOKS_PRE_FINISH)
		snprintf(path, size, "%s/.%s.part", h->uploads, info->id);
	else
		snprintf(path, size, "%s/%s", h->completed, info->name);
	add_text(j, "path", path);
	free(path);
}

static void describe(struct json *j, const struct hooks *h, enum hooks_event event,
		     const struct mummy_upload_info *info)
{
	json_raw(j, "{");
	add_text(j, "event", names[event]);
	add_text(j, "id", info->id);
	if (info->length == MUMMY_UPLOAD_UNKNOWN) {
		json_key(j, "size");
		json_raw(j, "null");
	} else {
		json_member_number(j, "size", info->length);
	}
	json_member_number(j, "offset", info->offset);
	add_text(j, "file", info->name);
	add_path(j, h, event, info);
	describe_metadata(j, info->metadata);
	add_text(j, "concat", info->concat);
	add_text(j, "client", info->client);
	add_text(j, "request", info->request_id);
	describe_time(j, "created", info->created);
	describe_time(j, "time", (int64_t)time(NULL));
	json_raw(j, "}\n");
}

/* ---- One call -------------------------------------------------------------------------------------- */

/* In words for the log; a is NULL without memory. */
static const char *failure(char target, int rc, const struct hook_answer *a)
{
	switch (rc) {
	case -EACCES:
	case -ECONNABORTED:
		return target == 'u' && a->text[0] ? a->text : strerror(-rc);
	case -ETIMEDOUT:
		return "it took too long";
	case -EPROTO:
		return target == 'c' ? "it was killed, or its exit status is above 125"
				     : "its answer is none";
	case -EHOSTUNREACH:
		return "its host is not known or not reached";
	}
	return strerror(-rc);
}

static int call(const struct hooks *h, char target, struct hook_call *c, struct hook_answer *out)
{
	if (target == 'c')
		return h->o->hook_command ? hook_command(h->o->hook_command, c, out) : -ENOENT;
	return h->o->hook_url ? hook_url(h->o->hook_url, h->trust, c, out) : -ENOENT;
}

/* A line for a client, or the log. */
static void first_line(const char *text, char *out, size_t size)
{
	const unsigned char *p = (const unsigned char *)text;
	const size_t n = strcspn(text, "\r\n");
	size_t used = 0, len;

	for (size_t i = 0; i < n; i += len ? len : 1) {
		len = mummy_utf8_len(p + i, n - i);
		if (used + (len ? len : 1) >= size)
			break;
		if (len == 0 || (len == 1 && (p[i] < ' ' || p[i] == 0x7f)))
			out[used++] = '?';
		else
			memcpy(out + used, p + i, len), used += len;
	}
	out[used] = '\0';
}

/* ---- Asking ---------------------------------------------------------------------------------------- */

struct question {
	struct hooks *h;
	enum hooks_event event;
	const struct mummy_upload_info *info;
	struct mummy_upload_grant *grant;  /* of pre-create, else NULL */
	char *text;                        /* MUMMY_UPLOAD_TEXT octets */
	struct json json;
	int rc;                            /* 0 yes, >0 the status of a refusal, <0 nobody knows */
};

/* One of as many as may run at once; waits for its turn. */
static int begin(struct hooks *h, const struct hook_call *c)
{
	struct timespec until;
	int rc = 0;

	pthread_mutex_lock(&h->lock);
	while (h->asking >= h->o->hook_jobs && hook_slice(c) > 0) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 100000000;
		if (until.tv_nsec >= 1000000000) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000;
		}
		pthread_cond_timedwait(&h->changed, &h->lock, &until);
	}
	if (h->asking >= h->o->hook_jobs || hook_slice(c) == 0)
		rc = -ETIMEDOUT;
	else
		h->asking++;
	pthread_mutex_unlock(&h->lock);
	return rc;
}

static void end(struct hooks *h)
{
	pthread_mutex_lock(&h->lock);
	h->asking--;
	pthread_cond_signal(&h->changed);
	pthread_mutex_unlock(&h->lock);
}

static int is_key(const char **line, const char *key)
{
	const size_t n = strlen(key);

	if (strncmp(*line, key, n) != 0)
		return 0;
	*line += n;
	return 1;
}

/* 0, or -EINVAL: the hook has not said what it meant. */
static int take_line(struct mummy_upload_grant *g, const char *line)
{
	uint64_t n;

	if (is_key(&line, "name=")) {
		snprintf(g->name, sizeof g->name, "%s", line);
	} else if (is_key(&line, "max-size=")) {
		if (number_parse_size(&n, line, INT64_MAX) < 0 || n == 0)
			return -EINVAL;
		g->max_bytes = g->max_bytes && g->max_bytes < n ? g->max_bytes : n;
	} else if (is_key(&line, "expire=")) {
		if (number_parse_time(&n, line, UINT32_MAX) < 0)
			return -EINVAL;
		g->expire_s = (unsigned)n;
	} else if (is_key(&line, "rate=")) {
		if (number_parse_size(&n, line, INT64_MAX) < 0)
			return -EINVAL;
		g->rate = n;
	}
	return 0;
}

/* What a hook that said yes wants changed, a line each; other lines are its own. */
static int take_lines(struct mummy_upload_grant *g, char *text)
{
	char *save = NULL;
	int rc = 0;

	for (char *line = strtok_r(text, "\r\n", &save); rc == 0 && line;
	     line = strtok_r(NULL, "\r\n", &save))
		rc = take_line(g, line);
	return rc;
}

static void unanswered(struct question *q, const char *why)
{
	log_error(q->h->log, "upload %s: %s could not be asked of its hook: %s", q->info->id, names[q->event],
		  why);
	q->rc = -EAGAIN;
}

static void ask_one(struct question *q, char target, struct hook_call *c)
{
	struct hook_answer *a = malloc(sizeof *a);
	int rc = a ? begin(q->h, c) : -ENOMEM;

	if (rc == 0) {
		rc = call(q->h, target, c, a);
		end(q->h);
	}
	if (rc < 0) {
		unanswered(q, failure(target, rc, a));
	} else if (a->status) {
		q->rc = a->status;
		first_line(a->text, q->text, MUMMY_UPLOAD_TEXT);
		log_info(q->h->log, "upload %s: %s was refused by its hook: %d %s", q->info->id,
			 names[q->event], a->status, q->text);
	} else if (q->grant && take_lines(q->grant, a->text) < 0) {
		unanswered(q, "it wrote max-size=, expire= or rate= with a value that is none");
	}
	free(a);
}

static void ask_all(void *arg)
{
	struct question *q = arg;
	const struct options *o = q->h->o;
	struct hook_call c = { .event = names[q->event], .id = q->info->id, .json = q->json.text, .len = q->json.len,
		.deadline_ms = mummy_now_ms() + o->hook_timeout, .cut_ms = &q->h->cut_ms };

	if (o->hook_command)
		ask_one(q, 'c', &c);
	if (o->hook_url && q->rc == 0)
		ask_one(q, 'u', &c);
}

/* On a fiber the waiting is done by another thread, so that its worker goes on. */
static int ask(struct question *q)
{
	describe(&q->json, q->h, q->event, q->info);
	if (q->json.failed)
		unanswered(q, "out of memory");
	else
		mummy_task_block(ask_all, q);
	json_free(&q->json);
	return q->rc;
}

/* Who cannot be told for certain is not let in. */
static int too_many(const struct hooks *h, struct mummy_upload_grant *grant)
{
	if (hook_queue_waiting(h->queue) < h->o->hook_queue)
		return 0;
	snprintf(grant->text, sizeof grant->text,
		 "uploads are not taken on quickly enough; come again later");
	return 503;
}

int hooks_may_refuse(const struct hooks *h)
{
	return h->queue != NULL;
}

int hooks_pre_create(struct hooks *h, const struct mummy_upload_info *info, struct mummy_upload_grant *grant)
{
	struct question q = {
		.h = h, .event = HOOKS_PRE_CREATE, .info = info, .grant = grant, .text = grant->text
	};
	int rc = h->queue ? too_many(h, grant) : 0;

	if (rc || !hooks_wanted(h, HOOKS_PRE_CREATE))
		return rc;
	rc = ask(&q);
	if (rc >= 0)
		return rc;
	snprintf(grant->text, sizeof grant->text, "the upload cannot be checked now; come again later");
	return 503;
}

int hooks_pre_finish(struct hooks *h, const struct mummy_upload_info *info, char text[MUMMY_UPLOAD_TEXT])
{
	struct question q = { .h = h, .event = HOOKS_PRE_FINISH, .info = info, .text = text };

	return hooks_wanted(h, HOOKS_PRE_FINISH) ? ask(&q) : 0;
}

/* ---- Telling --------------------------------------------------------------------------------------- */

static int deliver(void *ctx, const struct hook_event *e, const char *text, size_t n, char *why, size_t size)
{
	struct hooks *h = ctx;
	struct hook_call c = { .event = e->event, .id = e->id, .json = text, .len = n,
		.deadline_ms = mummy_now_ms() + h->o->hook_timeout, .cut_ms = &h->cut_ms };
	struct hook_answer *a = malloc(sizeof *a);
	int rc = a ? call(h, e->target, &c, a) : -ENOMEM, used;

	if (rc < 0) {
		snprintf(why, size, "%s", failure(e->target, rc, a));
	} else if (a->status) {
		used = snprintf(why, size, "it said no, %d ", a->status);
		first_line(a->text, why + used, size - (size_t)used);
		rc = -EPROTO;
	}
	free(a);
	return rc;
}

static int put(struct hooks *h, enum hooks_event event, char target, const char *id, const struct json *j)
{
	const struct hook_event e = { target, names[event], id };
	int rc = j->failed ? -ENOMEM : hook_queue_put(h->queue, &e, j->text, j->len);

	if (rc < 0)
		log_error(h->log, "upload %s: %s cannot be kept for its hook: %s", id, names[event],
			  strerror(-rc));
	return rc;
}

/* Of an upload that is removed only the last reason counts. */
static void drop_other(struct hooks *h, enum hooks_event event, char target, const char *id)
{
	const struct hook_event other = { target,
		names[event == HOOKS_TERMINATED ? HOOKS_EXPIRED : HOOKS_TERMINATED], id };

	if (event == HOOKS_TERMINATED || event == HOOKS_EXPIRED)
		hook_queue_drop(h->queue, &other);
}

int hooks_put(struct hooks *h, enum hooks_event event, const struct mummy_upload_info *info)
{
	struct json j = { .len = 0 };
	int rc = 0;

	if (!hooks_wanted(h, event))
		return 0;
	describe(&j, h, event, info);
	for (const char *target = "cu"; rc == 0 && *target; target++)
		if (*target == 'c' ? h->o->hook_command : h->o->hook_url) {
			drop_other(h, event, *target, info->id);
			rc = put(h, event, *target, info->id, &j);
		}
	json_free(&j);
	return rc;
}

int hooks_release(struct hooks *h, enum hooks_event event, const char *id)
{
	const struct hook_event command = { 'c', names[event], id }, url = { 'u', names[event], id };
	int rc = 0;

	if (hooks_wanted(h, event) && h->o->hook_command)
		rc = hook_queue_release(h->queue, &command);
	if (hooks_wanted(h, event) && h->o->hook_url && hook_queue_release(h->queue, &url) < 0)
		rc = -ENOENT;
	return rc;
}

static int is_there(void *ctx, const struct mummy_upload_info *info)
{
	(void)ctx, (void)info;
	return 1;
}

/* A process may have died between the note and the removal. */
static int happened(void *ctx, const struct hook_event *e)
{
	const struct hooks *h = ctx;
	const struct mummy_upload_filter only = { .id = e->id };

	if (strcmp(e->event, names[HOOKS_TERMINATED]) != 0 && strcmp(e->event, names[HOOKS_EXPIRED]) != 0)
		return 1;
	return mummy_upload_list(h->engine, &only, is_there, NULL) != 1;
}

/* ---- Beginning and end ----------------------------------------------------------------------------- */

static int check_url(const struct options *o, char *why, size_t size)
{
	const int kind = o->hook_url ? hook_url_check(o->hook_url) : 0;
	struct hook_trust *trust = NULL;
	const int rc = kind == 1 ? hook_trust_open(&trust, o->hook_ca) : 0;

	hook_trust_free(trust);
	if (kind < 0)
		snprintf(why, size, "--hook-url: \"%s\" is not an address of HTTP; write it as "
			 "http://127.0.0.1:9000/hook or https://a.example/hook", o->hook_url);
	else if (kind == 0 && o->hook_ca)
		snprintf(why, size, "--hook-ca: it is for --hook-url with https; leave it out");
	else if (rc < 0 && o->hook_ca)
		snprintf(why, size,
			 "--hook-ca: %s holds no certificates that can be read; name a file of them in PEM",
			 o->hook_ca);
	else if (rc < 0)
		snprintf(why, size,
			 "--hook-url: there are no certificates that this system believes in; name a file of "
			 "some with --hook-ca");
	return kind < 0 || rc < 0 || (kind == 0 && o->hook_ca) ? -1 : 0;
}

int hooks_check(const struct options *o, char *why, size_t size)
{
	struct stat st;

	if (check_url(o, why, size) < 0)
		return -1;
	if (!o->hook_command)
		return 0;
	errno = EACCES;
	if (stat(o->hook_command, &st) == 0 && S_ISREG(st.st_mode) && access(o->hook_command, X_OK) == 0)
		return 0;
	snprintf(why, size,
		 "%s: cannot be run: %s; name an executable file with --hook-command, without arguments",
		 o->hook_command, strerror(errno));
	return -1;
}

static int open_queue(struct hooks *h)
{
	const size_t n = strlen(h->uploads) + sizeof "/.hooks";
	char *folder = malloc(n);
	const struct hook_queue_options opt = { .folder = folder, .jobs = (unsigned)h->o->hook_jobs,
		.keep_s = h->o->hook_keep, .first_ms = FIRST_RETRY_MS, .most_ms = MOST_RETRY_MS, .look_ms = LOOK_MS,
		.lasting = h->o->sync != MUMMY_UPLOAD_SYNC_NONE, .deliver = deliver, .happened = happened, .ctx = h,
		.log = h->log };
	int rc;

	if (!folder)
		return -ENOMEM;
	snprintf(folder, n, "%s/.hooks", h->uploads);
	rc = hook_queue_open(&h->queue, &opt);
	free(folder);
	return rc;
}

int hooks_open(struct hooks *h, const struct options *o, struct log *log, const char *uploads,
	       const char *completed)
{
	int rc;

	h->o = o;
	h->log = log;
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->changed, NULL);
	atomic_init(&h->cut_ms, UINT64_MAX);
	if (!o->hook_command && !o->hook_url)
		return 0;
	if (o->hook_url && hook_url_check(o->hook_url) == 1) {
		rc = hook_trust_open(&h->trust, o->hook_ca);
		if (rc < 0)
			return rc;
	}
	h->uploads = realpath(uploads, NULL);
	h->completed = h->uploads ? realpath(completed, NULL) : NULL;
	return h->completed ? open_queue(h) : -errno;
}

int hooks_start(struct hooks *h, mummy_upload *engine)
{
	h->engine = engine;
	return h->queue ? hook_queue_start(h->queue) : 0;
}

void hooks_cut(struct hooks *h)
{
	atomic_store(&h->cut_ms, mummy_now_ms() + LAST_MS);
}

void hooks_close(struct hooks *h)
{
	if (!h->o)
		return;
	hook_queue_close(h->queue);
	h->queue = NULL;
	hook_trust_free(h->trust);
	free(h->uploads);
	free(h->completed);
	pthread_mutex_destroy(&h->lock);
	pthread_cond_destroy(&h->changed);
	h->o = NULL;
}
