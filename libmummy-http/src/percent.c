#include <config.h>
#include <errno.h>
#include <mummy/http-parser.h>
#include "scan.h"

static int hex(char c)
{
	return mhttp_is(c, MHTTP_DIGIT) ? c - '0' : (c | 0x20) - 'a' + 10;
}

ssize_t mummy_http_percent_decode(char *out, struct mummy_http_span in, int form)
{
	size_t n = 0;

	for (size_t i = 0; i < in.n; i++) {
		char c = in.p[i];

		if (c == '+' && form) {
			c = ' ';
		} else if (c == '%') {
			if (in.n - i < 3 || !mhttp_is(in.p[i + 1], MHTTP_HEX) ||
			    !mhttp_is(in.p[i + 2], MHTTP_HEX))
				return -EBADMSG;
			c = (char)(hex(in.p[i + 1]) << 4 | hex(in.p[i + 2]));
			i += 2;
		}
		out[n++] = c;
	}
	return (ssize_t)n;
}
