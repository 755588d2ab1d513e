#include <config.h>
#include "fake.h"

/* Each case gets uploads of its own: /range/OPEN (10 octets, 4 there), /range/LATER (its length unknown, 4
 * there), /range/DONE (4 of 4), /range/NONE. */
struct rule {
	const char *what, *method, *path, *body, *send[4];
	int status;
	const char *offset, *complete;   /* of the answer; NULL: not there */
	const char *after;               /* the offset of OPEN or LATER afterwards */
};

#define CR "Content-Range"
static const struct rule rules[] = {
	{ "the next octets", "PATCH", "OPEN", "abc", { CR, "bytes 4-6/10" }, 204, "7", "?0", "7" },
	{ "by PUT", "PUT", "OPEN", "abc", { CR, "bytes 4-6/10" }, 204, "7", "?0", "7" },
	{ "the last octets", "PUT", "OPEN", "abcdef", { CR, "bytes 4-9/10" }, 204, "10", "?1", "10" },
	{ "no total", "PUT", "OPEN", "abcdef", { CR, "bytes 4-9/*" }, 204, "10", "?1", "10" },
	{ "a gap", "PUT", "OPEN", "abc", { CR, "bytes 5-7/10" }, 409, "4", "?0", "4" },
	{ "an overlap", "PUT", "OPEN", "abc", { CR, "bytes 3-5/10" }, 409, "4", "?0", "4" },
	{ "the highest octet completes nothing", "PUT", "OPEN", "a", { CR, "bytes 9-9/10" }, 409, "4", "?0", "4" },
	{ "a body that is too short", "PUT", "OPEN", "ab", { CR, "bytes 4-6/10" }, 400, NULL, NULL, "4" },
	{ "a body that is too long", "PUT", "OPEN", "abcd", { CR, "bytes 4-6/10" }, 400, NULL, NULL, "4" },
	{ "another total", "PUT", "OPEN", "abc", { CR, "bytes 4-6/11" }, 400, NULL, NULL, "4" },
	{ "beyond the end", "PUT", "OPEN", "abcdefg", { CR, "bytes 4-10/*" }, 413, NULL, NULL, "4" },
	{ "malformed", "PUT", "OPEN", "abc", { CR, "bytes=4-6/10" }, 400, NULL, NULL, "4" },
	{ "two of them", "PUT", "OPEN", "abc", { CR, "bytes 4-6/10", CR, "bytes 4-6/*" }, 400, NULL, NULL, "4" },
	{ "none in a PATCH", "PATCH", "OPEN", "abc", { 0 }, 400, NULL, NULL, "4" },
	{ "the offset is asked for", "PUT", "OPEN", NULL, { CR, "bytes */10" }, 204, "4", "?0", "4" },
	{ "by PATCH", "PATCH", "OPEN", NULL, { CR, "bytes */*" }, 204, "4", "?0", "4" },
	{ "of another total", "PUT", "OPEN", NULL, { CR, "bytes */11" }, 400, NULL, NULL, "4" },
	{ "with a body", "PUT", "OPEN", "a", { CR, "bytes */10" }, 400, NULL, NULL, "4" },
	{ "of a finished one", "PUT", "DONE", NULL, { CR, "bytes */4" }, 204, "4", "?1", NULL },
	{ "a finished one", "PUT", "DONE", "a", { CR, "bytes 4-4/5" }, 400, NULL, NULL, NULL },
	{ "the beginning of a finished one", "PUT", "DONE", "a", { CR, "bytes 0-0/4" }, 409, "4", "?1", NULL },
	{ "unknown length", "PUT", "LATER", "ab", { CR, "bytes 4-5/*" }, 204, "6", "?0", "6" },
	{ "that becomes known", "PUT", "LATER", "ab", { CR, "bytes 4-5/7" }, 204, "6", "?0", "6" },
	{ "and is reached", "PUT", "LATER", "ab", { CR, "bytes 4-5/6" }, 204, "6", "?1", "6" },
	{ "and was reached", "PUT", "LATER", NULL, { CR, "bytes */4" }, 204, "4", "?1", "4" },
	{ "and was passed", "PUT", "LATER", NULL, { CR, "bytes */3" }, 400, NULL, NULL, "4" },
	{ "too long", "PUT", "LATER", NULL, { CR, "bytes */1001" }, 413, NULL, NULL, "4" },
	{ "no such upload", "PUT", "NONE", "abc", { CR, "bytes 0-2/3" }, 404, NULL, NULL, NULL },
	{ "not created yet", "PUT", "", "abc", { CR, "bytes 0-2/3" }, 400, NULL, NULL, NULL },
	{ "a whole that was begun", "PUT", "OPEN", "0123456789", { 0 }, 409, "4", "?0", "4" },
	{ "HEAD", "HEAD", "OPEN", NULL, { 0 }, 200, "4", "?0", "4" },
	{ "HEAD", "HEAD", "NONE", NULL, { 0 }, 404, NULL, NULL, NULL },
	{ "HEAD of a name", "HEAD", "a.txt", NULL, { 0 }, 404, NULL, NULL, NULL },
	{ "DELETE", "DELETE", "OPEN", NULL, { 0 }, 204, NULL, NULL, NULL },
	{ "POST to an upload", "POST", "OPEN", NULL, { "Upload-Length", "5" }, 405, NULL, NULL, "4" },
	{ "POST as TUS does", "POST", "", NULL, { "Upload-Length", "5" }, 201, "0", "?0", NULL },
	{ "with a checksum", "PUT", "OPEN", "abc",
	  { CR, "bytes 4-6/10", "Upload-Checksum", "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=" }, 204, "7", "?0", "7" },
	{ "with another one's", "PUT", "OPEN", "abd",
	  { CR, "bytes 4-6/10", "Upload-Checksum", "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=" }, 460, "4", "?0", "4" },
};

