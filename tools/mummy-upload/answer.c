/*
 * answer.c - what a server answered, as far as it matters here, and what is to be done then.
 */
#include <config.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <curl/curl.h>
#include "answer.h"
#include "number.h"

void answer_reset(struct answer *a)
{
	a->status = 0;
	a->offset = a->length = a->max_size = ANSWER_UNKNOWN;
	a->retry_after_s = 0;
	a->tus = 0;
	a->extensions = 0;
	a->checksums[0] = a->location[0] = a->text[0] = '\0';
	a->ntext = 0;
}

/* ---- The head -------------------------------------------------------------------------------------- */

int answer_lists(const char *list, const char *name)
{
	const size_t len = strlen(name);

	for (const char *p = list; *p; p += strcspn(p, ",")) {
		size_t n;

		p += strspn(p, ", \t");
		n = strcspn(p, ", \t");
		if (n == len && strncasecmp(p, name, n) == 0)
			return 1;
	}
	return 0;
}

static void set_extensions(struct answer *a, const char *value)
{
	static const struct { const char *name; unsigned bit; } known[] = {
		{ "creation", TUS_CREATION }, { "creation-defer-length", TUS_DEFER_LENGTH },
		{ "checksum", TUS_CHECKSUM }, { "concatenation", TUS_CONCATENATION },
		{ "termination", TUS_TERMINATION },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (answer_lists(value, known[i].name))
			a->extensions |= known[i].bit;
}

static void set_number(uint64_t *to, const char *value)
{
	if (number_parse(to, value, 0, INT64_MAX) < 0)
		*to = ANSWER_UNKNOWN;
}

/* Seconds, or a date. */
static void set_retry_after(struct answer *a, const char *value)
{
	const time_t now = time(NULL);
	time_t then;
	uint64_t s;

	if (number_parse(&s, value, 0, UINT64_MAX) < 0) {
		then = curl_getdate(value, NULL);
		s = then > now ? (uint64_t)(then - now) : 0;
	}
	a->retry_after_s = s < ANSWER_MAX_RETRY_S ? s : ANSWER_MAX_RETRY_S;
}

static void set_text(char *to, size_t size, const char *value)
{
	const size_t n = strlen(value);

	if (n < size)
		memcpy(to, value, n + 1);
}

static void field(struct answer *a, const char *name, const char *value)
{
	if (!strcasecmp(name, "Upload-Offset"))
		set_number(&a->offset, value);
	else if (!strcasecmp(name, "Upload-Length"))
		set_number(&a->length, value);
	else if (!strcasecmp(name, "Location"))
		set_text(a->location, sizeof a->location, value);
	else if (!strcasecmp(name, "Retry-After"))
		set_retry_after(a, value);
	else if (!strcasecmp(name, "Tus-Version"))
		a->tus = 1;
	else if (!strcasecmp(name, "Tus-Extension"))
		set_extensions(a, value);
	else if (!strcasecmp(name, "Tus-Max-Size"))
		set_number(&a->max_size, value);
	else if (!strcasecmp(name, "Tus-Checksum-Algorithm"))
		set_text(a->checksums, sizeof a->checksums, value);
}

static void status_line(struct answer *a, const char *line)
{
	const char *space = strchr(line, ' ');

	answer_reset(a);
	if (space && space[1] >= '1' && space[1] <= '5' && strspn(space + 1, "0123456789") == 3)
		a->status = (space[1] - '0') * 100 + (space[2] - '0') * 10 + (space[3] - '0');
}

void answer_line(struct answer *a, const char *line, size_t n)
{
	char copy[sizeof a->location + 64], *colon, *value;

	while (n > 0 && (unsigned char)line[n - 1] <= ' ')
		n--;
	if (n >= sizeof copy || memchr(line, '\0', n))
		return;
	memcpy(copy, line, n);
	copy[n] = '\0';
	if (strncmp(copy, "HTTP/", 5) == 0) {
		status_line(a, copy);
		return;
	}
	colon = strchr(copy, ':');
	if (!colon)
		return;
	*colon = '\0';
	value = colon + 1;
	field(a, copy, value + strspn(value, " \t"));
}

/* Only what a terminal takes as it is; from the first octet that is not, nothing. */
void answer_body(struct answer *a, const char *p, size_t n)
{
	if (a->ntext == sizeof a->text)
		return;                    /* the line has ended */
	while (n > 0 && a->ntext < sizeof a->text - 1 && *p >= ' ' && *p < 0x7f) {
		a->text[a->ntext++] = *p++;
		n--;
	}
	a->text[a->ntext] = '\0';
	if (n > 0)
		a->ntext = sizeof a->text;
}

/* ---- What follows ---------------------------------------------------------------------------------- */

/* Many servers begin their text with the status. */
static void tell(const struct answer *a, char *why, size_t size, const char *what)
{
	char status[8];
	int twice;

	snprintf(status, sizeof status, "%d", a->status);
	twice = strncmp(a->text, status, strlen(status)) == 0;
	if (why)
		snprintf(why, size, "%s (%s%s%s)", what, twice ? "" : status,
			 a->text[0] && !twice ? ": " : "", a->text);
}

/* Those that nothing but time or the user mends; NULL: not one of them. */
static const char *meaning(int status)
{
	switch (status) {
	case 400: return "the server did not understand the request";
	case 401: return "the server asks who you are: give --user, --netrc or --header";
	case 403: return "the server does not allow it";
	case 404: return "there is nothing at this address";
	case 405: case 501: return "this address takes no uploads";
	case 412: return "the server speaks no version of TUS that is spoken here";
	case 413: return "the file is too large for the server";
	case 415: return "the server takes no such content";
	case 431: return "the metadata is too long for the server";
	case 507: return "the server has no room for it";
	default: return NULL;
	}
}

static int passes(int status)
{
	return status == 408 || status == 423 || status == 425 || status == 429
		|| (status >= 500 && status != 501 && status != 505 && status != 507);
}

static enum verdict broken(enum ask ask, enum transport transport)
{
	if (transport == TRANSPORT_HOPELESS)
		return VERDICT_FAIL;
	return ask == ASK_SEND ? VERDICT_LOOK : VERDICT_AGAIN;
}

static int went_well(enum ask ask, const struct answer *a)
{
	/* what is gone need not be removed */
	if (ask == ASK_REMOVE && (a->status == 404 || a->status == 410))
		return 1;
	if (a->status < 200 || a->status > 299)
		return 0;
	switch (ask) {
	case ASK_CREATE: case ASK_JOIN: return a->status == 201 && a->location[0];
	case ASK_OFFSET: case ASK_SEND: return a->offset != ANSWER_UNKNOWN;
	case ASK_OPTIONS: case ASK_REMOVE: return 1;
	}
	return 0;
}

/* Of an upload that was made before. */
static enum verdict judge_known(enum ask ask, const struct answer *a, char *why, size_t size)
{
	if (a->status == 404 || a->status == 410) {
		tell(a, why, size, "the server has forgotten what was sent");
		return ask == ASK_JOIN ? VERDICT_LOOK : VERDICT_ANEW;
	}
	if (a->status == 409) {
		tell(a, why, size, "the server is at another place in the file");
		return VERDICT_LOOK_NOW;
	}
	if (a->status == 460) {
		tell(a, why, size, "octets were damaged on their way");
		return VERDICT_LOOK_NOW;
	}
	return VERDICT_FAIL;
}

enum verdict answer_judge(enum ask ask, enum transport transport, const struct answer *a, char *why,
			  size_t size)
{
	enum verdict v = VERDICT_FAIL;
	const char *what;

	if (transport != TRANSPORT_OK)
		return broken(ask, transport);
	if (went_well(ask, a))
		return VERDICT_GO;
	if (passes(a->status)) {
		tell(a, why, size,
		     a->status == 423 ? "the upload is in use" : "the server cannot at the moment");
		return ask == ASK_SEND ? VERDICT_LOOK : VERDICT_AGAIN;
	}
	if (ask == ASK_OFFSET || ask == ASK_SEND || ask == ASK_JOIN)
		v = judge_known(ask, a, why, size);
	if (v != VERDICT_FAIL)
		return v;
	what = meaning(a->status);
	if (a->status >= 300 && a->status <= 399)
		what = "the server is elsewhere: give the address that it redirects to";
	else if (a->status >= 200 && a->status <= 299)
		what = "the answer is not one of a TUS server";
	tell(a, why, size, what ? what : "the server refuses");
	return VERDICT_FAIL;
}
