#include <config.h>
#include "fake.h"

START_TEST(open_uploads_are_limited_by_client_and_in_all)
{
	struct mummy_upload_options opt = { .max_uploads = 3, .max_uploads_per_client = 2 };
	mummy_upload *u = open_memory(&opt);
	struct answer a;
	char path[128];

	fake_peer = "192.0.2.1";
	create(u, 1, path);
	create(u, 1, path);
	ck_assert_int_eq(ask(u, &a, "POST", "/files/", NULL, 0, "Upload-Length", "1", NULL), 429);
	fake_peer = "192.0.2.2";
	create(u, 1, path);
	ck_assert_int_eq(ask(u, &a, "POST", "/files/", NULL, 0, "Upload-Length", "1", NULL), 503);
	ck_assert_int_eq(patch(u, &a, path, 0, "x", 1), 204);
	create(u, 1, path);
	ck_assert_int_eq(ask(u, &a, "DELETE", path, NULL, 0, NULL), 204);
	create(u, 1, path);
	mummy_upload_free(u);
}
END_TEST

START_TEST(what_is_found_at_the_start_counts)
{
	struct mummy_upload_options opt = { .max_uploads_per_client = 1 };
	char folder[64], path[128];
	mummy_upload *u = open_dir(fresh(folder), NULL, &opt);
	struct answer a;

	create(u, 1, path);
	mummy_upload_free(u);
	u = open_dir(folder, NULL, &opt);
	ck_assert_int_eq(ask(u, &a, "POST", "/files/", NULL, 0, "Upload-Length", "1", NULL), 429);
	ck_assert_int_eq(patch(u, &a, path, 0, "x", 1), 204);
	create(u, 1, path);
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

SUITE_MAIN("upload/clients", open_uploads_are_limited_by_client_and_in_all, what_is_found_at_the_start_counts)
