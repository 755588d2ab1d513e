/*
 * keep_field.h - a field that was read goes into its head. Private.
 */
#ifndef MHTTP_KEEP_FIELD_H
#define MHTTP_KEEP_FIELD_H
#include "parse.h"
#include "slots.h"

enum {
	MHTTP_MAX_SLOTTED = UINT16_MAX - 1, /* a slot holds an index + 1 in 16 bits */
	/* Fields of which mhttp_note_field knows more than where they are. */
	MHTTP_NOTED = 1 << MUMMY_HTTP_SLOT_CONNECTION |
		      1 << MUMMY_HTTP_SLOT_CONTENT_LENGTH | 1 << MUMMY_HTTP_SLOT_TRANSFER_ENCODING |
		      1 << MUMMY_HTTP_SLOT_EXPECT
};

/* How many fields a head may have. */
static inline size_t mhttp_field_room(const struct mummy_http_head *h)
{
	return h->max_fields < MHTTP_MAX_SLOTTED ? h->max_fields : MHTTP_MAX_SLOTTED;
}

/* For a field of h that has a slot: 0, or the status to answer. */
static inline int mhttp_fill_slot(struct mummy_http_head *h, unsigned slot, const struct mummy_http_field *f)
{
	int status = 0;

	if (slot == MUMMY_HTTP_SLOT_HOST && !(h->opaque[MHTTP_STATE] & MHTTP_RESPONSE))
		status = h->slots[slot] || !mhttp_authority_ok(f->value) ? 400 : 0;
	else if (MHTTP_NOTED >> slot & 1)
		status = mhttp_note_field(h, (enum mummy_http_slot)slot, f->value);
	if (status == 0 && h->slots[slot] == 0)
		h->slots[slot] = (uint16_t)(f - h->fields + 1);
	return status;
}

/* 0, or mhttp_head_fail. */
static inline int mhttp_keep_field(struct mummy_http_head *h, const char *name, size_t name_n,
				   const char *value, size_t value_n)
{
	unsigned slot = mhttp_slot_of(name, name_n);
	size_t n = h->nfields;
	struct mummy_http_field *f = &h->fields[n];

	if (n == mhttp_field_room(h))
		return mhttp_head_fail(h, 431);
	f->name.p = name;
	f->name.n = name_n;
	f->value.p = value;
	f->value.n = value_n;
	h->nfields = n + 1;
	if (slot < MUMMY_HTTP_SLOTS) {
		int status = mhttp_fill_slot(h, slot, f);

		if (status)
			return mhttp_head_fail(h, status);
	}
	return 0;
}
#endif
