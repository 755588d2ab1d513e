/*
 * cmdline.h - command lines: one table, from which they are parsed and explained.
 */
#ifndef MUMMY_TOOLS_CMDLINE_H
#define MUMMY_TOOLS_CMDLINE_H
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/** One row of the table. set reads value (NULL for a flag) to the member at that offset; on error it writes
 *  what a value must be like to why, so that "--NAME: WHY" is a whole sentence. */
struct cmdline_row {
	const char *name;          /**< without the dashes */
	const char *value;         /**< name of the value in the help; NULL: a flag */
	const char *help;          /**< lines separated by newlines */
	int (*set)(const struct cmdline_row *row, void *to, const char *value, char *why, size_t size);
	size_t at;
	const char *what;          /**< a text: what it is, with its article; choices: what one is */
	const char *const *words;  /**< a choice: ended by NULL */
	uint64_t min, max;         /**< a number: its range; sizes and times: max 0, any */
	char letter;               /**< short form of a flag; NUL: none */
};
struct cmdline {
	const char *program;
	const struct cmdline_row *rows;
	size_t n;
};

/* Kinds of values: to is an int, const char *, uint64_t; for choices an int and unsigned. Times are seconds
 * and milliseconds. cmdline_max sets an int to the row's max, for what is done instead of running. */
int cmdline_flag(const struct cmdline_row *row, void *to, const char *value, char *why, size_t size);
int cmdline_max(const struct cmdline_row *row, void *to, const char *value, char *why, size_t size);
int cmdline_text(const struct cmdline_row *row, void *to, const char *value, char *why, size_t size);
int cmdline_number(const struct cmdline_row *row, void *to, const char *value, char *why, size_t size);
int cmdline_size(const struct cmdline_row *row, void *to, const char *value, char *why, size_t size);
int cmdline_time(const struct cmdline_row *row, void *to, const char *value, char *why, size_t size);
int cmdline_ms(const struct cmdline_row *row, void *to, const char *value, char *why, size_t size);
/** One of the words, to its number; and some of them, separated by commas, to bits. */
int cmdline_choice(const struct cmdline_row *row, void *to, const char *value, char *why, size_t size);
int cmdline_choices(const struct cmdline_row *row, void *to, const char *value, char *why, size_t size);

/** Takes the option argv[*i], with its value from the next word if that is where it is; flags with letters
 *  may be written together. 0, or -EINVAL and one line without newline in why. */
int cmdline_take(const struct cmdline *c, void *options, char *const argv[], int *i, char *why, size_t size);
/** Writes the rows for --help. */
void cmdline_help(const struct cmdline *c, FILE *to);
#endif
