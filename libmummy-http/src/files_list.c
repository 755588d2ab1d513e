/* files_list.c - a folder as a page. Names come from whoever may write there: all are escaped. */
#include <config.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "files.h"
#include "scan.h"

enum { MOST_NAMES = 10000 };

struct names { char **all; size_t n, room; int cut; };

static void free_names(struct names *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->all[i]);
	free(l->all);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A slash behind the names of folders; what is neither they nor files is left out, and links are as what
 * they lead to. */
static int add_name(struct names *l, int dir, const char *name)
{
	size_t n = strlen(name);
	struct stat st;
	char *copy;

	if (fstatat(dir, name, &st, 0) < 0 || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		return 0;
	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 64;
		char **all = realloc(l->all, room * sizeof *all);

		if (!all)
			return -ENOMEM;
		l->all = all;
		l->room = room;
	}
	copy = malloc(n + 2);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, name, n + 1);
	if (S_ISDIR(st.st_mode))
		memcpy(copy + n, "/", 2);
	l->all[l->n++] = copy;
	return 0;
}

static int read_names(struct names *l, DIR *d, int dot_files)
{
	struct dirent *e;
	int rc = 0;

	while (rc == 0 && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || (*e->d_name == '.' && !dot_files))
			continue;
		l->cut = l->n == MOST_NAMES;
		if (l->cut)
			break;
		rc = add_name(l, dirfd(d), e->d_name);
	}
	if (l->n)
		qsort(l->all, l->n, sizeof *l->all, by_name);
	return rc;
}

static int put(struct mhttp_text *out, const char *s)
{
	return mhttp_text_add(out, s, strlen(s));
}

static int put_html(struct mhttp_text *out, const char *s)
{
	int rc = 0;

	for (; *s && rc == 0; s++) {
		switch (*s) {
		case '&':
			rc = put(out, "&amp;");
			break;
		case '<':
			rc = put(out, "&lt;");
			break;
		case '>':
			rc = put(out, "&gt;");
			break;
		case '"':
			rc = put(out, "&quot;");
			break;
		default:
			rc = mhttp_text_add(out, s, 1);
		}
	}
	return rc;
}

/* As a relative reference; a colon is no scheme's there. */
static int put_reference(struct mhttp_text *out, const char *s)
{
	int rc = put(out, "./");

	for (; *s && rc == 0; s++) {
		char hex[4];

		if (mhttp_is(*s, MHTTP_ALPHA | MHTTP_DIGIT) || strchr("-._~/", *s)) {
			rc = mhttp_text_add(out, s, 1);
			continue;
		}
		snprintf(hex, sizeof hex, "%%%02X", (unsigned char)*s);
		rc = put(out, hex);
	}
	return rc;
}

static int put_row(struct mhttp_text *out, const char *name)
{
	int rc = put(out, "<li><a href=\"");

	if (rc == 0)
		rc = put_reference(out, name);
	if (rc == 0)
		rc = put(out, "\">");
	if (rc == 0)
		rc = put_html(out, name);
	return rc == 0 ? put(out, "</a></li>\n") : rc;
}

static int put_page(struct mhttp_text *out, const char *path, const struct names *l)
{
	int rc = put(out, "<!doctype html>\n<meta charset=\"utf-8\">\n<title>/");

	if (rc == 0)
		rc = put_html(out, path);
	if (rc == 0)
		rc = put(out, "</title>\n<h1>/");
	if (rc == 0)
		rc = put_html(out, path);
	if (rc == 0)
		rc = put(out, *path ? "</h1>\n<ul>\n<li><a href=\"../\">../</a></li>\n" : "</h1>\n<ul>\n");
	for (size_t i = 0; i < l->n && rc == 0; i++)
		rc = put_row(out, l->all[i]);
	if (rc == 0)
		rc = put(out, l->cut ? "</ul>\n<p>There are more.</p>\n" : "</ul>\n");
	return rc;
}

int mhttp_files_list(struct mhttp_text *out, int fd, const char *path, int dot_files)
{
	struct names l = { NULL, 0, 0, 0 };
	DIR *d = fdopendir(fd);
	int rc;

	if (!d) {
		rc = -errno;
		close(fd);
		return rc;
	}
	rc = read_names(&l, d, dot_files);
	if (rc == 0)
		rc = put_page(out, path, &l);
	closedir(d);
	free_names(&l);
	return rc;
}
