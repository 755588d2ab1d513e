/*
 * report.h - what the user sees: the line of progress, notes, errors, addresses; or events as JSON.
 */
#ifndef MUMMY_UPLOAD_REPORT_H
#define MUMMY_UPLOAD_REPORT_H
#include <stdint.h>
#include <stdio.h>
#include "progress.h"

struct report {
	FILE *out, *errors;        /**< results; all else */
	int json, quiet;
	int names;                 /**< tell the file after each address */
	unsigned columns;          /**< of the terminal; 0: no line of progress */
	int line;                  /**< one is shown now */
	int lost;                  /**< out could not be written */
};
/** What is known of an upload; url may be NULL. */
struct report_file {
	const char *name, *url;
	uint64_t size;             /**< PROGRESS_UNKNOWN */
};

void report_started(struct report *r, const struct report_file *f);
void report_resumed(struct report *r, const struct report_file *f, uint64_t offset);
void report_progress(struct report *r, const struct report_file *f, const struct progress *p, uint64_t done);
/** name may be NULL: of no file. */
void report_retry(struct report *r, const char *name, const char *why, uint64_t delay_ms, uint64_t attempt,
		  uint64_t attempts);
void report_finished(struct report *r, const struct report_file *f, uint64_t ms);
/** name may be NULL: of all. */
void report_failed(struct report *r, const char *name, const char *why);
void report_note(struct report *r, const char *name, const char *text);
/** Takes away the line of progress. */
void report_clear(struct report *r);
#endif
