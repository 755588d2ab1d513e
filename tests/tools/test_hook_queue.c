#include <config.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "suite.h"
#include "hook-queue.h"

static char folder[96];

/* What was delivered, and how it goes. */
struct sink {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int calls, done, fail, hold;       /* fail: so many of the first calls */
	char last[256], seen[400];
};

static int deliver(void *ctx, const struct hook_event *e, const char *text, size_t n, char *why, size_t size)
{
	struct sink *s = ctx;
	int rc = 0;

	pthread_mutex_lock(&s->lock);
	s->calls++;
	if (s->fail > 0) {
		s->fail--;
		rc = -EIO;
		snprintf(why, size, "not now");
	} else {
		ck_assert_uint_eq(strlen(text), n);
		snprintf(s->last, sizeof s->last, "%c %s %s %s", e->target, e->event, e->id, text);
		if (e->id[0] >= '0' && e->id[0] <= '9')
			s->seen[atoi(e->id) % 400]++;
		s->done++;
	}
	pthread_cond_broadcast(&s->changed);
	while (s->hold)
		pthread_cond_wait(&s->changed, &s->lock);
	pthread_mutex_unlock(&s->lock);
	return rc;
}

static void wait_until(struct sink *s, const int *count, int n)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 30;
	pthread_mutex_lock(&s->lock);
	while (*count < n)
		ck_assert_int_eq(pthread_cond_timedwait(&s->changed, &s->lock, &until), 0);
	pthread_mutex_unlock(&s->lock);
}

static struct log quiet = { .fd = 2 };

static struct hook_queue *begin(struct sink *s, unsigned jobs, int start)
{
	const struct hook_queue_options o = { .folder = folder, .jobs = jobs, .keep_s = 3600, .first_ms = 1,
		.most_ms = 20, .look_ms = 20, .lasting = jobs < 4, .deliver = deliver, .ctx = s, .log = &quiet };
	struct hook_queue *q;

	if (!folder[0]) {
		strcpy(folder, "/tmp/mummy-test-XXXXXX");
		ck_assert_ptr_nonnull(mkdtemp(folder));
		strcat(folder, "/queue");
	}
	ck_assert_int_eq(hook_queue_open(&q, &o), 0);
	if (start)
		ck_assert_int_eq(hook_queue_start(q), 0);
	return q;
}

static struct sink fresh(void)
{
	return (struct sink){ .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
}

static void put(struct hook_queue *q, const char *id, const char *text)
{
	const struct hook_event e = { 'c', "post-finish", id };

	ck_assert_int_eq(hook_queue_put(q, &e, text, strlen(text)), 0);
}

static void release(struct hook_queue *q, const char *id)
{
	const struct hook_event e = { 'c', "post-finish", id };

	hook_queue_release(q, &e);
}

/* Files of the queue, without what begins with a dot; name (may be NULL): one of them. */
static int files(char *name)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	int n = 0;

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.') {
			n++;
			if (name)
				strcpy(name, e->d_name);
		}
	closedir(d);
	return n;
}

static void clean_up(void)
{
	char line[128];

	*strrchr(folder, '/') = '\0';
	snprintf(line, sizeof line, "rm -rf %s", folder);
	ck_assert_int_eq(system(line), 0);
	folder[0] = '\0';
}

START_TEST(what_is_released_is_delivered_and_its_file_goes)
{
	struct sink s = fresh();
	struct hook_queue *q = begin(&s, 2, 1);

	put(q, "0a", "{\"x\":1}");
	ck_assert_int_eq(files(NULL), 1);
	ck_assert_int_eq(s.calls, 0);
	release(q, "0a");
	wait_until(&s, &s.done, 1);
	ck_assert_str_eq(s.last, "c post-finish 0a {\"x\":1}");
	hook_queue_close(q);
	ck_assert_int_eq(files(NULL), 0);
	ck_assert_int_eq(s.calls, 1);
	clean_up();
}
END_TEST

START_TEST(what_fails_is_tried_again)
{
	struct sink s = fresh();
	struct hook_queue *q = begin(&s, 1, 1);

	s.fail = 5;
	put(q, "1", "a");
	release(q, "1");
	wait_until(&s, &s.done, 1);
	hook_queue_close(q);
	ck_assert_int_eq(s.calls, 6);
	ck_assert_int_eq(files(NULL), 0);
	clean_up();
}
END_TEST

/* Put twice it is one; held, it is released by the next start. */
START_TEST(the_next_start_goes_on)
{
	struct sink s = fresh(), t = fresh();
	struct hook_queue *q = begin(&s, 1, 1);
	char name[256];

	s.fail = 1 << 20;
	put(q, "1", "a");
	release(q, "1");
	put(q, "2", "b");
	put(q, "2", "c");
	wait_until(&s, &s.calls, 3);
	hook_queue_close(q);
	ck_assert_int_eq(files(name), 2);
	q = begin(&t, 1, 1);
	wait_until(&t, &t.done, 2);
	hook_queue_close(q);
	ck_assert_int_eq(t.seen[1] + t.seen[2], 2);
	ck_assert_int_eq(files(NULL), 0);
	clean_up();
}
END_TEST

