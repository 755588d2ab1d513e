#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "conditions.h"
#include "date.h"

int mup_validators(struct mup_validators *v, const char *id, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	/* the content of an id stays, but files lie where anybody may write to them */
	snprintf(v->tag, sizeof v->tag, "\"%s-%llx-%llx\"", id, (unsigned long long)st.st_size,
		 (unsigned long long)st.st_mtim.tv_sec * 1000000000 + (unsigned long long)st.st_mtim.tv_nsec);
	v->modified = st.st_mtim.tv_sec;
	return 0;
}

/* Takes a tag from a list, with its quotes: its length, 0 there is none. */
static size_t next_tag(const char **p, const char *end, int *weak)
{
	const char *at = *p, *close;

	while (at < end && (*at == ' ' || *at == '\t' || *at == ','))
		at++;
	*weak = end - at > 2 && at[0] == 'W' && at[1] == '/';
	at += *weak ? 2 : 0;
	*p = at;
	if (at == end || *at != '"')
		return 0;
	close = memchr(at + 1, '"', (size_t)(end - at - 1));
	return close ? (size_t)(close + 1 - at) : 0;
}

static int in_list(const char *p, size_t n, const char *tag, int weak_too)
{
	const char *end = p + n;
	size_t len;
	int weak;

	if (n == 1 && *p == '*')
		return 1;
	while ((len = next_tag(&p, end, &weak)) > 0) {
		if (len == strlen(tag) && !memcmp(p, tag, len) && (weak_too || !weak))
			return 1;
		p += len;
	}
	return 0;
}

/* -1: there is no such field; else whether the tag is in one of its lines. */
static int listed(const struct mup_request *r, const char *name, const char *tag, int weak_too)
{
	const struct mummy_upload_request *req = r->req;
	const char *p;
	size_t n = 0;
	int found = -1;

	for (unsigned i = 0; found <= 0 && req->header && (p = req->header(req->ctx, name, i, &n)) != NULL;
	     i++)
		found = in_list(p, n, tag, weak_too);
	return found;
}

/* 1 and the date, or 0: what is no date, or comes twice, is as if it had not been said. */
static int date_of(const struct mup_request *r, const char *name, int64_t *out)
{
	const char *p;
	size_t n;

	return mup_header(r, name, &p, &n) == 1 && mup_date(p, n, r->u->clock(NULL), out) == 0;
}

int mup_conditions(const struct mup_request *r, const struct mup_validators *v)
{
	int64_t date;
	int match = listed(r, "If-Match", v->tag, 0);

	if (match == 0 || (match < 0 && date_of(r, "If-Unmodified-Since", &date) && v->modified > date))
		return 412;
	match = listed(r, "If-None-Match", v->tag, 1);
	if (match == 1 || (match < 0 && date_of(r, "If-Modified-Since", &date) && v->modified <= date))
		return 304;
	return 0;
}

int mup_condition_range(const struct mup_request *r, const struct mup_validators *v)
{
	const char *p;
	size_t n;
	int64_t date;
	int given = mup_header(r, "If-Range", &p, &n);

	if (given == 0)
		return 1;
	if (given == 1 && n > 0 && (*p == '"' || *p == 'W'))
		return n == strlen(v->tag) && !memcmp(p, v->tag, n);
	/* a date tells versions apart only when there was time for no other one within its second */
	return date_of(r, "If-Range", &date) && date == v->modified && r->u->clock(NULL) > v->modified;
}
