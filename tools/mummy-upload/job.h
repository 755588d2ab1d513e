/*
 * job.h - one upload, from opening the file to the address of what is there.
 */
#ifndef MUMMY_UPLOAD_JOB_H
#define MUMMY_UPLOAD_JOB_H
#include "client.h"
#include "part.h"
#include "progress.h"
#include "source.h"
#include "state.h"
#include "statefile.h"

struct job {
	struct client *c;
	const char *name;          /**< for the user; "-": standard input */
	const char *relative;      /**< to a folder; NULL: none */
	char *metadata, *path;     /**< path: absolute; NULL: a stream */
	struct source source;
	struct state state;
	struct statefile file;
	struct part *part;
	unsigned nparts;
	int resumes;               /**< it was begun by another run; not said yet */
	char *url;                 /**< of what is there in the end */
	uint64_t joined;           /**< octets that the server says it has of that; or ANSWER_UNKNOWN */
	struct progress progress;
	uint64_t started_ms, shown_ms;
	char why[600];             /**< of the failure */
};

/** Uploads it, and reports. name "-": standard input. 0, or -1: it failed, and what is known of it is
 *  remembered for the next time; or the user stopped it. */
int job_run(struct client *c, const char *name, const char *relative);

/** Remembers where the parts are. */
void job_save(struct job *j);
#endif
