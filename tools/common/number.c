/*
 * number.c - numbers that people write: on the command line and in queries.
 */
#include <config.h>
#include <errno.h>
#include <string.h>
#include "number.h"

/* Not strtoull: that takes signs, spaces and the locale's digits. */
static int digits(uint64_t *out, const char **text, uint64_t max)
{
	const char *p = *text;
	uint64_t n = 0;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++) {
		uint64_t digit = (uint64_t)(*p - '0');

		if (n > (UINT64_MAX - digit) / 10)
			return -ERANGE;
		n = n * 10 + digit;
	}
	*text = p;
	*out = n;
	return n > max ? -ERANGE : 0;
}

int number_parse(uint64_t *out, const char *text, uint64_t min, uint64_t max)
{
	uint64_t n;
	int rc = digits(&n, &text, max);

	if (rc < 0)
		return rc;
	if (*text != '\0')
		return -EINVAL;
	if (n < min)
		return -ERANGE;
	*out = n;
	return 0;
}

int number_parse_size(uint64_t *out, const char *text, uint64_t max)
{
	static const char suffixes[] = "kmgt";
	const char *suffix;
	unsigned shift = 0;
	uint64_t n;
	int rc = digits(&n, &text, max);

	if (rc < 0)
		return rc;
	if (*text != '\0') {
		suffix = strchr(suffixes, *text | 0x20);
		if (!suffix || text[1] != '\0')
			return -EINVAL;
		shift = 10 * (unsigned)(suffix - suffixes + 1);
	}
	if (n > max >> shift)
		return -ERANGE;
	*out = n << shift;
	return 0;
}

int number_parse_time(uint64_t *out, const char *text, uint64_t max)
{
	static const struct { char suffix; uint64_t seconds; } units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { '\0', 1 },
	};
	uint64_t n;
	int rc = digits(&n, &text, max);
	size_t i = 0;

	if (rc < 0)
		return rc;
	while (i < sizeof units / sizeof units[0] && units[i].suffix != *text)
		i++;
	if (i == sizeof units / sizeof units[0] || (*text && text[1]))
		return -EINVAL;
	if (n > max / units[i].seconds)
		return -ERANGE;
	*out = n * units[i].seconds;
	return 0;
}

int number_parse_ms(uint64_t *out, const char *text, uint64_t max)
{
	const size_t n = strlen(text);
	char copy[32];
	uint64_t s;
	int rc;

	if (n > 2 && n < sizeof copy && strcmp(text + n - 2, "ms") == 0) {
		memcpy(copy, text, n - 2);
		copy[n - 2] = '\0';
		return number_parse(out, copy, 0, max);
	}
	rc = number_parse_time(&s, text, max / 1000);
	if (rc == 0)
		*out = s * 1000;
	return rc;
}
