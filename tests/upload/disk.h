/*
 * disk.h - what a store does to its folder: every change is written down, so that the folder can be built
 * again as a disk may hold it after a power cut; and any call can be made to fail. Link with
 *   -Wl,--wrap=openat,--wrap=pwrite,... as DISK_WRAPS in Makemodule.am has it.
 */
#ifndef MUMMY_TESTS_DISK_H
#define MUMMY_TESTS_DISK_H
#include <stdarg.h>
#include "fake.h"

enum disk_kind { DISK_CREATE, DISK_WRITE, DISK_TRUNCATE, DISK_SYNC, DISK_NAME, DISK_SYNC_FOLDER };
/* One change. A name is given to a node, or taken away (node -1). */
struct disk_op {
	enum disk_kind kind;
	int node;
	uint64_t off;
	size_t len;
	int second;                      /* of a rename: only a power cut comes between the two */
	char *data, name[80];
};

#define DISK_OPS 4096
#define DISK_NODES 512
static struct disk_op disk_op[DISK_OPS];
static int disk_ops, disk_nodes, disk_armed;
static ino_t disk_ino[DISK_NODES];
static ino_t disk_records;               /* of ".records", which is there before anything is written down */
/* Faults: the call of that number fails with that errno; 0: none. short: a write takes half instead. */
static int disk_calls, disk_fail_at, disk_errno, disk_short;
static int disk_reserve_errno, disk_splice_errno; /* of every fallocate, splice; 0: none */

int __real_openat(int at, const char *name, int flags, ...);
ssize_t __real_pwrite(int fd, const void *p, size_t n, off_t off);
int __real_fsync(int fd);
int __real_fdatasync(int fd);
int __real_renameat(int a, const char *from, int b, const char *to);
int __real_renameat2(int a, const char *from, int b, const char *to, unsigned flags);
int __real_fallocate(int fd, int mode, off_t off, off_t n);
ssize_t __real_splice(int from, off_t *from_off, int to, off_t *off, size_t n, unsigned flags);
int __real_linkat(int a, const char *from, int b, const char *to, int flags);
int __real_unlinkat(int at, const char *name, int flags);
int __real_ftruncate(int fd, off_t size);
ssize_t __real_copy_file_range(int from, off_t *from_off, int to, off_t *off, size_t n, unsigned flags);
int __wrap_openat(int at, const char *name, int flags, ...);
ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t off);
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_renameat(int a, const char *from, int b, const char *to);
int __wrap_renameat2(int a, const char *from, int b, const char *to, unsigned flags);
int __wrap_fallocate(int fd, int mode, off_t off, off_t n);
ssize_t __wrap_splice(int from, off_t *from_off, int to, off_t *off, size_t n, unsigned flags);
int __wrap_linkat(int a, const char *from, int b, const char *to, int flags);
int __wrap_unlinkat(int at, const char *name, int flags);
int __wrap_ftruncate(int fd, off_t size);
ssize_t __wrap_copy_file_range(int from, off_t *from_off, int to, off_t *off, size_t n, unsigned flags);

static inline int disk_node(ino_t ino)
{
	for (int i = disk_nodes; i-- > 0;)
		if (disk_ino[i] == ino)
			return i;
	return -1;
}

static inline struct disk_op *disk_note(enum disk_kind kind, int node, const char *name)
{
	struct disk_op *op = &disk_op[disk_ops];

	ck_assert_int_lt(disk_ops, DISK_OPS);
	memset(op, 0, sizeof *op);
	op->kind = kind;
	op->node = node;
	snprintf(op->name, sizeof op->name, "%s", name ? name : "");
	disk_ops++;
	return op;
}

static inline int disk_node_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? disk_node(st.st_ino) : -1;
}

static inline int disk_node_at(int at, const char *name)
{
	struct stat st;

	return fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? disk_node(st.st_ino) : -1;
}

static inline int disk_fails(void)
{
	if (!disk_armed || !disk_fail_at || ++disk_calls != disk_fail_at)
		return 0;
	errno = disk_errno;
	return 1;
}

static inline void disk_note_file(ino_t ino, const char *name)
{
	ck_assert_int_lt(disk_nodes, DISK_NODES);
	disk_ino[disk_nodes++] = ino;
	disk_note(DISK_CREATE, disk_nodes - 1, NULL);
	disk_note(DISK_NAME, disk_nodes - 1, name);
}

int __wrap_openat(int at, const char *name, int flags, ...)
{
	struct stat st;
	int fd, known;
	va_list ap;
	mode_t mode;

	if (!(flags & O_CREAT))
		return __real_openat(at, name, flags);
	va_start(ap, flags);
	mode = (mode_t)va_arg(ap, unsigned);
	va_end(ap);
	if (disk_fails())
		return -1;
	known = fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	fd = __real_openat(at, name, flags, mode);
	if (fd >= 0 && !strcmp(name, ".records") && fstat(fd, &st) == 0)
		disk_records = st.st_ino;
	if (fd < 0 || !strcmp(name, ".records") || !disk_armed || !strcmp(name, ".lock"))
		return fd;
	if (!known && fstat(fd, &st) == 0) {
		disk_note_file(st.st_ino, name);
	} else if (flags & O_TRUNC) {
		disk_note(DISK_TRUNCATE, disk_node(st.st_ino), NULL);
	}
	return fd;
}

