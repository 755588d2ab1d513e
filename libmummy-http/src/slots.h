/*
 * slots.h - which field names the parser notes as it goes. Private.
 */
#ifndef MHTTP_SLOTS_H
#define MHTTP_SLOTS_H
#include <mummy/http-parser.h>
#include "scan.h"

struct mhttp_slot_name {
	char name[29]; /* 32 octets an entry */
	unsigned char length, slot, another; /* another: of that length follows */
};
static const struct mhttp_slot_name mhttp_slot_names[MUMMY_HTTP_SLOTS + 1] = {
	{"", 0, 0, 0},
	{"host", 4, MUMMY_HTTP_SLOT_HOST, 0},
	{"range", 5, MUMMY_HTTP_SLOT_RANGE, 0},
	{"expect", 6, MUMMY_HTTP_SLOT_EXPECT, 0},
	{"upgrade", 7, MUMMY_HTTP_SLOT_UPGRADE, 0},
	{"if-range", 8, MUMMY_HTTP_SLOT_IF_RANGE, 1},
	{"if-match", 8, MUMMY_HTTP_SLOT_IF_MATCH, 0},
	{"connection", 10, MUMMY_HTTP_SLOT_CONNECTION, 0},
	{"content-type", 12, MUMMY_HTTP_SLOT_CONTENT_TYPE, 0},
	{"if-none-match", 13, MUMMY_HTTP_SLOT_IF_NONE_MATCH, 0},
	{"content-length", 14, MUMMY_HTTP_SLOT_CONTENT_LENGTH, 0},
	{"accept-encoding", 15, MUMMY_HTTP_SLOT_ACCEPT_ENCODING, 0},
	{"content-encoding", 16, MUMMY_HTTP_SLOT_CONTENT_ENCODING, 0},
	{"transfer-encoding", 17, MUMMY_HTTP_SLOT_TRANSFER_ENCODING, 1},
	{"if-modified-since", 17, MUMMY_HTTP_SLOT_IF_MODIFIED_SINCE, 0},
	{"if-unmodified-since", 19, MUMMY_HTTP_SLOT_IF_UNMODIFIED_SINCE, 0},
};
/* First entry of a length. */
static const unsigned char mhttp_slot_by_length[20] = {0, 0, 0, 0, 1,  2,  3,  4,  5, 0,
						       7, 0, 8, 9, 10, 11, 12, 13, 0, 15};

/* Letters in lower case; other token octets that change so are in no name of ours. */
static inline uint32_t mhttp_lower_half(const char *p)
{
	uint32_t half;

	memcpy(&half, p, 4);
	return half | (uint32_t)(MHTTP_ONES * 0x20);
}

static inline int mhttp_same_name(const char *p, const struct mhttp_slot_name *s)
{
	for (unsigned i = 4; i + 4 <= s->length; i += 4)
		if (mhttp_lower_half(p + i) != mhttp_lower_half(s->name + i))
			return 0;
	return mhttp_lower_half(p + s->length - 4) == mhttp_lower_half(s->name + s->length - 4);
}

/* Slot of a field name; MUMMY_HTTP_SLOTS: none. */
static inline unsigned mhttp_slot_of(const char *p, size_t n)
{
	const struct mhttp_slot_name *s = mhttp_slot_names;
	uint32_t first;

	if (n >= sizeof mhttp_slot_by_length || !mhttp_slot_by_length[n])
		return MUMMY_HTTP_SLOTS;
	first = mhttp_lower_half(p);
	for (s += mhttp_slot_by_length[n];; s++) {
		uint32_t want;

		memcpy(&want, s->name, 4);
		if (first == want && mhttp_same_name(p, s))
			return s->slot;
		if (!s->another)
			return MUMMY_HTTP_SLOTS;
	}
}
#endif
