/*
 * dir.h - the directory store. Of each upload that is not finished there is ".ID.part", its octets. Its
 * record is ".ID.info", or, of one created under the policy NONE, mostly a slot of ".records" (dir_table.c);
 * where there are both, ".ID.info" is the newer one. ".ID.tmp" is a record being written, ".ID.gone" one of
 * an upload being removed. Paths are made of ids and of names that name.h made, below descriptors of the two
 * folders.
 */
#ifndef MUMMY_UPLOAD_DIR_H
#define MUMMY_UPLOAD_DIR_H
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include "id.h"
#include "name.h"
#include "record.h"

#define MUP_FILE_SIZE (MUP_ID_LEN + 8)   /* of the names above */

struct mup_dir {
	int fd, finished, lock_fd;       /* the folder, that of finished files, ".lock" */
	struct mummy_upload_dir_options opt;
	char boot[40];
	pthread_mutex_t lock;            /* of what follows */
	uint64_t used, counted_ms;       /* octets held or promised; when they were counted */
	uint64_t coming;                 /* of them, those that a count need not find yet */
	pthread_mutex_t table_lock;      /* of free slots */
	_Atomic int table;               /* ".records"; -1: not opened yet */
};

/* An upload that is open. */
struct mup_dir_upload {
	struct mup_dir *dir;
	int fd;                          /* of the part; -1: it is finished */
	struct mup_record rec;
	uint64_t durable;                /* as rec on the disk says */
	uint64_t size;
	int locked;                      /* the part is this opener's to write */
	int held;                        /* nothing new is made last before it is settled */
	int moved;                       /* the part has its last name and no other */
	char name[MUP_NAME_SIZE];        /* given by finish */
};

/* dir_files.c */
char *mup_dir_file(char out[MUP_FILE_SIZE], const char *id, const char *kind);
/* The id of a name of that kind, 0: it is none. */
int mup_dir_file_id(const char *file, const char *kind, char id[MUP_ID_SIZE]);
/* -EBADMSG: it is a link. */
int mup_dir_open_any(int at, const char *file, int flags);
int mup_dir_open_regular(int at, const char *file, int flags, struct stat *st);
int mup_dir_write_all(int fd, const void *p, size_t n, uint64_t off);
/* n octets of a pipe, which has them. */
int mup_dir_splice_all(int fd, int pipe, size_t n, uint64_t off);
/* Replaces the record; lasting: it survives a power cut when this returns, if the policy cares. */
int mup_dir_put_record(struct mup_dir *d, struct mup_record *rec, int lasting);
/* -ENOENT, -EBADMSG */
int mup_dir_get_record(struct mup_dir *d, const char *id, const char *kind, struct mup_record *rec);
int mup_dir_fsync(struct mup_dir *d, int fd);
/* A lock of the open file, so that other openers in this process meet it too: F_RDLCK, F_WRLCK, F_UNLCK.
 * -EBUSY: another's is in the way, and wait is 0. */
int mup_dir_lock(int fd, int type, int wait);

/* 1: its removal was begun. */
int mup_dir_is_going(struct mup_dir *d, const char *id);

/* dir_table.c: records of NONE that share a file; with text of n octets. -ENOENT: it is not there, -ENOSPC:
 * no room for it. */
int mup_table_put(struct mup_dir *d, const char *id, const char *text, size_t n, int is_new);
/* gone: the record of one that is being removed. *text is a new string. */
int mup_table_get(struct mup_dir *d, const char *id, int gone, char **text, size_t *n);
/* 1: it has a record there, 2: and is being removed. */
int mup_table_has(struct mup_dir *d, const char *id);
/* It is being removed from now on. */
int mup_table_mark(struct mup_dir *d, const char *id);
int mup_table_drop(struct mup_dir *d, const char *id);
/* The id of the next record from *at (0 at first) on: as mup_table_has; -ENOENT at the end. */
int mup_table_next(struct mup_dir *d, uint64_t *at, char id[MUP_ID_SIZE]);

/* dir_look.c: what there is of an upload. rec->info is filled in, with the offset that may be acknowledged;
 * *fd (may be NULL): its part, -1 when it is finished. -ENOENT; -EBADMSG: quarantined, for
 * rec->info.reason. rec is to be freed after 0 and -EBADMSG. */
int mup_dir_look(struct mup_dir *d, const char *id, struct mup_record *rec, int *fd, uint64_t *size);
/* The same, and the part is this opener's to write until *fd is closed, in all processes. -EBUSY: it is
 * another's. */
int mup_dir_look_locked(struct mup_dir *d, const char *id, struct mup_record *rec, int *fd, uint64_t *size);
/* 1 when st is of the file that became the upload's own when it was finished. */
int mup_dir_is_own(const struct mup_record *rec, const struct stat *st);

/* dir_upload.c */
int mup_dir_create(void *ctx, const struct mummy_upload_info *info);
int mup_dir_open(void *ctx, const char *id, unsigned flags, void **h, struct mummy_upload_info *info);
void mup_dir_close(void *h);
int mup_dir_writev(void *h, uint64_t off, const struct iovec *iov, int n);
int mup_dir_splice(void *h, uint64_t off, int pipe, size_t n);
int mup_dir_sync(void *h, uint64_t committed);
int mup_dir_flush(void *h, uint64_t committed);
int mup_dir_read(void *h);
int mup_dir_set_length(void *h, uint64_t length);
/* dir_hold.c: octets that do not count yet; copies from another upload */
int mup_dir_hold(void *h);
int mup_dir_settle(void *h, uint64_t off);
/* Before writing goes on: what is not to be trusted goes. */
int mup_dir_adopt(struct mup_dir_upload *up, uint64_t offset);
int mup_dir_append(void *h, uint64_t off, void *from, uint64_t from_off, uint64_t n);
/* dir_finish.c */
int mup_dir_finish(void *h, const char *name, struct mummy_upload_info *info);
int mup_dir_remove(void *ctx, const char *id);
/* Goes on with a removal that was begun. */
int mup_dir_remove_gone(struct mup_dir *d, const char *id);
/* dir_list.c */
int mup_dir_list(void *ctx, void **cursor, struct mummy_upload_info *out);
/* The same; tidy: goes on with removals that were begun. */
int mup_dir_next(struct mup_dir *d, void **cursor, struct mummy_upload_info *out, int tidy);
/* What a process that died left behind. */
int mup_dir_sweep(struct mup_dir *d);
/* dir_quota.c: how much an upload counts; takes more, which mup_dir_claimed ends once it is there, or rc <0
 * it did not come; gives back. */
uint64_t mup_dir_weight(const struct mummy_upload_info *info, uint64_t size);
int mup_dir_claim(struct mup_dir *d, uint64_t n);
void mup_dir_claimed(struct mup_dir *d, uint64_t n, int rc);
void mup_dir_unclaim(struct mup_dir *d, uint64_t n);
int mup_dir_room(struct mup_dir *d, uint64_t n);
int mup_dir_count(struct mup_dir *d);
/* Takes n octets of a part from the disk before they are written; its size stays. 0 also where that is not
 * possible. -ENOSPC, -EDQUOT. */
int mup_dir_reserve(int fd, uint64_t from, uint64_t n);
#endif
