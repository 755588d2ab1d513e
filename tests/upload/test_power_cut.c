/*
 * The power is cut at each change that a store makes to its folder, and the folder is built again as a disk
 * may hold it then; and its process is killed there. MUMMY_POWER_CUTS: how many cuts for each policy (200).
 */
#include <config.h>
#define SUITE_TIMEOUT_S 600
#include "dir.h"
#include "disk.h"

#define UPLOADS 12
#define LEN 20000

/* What the client was told of an upload, and after how many changes; the last one counts. */
struct told {
	int at, upload, finished, gone;
	uint64_t offset;
};
static struct told told[256];
static int tolds, paths;
static char path_of[UPLOADS][128];
static uint64_t length_of[UPLOADS];
static int partial[UPLOADS];
static char octets[UPLOADS][LEN];

static void tell(int upload, uint64_t offset, int finished, int gone)
{
	ck_assert_int_lt(tolds, 256);
	told[tolds++] = (struct told){ disk_ops, upload, finished, gone, offset };
}

static int new_upload(mummy_upload *u, uint64_t length, uint64_t with, const char *concat)
{
	struct answer a;
	char text[32];
	int i = paths++;

	snprintf(text, sizeof text, "%" PRIu64, length);
	ck_assert_int_eq(ask(u, &a, "POST", "/files/", octets[i], with, TUS_TYPE, "Upload-Length", text,
			     concat ? "Upload-Concat" : "X-Nothing", concat ? concat : "", NULL), 201);
	snprintf(path_of[i], sizeof path_of[i], "%s", field(&a, "Location"));
	length_of[i] = length;
	partial[i] = concat != NULL;
	tell(i, with, with == length && !concat, 0);
	return i;
}

static void send_to(mummy_upload *u, int i, uint64_t n, int checked)
{
	char off[32], said[128];
	struct answer a;
	uint64_t at = (uint64_t)offset_of(u, path_of[i]);

	snprintf(off, sizeof off, "%" PRIu64, at);
	checksum_of("sha1", GNUTLS_DIG_SHA1, octets[i] + at, n - (checked == 2), said);
	ck_assert_int_eq(ask(u, &a, "PATCH", path_of[i], octets[i] + at, n, TUS_TYPE, "Upload-Offset", off,
			     checked ? "Upload-Checksum" : "X-Nothing", said, NULL), checked == 2 ? 460 : 204);
	if (checked != 2)
		tell(i, at + n, at + n == length_of[i] && !partial[i], 0);
}

/* The whole life of some uploads. */
static void live(mummy_upload *u)
{
	char concat[300];
	struct answer a;
	int i, one, two;

	fake_piece = 1500;
	i = new_upload(u, LEN, 0, NULL);
	for (int k = 0; k < 4; k++) {
		fake_pipes = k & 1;
		send_to(u, i, LEN / 4, 0);
	}
	i = new_upload(u, 9000, 4000, NULL);
	send_to(u, i, 5000, 0);
	i = new_upload(u, 8000, 0, NULL);
	send_to(u, i, 3000, 1);
	send_to(u, i, 2000, 2);
	send_to(u, i, 5000, 1);
	i = new_upload(u, 5000, 5000, NULL);
	ck_assert_int_eq(ask(u, &a, "DELETE", path_of[i], NULL, 0, NULL), 204);
	tell(i, 0, 0, 1);
	i = new_upload(u, 5000, 2000, NULL);
	ck_assert_int_eq(ask(u, &a, "DELETE", path_of[i], NULL, 0, NULL), 204);
	tell(i, 0, 0, 1);
	one = new_upload(u, 4000, 4000, "partial");
	two = new_upload(u, 3000, 1000, "partial");
	send_to(u, two, 2000, 0);
	snprintf(concat, sizeof concat, "final;%s %s", path_of[one], path_of[two]);
	ck_assert_int_eq(ask(u, &a, "POST", "/files/", NULL, 0, "Upload-Concat", concat, NULL), 201);
	i = paths++;
	snprintf(path_of[i], sizeof path_of[i], "%s", field(&a, "Location"));
	memcpy(octets[i], octets[one], 4000);
	memcpy(octets[i] + 4000, octets[two], 3000);
	length_of[i] = 7000;
	partial[i] = 0;
	tell(i, 7000, 1, 0);
	fake_pipes = 1;
	i = new_upload(u, LEN, 3000, NULL);
	send_to(u, i, 3000, 0);
	fake_pipes = 0;
}

static void record(enum mummy_upload_sync sync)
{
	const struct mummy_upload_dir_options dir = { .sync = sync };
	char folder[64];
	mummy_upload *u;

	disk_forget();
	tolds = paths = 0;
	for (int i = 0; i < UPLOADS; i++)
		for (int k = 0; k < LEN; k++)
			octets[i][k] = (char)(1 + (k * 31 + i * 7 + k / 251) % 255);
	fresh(folder);
	disk_armed = 1;
	u = open_dir(folder, &dir, NULL);
	live(u);
	disk_armed = 0;
	mummy_upload_free(u);
	wipe(folder);
}

/* What the client knew of an upload when the power went. */
static struct told known(int upload, int cut)
{
	struct told last = { -1, upload, 0, 0, 0 };

	for (int i = 0; i < tolds; i++)
		if (told[i].upload == upload && told[i].at <= cut)
			last = told[i];
	return last;
}

static int64_t content_is(mummy_upload *u, int i)
{
	static char back[LEN];
	ssize_t n = content(u, path_of[i], back, sizeof back);

	return n >= 0 && memcmp(back, octets[i], (size_t)n) == 0 ? n : -1;
}

