#include <config.h>
#include <errno.h>
#include <string.h>
#include "base64.h"
#include "sf.h"

struct text { const char *p, *end; };

static int is_digit(char c) { return c >= '0' && c <= '9'; }
static int is_lower(char c) { return c >= 'a' && c <= 'z'; }
static int is_alpha(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }

static int at(const struct text *t, char c)
{
	return t->p < t->end && *t->p == c;
}

static int take(struct text *t, char c)
{
	if (!at(t, c))
		return 0;
	t->p++;
	return 1;
}

static void skip(struct text *t, const char *set)
{
	while (t->p < t->end && strchr(set, *t->p) && *t->p)
		t->p++;
}

/* How many of at most 15 digits; more are no number (sections 3.3.1 and 3.3.2). */
static int digits(struct text *t, int64_t *value)
{
	int n = 0;

	for (*value = 0; t->p < t->end && is_digit(*t->p) && n < 16; n++)
		*value = *value * 10 + (*t->p++ - '0');
	return n;
}

static int number(struct text *t, struct mup_sf_item *out)
{
	const int minus = take(t, '-');
	int64_t fraction;
	int n = digits(t, &out->number), m;

	if (n == 0 || n > 15)
		return -EINVAL;
	out->number = minus ? -out->number : out->number;
	out->type = MUP_SF_INTEGER;
	if (!take(t, '.'))
		return 0;
	out->type = MUP_SF_DECIMAL;
	m = digits(t, &fraction);
	return n <= 12 && m >= 1 && m <= 3 ? 0 : -EINVAL;
}

static int date(struct text *t, struct mup_sf_item *out)
{
	int rc = take(t, '@') ? number(t, out) : -EINVAL;

	if (rc < 0 || out->type != MUP_SF_INTEGER)
		return -EINVAL;
	out->type = MUP_SF_DATE;
	return 0;
}

static int string(struct text *t, struct mup_sf_item *out)
{
	out->type = MUP_SF_STRING;
	for (t->p++; t->p < t->end && *t->p != '"'; t->p++) {
		if (*t->p < ' ' || *t->p > '~')
			return -EINVAL;
		if (*t->p == '\\' && (++t->p == t->end || (*t->p != '"' && *t->p != '\\')))
			return -EINVAL;
	}
	return take(t, '"') ? 0 : -EINVAL;
}

static int is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

/* Whether it is UTF-8 is nobody's question here. */
static int display(struct text *t, struct mup_sf_item *out)
{
	out->type = MUP_SF_DISPLAY;
	t->p++;
	if (!take(t, '"'))
		return -EINVAL;
	for (; t->p < t->end && *t->p != '"'; t->p++) {
		if (*t->p < ' ' || *t->p > '~')
			return -EINVAL;
		if (*t->p == '%' && (t->end - t->p < 3 || !is_hex(t->p[1]) || !is_hex(t->p[2])))
			return -EINVAL;
		t->p += *t->p == '%' ? 2 : 0;
	}
	return take(t, '"') ? 0 : -EINVAL;
}

static int token(struct text *t, struct mup_sf_item *out)
{
	out->type = MUP_SF_TOKEN;
	for (t->p++;
	     t->p < t->end
	     && (is_alpha(*t->p) || is_digit(*t->p) || (*t->p && strchr("!#$%&'*+-.^_`|~:/", *t->p)));)
		t->p++;
	return 0;
}

static int bytes(struct text *t, struct mup_sf_item *out)
{
	out->type = MUP_SF_BYTES;
	out->p = ++t->p;
	while (t->p < t->end && *t->p != ':')
		t->p++;
	out->n = (size_t)(t->p - out->p);
	if (!take(t, ':'))
		return -EINVAL;
	return mup_base64_check(out->p, out->n) < 0 ? -EINVAL : 0;
}

static int boolean(struct text *t, struct mup_sf_item *out)
{
	out->type = MUP_SF_BOOLEAN;
	t->p++;
	if (!at(t, '0') && !at(t, '1'))
		return -EINVAL;
	out->number = *t->p++ == '1';
	return 0;
}

static int bare(struct text *t, struct mup_sf_item *out)
{
	memset(out, 0, sizeof *out);
	if (t->p == t->end)
		return -EINVAL;
	switch (*t->p) {
	case '"': return string(t, out);
	case ':': return bytes(t, out);
	case '?': return boolean(t, out);
	case '@': return date(t, out);
	case '%': return display(t, out);
	}
	return *t->p == '-' || is_digit(*t->p) ? number(t, out)
		: *t->p == '*' || is_alpha(*t->p) ? token(t, out) : -EINVAL;
}

static int key(struct text *t, const char **p, size_t *n)
{
	*p = t->p;
	if (!(t->p < t->end && is_lower(*t->p)) && !at(t, '*'))
		return -EINVAL;
	while (t->p < t->end && (is_lower(*t->p) || is_digit(*t->p) || (*t->p && strchr("_-.*", *t->p))))
		t->p++;
	*n = (size_t)(t->p - *p);
	return 0;
}

static int parameters(struct text *t)
{
	struct mup_sf_item ignored;
	const char *p;
	size_t n;

	while (take(t, ';')) {
		skip(t, " ");
		if (key(t, &p, &n) < 0 || (take(t, '=') && bare(t, &ignored) < 0))
			return -EINVAL;
	}
	return 0;
}

static int item(struct text *t, struct mup_sf_item *out)
{
	return bare(t, out) < 0 ? -EINVAL : parameters(t);
}

static int inner_list(struct text *t, struct mup_sf_item *out)
{
	for (t->p++;;) {
		skip(t, " ");
		if (take(t, ')'))
			break;
		if (item(t, out) < 0 || !(at(t, ' ') || at(t, ')')))
			return -EINVAL;
	}
	memset(out, 0, sizeof *out);
	out->type = MUP_SF_LIST;
	return parameters(t);
}

static int member_value(struct text *t, struct mup_sf_item *out)
{
	if (take(t, '='))
		return at(t, '(') ? inner_list(t, out) : item(t, out);
	*out = (struct mup_sf_item){ .type = MUP_SF_BOOLEAN, .number = 1 };
	return parameters(t);
}

int mup_sf_item(const char *p, size_t n, struct mup_sf_item *out)
{
	struct text t = { p, p + n };

	skip(&t, " ");
	if (item(&t, out) < 0)
		return -EINVAL;
	skip(&t, " ");
	return t.p == t.end ? 0 : -EINVAL;
}

int mup_sf_member(const char *p, size_t n, const char *name, struct mup_sf_item *out)
{
	struct text t = { p, p + n };
	struct mup_sf_item value;
	const char *k;
	size_t len;
	int found = 0;

	for (skip(&t, " "); t.p < t.end;) {
		if (key(&t, &k, &len) < 0 || member_value(&t, &value) < 0)
			return -EINVAL;
		/* of members with the same key the last one counts */
		if (len == strlen(name) && !memcmp(k, name, len)) {
			*out = value;
			found = 1;
		}
		skip(&t, " \t");
		if (t.p == t.end)
			break;
		if (!take(&t, ','))
			return -EINVAL;
		skip(&t, " \t");
		if (t.p == t.end)
			return -EINVAL;
	}
	return found;
}
