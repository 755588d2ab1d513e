/*
 * uploads.c - /files/: resumable uploads into a directory.
 */
#include <config.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <mummy/adapters/upload-http.h>
#include "form.h"
#include "uploads.h"

#define RANGE_PATH "/range/"

static int make_temporary(struct uploads *u)
{
	static const char tail[] = "/mummy-server-XXXXXX";
	const char *parent = getenv("TMPDIR");
	size_t size;

	if (!parent || *parent == '\0')
		parent = "/tmp";
	size = strlen(parent) + sizeof tail;
	u->directory = malloc(size);
	if (!u->directory)
		return -ENOMEM;
	snprintf(u->directory, size, "%s%s", parent, tail);
	if (!mkdtemp(u->directory))
		return -errno;
	u->temporary = 1;
	return 0;
}

static int choose_directory(struct uploads *u, const char *directory)
{
	if (!directory)
		return make_temporary(u);
	u->directory = strdup(directory);
	return u->directory ? 0 : -ENOMEM;
}

/* What has no ID.json at the next start is finished once more, so that an event is not lost when the process
 * dies before it is kept; and it is told only when the file is there. */
static void finished(void *ctx, const struct mummy_upload_info *info)
{
	struct uploads *u = ctx;

	if (hooks_put(&u->hooks, HOOKS_POST_FINISH, info) < 0)
		return;
	receipt_write(&u->receipts, info);
	hooks_release(&u->hooks, HOOKS_POST_FINISH, info->id);
}

static void removing(void *ctx, const struct mummy_upload_info *info, int expired)
{
	struct uploads *u = ctx;

	hooks_put(&u->hooks, expired ? HOOKS_EXPIRED : HOOKS_TERMINATED, info);
}

/* What could not be noted before, when the disk was full, may be now; or a server that shares the folder
 * began in the very moment, and has dropped what had not happened. */
static void gone(struct uploads *u, enum hooks_event event, const struct mummy_upload_info *info)
{
	if (hooks_release(&u->hooks, event, info->id) < 0 && hooks_put(&u->hooks, event, info) == 0)
		hooks_release(&u->hooks, event, info->id);
}

static void terminated(void *u, const struct mummy_upload_info *info)
{
	gone(u, HOOKS_TERMINATED, info);
}

static void expired(void *u, const struct mummy_upload_info *info)
{
	gone(u, HOOKS_EXPIRED, info);
}

static int pre_create(void *u, const struct mummy_upload_request *req, const struct mummy_upload_info *info,
		      struct mummy_upload_grant *grant)
{
	(void)req;
	return hooks_pre_create(&((struct uploads *)u)->hooks, info, grant);
}

static int pre_finish(void *u, const struct mummy_upload_info *info, int fd, char text[MUMMY_UPLOAD_TEXT])
{
	(void)fd;
	return hooks_pre_finish(&((struct uploads *)u)->hooks, info, text);
}

static void note(void *u, int level, const char *line)
{
	log_upload(((struct uploads *)u)->receipts.log, level, line);
}

