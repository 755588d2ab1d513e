/*
 * cmdline.c - command lines: one table, from which they are parsed and explained.
 */
#include <config.h>
#include <errno.h>
#include <string.h>
#include "cmdline.h"
#include "number.h"

#define HELP_COLUMN 26

/* ---- Kinds of values ------------------------------------------------------------------------------- */

int cmdline_flag(const struct cmdline_row *row, void *to, const char *value, char *why, size_t size)
{
	(void)row, (void)value, (void)why, (void)size;
	*(int *)to = 1;
	return 0;
}

int cmdline_max(const struct cmdline_row *row, void *to, const char *value, char *why, size_t size)
{
	(void)value, (void)why, (void)size;
	*(int *)to = (int)row->max;
	return 0;
}

int cmdline_text(const struct cmdline_row *row, void *to, const char *value, char *why, size_t size)
{
	if (*value == '\0') {
		snprintf(why, size, "the value is empty; give %s", row->what ? row->what : row->value);
		return -EINVAL;
	}
	*(const char **)to = value;
	return 0;
}

int cmdline_number(const struct cmdline_row *row, void *to, const char *value, char *why, size_t size)
{
	if (number_parse(to, value, row->min, row->max) == 0)
		return 0;
	snprintf(why, size, "\"%s\" is not a number from %llu to %llu", value, (unsigned long long)row->min,
		 (unsigned long long)row->max);
	return -EINVAL;
}

int cmdline_size(const struct cmdline_row *row, void *to, const char *value, char *why, size_t size)
{
	uint64_t n;

	if (number_parse_size(&n, value, row->max ? row->max : INT64_MAX) == 0 && n >= row->min) {
		*(uint64_t *)to = n;
		return 0;
	}
	snprintf(why, size, "\"%s\" is not a size", value);
	if (row->min > 1)
		snprintf(why + strlen(why), size - strlen(why), " from %llu", (unsigned long long)row->min);
	snprintf(why + strlen(why), size - strlen(why), "; write it as 65536, 64K, 16M or 2G");
	return -EINVAL;
}

int cmdline_time(const struct cmdline_row *row, void *to, const char *value, char *why, size_t size)
{
	(void)row;
	if (number_parse_time(to, value, UINT32_MAX) == 0)
		return 0;
	snprintf(why, size, "\"%s\" is not a time; write it as 90s, 30m, 24h, 7d, or 0 for never", value);
	return -EINVAL;
}

int cmdline_ms(const struct cmdline_row *row, void *to, const char *value, char *why, size_t size)
{
	uint64_t n;

	if (number_parse_ms(&n, value, row->max ? row->max : UINT32_MAX) == 0 && n >= row->min) {
		*(uint64_t *)to = n;
		return 0;
	}
	snprintf(why, size, "\"%s\" is not a time", value);
	if (row->max)
		snprintf(why + strlen(why), size - strlen(why), " from %llums to %llums",
			 (unsigned long long)row->min, (unsigned long long)row->max);
	snprintf(why + strlen(why), size - strlen(why), "; write it as 500ms, 30s or 5m");
	return -EINVAL;
}

int cmdline_choice(const struct cmdline_row *row, void *to, const char *value, char *why, size_t size)
{
	const char *const *words = row->words;

	for (int i = 0; words[i]; i++)
		if (!strcmp(value, words[i])) {
			*(int *)to = i;
			return 0;
		}
	snprintf(why, size, "\"%s\" is none of %s, %s%s%s", value, words[0], words[1], words[2] ? ", " : "",
		 words[2] ? words[2] : "");
	return -EINVAL;
}

int cmdline_choices(const struct cmdline_row *row, void *to, const char *value, char *why, size_t size)
{
	unsigned bits = 0;

	for (const char *p = value;; p++) {
		const size_t n = strcspn(p, ",");
		int i = 0;

		while (row->words[i] && (strlen(row->words[i]) != n || strncmp(row->words[i], p, n) != 0))
			i++;
		if (!row->words[i]) {
			snprintf(why, size, "\"%.*s\" is no %s; they are", (int)n, p, row->what);
			for (i = 0; row->words[i]; i++)
				snprintf(why + strlen(why), size - strlen(why), "%s%s", i ? ", " : " ",
					 row->words[i]);
			return -EINVAL;
		}
		bits |= 1u << i;
		p += n;
		if (!*p)
			break;
	}
	*(unsigned *)to = bits;
	return 0;
}

/* ---- Words ----------------------------------------------------------------------------------------- */

static int unknown(const struct cmdline *c, const char *word, char *why, size_t size)
{
	snprintf(why, size, "%s: unknown option; \"%s --help\" lists them all", word, c->program);
	return -EINVAL;
}

static int take_letters(const struct cmdline *c, void *options, const char *word, char *why, size_t size)
{
	for (const char *p = word + 1; *p; p++) {
		size_t i = 0;

		while (i < c->n && c->rows[i].letter != *p)
			i++;
		if (i == c->n)
			return unknown(c, word, why, size);
		c->rows[i].set(&c->rows[i], (char *)options + c->rows[i].at, NULL, why, size);
	}
	return 0;
}

static const struct cmdline_row *find(const struct cmdline *c, const char *name, size_t n)
{
	for (size_t i = 0; i < c->n; i++)
		if (strlen(c->rows[i].name) == n && memcmp(c->rows[i].name, name, n) == 0)
			return &c->rows[i];
	return NULL;
}

int cmdline_take(const struct cmdline *c, void *options, char *const argv[], int *i, char *why, size_t size)
{
	const char *name = argv[*i] + 2, *equals = strchr(name, '=');
	const char *value = equals ? equals + 1 : NULL;
	const struct cmdline_row *row;
	char reason[256];

	if (argv[*i][1] != '-')
		return take_letters(c, options, argv[*i], why, size);
	row = find(c, name, equals ? (size_t)(equals - name) : strlen(name));
	if (!row)
		return unknown(c, argv[*i], why, size);
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
	if (row->set(row, (char *)options + row->at, value, reason, sizeof reason) < 0) {
		snprintf(why, size, "--%s: %s", row->name, reason);
		return -EINVAL;
	}
	return 0;
}

static int head(const struct cmdline *c, FILE *to, const struct cmdline_row *row)
{
	char letter[8] = "";

	for (size_t i = 0; i < c->n && !*letter; i++)
		if (c->rows[i].letter)
			strcpy(letter, "    ");
	if (row->letter)
		snprintf(letter, sizeof letter, "-%c, ", row->letter);
	return fprintf(to, "  %s--%s%s%s", letter, row->name, row->value ? " " : "",
		       row->value ? row->value : "");
}

void cmdline_help(const struct cmdline *c, FILE *to)
{
	for (size_t i = 0; i < c->n; i++) {
		const char *line = c->rows[i].help, *end;
		int n = head(c, to, &c->rows[i]);

		if (n >= HELP_COLUMN)
			n = fprintf(to, "\n") - 1;
		for (; line; line = end ? end + 1 : NULL, n = 0) {
			end = strchr(line, '\n');
			fprintf(to, "%*s%.*s\n", HELP_COLUMN - n, "",
				end ? (int)(end - line) : (int)strlen(line), line);
		}
	}
}
