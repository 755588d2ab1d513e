#include <config.h>
#include "fake.h"

/* A store whose writes can be held up, to look at what happens meanwhile. */
struct slow {
	struct mummy_upload_store real;
	pthread_mutex_t lock;
	pthread_cond_t change;
	int hold, inside, writes;
};
static struct slow slow;

static int slow_writev(void *h, uint64_t off, const struct iovec *iov, int n)
{
	pthread_mutex_lock(&slow.lock);
	slow.inside++;
	slow.writes++;
	pthread_cond_broadcast(&slow.change);
	while (slow.hold)
		pthread_cond_wait(&slow.change, &slow.lock);
	slow.inside--;
	pthread_mutex_unlock(&slow.lock);
	return slow.real.writev(h, off, iov, n);
}

static mummy_upload *open_slow(const struct mummy_upload_options *opt)
{
	struct mummy_upload_store store;
	mummy_upload *u = NULL;

	memset(&slow, 0, sizeof slow);
	pthread_mutex_init(&slow.lock, NULL);
	pthread_cond_init(&slow.change, NULL);
	ck_assert_int_eq(mummy_upload_memory_store(&slow.real, 0), 0);
	store = slow.real;
	store.writev = slow_writev;
	ck_assert_int_eq(mummy_upload_new(&u, &store, opt), 0);
	return u;
}

static void hold(int on)
{
	pthread_mutex_lock(&slow.lock);
	slow.hold = on;
	pthread_cond_broadcast(&slow.change);
	pthread_mutex_unlock(&slow.lock);
}

static void await_inside(void)
{
	pthread_mutex_lock(&slow.lock);
	while (!slow.inside)
		pthread_cond_wait(&slow.change, &slow.lock);
	pthread_mutex_unlock(&slow.lock);
}

static void count_cancel(void *conn)
{
	__atomic_add_fetch((int *)conn, 1, __ATOMIC_SEQ_CST);
}

static mummy_upload_transfer *begin_patch(mummy_upload *u, const char *path, uint64_t off, int *canceled)
{
	struct fake_fields f = { .n = 0 };
	struct mummy_upload_request req;
	mummy_upload_transfer *t = NULL;
	mummy_upload_reply *r = NULL;
	char text[32];

	snprintf(text, sizeof text, "%" PRIu64, off);
	put_field(&f, "Tus-Resumable", "1.0.0");
	put_field(&f, "Content-Type", "application/offset+octet-stream");
	put_field(&f, "Upload-Offset", text);
	req = fake_request("PATCH", path, &f, MUMMY_UPLOAD_UNKNOWN);
	req.cancel = count_cancel;
	req.conn = canceled;
	if (mummy_upload_begin(u, &req, &r, &t) == 1)
		return t;
	mummy_upload_reply_free(r);
	return NULL;
}

START_TEST(a_body_that_was_not_whole_says_why_and_is_kept)
{
	static const struct { int status, answer; } ends[] = { { -EPIPE, 400 }, { -EBADMSG, 400 }, { -ETIMEDOUT, 408 } };
	mummy_upload *u = open_memory(NULL);
	struct answer a;
	char path[128];
	int canceled = 0;

	create(u, 10, path);
	for (int i = 0; i < 3; i++) {
		mummy_upload_transfer *t = begin_patch(u, path, (uint64_t)i * 2, &canceled);

		ck_assert_int_eq(mummy_upload_write(t, "ab", 2), 0);
		ck_assert_int_eq(feed(t, NULL, 0, ends[i].status, &a), ends[i].answer);
		ck_assert_int_eq(offset_of(u, path), i * 2 + 2);
	}
	mummy_upload_free(u);
}
END_TEST

START_TEST(a_newer_writer_takes_over_from_an_idle_one)
{
	mummy_upload *u = open_memory(NULL);
	struct mummy_upload_stats st;
	struct answer a;
	char path[128];
	int canceled[2] = { 0, 0 };
	mummy_upload_transfer *old, *young;

	create(u, 10, path);
	old = begin_patch(u, path, 0, &canceled[0]);
	ck_assert_int_eq(mummy_upload_write(old, "0123", 4), 0);
	ck_assert_int_eq(offset_of(u, path), 4);
	ck_assert_int_eq(canceled[0], 0);
	young = begin_patch(u, path, 4, &canceled[1]);
	ck_assert_int_eq(canceled[0], 1);
	ck_assert_int_eq(mummy_upload_write(old, "XXXX", 4), -ECANCELED);
	ck_assert_int_eq(mummy_upload_write(young, "456789", 6), 0);
	ck_assert_int_eq(mummy_upload_write(old, "XXXX", 4), -ECANCELED);
	ck_assert_int_eq(feed(old, NULL, 0, -ECANCELED, &a), 423);
	ck_assert_int_eq(feed(young, NULL, 0, 0, &a), 204);
	ck_assert_str_eq(field(&a, "Upload-Offset"), "10");
	mummy_upload_stats_get(u, &st);
	ck_assert_uint_eq(st.takeovers, 1);
	ck_assert_uint_eq(st.writing, 0);
	ck_assert_uint_eq(st.finished, 1);
	mummy_upload_free(u);
}
END_TEST

