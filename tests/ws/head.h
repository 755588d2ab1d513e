/* head.h - a message head for the handshake's tests: lines of name and value. */
#ifndef MUMMY_TEST_WS_HEAD_H
#define MUMMY_TEST_WS_HEAD_H
#include <string.h>
#include <strings.h>
#include <mummy/ws.h>

struct head {
	struct {
		const char *name, *value;
	} line[16];
};

static inline const char *head_line(void *ctx, const char *name, unsigned nth, size_t *len)
{
	const struct head *h = ctx;

	for (unsigned i = 0; i < 16 && h->line[i].name; i++)
		if (strcasecmp(h->line[i].name, name) == 0 && nth-- == 0) {
			*len = strlen(h->line[i].value);
			return h->line[i].value;
		}
	return NULL;
}

static inline struct mummy_ws_handshake_request head_request(struct head *h)
{
	return (struct mummy_ws_handshake_request){ .method = "GET", .minor_version = 1,
						    .header = head_line, .ctx = h };
}
#endif
