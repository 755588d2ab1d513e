/*
 * part.h - an upload on the server: made, sent, looked after, until it is whole. A file has one, or several
 * that are joined in the end.
 */
#ifndef MUMMY_UPLOAD_PART_H
#define MUMMY_UPLOAD_PART_H
#include <stdint.h>
#include "client.h"
#include "session.h"

struct job;

#define PART_CHANGED "the file has changed while it was sent"

enum step { STEP_CREATE, STEP_LOOK, STEP_SEND, STEP_DONE };

struct part {
	struct job *job;
	struct request request;
	struct tries tries;
	enum step step;
	uint64_t from, to;         /**< octets of the source; to may be SOURCE_UNKNOWN */
	uint64_t offset, best;     /**< acknowledged, from from on; and the most that was */
	uint64_t sending;          /**< octets of the request under way */
	int length_told;
	char **url;                /**< where its address is kept; *url NULL: not made */
};

/** Begins the next request when it is time for one. 1: one is under way; 0: it waits, at most *wait_ms,
 *  which is made smaller; -1: it failed, why is the job's. */
int part_turn(struct part *p, uint64_t now_ms, uint64_t *wait_ms);
/** Its request has ended: what follows. 0, or -1: it failed. */
int part_ended(struct part *p);
/** Octets of it that are there or on their way. */
uint64_t part_sent(const struct part *p);
/** Asks where it is, before it goes on. */
void part_look(struct part *p);
#endif
