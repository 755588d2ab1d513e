/* Upload-Metadata for requests that have none. */
#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "disposition.h"
#include "engine.h"
#include "percent.h"

/* 0; -EINVAL: the path has a name that is malformed. */
static int find_name(const struct mup_request *r, char *out, size_t size)
{
	const char *slash = r->name ? strrchr(r->name, '/') : NULL, *last = slash ? slash + 1 : r->name, *p;
	size_t n;

	if (last && *last)
		return mup_percent_decode(last, strlen(last), out, size);
	if (r->draft.on && mup_header(r, "Content-Disposition", &p, &n) == 1)
		return (int)mup_disposition_name(p, n, out, size);
	return 0;
}

/* Content-Type of the content, not of the request. */
static size_t find_type(const struct mup_request *r, const char **p)
{
	size_t n;

	if (!r->draft.on || mup_header(r, "Content-Type", p, &n) != 1 || n > 255 || mup_header_is_tus(r)
	    || (n >= 26 && !strncasecmp(*p, "application/partial-upload", 26)))
		return 0;
	return n;
}

/* A pair, with a comma behind another one. */
static int add_pair(char **text, const char *key, const void *value, size_t n)
{
	char *b64 = mup_base64_encode(value, n), *more;
	size_t used = *text ? strlen(*text) : 0, room = used + strlen(key) + (b64 ? strlen(b64) : 0) + 3;

	more = b64 ? realloc(*text, room) : NULL;
	if (more) {
		snprintf(more + used, room - used, "%s%s %s", used ? "," : "", key, b64);
		*text = more;
	}
	free(b64);
	return more ? 0 : -ENOMEM;
}

int mup_guess_metadata(const struct mup_request *r, char **out)
{
	char name[512];
	const char *type = NULL;
	size_t type_len = find_type(r, &type);
	int n = find_name(r, name, sizeof name), rc = n < 0 ? n : 0;

	*out = NULL;
	if (n > 0)
		rc = add_pair(out, "filename", name, (size_t)n);
	if (rc == 0 && type_len)
		rc = add_pair(out, "filetype", type, type_len);
	if (rc < 0) {
		free(*out);
		*out = NULL;
	}
	return rc;
}