static inline void disk_note_write(int fd, const void *p, size_t n, off_t off)
{
	int node = disk_node_of(fd);
	struct disk_op *op;
	struct stat st;

	if (node < 0 && fstat(fd, &st) == 0 && st.st_ino == disk_records) {
		node = disk_nodes;
		disk_note_file(st.st_ino, ".records");
	}
	op = disk_note(DISK_WRITE, node, NULL);
	ck_assert_int_ge(node, 0);
	op->off = (uint64_t)off;
	op->len = n;
	op->data = malloc(n);
	memcpy(op->data, p, n);
}

/* What the kernel wrote. */
static inline void disk_note_copy(int fd, off_t at, size_t n)
{
	char *copy = malloc(n);

	ck_assert_int_eq(pread(fd, copy, n, at), (ssize_t)n);
	disk_note_write(fd, copy, n, at);
	free(copy);
}

ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t off)
{
	ssize_t k;

	if (disk_fails()) {
		if (!disk_short || n < 2)
			return -1;
		n /= 2;
	}
	k = __real_pwrite(fd, p, n, off);
	if (k > 0 && disk_armed)
		disk_note_write(fd, p, (size_t)k, off);
	return k;
}

static inline int disk_sync(int fd)
{
	struct stat st;

	if (disk_fails())
		return -1;
	if (disk_armed && fstat(fd, &st) == 0)
		disk_note(S_ISDIR(st.st_mode) ? DISK_SYNC_FOLDER : DISK_SYNC,
			  S_ISDIR(st.st_mode) ? -1 : disk_node(st.st_ino), NULL);
	return 0;
}

int __wrap_fsync(int fd)
{
	return disk_sync(fd);
}

int __wrap_fdatasync(int fd)
{
	return disk_sync(fd);
}

static inline void disk_note_rename(int node, const char *from, const char *to)
{
	disk_note(DISK_NAME, node, to);
	disk_note(DISK_NAME, -1, from)->second = 1;
}

int __wrap_renameat(int a, const char *from, int b, const char *to)
{
	int node = disk_armed ? disk_node_at(a, from) : -1, rc = disk_fails() ? -1 : __real_renameat(a, from, b, to);

	if (rc == 0 && disk_armed)
		disk_note_rename(node, from, to);
	return rc;
}

int __wrap_renameat2(int a, const char *from, int b, const char *to, unsigned flags)
{
	int node = disk_armed ? disk_node_at(a, from) : -1;
	int rc = disk_fails() ? -1 : __real_renameat2(a, from, b, to, flags);

	if (rc == 0 && disk_armed)
		disk_note_rename(node, from, to);
	return rc;
}

/* Beyond the end of the file, so that nothing that can be read changes. */
int __wrap_fallocate(int fd, int mode, off_t off, off_t n)
{
	ck_assert_int_eq(mode, FALLOC_FL_KEEP_SIZE);
	if (disk_reserve_errno) {
		errno = disk_reserve_errno;
		return -1;
	}
	return disk_fails() ? -1 : __real_fallocate(fd, mode, off, n);
}

/* From a pipe into a file. */
ssize_t __wrap_splice(int from, off_t *from_off, int to, off_t *off, size_t n, unsigned flags)
{
	const off_t at = off ? *off : 0;
	ssize_t k;

	if (disk_splice_errno) {
		errno = disk_splice_errno;
		return -1;
	}
	if (disk_fails()) {
		if (!disk_short || n < 2)
			return -1;
		n /= 2;
	}
	k = __real_splice(from, from_off, to, off, n, flags);
	if (k > 0 && disk_armed)
		disk_note_copy(to, at, (size_t)k);
	return k;
}

int __wrap_linkat(int a, const char *from, int b, const char *to, int flags)
{
	int rc = disk_fails() ? -1 : __real_linkat(a, from, b, to, flags);

	if (rc == 0 && disk_armed)
		disk_note(DISK_NAME, disk_node_at(b, to), to);
	return rc;
}

int __wrap_unlinkat(int at, const char *name, int flags)
{
	int rc = disk_fails() ? -1 : __real_unlinkat(at, name, flags);

	if (rc == 0 && disk_armed)
		disk_note(DISK_NAME, -1, name);
	return rc;
}

int __wrap_ftruncate(int fd, off_t size)
{
	int rc = disk_fails() ? -1 : __real_ftruncate(fd, size);

	if (rc == 0 && disk_armed)
		disk_note(DISK_TRUNCATE, disk_node_of(fd), NULL)->off = (uint64_t)size;
	return rc;
}

