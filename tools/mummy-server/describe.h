/*
 * describe.h - an upload as members of a JSON object.
 */
#ifndef MUMMY_SERVER_DESCRIBE_H
#define MUMMY_SERVER_DESCRIBE_H
#include <mummy/upload.h>
#include "json.h"

/** name and type as the client said, and all of the metadata. */
void describe_metadata(struct json *j, const char *metadata);
/** A time as 2026-11-22T13:00:00Z. */
void describe_time(struct json *j, const char *name, int64_t seconds);
#endif