static void make(mummy_upload *u, const char *name, char path[128])
{
	struct answer a;
	const int open = !strcmp(name, "OPEN"), later = !strcmp(name, "LATER"), done = !strcmp(name, "DONE");

	snprintf(path, 128, "/range/%s", strcmp(name, "NONE") ? name : "0123456789abcdef0123456789abcdef");
	if (!open && !later && !done)
		return;
	ck_assert_int_eq(ask_bare(u, &a, "POST", "/range/", "0123", 4, TUS_TYPE, later ? "Upload-Defer-Length" : "Upload-Length",
				  later ? "1" : open ? "10" : "4", NULL), 201);
	snprintf(path, 128, "%s", field(&a, "Location"));
	ck_assert_int_eq(strncmp(path, "/range/", 7), 0);
}

static int same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static void check_rule(mummy_upload *u, const struct rule *r)
{
	struct fake_fields f = { .n = 0 };
	struct answer a;
	char path[128], tus[160];

	make(u, r->path, path);
	for (int k = 0; k < 4 && r->send[k]; k += 2)
		put_field(&f, r->send[k], r->send[k + 1]);
	send_request(u, &a, r->method, path, &f, r->body, r->body ? strlen(r->body) : 0, 0);
	ck_assert_msg(a.status == r->status, "%s %s, %s: %d (%s)", r->method, r->path, r->what, a.status, a.text);
	ck_assert_msg(same(field(&a, "Upload-Offset"), r->offset), "%s %s, %s: offset %s", r->method, r->path, r->what,
		      field(&a, "Upload-Offset"));
	ck_assert_msg(same(field(&a, "Upload-Complete"), r->complete), "%s %s, %s: complete %s", r->method, r->path, r->what,
		      field(&a, "Upload-Complete"));
	snprintf(tus, sizeof tus, "/files/%s", path + 7);
	if (r->after)
		ck_assert_msg(offset_of(u, tus) == atoi(r->after), "%s %s, %s: %d", r->method, r->path, r->what,
			      (int)offset_of(u, tus));
}

static const struct mummy_upload_options both = { .range_path = "/range", .max_bytes = 1000 };

START_TEST(the_rules_hold_over_both_stores)
{
	char folder[64];
	mummy_upload *u[2] = { open_memory(&both), open_dir(fresh(folder), NULL, &both) };

	for (int k = 0; k < 2; k++) {
		for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
			check_rule(u[k], &rules[i]);
		mummy_upload_free(u[k]);
	}
	wipe(folder);
}
END_TEST

