#include <config.h>
#include "fake.h"

struct seen {
	mummy_upload *u;
	int pre_create, pre_finish, post_finish, progress, terminated, expired;
	int removing[2];                   /* to be terminated, to expire */
	int refuse_create, refuse_finish;
	const char *refusal;
	char content[16], name[64], request_id[80];
};

static void remember(struct seen *s, const struct mummy_upload_info *info)
{
	snprintf(s->request_id, sizeof s->request_id, "%s", info->request_id ? info->request_id : "none");
}

static int pre_create(void *ctx, const struct mummy_upload_request *req, const struct mummy_upload_info *info,
		      struct mummy_upload_grant *grant)
{
	struct seen *s = ctx;

	s->pre_create++;
	remember(s, info);
	ck_assert_str_eq(req->method, "POST");
	ck_assert(mup_id_valid(info->id, strlen(info->id)));
	if (s->refuse_create)
		snprintf(grant->text, sizeof grant->text, "not today");
	snprintf(grant->name, sizeof grant->name, "%s", "../granted.txt");
	grant->max_bytes = 8;
	grant->expire_s = 5;
	return s->refuse_create;
}

static int pre_finish(void *ctx, const struct mummy_upload_info *info, int fd, char text[MUMMY_UPLOAD_TEXT])
{
	struct seen *s = ctx;
	struct mummy_upload_stats st;

	s->pre_finish++;
	ck_assert_uint_eq(info->offset, info->length);
	if (fd >= 0)
		ck_assert_int_eq(read(fd, s->content, sizeof s->content - 1), (ssize_t)info->length);
	mummy_upload_stats_get(s->u, &st);
	remember(s, info);
	ck_assert_str_eq(text, "");
	if (s->refusal)
		snprintf(text, MUMMY_UPLOAD_TEXT, "%s", s->refusal);
	return s->refuse_finish;
}

static void post_finish(void *ctx, const struct mummy_upload_info *info)
{
	struct seen *s = ctx;
	struct answer a;
	char path[128];

	s->post_finish++;
	remember(s, info);
	snprintf(s->name, sizeof s->name, "%s", info->name);
	ck_assert_int_eq(info->state, MUMMY_UPLOAD_FINISHED);
	/* it may call everything */
	snprintf(path, sizeof path, "/files/%s", info->id);
	ck_assert_int_eq(ask(s->u, &a, "HEAD", path, NULL, 0, NULL), 200);
}

static void progress(void *ctx, const struct mummy_upload_info *info)
{
	((struct seen *)ctx)->progress++;
	ck_assert_uint_gt(info->offset, 0);
}

/* Before each of the two, and never else. */
static void removing(void *ctx, const struct mummy_upload_info *info, int expires)
{
	struct seen *s = ctx;

	remember(s, info);
	s->removing[expires]++;
	ck_assert_int_eq(s->terminated + s->expired, s->removing[0] + s->removing[1] - 1);
}

static void terminated(void *ctx, const struct mummy_upload_info *info)
{
	remember(ctx, info);
	ck_assert_int_eq(((struct seen *)ctx)->removing[0], ((struct seen *)ctx)->terminated + 1);
	((struct seen *)ctx)->terminated++;
}

static void expired(void *ctx, const struct mummy_upload_info *info)
{
	(void)info;
	((struct seen *)ctx)->expired++;
	ck_assert_int_eq(((struct seen *)ctx)->removing[1], ((struct seen *)ctx)->expired);
}

static struct mummy_upload_options options(struct seen *s)
{
	memset(s, 0, sizeof *s);
	return (struct mummy_upload_options){ .ctx = s, .events = { pre_create, pre_finish, post_finish, progress,
		terminated, expired, removing, { 0 } } };
}

START_TEST(each_event_comes_once_and_in_order)
{
	struct seen s;
	struct mummy_upload_options opt = options(&s);
	char folder[64], path[128];
	struct answer a;

	s.u = open_dir(fresh(folder), NULL, &opt);
	create(s.u, 4, path);
	ck_assert_int_eq(s.pre_create, 1);
	ck_assert_int_eq(patch(s.u, &a, path, 0, "01", 2), 204);
	ck_assert_int_eq(s.pre_finish, 0);
	ck_assert_int_eq(patch(s.u, &a, path, 2, "23", 2), 204);
	ck_assert_int_eq(s.pre_finish, 1);
	ck_assert_int_eq(s.post_finish, 1);
	ck_assert_str_eq(s.content, "0123");
	ck_assert_str_eq(s.name, "granted.txt");
	ck_assert_int_eq(s.progress, 0);
	ck_assert_int_eq(ask(s.u, &a, "DELETE", path, NULL, 0, NULL), 204);
	ck_assert_int_eq(s.terminated, 1);
	mummy_upload_free(s.u);
	ck_assert_int_eq(wipe(folder), 0);
}
END_TEST

