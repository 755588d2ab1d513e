/*
 * log.c - lines for the operator. Each leaves in one write to a descriptor in append mode, so lines of
 * several threads, and of several processes with one file, do not mix.
 */
#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include "log.h"

int log_open(struct log *l, const char *path)
{
	l->fd = STDERR_FILENO;
	l->owned = 0;
	if (!path || strcmp(path, "-") == 0)
		return 0;
	l->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	l->owned = l->fd >= 0;
	return l->owned ? 0 : -errno;
}

void log_close(struct log *l)
{
	if (l->owned)
		close(l->fd);
	l->owned = 0;
	l->fd = STDERR_FILENO;
}

static void put(const struct log *l, const char *head, size_t nhead, const char *line, size_t n)
{
	struct iovec iov[3] = { { (void *)(uintptr_t)head, nhead }, { (void *)(uintptr_t)line, n },
		{ (void *)(uintptr_t)"\n", 1 } };

	/* A full disk or a closed terminal is no reason to stop serving. */
	if (writev(l->fd, iov, 3) < 0)
		return;
}

void log_line(void *log, const char *line, size_t n)
{
	put(log, "", 0, line, n);
}

static void stamped(const struct log *l, const char *kind, const char *line)
{
	time_t now = time(NULL);
	struct tm tm;
	char head[64];
	size_t n;

	gmtime_r(&now, &tm);
	n = strftime(head, sizeof head, "%Y-%m-%dT%H:%M:%SZ ", &tm);
	n += (size_t)snprintf(head + n, sizeof head - n, "%s ", kind);
	put(l, head, n, line, strlen(line));
}

static const char *level_name(int level)
{
	static const char *const names[] = { "error", "warning", "info" };

	return names[level < 0 || level > 2 ? 0 : level];
}

void log_http(void *log, enum mummy_http_level level, const char *line)
{
	stamped(log, level_name((int)level), line);
}

void log_upload(void *log, int level, const char *line)
{
	stamped(log, level_name(level), line);
}

static void formatted(const struct log *l, int level, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));
static void formatted(const struct log *l, int level, const char *format, va_list args)
{
	char line[1024];

	vsnprintf(line, sizeof line, format, args);
	stamped(l, level_name(level), line);
}

void log_info(struct log *l, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	formatted(l, MUMMY_HTTP_INFO, format, args);
	va_end(args);
}

void log_error(struct log *l, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	formatted(l, MUMMY_HTTP_ERROR, format, args);
	va_end(args);
}

/* A target holds no control octets, so it cannot end the line; it may be longer than is worth keeping. */
void log_answer(void *log, const mummy_http_exchange *x, int status)
{
	const char *peer = mummy_http_peer(x, NULL), *method = mummy_http_method(x, NULL);
	const char *target = method ? mummy_http_target(x, NULL) : NULL;
	char line[1024];

	snprintf(line, sizeof line, "%s %d %.16s %.900s", peer ? peer : "-", status, method ? method : "-",
		 target ? target : "-");
	stamped(log, "answer", line);
}
