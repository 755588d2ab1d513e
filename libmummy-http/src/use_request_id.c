/* use_request_id.c - middleware: a name for each request. */
#include <config.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "internal.h"
#include "scan.h"

struct ids { _Atomic uint64_t next; };

/* A bijection, so that numbers in a row give names that differ everywhere. */
static uint64_t mix(uint64_t v)
{
	v = (v ^ (v >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	v = (v ^ (v >> 27)) * UINT64_C(0x94d049bb133111eb);
	return v ^ (v >> 31);
}

static int is_plain(const char *id, size_t n)
{
	if (n == 0 || n > 64)
		return 0;
	for (; n; n--, id++)
		if (!mhttp_is(*id, MHTTP_ALPHA | MHTTP_DIGIT) && *id != '.' && *id != '_' && *id != '-')
			return 0;
	return 1;
}

static int before(mummy_http_exchange *x, void *ctx)
{
	struct mhttp_told *told = mhttp_told(x);
	struct ids *ids = ctx;
	size_t n;
	const char *id = mummy_http_header_get(x, "X-Request-Id", &n);

	if (!told)
		return 0;
	if (id && is_plain(id, n))
		memcpy(told->id, id, n + 1);
	else
		snprintf(told->id, sizeof told->id, "%016llx",
			 (unsigned long long)mix(atomic_fetch_add(&ids->next, 1)));
	mummy_http_header_add(x, "X-Request-Id", told->id);
	return 0;
}

int mummy_http_use_request_id(mummy_http_router *r)
{
	struct mummy_http_middleware m = { .before = before, .flags = MUMMY_HTTP_INLINE };
	struct ids *ids = malloc(sizeof *ids);
	struct timespec now;
	int rc;

	if (!ids)
		return -ENOMEM;
	clock_gettime(CLOCK_REALTIME, &now);
	atomic_init(&ids->next, mix((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec)
					^ (uint64_t)(uintptr_t)ids);
	m.ctx = ids;
	rc = mhttp_router_use_owned(r, NULL, &m, free);
	return rc;
}

const char *mummy_http_request_id(const mummy_http_exchange *x)
{
	return x->told && x->told->id[0] ? x->told->id : NULL;
}
