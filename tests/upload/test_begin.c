#include <config.h>
#include <sys/resource.h>
#include "fake.h"

/* The rules of TUS 1.0.0, of the parts that are implemented. Each case gets uploads of its own: /files/OPEN
 * (10 octets, 4 there), /files/LATER (its length unknown, 4 there), /files/DONE (4 of 4), /files/NONE. */
struct rule {
	const char *what, *method, *path, *body;
	const char *send[12];            /* pairs; Tus-Resumable goes by itself unless bare */
	int bare, status;
	const char *expect[8];           /* pairs; value NULL: any; "-": the field is not there */
};

#define TYPE "Content-Type", "application/offset+octet-stream"
static const struct rule rules[] = {
	/* Tus-Resumable */
	{ "no Tus-Resumable", "HEAD", "/files/OPEN", NULL, { 0 }, 1, 412,
	  { "Tus-Version", "1.0.0", "Upload-Offset", "-" } },
	{ "another version", "POST", "/files/", NULL, { "Tus-Resumable", "0.2.2", "Upload-Length", "1" }, 1, 412,
	  { "Tus-Version", "1.0.0", "Location", "-" } },
	{ "another version", "PATCH", "/files/OPEN", "x",
	  { "Tus-Resumable", "1.0", TYPE, "Upload-Offset", "4" }, 1, 412, { 0 } },
	{ "another version", "DELETE", "/files/OPEN", NULL, { "Tus-Resumable", "2.0.0" }, 1, 412, { 0 } },
	{ "every answer has it", "HEAD", "/files/NONE", NULL, { 0 }, 0, 404, { "Tus-Resumable", "1.0.0" } },
	/* HEAD */
	{ "offset and length", "HEAD", "/files/OPEN", NULL, { 0 }, 0, 200,
	  { "Upload-Offset", "4", "Upload-Length", "10", "Cache-Control", "no-store", "Upload-Defer-Length", "-" } },
	{ "metadata as sent", "HEAD", "/files/OPEN", NULL, { 0 }, 0, 200,
	  { "Upload-Metadata", "filename eC50eHQ=,empty" } },
	{ "a finished upload too", "HEAD", "/files/DONE", NULL, { 0 }, 0, 200,
	  { "Upload-Offset", "4", "Upload-Length", "4" } },
	{ "unknown length", "HEAD", "/files/LATER", NULL, { 0 }, 0, 200,
	  { "Upload-Defer-Length", "1", "Upload-Length", "-", "Upload-Offset", "4" } },
	{ "no such upload", "HEAD", "/files/NONE", NULL, { 0 }, 0, 404,
	  { "Upload-Offset", "-", "Cache-Control", "no-store" } },
	{ "not an id", "HEAD", "/files/../etc/passwd", NULL, { 0 }, 0, 404, { "Cache-Control", "no-store" } },
	{ "another version", "HEAD", "/files/OPEN", NULL, { "Tus-Resumable", "2.0.0" }, 1, 412,
	  { "Cache-Control", "no-store" } },
	{ "the base path", "HEAD", "/files/", NULL, { 0 }, 0, 405, { "Cache-Control", "no-store" } },
	{ "not an id", "HEAD", "/files/%2e%2e", NULL, { 0 }, 0, 404, { 0 } },
	{ "not below the base path", "HEAD", "/elsewhere", NULL, { 0 }, 0, 404, { 0 } },
	/* PATCH */
	{ "appends", "PATCH", "/files/OPEN", "abc", { TYPE, "Upload-Offset", "4" }, 0, 204,
	  { "Upload-Offset", "7" } },
	{ "completes", "PATCH", "/files/OPEN", "abcdef", { TYPE, "Upload-Offset", "4" }, 0, 204,
	  { "Upload-Offset", "10" } },
	{ "nothing to append", "PATCH", "/files/OPEN", NULL, { TYPE, "Upload-Offset", "4" }, 0, 204,
	  { "Upload-Offset", "4" } },
	{ "no Content-Type", "PATCH", "/files/OPEN", "abc", { "Upload-Offset", "4" }, 0, 415, { 0 } },
	{ "another Content-Type", "PATCH", "/files/OPEN", "abc",
	  { "Content-Type", "application/octet-stream", "Upload-Offset", "4" }, 0, 415, { 0 } },
	{ "no offset", "PATCH", "/files/OPEN", "abc", { TYPE }, 0, 400, { 0 } },
	{ "a negative offset", "PATCH", "/files/OPEN", "abc", { TYPE, "Upload-Offset", "-4" }, 0, 400,
	  { 0 } },
	{ "no number", "PATCH", "/files/OPEN", "abc", { TYPE, "Upload-Offset", "0x4" }, 0, 400, { 0 } },
	{ "an overflow", "PATCH", "/files/OPEN", "abc", { TYPE, "Upload-Offset", "18446744073709551620" }, 0, 409,
	  { "Upload-Offset", "4" } },
	{ "two offsets", "PATCH", "/files/OPEN", "abc",
	  { TYPE, "Upload-Offset", "4", "Upload-Offset", "5" }, 0, 400, { 0 } },
	{ "offset below", "PATCH", "/files/OPEN", "abc", { TYPE, "Upload-Offset", "0" }, 0, 409,
	  { "Upload-Offset", "4" } },
	{ "offset above", "PATCH", "/files/OPEN", "abc", { TYPE, "Upload-Offset", "5" }, 0, 409,
	  { "Upload-Offset", "4" } },
	{ "body too long", "PATCH", "/files/OPEN", "abcdefg", { TYPE, "Upload-Offset", "4" }, 0, 413, { 0 } },
	{ "no such upload", "PATCH", "/files/NONE", "abc", { TYPE, "Upload-Offset", "0" }, 0, 404, { 0 } },
	{ "once more after the end", "PATCH", "/files/DONE", NULL, { TYPE, "Upload-Offset", "4" }, 0, 204,
	  { "Upload-Offset", "4" } },
	{ "more after the end", "PATCH", "/files/DONE", "x", { TYPE, "Upload-Offset", "4" }, 0, 413, { 0 } },
	{ "on the base path", "PATCH", "/files/", "x", { TYPE, "Upload-Offset", "0" }, 0, 405,
	  { "Allow", "OPTIONS, POST" } },
	/* OPTIONS */
	{ "discovery", "OPTIONS", "/files/", NULL, { 0 }, 1, 204,
	  { "Tus-Version", "1.0.0", "Tus-Resumable", "1.0.0", "Tus-Max-Size", "1000",
	    "Tus-Extension", NULL } },
	{ "Tus-Resumable is ignored", "OPTIONS", "/files/", NULL, { "Tus-Resumable", "7.0.0" }, 1, 204,
	  { 0 } },
	{ "on an upload too", "OPTIONS", "/files/OPEN", NULL, { 0 }, 1, 204, { "Tus-Version", "1.0.0" } },
	/* creation */
	{ "creates", "POST", "/files/", NULL, { "Upload-Length", "100" }, 0, 201,
	  { "Location", NULL, "Upload-Expires", NULL } },
	{ "without its slash", "POST", "/files", NULL, { "Upload-Length", "100" }, 0, 201,
	  { "Location", NULL } },
	{ "no length", "POST", "/files/", NULL, { 0 }, 0, 400, { "Location", "-" } },
	{ "a negative length", "POST", "/files/", NULL, { "Upload-Length", "-1" }, 0, 400, { 0 } },
	{ "no number", "POST", "/files/", NULL, { "Upload-Length", "10 " "x" }, 0, 400, { 0 } },
	{ "an empty length", "POST", "/files/", NULL, { "Upload-Length", "" }, 0, 400, { 0 } },
	{ "longer than Tus-Max-Size", "POST", "/files/", NULL, { "Upload-Length", "1001" }, 0, 413, { 0 } },
	{ "longer than any file", "POST", "/files/", NULL,
	  { "Upload-Length", "99999999999999999999999" }, 0, 413, { 0 } },
	{ "as long as Tus-Max-Size", "POST", "/files/", NULL, { "Upload-Length", "1000" }, 0, 201, { 0 } },
	{ "nothing to upload", "POST", "/files/", NULL, { "Upload-Length", "0" }, 0, 201,
	  { "Upload-Expires", "-" } },
	{ "metadata", "POST", "/files/", NULL,
	  { "Upload-Length", "1", "Upload-Metadata", "a YQ==, b Yg==,c" }, 0, 201, { 0 } },
	{ "metadata not base64", "POST", "/files/", NULL,
	  { "Upload-Length", "1", "Upload-Metadata", "a Y!==" }, 0, 400, { 0 } },
	{ "metadata twice", "POST", "/files/", NULL,
	  { "Upload-Length", "1", "Upload-Metadata", "a YQ==,a YQ==" }, 0, 400, { 0 } },
	{ "on an upload", "POST", "/files/OPEN", NULL, { "Upload-Length", "1" }, 0, 405,
	  { "Allow", NULL } },
	/* creation-defer-length */
	{ "length later", "POST", "/files/", NULL, { "Upload-Defer-Length", "1" }, 0, 201,
	  { "Location", NULL } },
	{ "another value", "POST", "/files/", NULL, { "Upload-Defer-Length", "2" }, 0, 400, { 0 } },
	{ "both", "POST", "/files/", NULL, { "Upload-Defer-Length", "1", "Upload-Length", "5" }, 0, 400,
	  { 0 } },
	{ "sets the length", "PATCH", "/files/LATER", "ef",
	  { TYPE, "Upload-Offset", "4", "Upload-Length", "6" }, 0, 204,
	  { "Upload-Offset", "6" } },
	{ "without the length yet", "PATCH", "/files/LATER", "ef", { TYPE, "Upload-Offset", "4" }, 0, 204,
	  { "Upload-Offset", "6" } },
	{ "the length alone", "PATCH", "/files/LATER", NULL,
	  { TYPE, "Upload-Offset", "4", "Upload-Length", "4" }, 0, 204,
	  { "Upload-Offset", "4" } },
	{ "below the offset", "PATCH", "/files/LATER", NULL,
	  { TYPE, "Upload-Offset", "4", "Upload-Length", "3" }, 0, 400, { 0 } },
	{ "above the maximum", "PATCH", "/files/LATER", NULL,
	  { TYPE, "Upload-Offset", "4", "Upload-Length", "1001" }, 0, 413, { 0 } },
	{ "shorter than the body", "PATCH", "/files/LATER", "efg",
	  { TYPE, "Upload-Offset", "4", "Upload-Length", "6" }, 0, 413, { 0 } },
	{ "cannot change", "PATCH", "/files/OPEN", "e",
	  { TYPE, "Upload-Offset", "4", "Upload-Length", "11" }, 0, 400, { 0 } },
	{ "the same again", "PATCH", "/files/OPEN", "e",
	  { TYPE, "Upload-Offset", "4", "Upload-Length", "10" }, 0, 204, { 0 } },
	/* creation-with-upload */
	{ "a part", "POST", "/files/", "abc", { TYPE, "Upload-Length", "10" }, 0, 201,
	  { "Upload-Offset", "3", "Location", NULL } },
	{ "all", "POST", "/files/", "abc", { TYPE, "Upload-Length", "3" }, 0, 201,
	  { "Upload-Offset", "3", "Upload-Expires", "-" } },
	{ "none", "POST", "/files/", NULL, { TYPE, "Upload-Length", "3" }, 0, 201, { "Upload-Offset", "0" } },
	{ "too much", "POST", "/files/", "abcd", { TYPE, "Upload-Length", "3" }, 0, 413,
	  { "Location", "-" } },
	{ "no Content-Type", "POST", "/files/", "abc", { "Upload-Length", "3" }, 0, 415,
	  { "Location", "-" } },
	{ "with a length later", "POST", "/files/", "abc", { TYPE, "Upload-Defer-Length", "1" }, 0, 201,
	  { "Upload-Offset", "3" } },
	/* expiration */
	{ "in a PATCH's answer", "PATCH", "/files/OPEN", "abc", { TYPE, "Upload-Offset", "4" }, 0, 204,
	  { "Upload-Expires", NULL } },
	/* termination */
	{ "removes", "DELETE", "/files/OPEN", NULL, { 0 }, 0, 204, { 0 } },
	{ "a finished one", "DELETE", "/files/DONE", NULL, { 0 }, 0, 204, { 0 } },
	{ "no such upload", "DELETE", "/files/NONE", NULL, { 0 }, 0, 404, { 0 } },
	{ "the base path", "DELETE", "/files/", NULL, { 0 }, 0, 405, { 0 } },
	/* X-HTTP-Method-Override */
	{ "PATCH", "POST", "/files/OPEN", "abc",
	  { "X-HTTP-Method-Override", "PATCH", TYPE, "Upload-Offset", "4" }, 0, 204,
	  { "Upload-Offset", "7" } },
	{ "HEAD", "GET", "/files/OPEN", NULL, { "X-HTTP-Method-Override", "HEAD" }, 0, 200,
	  { "Upload-Offset", "4" } },
	{ "DELETE", "POST", "/files/OPEN", NULL, { "X-HTTP-Method-Override", "DELETE" }, 0, 204, { 0 } },
	{ "POST", "PATCH", "/files/", NULL,
	  { "X-HTTP-Method-Override", "POST", "Upload-Length", "9" }, 0, 201, { "Location", NULL } },
	{ "nonsense", "PATCH", "/files/OPEN", "abc",
	  { "X-HTTP-Method-Override", "BREW", TYPE, "Upload-Offset", "4" }, 0, 405, { 0 } },
	/* checksum: of "abc" */
	{ "sha1", "PATCH", "/files/OPEN", "abc", { TYPE, "Upload-Offset", "4", "Upload-Checksum",
	  "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=" }, 0, 204, { "Upload-Offset", "7" } },
	{ "sha256", "PATCH", "/files/OPEN", "abc", { TYPE, "Upload-Offset", "4", "Upload-Checksum",
	  "sha256 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=" }, 0, 204, { "Upload-Offset", "7" } },
	{ "md5", "PATCH", "/files/OPEN", "abc", { TYPE, "Upload-Offset", "4", "Upload-Checksum",
	  "md5 kAFQmDzST7DWlj99KOF/cg==" }, 0, 204, { "Upload-Offset", "7" } },
	{ "another one's", "PATCH", "/files/OPEN", "abc", { TYPE, "Upload-Offset", "4", "Upload-Checksum",
	  "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=" }, 0, 460, { "Upload-Offset", "-" } },
	{ "unknown algorithm", "PATCH", "/files/OPEN", "abc",
	  { TYPE, "Upload-Offset", "4", "Upload-Checksum", "crc32 AAAAAA==" },
	  0, 400, { 0 } },
	{ "malformed", "PATCH", "/files/OPEN", "abc",
	  { TYPE, "Upload-Offset", "4", "Upload-Checksum", "sha1" }, 0, 400, { 0 } },
	{ "of another length", "PATCH", "/files/OPEN", "abc", { TYPE, "Upload-Offset", "4", "Upload-Checksum",
	  "sha1 kAFQmDzST7DWlj99KOF/cg==" }, 0, 400, { 0 } },
	{ "given twice", "PATCH", "/files/OPEN", "abc", { TYPE, "Upload-Offset", "4", "Upload-Checksum",
	  "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", "Upload-Checksum", "md5 kAFQmDzST7DWlj99KOF/cg==" }, 0, 400, { 0 } },
	{ "of nothing", "PATCH", "/files/OPEN", NULL, { TYPE, "Upload-Offset", "4", "Upload-Checksum",
	  "sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk=" }, 0, 204, { "Upload-Offset", "4" } },
	{ "not of nothing", "PATCH", "/files/OPEN", NULL, { TYPE, "Upload-Offset", "4", "Upload-Checksum",
	  "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=" }, 0, 460, { 0 } },
	{ "of a creation", "POST", "/files/", "abc", { TYPE, "Upload-Length", "5", "Upload-Checksum",
	  "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=" }, 0, 201, { "Upload-Offset", "3", "Location", NULL } },
	{ "not of a creation", "POST", "/files/", "abd", { TYPE, "Upload-Length", "5", "Upload-Checksum",
	  "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=" }, 0, 460, { "Upload-Offset", "-", "Location", "-" } },
	{ "algorithms", "OPTIONS", "/files/", NULL, { 0 }, 1, 204,
	  { "Tus-Checksum-Algorithm", "sha1,sha256,sha512,md5" } },
	/* concatenation */
	{ "a part", "POST", "/files/", NULL, { "Upload-Length", "5", "Upload-Concat", "partial" }, 0, 201,
	  { "Location", NULL } },
	{ "neither part nor final", "POST", "/files/", NULL,
	  { "Upload-Length", "5", "Upload-Concat", "whole" }, 0, 400, { 0 } },
	{ "of no parts", "POST", "/files/", NULL, { "Upload-Concat", "final;" }, 0, 400,
	  { "Location", "-" } },
	{ "of what is not there", "POST", "/files/", NULL,
	  { "Upload-Concat", "final;/files/0123456789abcdef0123456789abcdef" }, 0, 400, { "Location", "-" } },
	{ "with a length", "POST", "/files/", NULL,
	  { "Upload-Concat", "final;/files/0123456789abcdef0123456789abcdef", "Upload-Length",
	    "4" }, 0, 400, { 0 } },
	{ "PUT", "PUT", "/files/OPEN", NULL, { 0 }, 0, 405, { 0 } },
};

