/*
 * record.h - what the directory store keeps about an upload, as text: a line for each thing, the last one
 * a digest of the lines before it.
 */
#ifndef MUMMY_UPLOAD_RECORD_H
#define MUMMY_UPLOAD_RECORD_H
#include <mummy/upload.h>

#define MUP_RECORD_MAX 65536             /* octets of a record */

struct mup_record {
	struct mummy_upload_info info;   /* offset: what is surely on the disk; strings lie in text */
	enum mummy_upload_sync sync;     /* the policy that wrote it */
	char boot[40];                   /* the boot of the machine that wrote it; empty: unknown */
	uint64_t inode;                  /* of the finished file */
	int64_t mtime_s, mtime_ns;
	uint64_t durable;                /* the offset as it was read, when info.offset became another */
	int holds;                       /* octets from held on do not count */
	uint64_t held;
	int tabled;                      /* the directory store's: it lies in ".records" */
	char *text;                      /* NULL: it was not read */
};

/* A new string in *out, its length. -EINVAL: a value that does not fit in a line, -ENOMEM, -EIO. */
int mup_record_write(const struct mup_record *rec, char **out, size_t *n);
/* text is taken, malloc'd and ended with NUL; mup_record_free frees it, also after an error.
 * -EBADMSG: it is not what mup_record_write wrote. */
int mup_record_read(struct mup_record *rec, char *text, size_t n);
void mup_record_free(struct mup_record *rec);
#endif
