/*
 * HTTP dates (RFC 9110 section 5.6.7). No use of strftime and its kin: they follow the locale.
 */
#include <config.h>
#include <errno.h>
#include <string.h>
#include <mummy/http-parser.h>
#include "scan.h"

#define DAY 86400
#define YEAR_0 (-719528) /* 0000-01-01 in days from 1970 */

static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
				   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char days[7][10] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
				 "Thursday", "Friday", "Saturday"};

static int is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int month_days(int month, int64_t year)
{
	return month == 1 ? 28 + is_leap(year) : 30 + (month % 7 % 2 == 0);
}

/* Days from 0000-01-01 to the first of a year >= 0. */
static int64_t days_before(int64_t year)
{
	return year ? year * 365 + (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 + 1 : 0;
}

static void two(char *out, int value)
{
	out[0] = (char)('0' + value / 10);
	out[1] = (char)('0' + value % 10);
}

int mummy_http_date_format(char out[30], int64_t seconds)
{
	int64_t day, year;
	int month = 0, rest;

	if (seconds < (int64_t)YEAR_0 * DAY || seconds >= (YEAR_0 + days_before(10000)) * DAY)
		return -ERANGE;
	seconds -= (int64_t)YEAR_0 * DAY;
	day = seconds / DAY;
	rest = (int)(seconds % DAY);
	memcpy(out, "Sun, 00 Jan 0000 00:00:00 GMT", 30);
	memcpy(out, days[(day + 6) % 7], 3); /* 0000-01-01 was a Saturday */
	year = day / 366;
	while (days_before(year + 1) <= day)
		year++;
	day -= days_before(year);
	while (day >= month_days(month, year))
		day -= month_days(month++, year);
	two(out + 5, (int)day + 1);
	memcpy(out + 8, months[month], 3);
	two(out + 12, (int)(year / 100));
	two(out + 14, (int)(year % 100));
	two(out + 17, rest / 3600);
	two(out + 20, rest / 60 % 60);
	two(out + 23, rest % 60);
	return 0;
}

/* ---- Parsing ---------------------------------------------------------------------------------- */

struct moment { int64_t year; int month, day, hour, minute, second; };

/* Matches text with a form: Y, D, H, M, S digits of the part (a blank for a day's first one), N the
 * month's name, anything else itself. */
static int match(struct mummy_http_span s, const char *form, struct moment *t)
{
	if (s.n != strlen(form))
		return -EBADMSG;
	for (size_t i = 0; i < s.n; i++) {
		int digit = mhttp_is(s.p[i], MHTTP_DIGIT) ? s.p[i] - '0' : -1;

		switch (form[i]) {
		case 'Y': t->year = t->year * 10 + digit; break;
		case 'D': t->day = t->day * 10 + digit; break;
		case 'H': t->hour = t->hour * 10 + digit; break;
		case 'I': t->minute = t->minute * 10 + digit; break;
		case 'S': t->second = t->second * 10 + digit; break;
		case '_': /* asctime pads the day with a blank */
			if (digit >= 0)
				t->day = digit;
			else if (s.p[i] != ' ')
				return -EBADMSG;
			continue;
		case 'N':
			for (t->month = 0; t->month < 12 && memcmp(s.p + i, months[t->month], 3); t->month++)
				;
			if (t->month == 12)
				return -EBADMSG;
			i += 2;
			continue;
		default:
			if (s.p[i] != form[i])
				return -EBADMSG;
			continue;
		}
		if (digit < 0)
			return -EBADMSG;
	}
	return 0;
}

/* Length of a day's name at the start, long or short; 0: none. */
static size_t day_name(struct mummy_http_span s, int whole)
{
	for (int i = 0; i < 7; i++) {
		size_t n = whole ? strlen(days[i]) : 3;

		if (s.n > n && !memcmp(s.p, days[i], n))
			return n;
	}
	return 0;
}

static int to_seconds(const struct moment *t, int64_t *seconds)
{
	int64_t day = YEAR_0 + days_before(t->year) + t->day - 1;

	if (t->day < 1 || t->day > month_days(t->month, t->year) || t->hour > 23 || t->minute > 59 ||
	    t->second > 60)
		return -EBADMSG;
	for (int i = 0; i < t->month; i++)
		day += month_days(i, t->year);
	*seconds = day * DAY + t->hour * 3600 + t->minute * 60 + t->second;
	return 0;
}

static struct mummy_http_span after(struct mummy_http_span s, size_t n)
{
	s.p += n;
	s.n -= n;
	return s;
}

int mummy_http_date_parse(struct mummy_http_span value, int64_t *seconds)
{
	struct moment t = {0, 0, 0, 0, 0, 0};
	size_t n = day_name(value, 1);

	if (n && value.p[n] == ',') {
		/* two digits of a year, read as time_t does: nothing served is older than 1970 */
		if (match(after(value, n), ", DD-N\?\?-YY HH:II:SS GMT", &t) < 0)
			return -EBADMSG;
		t.year += t.year < 70 ? 2000 : 1900;
		return to_seconds(&t, seconds);
	}
	n = day_name(value, 0);
	if (n == 0)
		return -EBADMSG;
	if (value.p[n] == ',' ? match(after(value, n), ", DD N\?\? YYYY HH:II:SS GMT", &t) < 0
			      : match(after(value, n), " N\?\? _D HH:II:SS YYYY", &t) < 0)
		return -EBADMSG;
	return to_seconds(&t, seconds);
}
