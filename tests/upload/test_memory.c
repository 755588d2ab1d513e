/* Every allocation of an upload fails in turn: the right status, nothing leaks, another try gets through. */
#include <config.h>
#include "fake.h"

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);

static int calls, fail_at, armed;  /* armed: inside the library */

static int fails(void)
{
	if (armed && fail_at && ++calls == fail_at) {
		errno = ENOMEM;
		return 1;
	}
	return 0;
}

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

char *__wrap_strdup(const char *s)
{
	return fails() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
	return fails() ? NULL : __real_strndup(s, n);
}

/* As ask, but out of memory is an answer: -ENOMEM. */
static int try_ask(mummy_upload *u, struct answer *a, const char *method, const char *path, struct fake_fields *f,
		   const char *body, size_t len)
{
	struct mummy_upload_request req = fake_request(method, path, f, len);
	mummy_upload_transfer *t = NULL;
	mummy_upload_reply *r = NULL;
	int rc;

	armed = 1;
	rc = mummy_upload_begin(u, &req, &r, &t);
	if (rc == 1) {
		rc = len ? mummy_upload_write(t, body, len) : 0;
		rc = mummy_upload_end(t, rc, &r);
	}
	armed = 0;
	if (rc < 0)
		return rc;
	take_answer(a, r);
	return a->status;
}

static int is_failure(int rc)
{
	return rc == -ENOMEM || rc == 503;
}

static int try_post(mummy_upload *u, char path[128])
{
	struct fake_fields f = { .n = 0 };
	struct answer a;
	int rc;

	put_field(&f, "Tus-Resumable", "1.0.0");
	put_field(&f, "Upload-Length", "10");
	put_field(&f, "Upload-Metadata", "filename YS50eHQ=");
	rc = try_ask(u, &a, "POST", "/files/", &f, NULL, 0);
	if (rc == 201)
		snprintf(path, 128, "%s", field(&a, "Location"));
	return rc;
}

static int try_patch(mummy_upload *u, const char *path, uint64_t off, size_t n)
{
	struct fake_fields f = { .n = 0 };
	struct answer a;
	char text[32], said[128];

	snprintf(text, sizeof text, "%" PRIu64, off);
	put_field(&f, "Tus-Resumable", "1.0.0");
	put_field(&f, "Content-Type", "application/offset+octet-stream");
	put_field(&f, "Upload-Offset", text);
	put_field(&f, "Upload-Checksum", checksum_of("sha1", GNUTLS_DIG_SHA1, "0123456789" + off, n, said));
	return try_ask(u, &a, "PATCH", path, &f, "0123456789" + off, n);
}

static int64_t try_head(mummy_upload *u, const char *path)
{
	struct fake_fields f = { .n = 0 };
	struct answer a;
	int rc;

	put_field(&f, "Tus-Resumable", "1.0.0");
	rc = try_ask(u, &a, "HEAD", path, &f, NULL, 0);
	if (rc == 200)
		return strtoll(field(&a, "Upload-Offset"), NULL, 10);
	ck_assert_msg(is_failure(rc), "HEAD %d", rc);
	return -1;
}

static void persist(mummy_upload *u, char path[128])
{
	int64_t off;
	int rc;

	while ((rc = try_post(u, path)) != 201)
		ck_assert_msg(is_failure(rc), "POST %d", rc);
	while ((off = try_head(u, path)) < 10) {
		if (off < 0)
			continue;
		rc = try_patch(u, path, (uint64_t)off, off < 5 ? 5 - (size_t)off : 10 - (size_t)off);
		ck_assert_msg(rc == 204 || is_failure(rc), "PATCH %d", rc);
	}
}

static void try_concat(mummy_upload *u, const char *concat, const char *body, char path[128])
{
	int rc;

	do {
		struct fake_fields f = { .n = 0 };
		struct answer a;

		put_field(&f, "Tus-Resumable", "1.0.0");
		put_field(&f, "Upload-Concat", concat);
		if (body) {
			put_field(&f, "Content-Type", "application/offset+octet-stream");
			put_field(&f, "Upload-Length", "5");
		}
		rc = try_ask(u, &a, "POST", "/files/", &f, body, body ? 5 : 0);
		ck_assert_msg(rc == 201 || is_failure(rc), "POST %d", rc);
		if (rc == 201)
			snprintf(path, 128, "%s", field(&a, "Location"));
	} while (rc != 201);
}

/* Two parts and what they become. */
static void persist_concat(mummy_upload *u, char path[128])
{
	char one[128], two[128], concat[300];

	try_concat(u, "partial", "01234", one);
	try_concat(u, "partial", "56789", two);
	snprintf(concat, sizeof concat, "final;%s %s", one, two);
	try_concat(u, concat, NULL, path);
}

static mummy_upload *persist_open(const char *folder)
{
	struct mummy_upload_dir_options dir = { .sync = MUMMY_UPLOAD_SYNC_NONE, .naming = MUMMY_UPLOAD_NAME_METADATA };
	struct mummy_upload_options opt = { .max_uploads_per_client = 100, .origins = "*" };
	struct mummy_upload_store store;
	mummy_upload *u = NULL;
	int rc;

	do {
		armed = 1;
		rc = folder ? mummy_upload_dir_store(&store, folder, &dir) : mummy_upload_memory_store(&store, 0);
		if (rc == 0)
			rc = mummy_upload_new(&u, &store, &opt);
		armed = 0;
		ck_assert(rc == 0 || rc == -ENOMEM);
	} while (rc < 0);
	return u;
}

static void fail_each(int on_disk)
{
	int seen = 1;

	for (int at = 1; at <= seen; at++) {
		char folder[64], path[128], joined[128], back[16];
		mummy_upload *u;

		if (on_disk)
			fresh(folder);
		calls = 0;
		fail_at = at;
		u = persist_open(on_disk ? folder : NULL);
		persist(u, path);
		persist_concat(u, joined);
		if (at == 1 || calls >= at)
			seen = calls > seen ? calls : seen;
		fail_at = 0;
		ck_assert_int_eq(offset_of(u, path), 10);
		ck_assert_int_eq(offset_of(u, joined), 10);
		if (on_disk) {
			ck_assert_int_eq(content(u, path, back, sizeof back), 10);
			ck_assert_mem_eq(back, "0123456789", 10);
		}
		ck_assert_uint_eq(u->stats.quarantined, 0);
		mummy_upload_free(u);
		if (on_disk)
			wipe(folder);
	}
	ck_assert_int_gt(seen, 30);
}

START_TEST(every_allocation_fails_in_turn)
{
	fail_each(0);
	fail_each(1);
}
END_TEST

SUITE_MAIN("upload/memory", every_allocation_fails_in_turn)
