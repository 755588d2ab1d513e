/*
 * metadata.h - Upload-Metadata: what the server is told about a file.
 */
#ifndef MUMMY_UPLOAD_METADATA_H
#define MUMMY_UPLOAD_METADATA_H
#include <stddef.h>

/** 1 when text is KEY=VALUE with a key that may be sent: not empty, of visible ASCII without comma. */
int metadata_valid(const char *text);
/** The value of the field: filename (NULL: none) and relativePath (NULL: none), unless the user gave a
 *  value of his own, then the n texts KEY=VALUE. Of a key that comes twice the last counts. The caller's to
 *  free; NULL: out of memory. */
char *metadata_make(const char *filename, const char *relative, const char *const *texts, size_t n);
#endif
