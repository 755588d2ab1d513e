/*
 * upload.h - runs the built mummy-upload. Everything fails the running test when it goes wrong.
 */
#ifndef TESTS_CLIENT_UPLOAD_H
#define TESTS_CLIENT_UPLOAD_H
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define UPLOAD_MAX_WORDS 32

/** A run of the program. */
struct upload {
	pid_t pid;
	char out[80], errors[80];  /**< files with what it says */
	char said[131072], complained[8192];  /**< the same, once it has ended */
};

/** A folder of the test's own, where the program remembers uploads (state/) and files can lie. */
extern char place[64];
void place_make(void);
void place_remove(void);
/** How many unfinished uploads are remembered. */
unsigned remembered(void);

/** Starts it with --state and these words, up to NULL; input: its standard input, -1: none. */
void upload_start(struct upload *u, int input, ...);
/** Waits until its standard output holds text. */
void upload_says(const struct upload *u, const char *text);
/** Waits until it has reported that so many octets are sent; with --json. */
void upload_has_sent(const struct upload *u, uint64_t octets);
/** Waits for its end: the exit status, or 128 + signal. */
int upload_wait(struct upload *u);
/** Start and wait, without input. */
int upload_run(struct upload *u, ...);
#endif
