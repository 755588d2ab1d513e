/* field.h - header fields of a handshake, read as lists (RFC 9110 section 5.6.1). Internal. */
#ifndef MUMMY_WS_FIELD_H
#define MUMMY_WS_FIELD_H
#include <stddef.h>
#include <mummy/ws.h>

struct mws_span {
	const char *at;
	size_t len;
};

/** Walks over the members of all the lines of one field. Begins zeroed but for req and name. */
struct mws_list {
	const struct mummy_ws_handshake_request *req;
	const char *name;
	unsigned nth;
	const char *at, *end;
};

/** The next member that is not empty, without the white space around it; 0 when there are no more. */
int mws_list_next(struct mws_list *l, struct mws_span *out);
/** How many lines the field has (2: two or more); *out is the first, trimmed. */
unsigned mws_field(const struct mummy_ws_handshake_request *req, const char *name, struct mws_span *out);
/** 1 when a member of the field is word, in any case. */
int mws_field_has(const struct mummy_ws_handshake_request *req, const char *name, const char *word);
int mws_span_is(struct mws_span s, const char *text);
int mws_span_is_nocase(struct mws_span s, const char *text);
/** 1 when s is a token (RFC 9110 section 5.6.2). */
int mws_is_token(struct mws_span s);
#endif
