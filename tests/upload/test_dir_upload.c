#include <config.h>
#include <signal.h>
#include <sys/wait.h>
#include "dir.h"
#include "fake.h"

#define LEN 100000

static const enum mummy_upload_sync policies[] = { MUMMY_UPLOAD_SYNC_FINISH, MUMMY_UPLOAD_SYNC_ACK,
	MUMMY_UPLOAD_SYNC_NONE };

static char octet(uint64_t off)
{
	return (char)(off * 7 % 251);
}

static void fill(char *p, uint64_t off, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = octet(off + i);
}

static void check_content(mummy_upload *u, const char *path, size_t n)
{
	char *back = malloc(n);

	ck_assert_int_eq(content(u, path, back, n), (ssize_t)n);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(back[i], octet(i));
	free(back);
}

/* Sends the rest in one PATCH. */
static void complete(mummy_upload *u, const char *path, uint64_t off, uint64_t len)
{
	char *body = malloc(len - off + 1);
	struct answer a;

	fill(body, off, len - off);
	ck_assert_int_eq(patch(u, &a, path, off, body, len - off), 204);
	free(body);
	check_content(u, path, len);
}

START_TEST(uploads_survive_a_restart)
{
	for (int k = 0; k < 3; k++) {
		struct mummy_upload_dir_options dir = { .sync = policies[k] };
		char folder[64], path[128], body[500];
		mummy_upload *u = open_dir(fresh(folder), &dir, NULL);
		struct answer a;

		ck_assert_int_eq(ask(u, &a, "POST", "/files/", NULL, 0, "Upload-Length", "1000", "Upload-Metadata",
				     "filename YQ==", NULL), 201);
		snprintf(path, sizeof path, "%s", field(&a, "Location"));
		fill(body, 0, 500);
		ck_assert_int_eq(patch(u, &a, path, 0, body, 500), 204);
		mummy_upload_free(u);
		u = open_dir(folder, &dir, NULL);
		ck_assert_int_eq(ask(u, &a, "HEAD", path, NULL, 0, NULL), 200);
		ck_assert_str_eq(field(&a, "Upload-Offset"), "500");
		ck_assert_str_eq(field(&a, "Upload-Metadata"), "filename YQ==");
		complete(u, path, 500, 1000);
		mummy_upload_free(u);
		u = open_dir(folder, &dir, NULL);
		check_content(u, path, 1000);
		mummy_upload_free(u);
		wipe(folder);
	}
}
END_TEST

/* In a child: uploads and tells each offset that was acknowledged, until it is killed. */
static void upload_until_killed(const char *folder, const struct mummy_upload_dir_options *dir, const char *path,
				int out)
{
	mummy_upload *u = open_dir(folder, dir, NULL);
	int64_t off = offset_of(u, path);
	struct answer a;
	char body[1500];

	fake_piece = 400;
	while (off < LEN) {
		size_t n = LEN - off < 1500 ? (size_t)(LEN - off) : 1500;
		int64_t told;

		fill(body, (uint64_t)off, n);
		if (patch(u, &a, path, (uint64_t)off, body, n) != 204)
			break;
		off = told = strtoll(field(&a, "Upload-Offset"), NULL, 10);
		if (write(out, &told, sizeof told) != sizeof told)
			break;
	}
	_exit(0);
}

/* The last offset that the child told before it died. */
static int64_t run_and_kill(const char *folder, const struct mummy_upload_dir_options *dir, const char *path,
			    int acks)
{
	int64_t told, last = 0;
	int fd[2];
	pid_t pid;

	ck_assert_int_eq(pipe(fd), 0);
	pid = fork();
	if (pid == 0)
		upload_until_killed(folder, dir, path, fd[1]);
	close(fd[1]);
	while (read(fd[0], &told, sizeof told) == sizeof told) {
		last = told;
		if (--acks == 0)
			kill(pid, SIGKILL);
	}
	close(fd[0]);
	waitpid(pid, NULL, 0);
	return last;
}

static void kill_in_turn(enum mummy_upload_sync sync)
{
	struct mummy_upload_dir_options dir = { .sync = sync };
	char folder[64], path[128];
	mummy_upload *u = open_dir(fresh(folder), &dir, NULL);
	int64_t told, off = 0;

	create(u, LEN, path);
	mummy_upload_free(u);
	for (int i = 1; off < LEN && i < 30; i++) {
		told = run_and_kill(folder, &dir, path, 1 + i % 7);
		u = open_dir(folder, &dir, NULL);
		off = offset_of(u, path);
		ck_assert_int_ge(off, told);
		ck_assert_uint_eq(u->stats.quarantined, 0);
		mummy_upload_free(u);
	}
	u = open_dir(folder, &dir, NULL);
	complete(u, path, (uint64_t)off, LEN);
	mummy_upload_free(u);
	/* the file and its record */
	ck_assert_int_eq(wipe(folder), sync == MUMMY_UPLOAD_SYNC_NONE ? 1 : 2);
}

