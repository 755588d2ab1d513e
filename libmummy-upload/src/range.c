#include <config.h>
#include <string.h>
#include <strings.h>
#include "engine.h"
#include "range.h"

static int suffix(uint64_t last, uint64_t size, uint64_t *from, uint64_t *len)
{
	if (last == 0 || size == 0)
		return -1;
	*len = last < size ? last : size;
	*from = size - *len;
	return 1;
}

int mup_range(const char *p, size_t n, uint64_t size, uint64_t *from, uint64_t *len)
{
	const char *end = p + n, *dash;
	uint64_t a = 0, b = UINT64_MAX;
	int has_a, has_b;

	if (n < 6 || strncasecmp(p, "bytes=", 6) != 0)
		return 0;
	p += 6;
	dash = memchr(p, '-', (size_t)(end - p));
	if (!dash)
		return 0;
	has_a = dash > p;
	has_b = end > dash + 1;
	if ((has_a && mup_number(p, (size_t)(dash - p), &a) < 0)
	    || (has_b && mup_number(dash + 1, (size_t)(end - dash - 1), &b) < 0) || (!has_a && !has_b)
	    || a > b)
		return 0;
	if (!has_a)
		return suffix(b, size, from, len);
	if (a >= size)
		return -1;
	*from = a;
	*len = (b < size ? b + 1 : size) - a;
	return 1;
}
