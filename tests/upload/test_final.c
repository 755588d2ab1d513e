#include <config.h>
#include <time.h>
#include "fake.h"
#include "date.h"

#define PARTS 3
static int finished;

static void count(void *ctx, const struct mummy_upload_info *info)
{
	(void)ctx, (void)info;
	finished++;
}

static const struct mummy_upload_options counting = { .expire_s = 60, .events.post_finish = count };

static void make_part(mummy_upload *u, const char *length, const char *body, size_t n, char path[128])
{
	struct answer a;

	ck_assert_int_eq(ask(u, &a, "POST", "/files/", body, n, TUS_TYPE, length ? "Upload-Length" : "Upload-Defer-Length",
			     length ? length : "1", "Upload-Concat", "partial", NULL), 201);
	snprintf(path, 128, "%s", field(&a, "Location"));
}

static void join(char out[512], char part[][128], int n)
{
	size_t at = (size_t)snprintf(out, 512, "final;");

	for (int i = 0; i < n; i++)
		at += (size_t)snprintf(out + at, 512 - at, "%s%s%s", i ? " " : "", i == 1 ? "http://a.example" : "", part[i]);
}

static int make_final(mummy_upload *u, struct answer *a, const char *concat, char path[128])
{
	int status = ask(u, a, "POST", "/files/", NULL, 0, "Upload-Concat", concat, "Upload-Metadata", "filename YS50eHQ=",
			 NULL);

	snprintf(path, 128, "%s", field(a, "Location") ? field(a, "Location") : "");
	return status;
}

static mummy_upload *open_kind(int on_disk, char folder[64], const struct mummy_upload_options *opt)
{
	finished = 0;
	return on_disk ? open_dir(fresh(folder), NULL, opt) : open_memory(opt);
}

static void close_kind(int on_disk, const char *folder, mummy_upload *u)
{
	mummy_upload_free(u);
	if (on_disk)
		wipe(folder);
}

static void check_whole(mummy_upload *u, const char *path, int on_disk, const char *want)
{
	struct answer a;
	char back[64], text[24];

	snprintf(text, sizeof text, "%zu", strlen(want));
	ck_assert_int_eq(ask(u, &a, "HEAD", path, NULL, 0, NULL), 200);
	ck_assert_str_eq(field(&a, "Upload-Offset"), text);
	ck_assert_str_eq(field(&a, "Upload-Length"), text);
	ck_assert_str_eq(field(&a, "Upload-Metadata"), "filename YS50eHQ=");
	ck_assert_int_eq(strncmp(field(&a, "Upload-Concat"), "final;", 6), 0);
	if (on_disk) {
		ck_assert_int_eq(content(u, path, back, sizeof back), (ssize_t)strlen(want));
		ck_assert_mem_eq(back, want, strlen(want));
	}
}

START_TEST(parts_become_a_whole)
{
	for (int on_disk = 0; on_disk < 2; on_disk++) {
		char folder[64], part[PARTS][128], concat[512], path[128];
		mummy_upload *u = open_kind(on_disk, folder, &counting);
		struct answer a;

		make_part(u, "5", "01234", 5, part[0]);
		make_part(u, "0", NULL, 0, part[1]);
		make_part(u, "3", "567", 3, part[2]);
		ck_assert_int_eq(finished, 0);
		ck_assert_uint_eq(u->stats.open, 0);
		ck_assert_int_eq(ask(u, &a, "HEAD", part[0], NULL, 0, NULL), 200);
		ck_assert_str_eq(field(&a, "Upload-Concat"), "partial");
		ck_assert_str_eq(field(&a, "Upload-Offset"), "5");
		ck_assert_int_eq(ask_bare(u, &a, "GET", part[0], NULL, 0, NULL), on_disk ? 404 : 405);
		join(concat, part, PARTS);
		ck_assert_int_eq(make_final(u, &a, concat, path), 201);
		ck_assert_str_eq(field(&a, "Upload-Offset"), "8");
		check_whole(u, path, on_disk, "01234567");
		ck_assert_int_eq(finished, 1);
		ck_assert_int_eq(patch(u, &a, path, 8, "x", 1), 403);
		/* the parts are for as many wholes as one likes */
		ck_assert_int_eq(make_final(u, &a, concat, path), 201);
		check_whole(u, path, on_disk, "01234567");
		ck_assert_int_eq(ask(u, &a, "DELETE", path, NULL, 0, NULL), 204);
		ck_assert_int_eq(offset_of(u, part[2]), 3);
		close_kind(on_disk, folder, u);
	}
}
END_TEST

