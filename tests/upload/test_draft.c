#include <config.h>
#include "fake.h"

/* Each case gets uploads of its own: /files/OPEN (10 octets, 4 there), /files/LATER (its length unknown, 4
 * there), /files/FULL (4 of 4, but the end was not said), /files/DONE (4 of 4), /files/TUS (10, 4 there),
 * /files/NONE. */
struct rule {
	const char *what, *method, *path, *body;
	const char *send[12];            /* pairs; the version goes by itself unless the first is "bare" */
	int status;
	const char *expect[12];          /* pairs; NULL: any; "-": not there; what ends in "*" begins so */
};

#define V "Upload-Draft-Interop-Version"
#define OFFSET "Upload-Offset"
#define COMPLETE "Upload-Complete"
#define LENGTH "Upload-Length"
#define LIMIT "Upload-Limit"
#define PART "Content-Type", "application/partial-upload"
#define LIMITS "max-size=1000, max-age=3*"
#define TYPE_OF(x) "https://iana.org/assignments/http-problem-types#" x
static const struct rule rules[] = {
	/* discovery */
	{ "limits", "OPTIONS", "/files/", NULL, { 0 }, 204, { LIMIT, LIMITS, "Accept-Patch", NULL, "Tus-Version", "1.0.0" } },
	/* creation */
	{ "all", "POST", "/files/", "0123456789", { COMPLETE, "?1" }, 201,
	  { "Location", NULL, COMPLETE, "?1", OFFSET, "10", LENGTH, "10", LIMIT, NULL, "Tus-Resumable", "-" } },
	{ "all, with its length", "POST", "/files/", "0123", { COMPLETE, "?1", LENGTH, "4" }, 201, { COMPLETE, "?1" } },
	{ "a part", "POST", "/files/", "0123", { COMPLETE, "?0" }, 201,
	  { "Location", NULL, COMPLETE, "?0", OFFSET, "4", LENGTH, "-", LIMIT, LIMITS } },
	{ "a part of so much", "POST", "/files/", "0123", { COMPLETE, "?0", LENGTH, "10" }, 201,
	  { "Location", NULL, COMPLETE, "?0", OFFSET, "4", LENGTH, "10", LIMIT, LIMITS } },
	{ "nothing yet", "POST", "/files/", NULL, { COMPLETE, "?0" }, 201, { "Location", NULL, COMPLETE, "?0", OFFSET, "0", LIMIT, LIMITS } },
	{ "nothing at all", "POST", "/files/", NULL, { COMPLETE, "?1" }, 201, { "Location", NULL, COMPLETE, "?1", LENGTH, "0" } },
	{ "as much as was announced is not the end", "POST", "/files/", "0123", { COMPLETE, "?0", LENGTH, "4" }, 201,
	  { COMPLETE, "?0", OFFSET, "4", LENGTH, "4" } },
	{ "without a version", "POST", "/files/", "0123", { "bare", "", COMPLETE, "?1" }, 201, { COMPLETE, "?1" } },
	{ "two lengths", "POST", "/files/", "0123", { COMPLETE, "?1", LENGTH, "5" }, 400,
	  { "Content-Type", "application/problem+json", COMPLETE, "?0", "Location", "-" } },
	{ "more than it says", "POST", "/files/", "0123", { COMPLETE, "?0", LENGTH, "3" }, 400,
	  { "Content-Type", "application/problem+json", "Location", "-" } },
	{ "no length is ignored", "POST", "/files/", "0123", { COMPLETE, "?1", LENGTH, "-5" }, 201, { LENGTH, "4" } },
	{ "no length is ignored", "POST", "/files/", "0123", { COMPLETE, "?0", LENGTH, "1.0" }, 201, { LENGTH, "-" } },
	{ "longer than allowed", "POST", "/files/", NULL, { COMPLETE, "?0", LENGTH, "1001" }, 413, { LIMIT, LIMITS, COMPLETE, "?0" } },
	{ "no Upload-Complete", "POST", "/files/", "0123", { 0 }, 412, { "Tus-Version", "1.0.0", COMPLETE, "-" } },
	{ "no such Boolean", "POST", "/files/", "0123", { COMPLETE, "1" }, 412, { 0 } },
	{ "two Booleans", "POST", "/files/", "0123", { COMPLETE, "?1", COMPLETE, "?1" }, 412, { 0 } },
	{ "parameters are read over", "POST", "/files/", "0123", { COMPLETE, "?1;why=this" }, 201, { COMPLETE, "?1" } },
	{ "TUS comes first", "POST", "/files/", NULL, { COMPLETE, "?1", "Tus-Resumable", "1.0.0", LENGTH, "4" }, 201,
	  { COMPLETE, "-", OFFSET, "0", "Tus-Resumable", "1.0.0" } },
	{ "PUT of a name", "PUT", "/range/a.txt", "0123", { COMPLETE, "?1" }, 201, { "Location", NULL, COMPLETE, "?1" } },
	{ "PUT of a part", "PUT", "/range/a.txt", "0123", { COMPLETE, "?0" }, 201, { "Location", NULL, COMPLETE, "?0" } },
	{ "POST to the other path", "POST", "/range/", "0123", { COMPLETE, "?0" }, 201, { "Location", NULL, COMPLETE, "?0" } },
	{ "PUT where it is not", "PUT", "/files/", "0123", { COMPLETE, "?1" }, 405, { "Allow", NULL } },
	{ "POST to an upload", "POST", "/files/OPEN", "0123", { COMPLETE, "?1" }, 405, { "Allow", NULL } },
	{ "PUT of a part to an upload", "PUT", "/range/OPEN", "0123", { COMPLETE, "?0" }, 400, { 0 } },
	/* offset */
	{ "offset", "HEAD", "/files/OPEN", NULL, { 0 }, 204,
	  { OFFSET, "4", COMPLETE, "?0", LENGTH, "10", LIMIT, LIMITS, "Cache-Control", "no-store", "Location", "-" } },
	{ "of unknown length", "HEAD", "/files/LATER", NULL, { 0 }, 204, { OFFSET, "4", COMPLETE, "?0", LENGTH, "-", LIMIT, LIMITS } },
	{ "without the end", "HEAD", "/files/FULL", NULL, { 0 }, 204, { OFFSET, "4", COMPLETE, "?0", LENGTH, "4" } },
	{ "of all", "HEAD", "/files/DONE", NULL, { 0 }, 204, { OFFSET, "4", COMPLETE, "?1", LENGTH, "4", LIMIT, "max-size=1000" } },
	{ "known by the upload", "HEAD", "/files/OPEN", NULL, { "bare", "" }, 204, { OFFSET, "4", COMPLETE, "?0", "Tus-Resumable", "-" } },
	{ "of another one is not", "HEAD", "/files/TUS", NULL, { "bare", "" }, 412, { 0 } },
	{ "of another one", "HEAD", "/files/TUS", NULL, { 0 }, 204, { OFFSET, "4", COMPLETE, "?0", LENGTH, "10" } },
	{ "by GET", "GET", "/files/OPEN", NULL, { 0 }, 204, { OFFSET, "4", COMPLETE, "?0", LENGTH, "10", LIMIT, LIMITS } },
	{ "by GET, bare", "GET", "/files/OPEN", NULL, { "bare", "" }, 204, { OFFSET, "4", COMPLETE, "?0" } },
	{ "none", "HEAD", "/files/NONE", NULL, { 0 }, 404, { OFFSET, "-", COMPLETE, "-" } },
	{ "by TUS", "HEAD", "/files/OPEN", NULL, { "bare", "", "Tus-Resumable", "1.0.0" }, 200, { OFFSET, "4", COMPLETE, "-", LENGTH, "10" } },
	{ "by the other path", "HEAD", "/range/OPEN", NULL, { "bare", "" }, 204, { OFFSET, "4", COMPLETE, "?0" } },
	/* append */
	{ "more", "PATCH", "/files/OPEN", "abc", { PART, OFFSET, "4", COMPLETE, "?0" }, 204,
	  { OFFSET, "7", COMPLETE, "?0", "Location", "-", "Tus-Resumable", "-" } },
	{ "the rest", "PATCH", "/files/OPEN", "abcdef", { PART, OFFSET, "4", COMPLETE, "?1" }, 201,
	  { OFFSET, "10", COMPLETE, "?1", "Location", NULL } },
	{ "the rest without the end", "PATCH", "/files/OPEN", "abcdef", { PART, OFFSET, "4", COMPLETE, "?0" }, 204, { OFFSET, "10", COMPLETE, "?0" } },
	{ "the end alone", "PATCH", "/files/FULL", NULL, { PART, OFFSET, "4", COMPLETE, "?1" }, 201, { OFFSET, "4", COMPLETE, "?1", "Location", NULL } },
	{ "not even that", "PATCH", "/files/FULL", NULL, { PART, OFFSET, "4", COMPLETE, "?0" }, 204, { OFFSET, "4", COMPLETE, "?0" } },
	{ "the rest of what was unknown", "PATCH", "/files/LATER", "ef", { PART, OFFSET, "4", COMPLETE, "?1" }, 201,
	  { OFFSET, "6", COMPLETE, "?1", LENGTH, "6" } },
	{ "its length", "PATCH", "/files/LATER", "ef", { PART, OFFSET, "4", COMPLETE, "?0", LENGTH, "8" }, 204, { OFFSET, "6", LENGTH, "8", COMPLETE, "?0" } },
	{ "another type", "PATCH", "/files/OPEN", "abc", { "Content-Type", "text/plain", OFFSET, "4", COMPLETE, "?0" }, 415,
	  { "Accept-Patch", "application/partial-upload", COMPLETE, "?0" } },
	{ "that of TUS", "PATCH", "/files/OPEN", "abc", { TUS_TYPE, OFFSET, "4", COMPLETE, "?0" }, 415, { 0 } },
	{ "its type with a parameter", "PATCH", "/files/OPEN", "abc", { "Content-Type", "Application/Partial-Upload ; a=b", OFFSET, "4", COMPLETE, "?0" }, 204, { 0 } },
	{ "no Upload-Complete", "PATCH", "/files/OPEN", "abc", { PART, OFFSET, "4" }, 400, { COMPLETE, "?0" } },
	{ "no offset", "PATCH", "/files/OPEN", "abc", { PART, COMPLETE, "?0" }, 400, { 0 } },
	{ "no such offset", "PATCH", "/files/OPEN", "abc", { PART, COMPLETE, "?0", OFFSET, "-4" }, 400, { 0 } },
	{ "too far", "PATCH", "/files/OPEN", "abc", { PART, OFFSET, "5", COMPLETE, "?0" }, 409,
	  { OFFSET, "4", COMPLETE, "?0", "Content-Type", "application/problem+json", "Location", "-" } },
	{ "not far enough", "PATCH", "/files/OPEN", "abcdefg", { PART, OFFSET, "3", COMPLETE, "?1" }, 409, { OFFSET, "4", COMPLETE, "?0", "Location", "-" } },
	{ "of a whole one", "PATCH", "/files/DONE", "abc", { PART, OFFSET, "0", COMPLETE, "?1" }, 409, { OFFSET, "4", COMPLETE, "?0" } },
	{ "nothing more to a whole one", "PATCH", "/files/DONE", NULL, { PART, OFFSET, "4", COMPLETE, "?1" }, 400,
	  { "Content-Type", "application/problem+json", COMPLETE, "?1" } },
	{ "more to a whole one", "PATCH", "/files/DONE", "a", { PART, OFFSET, "4", COMPLETE, "?0" }, 400, { "Content-Type", "application/problem+json" } },
	{ "the end too early", "PATCH", "/files/OPEN", "abc", { PART, OFFSET, "4", COMPLETE, "?1" }, 400, { "Content-Type", "application/problem+json", OFFSET, "4" } },
	{ "beyond the end", "PATCH", "/files/OPEN", "abcdefg", { PART, OFFSET, "4", COMPLETE, "?0" }, 400, { OFFSET, "4" } },
	{ "another length", "PATCH", "/files/OPEN", "a", { PART, OFFSET, "4", COMPLETE, "?0", LENGTH, "11" }, 400, { OFFSET, "4" } },
	{ "two lengths", "PATCH", "/files/LATER", "a", { PART, OFFSET, "4", COMPLETE, "?1", LENGTH, "6" }, 400, { "Content-Type", "application/problem+json" } },
	{ "a length below", "PATCH", "/files/LATER", "a", { PART, OFFSET, "4", COMPLETE, "?0", LENGTH, "3" }, 400, { "Content-Type", "application/problem+json" } },
	{ "a length above", "PATCH", "/files/LATER", "a", { PART, OFFSET, "4", COMPLETE, "?0", LENGTH, "1001" }, 413, { LIMIT, LIMITS, COMPLETE, "?0" } },
	{ "no such upload", "PATCH", "/files/NONE", "a", { PART, OFFSET, "4", COMPLETE, "?0" }, 404, { COMPLETE, "?0" } },
	{ "one of TUS goes on", "PATCH", "/files/TUS", "abcdef", { PART, OFFSET, "4", COMPLETE, "?1" }, 201, { COMPLETE, "?1" } },
	{ "with the method in a field", "POST", "/files/OPEN", "abc", { "X-HTTP-Method-Override", "PATCH", PART, OFFSET, "4", COMPLETE, "?0" }, 204, { OFFSET, "7" } },
	/* cancellation */
	{ "cancel", "DELETE", "/files/OPEN", NULL, { 0 }, 204, { 0 } },
	{ "cancel, bare", "DELETE", "/files/OPEN", NULL, { "bare", "" }, 204, { 0 } },
	{ "cancel none", "DELETE", "/files/NONE", NULL, { 0 }, 404, { 0 } },
	/* older versions */
	{ "6 calls it expires", "HEAD", "/files/OPEN", NULL, { "bare", "", V, "6" }, 204, { LIMIT, "max-size=1000, expires=3*" } },
	{ "5 has no type", "PATCH", "/files/OPEN", "abc", { "bare", "", V, "5", OFFSET, "4", COMPLETE, "?0" }, 201, { OFFSET, "7", COMPLETE, "?0" } },
	{ "4 is whole unless it says otherwise", "PATCH", "/files/OPEN", "abcdef", { "bare", "", V, "4", OFFSET, "4" }, 201, { COMPLETE, "?1" } },
	{ "3 says it the other way", "POST", "/files/", "abc", { "bare", "", V, "3", "Upload-Incomplete", "?1" }, 201,
	  { "Upload-Incomplete", "?1", COMPLETE, "-", OFFSET, "3" } },
	{ "3 is whole", "POST", "/files/", "abc", { "bare", "", V, "3", "Upload-Incomplete", "?0" }, 201, { "Upload-Incomplete", "?0" } },
	{ "3 appends", "PATCH", "/files/OPEN", "abc", { "bare", "", V, "3", OFFSET, "4", "Upload-Incomplete", "?1" }, 201, { "Upload-Incomplete", "?1" } },
	{ "3 asks", "HEAD", "/files/OPEN", NULL, { "bare", "", V, "3" }, 204, { "Upload-Incomplete", "?1", OFFSET, "4" } },
	/* digests: of "abc" */
	{ "a digest", "PATCH", "/files/OPEN", "abc", { PART, OFFSET, "4", COMPLETE, "?0", "Content-Digest",
	  "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:" }, 204, { OFFSET, "7" } },
	{ "another one's", "PATCH", "/files/OPEN", "abd", { PART, OFFSET, "4", COMPLETE, "?0", "Content-Digest",
	  "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:" }, 400, { OFFSET, "4", COMPLETE, "?0" } },
	{ "an unknown one", "PATCH", "/files/OPEN", "abc", { PART, OFFSET, "4", COMPLETE, "?0", "Content-Digest", "id-crc32=:AAAA:" }, 204, { 0 } },
	{ "no dictionary", "PATCH", "/files/OPEN", "abc", { PART, OFFSET, "4", COMPLETE, "?0", "Content-Digest", "sha-256=x=" }, 204, { 0 } },
};