START_TEST(nothing_acknowledged_is_lost_by_sigkill)
{
	for (int k = 0; k < 3; k++)
		kill_in_turn(policies[k]);
}
END_TEST

/* What a power cut may leave: the tail that was not synced is garbage, and the machine has booted anew. */
static int64_t after_power_cut(enum mummy_upload_sync sync, int flush, char folder[64], char path[128])
{
	struct mummy_upload_dir_options dir = { .sync = sync };
	struct mummy_upload_store store;
	mummy_upload *u;
	struct answer a;
	char file[256], body[1000];
	int64_t off;
	int fd;

	ck_assert_int_eq(mummy_upload_dir_store(&store, fresh(folder), &dir), 0);
	strcpy(((struct mup_dir *)store.ctx)->boot, "another boot");
	if (!flush)
		store.flush = NULL;
	ck_assert_int_eq(mummy_upload_new(&u, &store, NULL), 0);
	create(u, 5000, path);
	fill(body, 0, 1000);
	ck_assert_int_eq(patch(u, &a, path, 0, body, 1000), 204);
	mummy_upload_free(u);
	snprintf(file, sizeof file, "%s/.%s.part", folder, strrchr(path, '/') + 1);
	fd = open(file, O_WRONLY | O_APPEND);
	ck_assert_int_eq(write(fd, "garbage", 7), 7);
	close(fd);
	u = open_dir(folder, &dir, NULL);
	off = offset_of(u, path);
	complete(u, path, (uint64_t)off, 5000);
	mummy_upload_free(u);
	wipe(folder);
	return off;
}

START_TEST(a_power_cut_leaves_what_was_synced)
{
	char folder[64], path[128];

	ck_assert_int_eq(after_power_cut(MUMMY_UPLOAD_SYNC_ACK, 0, folder, path), 1000);
	ck_assert_int_eq(after_power_cut(MUMMY_UPLOAD_SYNC_FINISH, 0, folder, path), 0);
	ck_assert_int_eq(after_power_cut(MUMMY_UPLOAD_SYNC_FINISH, 1, folder, path), 1000);
}
END_TEST

START_TEST(a_change_of_policy_loses_nothing)
{
	for (int from = 0; from < 3; from++)
		for (int to = 0; to < 3; to++) {
			struct mummy_upload_dir_options a = { .sync = policies[from] }, b = { .sync = policies[to] };
			char folder[64], path[128];
			mummy_upload *u = open_dir(fresh(folder), &a, NULL);
			int64_t told;

			create(u, LEN, path);
			mummy_upload_free(u);
			told = run_and_kill(folder, &a, path, 3);
			told = run_and_kill(folder, &b, path, 3) > told ? told + 1 : told;
			u = open_dir(folder, &b, NULL);
			ck_assert_int_ge(offset_of(u, path), told);
			complete(u, path, (uint64_t)offset_of(u, path), LEN);
			mummy_upload_free(u);
			wipe(folder);
		}
}
END_TEST

START_TEST(a_deferred_length_survives)
{
	char folder[64], path[128];
	mummy_upload *u = open_dir(fresh(folder), NULL, NULL);
	struct answer a;

	ck_assert_int_eq(ask(u, &a, "POST", "/files/", NULL, 0, "Upload-Defer-Length", "1", NULL), 201);
	snprintf(path, sizeof path, "%s", field(&a, "Location"));
	ck_assert_int_eq(patch(u, &a, path, 0, "0123", 4), 204);
	mummy_upload_free(u);
	u = open_dir(folder, NULL, NULL);
	ck_assert_int_eq(ask(u, &a, "HEAD", path, NULL, 0, NULL), 200);
	ck_assert_str_eq(field(&a, "Upload-Defer-Length"), "1");
	ck_assert_int_eq(ask(u, &a, "PATCH", path, NULL, 0, TUS_TYPE, "Upload-Offset", "4", "Upload-Length", "8", NULL),
			 204);
	mummy_upload_free(u);
	u = open_dir(folder, NULL, NULL);
	ck_assert_int_eq(ask(u, &a, "HEAD", path, NULL, 0, NULL), 200);
	ck_assert_str_eq(field(&a, "Upload-Length"), "8");
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

SUITE_MAIN("upload/dir_upload", uploads_survive_a_restart, nothing_acknowledged_is_lost_by_sigkill,
	   a_power_cut_leaves_what_was_synced, a_change_of_policy_loses_nothing, a_deferred_length_survives)