START_TEST(a_final_upload_waits_for_its_parts)
{
	for (int on_disk = 0; on_disk < 2; on_disk++) {
		char folder[64], part[2][128], concat[512], path[128];
		mummy_upload *u = open_kind(on_disk, folder, &counting);
		struct answer a;

		make_part(u, "5", "012", 3, part[0]);
		make_part(u, NULL, "56", 2, part[1]);
		join(concat, part, 2);
		ck_assert_int_eq(make_final(u, &a, concat, path), 201);
		ck_assert_ptr_null(field(&a, "Upload-Offset"));
		ck_assert_int_eq(ask(u, &a, "HEAD", path, NULL, 0, NULL), 200);
		ck_assert_str_eq(field(&a, "Upload-Concat"), concat);
		ck_assert_ptr_null(field(&a, "Upload-Offset"));
		ck_assert_ptr_null(field(&a, "Upload-Length"));
		ck_assert_ptr_null(field(&a, "Upload-Defer-Length"));
		ck_assert_int_eq(patch(u, &a, path, 0, "x", 1), 403);
		ck_assert_int_eq(ask(u, &a, "PATCH", part[1], "7", 1, TUS_TYPE, "Upload-Offset", "2", "Upload-Length", "3",
				     NULL), 204);
		ck_assert_int_eq(ask(u, &a, "HEAD", path, NULL, 0, NULL), 200);
		ck_assert_str_eq(field(&a, "Upload-Length"), "8");
		ck_assert_int_eq(finished, 0);
		/* the last octet of the last part makes it whole, without anyone asking */
		ck_assert_int_eq(patch(u, &a, part[0], 3, "34", 2), 204);
		ck_assert_int_eq(finished, 1);
		ck_assert_ptr_null(u->finals);
		ck_assert_uint_eq(u->stats.open, 0);
		check_whole(u, path, on_disk, "01234567");
		close_kind(on_disk, folder, u);
	}
}
END_TEST

START_TEST(it_goes_on_waiting_after_a_restart)
{
	char folder[64], part[2][128], concat[512], path[128];
	mummy_upload *u = open_kind(1, folder, &counting);
	struct answer a;

	make_part(u, "5", "012", 3, part[0]);
	make_part(u, "3", "567", 3, part[1]);
	join(concat, part, 2);
	ck_assert_int_eq(make_final(u, &a, concat, path), 201);
	mummy_upload_free(u);
	u = open_dir(folder, NULL, &counting);
	ck_assert_ptr_nonnull(u->finals);
	ck_assert_uint_eq(u->stats.open, 2);
	ck_assert_int_eq(patch(u, &a, part[0], 3, "34", 2), 204);
	ck_assert_int_eq(finished, 1);
	check_whole(u, path, 1, "01234567");
	close_kind(1, folder, u);
}
END_TEST

START_TEST(what_is_no_part_makes_no_whole)
{
	struct mummy_upload_options opt = { .max_bytes = 7, .max_parts = 2 };
	char folder[64], part[3][128], concat[512], path[128];
	mummy_upload *u = open_kind(1, folder, &opt);
	struct answer a;

	create(u, 5, part[0]);
	join(concat, part, 1);
	ck_assert_int_eq(make_final(u, &a, concat, path), 400);
	make_part(u, "5", "01234", 5, part[0]);
	make_part(u, "3", "567", 3, part[1]);
	make_part(u, "0", NULL, 0, part[2]);
	join(concat, part, 3);
	ck_assert_int_eq(make_final(u, &a, concat, path), 413);
	join(concat, part, 2);
	ck_assert_int_eq(make_final(u, &a, concat, path), 413);
	join(concat, part, 1);
	ck_assert_int_eq(make_final(u, &a, concat, path), 201);
	/* a whole is no part */
	join(concat, &path, 1);
	ck_assert_int_eq(make_final(u, &a, concat, part[0]), 400);
	ck_assert_int_eq(ask(u, &a, "POST", "/files/", "abc", 3, TUS_TYPE, "Upload-Concat", concat, NULL), 400);
	close_kind(1, folder, u);
}
END_TEST

