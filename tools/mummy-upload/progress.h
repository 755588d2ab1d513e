/*
 * progress.h - how fast it goes, when it will be done, and the line that says so.
 */
#ifndef MUMMY_UPLOAD_PROGRESS_H
#define MUMMY_UPLOAD_PROGRESS_H
#include <stddef.h>
#include <stdint.h>

#define PROGRESS_UNKNOWN UINT64_MAX

/** All zero to begin. */
struct progress {
	uint64_t started_ms, last_ms;
	uint64_t first, last;      /**< octets at the start, and when last looked */
	double rate;               /**< octets per second, of late */
	int begun;
};
/** done octets are there at that time; what was there at the first call is not counted as sent. */
void progress_look(struct progress *p, uint64_t done, uint64_t now_ms);
/** Seconds to go; PROGRESS_UNKNOWN. */
uint64_t progress_eta_s(const struct progress *p, uint64_t done, uint64_t total);

/** "1.5 GiB". */
void progress_size(char *out, size_t size, double octets);
/** "0:59", "1:02:03", "3d 4h". */
void progress_time(char *out, size_t size, uint64_t seconds);
/** A line of at most width columns, where name is ASCII; total may be PROGRESS_UNKNOWN. */
void progress_line(char *out, size_t size, const struct progress *p, const char *name, uint64_t done,
		   uint64_t total, unsigned width);
#endif