static int open_engine(struct uploads *u, const struct options *o)
{
	const struct mummy_upload_dir_options dir = { .sync = (enum mummy_upload_sync)o->sync,
		.naming = o->safe_names ? MUMMY_UPLOAD_NAME_METADATA : MUMMY_UPLOAD_NAME_ID,
		.finished = o->completed, .quota_bytes = o->upload_quota,
		.min_free_bytes = o->upload_min_free ? o->upload_min_free : 1 };
	struct mummy_upload_options opt = { .base_path = "/files/", .range_path = RANGE_PATH,
		.max_bytes = o->upload_max, .expire_s = (unsigned)o->upload_expire,
		.rate_per_upload = o->upload_rate, .rate_per_client = o->client_rate, .rate = o->total_rate,
		.min_rate = o->upload_min_rate,
		.idle_timeout_ms = o->upload_idle && o->upload_idle < UINT_MAX ? (unsigned)o->upload_idle : UINT_MAX,
		.max_transfers_per_client = (unsigned)o->client_uploads,
		.max_uploads = (unsigned)o->upload_max_open, .max_uploads_per_client = (unsigned)o->client_max_open,
		.events = { .pre_create = pre_create, .pre_finish = pre_finish, .post_finish = finished,
			.terminated = terminated, .expired = expired, .removing = removing },
		.log = note, .ctx = u };
	struct mummy_upload_store store;
	int rc = mummy_upload_dir_store(&store, u->directory, &dir);

	if (rc < 0)
		return rc;
	if (access(u->directory, R_OK | W_OK | X_OK) < 0)
		rc = -errno;
	if (rc == 0)
		rc = receipts_open(&u->receipts, o->completed ? o->completed : u->directory);
	receipts_guard(&u->receipts, &store);
	if (rc == 0)
		rc = hooks_open(&u->hooks, o, u->receipts.log, u->directory,
				o->completed ? o->completed : u->directory);
	/* where nobody is asked, no file need be opened to be looked at, and a creation waits for nobody */
	if (rc == 0 && !hooks_wanted(&u->hooks, HOOKS_PRE_FINISH))
		opt.events.pre_finish = NULL;
	if (rc == 0 && !hooks_may_refuse(&u->hooks))
		opt.events.pre_create = NULL;
	if (rc == 0)
		return mummy_upload_new(&u->engine, &store, &opt);
	store.release(store.ctx);
	return rc;
}

int uploads_open(struct uploads *u, const struct options *o, struct log *log)
{
	int rc;

	memset(u, 0, sizeof *u);
	u->receipts = (struct receipts){ .folder = -1, .digest_max = o->digest_max, .log = log,
		.lasting = o->sync != MUMMY_UPLOAD_SYNC_NONE };
	rc = choose_directory(u, o->uploads);
	if (rc == 0)
		rc = open_engine(u, o);
	if (rc == 0)
		receipts_repair(&u->receipts, u->engine, finished, u);
	return rc == 0 && !o->cleanup ? hooks_start(&u->hooks, u->engine) : rc;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	/* What is left is shown by the directory that stays; there is nobody to tell. */
	remove(path);
	return 0;
}

void uploads_remove_directory(const struct uploads *u)
{
	if (u->temporary)
		nftw(u->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

void uploads_cut(struct uploads *u)
{
	hooks_cut(&u->hooks);
}

void uploads_close(struct uploads *u)
{
	mummy_upload_free(u->engine);
	hooks_close(&u->hooks);
	receipts_close(&u->receipts);
	uploads_remove_directory(u);
	free(u->directory);
	memset(u, 0, sizeof *u);
}

static void handle_range(mummy_http_exchange *x, void *engine)
{
	const char *path = mummy_http_path(x, NULL);

	if (!strcmp(mummy_http_method(x, NULL), "POST") && form_is(x)
	    && (!strcmp(path, RANGE_PATH) || !strcmp(path, "/range")))
		form_handle(x, engine, RANGE_PATH);
	else
		mummy_upload_http_handler(x, engine);
}

int uploads_routes(struct uploads *u, mummy_http_router *r)
{
	const struct mummy_http_route route = { .handler = mummy_upload_http_handler, .ctx = u->engine,
		.flags = MUMMY_HTTP_STREAM, .max_body_bytes = MUMMY_HTTP_UNKNOWN, .quick = mummy_upload_http_quick };

	struct mummy_http_route ranged = route;
	int rc = mummy_http_router_add(r, NULL, "/files/*", &route);

	ranged.handler = handle_range;
	if (rc == 0)
		rc = mummy_http_router_add(r, NULL, RANGE_PATH "*", &ranged);
	/* many say where uploads are created without the slash, as the specification of TUS does */
	if (rc == 0)
		rc = mummy_http_router_add(r, NULL, "/files", &route);
	return rc == 0 ? mummy_http_router_add(r, NULL, "/range", &ranged) : rc;
}

int uploads_expire(struct uploads *u)
{
	return mummy_upload_cleanup(u->engine, NULL);
}

void uploads_cleanup(void *u)
{
	uploads_expire(u);
}
