#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "date.h"

struct moment { int year, month, day, hour, minute, second; };

/* Days since 1970 of a day of the Gregorian calendar; a year is taken to begin in March, so that leap days
 * are last. */
static int64_t days(int year, int month, int day)
{
	const int64_t y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;

	return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
}

static int find_month(const char *name)
{
	static const char all[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++)
		if (!strncmp(all + (ptrdiff_t)i * 3, name, 3))
			return i + 1;
	return 0;
}

/* No field above is wider than its form allows, so that nothing overflows. */
static int scan(const char *text, struct moment *m, int *short_year)
{
	char month[4];
	int end = 0;

	*short_year = 0;
	if (sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &m->day, month, &m->year,
		   &m->hour, &m->minute, &m->second, &end) == 6 && end && !text[end])
		return m->month = find_month(month);
	if (sscanf(text, "%*9[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n", &m->day, month, &m->year,
		   &m->hour, &m->minute, &m->second, &end) == 6 && end && !text[end]) {
		*short_year = 1;
		return m->month = find_month(month);
	}
	if (sscanf(text, "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n", month, &m->day, &m->hour, &m->minute,
		   &m->second, &m->year, &end) == 6 && end && !text[end])
		return m->month = find_month(month);
	return 0;
}

/* A date of two digits that seems more than 50 years ahead is of the past. */
static int whole_year(int year, int64_t now)
{
	const int this_year = (int)(1970 + now / 31556952);
	int whole = this_year / 100 * 100 + year;

	return whole > this_year + 50 ? whole - 100 : whole;
}

int mup_date(const char *p, size_t n, int64_t now, int64_t *out)
{
	struct moment m;
	char text[40];
	int short_year;

	if (n >= sizeof text || memchr(p, '\0', n) || memchr(p, '+', n))
		return -EINVAL;
	memcpy(text, p, n);
	text[n] = '\0';
	if (!scan(text, &m, &short_year))
		return -EINVAL;
	if (short_year)
		m.year = whole_year(m.year, now);
	if (m.year < 1 || m.day < 1 || m.day > 31 || m.hour < 0 || m.hour > 23 || m.minute < 0
	    || m.minute > 59 || m.second < 0 || m.second > 60)
		return -EINVAL;
	*out = days(m.year, m.month, m.day) * 86400 + m.hour * 3600 + m.minute * 60 + m.second;
	return 0;
}
