#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "suite.h"
#include "mummy-common.h"
#include "hook.h"

static char folder[64];
static struct hook_answer answer;

/* A script in a folder of its own; its path. */
static const char *script(const char *text)
{
	static char path[96];
	FILE *f;

	if (!folder[0]) {
		strcpy(folder, "/tmp/mummy-test-XXXXXX");
		ck_assert_ptr_nonnull(mkdtemp(folder));
		signal(SIGPIPE, SIG_IGN);
	}
	snprintf(path, sizeof path, "%s/hook", folder);
	unlink(path);
	f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "#!/bin/sh\n%s\n", text);
	fclose(f);
	ck_assert_int_eq(chmod(path, 0755), 0);
	return path;
}

static int run_for(unsigned ms, const char *text, const char *json)
{
	const struct hook_call c = { .event = "pre-create", .id = "0123", .json = json, .len = strlen(json),
		.deadline_ms = mummy_now_ms() + ms };

	return hook_command(script(text), &c, &answer);
}

static int run(const char *text)
{
	return run_for(30000, text, "{\"event\":\"pre-create\"}\n");
}

static void clean_up(void)
{
	char line[96];

	snprintf(line, sizeof line, "rm -rf %s", folder);
	ck_assert_int_eq(system(line), 0);
	folder[0] = '\0';
}

START_TEST(it_gets_the_event_and_says_yes)
{
	ck_assert_int_eq(run("echo \"$1 $2 $#\"; cat"), 0);
	ck_assert_int_eq(answer.status, 0);
	ck_assert_str_eq(answer.text, "pre-create 0123 2\n{\"event\":\"pre-create\"}\n");
	clean_up();
}
END_TEST

START_TEST(it_says_no_with_status_and_text)
{
	static const struct { const char *script; int status; const char *text; } v[] = {
		{ "exit 1", 403, "" },
		{ "echo 'no room'; exit 7", 403, "no room\n" },
		{ "echo '415 no such files'; exit 1", 415, "no such files\n" },
		{ "echo 507; exit 125", 507, "\n" },
		{ "echo 399 x; exit 1", 403, "399 x\n" },
		{ "echo 600 x; exit 1", 403, "600 x\n" },
		{ "echo 4000 x; exit 1", 403, "4000 x\n" },
		{ "printf 422; exit 1", 422, "" },
	};

	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		ck_assert_int_eq(run(v[i].script), 0);
		ck_assert_int_eq(answer.status, v[i].status);
		ck_assert_str_eq(answer.text, v[i].text);
	}
	clean_up();
}
END_TEST

START_TEST(what_is_no_answer)
{
	const struct hook_call c = { .event = "e", .id = "1", .json = "", .deadline_ms = mummy_now_ms() + 30000 };

	ck_assert_int_eq(run("exit 126"), -EPROTO);
	ck_assert_int_eq(run("no-such-command-at-all 2>/dev/null"), -EPROTO);
	ck_assert_int_eq(run("kill -9 $$"), -EPROTO);
	ck_assert_int_eq(hook_command("/no/such/file", &c, &answer), -ENOENT);
	clean_up();
}
END_TEST

/* The limits of pipes and of what is kept are no limits for the program. */
START_TEST(much_is_said_both_ways)
{
	char *json = malloc(300001);

	memset(json, 'x', 300000);
	json[300000] = '\0';
	ck_assert_int_eq(run_for(30000, "wc -c", json), 0);
	ck_assert_int_eq(atoi(answer.text), 300000);
	ck_assert_int_eq(run_for(30000, "exec <&-; echo done", json), 0);
	ck_assert_str_eq(answer.text, "done\n");
	ck_assert_int_eq(run_for(30000, "exit 0", json), 0);
	ck_assert_int_eq(run_for(30000, "head -c 300000 /dev/zero | tr '\\0' y; cat >/dev/null", json), 0);
	ck_assert_uint_eq(strlen(answer.text), HOOK_TEXT - 1);
	free(json);
	clean_up();
}
END_TEST

