/*
 * options.c - the command line of mummy-upload: one table, from which it is parsed and explained.
 */
#include <config.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "number.h"
#include "options.h"

#define DAY_MS (UINT64_C(24) * 3600 * 1000)
#define MIN_BUFFER 65536
#define MAX_BUFFER (UINT64_C(1) << 40)
#define AT(member) offsetof(struct options, member)

static const struct options_row table[] = {
	{ "to", 0, "URL", "where uploads are made; else the last argument is", OPTIONS_TEXT, AT(to), 0, 0 },
	{ "recursive", 'r', NULL, "take folders, with all files in them", OPTIONS_FLAG, AT(recursive), 0, 0 },
	{ "parallel", 0, "N", "send a file in N parts at once, which the server joins.\nDefault: 1",
	  OPTIONS_NUMBER, AT(parallel), 1, OPTIONS_MAX_PARALLEL },
	{ "checksum", 0, "sha1|sha256|sha512|md5",
	  "send a digest with each request; what arrives\n"
	  "damaged is sent again",
	  OPTIONS_TEXT, AT(checksum), 0, 0 },
	{ "chunk", 0, "SIZE",
	  "octets of one request; K, M, G, T are taken. Default: all that is\n"
	  "left, with --checksum 8M",
	  OPTIONS_SIZE, AT(chunk), 1, INT64_MAX },
	{ "buffer", 0, "SIZE",
	  "memory for standard input, which holds what the server has not\n"
	  "acknowledged. Default: 16M",
	  OPTIONS_SIZE, AT(buffer), MIN_BUFFER, MAX_BUFFER },
	{ "spool", 0, "DIR",
	  "write standard input to a file in DIR first, for servers that want to\n"
	  "know the length; the file has no name and goes at the end",
	  OPTIONS_TEXT, AT(spool), 0, 0 },
	{ "metadata", 0, "KEY=VALUE",
	  "tell the server about the files; may be given several times.\n"
	  "filename is told anyway, and below a folder relativePath",
	  OPTIONS_TEXTS, AT(metadata), 0, 0 },
	{ "header", 0, "NAME:VALUE|@FILE",
	  "send this field, or those in the lines of FILE, with each\n"
	  "request; may be given several times",
	  OPTIONS_TEXTS, AT(headers), 0, 0 },
	{ "user", 0, "NAME:PASSWORD|@FILE",
	  "log in (Basic), also with the first line of FILE, which\n"
	  "other users of the machine do not see",
	  OPTIONS_TEXT, AT(user), 0, 0 },
	{ "netrc", 0, NULL, "log in with what ~/.netrc has for the server", OPTIONS_FLAG, AT(netrc), 0, 0 },
	{ "cacert", 0, "FILE", "trust these certificates (PEM) instead of the system's", OPTIONS_TEXT,
	  AT(cacert), 0, 0 },
	{ "limit-rate", 0, "SIZE", "octets a second. Default: 0, no limit", OPTIONS_SIZE, AT(rate), 0,
	  INT64_MAX },
	{ "retries", 0, "N",
	  "how often in succession something is tried again that brings no octet\n"
	  "further. Default: 10",
	  OPTIONS_NUMBER, AT(retries), 0, 1000000 },
	{ "retry-delay", 0, "TIME",
	  "before the first of them: 200ms, 5s, 1m; it doubles, up to a\n"
	  "minute. Default: 1s",
	  OPTIONS_TIME, AT(retry_ms), 1, 60000 },
	{ "timeout", 0, "TIME", "give up a request in which nothing moves for so long. Default: 60s",
	  OPTIONS_TIME, AT(timeout_ms), 1000, DAY_MS },
	{ "state", 0, "DIR",
	  "remember unfinished uploads there. Default: mummy-upload below\n"
	  "$XDG_STATE_HOME or ~/.local/state",
	  OPTIONS_TEXT, AT(state), 0, 0 },
	{ "quiet", 'q', NULL, "no progress and no notes; errors and addresses only", OPTIONS_FLAG, AT(quiet),
	  0, 0 },
	{ "json", 0, NULL, "write an object of JSON for each event, a line each", OPTIONS_FLAG, AT(json), 0,
	  0 },
	{ "interval", 0, "TIME", "between reports of progress. Default: 200ms, with --json 1s", OPTIONS_TIME,
	  AT(interval_ms), 10, DAY_MS },
	{ "help", 'h', NULL, "show this and exit", OPTIONS_DO, 0, OPTIONS_HELP, 0 },
	{ "version", 'V', NULL, "show the version and exit", OPTIONS_DO, 0, OPTIONS_VERSION, 0 },
};
#define ROWS (sizeof table / sizeof table[0])

