/* extension.h - Sec-WebSocket-Extensions (RFC 6455 section 9.1), and the parameters of permessage-deflate
 * (RFC 7692 section 7.1). Internal. */
#ifndef MUMMY_WS_EXTENSION_H
#define MUMMY_WS_EXTENSION_H
#include "field.h"

enum mws_ext_word { MWS_EXT_END, MWS_EXT_NAME, MWS_EXT_PARAM };

/** Walks over the words of all lines of the field. Begins zeroed but for req. */
struct mws_ext {
	const struct mummy_ws_handshake_request *req;
	unsigned nth;
	const char *at, *end;           /* of the line; NULL: the next one is to be asked for */
	int in_member;                  /* a parameter may follow */
	/* the word: */
	struct mws_span name;
	int has_value;
	size_t nvalue;                  /* its length; above the size of value it is cut off */
	char value[8];
};

/** The next word: an enum mws_ext_word, or -EPROTO where the field is malformed. */
int mws_ext_next(struct mws_ext *x);

/** Octets that are enough for an offer or an answer, with the NUL. */
#define MWS_DEFLATE_TEXT 160

/** A server's answer to what the client offers: the first offer that can be accepted, in out and, as the
 *  field's value, in text. 1; 0: none; -EPROTO the field is malformed. */
int mws_deflate_answer(const struct mummy_ws_handshake_request *req,
		       const struct mummy_ws_handshake_options *opt, struct mummy_ws_handshake_reply *out,
		       char text[MWS_DEFLATE_TEXT]);
/** A client's offer, the field's value. */
void mws_deflate_offer(const struct mummy_ws_handshake_options *opt, char text[MWS_DEFLATE_TEXT]);
/** A client's look at the answer: 0 and out, or -EPROTO. */
int mws_deflate_check(const struct mummy_ws_handshake_request *res,
		      const struct mummy_ws_handshake_options *opt, struct mummy_ws_handshake_reply *out);
/** 1 when the options are in their ranges. */
int mws_deflate_options_ok(const struct mummy_ws_handshake_options *opt);
#endif