START_TEST(what_begins_one_way_goes_on_the_other)
{
	char folder[64], path[128], range[160], back[16];
	mummy_upload *u = open_dir(fresh(folder), NULL, &both);
	struct answer a;

	create(u, 9, path);
	snprintf(range, sizeof range, "/range/%s", strrchr(path, '/') + 1);
	ck_assert_int_eq(patch(u, &a, path, 0, "012", 3), 204);
	ck_assert_int_eq(ask_bare(u, &a, "PUT", range, "345", 3, CR, "bytes 3-5/9", NULL), 204);
	ck_assert_int_eq(patch(u, &a, path, 6, "678", 3), 204);
	ck_assert_int_eq(content(u, range, back, sizeof back), 9);
	ck_assert_mem_eq(back, "012345678", 9);
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

/* ask_bare sends bodies chunked. */
START_TEST(chunked_ranges_are_as_long_as_they_say)
{
	char path[128];
	mummy_upload *u = open_memory(&both);
	struct answer a;

	create(u, 9, path);
	memcpy(path, "/range", 6);
	fake_piece = 1;
	ck_assert_int_eq(ask_bare(u, &a, "PUT", path, "0123", 4, CR, "bytes 0-2/9", NULL), 413);
	ck_assert_str_eq(field(&a, "Upload-Offset"), "3");
	ck_assert_int_eq(ask_bare(u, &a, "PUT", path, "34", 2, CR, "bytes 3-5/9", NULL), 400);
	ck_assert_str_eq(field(&a, "Upload-Offset"), "5");
	ck_assert_int_eq(ask_bare(u, &a, "PUT", path, "5678", 4, CR, "bytes 5-8/9", NULL), 204);
	ck_assert_str_eq(field(&a, "Upload-Complete"), "?1");
	mummy_upload_free(u);
}
END_TEST

static int put(mummy_upload *u, struct answer *a, const char *path, const char *body, uint64_t length, int status)
{
	struct fake_fields f = { .n = 0 };
	struct mummy_upload_request req = fake_request("PUT", path, &f, length);
	mummy_upload_transfer *t = NULL;
	mummy_upload_reply *r = NULL;

	if (mummy_upload_begin(u, &req, &r, &t) == 1)
		return feed(t, body, strlen(body), status, a);
	take_answer(a, r);
	return a->status;
}

START_TEST(a_whole_content_becomes_an_upload)
{
	static const uint64_t lengths[] = { 3, MUMMY_UPLOAD_UNKNOWN };
	const struct mummy_upload_dir_options dir = { .naming = MUMMY_UPLOAD_NAME_METADATA };
	char folder[64], path[160], back[16];
	mummy_upload *u = open_dir(fresh(folder), &dir, &both);
	struct answer a;

	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(put(u, &a, "/range/a%20b/%2e%2e/c%C3%A4.txt", "abc", lengths[i], 0), 201);
		ck_assert_str_eq(field(&a, "Upload-Complete"), "?1");
		ck_assert_str_eq(field(&a, "Upload-Length"), "3");
		ck_assert_ptr_nonnull(field(&a, "Location"));
		snprintf(path, sizeof path, "%s", field(&a, "Location"));
		ck_assert_int_eq(content(u, path, back, sizeof back), 3);
		ask_bare(u, &a, "GET", path, NULL, 0, NULL);
		ck_assert_str_eq(field(&a, "Content-Disposition"), "attachment; filename*=UTF-8''c%C3%A4.txt");
		close(a.fd);
	}
	ck_assert_int_eq(put(u, &a, "/range/empty", "", 0, 0), 201);
	ck_assert_str_eq(field(&a, "Upload-Complete"), "?1");
	ck_assert_int_eq(put(u, &a, "/range/bad%2", "abc", 3, 0), 400);
	ck_assert_int_eq(put(u, &a, "/range/x", "abc", 1001, 0), 413);
	/* cut off: nobody knows its address, so nothing stays */
	ck_assert_int_eq(put(u, &a, "/range/x", "abc", 5, -EPIPE), 400);
	ck_assert_ptr_null(field(&a, "Location"));
	ck_assert_uint_eq(u->stats.open, 0);
	ck_assert_uint_eq(u->stats.finished, 3);
	mummy_upload_free(u);
	ck_assert_int_eq(wipe(folder), 6);
}
END_TEST

START_TEST(a_whole_content_for_an_upload_that_waits_for_it)
{
	mummy_upload *u = open_memory(&both);
	struct answer a;
	char path[128];

	create(u, 5, path);
	memcpy(path, "/range", 6);
	ck_assert_int_eq(put(u, &a, path, "abc", 3, 0), 400);
	ck_assert_int_eq(ask_bare(u, &a, "PUT", path, "abc", 3, CR, "bytes 0-2/5", NULL), 204);
	ck_assert_int_eq(put(u, &a, path, "abcde", 5, 0), 409);
	ck_assert_str_eq(field(&a, "Upload-Offset"), "3");
	create(u, 5, path);
	memcpy(path, "/range", 6);
	ck_assert_int_eq(put(u, &a, path, "abc", MUMMY_UPLOAD_UNKNOWN, 0), 400);
	create(u, 5, path);
	memcpy(path, "/range", 6);
	ck_assert_int_eq(put(u, &a, path, "abcde", 5, 0), 204);
	ck_assert_str_eq(field(&a, "Upload-Complete"), "?1");
	mummy_upload_free(u);
}
END_TEST

START_TEST(without_a_path_for_them_there_are_none)
{
	const struct mummy_upload_options opt = { .range_path = "x" };
	struct mummy_upload_store store;
	mummy_upload *u = open_memory(NULL);
	struct answer a;

	ck_assert_int_eq(ask_bare(u, &a, "PUT", "/range/x", "abc", 3, NULL), 404);
	mummy_upload_free(u);
	ck_assert_int_eq(mummy_upload_memory_store(&store, 0), 0);
	ck_assert_int_eq(mummy_upload_new(&u, &store, &opt), -EINVAL);
}
END_TEST

SUITE_MAIN("upload/ranged", the_rules_hold_over_both_stores, what_begins_one_way_goes_on_the_other,
	   chunked_ranges_are_as_long_as_they_say, a_whole_content_becomes_an_upload,
	   a_whole_content_for_an_upload_that_waits_for_it, without_a_path_for_them_there_are_none)