/* With what it started: a pipe whose other end they hold would stay open. */
START_TEST(it_is_killed_when_time_is_over)
{
	char text[256], path[128];
	int fds[2], n;
	char c;

	ck_assert_int_eq(pipe(fds), 0);
	script("");
	snprintf(path, sizeof path, "%s/fifo", folder);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	n = open(path, O_RDONLY | O_NONBLOCK);
	snprintf(text, sizeof text, "sleep 1000 >%s & sleep 1000", path);
	ck_assert_int_eq(run_for(300, text, "{}"), -ETIMEDOUT);
	fcntl(n, F_SETFL, 0);
	ck_assert_int_eq((int)read(n, &c, 1), 0);    /* nobody writes there any more */
	close(n);
	close(fds[0]);
	close(fds[1]);
	clean_up();
}
END_TEST

static void *come_nearer(void *cut)
{
	atomic_store((_Atomic uint64_t *)cut, mummy_now_ms());
	return NULL;
}

START_TEST(it_is_cut_off_when_the_end_comes)
{
	_Atomic uint64_t cut = UINT64_MAX;
	const struct hook_call c = { .event = "e", .id = "1", .json = "", .deadline_ms = mummy_now_ms() + 50000,
		.cut_ms = &cut };
	pthread_t t;

	script("exec sleep 1000");
	ck_assert_int_eq(pthread_create(&t, NULL, come_nearer, &cut), 0);
	ck_assert_int_eq(hook_command(script("exec sleep 1000"), &c, &answer), -ETIMEDOUT);
	pthread_join(t, NULL);
	clean_up();
}
END_TEST

/* Something that it left behind holds its output, and is not waited for. */
START_TEST(what_it_leaves_behind_is_not_waited_for)
{
	const uint64_t before = mummy_now_ms();

	ck_assert_int_eq(run("sleep 20 & echo $!; exit 3"), 0);
	ck_assert_int_eq(answer.status, 403);
	ck_assert_int_gt(atoi(answer.text), 1);
	ck_assert_uint_lt(mummy_now_ms() - before, 15000);
	kill(atoi(answer.text), SIGKILL);
	clean_up();
}
END_TEST

#ifdef __linux__
static int inheritable(void)
{
	int n = 0, flags;

	for (int fd = 0; fd < 256; fd++) {
		flags = fcntl(fd, F_GETFD);
		n += flags >= 0 && !(flags & FD_CLOEXEC);
	}
	return n;
}

/* Descriptors, blocked and ignored signals of the server are not its business. */
START_TEST(it_inherits_nothing)
{
	unsigned long long blocked, ignored;
	sigset_t all, old;
	int n;

	signal(SIGPIPE, SIG_IGN);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	ck_assert_int_eq(run("ls /proc/self/fd | wc -l\n"
			     "grep -E 'Sig(Blk|Ign)' /proc/self/status | tr -d '\\n\\t'"), 0);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	ck_assert_int_eq(sscanf(answer.text, "%d SigBlk:%16llxSigIgn:%16llx", &n, &blocked, &ignored), 3);
	ck_assert_int_eq(n, inheritable() + 1);      /* the folder that ls reads */
	ck_assert_uint_eq(blocked, 0);
	ck_assert_uint_eq(ignored & 0x7fffffff, 0);  /* above are those of the C library's own */
	clean_up();
}
END_TEST
#else
START_TEST(it_inherits_nothing) {} END_TEST
#endif

/* Started without standard descriptors, the server has others in their place. */
START_TEST(low_descriptors_are_no_trouble)
{
	int in = fcntl(0, F_DUPFD_CLOEXEC, 10), out = fcntl(1, F_DUPFD_CLOEXEC, 10);
	const char *path = script("cat; echo said");
	const struct hook_call c = { .event = "e", .id = "1", .json = "heard ", .len = 6,
		.deadline_ms = mummy_now_ms() + 30000 };
	int rc;

	close(0);
	close(1);
	rc = hook_command(path, &c, &answer);
	dup2(in, 0);
	dup2(out, 1);
	close(in);
	close(out);
	ck_assert_int_eq(rc, 0);
	ck_assert_str_eq(answer.text, "heard said\n");
	clean_up();
}
END_TEST

SUITE_MAIN("mummy-server/hook-command", it_gets_the_event_and_says_yes, it_says_no_with_status_and_text,
	   what_is_no_answer, much_is_said_both_ways, it_is_killed_when_time_is_over,
	   it_is_cut_off_when_the_end_comes, what_it_leaves_behind_is_not_waited_for, it_inherits_nothing,
	   low_descriptors_are_no_trouble)
