/* name.h - names of finished files that are safe whatever a client wrote. */
#ifndef MUMMY_UPLOAD_NAME_H
#define MUMMY_UPLOAD_NAME_H
#include <stddef.h>

#define MUP_NAME_SIZE 256                /* NAME_MAX of every common file system, and NUL */

/* What is left of the last component of raw (n octets) as a file name in UTF-8 of at most 200 octets:
 * no leading dot or dash, no control or separator characters. Its length; 0: nothing is left. */
size_t mup_name_safe(const char *raw, size_t n, char out[MUP_NAME_SIZE]);
/* name with a mark before its extension: "a-1.txt". */
void mup_name_mark(const char *name, const char *mark, char out[MUP_NAME_SIZE]);
#endif
