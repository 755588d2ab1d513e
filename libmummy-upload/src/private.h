/* private.h - what the engine keeps with an upload in the store: its private_state. */
#ifndef MUMMY_UPLOAD_PRIVATE_H
#define MUMMY_UPLOAD_PRIVATE_H
#include <stdint.h>
#include "name.h"

#define MUP_CLIENT_SIZE 64
#define MUP_DIGEST_SIZE 100             /* of a name, a colon and base64 */
#define MUP_PRIVATE_SIZE 512

enum {
	MUP_UNTOLD = 1,                  /* a final upload that nobody knows of until it is finished */
	MUP_DRAFT = 2,                   /* begun by the draft: not whole before somebody says so */
	MUP_RATED = 4                    /* its rate is not that of the options */
};

struct mup_private {
	uint64_t max_bytes;              /* 0: no limit */
	unsigned expire_s;               /* 0: never */
	unsigned flags;
	uint64_t rate;                   /* with MUP_RATED: octets per second; 0: no limit */
	char client[MUP_CLIENT_SIZE];    /* empty: unknown */
	char digest[MUP_DIGEST_SIZE];    /* what all of it has to come to, "sha256:BASE64"; empty: not said */
	char name[MUP_NAME_SIZE];        /* final name that was granted; empty: by policy */
};

/* The peer as a key: cut and without spaces. */
void mup_private_client(struct mup_private *p, const char *peer);
void mup_private_write(const struct mup_private *p, char out[MUP_PRIVATE_SIZE]);
/* What cannot be read is as if it had not been kept. */
void mup_private_read(struct mup_private *p, const char *text);
#endif
