/*
 * statefile.h - the file in which an unfinished upload is remembered, for one process at a time.
 */
#ifndef MUMMY_UPLOAD_STATEFILE_H
#define MUMMY_UPLOAD_STATEFILE_H
#include <stddef.h>

#define STATEFILE_KEY_SIZE 33

struct statefile {
	int folder, lock;          /**< descriptors; -1: none */
	char name[STATEFILE_KEY_SIZE], lock_name[STATEFILE_KEY_SIZE + 5], temporary[STATEFILE_KEY_SIZE + 5];
};
#define STATEFILE_NONE { -1, -1, "", "", "" }

/** The folder to use: given, or the user's. The caller's to free; NULL: out of memory, or it is not known
 *  where the user's are. */
char *statefile_folder(const char *given);
/** A name for what is uploaded: n texts, of which none may be NULL. 0 or -EIO. */
int statefile_key(char key[STATEFILE_KEY_SIZE], const char *const *texts, size_t n);

/** Makes the folder, for its owner alone, and takes the name. 0; -EBUSY: another process has it; or a
 *  negative errno. */
int statefile_open(struct statefile *f, const char *folder, const char *key);
/** The caller's to free, with n octets and a NUL behind them. -ENOENT: there is none. */
int statefile_read(struct statefile *f, char **text, size_t *n);
/** Whole or not at all, also when power is cut. 0 or a negative errno. */
int statefile_write(struct statefile *f, const char *text, size_t n);
void statefile_remove(struct statefile *f);
/** Gives the name back. */
void statefile_close(struct statefile *f);
#endif
