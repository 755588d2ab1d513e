/*
 * files.h - the parts of static files (the inside of mummy_http_router_files).
 *
 * A request goes through: the path (files_path.c), the file (files_open.c), what its conditions ask
 * for (files_decide.c), the answer (files.c). All but the last know no exchange.
 */
#ifndef MHTTP_FILES_H
#define MHTTP_FILES_H
#include <sys/stat.h>
#include <mummy/http-parser.h>
#include "text.h"

/* ---- The path --------------------------------------------------------------------------------- */

/* What is behind the first `segments` slashes + 1 of a raw path; p NULL: it has not so many. */
struct mummy_http_span mhttp_files_tail(struct mummy_http_span path, unsigned segments);
/* Decodes a raw path below the root to out, which has room for raw.n + 1 octets: segments without slashes in
 * them, no empty ones, no dot segments, and with dot_files 0 none that begin with a dot. "" and
 * "a/" stay as they are: folders. 0; 400 malformed, NUL; 404. */
int mhttp_files_path(char *out, struct mummy_http_span raw, int dot_files);

/* ---- The file --------------------------------------------------------------------------------- */

/* Opens what is to be served, never outside of root, without waiting for FIFOs. *st is what it is. The
 * descriptor or a negative errno. */
int mhttp_files_open(int root, const char *path, struct stat *st);
/* The same without the kernel's help: follows no symbolic link at all. */
int mhttp_files_open_by_steps(int root, const char *path, struct stat *st);
/* Status to answer for an errno of these. */
int mhttp_files_status(int error);
/* Media type by the end of the name; never NULL. */
const char *mhttp_files_type(const char *name);

/* ---- The conditions --------------------------------------------------------------------------- */

enum { MHTTP_ETAG_BYTES = 64 };
/* A strong one: another content has another size, time of change or inode. */
void mhttp_files_etag(char out[MHTTP_ETAG_BYTES], const struct stat *st);

/* The fields of a request about a file that is there; p NULL: absent. */
struct mhttp_files_question {
	/* -1 absent, 0 no match, 1 match: strong for If-Match, weak for If-None-Match */
	int if_match, if_none_match;
	struct mummy_http_span if_modified_since, if_unmodified_since, if_range, range;
	const char *etag;
	int64_t mtime, now;
	uint64_t size;
	int is_get;                          /* not HEAD */
};
/* So many ranges, and of so many octets together, are answered one by one; for more the whole is sent. */
enum { MHTTP_FILES_RANGES = 16, MHTTP_FILES_PARTS_BYTES = 1 << 20 };
struct mhttp_files_decision {
	int status;                          /* 200, 206, 304, 412, 416 */
	uint64_t first, length;              /* of the content to be sent */
	unsigned nranges;                    /* 206: 1, or so many of these */
	struct mummy_http_range ranges[MHTTP_FILES_RANGES];
};
/* RFC 9110 sections 13.2.2 and 14.2. */
struct mhttp_files_decision mhttp_files_decide(const struct mhttp_files_question *q);

/* ---- Bodies made here ------------------------------------------------------------------------- */

struct mhttp_files_parts {
	const char *boundary, *type;
	uint64_t size;                       /* of the file */
	const struct mummy_http_range *ranges;
	unsigned n;
};
/* multipart/byteranges, to be freed. -ENOMEM, -EIO: the file is shorter now. */
int mhttp_files_parts(char **out, size_t *n, int fd, const struct mhttp_files_parts *parts);
/* A page with the names in a folder; fd is taken, path is its own, decoded. At most 10000 names. */
int mhttp_files_list(struct mhttp_text *out, int fd, const char *path, int dot_files);
#endif
