/*
 * options.h - the command line of mummy-upload: one table, from which it is parsed and explained.
 */
#ifndef MUMMY_UPLOAD_OPTIONS_H
#define MUMMY_UPLOAD_OPTIONS_H
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "cmdline.h"

#define OPTIONS_MAX_TEXTS 32
#define OPTIONS_MAX_PARALLEL 64u

enum options_action { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_VERSION };

/** An option that may come several times; strings are borrowed from argv. */
struct texts {
	const char *text[OPTIONS_MAX_TEXTS];
	size_t n;
};

/** What the user asked for. Strings are borrowed from argv; files is freed by options_free. */
struct options {
	enum options_action action;
	const char **files;
	size_t nfiles;
	const char *to;            /**< where uploads are made */
	int recursive, quiet, json, netrc;
	uint64_t parallel;         /**< parts of one file at once */
	const char *checksum;      /**< "sha1", ...; NULL: none */
	uint64_t chunk;            /**< octets of one request; 0: not given */
	uint64_t buffer;           /**< octets kept of a stream */
	const char *spool;         /**< folder; NULL: streams are not written to disk first */
	uint64_t retries, retry_ms, timeout_ms, interval_ms;
	uint64_t rate;             /**< octets per second; 0: any */
	const char *state;         /**< folder; NULL: the user's */
	const char *user, *cacert;
	struct texts headers, metadata;
};

const struct cmdline_row *options_table(size_t *n);

/** Reads the command line. 0, or a negative errno and one line without newline in why. */
int options_parse(struct options *o, int argc, char *const argv[], char *why, size_t size);
void options_free(struct options *o);
void options_help(FILE *to);
#endif
