#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "files.h"

void mhttp_files_etag(char out[MHTTP_ETAG_BYTES], const struct stat *st)
{
	uint64_t changed = (uint64_t)st->st_mtim.tv_sec * 1000000000u + (uint64_t)st->st_mtim.tv_nsec;

	snprintf(out, MHTTP_ETAG_BYTES, "\"%llx-%llx-%llx\"", (unsigned long long)st->st_size,
		 (unsigned long long)changed, (unsigned long long)st->st_ino);
}

/* The preconditions in their order (RFC 9110 section 13.2.2): 200, 304 or 412. */
static int conditions(const struct mhttp_files_question *q)
{
	int64_t date;

	if (q->if_match >= 0) {
		if (q->if_match == 0)
			return 412;
	} else if (q->if_unmodified_since.p && mummy_http_date_parse(q->if_unmodified_since, &date) == 0 &&
		   q->mtime > date) {
		return 412;
	}
	if (q->if_none_match >= 0)
		return q->if_none_match ? 304 : 200;
	if (q->if_modified_since.p && mummy_http_date_parse(q->if_modified_since, &date) == 0 &&
	    q->mtime <= date)
		return 304;
	return 200;
}

/* If-Range: only a strong validator that is the same (sections 13.1.5 and 8.8.2.2). */
static int range_stands(const struct mhttp_files_question *q)
{
	int64_t date;

	if (!q->if_range.p)
		return 1;
	if (q->if_range.n && (q->if_range.p[0] == '"' || q->if_range.p[0] == 'W'))
		return q->if_range.n == strlen(q->etag) && !memcmp(q->if_range.p, q->etag, q->if_range.n);
	return mummy_http_date_parse(q->if_range, &date) == 0 && date == q->mtime && q->mtime < q->now;
}

/* Of several ranges: 206 where they are few and small, else the whole. */
static void decide_parts(struct mhttp_files_decision *d, unsigned n)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < n && total <= MHTTP_FILES_PARTS_BYTES; i++)
		total += d->ranges[i].length;
	if (total > MHTTP_FILES_PARTS_BYTES)
		return;
	d->status = 206;
	d->nranges = n;
}

struct mhttp_files_decision mhttp_files_decide(const struct mhttp_files_question *q)
{
	struct mhttp_files_decision d = {.status = conditions(q), .length = q->size};
	int n;

	if (d.status != 200 || !q->is_get || !q->range.p || !range_stands(q))
		return d;
	n = mummy_http_range_parse(q->range, q->size, d.ranges, MHTTP_FILES_RANGES);
	if (n == 1) {
		d.status = 206;
		d.nranges = 1;
		d.first = d.ranges[0].first;
		d.length = d.ranges[0].length;
	} else if (n > 1) {
		decide_parts(&d, (unsigned)n);
	} else if (n == -ERANGE) {
		d.status = 416;
	}
	return d;
}