static void make(mummy_upload *u, const char *name, char path[128])
{
	const char *base = !strncmp(name, "/files/", 7) ? "/files/" : "/range/", *kind = name + 7;
	const int full = !strcmp(kind, "FULL"), done = !strcmp(kind, "DONE"), later = !strcmp(kind, "LATER");
	struct answer a;

	snprintf(path, 128, "%s", name);
	if (!strcmp(kind, "NONE"))
		snprintf(path, 128, "%s0123456789abcdef0123456789abcdef", base);
	if (!strcmp(kind, "TUS"))
		ck_assert_int_eq(ask(u, &a, "POST", base, "0123", 4, TUS_TYPE, LENGTH, "10", NULL), 201);
	else if (later)
		ck_assert_int_eq(ask_bare(u, &a, "POST", base, "0123", 4, V, "8", COMPLETE, "?0", NULL), 201);
	else if (full || done || !strcmp(kind, "OPEN"))
		ck_assert_int_eq(ask_bare(u, &a, "POST", base, "0123", 4, V, "8", COMPLETE, done ? "?1" : "?0", LENGTH,
					  full || done ? "4" : "10", NULL), 201);
	else
		return;
	snprintf(path, 128, "%s", field(&a, "Location"));
}

static int same(const char *is, const char *want)
{
	const size_t n = strlen(want);

	return want[n - 1] == '*' ? !strncmp(is, want, n - 1) : !strcmp(is, want);
}

