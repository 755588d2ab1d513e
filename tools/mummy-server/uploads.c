/*
 * uploads.c - /files/: resumable uploads into a directory.
 */
#include <config.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <mummy/adapters/upload-http.h>
#include "form.h"
#include "uploads.h"

#define RANGE_PATH "/range/"

#define EXPIRE_S (24u * 3600u)             /* unfinished uploads, after their last octet */

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

int uploads_open(struct uploads *u, const char *directory, struct log *log)
{
	const struct mummy_upload_dir_options dir = { .naming = MUMMY_UPLOAD_NAME_METADATA };
	const struct mummy_upload_options opt = { .base_path = "/files/",
		.range_path = RANGE_PATH, .expire_s = EXPIRE_S,
		.log = log_upload, .ctx = log };
	struct mummy_upload_store store;
	int rc;

	memset(u, 0, sizeof *u);
	rc = choose_directory(u, directory);
	if (rc == 0)
		rc = mummy_upload_dir_store(&store, u->directory, &dir);
	if (rc == 0 && access(u->directory, R_OK | W_OK | X_OK) < 0) {
		rc = -errno;
		store.release(store.ctx);
	}
	return rc == 0 ? mummy_upload_new(&u->engine, &store, &opt) : rc;
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

void uploads_close(struct uploads *u)
{
	mummy_upload_free(u->engine);
	uploads_remove_directory(u);
	free(u->directory);
	memset(u, 0, sizeof *u);
}

static void handle_range(mummy_http_exchange *x, void *engine)
{
	size_t n;

	if (!strcmp(mummy_http_method(x, NULL), "POST") && form_is(x)
	    && !strcmp(mummy_http_path(x, &n), RANGE_PATH))
		form_handle(x, engine, RANGE_PATH);
	else
		mummy_upload_http_handler(x, engine);
}

int uploads_routes(struct uploads *u, mummy_http_router *r)
{
	const struct mummy_http_route route = { .handler = mummy_upload_http_handler, .ctx = u->engine,
		.flags = MUMMY_HTTP_STREAM, .max_body_bytes = MUMMY_HTTP_UNKNOWN };

	struct mummy_http_route ranged = route;
	int rc = mummy_http_router_add(r, NULL, "/files/*", &route);

	ranged.handler = handle_range;
	return rc == 0 ? mummy_http_router_add(r, NULL, RANGE_PATH "*", &ranged) : rc;
}

void uploads_cleanup(void *u)
{
	mummy_upload_cleanup(((struct uploads *)u)->engine, NULL);
}
