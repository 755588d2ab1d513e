/*
 * test_removal.c - uploads of mummy-server that are removed by a process which dies in the middle of it: what
 * their hooks are told by the next one.
 */
#include <config.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "suite.h"
#include "uploads.h"

static char folder[64], script[96], id[64];
static struct options options;
static struct log quiet = { .fd = -1 };

/* ---- A store that its process does not survive ------------------------------------------------------ */

enum point { NOWHERE, BEFORE, AFTER, FAILS };
static enum point point;
static int (*real_remove)(void *ctx, const char *id);

int __real_mummy_upload_dir_store(struct mummy_upload_store *out, const char *directory,
		const struct mummy_upload_dir_options *opt);
int __wrap_mummy_upload_dir_store(struct mummy_upload_store *out, const char *directory,
		const struct mummy_upload_dir_options *opt);

static int deadly_remove(void *ctx, const char *name)
{
	int rc;

	if (point == FAILS)
		return -EIO;
	if (point == BEFORE)
		raise(SIGKILL);
	rc = real_remove(ctx, name);
	if (point == AFTER)
		raise(SIGKILL);
	return rc;
}

int __wrap_mummy_upload_dir_store(struct mummy_upload_store *out, const char *directory,
				  const struct mummy_upload_dir_options *opt)
{
	int rc = __real_mummy_upload_dir_store(out, directory, opt);

	if (rc == 0) {
		real_remove = out->remove;
		out->remove = deadly_remove;
	}
	return rc;
}

/* ---- A server without HTTP -------------------------------------------------------------------------- */

static const char *header(void *ctx, const char *name, unsigned nth, size_t *len)
{
	const char *value = !strcasecmp(name, "Tus-Resumable") ? "1.0.0" : !strcasecmp(name, "Upload-Length") ? ctx : NULL;

	if (nth > 0 || !value)
		return NULL;
	*len = strlen(value);
	return value;
}

/* The status. */
static int request(struct uploads *u, const char *method, const char *path, const char *length)
{
	struct mummy_upload_request req = { .method = method, .path = path, .header = header,
		.ctx = (void *)(uintptr_t)length };
	mummy_upload_transfer *t;
	mummy_upload_reply *reply;
	const char *name, *value;
	int status;

	if (mummy_upload_begin(u->engine, &req, &reply, &t) == 1)
		ck_assert_int_eq(mummy_upload_end(t, 0, &reply), 0);
	status = mummy_upload_reply_status(reply);
	for (size_t i = 0; mummy_upload_reply_header(reply, i, &name, &value) == 0; i++)
		if (!strcmp(name, "Location"))
			snprintf(id, sizeof id, "%s", strrchr(value, '/') + 1);
	mummy_upload_reply_free(reply);
	return status;
}

static int request_id(struct uploads *u, const char *method)
{
	char path[96];

	snprintf(path, sizeof path, "/files/%s", id);
	return request(u, method, path, NULL);
}

static void begin(struct uploads *u)
{
	ck_assert_int_eq(uploads_open(u, &options, &quiet), 0);
}

