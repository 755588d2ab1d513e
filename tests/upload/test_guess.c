#include <config.h>
#include "fake.h"

static const struct mummy_upload_options both = { .range_path = "/range/" };

/* What HEAD of TUS tells of a new upload; NULL: nothing. */
static const char *told(mummy_upload *u, struct answer *a, const char *path)
{
	ck_assert_int_eq(ask(u, a, "HEAD", path, NULL, 0, NULL), 200);
	return field(a, "Upload-Metadata");
}

START_TEST(a_name_and_a_type_are_kept)
{
	static const struct { const char *method, *path, *disposition, *type, *metadata; } v[] = {
		{ "POST", "/files/", NULL, NULL, NULL }, { "POST", "/files/", "inline; filename=\"a b\"", NULL, "filename YSBi" },
		{ "POST", "/files/", NULL, "image/png", "filetype aW1hZ2UvcG5n" },
		{ "POST", "/files/", "inline; filename=a", "text/plain", "filename YQ==,filetype dGV4dC9wbGFpbg==" },
		{ "POST", "/files/", NULL, "application/partial-upload", NULL }, { "POST", "/files/", "nonsense=", NULL, NULL },
		{ "PUT", "/range/a%20b", "inline; filename=c", NULL, "filename YSBi" },
	};
	mummy_upload *u = open_memory(&both);
	struct answer a;
	char path[128];

	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		ck_assert_int_eq(ask_bare(u, &a, v[i].method, v[i].path, NULL, 0, "Upload-Complete", "?0", v[i].disposition ? "Content-Disposition" : "X",
					  v[i].disposition ? v[i].disposition : "", v[i].type ? "Content-Type" : "X", v[i].type ? v[i].type : "", NULL), 201);
		snprintf(path, sizeof path, "/files/%s", strrchr(field(&a, "Location"), '/') + 1);
		if (v[i].metadata)
			ck_assert_str_eq(told(u, &a, path), v[i].metadata);
		else
			ck_assert_ptr_null(told(u, &a, path));
	}
	mummy_upload_free(u);
}
END_TEST

START_TEST(what_is_said_is_not_guessed)
{
	mummy_upload *u = open_memory(&both);
	struct answer a;
	char path[128];

	ck_assert_int_eq(ask_bare(u, &a, "POST", "/files/", NULL, 0, "Upload-Complete", "?0", "Content-Type", "image/png", "Upload-Metadata", "a YQ==",
				  NULL), 201);
	snprintf(path, sizeof path, "%s", field(&a, "Location"));
	ck_assert_str_eq(told(u, &a, path), "a YQ==");
	/* a plain PUT has a type that many clients make up */
	ck_assert_int_eq(ask_bare(u, &a, "PUT", "/range/x", NULL, 0, "Content-Type", "application/x-www-form-urlencoded", NULL), 201);
	snprintf(path, sizeof path, "/files/%s", strrchr(field(&a, "Location"), '/') + 1);
	ck_assert_str_eq(told(u, &a, path), "filename eA==");
	mummy_upload_free(u);
}
END_TEST

START_TEST(it_keeps_to_the_limit)
{
	const struct mummy_upload_options opt = { .range_path = "/range/", .max_metadata_bytes = 20 };
	mummy_upload *u = open_memory(&opt);
	struct answer a;

	ck_assert_int_eq(ask_bare(u, &a, "PUT", "/range/012345678", NULL, 0, NULL), 431);
	ck_assert_int_eq(ask_bare(u, &a, "PUT", "/range/012345", NULL, 0, NULL), 201);
	ck_assert_int_eq(ask_bare(u, &a, "PUT", "/range/%zz", NULL, 0, NULL), 400);
	mummy_upload_free(u);
}
END_TEST

SUITE_MAIN("upload/guess", a_name_and_a_type_are_kept, what_is_said_is_not_guessed, it_keeps_to_the_limit)