struct paths {
	char open[128], later[128], done[128], none[128];
};

static const char *path_of(const struct paths *p, const char *path)
{
	return !strcmp(path, "/files/OPEN") ? p->open : !strcmp(path, "/files/LATER") ? p->later
		: !strcmp(path, "/files/DONE") ? p->done : !strcmp(path, "/files/NONE") ? p->none : path;
}

static void make_paths(mummy_upload *u, struct paths *p)
{
	struct answer a;

	ck_assert_int_eq(ask(u, &a, "POST", "/files/", "0123", 4, TUS_TYPE, "Upload-Length", "10",
			     "Upload-Metadata", "filename eC50eHQ=,empty", NULL), 201);
	snprintf(p->open, sizeof p->open, "%s", field(&a, "Location"));
	ck_assert_int_eq(ask(u, &a, "POST", "/files/", "0123", 4, TUS_TYPE, "Upload-Defer-Length", "1", NULL), 201);
	snprintf(p->later, sizeof p->later, "%s", field(&a, "Location"));
	create(u, 4, p->done);
	ck_assert_int_eq(patch(u, &a, p->done, 0, "0123", 4), 204);
	snprintf(p->none, sizeof p->none, "/files/0123456789abcdef0123456789abcdef");
}

static void check_rule(mummy_upload *u, const struct rule *r, int i)
{
	struct fake_fields f = { .n = 0 };
	struct answer a;
	struct paths p;

	make_paths(u, &p);
	if (!r->bare)
		put_field(&f, "Tus-Resumable", "1.0.0");
	for (int k = 0; k < 12 && r->send[k]; k += 2)
		put_field(&f, r->send[k], r->send[k + 1]);
	send_request(u, &a, r->method, path_of(&p, r->path), &f, r->body, r->body ? strlen(r->body) : 0, 0);
	ck_assert_msg(a.status == r->status, "rule %d, %s %s, %s: %d, not %d (%s)", i, r->method, r->path, r->what,
		      a.status, r->status, a.text);
	ck_assert_str_eq(field(&a, "Tus-Resumable"), "1.0.0");
	ck_assert_int_eq(a.status >= 400, a.text[0] != '\0');
	for (int k = 0; k < 8 && r->expect[k]; k += 2) {
		const char *got = field(&a, r->expect[k]), *want = r->expect[k + 1];
		int same = want && !strcmp(want, "-") ? got == NULL : got && (!want || !strcmp(got, want));

		ck_assert_msg(same, "rule %d, %s %s, %s: %s is %s", i, r->method, r->path, r->what, r->expect[k],
			      got ? got : "not there");
	}
	/* a refused request leaves the upload as it was */
	if (a.status >= 400)
		ck_assert_int_eq(offset_of(u, p.open), 4);
}

