/*
 * options.c - the command line of mummy-upload: one table, from which it is parsed and explained.
 */
#include <config.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "options.h"

#define DAY_MS (UINT64_C(24) * 3600 * 1000)
#define MIN_BUFFER 65536
#define MAX_BUFFER (UINT64_C(1) << 40)
#define TO(member) offsetof(struct options, member)

static int set_texts(const struct cmdline_row *row, void *member, const char *value, char *why, size_t size)
{
	struct texts *to = member;

	if (to->n < OPTIONS_MAX_TEXTS)
		return cmdline_text(row, &to->text[to->n++], value, why, size);
	snprintf(why, size, "at most %d can be given", OPTIONS_MAX_TEXTS);
	return -EINVAL;
}

static const struct cmdline_row table[] = {
	{ "to", "URL", "where uploads are made; else the last argument is", cmdline_text, .at = TO(to) },
	{ "recursive", NULL, "take folders, with all files in them",
		cmdline_flag, .at = TO(recursive), .letter = 'r' },
	{ "parallel", "N", "send a file in N parts at once, which the server joins.\nDefault: 1",
		cmdline_number, .at = TO(parallel), .min = 1, .max = OPTIONS_MAX_PARALLEL },
	{ "checksum", "sha1|sha256|sha512|md5", "send a digest with each request; what arrives\n"
		"damaged is sent again", cmdline_text, .at = TO(checksum) },
	{ "chunk", "SIZE", "octets of one request; K, M, G, T are taken. Default: all that is\n"
		"left, with --checksum 8M", cmdline_size, .at = TO(chunk), .min = 1, .max = INT64_MAX },
	{ "buffer", "SIZE", "memory for standard input, which holds what the server has not\n"
		"acknowledged. Default: 16M",
		cmdline_size, .at = TO(buffer), .min = MIN_BUFFER, .max = MAX_BUFFER },
	{ "spool", "DIR", "write standard input to a file in DIR first, for servers that want to\n"
		"know the length; the file has no name and goes at the end",
		cmdline_text, .at = TO(spool) },
	{ "metadata", "KEY=VALUE", "tell the server about the files; may be given several times.\n"
		"filename is told anyway, and below a folder relativePath", set_texts, .at = TO(metadata) },
	{ "header", "NAME:VALUE|@FILE", "send this field, or those in the lines of FILE, with each\n"
		"request; may be given several times", set_texts, .at = TO(headers) },
	{ "user", "NAME:PASSWORD|@FILE", "log in (Basic), also with the first line of FILE, which\n"
		"other users of the machine do not see", cmdline_text, .at = TO(user) },
	{ "netrc", NULL, "log in with what ~/.netrc has for the server", cmdline_flag, .at = TO(netrc) },
	{ "cacert", "FILE", "trust these certificates (PEM) instead of the system's",
		cmdline_text, .at = TO(cacert) },
	{ "limit-rate", "SIZE", "octets a second. Default: 0, no limit",
		cmdline_size, .at = TO(rate), .max = INT64_MAX },
	{ "retries", "N", "how often in succession something is tried again that brings no octet\n"
		"further. Default: 10", cmdline_number, .at = TO(retries), .max = 1000000 },
	{ "retry-delay", "TIME", "before the first of them: 200ms, 5s, 1m; it doubles, up to a\n"
		"minute. Default: 1s", cmdline_ms, .at = TO(retry_ms), .min = 1, .max = 60000 },
	{ "timeout", "TIME", "give up a request in which nothing moves for so long. Default: 60s",
		cmdline_ms, .at = TO(timeout_ms), .min = 1000, .max = DAY_MS },
	{ "state", "DIR", "remember unfinished uploads there. Default: mummy-upload below\n"
		"$XDG_STATE_HOME or ~/.local/state", cmdline_text, .at = TO(state) },
	{ "quiet", NULL, "no progress and no notes; errors and addresses only",
		cmdline_flag, .at = TO(quiet), .letter = 'q' },
	{ "json", NULL, "write an object of JSON for each event, a line each",
		cmdline_flag, .at = TO(json) },
	{ "interval", "TIME", "between reports of progress. Default: 200ms, with --json 1s",
		cmdline_ms, .at = TO(interval_ms), .min = 10, .max = DAY_MS },
	{ "help", NULL, "show this and exit",
		cmdline_max, .at = TO(action), .max = OPTIONS_HELP, .letter = 'h' },
	{ "version", NULL, "show the version and exit",
		cmdline_max, .at = TO(action), .max = OPTIONS_VERSION, .letter = 'V' },
};

static const struct cmdline line = { "mummy-upload", table, sizeof table / sizeof table[0] };

const struct cmdline_row *options_table(size_t *n)
{
	*n = line.n;
	return table;
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
		else if ((rc = cmdline_take(&line, o, argv, &i, why, size)) < 0)
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

void options_help(FILE *to)
{
	fputs("usage: mummy-upload [OPTION...] FILE... URL\n"
	      "Uploads files to a TUS 1.0 server; goes on where it stopped. \"-\" is standard input.\n\n",
	      to);
	cmdline_help(&line, to);
	fputs("\nThe address of each upload is written to standard output. Exit status: 0, all are there;\n"
	      "1, some are not; 2, a mistake in the command. See mummy-upload(1).\n", to);
}
