#include <config.h>
#include <string.h>
#include <strings.h>
#include "disposition.h"
#include "percent.h"

struct text { const char *p, *end; };

static void skip_space(struct text *t)
{
	while (t->p < t->end && (*t->p == ' ' || *t->p == '\t'))
		t->p++;
}

static size_t token(struct text *t, const char **p)
{
	*p = t->p;
	while (t->p < t->end && *t->p > ' ' && *t->p < 0x7f && !strchr("()<>@,;:\\\"/[]?={}", *t->p))
		t->p++;
	return (size_t)(t->p - *p);
}

/* A quoted string, unquoted, or a token. Its length, 0: malformed or too long. */
static size_t value(struct text *t, char *out, size_t size)
{
	const char *p;
	size_t n = 0;

	if (t->p == t->end || *t->p != '"') {
		n = token(t, &p);
		if (n > size)
			return 0;
		memcpy(out, p, n);
		return n;
	}
	for (t->p++; t->p < t->end && *t->p != '"'; t->p++) {
		if (*t->p == '\\' && ++t->p == t->end)
			return 0;
		if (n == size)
			return 0;
		out[n++] = *t->p;
	}
	if (t->p == t->end)
		return 0;
	t->p++;
	return n;
}

/* UTF-8''name%20encoded */
static size_t extended(const char *text, size_t n, char *out, size_t size)
{
	const char *quote = n > 6 && !strncasecmp(text, "UTF-8'", 6) ? memchr(text + 6, '\'', n - 6) : NULL;
	int len;

	if (!quote)
		return 0;
	len = mup_percent_decode(quote + 1, n - (size_t)(quote + 1 - text), out, size);
	return len > 0 ? (size_t)len : 0;
}

static int is(const char *p, size_t n, const char *name)
{
	return n == strlen(name) && !strncasecmp(p, name, n);
}

size_t mup_disposition_name(const char *p, size_t n, char *out, size_t size)
{
	struct text t = { p, p + n };
	char text[1024], plain[1024];
	const char *name;
	size_t len, used, found = 0;

	skip_space(&t);
	if (token(&t, &name) == 0)
		return 0;
	for (skip_space(&t); t.p < t.end && *t.p == ';'; skip_space(&t)) {
		t.p++;
		skip_space(&t);
		len = token(&t, &name);
		if (len == 0 || t.p == t.end || *t.p++ != '=')
			break;
		used = value(&t, text, sizeof text);
		if (is(name, len, "filename*")) {
			size_t wide = extended(text, used, out, size);

			if (wide)
				return wide;
		}
		if (is(name, len, "filename")) {
			memcpy(plain, text, used);
			found = used;
		}
	}
	if (t.p < t.end || found > size)
		return 0;
	memcpy(out, plain, found);
	return found;
}