START_TEST(the_rules_hold_over_both_stores)
{
	struct mummy_upload_options opt = { .max_bytes = 1000, .expire_s = 60 };
	char folder[64];
	mummy_upload *u[2] = { open_memory(&opt), open_dir(fresh(folder), NULL, &opt) };

	for (int k = 0; k < 2; k++) {
		for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
			check_rule(u[k], &rules[i], (int)i);
		mummy_upload_free(u[k]);
	}
	wipe(folder);
}
END_TEST

START_TEST(a_chunked_body_that_is_too_long_is_refused_and_not_written)
{
	mummy_upload *u = open_memory(NULL);
	struct answer a;
	char path[128];

	create(u, 10, path);
	fake_piece = 4;
	ck_assert_int_eq(ask_bare(u, &a, "PATCH", path, "0123456789ab", 12, TUS_TYPE, "Tus-Resumable", "1.0.0",
				  "Upload-Offset", "0", NULL), 413);
	ck_assert_int_eq(offset_of(u, path), 8);
	ck_assert_int_eq(patch(u, &a, path, 8, "89", 2), 204);
	mummy_upload_free(u);
}
END_TEST

START_TEST(a_deferred_length_is_bounded_by_the_maximum)
{
	struct mummy_upload_options opt = { .max_bytes = 10 };
	mummy_upload *u = open_memory(&opt);
	struct answer a;

	fake_piece = 5;
	ck_assert_int_eq(ask_bare(u, &a, "POST", "/files/", "0123456789a", 11, TUS_TYPE, "Tus-Resumable", "1.0.0",
				  "Upload-Defer-Length", "1", NULL), 413);
	mummy_upload_free(u);
}
END_TEST