START_TEST(a_wrong_offset_does_not_disturb_the_writer)
{
	mummy_upload *u = open_memory(NULL);
	struct answer a;
	char path[128];
	int canceled = 0;
	mummy_upload_transfer *t;

	create(u, 10, path);
	t = begin_patch(u, path, 0, &canceled);
	ck_assert_int_eq(mummy_upload_write(t, "0123", 4), 0);
	ck_assert_int_eq(patch(u, &a, path, 0, "zz", 2), 409);
	ck_assert_str_eq(field(&a, "Upload-Offset"), "4");
	ck_assert_int_eq(patch(u, &a, path, 4, "01234567", 8), 413);
	ck_assert_int_eq(canceled, 0);
	ck_assert_int_eq(mummy_upload_write(t, "456789", 6), 0);
	ck_assert_int_eq(feed(t, NULL, 0, 0, &a), 204);
	mummy_upload_free(u);
}
END_TEST

START_TEST(delete_cuts_the_writer_off)
{
	mummy_upload *u = open_memory(NULL);
	struct answer a;
	char path[128];
	int canceled = 0;
	mummy_upload_transfer *t;

	create(u, 10, path);
	t = begin_patch(u, path, 0, &canceled);
	ck_assert_int_eq(mummy_upload_write(t, "0123", 4), 0);
	ck_assert_int_eq(ask(u, &a, "DELETE", path, NULL, 0, NULL), 204);
	ck_assert_int_eq(canceled, 1);
	ck_assert_int_eq(mummy_upload_write(t, "4", 1), -ENOENT);
	ck_assert_int_eq(offset_of(u, path), -1);
	ck_assert_int_eq(feed(t, NULL, 0, -ENOENT, &a), 404);
	ck_assert_int_eq(offset_of(u, path), -1);
	mummy_upload_free(u);
}
END_TEST

struct writer {
	mummy_upload_transfer *t;
	int rc, status;
};

static void *write_one(void *arg)
{
	struct writer *w = arg;
	struct answer a;

	w->rc = mummy_upload_write(w->t, "01234", 5);
	w->status = feed(w->t, NULL, 0, w->rc, &a);
	return NULL;
}

struct newcomer {
	mummy_upload *u;
	const char *path;
	int canceled;
	struct answer a;
	int64_t offset;
};

static void *take_over(void *arg)
{
	struct newcomer *n = arg;

	n->offset = offset_of(n->u, n->path);
	patch(n->u, &n->a, n->path, 5, "56789", 5);
	return NULL;
}

START_TEST(a_newcomer_waits_for_the_running_write_only)
{
	mummy_upload *u = open_slow(NULL);
	char path[128];
	int canceled = 0;
	struct writer w = { .rc = 1 };
	struct newcomer n = { .u = u, .path = path };
	pthread_t a, b;

	create(u, 10, path);
	w.t = begin_patch(u, path, 0, &canceled);
	hold(1);
	pthread_create(&a, NULL, write_one, &w);
	await_inside();
	pthread_create(&b, NULL, take_over, &n);
	hold(0);
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	/* its octets were under way, so they count; what comes next is the newcomer's */
	ck_assert_int_eq(w.rc, 0);
	ck_assert_int_eq(n.offset, 5);
	ck_assert_int_eq(n.a.status, 204);
	ck_assert_int_eq(offset_of(u, path), 10);
	mummy_upload_free(u);
}
END_TEST

/* Many threads at one upload, each going on from where HEAD says; each octet tells its offset. */
struct fight {
	mummy_upload *u;
	const char *path;
	uint64_t length;
};