ssize_t __wrap_copy_file_range(int from, off_t *from_off, int to, off_t *off, size_t n, unsigned flags)
{
	const off_t at = *off;
	ssize_t k = disk_fails() ? -1 : __real_copy_file_range(from, from_off, to, off, n, flags);

	if (k > 0 && disk_armed)
		disk_note_copy(to, at, (size_t)k);
	return k;
}

static inline void disk_forget(void)
{
	for (int i = 0; i < disk_ops; i++)
		free(disk_op[i].data);
	disk_ops = disk_nodes = disk_calls = 0;
	disk_records = 0;
}

/* ---- The folder after a power cut ----------------------------------------------------------------- */

/* One file as it was: grown and filled by what reached the disk. */
struct disk_image {
	char *data;
	size_t size;
};

static uint64_t disk_seed __attribute__((unused));

static inline unsigned disk_dice(unsigned n)
{
	disk_seed = disk_seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(disk_seed >> 33) % n;
}

static inline void disk_apply(struct disk_image *f, const struct disk_op *op, size_t len)
{
	size_t end = op->kind == DISK_WRITE ? op->off + len : op->off;

	if (op->kind == DISK_CREATE)
		return;
	if (end > f->size || op->kind == DISK_TRUNCATE) {
		f->data = realloc(f->data, end ? end : 1);
		if (end > f->size)
			memset(f->data + f->size, 0, end - f->size);
		f->size = end;
	}
	if (op->kind == DISK_WRITE && len)
		memcpy(f->data + op->off, op->data, len);
}

/* What came after the last sync is lost, kept, or torn. mood 0: all lost, 1: all kept, else by chance. */
static inline struct disk_image disk_file(int node, int cut, int mood, int syncs)
{
	struct disk_image f = { NULL, 0 };
	int safe = -1;

	for (int i = 0; syncs && i < cut; i++)
		if (disk_op[i].kind == DISK_SYNC && disk_op[i].node == node)
			safe = i;
	for (int i = 0; i < cut; i++) {
		const struct disk_op *op = &disk_op[i];
		unsigned fate = i < safe || mood == 1 ? 1 : mood == 0 ? 0 : disk_dice(3);

		if (op->node != node || (op->kind != DISK_WRITE && op->kind != DISK_TRUNCATE) || fate == 0)
			continue;
		disk_apply(&f, op, fate == 2 && op->kind == DISK_WRITE ? disk_dice((unsigned)op->len + 1) : op->len);
	}
	return f;
}

/* The node that a name leads to: as of the last sync of the folder, or any that it had since. */
static inline int disk_named(const char *name, int cut, int mood, int syncs)
{
	int safe = -1, node = -1;

	for (int i = 0; syncs && i < cut; i++)
		if (disk_op[i].kind == DISK_SYNC_FOLDER)
			safe = i;
	for (int i = 0; i < cut; i++)
		if (disk_op[i].kind == DISK_NAME && !strcmp(disk_op[i].name, name)
		    && (i < safe || mood == 1 || (mood > 1 && disk_dice(2))))
			node = disk_op[i].node;
	return node;
}

static inline void disk_put(int at, const char *name, const struct disk_image *f)
{
	static const char zeros[4096];
	int fd = __real_openat(at, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	ck_assert_int_ge(fd, 0);
	/* with its holes */
	for (size_t off = 0, n; off < f->size; off += n) {
		n = f->size - off < sizeof zeros ? f->size - off : sizeof zeros;
		if (memcmp(f->data + off, zeros, n) != 0)
			ck_assert_int_eq(__real_pwrite(fd, f->data + off, n, (off_t)off), (ssize_t)n);
	}
	ck_assert_int_eq(__real_ftruncate(fd, (off_t)f->size), 0);
	close(fd);
}

/* Builds the folder as it may be after the first cut changes. syncs 0: as if there had been no fsync. */
static inline void disk_build(const char *folder, int cut, int mood, int syncs)
{
	char first[DISK_NODES][80];
	int at = __real_openat(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY);

	memset(first, 0, sizeof first);
	for (int i = 0; i < cut; i++) {
		const struct disk_op *op = &disk_op[i];
		struct stat st;
		int node, seen = 0;

		for (int k = 0; k < i && op->kind == DISK_NAME; k++)
			seen |= disk_op[k].kind == DISK_NAME && !strcmp(disk_op[k].name, op->name);
		if (op->kind != DISK_NAME || seen)
			continue;
		node = disk_named(op->name, cut, mood, syncs);
		if (node < 0)
			continue;
		if (first[node][0] && fstatat(at, first[node], &st, 0) == 0) {
			ck_assert_int_eq(__real_linkat(at, first[node], at, op->name, 0), 0);
		} else {
			struct disk_image f = disk_file(node, cut, mood, syncs);

			disk_put(at, op->name, &f);
			free(f.data);
			snprintf(first[node], sizeof first[node], "%s", op->name);
		}
	}
	close(at);
}
#endif