START_TEST(the_base_path_is_what_was_asked_for)
{
	struct mummy_upload_options opt = { .base_path = "/a/b", .absolute_location = 1 };
	mummy_upload *u = open_memory(&opt);
	struct answer a;

	ck_assert_int_eq(ask(u, &a, "POST", "/a/b/", NULL, 0, "Upload-Length", "5", NULL), 201);
	ck_assert_int_eq(strncmp(field(&a, "Location"), "http://example.org/a/b/", 23), 0);
	ck_assert_int_eq(ask(u, &a, "HEAD", field(&a, "Location") + 18, NULL, 0, NULL), 200);
	ck_assert_int_eq(ask(u, &a, "POST", "/files/", NULL, 0, "Upload-Length", "5", NULL), 404);
	mummy_upload_free(u);
}
END_TEST

START_TEST(a_reserved_tail_is_refused)
{
	mummy_upload *u = open_memory(NULL);
	struct fake_fields f = { .n = 0 };
	struct mummy_upload_request req = fake_request("OPTIONS", "/files/", &f, 0);
	mummy_upload_transfer *t;
	mummy_upload_reply *r;

	req.reserved[0] = 1;
	ck_assert_int_eq(mummy_upload_begin(u, &req, &r, &t), -EINVAL);
	mummy_upload_free(u);
}
END_TEST