static void *fight(void *arg)
{
	const struct fight *f = arg;
	struct answer a;
	char body[64];
	int64_t off;
	int ignored = 0;

	while ((off = offset_of(f->u, f->path)) >= 0 && (uint64_t)off < f->length) {
		size_t n = f->length - (uint64_t)off < sizeof body ? f->length - (uint64_t)off : sizeof body;
		mummy_upload_transfer *t = begin_patch(f->u, f->path, (uint64_t)off, &ignored);

		for (size_t i = 0; i < n; i++)
			body[i] = (char)(((uint64_t)off + i) % 251);
		if (t) {
			int rc = 0;

			for (size_t at = 0; at < n && rc == 0; at += 7)
				rc = mummy_upload_write(t, body + at, n - at < 7 ? n - at : 7);
			feed(t, NULL, 0, rc, &a);
		}
	}
	return NULL;
}

static void fight_over(mummy_upload *u)
{
	struct fight f = { .u = u, .length = 20000 };
	char path[128], *back = malloc(20000);
	pthread_t th[4];

	f.path = create(u, f.length, path);
	for (int i = 0; i < 4; i++)
		pthread_create(&th[i], NULL, fight, &f);
	for (int i = 0; i < 4; i++)
		pthread_join(th[i], NULL);
	ck_assert_int_eq(offset_of(u, path), 20000);
	if (u->store.read) {
		ck_assert_int_eq(content(u, path, back, 20000), 20000);
		for (int i = 0; i < 20000; i++)
			ck_assert_int_eq((unsigned char)back[i], i % 251);
	}
	free(back);
}

START_TEST(threads_that_fight_over_an_upload_leave_it_whole)
{
	struct mummy_upload_dir_options none = { .sync = MUMMY_UPLOAD_SYNC_NONE };
	char folder[64];
	mummy_upload *u = open_memory(NULL);

	fight_over(u);
	mummy_upload_free(u);
	u = open_dir(fresh(folder), &none, NULL);
	fight_over(u);
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

/* An executor whose wait and wake work on a token of two words. */
static pthread_mutex_t ex_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ex_change = PTHREAD_COND_INITIALIZER;

static int ex_wait(void *ctx, void *token, int timeout_ms)
{
	uintptr_t *word = token;

	(void)timeout_ms;
	pthread_mutex_lock(&ex_lock);
	while (!word[0])
		pthread_cond_wait(&ex_change, &ex_lock);
	++*(int *)ctx;
	pthread_mutex_unlock(&ex_lock);
	return 0;
}

static void ex_wake(void *ctx, void *token)
{
	(void)ctx;
	pthread_mutex_lock(&ex_lock);
	((uintptr_t *)token)[0] = 1;
	pthread_cond_broadcast(&ex_change);
	pthread_mutex_unlock(&ex_lock);
}

START_TEST(waiting_goes_through_the_executor)
{
	int waits = 0;
	struct mummy_upload_options opt = { .executor = { .ctx = &waits, .wait = ex_wait, .wake = ex_wake } };
	mummy_upload *u = open_memory(&opt);

	fight_over(u);
	mummy_upload_free(u);
}
END_TEST

static void *come_and_go(void *arg)
{
	mummy_upload *u = arg;
	struct answer a;
	char path[128];

	for (int i = 0; i < 60; i++) {
		create(u, 8, path);
		patch(u, &a, path, 0, "01234567", i % 2 ? 8 : 4);
		offset_of(u, path);
		ck_assert_int_eq(ask(u, &a, "DELETE", path, NULL, 0, NULL), 204);
		mummy_upload_cleanup(u, NULL);
	}
	return NULL;
}

START_TEST(sessions_and_uploads_come_and_go)
{
	struct mummy_upload_options opt = { .max_uploads_per_client = 100, .expire_s = 100 };
	mummy_upload *u = open_memory(&opt);
	struct mummy_upload_stats st;
	pthread_t th[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&th[i], NULL, come_and_go, u);
	for (int i = 0; i < 4; i++)
		pthread_join(th[i], NULL);
	mummy_upload_stats_get(u, &st);
	ck_assert_uint_eq(st.open, 0);
	ck_assert_uint_eq(st.terminated, 240);
	for (int i = 0; i < MUP_BUCKETS; i++) {
		ck_assert_ptr_null(u->sessions[i]);
		ck_assert_ptr_null(u->clients[i]);
	}
	mummy_upload_free(u);
}
END_TEST

SUITE_MAIN("upload/session", a_body_that_was_not_whole_says_why_and_is_kept,
	   a_newer_writer_takes_over_from_an_idle_one, a_wrong_offset_does_not_disturb_the_writer,
	   delete_cuts_the_writer_off, a_newcomer_waits_for_the_running_write_only,
	   threads_that_fight_over_an_upload_leave_it_whole, waiting_goes_through_the_executor,
	   sessions_and_uploads_come_and_go)
