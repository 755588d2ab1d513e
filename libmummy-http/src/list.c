/*
 * Lists and parameters of field values (RFC 9110 section 5.6). Items are cut, not judged: which octets an
 * item may have is the business of the field.
 */
#include <config.h>
#include <errno.h>
#include "parse.h"
#include "scan.h"

static int is_space(char c)
{
	return c == ' ' || c == '\t';
}

static struct mummy_http_span trimmed(const char *p, const char *end)
{
	struct mummy_http_span s;

	while (p < end && is_space(*p))
		p++;
	while (end > p && is_space(end[-1]))
		end--;
	s.p = p;
	s.n = (size_t)(end - p);
	return s;
}

/* The next separator that is not inside a quoted string; end; NULL: a quoted string does not end. */
static const char *find_separator(const char *p, const char *end, char separator)
{
	int quoted = 0;

	for (; p < end; p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (quoted && *p == '\\' && p + 1 < end)
			p++;
		else if (!quoted && *p == separator)
			return p;
	}
	return quoted ? NULL : end;
}

/* Takes the first item that is not empty off *rest, as the _next functions do. */
static int next_item(struct mummy_http_span *rest, struct mummy_http_span *item, char separator)
{
	const char *p = rest->p, *end = p ? p + rest->n : p;

	while (p < end) {
		const char *stop = find_separator(p, end, separator);

		if (!stop)
			return -EBADMSG;
		*item = trimmed(p, stop);
		p = stop < end ? stop + 1 : end;
		rest->p = p;
		rest->n = (size_t)(end - p);
		if (item->n)
			return 1;
	}
	return 0;
}

int mummy_http_list_next(struct mummy_http_span *rest, struct mummy_http_span *item)
{
	return next_item(rest, item, ',');
}

int mummy_http_parameter_next(struct mummy_http_span *rest, struct mummy_http_field *out)
{
	struct mummy_http_span item;
	const char *equals;
	int rc = next_item(rest, &item, ';');

	if (rc <= 0)
		return rc;
	out->name = item;
	out->value.p = NULL;
	out->value.n = 0;
	equals = find_separator(item.p, item.p + item.n, '=');
	if (equals && equals < item.p + item.n) {
		out->name = trimmed(item.p, equals);
		out->value = trimmed(equals + 1, item.p + item.n);
	}
	return out->name.n ? 1 : -EBADMSG;
}

size_t mummy_http_unquote(char *out, struct mummy_http_span value)
{
	size_t n = 0;

	if (value.n < 2 || value.p[0] != '"' || value.p[value.n - 1] != '"') {
		if (value.n)
			memmove(out, value.p, value.n);
		return value.n;
	}
	for (size_t i = 1; i < value.n - 1; i++) {
		if (value.p[i] == '\\' && i + 1 < value.n - 1)
			i++;
		out[n++] = value.p[i];
	}
	return n;
}

/* A weight in thousandths (RFC 9110 section 12.4.2); 0 also for what is none. */
static int weight(struct mummy_http_span s)
{
	int thousandths = 0, unit = 100;

	if (s.n == 0 || s.n > 5 || (s.p[0] != '0' && s.p[0] != '1') || (s.n > 1 && s.p[1] != '.'))
		return 0;
	for (size_t i = 2; i < s.n; i++, unit /= 10) {
		if (!mhttp_is(s.p[i], MHTTP_DIGIT))
			return 0;
		thousandths += (s.p[i] - '0') * unit;
	}
	if (s.p[0] == '1')
		return thousandths ? 0 : 1000;
	return thousandths;
}

static int same_letters(struct mummy_http_span s, const char *token)
{
	for (size_t i = 0; i < s.n; i++) {
		char a = s.p[i], b = token[i];

		if (a >= 'A' && a <= 'Z')
			a = (char)(a + 32);
		if (b >= 'A' && b <= 'Z')
			b = (char)(b + 32);
		if (a != b || !b)
			return 0;
	}
	return token[s.n] == '\0';
}

int mummy_http_quality(struct mummy_http_span value, const char *token)
{
	struct mummy_http_span item;
	int any = -ENOENT, rc;

	while ((rc = mummy_http_list_next(&value, &item)) == 1) {
		struct mummy_http_field name = {{NULL, 0}, {NULL, 0}}, parameter;
		int q = 1000;

		if (mummy_http_parameter_next(&item, &name) != 1)
			continue;
		while (mummy_http_parameter_next(&item, &parameter) == 1)
			if (MHTTP_SAME(parameter.name, "q"))
				q = weight(parameter.value);
		if (same_letters(name.name, token))
			return q;
		if (name.name.n == 1 && name.name.p[0] == '*' && any == -ENOENT)
			any = q;
	}
	return rc < 0 ? rc : any;
}