START_TEST(a_part_that_goes_leaves_it_waiting)
{
	char folder[64], part[2][128], concat[512], path[128];
	mummy_upload *u = open_kind(1, folder, &counting);
	struct answer a;

	make_part(u, "5", "012", 3, part[0]);
	make_part(u, "3", "567", 3, part[1]);
	join(concat, part, 2);
	ck_assert_int_eq(make_final(u, &a, concat, path), 201);
	ck_assert_int_eq(ask(u, &a, "DELETE", part[1], NULL, 0, NULL), 204);
	ck_assert_int_eq(patch(u, &a, part[0], 3, "34", 2), 204);
	ck_assert_int_eq(finished, 0);
	ck_assert_int_eq(ask(u, &a, "HEAD", path, NULL, 0, NULL), 200);
	ck_assert_ptr_null(field(&a, "Upload-Offset"));
	ck_assert_int_eq(ask(u, &a, "DELETE", path, NULL, 0, NULL), 204);
	ck_assert_ptr_null(u->finals);
	close_kind(1, folder, u);
}
END_TEST

static time_t late(time_t *t)
{
	return time(t) + 100;
}

static mummy_upload *victim;
static char victim_id[64];

/* Where the parts were looked at, and are not copied yet. */
static int remove_victim(void *ctx, const struct mummy_upload_request *req, const struct mummy_upload_info *info,
			 struct mummy_upload_grant *grant)
{
	(void)ctx, (void)req, (void)info, (void)grant;
	if (victim)
		mummy_upload_remove(victim, victim_id);
	return 0;
}

