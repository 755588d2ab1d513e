#include <config.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include "content_range.h"
#include "engine.h"

static int read_range(const char *p, size_t n, struct mup_content_range *out)
{
	const char *dash = memchr(p, '-', n);
	uint64_t last;

	if (n == 1 && *p == '*') {
		out->asks = 1;
		return 0;
	}
	if (!dash || mup_number(p, (size_t)(dash - p), &out->from) < 0
	    || mup_number(dash + 1, n - (size_t)(dash - p) - 1, &last) < 0)
		return -EINVAL;
	if (out->from > last || last >= MUP_MOST
	    || (out->total != MUMMY_UPLOAD_UNKNOWN && last >= out->total))
		return -EINVAL;
	out->len = last - out->from + 1;
	return 0;
}

int mup_content_range(const char *p, size_t n, struct mup_content_range *out)
{
	static const char unit[] = "bytes ";
	const char *slash;
	size_t len;

	memset(out, 0, sizeof *out);
	if (n < sizeof unit || strncasecmp(p, unit, sizeof unit - 1) != 0)
		return -EINVAL;
	p += sizeof unit - 1;
	n -= sizeof unit - 1;
	slash = memchr(p, '/', n);
	if (!slash)
		return -EINVAL;
	len = n - (size_t)(slash - p) - 1;
	if (len == 1 && slash[1] == '*')
		out->total = MUMMY_UPLOAD_UNKNOWN;
	else if (mup_number(slash + 1, len, &out->total) < 0)
		return -EINVAL;
	return read_range(p, (size_t)(slash - p), out);
}
