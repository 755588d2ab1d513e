/* reply.h - an answer while it is made. A failed allocation is remembered, so that callers ask once. */
#ifndef MUMMY_UPLOAD_REPLY_H
#define MUMMY_UPLOAD_REPLY_H
#include <mummy/upload.h>

mummy_upload_reply *mup_reply_new(void);
void mup_reply_status(mummy_upload_reply *r, int status);
/* name is static; the value is copied, without octets that could end a field line. A name that is there
 * already gets the new value. */
void mup_reply_add(mummy_upload_reply *r, const char *name, const char *value);
void mup_reply_addf(mummy_upload_reply *r, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A date in the form of RFC 9110 section 5.6.7. */
void mup_reply_add_date(mummy_upload_reply *r, const char *name, int64_t seconds);
/* NULL: it is not there. */
const char *mup_reply_value(const mummy_upload_reply *r, const char *name);
void mup_reply_remove(mummy_upload_reply *r, const char *name);
/* text/plain; text is static. */
void mup_reply_text(mummy_upload_reply *r, int status, const char *text);
/* What mup_reply_text is to say instead of its own text; a line, copied, of at most size octets and without
 * control characters. Empty: its own. */
void mup_reply_words(mummy_upload_reply *r, const char *text, size_t size);
/* fd is taken; _drop_ closes it again. */
void mup_reply_drop_file(mummy_upload_reply *r);
void mup_reply_file(mummy_upload_reply *r, int fd, uint64_t off, uint64_t len);
/* 0, or -ENOMEM: something could not be added. */
int mup_reply_error(const mummy_upload_reply *r);
#endif
