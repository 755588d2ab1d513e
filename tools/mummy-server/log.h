/*
 * log.h - lines for the operator.
 */
#ifndef MUMMY_SERVER_LOG_H
#define MUMMY_SERVER_LOG_H
#include <stddef.h>
#include <mummy/http.h>

struct log {
	int fd;
	int owned;                 /**< close fd at the end */
};

/** Opens path to append to; NULL or "-": standard error. 0 or a negative errno. */
int log_open(struct log *l, const char *path);
void log_close(struct log *l);
/** One line, with the time and the level before it; any thread. The libraries' log functions. */
void log_http(void *log, enum mummy_http_level level, const char *line);
void log_upload(void *log, int level, const char *line);
void log_info(struct log *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_error(struct log *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** A line as it is. */
void log_line(void *log, const char *line, size_t n);
/** A line for an answer: the client, the request, the status. */
void log_answer(void *log, const mummy_http_exchange *x, int status);
#endif