static void check_rule(mummy_upload *u, const struct rule *r)
{
	const int bare = r->send[0] && !strcmp(r->send[0], "bare");
	struct fake_fields f = { .n = 0 };
	struct answer a;
	char path[128];

	make(u, r->path, path);
	if (!bare)
		put_field(&f, V, "8");
	for (int k = bare ? 2 : 0; k < 12 && r->send[k]; k += 2)
		put_field(&f, r->send[k], r->send[k + 1]);
	send_request(u, &a, r->method, path, &f, r->body, r->body ? strlen(r->body) : 0, 0);
	if (a.fd >= 0)
		close(a.fd);
	ck_assert_msg(a.status == r->status, "%s %s, %s: %d (%s)", r->method, r->path, r->what, a.status, a.text);
	for (int k = 0; k < 12 && r->expect[k]; k += 2) {
		const char *is = field(&a, r->expect[k]), *want = r->expect[k + 1];

		ck_assert_msg(!want ? is != NULL : !strcmp(want, "-") ? is == NULL : is && same(is, want),
			      "%s %s, %s: %s: %s", r->method, r->path, r->what, r->expect[k], is ? is : "none");
	}
}

static const struct mummy_upload_options both = { .range_path = "/range/", .max_bytes = 1000, .expire_s = 3600 };

