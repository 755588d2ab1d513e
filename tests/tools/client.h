/*
 * client.h - runs the built mummy-server and talks to it: just enough of HTTP and WebSocket for tests.
 * Everything fails the running test when it goes wrong.
 */
#ifndef TESTS_TOOLS_CLIENT_H
#define TESTS_TOOLS_CLIENT_H
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct server {
	pid_t pid;
	int out;                   /**< its standard output, after the start line */
	uint16_t port;             /**< of the first TCP address */
	char line[2048];           /**< the start line */
	char errors[64];           /**< file with its standard error */
	char uploads[512];         /**< its upload directory */
};
#define MAX_WORDS 24

/** Starts it with these words, up to NULL, and waits for the start line. */
void server_start(struct server *s, ...);
/** Waits for its end; the exit status, or 128 + signal. */
int server_wait(struct server *s);
/** Calls run in the processes that are started from now on, just before they become the server; NULL: no
 *  more. */
void server_before(void (*run)(void *arg), void *arg);
/** SIGTERM, and the exit status. */
int server_stop(struct server *s);
/** Waits until its standard error holds text. */
void server_says(const struct server *s, const char *text);
/** Runs it with these words until it ends by itself; as another user when it can be done and asked for.
 *  Exit status; errors: its standard error. 126: the other user cannot run it. */
int server_run(char *errors, size_t size, int unprivileged, ...);

/** said, its standard error, is one line with the program's name and that text. */
void complaint_names(const char *said, const char *text);

/** The whole text of a small file. */
void file_read(const char *path, char *out, size_t size);
/** Waits until it is there. */
void file_wait(const char *path);

struct response {
	int status;
	char head[8192];           /**< with the empty line */
	char *body;                /**< NUL behind it; freed by response_free */
	size_t len;
};
int client_open(uint16_t port);
void client_send(int fd, const void *p, size_t n);
/** Reads one response; head_only: to HEAD. */
void client_receive(int fd, struct response *r, int head_only);
/** One request on a connection of its own; format and what follows make the head without its last empty
 *  line. */
void client_ask(uint16_t port, struct response *r, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/** The value of a field, to out; empty when there is none. */
void response_field(const struct response *r, const char *name, char *out, size_t size);
/** It has that value; empty: there is none. */
void field_is(const struct response *r, const char *name, const char *want);
void response_free(struct response *r);

/** A WebSocket connection to path. */
int ws_open(uint16_t port, const char *path);
void ws_send_text(int fd, const char *text);
/** The next data frame, which is whole and short; NUL-terminated. */
void ws_receive_text(int fd, char *out, size_t size);
/** Reads messages until one holds text. */
void ws_wait_for(int fd, const char *text);
#endif
