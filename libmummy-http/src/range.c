#include <config.h>
#include <errno.h>
#include "parse.h"
#include "scan.h"

/* RFC 9110 section 14.2 lets a server ignore or refuse what only an attack asks for. */
#define MAX_OVERLAPS 2

/* Digits at *p, as far as they go; too large is as large as can be. 0 when there are none. */
static int read_number(const char **p, const char *end, uint64_t *out)
{
	const char *from = *p;

	for (*out = 0; *p < end && mhttp_is(**p, MHTTP_DIGIT); ++*p) {
		unsigned digit = (unsigned)(**p - '0');

		*out = *out > (UINT64_MAX - digit) / 10 ? UINT64_MAX : *out * 10 + digit;
	}
	return *p > from;
}

/* One range-spec: 1 in *out, 0 outside of the content, -1 malformed. */
static int read_spec(struct mummy_http_span s, uint64_t size, struct mummy_http_range *out)
{
	const char *p = s.p, *end = p + s.n;
	uint64_t first, last;
	int has_first = read_number(&p, end, &first), has_last;

	if (p == end || *p++ != '-')
		return -1;
	has_last = read_number(&p, end, &last);
	if (p != end || (!has_first && !has_last))
		return -1;
	if (!has_first) {
		out->length = last < size ? last : size;
		out->first = size - out->length;
		return last != 0;
	}
	if (has_last && last < first)
		return -1;
	if (first >= size)
		return 0;
	out->first = first;
	out->length = (has_last && last < size ? last + 1 : size) - first;
	return 1;
}

static int overlaps_one(const struct mummy_http_range *r, const struct mummy_http_range *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (r->first < all[i].first + all[i].length && all[i].first < r->first + r->length)
			return 1;
	return 0;
}

int mummy_http_range_parse(struct mummy_http_span value, uint64_t size, struct mummy_http_range *out,
			   size_t max)
{
	struct mummy_http_span unit = {value.p, 5}, item;
	size_t n = 0, specs = 0;
	int overlaps = 0;

	if (value.n < 6 || !MHTTP_SAME(unit, "bytes") || value.p[5] != '=')
		return 0;
	value.p += 6;
	value.n -= 6;
	for (; mummy_http_list_next(&value, &item) == 1; specs++) {
		struct mummy_http_range r;
		int rc = read_spec(item, size, &r);

		if (rc < 0)
			return 0;
		if (rc == 0)
			continue;
		if (r.length == 0) /* a suffix of nothing: no range can say that */
			return 0;
		overlaps += overlaps_one(&r, out, n);
		if (n == max || overlaps > MAX_OVERLAPS)
			return -EMSGSIZE;
		out[n++] = r;
	}
	if (value.n || specs == 0)
		return 0;
	return n ? (int)n : -ERANGE;
}