START_TEST(a_part_that_goes_in_between_is_a_conflict)
{
	const struct mummy_upload_options opt = { .events.pre_create = remove_victim };
	char folder[64], part[2][128], concat[512], path[128];
	mummy_upload *u = open_dir(fresh(folder), NULL, &opt);
	struct answer a;

	make_part(u, "2", "01", 2, part[0]);
	make_part(u, "2", "23", 2, part[1]);
	join(concat, part, 2);
	snprintf(victim_id, sizeof victim_id, "%s", strrchr(part[1], '/') + 1);
	victim = u;
	ck_assert_int_eq(make_final(u, &a, concat, path), 409);
	ck_assert_str_eq(path, "");
	victim = NULL;
	ck_assert_uint_eq(u->stats.open, 0);
	ck_assert_int_eq(offset_of(u, part[0]), 2);
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

START_TEST(parts_expire_also_when_they_are_whole)
{
	char folder[64], part[128];
	mummy_upload *u = open_kind(1, folder, &counting);

	make_part(u, "3", "567", 3, part);
	u->clock = late;
	ck_assert_int_eq(mummy_upload_cleanup(u, NULL), 1);
	mummy_upload_free(u);
	ck_assert_int_eq(wipe(folder), 0);
}
END_TEST

static time_t now;

static time_t then(time_t *unused)
{
	(void)unused;
	return now;
}

static int64_t told(mummy_upload *u, const char *path, int status)
{
	struct answer a;
	const char *when;
	int64_t t = 0;

	ck_assert_int_eq(ask(u, &a, "HEAD", path, NULL, 0, NULL), status);
	when = field(&a, "Upload-Expires");
	if (when)
		ck_assert_int_eq(mup_date(when, strlen(when), now, &t), 0);
	return t;
}

static void make_of_an_expired_part(int on_disk)
{
	char folder[64], part[2][128], concat[512], path[128];
	mummy_upload *u = open_kind(on_disk, folder, &counting);
	struct answer a;
	time_t end;

	now = time(NULL);
	u->clock = then;
	make_part(u, "3", "567", 3, part[0]);
	make_part(u, "3", "567", 3, part[1]);
	join(concat, part, 2);
	end = (time_t)told(u, part[0], 200);
	now = end + 40;              /* the files have the time of the system */
	ck_assert_int_eq(make_final(u, &a, concat, path), 400);
	ck_assert_ptr_nonnull(strstr(a.text, "expired"));
	ck_assert_int_eq(told(u, part[0], 410), 0);
	now = end - 1;
	ck_assert_int_eq(make_final(u, &a, concat, path), 201);
	ck_assert_int_eq(finished, 1);
	close_kind(on_disk, folder, u);
}

START_TEST(none_is_made_of_a_part_that_has_expired)
{
	make_of_an_expired_part(0);
	make_of_an_expired_part(1);
}
END_TEST

/* One part is whole, the other one empty. */
static void make_waiting(mummy_upload *u, char part[2][128], char path[128])
{
	char concat[512];
	struct answer a;

	make_part(u, "3", "123", 3, part[0]);
	make_part(u, "3", "", 0, part[1]);
	join(concat, part, 2);
	ck_assert_int_eq(make_final(u, &a, concat, path), 201);
}

/* The first part is long over when the other one gets its last octets. */
static void finish_slowly(int on_disk)
{
	char folder[64], part[2][128], path[128];
	mummy_upload *u = open_kind(on_disk, folder, &counting);
	struct answer a;

	now = time(NULL);
	u->clock = then;
	make_waiting(u, part, path);
	for (int i = 0; i < 3; i++) {
		now += 50;
		ck_assert_int_eq(patch(u, &a, part[1], i, "456" + i, 1), 204);
		if (i == 2)
			break;
		ck_assert_int_eq(mummy_upload_cleanup(u, NULL), 0);
		ck_assert_int_gt(told(u, part[0], 200), now);
		ck_assert_int_gt(told(u, path, 200), now);
	}
	ck_assert_int_eq(finished, 1);
	check_whole(u, path, on_disk, "123456");
	close_kind(on_disk, folder, u);
}

START_TEST(one_that_waits_and_its_parts_keep_each_other)
{
	finish_slowly(0);
	finish_slowly(1);
}
END_TEST

START_TEST(one_that_waits_expires_with_its_parts)
{
	char folder[64], part[128], other[128], concat[512], path[128];
	mummy_upload *u = open_kind(1, folder, &counting);
	struct answer a;

	now = time(NULL);
	u->clock = then;
	make_part(u, "3", "12", 2, part);
	make_part(u, "3", "12", 2, other);
	now += 40;
	join(concat, &part, 1);
	ck_assert_int_eq(make_final(u, &a, concat, path), 201);
	now += 59;
	ck_assert_int_eq(told(u, other, 410), 0);
	ck_assert_int_eq(told(u, part, 200), now + 1);
	ck_assert_int_eq(mummy_upload_cleanup(u, NULL), 1);
	now++;
	ck_assert_int_eq(told(u, part, 410), 0);
	ck_assert_int_eq(told(u, path, 410), 0);
	ck_assert_int_eq(mummy_upload_cleanup(u, NULL), 2);
	ck_assert_ptr_null(u->finals);
	mummy_upload_free(u);
	ck_assert_int_eq(wipe(folder), 0);
}
END_TEST

/* As the files say it. */
START_TEST(they_keep_each_other_after_a_restart)
{
	char folder[64], part[2][128], path[128];
	mummy_upload *u = open_kind(1, folder, &counting);
	struct answer a;

	make_waiting(u, part, path);
	ck_assert_int_eq(patch(u, &a, part[1], 0, "45", 2), 204);
	mummy_upload_free(u);
	u = open_dir(folder, NULL, &counting);
	ck_assert_ptr_nonnull(u->finals);
	ck_assert_int_ge(u->finals->active, time(NULL) - 30);
	now = (time_t)u->finals->active + 59;
	u->clock = then;
	ck_assert_int_eq(mummy_upload_cleanup(u, NULL), 0);
	ck_assert_int_eq(patch(u, &a, part[1], 2, "6", 1), 204);
	ck_assert_int_eq(finished, 1);
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

/* A process that died while it put the parts together: nobody was told of the upload. */
START_TEST(one_that_nobody_was_told_of_goes_at_the_start)
{
	char folder[64], part[128], concat[512];
	mummy_upload *u = open_kind(1, folder, &counting);
	struct mummy_upload_info info = { .id = "00000000000000000000000000000001", .length = 3, .created = 1 };
	struct mup_private priv = { .flags = MUP_UNTOLD };
	char text[MUP_PRIVATE_SIZE];
	struct mup_session *s;

	make_part(u, "3", "567", 3, part);
	join(concat, &part, 1);
	mup_private_write(&priv, text);
	info.private_state = text;
	info.concat = concat;
	ck_assert_int_eq(u->store.create(u->store.ctx, &info), 0);
	ck_assert_int_eq(mup_enter(u, info.id, MUMMY_UPLOAD_WRITE, &s), 0);
	ck_assert_int_eq(mup_final_join(u, s), 0);
	mup_exit(u, s, NULL);
	mummy_upload_free(u);
	u = open_dir(folder, NULL, &counting);
	ck_assert_int_eq(finished, 0);
	mummy_upload_free(u);
	ck_assert_int_eq(wipe(folder), 2);
}
END_TEST

SUITE_MAIN("upload/final", parts_become_a_whole, a_final_upload_waits_for_its_parts, it_goes_on_waiting_after_a_restart,
	   what_is_no_part_makes_no_whole, a_part_that_goes_leaves_it_waiting, a_part_that_goes_in_between_is_a_conflict,
	   parts_expire_also_when_they_are_whole, none_is_made_of_a_part_that_has_expired,
	   one_that_waits_and_its_parts_keep_each_other, one_that_waits_expires_with_its_parts,
	   they_keep_each_other_after_a_restart,
	   one_that_nobody_was_told_of_goes_at_the_start)
