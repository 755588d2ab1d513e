/*
 * upload.c - runs the built mummy-upload.
 */
#include <config.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <check.h>
#include "upload.h"

#define PATIENCE_S 50

char place[64];
static unsigned runs;

static const char *program(void)
{
	const char *named = getenv("MUMMY_UPLOAD");

	return named ? named : "./mummy-upload";
}

static void moment(void)
{
	nanosleep(&(const struct timespec){ 0, 2000000 }, NULL);
}

/* ---- The place ------------------------------------------------------------------------------------- */

void place_make(void)
{
	strcpy(place, "/tmp/mummy-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(place));
}

void place_remove(void)
{
	char command[100];

	snprintf(command, sizeof command, "rm -rf %s", place);
	ck_assert_int_eq(system(command), 0);
}

unsigned remembered(void)
{
	char path[96];
	struct dirent *e;
	unsigned n = 0;
	DIR *d;

	snprintf(path, sizeof path, "%s/state", place);
	d = opendir(path);
	while (d && (e = readdir(d)) != NULL)
		n += strlen(e->d_name) == 32;
	if (d)
		closedir(d);
	return n;
}

/* ---- The program ----------------------------------------------------------------------------------- */

static void child(char *const argv[], int input, const char *out, const char *errors)
{
#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGKILL);  /* a test that fails leaves nothing behind */
#endif
	if (input < 0)
		input = open("/dev/null", O_RDONLY);
	dup2(input, STDIN_FILENO);
	dup2(open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
	dup2(open(errors, O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
	for (int fd = 3; fd < 64; fd++)
		close(fd);         /* the other end of a pipe to itself would never end */
	execv(program(), argv);
	_exit(126);
}

static void start(struct upload *u, int input, va_list words)
{
	char *argv[UPLOAD_MAX_WORDS], state[96];
	int n = 0;

	memset(u, 0, sizeof *u);
	snprintf(state, sizeof state, "--state=%s/state", place);
	snprintf(u->out, sizeof u->out, "%s/out.%u", place, runs);
	snprintf(u->errors, sizeof u->errors, "%s/errors.%u", place, runs++);
	argv[n++] = (char *)(uintptr_t)"mummy-upload";
	argv[n++] = state;
	while (n < UPLOAD_MAX_WORDS - 1 && (argv[n] = va_arg(words, char *)) != NULL)
		n++;
	argv[n] = NULL;
	u->pid = fork();
	ck_assert_int_ge(u->pid, 0);
	if (u->pid == 0)
		child(argv, input, u->out, u->errors);
}

void upload_start(struct upload *u, int input, ...)
{
	va_list words;

	va_start(words, input);
	start(u, input, words);
	va_end(words);
}

static void read_text(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, out, size - 1);

	out[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

void upload_says(const struct upload *u, const char *text)
{
	static char said[131072];

	for (int i = 0; i < 500 * PATIENCE_S; i++) {
		read_text(u->out, said, sizeof said);
		if (strstr(said, text))
			return;
		moment();
	}
	ck_abort_msg("standard output lacks \"%s\": %s", text, said);
}

void upload_has_sent(const struct upload *u, uint64_t octets)
{
	static char said[131072];
	uint64_t most = 0;

	for (int i = 0; i < 500 * PATIENCE_S && most < octets; i++) {
		read_text(u->out, said, sizeof said);
		for (const char *p = said; (p = strstr(p, "\"sent\":")) != NULL; p += 7)
			most = strtoull(p + 7, NULL, 10);
		if (most < octets)
			moment();
	}
	ck_assert_msg(most >= octets, "it has not sent %llu octets: %s", (unsigned long long)octets, said);
}

int upload_wait(struct upload *u)
{
	int status = 0;

	ck_assert_int_eq(waitpid(u->pid, &status, 0), u->pid);
	read_text(u->out, u->said, sizeof u->said);
	read_text(u->errors, u->complained, sizeof u->complained);
	ck_assert_msg(!strstr(u->complained, "Sanitizer") && !strstr(u->complained, "runtime error"), "%s",
		      u->complained);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int upload_run(struct upload *u, ...)
{
	va_list words;

	va_start(words, u);
	start(u, -1, words);
	va_end(words);
	return upload_wait(u);
}
