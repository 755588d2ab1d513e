/*
 * say.h - answers that are a line of text.
 */
#ifndef MUMMY_SERVER_SAY_H
#define MUMMY_SERVER_SAY_H
#include <mummy/http.h>

/** As mummy_http_respond_text, and no browser takes it for anything else. */
static inline int say_text(mummy_http_exchange *x, int status, const char *text)
{
	mummy_http_header_add(x, "X-Content-Type-Options", "nosniff");
	return mummy_http_respond_text(x, status, text);
}
#endif
