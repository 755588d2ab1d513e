/* use_auth.c - middleware: who may pass (RFC 9110 section 11, RFC 7617, RFC 6750). */
#include <config.h>
#include <stdio.h>
#include <stdlib.h>
#include "internal.h"

enum { MAX_SECRET = 2048 };

struct auth {
	int (*check)(void *ctx, mummy_http_exchange *x, const char *user, const char *secret);
	void *ctx;
	char *challenges[2];
};

static void auth_free(void *ctx)
{
	struct auth *a = ctx;

	free(a->challenges[0]);
	free(a->challenges[1]);
	free(a);
}

static int digit_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Base 64 (RFC 4648 section 4), strictly; out has room for MAX_SECRET. The length, or -1. */
static int decode(const char *p, size_t n, char *out)
{
	size_t pad = n && p[n - 1] == '=' ? 1 + (n > 1 && p[n - 2] == '=') : 0;
	uint32_t word = 0;
	int len = 0;

	if (n % 4 || n / 4 * 3 >= MAX_SECRET)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int digit = i < n - pad ? digit_of(p[i]) : 0;

		if (digit < 0)
			return -1;
		word = word << 6 | (unsigned)digit;
		if (i % 4 < 3)
			continue;
		out[len++] = (char)(word >> 16);
		out[len++] = (char)(word >> 8);
		out[len++] = (char)word;
		word = 0;
	}
	len -= (int)pad;
	out[len] = 0;
	return memchr(out, 0, (size_t)len) ? -1 : len;
}

static int is_scheme(const char *p, size_t n, const char *name)
{
	size_t len = strlen(name);

	return n > len && mhttp_name_is(p, len, name, len) && p[len] == ' ';
}

static int ask(const struct auth *a, mummy_http_exchange *x)
{
	char text[MAX_SECRET], *colon;
	size_t n;
	const char *p = mummy_http_header_get(x, "Authorization", &n);
	int rc = -EACCES;

	/* two of them would be read differently by somebody else */
	if (!p || mummy_http_header_nth(x, "Authorization", 1, NULL))
		return rc;
	if (is_scheme(p, n, "Bearer")) {
		p += 7 + strspn(p + 7, " ");
		return *p ? a->check(a->ctx, x, NULL, p) : rc;
	}
	if (!is_scheme(p, n, "Basic"))
		return rc;
	n -= 6 + strspn(p + 6, " ");
	p += 6 + strspn(p + 6, " ");
	if (decode(p, n, text) < 0)
		return rc;
	colon = strchr(text, ':');
	if (colon) {
		*colon = 0;
		rc = a->check(a->ctx, x, text, colon + 1);
	}
	return rc;
}

static int before(mummy_http_exchange *x, void *ctx)
{
	const struct auth *a = ctx;
	int rc = ask(a, x);

	if (rc == 0)
		return 0;
	if (rc != -EPERM)
		for (int i = 0; i < 2; i++)
			mummy_http_header_add(x, "WWW-Authenticate", a->challenges[i]);
	mhttp_error_answer(x, rc == -EPERM ? 403 : 401);
	return 1;
}

/* realm is a quoted string there. NULL: no memory. */
static char *challenge(const char *scheme, const char *realm, const char *rest)
{
	size_t n = strlen(scheme) + 2 * strlen(realm) + strlen(rest) + 16;
	char *text = malloc(n), *p = text;

	if (!text)
		return NULL;
	p += sprintf(p, "%s realm=\"", scheme);
	for (; *realm; realm++) {
		if (*realm == '"' || *realm == '\\')
			*p++ = '\\';
		*p++ = *realm;
	}
	sprintf(p, "\"%s", rest);
	return text;
}

int mummy_http_use_auth(mummy_http_router *r, const char *prefix, const char *realm,
			int (*check)(void *ctx, mummy_http_exchange *x, const char *user, const char *secret),
			void *ctx)
{
	struct mummy_http_middleware m = { .before = before };
	const struct mummy_http_header h = MUMMY_HTTP_HEADER("X", realm ? realm : "");
	struct auth *a;

	if (!realm || !check || !mhttp_fields_ok(&h, 1))
		return -EINVAL;
	a = calloc(1, sizeof *a);
	if (!a)
		return -ENOMEM;
	a->check = check;
	a->ctx = ctx;
	a->challenges[0] = challenge("Basic", realm, ", charset=\"UTF-8\"");
	a->challenges[1] = challenge("Bearer", realm, "");
	if (!a->challenges[0] || !a->challenges[1]) {
		auth_free(a);
		return -ENOMEM;
	}
	m.ctx = a;
	return mhttp_router_use_owned(r, prefix, &m, auth_free);
}
