/*
 * walk.h - the files below a folder.
 */
#ifndef MUMMY_UPLOAD_WALK_H
#define MUMMY_UPLOAD_WALK_H

#define WALK_MAX_DEPTH 64      /* each takes a descriptor */

struct walk {
	/** path: to open; relative: from the folder's own name on. Other than 0 ends the walk. */
	int (*file)(void *ctx, const char *path, const char *relative);
	/** What is passed over, or cannot be read: error is a negative errno, or 0 for what is neither a file
	 * nor a folder. */
	void (*skipped)(void *ctx, const char *path, int error);
	void *ctx;
};
/** All regular files below folder, in no order; symbolic links below it are skipped. What file returned, or
 *  0. */
int walk_folder(const struct walk *w, const char *folder);
#endif