START_TEST(creation_can_be_refused)
{
	struct seen s;
	struct mummy_upload_options opt = options(&s);
	struct answer a;

	s.refuse_create = 403;
	s.u = open_memory(&opt);
	ck_assert_int_eq(ask(s.u, &a, "POST", "/files/", NULL, 0, "Upload-Length", "1", NULL), 403);
	ck_assert_str_eq(a.text, "not today\n");
	s.refuse_create = 12345;
	ck_assert_int_eq(ask(s.u, &a, "POST", "/files/", NULL, 0, "Upload-Length", "1", NULL), 500);
	s.refuse_create = 0;
	ck_assert_int_eq(ask(s.u, &a, "POST", "/files/", NULL, 0, "Upload-Length", "9", NULL), 413);
	ck_assert_int_eq(ask(s.u, &a, "POST", "/files/", NULL, 0, "Upload-Length", "8", NULL), 201);
	mummy_upload_free(s.u);
}
END_TEST

START_TEST(finishing_can_be_refused)
{
	struct seen s;
	struct mummy_upload_options opt = options(&s);
	struct mummy_upload_stats st;
	char path[128];
	struct answer a;

	s.u = open_memory(&opt);
	s.refuse_finish = 422;
	create(s.u, 4, path);
	ck_assert_int_eq(patch(s.u, &a, path, 0, "0123", 4), 422);
	ck_assert_int_eq(offset_of(s.u, path), -1);
	ck_assert_int_eq(s.post_finish, 0);
	mummy_upload_stats_get(s.u, &st);
	ck_assert_uint_eq(st.open, 0);
	ck_assert_str_eq(a.text, "the content was refused\n");
	/* in words of its own, which are one line */
	s.refusal = "a virus:\r\nX";
	create(s.u, 4, path);
	ck_assert_int_eq(patch(s.u, &a, path, 0, "0123", 4), 422);
	ck_assert_str_eq(a.text, "a virus:  X\n");
	ck_assert_int_eq(ask(s.u, &a, "POST", "/files/", NULL, 0, "Upload-Length", "0", NULL), 422);
	ck_assert_str_eq(a.text, "a virus:  X\n");
	ck_assert_ptr_null(field(&a, "Location"));
	/* there is nothing any more where a creation with all octets would have been */
	ck_assert_int_eq(ask(s.u, &a, "POST", "/files/", "0123", 4, TUS_TYPE, "Upload-Length", "4", NULL), 422);
	ck_assert_str_eq(a.text, "a virus:  X\n");
	ck_assert_ptr_null(field(&a, "Location"));
	/* but there is when nobody could be asked */
	s.refuse_finish = -ETIMEDOUT;
	ck_assert_int_eq(ask(s.u, &a, "POST", "/files/", "0123", 4, TUS_TYPE, "Upload-Length", "4", NULL), 503);
	ck_assert_ptr_nonnull(field(&a, "Location"));
	mummy_upload_free(s.u);
}
END_TEST

/* Nobody is there to ask: what was sent is kept, and the next request asks again. */
START_TEST(finishing_can_be_put_off)
{
	struct seen s;
	struct mummy_upload_options opt = options(&s);
	char path[128];
	struct answer a;

	s.u = open_memory(&opt);
	s.refuse_finish = -ETIMEDOUT;
	create(s.u, 4, path);
	ck_assert_int_eq(patch(s.u, &a, path, 0, "0123", 4), 503);
	ck_assert_int_eq(ask(s.u, &a, "HEAD", path, NULL, 0, NULL), 503);
	ck_assert_int_eq(s.pre_finish, 2);
	s.refuse_finish = 0;
	ck_assert_int_eq(offset_of(s.u, path), 4);
	ck_assert_int_eq(s.pre_finish, 3);
	ck_assert_int_eq(s.post_finish, 1);
	mummy_upload_free(s.u);
}
END_TEST

/* Of the request that caused it, also where its body comes long after its head. */
START_TEST(events_name_their_request)
{
	struct seen s;
	struct mummy_upload_options opt = options(&s);
	char path[128];
	struct answer a;

	s.u = open_memory(&opt);
	fake_request_id = "a-1";
	create(s.u, 4, path);
	ck_assert_str_eq(s.request_id, "a-1");
	fake_request_id = "b-2";
	ck_assert_int_eq(patch(s.u, &a, path, 0, "0123", 4), 204);
	ck_assert_str_eq(s.request_id, "b-2");
	ck_assert_int_eq(s.pre_finish + s.post_finish, 2);
	fake_request_id = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";
	ck_assert_int_eq(ask(s.u, &a, "DELETE", path, NULL, 0, NULL), 204);
	ck_assert_int_eq(s.terminated, 1);
	create(s.u, 4, path);
	fake_request_id = NULL;
	ck_assert_int_eq(patch(s.u, &a, path, 0, "0123", 4), 204);
	ck_assert_str_eq(s.request_id, "none");
	ck_assert_int_eq(mummy_upload_remove(s.u, strrchr(path, '/') + 1), 0);
	ck_assert_str_eq(s.request_id, "none");
	mummy_upload_free(s.u);
}
END_TEST

