#include <config.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include "engine.h"

static void trim(const char **p, size_t *len)
{
	while (*len && ((*p)[0] == ' ' || (*p)[0] == '\t'))
		(*p)++, (*len)--;
	while (*len && ((*p)[*len - 1] == ' ' || (*p)[*len - 1] == '\t'))
		(*len)--;
}

int mup_header(const struct mup_request *r, const char *name, const char **p, size_t *len)
{
	const struct mummy_upload_request *req = r->req;
	const char *again;
	size_t n = 0;

	*p = req->header ? req->header(req->ctx, name, 0, len) : NULL;
	if (!*p)
		return 0;
	trim(p, len);
	for (unsigned i = 1; (again = req->header(req->ctx, name, i, &n)) != NULL; i++) {
		trim(&again, &n);
		if (n != *len || memcmp(again, *p, n) != 0)
			return -EINVAL;
	}
	return 1;
}

int mup_number(const char *p, size_t n, uint64_t *out)
{
	uint64_t value = 0, digit;

	if (n == 0)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -EINVAL;
		digit = (uint64_t)(p[i] - '0');
		value = value <= (MUP_MOST - digit) / 10 ? value * 10 + digit : MUP_MOST;
	}
	*out = value;
	return 1;
}

int mup_header_number(const struct mup_request *r, const char *name, uint64_t *out)
{
	const char *p;
	size_t n;
	int rc = mup_header(r, name, &p, &n);

	return rc == 1 ? mup_number(p, n, out) : rc;
}

int mup_header_is_tus(const struct mup_request *r)
{
	static const char type[] = "application/offset+octet-stream";
	const char *p, *semicolon;
	size_t n;

	if (mup_header(r, "Content-Type", &p, &n) != 1)
		return 0;
	semicolon = memchr(p, ';', n);
	if (semicolon)
		n = (size_t)(semicolon - p);
	trim(&p, &n);
	return n == sizeof type - 1 && !strncasecmp(p, type, n);
}