/* A process that dies in a delivery has not made it. */
START_TEST(a_killed_process_loses_nothing)
{
	struct sink s = fresh();
	int status, pipes[2];
	struct hook_queue *q;
	char c;
	pid_t pid;

	q = begin(&s, 1, 0);
	hook_queue_close(q);
	ck_assert_int_eq(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		s.hold = 1;
		q = begin(&s, 2, 1);
		for (int i = 1; i <= 4; i++) {
			char id[16];

			snprintf(id, sizeof id, "%d", i);
			put(q, id, "x");
			if (i < 4)
				release(q, id);
		}
		wait_until(&s, &s.calls, 2);
		if (write(pipes[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	ck_assert_int_eq((int)read(pipes[0], &c, 1), 1);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(files(NULL), 4);
	q = begin(&s, 2, 1);
	wait_until(&s, &s.done, 4);
	hook_queue_close(q);
	for (int i = 1; i <= 4; i++)
		ck_assert_int_eq(s.seen[i], 1);
	close(pipes[0]);
	close(pipes[1]);
	clean_up();
}
END_TEST

/* More than are read at once, by several threads: each is delivered once. */
START_TEST(many_come_once_each)
{
	struct sink s = fresh();
	struct hook_queue *q = begin(&s, 4, 0);
	char id[16];

	for (int i = 0; i < 400; i++) {
		snprintf(id, sizeof id, "%03d", i);
		put(q, id, "x");
	}
	ck_assert_int_eq(hook_queue_start(q), 0);
	wait_until(&s, &s.done, 400);
	hook_queue_close(q);
	ck_assert_int_eq(s.calls, 400);
	for (int i = 0; i < 400; i++)
		ck_assert_int_eq(s.seen[i], 1);
	ck_assert_int_eq(files(NULL), 0);
	clean_up();
}
END_TEST

static void write_file(const char *name, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

/* An event from 1970 was tried long enough; other files are not touched. */
START_TEST(what_is_old_is_given_up)
{
	struct sink s = fresh();
	struct hook_queue *q = begin(&s, 1, 0);

	write_file("0000000000000001-00000001.9.0.c.post-finish.1", "x");
	write_file("0000000000000001-00000001.9.0.c.post-finish.1.bak", "x");
	write_file("readme", "x");
	write_file("0000000000000001-00000001.9.99999999999999999999.c.post-finish.2", "");
	s.fail = 1;
	ck_assert_int_eq(hook_queue_start(q), 0);
	wait_until(&s, &s.calls, 2);
	wait_until(&s, &s.done, 1);
	hook_queue_close(q);
	ck_assert_int_eq(files(NULL), 2);
	clean_up();
}
END_TEST

/* Of two that share a folder one delivers; the other takes over when it has gone. */
START_TEST(one_of_two_delivers)
{
	struct sink s = fresh(), t = fresh();
	struct hook_queue *a = begin(&s, 1, 1), *b;

	put(a, "1", "x");
	release(a, "1");
	wait_until(&s, &s.done, 1);
	b = begin(&t, 1, 1);
	put(b, "2", "x");
	release(b, "2");
	put(b, "3", "x");
	release(b, "3");
	put(a, "4", "x");
	release(a, "4");
	wait_until(&s, &s.done, 4);
	ck_assert_int_eq(t.calls, 0);
	hook_queue_close(a);
	put(b, "5", "x");
	release(b, "5");
	wait_until(&t, &t.done, 1);
	hook_queue_close(b);
	ck_assert_int_eq(files(NULL), 0);
	clean_up();
}
END_TEST

START_TEST(what_cannot_be_kept_is_an_error)
{
	struct sink s = fresh();
	struct hook_queue *q = begin(&s, 1, 0);
	const struct hook_event e = { 'c', "expired", "1" };
	char line[160];

	snprintf(line, sizeof line, "rm -rf %s", folder);
	ck_assert_int_eq(system(line), 0);
	ck_assert_int_eq(hook_queue_put(q, &e, "x", 1), -ENOENT);
	hook_queue_close(q);
	fclose(fopen(folder, "we"));
	ck_assert_int_eq(hook_queue_open(&q, &(struct hook_queue_options){ .folder = folder, .jobs = 1 }), -ENOTDIR);
	clean_up();
}
END_TEST

SUITE_MAIN("mummy-server/hook-queue", what_is_released_is_delivered_and_its_file_goes,
	   what_fails_is_tried_again,
	   the_next_start_goes_on, a_killed_process_loses_nothing, many_come_once_each, what_is_old_is_given_up,
	   one_of_two_delivers, what_cannot_be_kept_is_an_error)
