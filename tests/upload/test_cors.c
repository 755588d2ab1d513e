#include <config.h>
#include "fake.h"

static const char *allow(mummy_upload *u, struct answer *a, const char *origin)
{
	ask(u, a, "HEAD", "/files/0123456789abcdef0123456789abcdef", NULL, 0, "Origin", origin, NULL);
	ck_assert_int_eq(a->status, 404);
	return field(a, "Access-Control-Allow-Origin");
}

START_TEST(nothing_is_shared_unless_asked_for)
{
	mummy_upload *u = open_memory(NULL);
	struct answer a;

	ck_assert_ptr_null(allow(u, &a, "http://a.example"));
	ck_assert_ptr_null(field(&a, "Vary"));
	mummy_upload_free(u);
}
END_TEST

START_TEST(listed_origins_are_allowed_on_errors_too)
{
	struct mummy_upload_options opt = { .origins = "https://a.example, http://b.example:8080", .credentials = 1 };
	mummy_upload *u = open_memory(&opt);
	struct answer a;

	ck_assert_str_eq(allow(u, &a, "https://a.example"), "https://a.example");
	ck_assert_str_eq(field(&a, "Vary"), "Origin");
	ck_assert_str_eq(field(&a, "Access-Control-Allow-Credentials"), "true");
	ck_assert_ptr_nonnull(strstr(field(&a, "Access-Control-Expose-Headers"), "Upload-Offset"));
	ck_assert_str_eq(allow(u, &a, "http://b.example:8080"), "http://b.example:8080");
	ck_assert_ptr_null(allow(u, &a, "http://a.example"));
	ck_assert_str_eq(field(&a, "Vary"), "Origin");
	ck_assert_ptr_null(allow(u, &a, "https://a.example.evil"));
	ck_assert_ptr_null(allow(u, &a, "https://a.exampl"));
	ck_assert_ptr_null(allow(u, &a, "*"));
	mummy_upload_free(u);
}
END_TEST

START_TEST(any_origin)
{
	struct mummy_upload_options opt = { .origins = "*" };
	mummy_upload *u = open_memory(&opt);
	struct answer a;

	ck_assert_str_eq(allow(u, &a, "https://a.example"), "*");
	ck_assert_ptr_null(field(&a, "Access-Control-Allow-Credentials"));
	mummy_upload_free(u);
}
END_TEST

/* Every page could act as who visits it. */
START_TEST(credentials_are_for_named_origins)
{
	static const char *const lists[] = { "*", " *", "https://a.example, *" };

	for (size_t i = 0; i < 3; i++) {
		const struct mummy_upload_options opt = { .origins = lists[i], .credentials = 1 };
		struct mummy_upload_store store;
		mummy_upload *u = NULL;

		ck_assert_int_eq(mummy_upload_memory_store(&store, 0), 0);
		ck_assert_msg(mummy_upload_new(&u, &store, &opt) == -EINVAL, "%s", lists[i]);
	}
}
END_TEST

START_TEST(preflights_are_answered)
{
	struct mummy_upload_options opt = { .origins = "https://a.example" };
	mummy_upload *u = open_memory(&opt);
	struct answer a;

	ck_assert_int_eq(ask_bare(u, &a, "OPTIONS", "/files/0123", NULL, 0, "Origin", "https://a.example",
				  "Access-Control-Request-Method", "PATCH", "Access-Control-Request-Headers",
				  "upload-offset", NULL), 204);
	ck_assert_str_eq(field(&a, "Access-Control-Allow-Origin"), "https://a.example");
	ck_assert_ptr_nonnull(strstr(field(&a, "Access-Control-Allow-Methods"), "PATCH"));
	ck_assert_ptr_nonnull(strstr(field(&a, "Access-Control-Allow-Headers"), "Upload-Offset"));
	ck_assert_ptr_nonnull(field(&a, "Access-Control-Max-Age"));
	ck_assert_int_eq(ask_bare(u, &a, "OPTIONS", "/files/", NULL, 0, "Origin", "https://b.example",
				  "Access-Control-Request-Method", "PATCH", NULL), 204);
	ck_assert_ptr_null(field(&a, "Access-Control-Allow-Methods"));
	mummy_upload_free(u);
}
END_TEST

SUITE_MAIN("upload/cors", nothing_is_shared_unless_asked_for, listed_origins_are_allowed_on_errors_too, any_origin,
	   credentials_are_for_named_origins, preflights_are_answered)