struct slow {
	mummy_upload *u;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int waiting, go;
};

static int wait_for_go(void *ctx, const struct mummy_upload_info *info, int fd, char text[MUMMY_UPLOAD_TEXT])
{
	struct slow *s = ctx;

	(void)info, (void)fd, (void)text;
	pthread_mutex_lock(&s->lock);
	s->waiting = 1;
	pthread_cond_broadcast(&s->changed);
	while (!s->go)
		pthread_cond_wait(&s->changed, &s->lock);
	pthread_mutex_unlock(&s->lock);
	return 0;
}

struct sender {
	struct slow *slow;
	char path[128];
	int status;
};

static void *send_all(void *arg)
{
	struct sender *s = arg;
	struct answer a;

	s->status = patch(s->slow->u, &a, s->path, 0, "0123", 4);
	return NULL;
}

/* While one upload is checked, all else goes on, requests for this very upload too. */
START_TEST(a_slow_check_holds_nothing_else_up)
{
	struct slow slow = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
	struct mummy_upload_options opt = { .ctx = &slow, .events = { .pre_finish = wait_for_go } };
	struct sender one = { .slow = &slow }, two = { .slow = &slow };
	struct mummy_upload_stats st;
	pthread_t a, b;
	struct answer answer;
	char path[128];

	slow.u = open_memory(&opt);
	create(slow.u, 4, one.path);
	create(slow.u, 4, two.path);
	ck_assert_int_eq(pthread_create(&a, NULL, send_all, &one), 0);
	pthread_mutex_lock(&slow.lock);
	while (!slow.waiting)
		pthread_cond_wait(&slow.changed, &slow.lock);
	pthread_mutex_unlock(&slow.lock);
	ck_assert_int_eq(offset_of(slow.u, one.path), 4);
	create(slow.u, 4, path);
	ck_assert_int_eq(patch(slow.u, &answer, path, 0, "01", 2), 204);
	mummy_upload_stats_get(slow.u, &st);
	ck_assert_uint_eq(st.open, 3);
	ck_assert_int_eq(pthread_create(&b, NULL, send_all, &two), 0);
	pthread_mutex_lock(&slow.lock);
	slow.go = 1;
	pthread_cond_broadcast(&slow.changed);
	pthread_mutex_unlock(&slow.lock);
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	ck_assert_int_eq(one.status, 204);
	ck_assert_int_eq(two.status, 204);
	mummy_upload_free(slow.u);
}
END_TEST

START_TEST(progress_is_throttled)
{
	struct seen s;
	struct mummy_upload_options opt = options(&s);
	char path[128];
	struct answer a;

	opt.progress_ms = 1;
	s.u = open_memory(&opt);
	create(s.u, 8, path);
	fake_piece = 1;
	ck_assert_int_eq(patch(s.u, &a, path, 0, "01234567", 8), 204);
	ck_assert_int_le(s.progress, 8);
	mummy_upload_free(s.u);
}
END_TEST

static void *run_later(void *arg)
{
	void (**job)(void *) = arg;

	job[0](((void **)arg)[1]);
	free(arg);
	return NULL;
}

static int submit(void *ctx, void (*run)(void *arg), void *arg)
{
	void **job = malloc(2 * sizeof *job);
	pthread_t th;

	memcpy(job, &run, sizeof run);
	job[1] = arg;
	ck_assert_int_eq(pthread_create(&th, NULL, run_later, job), 0);
	pthread_detach(th);
	++*(int *)ctx;
	return 0;
}

START_TEST(events_run_on_the_executor_and_free_waits_for_them)
{
	struct seen s;
	struct mummy_upload_options opt = options(&s);
	char path[128];
	struct answer a;
	int submits = 0;

	opt.executor.submit = submit;
	opt.executor.ctx = &submits;
	s.u = open_memory(&opt);
	create(s.u, 4, path);
	ck_assert_int_eq(patch(s.u, &a, path, 0, "0123", 4), 204);
	ck_assert_int_eq(submits, 1);
	mummy_upload_free(s.u);
	ck_assert_int_eq(s.post_finish, 1);
}
END_TEST

static int full(void *ctx, void (*run)(void *arg), void *arg)
{
	(void)ctx;
	(void)run;
	(void)arg;
	return -EAGAIN;
}

START_TEST(a_full_executor_loses_no_event)
{
	struct seen s;
	struct mummy_upload_options opt = options(&s);
	char path[128];

	opt.executor.submit = full;
	s.u = open_memory(&opt);
	create(s.u, 0, path);
	ck_assert_int_eq(s.post_finish, 1);
	mummy_upload_free(s.u);
}
END_TEST

SUITE_MAIN("upload/events", each_event_comes_once_and_in_order, creation_can_be_refused,
	   finishing_can_be_refused, finishing_can_be_put_off, events_name_their_request, a_slow_check_holds_nothing_else_up,
	   progress_is_throttled, events_run_on_the_executor_and_free_waits_for_them, a_full_executor_loses_no_event)
