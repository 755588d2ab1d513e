/* sf.h - structured fields (RFC 9651), as strict as its section 4.2. */
#ifndef MUMMY_UPLOAD_SF_H
#define MUMMY_UPLOAD_SF_H
#include <stddef.h>
#include <stdint.h>

enum mup_sf_type {
	MUP_SF_INTEGER, MUP_SF_DECIMAL, MUP_SF_STRING, MUP_SF_TOKEN, MUP_SF_BYTES, MUP_SF_BOOLEAN, MUP_SF_DATE,
	MUP_SF_DISPLAY, MUP_SF_LIST            /* an inner list, whose items are not kept */
};
struct mup_sf_item {
	enum mup_sf_type type;
	int64_t number;                  /* of an integer, a date, a boolean */
	const char *p;                   /* of bytes: their base64 */
	size_t n;
};

/* An Item; its parameters are read over. 0 or -EINVAL. */
int mup_sf_item(const char *p, size_t n, struct mup_sf_item *out);
/* The member of a Dictionary with this key. 1; 0 there is none; -EINVAL: it is no Dictionary. */
int mup_sf_member(const char *p, size_t n, const char *key, struct mup_sf_item *out);
#endif
