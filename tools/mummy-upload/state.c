/*
 * state.c - what is remembered of an unfinished upload, and its form as text.
 *
 * Lines of words. The last one is "end", so that a file which a full disk cut short is not believed.
 */
#include <config.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "number.h"
#include "state.h"

#define FIRST "mummy-upload 1\n"
#define LAST "end\n"
#define MAX_URL 8192

void state_plan(struct state *s, const struct stat *file, unsigned n)
{
	const uint64_t size = (uint64_t)file->st_size;
	uint64_t most = size / STATE_MIN_PART, each;

	memset(s, 0, sizeof *s);
	s->size = size;
	s->mtime_s = (uint64_t)file->st_mtim.tv_sec;
	s->mtime_ns = (uint64_t)file->st_mtim.tv_nsec;
	s->device = (uint64_t)file->st_dev;
	s->inode = (uint64_t)file->st_ino;
	s->nparts = n <= most ? n : most > 1 ? (unsigned)most : 1;
	each = size / s->nparts;
	for (unsigned i = 0; i < s->nparts; i++) {
		s->part[i].from = i * each;
		s->part[i].to = i + 1 < s->nparts ? (i + 1) * each : size;
	}
}

void state_clear(struct state *s)
{
	for (unsigned i = 0; i < OPTIONS_MAX_PARALLEL; i++)
		free(s->part[i].url);
	memset(s, 0, sizeof *s);
}

int state_fits(const struct state *s, const struct stat *file)
{
	return s->size == (uint64_t)file->st_size && s->mtime_s == (uint64_t)file->st_mtim.tv_sec
		&& s->mtime_ns == (uint64_t)file->st_mtim.tv_nsec && s->device == (uint64_t)file->st_dev
		&& s->inode == (uint64_t)file->st_ino;
}

/* The name is for people who look into the folder. */
static void print_name(FILE *to, const char *file)
{
	fputs("file ", to);
	for (; *file; file++)
		fputc((unsigned char)*file < ' ' || *file == 0x7f ? '?' : *file, to);
	fputc('\n', to);
}

char *state_print(const struct state *s, const char *file, size_t *n)
{
	char *text = NULL;
	FILE *to = open_memstream(&text, n);
	int failed;

	if (!to)
		return NULL;
	fputs(FIRST, to);
	print_name(to, file);
	fprintf(to, "is %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", s->size, s->mtime_s,
		s->mtime_ns, s->device, s->inode);
	for (unsigned i = 0; i < s->nparts; i++)
		fprintf(to, "part %" PRIu64 " %" PRIu64 " %s\n", s->part[i].from, s->part[i].to,
			s->part[i].url ? s->part[i].url : "-");
	fputs(LAST, to);
	failed = ferror(to);
	if (fclose(to) != 0 || failed) {
		free(text);
		return NULL;
	}
	return text;
}

/* ---- Reading --------------------------------------------------------------------------------------- */

/* Words of one line, in place: how many, at most room. */
static size_t words(char *line, char *word[], size_t room)
{
	size_t n = 0;

	for (char *p = strtok_r(line, " ", &line); p; p = strtok_r(NULL, " ", &line)) {
		if (n == room)
			return room + 1;
		word[n++] = p;
	}
	return n;
}

static int parse_is(struct state *s, char *line)
{
	uint64_t *const to[] = { &s->size, &s->mtime_s, &s->mtime_ns, &s->device, &s->inode };
	char *word[5];

	if (words(line, word, 5) != 5)
		return -EBADMSG;
	for (size_t i = 0; i < 5; i++)
		if (number_parse(to[i], word[i], 0, UINT64_MAX) < 0)
			return -EBADMSG;
	return 0;
}

/* Parts follow one another without gaps. */
static int parse_part(struct state *s, char *line)
{
	const uint64_t from = s->nparts ? s->part[s->nparts - 1].to : 0;
	struct state_part *p = &s->part[s->nparts];
	char *word[3];

	if (s->nparts == OPTIONS_MAX_PARALLEL || words(line, word, 3) != 3 || strlen(word[2]) > MAX_URL ||
	    number_parse(&p->from, word[0], from, from) < 0 ||
	    number_parse(&p->to, word[1], from, s->size) < 0)
		return -EBADMSG;
	s->nparts++;
	if (strcmp(word[2], "-") == 0)
		return 0;
	p->url = strdup(word[2]);
	return p->url ? 0 : -ENOMEM;
}

static int parse_line(struct state *s, char *line)
{
	if (strncmp(line, "file ", 5) == 0)
		return 0;
	if (strncmp(line, "is ", 3) == 0)
		return s->nparts == 0 ? parse_is(s, line + 3) : -EBADMSG;
	if (strncmp(line, "part ", 5) == 0)
		return parse_part(s, line + 5);
	return -EBADMSG;
}

int state_parse(struct state *s, const char *text, size_t n)
{
	const size_t first = sizeof FIRST - 1, last = sizeof LAST - 1;
	char *copy, *line, *next;
	int rc = 0;

	memset(s, 0, sizeof *s);
	if (n < first + last || memcmp(text, FIRST, first) != 0 || memcmp(text + n - last, LAST, last) != 0
	    || memchr(text, '\0', n))
		return -EBADMSG;
	copy = strndup(text + first, n - first - last);
	if (!copy)
		return -ENOMEM;
	for (line = copy; rc == 0 && *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		rc = parse_line(s, line);
	}
	free(copy);
	if (rc == 0 && (s->nparts == 0 || s->part[s->nparts - 1].to != s->size))
		rc = -EBADMSG;
	if (rc < 0)
		state_clear(s);
	return rc;
}
