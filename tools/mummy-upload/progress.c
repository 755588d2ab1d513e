/*
 * progress.c - how fast it goes, when it will be done, and the line that says so.
 */
#include <config.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "progress.h"

#define MEMORY_MS 5000.0       /* what is longer ago counts little for the rate */
#define BAR 20u

void progress_look(struct progress *p, uint64_t done, uint64_t now_ms)
{
	double ms, rate, weight;

	if (!p->begun) {
		p->begun = 1;
		p->started_ms = p->last_ms = now_ms;
		p->first = p->last = done;
		return;
	}
	ms = (double)(now_ms - p->last_ms);
	if (ms < 1)
		return;
	/* after a failure it may be less than before */
	rate = done > p->last ? (double)(done - p->last) * 1000 / ms : 0;
	weight = ms / (ms + MEMORY_MS);
	/* in the beginning all there is counts: the mean since the start */
	if ((double)(p->last_ms - p->started_ms) < MEMORY_MS) {
		double since = (double)(now_ms - p->started_ms);

		p->rate = done > p->first ? (double)(done - p->first) * 1000 / since : 0;
	} else {
		p->rate += (rate - p->rate) * weight;
	}
	p->last = done;
	p->last_ms = now_ms;
}

uint64_t progress_eta_s(const struct progress *p, uint64_t done, uint64_t total)
{
	double s;

	if (total == PROGRESS_UNKNOWN || total < done || p->rate < 1)
		return PROGRESS_UNKNOWN;
	s = (double)(total - done) / p->rate;
	return s < 1e9 ? (uint64_t)(s + 0.5) : PROGRESS_UNKNOWN;
}

void progress_size(char *out, size_t size, double octets)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	unsigned i = 0;

	while (octets >= 1000 && i < 6) {      /* at most three digits before the point */
		octets /= 1024;
		i++;
	}
	snprintf(out, size, i > 0 && octets < 100 ? "%.1f %s" : "%.0f %s", octets, units[i]);
}

void progress_time(char *out, size_t size, uint64_t s)
{
	if (s >= 86400)
		snprintf(out, size, "%" PRIu64 "d %uh", s / 86400, (unsigned)(s % 86400 / 3600));
	else if (s >= 3600)
		snprintf(out, size, "%u:%02u:%02u", (unsigned)(s / 3600), (unsigned)(s / 60 % 60),
			 (unsigned)(s % 60));
	else
		snprintf(out, size, "%u:%02u", (unsigned)(s / 60), (unsigned)(s % 60));
}

/* What stands behind the name. */
static void figures(char *out, size_t size, const struct progress *p, uint64_t done, uint64_t total)
{
	char have[24], all[24], rate[24], left[24] = "-", bar[BAR + 1];
	const uint64_t eta = progress_eta_s(p, done, total);
	unsigned full;

	progress_size(have, sizeof have, (double)done);
	progress_size(rate, sizeof rate, p->rate);
	if (eta != PROGRESS_UNKNOWN)
		progress_time(left, sizeof left, eta);
	if (total == PROGRESS_UNKNOWN) {
		snprintf(out, size, "%s  %s/s", have, rate);
		return;
	}
	progress_size(all, sizeof all, (double)total);
	if (done > total)
		done = total;
	full = total ? (unsigned)((double)done / (double)total * BAR) : BAR;
	memset(bar, '.', BAR);
	memset(bar, '#', full);
	bar[BAR] = '\0';
	snprintf(out, size, "[%s] %3u%%  %s of %s  %s/s  ETA %s", bar,
		 total ? (unsigned)((double)done / (double)total * 100) : 100, have, all, rate, left);
}

void progress_line(char *out, size_t size, const struct progress *p, const char *name, uint64_t done,
		   uint64_t total, unsigned width)
{
	const char *from = name + strlen(name);
	char behind[160];
	size_t n, room;

	figures(behind, sizeof behind, p, done, total);
	n = strlen(behind);
	room = width > n + 2 ? width - n - 2 : 0;
	if (room >= strlen(name))
		snprintf(out, size, "%s  %s", name, behind);
	else if (room >= 8) {          /* the end of a name tells more than its beginning */
		for (from -= room - 3; (*from & 0xc0) == 0x80; from++)
			;                  /* not within a character */
		snprintf(out, size, "...%s  %s", from, behind);
	} else
		snprintf(out, size, "%.*s", (int)width, behind);
}