/* The hook keeps what it is told as FOLDER/EVENT, a line for each. */
static void set_up(void)
{
	static char *argv[6] = { (char *)(uintptr_t)"mummy-server", (char *)(uintptr_t)"--uploads", folder,
		(char *)(uintptr_t)"--hook-command", script };
	char why[256];
	FILE *f;

	strcpy(folder, "/tmp/mummy-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(script, sizeof script, "%s/hook", folder);
	f = fopen(script, "we");
	fprintf(f, "#!/bin/sh\ncat >> %s/told.$1\n", folder);
	ck_assert_int_eq(fchmod(fileno(f), 0700), 0);
	fclose(f);
	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(options_parse(&options, 5, argv, why, sizeof why), 0);
}

static void clean_up(void)
{
	char line[96];

	snprintf(line, sizeof line, "rm -rf %s", folder);
	ck_assert_int_eq(system(line), 0);
}

/* Events that wait to be told or to happen. */
static int waiting(void)
{
	char path[96];
	struct dirent *e;
	int n = 0;
	DIR *d;

	snprintf(path, sizeof path, "%s/.hooks", folder);
	d = opendir(path);
	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

/* Until nothing waits any more. */
static void settle(void)
{
	for (int i = 0; waiting() > 0; i++) {
		ck_assert_int_lt(i, 15000);
		nanosleep(&(const struct timespec){ 0, 2000000 }, NULL);
	}
}

/* How often the event was told. */
static int told(const char *event)
{
	char path[128], text[8192] = "";
	int n = 0;
	FILE *f;

	snprintf(path, sizeof path, "%s/told.%s", folder, event);
	f = fopen(path, "re");
	if (!f)
		return 0;
	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	fclose(f);
	for (const char *p = text; (p = strstr(p, id)) != NULL; p++)
		n++;
	return n;
}

/* In a process of its own, which dies: of an upload, by DELETE or as it expires. */
static void removed_until(enum point where, int expires)
{
	int pipes[2], status;
	struct uploads u;
	pid_t pid;

	ck_assert_int_eq(pipe(pipes), 0);
	options.upload_expire = expires ? 1 : 3600;
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		begin(&u);
		ck_assert_int_eq(request(&u, "POST", "/files/", "4"), 201);
		ck_assert_int_eq((int)write(pipes[1], id, sizeof id), (int)sizeof id);
		point = where;
		if (!expires)
			request_id(&u, "DELETE");
		while (expires) {
			uploads_cleanup(&u);
			nanosleep(&(const struct timespec){ 0, 20000000 }, NULL);
		}
		_exit(1);
	}
	ck_assert_int_eq((int)read(pipes[0], id, sizeof id), (int)sizeof id);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	close(pipes[0]);
	close(pipes[1]);
}

/* ---- The tests -------------------------------------------------------------------------------------- */

START_TEST(what_was_removed_is_told_by_the_next)
{
	const char *const names[] = { "terminated", "expired" };
	struct uploads u;

	for (int expires = 0; expires < 2; expires++) {
		set_up();
		removed_until(AFTER, expires);
		ck_assert_int_eq(told(names[expires]), 0);
		begin(&u);
		settle();
		ck_assert_int_eq(told(names[expires]), 1);
		ck_assert_int_eq(told(names[!expires]), 0);
		ck_assert_int_eq(request_id(&u, "HEAD"), 404);
		uploads_close(&u);
		clean_up();
	}
}
END_TEST

START_TEST(what_is_still_there_is_not_told)
{
	struct uploads u;

	set_up();
	removed_until(BEFORE, 0);
	ck_assert_int_eq(waiting(), 1);
	begin(&u);
	settle();
	ck_assert_int_eq(request_id(&u, "HEAD"), 200);
	ck_assert_int_eq(told("terminated"), 0);
	ck_assert_int_eq(request_id(&u, "DELETE"), 204);
	settle();
	ck_assert_int_eq(told("terminated"), 1);
	uploads_close(&u);
	clean_up();
}
END_TEST

/* First it could not be deleted, then it expired: one event. */
START_TEST(the_last_reason_counts)
{
	struct uploads u;

	set_up();
	options.upload_expire = 1;
	begin(&u);
	ck_assert_int_eq(request(&u, "POST", "/files/", "4"), 201);
	point = FAILS;
	ck_assert_int_ge(request_id(&u, "DELETE"), 500);
	ck_assert_int_eq(waiting(), 1);
	point = NOWHERE;
	for (int i = 0; uploads_expire(&u) < 1; i++) {
		ck_assert_int_lt(i, 500);
		nanosleep(&(const struct timespec){ 0, 20000000 }, NULL);
	}
	settle();
	ck_assert_int_eq(told("expired"), 1);
	uploads_close(&u);
	begin(&u);
	settle();
	uploads_close(&u);
	ck_assert_int_eq(told("terminated"), 0);
	ck_assert_int_eq(told("expired"), 1);
	clean_up();
}
END_TEST

/* A server that begins while another is between the note and the removal drops the note, and the other tells
 * all the same. */
START_TEST(a_note_that_another_dropped)
{
	struct uploads u, other;

	set_up();
	begin(&u);
	ck_assert_int_eq(request(&u, "POST", "/files/", "4"), 201);
	point = FAILS;
	ck_assert_int_ge(request_id(&u, "DELETE"), 500);
	begin(&other);
	uploads_close(&other);
	ck_assert_int_eq(waiting(), 0);
	point = NOWHERE;
	ck_assert_int_eq(request_id(&u, "DELETE"), 204);
	settle();
	ck_assert_int_eq(told("terminated"), 1);
	uploads_close(&u);
	clean_up();
}
END_TEST

SUITE_MAIN("mummy-server/removal", what_was_removed_is_told_by_the_next, what_is_still_there_is_not_told,
	   the_last_reason_counts, a_note_that_another_dropped)
