#include <config.h>
#include "fake.h"

struct seen {
	mummy_upload *u;
	int pre_create, pre_finish, post_finish, progress, terminated, expired;
	int refuse_create, refuse_finish;
	char content[16], name[64];
};

static int pre_create(void *ctx, const struct mummy_upload_request *req, const struct mummy_upload_info *info,
		      struct mummy_upload_grant *grant)
{
	struct seen *s = ctx;

	s->pre_create++;
	ck_assert_str_eq(req->method, "POST");
	ck_assert(mup_id_valid(info->id, strlen(info->id)));
	if (s->refuse_create)
		snprintf(grant->text, sizeof grant->text, "not today");
	snprintf(grant->name, sizeof grant->name, "%s", "../granted.txt");
	grant->max_bytes = 8;
	grant->expire_s = 5;
	return s->refuse_create;
}

static int pre_finish(void *ctx, const struct mummy_upload_info *info, int fd)
{
	struct seen *s = ctx;
	struct mummy_upload_stats st;

	s->pre_finish++;
	ck_assert_uint_eq(info->offset, info->length);
	if (fd >= 0)
		ck_assert_int_eq(read(fd, s->content, sizeof s->content - 1), (ssize_t)info->length);
	mummy_upload_stats_get(s->u, &st);
	return s->refuse_finish;
}

static void post_finish(void *ctx, const struct mummy_upload_info *info)
{
	struct seen *s = ctx;
	struct answer a;
	char path[128];

	s->post_finish++;
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

static void terminated(void *ctx, const struct mummy_upload_info *info)
{
	(void)info;
	((struct seen *)ctx)->terminated++;
}

static void expired(void *ctx, const struct mummy_upload_info *info)
{
	(void)info;
	((struct seen *)ctx)->expired++;
}

static struct mummy_upload_options options(struct seen *s)
{
	memset(s, 0, sizeof *s);
	return (struct mummy_upload_options){ .ctx = s, .events = { pre_create, pre_finish, post_finish, progress,
		terminated, expired, { 0 } } };
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
	mummy_upload_free(s.u);
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

SUITE_MAIN("upload/events", each_event_comes_once_and_in_order, creation_can_be_refused, finishing_can_be_refused,
	   progress_is_throttled, events_run_on_the_executor_and_free_waits_for_them, a_full_executor_loses_no_event)
