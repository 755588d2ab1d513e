/*
 * hook-command.c - runs a program, with JSON on its standard input, and reads what it says.
 */
#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#include "mummy-common.h"
#include "hook.h"

#define EXIT_MOST 125 /* above it shells and env tell that they could not run something */

extern char **environ;

int hook_slice(const struct hook_call *c)
{
	const uint64_t now = mummy_now_ms(), cut = c->cut_ms ? atomic_load(c->cut_ms) : UINT64_MAX;
	const uint64_t end = cut < c->deadline_ms ? cut : c->deadline_ms;

	return end <= now ? 0 : end - now < 100 ? (int)(end - now) : 100;
}

/* ---- Starting it ----------------------------------------------------------------------------------- */

struct child {
	pid_t pid;
	int in, out;                       /* its standard input and output; -1: closed */
	size_t sent, got;
};

/* Above the standard ones, of which the server may have been started without. */
static int lift(int fd)
{
	int high;

	if (fd > 2)
		return fd;
	high = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	close(fd);
	return high;
}

static int make_pipe(int fds[2])
{
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	fds[0] = lift(fds[0]);
	fds[1] = lift(fds[1]);
	if (fds[0] >= 0 && fds[1] >= 0)
		return 0;
	if (fds[0] >= 0)
		close(fds[0]);
	if (fds[1] >= 0)
		close(fds[1]);
	return -EMFILE;
}

static void close_pipe(const int fds[2])
{
	close(fds[0]);
	close(fds[1]);
}

/* The server's threads block signals, and it ignores SIGPIPE: nothing of that is the program's business. A
 * group of its own, so that it can be killed with what it started. */
static int set_attributes(posix_spawnattr_t *attr)
{
	sigset_t none, all;
	int rc;

	sigemptyset(&none);
	sigfillset(&all);
	sigdelset(&all, SIGKILL);
	sigdelset(&all, SIGSTOP);
	rc = posix_spawnattr_setsigmask(attr, &none);
	if (rc == 0)
		rc = posix_spawnattr_setsigdefault(attr, &all);
	if (rc == 0)
		rc = posix_spawnattr_setpgroup(attr, 0);
	if (rc == 0)
		rc = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
					      | POSIX_SPAWN_SETPGROUP);
	return rc;
}

static int spawn(pid_t *pid, const char *program, const struct hook_call *c, int in, int out)
{
	char *const argv[] = { (char *)(uintptr_t)program, (char *)(uintptr_t)c->event,
		(char *)(uintptr_t)c->id, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int rc = posix_spawn_file_actions_init(&actions);

	if (rc)
		return -rc;
	rc = posix_spawnattr_init(&attr);
	if (rc) {
		posix_spawn_file_actions_destroy(&actions);
		return -rc;
	}
	rc = set_attributes(&attr);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn(pid, program, &actions, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return -rc;
}

static int start(struct child *ch, const char *program, const struct hook_call *c)
{
	int in[2], out[2], rc = make_pipe(in);

	if (rc < 0)
		return rc;
	rc = make_pipe(out);
	if (rc < 0) {
		close_pipe(in);
		return rc;
	}
	rc = spawn(&ch->pid, program, c, in[0], out[1]);
	if (rc < 0) {
		close_pipe(in);
		close_pipe(out);
		return rc;
	}
	close(in[0]);
	close(out[1]);
	ch->in = in[1];
	ch->out = out[0];
	fcntl(ch->in, F_SETFL, O_NONBLOCK);
	fcntl(ch->out, F_SETFL, O_NONBLOCK);
	return 0;
}

/* ---- Talking to it --------------------------------------------------------------------------------- */

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* It need not read what it is told. */
static void tell(struct child *ch, const struct hook_call *c)
{
	ssize_t n = write(ch->in, c->json + ch->sent, c->len - ch->sent);

	if (n > 0)
		ch->sent += (size_t)n;
	if (ch->sent == c->len || (n < 0 && errno != EAGAIN && errno != EINTR))
		shut(&ch->in);
}

static void listen_to(struct child *ch, struct hook_answer *out)
{
	char rest[HOOK_TEXT];
	const size_t room = sizeof out->text - 1 - ch->got;
	ssize_t n = read(ch->out, room ? out->text + ch->got : rest, room ? room : sizeof rest);

	if (n > 0 && room)
		ch->got += (size_t)n;
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		shut(&ch->out);
}

static void talk(struct child *ch, const struct hook_call *c, struct hook_answer *out, int ms)
{
	struct pollfd fds[2] = { { ch->out, POLLIN, 0 }, { ch->in, POLLOUT, 0 } };

	if (poll(fds, 2, ms) <= 0)
		return;
	if (fds[0].revents)
		listen_to(ch, out);
	if (fds[1].revents)
		tell(ch, c);
}

/* Until it has ended: something that it started may hold its output open longer, and is not waited for.
 * Once it has closed its output it mostly ends at once. */
static int wait_for(struct child *ch, const struct hook_call *c, struct hook_answer *out, int *status)
{
	int nap = 1, ms, rc;

	for (;;) {
		rc = waitpid(ch->pid, status, WNOHANG);
		if (rc != 0)
			return rc > 0 ? 0 : -errno;
		ms = hook_slice(c);
		if (ms == 0)
			return -ETIMEDOUT;
		if (ch->out >= 0) {
			talk(ch, c, out, ms);
			continue;
		}
		talk(ch, c, out, nap < ms ? nap : ms);
		nap = nap < 16 ? nap * 2 : nap;
	}
}

/* What is in the pipe when it has ended. */
static void hear_out(struct child *ch, struct hook_answer *out)
{
	for (size_t before = (size_t)-1; ch->out >= 0 && ch->got != before;) {
		before = ch->got;
		listen_to(ch, out);
	}
}

/* "403 Not here." to its two parts. */
static void take_status(struct hook_answer *out)
{
	char *text = out->text;
	int status = 0;

	if (strspn(text, "0123456789") == 3 && strchr(" \t\r\n", text[3]))
		status = (text[0] - '0') * 100 + (text[1] - '0') * 10 + text[2] - '0';
	out->status = 403;
	if (status < 400 || status > 599)
		return;
	out->status = status;
	text += 3 + strspn(text + 3, " \t");
	memmove(out->text, text, strlen(text) + 1);
}

int hook_command(const char *program, const struct hook_call *c, struct hook_answer *out)
{
	struct child ch = { .in = -1, .out = -1 };
	int status = 0, rc = start(&ch, program, c);

	memset(out, 0, sizeof *out);
	if (rc < 0)
		return rc;
	rc = wait_for(&ch, c, out, &status);
	if (rc == -ETIMEDOUT) {
		/* until it is waited for, its id is nobody else's, and so is that of its group */
		kill(-ch.pid, SIGKILL);
		kill(ch.pid, SIGKILL);
		while (waitpid(ch.pid, &status, 0) < 0 && errno == EINTR)
			;
	} else {
		hear_out(&ch, out);
	}
	shut(&ch.in);
	shut(&ch.out);
	if (rc < 0)
		return rc;
	if (!WIFEXITED(status) || WEXITSTATUS(status) > EXIT_MOST)
		return -EPROTO;
	if (WEXITSTATUS(status) != 0)
		take_status(out);
	return 0;
}
