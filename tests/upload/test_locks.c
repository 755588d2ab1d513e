/* Two engines on one folder. The locks are of open files, so that it is all the same whether the engines are
 * in one process or in two. */
#include <config.h>
#include <sys/wait.h>
#include "fake.h"

START_TEST(an_upload_has_one_writer_among_all_engines)
{
	for (int sync = 0; sync <= MUMMY_UPLOAD_SYNC_NONE; sync++) {
		const struct mummy_upload_dir_options dir = { .sync = (enum mummy_upload_sync)sync };
		char folder[64], path[128], back[16];
		mummy_upload *a = open_dir(fresh(folder), &dir, NULL), *b = open_dir(folder, &dir, NULL);
		mummy_upload_transfer *t;
		struct answer r;

		create(a, 9, path);
		ck_assert_int_eq(patch(b, &r, path, 0, "012", 3), 204);
		t = open_patch(a, path, "3", NULL, NULL);
		ck_assert_int_eq(mummy_upload_write(t, "34", 2), 0);
		ck_assert_int_eq(patch(b, &r, path, 5, "5", 1), 423);
		ck_assert_int_eq(ask(b, &r, "DELETE", path, NULL, 0, NULL), 423);
		ck_assert_int_eq(mummy_upload_cleanup(b, NULL), 0);
		/* who only looks is let in, and told no more than what is safe */
		ck_assert_int_eq(offset_of(b, path), sync == MUMMY_UPLOAD_SYNC_ACK ? 3 : 5);
		ck_assert_int_eq(close_patch(t, 0), 204);
		ck_assert_int_eq(offset_of(b, path), 5);
		ck_assert_int_eq(patch(b, &r, path, 5, "5678", 4), 204);
		ck_assert_int_eq(content(a, path, back, sizeof back), 9);
		ck_assert_mem_eq(back, "012345678", 9);
		ck_assert_int_eq(ask(a, &r, "DELETE", path, NULL, 0, NULL), 204);
		ck_assert_int_eq(offset_of(b, path), -1);
		mummy_upload_free(a);
		mummy_upload_free(b);
		ck_assert_int_eq(wipe(folder), 0);
	}
}
END_TEST

START_TEST(an_engine_that_starts_leaves_the_others_alone)
{
	char folder[64], path[128];
	mummy_upload *a = open_dir(fresh(folder), NULL, NULL), *b;
	mummy_upload_transfer *t;

	create(a, 4, path);
	t = open_patch(a, path, "0", NULL, NULL);
	ck_assert_int_eq(mummy_upload_write(t, "0123", 4), 0);
	b = open_dir(folder, NULL, NULL);
	ck_assert_uint_eq(b->stats.quarantined, 0);
	mummy_upload_free(b);
	ck_assert_int_eq(close_patch(t, 0), 204);
	ck_assert_uint_eq(a->stats.finished, 1);
	mummy_upload_free(a);
	wipe(folder);
}
END_TEST

START_TEST(parts_are_put_together_by_whoever_has_the_last_one)
{
	char folder[64], path[2][128], concat[300], whole[128], back[8];
	mummy_upload *a = open_dir(fresh(folder), NULL, NULL), *b = open_dir(folder, NULL, NULL);
	struct answer r;

	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(ask(a, &r, "POST", "/files/", NULL, 0, "Upload-Length", "2", "Upload-Concat", "partial", NULL),
				 201);
		snprintf(path[i], 128, "%s", field(&r, "Location"));
	}
	ck_assert_int_eq(patch(a, &r, path[0], 0, "01", 2), 204);
	snprintf(concat, sizeof concat, "final;%s %s", path[0], path[1]);
	ck_assert_int_eq(ask(a, &r, "POST", "/files/", NULL, 0, "Upload-Concat", concat, NULL), 201);
	snprintf(whole, sizeof whole, "%s", field(&r, "Location"));
	ck_assert_int_eq(patch(b, &r, path[1], 0, "23", 2), 204);
	/* b does not know that a's upload waits; who asks for it finds it whole */
	ck_assert_int_eq(offset_of(b, whole), 4);
	ck_assert_int_eq(content(a, whole, back, sizeof back), 4);
	ck_assert_mem_eq(back, "0123", 4);
	mummy_upload_cleanup(a, NULL);
	ck_assert_uint_eq(a->stats.finished, 0);
	mummy_upload_free(a);
	mummy_upload_free(b);
	wipe(folder);
}
END_TEST

/* As between fork and exec: it has all descriptors, until go is closed. */
static pid_t fork_child(int go[2])
{
	char none;
	pid_t pid;

	ck_assert_int_eq(pipe(go), 0);
	pid = fork();
	if (pid == 0) {
		close(go[1]);
		_exit(read(go[0], &none, 1) != 0);
	}
	close(go[0]);
	return pid;
}

START_TEST(a_child_of_the_program_keeps_no_upload)
{
	for (int sync = 0; sync <= MUMMY_UPLOAD_SYNC_NONE; sync++) {
		const struct mummy_upload_dir_options dir = { .sync = (enum mummy_upload_sync)sync };
		char folder[64], path[128];
		mummy_upload *u = open_dir(fresh(folder), &dir, NULL);
		mummy_upload_transfer *t;
		struct answer r;
		int go[2], status;
		pid_t pid;

		create(u, 6, path);
		t = open_patch(u, path, "0", NULL, NULL);
		ck_assert_int_eq(mummy_upload_write(t, "01", 2), 0);
		pid = fork_child(go);
		ck_assert_int_eq(close_patch(t, 0), 204);
		ck_assert_int_eq(offset_of(u, path), 2);
		ck_assert_int_eq(patch(u, &r, path, 2, "23", 2), 204);
		ck_assert_int_eq(ask(u, &r, "DELETE", path, NULL, 0, NULL), 204);
		close(go[1]);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(status, 0);
		mummy_upload_free(u);
		wipe(folder);
	}
}
END_TEST

SUITE_MAIN("upload/locks", a_child_of_the_program_keeps_no_upload, an_upload_has_one_writer_among_all_engines,
	   an_engine_that_starts_leaves_the_others_alone,
	   parts_are_put_together_by_whoever_has_the_last_one)