/* 404 would tell the client that it asked for the wrong address. */
START_TEST(a_folder_that_has_gone_is_the_server_s_fault)
{
	struct answer a;
	char folder[64];
	mummy_upload *u = open_dir(fresh(folder), NULL, NULL);

	wipe(folder);
	ck_assert_int_eq(ask(u, &a, "POST", "/files/", NULL, 0, "Upload-Length", "5", NULL), 500);
	mummy_upload_free(u);
}
END_TEST

START_TEST(without_descriptors_it_is_another_time)
{
	struct rlimit old, tight;
	struct answer a;
	char folder[64];
	mummy_upload *u = open_dir(fresh(folder), NULL, NULL);
	int next = dup(0);

	ck_assert_int_ge(next, 0);
	close(next);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	tight = old;
	tight.rlim_cur = (rlim_t)next;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &tight), 0);
	ask(u, &a, "POST", "/files/", NULL, 0, "Upload-Length", "5", NULL);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	ck_assert_int_eq(a.status, 503);
	ck_assert_int_eq(ask(u, &a, "POST", "/files/", NULL, 0, "Upload-Length", "5", NULL), 201);
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

SUITE_MAIN("upload/begin", without_descriptors_it_is_another_time,
	   a_folder_that_has_gone_is_the_server_s_fault,
	   the_rules_hold_over_both_stores,
	   a_chunked_body_that_is_too_long_is_refused_and_not_written, a_deferred_length_is_bounded_by_the_maximum,
	   the_base_path_is_what_was_asked_for, a_reserved_tail_is_refused)