/* 1: what is there of an upload is right, and it can be gone on with. */
static int goes_on(mummy_upload *u, int i)
{
	struct answer a;
	char off[32];
	int64_t at = offset_of(u, path_of[i]);

	if (at < 0 || (uint64_t)at > length_of[i])
		return 0;
	snprintf(off, sizeof off, "%" PRId64, at);
	if (ask(u, &a, "HEAD", path_of[i], NULL, 0, NULL) == 200 && field(&a, "Upload-Concat"))
		return 1;
	if ((uint64_t)at < length_of[i] && patch(u, &a, path_of[i], (uint64_t)at, octets[i] + at, length_of[i] - (size_t)at)
	    != 204)
		return 0;
	return content_is(u, i) == (int64_t)length_of[i];
}

/* NULL, or what was promised and not kept. */
static const char *broken_promise(mummy_upload *u, const struct told *k, int all_acknowledged)
{
	int64_t at = offset_of(u, path_of[k->upload]);

	if (k->at < 0)
		return at >= 0 && !goes_on(u, k->upload) ? "an upload that nobody knew of is wrong" : NULL;
	if (k->gone)
		return at >= 0 && !goes_on(u, k->upload) ? "an upload that was removed is there, and wrong" : NULL;
	if (k->finished && content_is(u, k->upload) != (int64_t)length_of[k->upload])
		return "a finished upload is lost or wrong";
	if (all_acknowledged && at < (int64_t)k->offset)
		return "an acknowledged octet is lost";
	return at >= 0 && !goes_on(u, k->upload) ? "an upload is wrong, or cannot be gone on with" : NULL;
}

/* A removal may have been under way for an upload that was known. */
static int may_be_gone(int upload, int cut)
{
	for (int i = 0; i < tolds; i++)
		if (told[i].upload == upload && told[i].gone && told[i].at > cut)
			return i > 0 && known(upload, cut).at >= 0 && told[i - 1].at <= cut;
	return 0;
}

enum { POWER_CUT, KILL };

static const char *cut_at(int cut, int mood, enum mummy_upload_sync sync, int syncs, int what)
{
	const struct mummy_upload_dir_options dir = { .sync = sync };
	struct mummy_upload_store store;
	const char *wrong = NULL;
	char folder[64];
	mummy_upload *u;

	fresh(folder);
	disk_build(folder, cut, mood, syncs);
	ck_assert_int_eq(mummy_upload_dir_store(&store, folder, &dir), 0);
	if (what == POWER_CUT)
		strcpy(((struct mup_dir *)store.ctx)->boot, "after the cut");
	ck_assert_int_eq(mummy_upload_new(&u, &store, NULL), 0);
	if (what == KILL && u->stats.quarantined)
		wrong = "an upload was quarantined";
	for (int i = 0; !wrong && i < paths; i++) {
		const struct told k = known(i, cut);

		if (!may_be_gone(i, cut))
			wrong = broken_promise(u, &k, what == KILL || sync == MUMMY_UPLOAD_SYNC_ACK);
	}
	mummy_upload_free(u);
	wipe(folder);
	return wrong;
}

static int cuts(void)
{
	const char *text = getenv("MUMMY_POWER_CUTS");

	return text && atoi(text) > 0 ? atoi(text) : 200;
}

/* The cuts are spread over all changes; each has its own chance. How many broke a promise. */
static int cut_all(enum mummy_upload_sync sync, int syncs)
{
	const int n = cuts();
	int wrong = 0;

	record(sync);
	for (int i = 0; i < n; i++) {
		const int cut = (int)((int64_t)i * 7919 % (disk_ops + 1)), mood = i / (disk_ops + 1) % 4 ? 2 : i % 5;
		const char *what;

		disk_seed = (uint64_t)i * 2654435761u + 1;
		what = cut_at(cut, mood, sync, syncs, POWER_CUT);
		ck_assert_msg(!what || !syncs, "cut %d of %d, after %d of %d changes, mood %d: %s", i, n, cut, disk_ops, mood,
			      what);
		wrong += what != NULL;
	}
	disk_forget();
	return wrong;
}

START_TEST(what_was_acknowledged_survives)
{
	ck_assert_int_eq(cut_all(MUMMY_UPLOAD_SYNC_ACK, 1), 0);
}
END_TEST

START_TEST(what_is_finished_survives)
{
	ck_assert_int_eq(cut_all(MUMMY_UPLOAD_SYNC_FINISH, 1), 0);
}
END_TEST

/* The test would find a store that does not sync. */
START_TEST(without_fsync_it_does_not)
{
	ck_assert_int_gt(cut_all(MUMMY_UPLOAD_SYNC_ACK, 0), cuts() / 20);
	ck_assert_int_gt(cut_all(MUMMY_UPLOAD_SYNC_FINISH, 0), cuts() / 20);
}
END_TEST

/* A process that is killed leaves all that it did up to then. */
START_TEST(what_was_acknowledged_survives_the_process)
{
	const int step = cuts() < 1000 ? 5 : 1;

	for (int sync = 0; sync <= MUMMY_UPLOAD_SYNC_NONE; sync++) {
		record((enum mummy_upload_sync)sync);
		for (int cut = sync; cut <= disk_ops; cut += step) {
			const int within = cut < disk_ops && disk_op[cut].second;
			const char *what = within ? NULL : cut_at(cut, 1, (enum mummy_upload_sync)sync, 1, KILL);

			ck_assert_msg(!what, "killed after %d of %d changes, policy %d: %s", cut, disk_ops, sync, what);
		}
		disk_forget();
	}
}
END_TEST

SUITE_MAIN("upload/power_cut", what_was_acknowledged_survives_the_process, what_was_acknowledged_survives, what_is_finished_survives, without_fsync_it_does_not)