const struct options_row *options_table(size_t *n)
{
	*n = ROWS;
	return table;
}

/* ---- Values ---------------------------------------------------------------------------------------- */

static int say(char *why, size_t size, const struct options_row *row, const char *value, const char *what)
{
	snprintf(why, size, "--%s: \"%s\" is not %s", row->name, value, what);
	return -EINVAL;
}

static int set_number(const struct options_row *row, uint64_t *to, const char *value, char *why, size_t size)
{
	char what[80];

	if (number_parse(to, value, row->min, row->max) == 0)
		return 0;
	snprintf(what, sizeof what, "a number from %llu to %llu", (unsigned long long)row->min,
		 (unsigned long long)row->max);
	return say(why, size, row, value, what);
}

static int set_size(const struct options_row *row, uint64_t *to, const char *value, char *why, size_t size)
{
	char what[80];

	if (number_parse_size(to, value, row->max) == 0 && *to >= row->min)
		return 0;
	snprintf(what, sizeof what, "a size from %llu; write it as 65536, 64K, 16M or 2G",
		 (unsigned long long)row->min);
	return say(why, size, row, value, what);
}

static int set_time(const struct options_row *row, uint64_t *to, const char *value, char *why, size_t size)
{
	char what[96];

	if (number_parse_ms(to, value, row->max) == 0 && *to >= row->min)
		return 0;
	snprintf(what, sizeof what, "a time from %llums to %llums; write it as 500ms, 90s, 30m or 2h",
		 (unsigned long long)row->min, (unsigned long long)row->max);
	return say(why, size, row, value, what);
}

static int set_texts(const struct options_row *row, struct texts *to, const char *value, char *why,
		     size_t size)
{
	if (to->n == OPTIONS_MAX_TEXTS) {
		snprintf(why, size, "--%s: at most %d can be given", row->name, OPTIONS_MAX_TEXTS);
		return -EINVAL;
	}
	to->text[to->n++] = value;
	return 0;
}

static int set(struct options *o, const struct options_row *row, const char *value, char *why, size_t size)
{
	void *to = (char *)o + row->at;

	if (row->value && !*value && row->kind != OPTIONS_NUMBER) {
		snprintf(why, size, "--%s: the value is empty; give %s", row->name, row->value);
		return -EINVAL;
	}
	switch (row->kind) {
	case OPTIONS_FLAG: *(int *)to = 1; return 0;
	case OPTIONS_DO: o->action = (enum options_action)row->min; return 0;
	case OPTIONS_TEXT: *(const char **)to = value; return 0;
	case OPTIONS_TEXTS: return set_texts(row, to, value, why, size);
	case OPTIONS_NUMBER: return set_number(row, to, value, why, size);
	case OPTIONS_SIZE: return set_size(row, to, value, why, size);
	case OPTIONS_TIME: return set_time(row, to, value, why, size);
	}
	return -EINVAL;
}

/* ---- Words ----------------------------------------------------------------------------------------- */

static const struct options_row *find(const char *name, size_t n)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strlen(table[i].name) == n && memcmp(table[i].name, name, n) == 0)
			return &table[i];
	return NULL;
}

static int unknown(const char *word, char *why, size_t size)
{
	snprintf(why, size, "%s: unknown option; \"mummy-upload --help\" lists them all", word);
	return -EINVAL;
}

/* Short options are flags, and may be written together. */
static int take_letters(struct options *o, const char *word, char *why, size_t size)
{
	for (const char *p = word + 1; *p; p++) {
		size_t i = 0;

		while (i < ROWS && table[i].letter != *p)
			i++;
		if (i == ROWS)
			return unknown(word, why, size);
		set(o, &table[i], NULL, why, size);
	}
	return 0;
}

