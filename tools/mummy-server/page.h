/*
 * page.h - /_mummy/: the demo page, which is part of the program.
 */
#ifndef MUMMY_SERVER_PAGE_H
#define MUMMY_SERVER_PAGE_H
#include <stddef.h>
#include <mummy/http.h>

/** A file of the page; the table is made from page/ when the program is built. */
struct page_file {
	const char *name, *type, *etag;
	const unsigned char *data;
	size_t size;
};
extern const struct page_file page_files[];
extern const size_t page_nfiles;

/** root: serve it at / too. 0 or a negative errno. */
int page_routes(mummy_http_router *r, int root);
#endif
