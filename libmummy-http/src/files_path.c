#include <config.h>
#include <string.h>
#include "files.h"

struct mummy_http_span mhttp_files_tail(struct mummy_http_span path, unsigned segments)
{
	const char *p = path.p, *end = p + path.n;
	struct mummy_http_span tail = {NULL, 0};

	for (unsigned slashes = 0; p < end; p++) {
		if (*p == '/' && slashes++ == segments) {
			tail.p = p + 1;
			tail.n = (size_t)(end - p - 1);
			break;
		}
	}
	return tail;
}

/* One segment, decoded at out: 0, or the status. */
static int check_segment(const char *p, size_t n, int dot_files)
{
	if (memchr(p, '\0', n))
		return 400;
	if (memchr(p, '/', n))
		return 404;
	if (p[0] == '.' && (!dot_files || n == 1 || (n == 2 && p[1] == '.')))
		return 404;
	return 0;
}

int mhttp_files_path(char *out, struct mummy_http_span raw, int dot_files)
{
	const char *p = raw.p, *end = p + raw.n;

	while (p < end) {
		const char *slash = memchr(p, '/', (size_t)(end - p));
		struct mummy_http_span segment = {p, (size_t)((slash ? slash : end) - p)};
		ssize_t n = mummy_http_percent_decode(out, segment, 0);
		int status;

		if (n <= 0)
			return n < 0 ? 400 : 404;
		status = check_segment(out, (size_t)n, dot_files);
		if (status)
			return status;
		out += n;
		p += segment.n;
		if (slash)
			*out++ = *p++;
	}
	*out = '\0';
	return 0;
}