/* Takes one option, with its value from the next argument if that is where it is. */
static int take(struct options *o, char *const argv[], int *i, char *why, size_t size)
{
	const char *name = argv[*i] + 2, *equals = strchr(name, '=');
	const char *value = equals ? equals + 1 : NULL;
	const struct options_row *row = find(name, equals ? (size_t)(equals - name) : strlen(name));

	if (!row)
		return unknown(argv[*i], why, size);
	if (!row->value && value) {
		snprintf(why, size, "--%s: takes no value; leave out \"=%s\"", row->name, value);
		return -EINVAL;
	}
	if (row->value && !value)
		value = argv[++*i];
	if (row->value && !value) {
		snprintf(why, size, "--%s: the value is missing; write --%s %s", row->name, row->name,
			 row->value);
		return -EINVAL;
	}
	return set(o, row, value, why, size);
}

/* After all words: where the uploads go, and whether there are any. */
static int settle(struct options *o, char *why, size_t size)
{
	static const char *const schemes[] = { "http://", "https://" };
	int fits = 0;

	if (!o->to && o->nfiles > 0)
		o->to = o->files[--o->nfiles];
	for (size_t i = 0; o->to && i < 2; i++)
		fits |= strncmp(o->to, schemes[i], strlen(schemes[i])) == 0;
	if (!o->to)
		snprintf(why, size, "nothing to do; \"mummy-upload FILE... URL\" uploads files");
	else if (!fits)         /* not repeated: it may hold a password */
		snprintf(why, size,
			 "the last argument, or --to, is where uploads are made: http://... or https://...");
	else if (o->nfiles == 0)
		snprintf(why, size, "no file is given; \"-\" is standard input");
	return o->to && fits && o->nfiles > 0 ? 0 : -EINVAL;
}

static int take_all(struct options *o, int argc, char *const argv[], char *why, size_t size)
{
	int words = 0, rc;

	for (int i = 1; i < argc; i++) {
		if (words || argv[i][0] != '-' || argv[i][1] == '\0')
			o->files[o->nfiles++] = argv[i];
		else if (strcmp(argv[i], "--") == 0)
			words = 1;
		else if ((rc = argv[i][1] == '-' ? take(o, argv, &i, why, size)
			  : take_letters(o, argv[i], why, size)) < 0)
			return rc;
		if (o->action != OPTIONS_RUN)
			return 0;
	}
	return settle(o, why, size);
}

int options_parse(struct options *o, int argc, char *const argv[], char *why, size_t size)
{
	int rc;

	memset(o, 0, sizeof *o);
	o->parallel = 1;
	o->buffer = UINT64_C(16) << 20;
	o->retries = 10;
	o->retry_ms = 1000;
	o->timeout_ms = 60000;
	o->files = calloc((size_t)argc + 1, sizeof *o->files);
	if (!o->files) {
		snprintf(why, size, "out of memory");
		return -ENOMEM;
	}
	rc = take_all(o, argc, argv, why, size);
	if (!o->interval_ms)
		o->interval_ms = o->json ? 1000 : 200;
	return rc;
}

void options_free(struct options *o)
{
	free(o->files);
	o->files = NULL;
}

/* ---- Help ------------------------------------------------------------------------------------------ */

static int head(FILE *to, const struct options_row *row)
{
	char letter[8] = "    ";

	if (row->letter)
		snprintf(letter, sizeof letter, "-%c, ", row->letter);
	return fprintf(to, "  %s--%s%s%s", letter, row->name, row->value ? " " : "",
		       row->value ? row->value : "");
}

void options_help(FILE *to)
{
	fputs("usage: mummy-upload [OPTION...] FILE... URL\n"
	      "Uploads files to a TUS 1.0 server; goes on where it stopped. \"-\" is standard input.\n\n",
	      to);
	for (size_t i = 0; i < ROWS; i++) {
		const char *line = table[i].help, *end;
		int n = head(to, &table[i]);

		for (; line; line = end ? end + 1 : NULL, n = 0) {
			end = strchr(line, '\n');
			fprintf(to, "%*s%.*s\n", n < 27 ? 27 - n : 1, "",
				end ? (int)(end - line) : (int)strlen(line), line);
		}
	}
	fputs("\nThe address of each upload is written to standard output. Exit status: 0, all are there;\n"
	      "1, some are not; 2, a mistake in the command. See mummy-upload(1).\n", to);
}
