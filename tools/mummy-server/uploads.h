/*
 * uploads.h - /files/: resumable uploads into a directory.
 */
#ifndef MUMMY_SERVER_UPLOADS_H
#define MUMMY_SERVER_UPLOADS_H
#include <mummy/http.h>
#include <mummy/upload.h>
#include "hooks.h"
#include "log.h"
#include "options.h"
#include "receipt.h"

struct uploads {
	mummy_upload *engine;
	char *directory;
	int temporary;             /**< directory goes at the end */
	struct receipts receipts;
	struct hooks hooks;
};

/** o->uploads NULL: a fresh one below TMPDIR or /tmp. With o->cleanup events are kept, and told by a server.
 *  0 or a negative errno; u->directory then names what failed, until uploads_close. u stays where it is until
 *  then. */
int uploads_open(struct uploads *u, const struct options *o, struct log *log);
/** Ends hooks that run, after a moment. */
void uploads_cut(struct uploads *u);
/** After the server and the pool have gone. */
void uploads_close(struct uploads *u);
/** Removes a temporary directory, at once and whatever is going on. */
void uploads_remove_directory(const struct uploads *u);
int uploads_routes(struct uploads *u, mummy_http_router *r);
/** Removes what has expired. May block; u is a struct uploads. */
void uploads_cleanup(void *u);
/** The same; how many, or a negative errno. */
int uploads_expire(struct uploads *u);
#endif