START_TEST(the_rules_hold_over_both_stores)
{
	char folder[64];
	mummy_upload *u[2] = { open_memory(&both), open_dir(fresh(folder), NULL, &both) };

	for (int k = 0; k < 2; k++) {
		for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
			if (k || strcmp(rules[i].method, "GET") != 0)
				check_rule(u[k], &rules[i]);
		mummy_upload_free(u[k]);
	}
	wipe(folder);
}
END_TEST

/* The same cut into every two pieces, in requests and in writes. */
START_TEST(every_split_makes_the_same_content)
{
	static const char text[] = "0123456789";
	char folder[64], path[128], back[16], at[8];
	mummy_upload *u = open_dir(fresh(folder), NULL, &both);
	struct answer a;

	for (size_t n = 0; n <= 10; n++) {
		fake_piece = n % 3 + 1;
		ck_assert_int_eq(ask_bare(u, &a, "POST", "/files/", text, n, COMPLETE, "?0", NULL), 201);
		snprintf(path, sizeof path, "%s", field(&a, "Location"));
		snprintf(at, sizeof at, "%zu", n);
		ck_assert_str_eq(field(&a, OFFSET), at);
		/* chunked: the end of the body is what tells the length */
		ck_assert_int_eq(ask_bare(u, &a, "PATCH", path, text + n, 10 - n, PART, OFFSET, at, COMPLETE, "?1", NULL), 201);
		ck_assert_str_eq(field(&a, LENGTH), "10");
		ck_assert_str_eq(field(&a, "Location"), path);
		ck_assert_int_eq(content(u, path, back, sizeof back), 10);
		ck_assert_mem_eq(back, text, 10);
	}
	fake_piece = 1 << 20;
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

START_TEST(what_begins_one_way_goes_on_the_other)
{
	char folder[64], path[128], range[128], back[16];
	mummy_upload *u = open_dir(fresh(folder), NULL, &both);
	struct answer a;

	create(u, 9, path);
	snprintf(range, sizeof range, "/range/%s", strrchr(path, '/') + 1);
	ck_assert_int_eq(ask_bare(u, &a, "PATCH", path, "012", 3, PART, OFFSET, "0", COMPLETE, "?0", NULL), 204);
	ck_assert_int_eq(patch(u, &a, path, 3, "345", 3), 204);
	ck_assert_int_eq(ask_bare(u, &a, "PATCH", range, "6", 1, PART, OFFSET, "6", COMPLETE, "?0", NULL), 204);
	ck_assert_int_eq(ask_bare(u, &a, "PUT", range, "78", 2, "Content-Range", "bytes 7-8/9", NULL), 204);
	ck_assert_int_eq(content(u, path, back, sizeof back), 9);
	ck_assert_mem_eq(back, "012345678", 9);
	/* and the draft's by the others, who do not say the end but know it */
	for (int k = 0; k < 3; k++) {
		ck_assert_int_eq(ask_bare(u, &a, "POST", "/files/", "0123", 4, COMPLETE, "?0", LENGTH, k == 2 ? "4" : "6", NULL), 201);
		snprintf(path, sizeof path, "%s", field(&a, "Location"));
		snprintf(range, sizeof range, "/range/%s", strrchr(path, '/') + 1);
		if (k == 0)
			ck_assert_int_eq(patch(u, &a, path, 4, "45", 2), 204);
		else if (k == 1)
			ck_assert_int_eq(ask_bare(u, &a, "PUT", range, "45", 2, "Content-Range", "bytes 4-5/6", NULL), 204);
		else
			ck_assert_int_eq(ask(u, &a, "HEAD", path, NULL, 0, NULL), 200);
		ck_assert_int_eq(content(u, path, back, sizeof back), k == 2 ? 4 : 6);
	}
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

/* All octets without the word that they are all survive a restart as just that. */
START_TEST(a_restart_does_not_end_an_upload)
{
	char folder[64], path[128];
	mummy_upload *u = open_dir(fresh(folder), NULL, &both);
	unsigned next;
	struct answer a;

	ck_assert_int_eq(ask_bare(u, &a, "POST", "/files/", "0123", 4, COMPLETE, "?0", LENGTH, "4", NULL), 201);
	snprintf(path, sizeof path, "%s", field(&a, "Location"));
	mummy_upload_free(u);
	u = open_dir(folder, NULL, &both);
	ck_assert_int_eq(mummy_upload_cleanup(u, &next), 0);
	ck_assert_int_eq(ask_bare(u, &a, "HEAD", path, NULL, 0, NULL), 204);
	ck_assert_str_eq(field(&a, COMPLETE), "?0");
	ck_assert_str_eq(field(&a, LENGTH), "4");
	ck_assert_int_eq(ask_bare(u, &a, "PATCH", path, NULL, 0, PART, OFFSET, "4", COMPLETE, "?1", NULL), 201);
	ck_assert_str_eq(field(&a, COMPLETE), "?1");
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

/* A chunked body that goes on beyond the length. */
START_TEST(what_exceeds_its_length_is_worth_nothing)
{
	char path[128];
	mummy_upload *u = open_memory(&both);
	struct answer a;

	ck_assert_int_eq(ask_bare(u, &a, "POST", "/files/", NULL, 0, COMPLETE, "?0", LENGTH, "4", NULL), 201);
	snprintf(path, sizeof path, "%s", field(&a, "Location"));
	fake_piece = 3;
	ck_assert_int_eq(ask_bare(u, &a, "PATCH", path, "012345", 6, PART, OFFSET, "0", COMPLETE, "?0", NULL), 400);
	ck_assert_str_eq(field(&a, "Content-Type"), "application/problem+json");
	fake_piece = 1 << 20;
	ck_assert_int_eq(ask_bare(u, &a, "HEAD", path, NULL, 0, V, "8", NULL), 404);
	ck_assert_uint_eq(u->stats.open, 0);
	/* one that is only longer than allowed is kept */
	ck_assert_int_eq(ask_bare(u, &a, "POST", "/files/", NULL, 0, COMPLETE, "?0", NULL), 201);
	snprintf(path, sizeof path, "%s", field(&a, "Location"));
	{
		char much[1001];

		memset(much, 'a', sizeof much);
		ck_assert_int_eq(ask_bare(u, &a, "PATCH", path, much, 1001, PART, OFFSET, "0", COMPLETE, "?0", NULL), 413);
		ck_assert_str_eq(field(&a, COMPLETE), "?0");
		ck_assert_ptr_nonnull(field(&a, LIMIT));
	}
	ck_assert_int_eq(ask_bare(u, &a, "HEAD", path, NULL, 0, NULL), 204);
	mummy_upload_free(u);
}
END_TEST

START_TEST(problems_are_described)
{
	char path[128];
	mummy_upload *u = open_memory(&both);
	struct answer a;

	make(u, "/files/OPEN", path);
	ask_bare(u, &a, "PATCH", path, "x", 1, PART, OFFSET, "999999999999999", COMPLETE, "?0", NULL);
	ck_assert_str_eq(a.text, "{\"type\":\"" TYPE_OF("mismatching-upload-offset") "\",\"title\":\"offset from request does not match "
			 "offset of resource\",\"expected-offset\":4,\"provided-offset\":999999999999999}\n");
	ask_bare(u, &a, "PATCH", path, NULL, 0, PART, OFFSET, "4", COMPLETE, "?0", LENGTH, "11", NULL);
	ck_assert_str_eq(a.text, "{\"type\":\"" TYPE_OF("inconsistent-upload-length") "\",\"title\":\"inconsistent length values for upload\"}\n");
	make(u, "/files/DONE", path);
	ask_bare(u, &a, "PATCH", path, NULL, 0, PART, OFFSET, "4", COMPLETE, "?1", NULL);
	ck_assert_str_eq(a.text, "{\"type\":\"" TYPE_OF("completed-upload") "\",\"title\":\"upload is already completed\"}\n");
	mummy_upload_free(u);
}
END_TEST

static int refuse_content(void *ctx, const struct mummy_upload_info *info, int fd, char text[MUMMY_UPLOAD_TEXT])
{
	(void)info, (void)fd, (void)text;
	return *(int *)ctx;
}

/* A refusal of the content is the last word; what cannot be told yet can be asked for again. */
START_TEST(a_refusal_by_the_resource_is_final)
{
	int status = 422;
	const struct mummy_upload_options opt = { .events = { .pre_finish = refuse_content }, .ctx = &status };
	mummy_upload *u = open_memory(&opt);
	struct answer a;
	char path[128];

	ck_assert_int_eq(ask_bare(u, &a, "POST", "/files/", "0123", 4, COMPLETE, "?1", NULL), 422);
	ck_assert_str_eq(field(&a, COMPLETE), "?1");
	ck_assert_ptr_null(field(&a, "Location"));
	status = -EIO;
	ck_assert_int_eq(ask_bare(u, &a, "POST", "/files/", NULL, 0, COMPLETE, "?0", LENGTH, "4", NULL), 201);
	snprintf(path, sizeof path, "%s", field(&a, "Location"));
	ck_assert_int_eq(ask_bare(u, &a, "PATCH", path, "0123", 4, PART, OFFSET, "0", COMPLETE, "?1", NULL), 503);
	ck_assert_str_eq(field(&a, COMPLETE), "?0");
	status = 0;
	ck_assert_int_eq(ask_bare(u, &a, "PATCH", path, NULL, 0, PART, OFFSET, "4", COMPLETE, "?1", NULL), 201);
	mummy_upload_free(u);
}
END_TEST

SUITE_MAIN("upload/draft", the_rules_hold_over_both_stores, every_split_makes_the_same_content,
	   what_begins_one_way_goes_on_the_other, a_restart_does_not_end_an_upload,
	   what_exceeds_its_length_is_worth_nothing, problems_are_described, a_refusal_by_the_resource_is_final)
