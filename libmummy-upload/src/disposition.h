/* disposition.h - the file name of Content-Disposition (RFC 6266, RFC 8187). */
#ifndef MUMMY_UPLOAD_DISPOSITION_H
#define MUMMY_UPLOAD_DISPOSITION_H
#include <stddef.h>

/* filename*, else filename, as sent. Its length; 0: there is none, or it is malformed, or longer than
 * size. */
size_t mup_disposition_name(const char *p, size_t n, char *out, size_t size);
#endif
