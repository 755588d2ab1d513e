/* id.h - names of uploads: 128 random bits in lower case hexadecimal. */
#ifndef MUMMY_UPLOAD_ID_H
#define MUMMY_UPLOAD_ID_H
#include <stddef.h>

#define MUP_ID_LEN 32
#define MUP_ID_SIZE (MUP_ID_LEN + 1)

/* 0, or -EIO: no randomness. */
int mup_id_make(char id[MUP_ID_SIZE]);
/* 1 when the n octets at p are an id. */
int mup_id_valid(const char *p, size_t n);
#endif
