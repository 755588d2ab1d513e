#include <config.h>
#include <errno.h>
#include "percent.h"

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10
		: c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int mup_percent_decode(const char *p, size_t n, char *out, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		if (len == size || (p[i] == '%' && (n - i < 3 || hex(p[i + 1]) < 0 || hex(p[i + 2]) < 0)))
			return -EINVAL;
		out[len++] = p[i] == '%' ? (char)(hex(p[i + 1]) * 16 + hex(p[i + 2])) : p[i];
		i += p[i] == '%' ? 2 : 0;
	}
	return (int)len;
}
