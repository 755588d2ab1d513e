/*
 * fields_bits.h - field lines read by bitmaps of 64 octets. Private; included by the variants.
 *
 * A variant gives MHTTP_TARGET (attributes of functions) and
 *
 *     static struct bits classify(const char *p)
 *     static struct bits classify_half(const char *p)      with MHTTP_HALVES
 *
 * which look at 64 octets, and at 32; where names cost more so than octet by octet, it defines
 * MHTTP_NAMES_BY_TABLE. Octets behind the end count as such that belong to nothing, so every search ends
 * there at the latest. A line that is not plainly good is left to the portable code.
 */
struct bits {
	uint64_t name;   /* octets that no name has */
	uint64_t value;  /* and no value */
};

MHTTP_TARGET static inline struct bits classify(const char *p);

MHTTP_TARGET static struct bits classify_copy(const char *p, size_t n)
{
	char copy[64] = {0};

	memcpy(copy, p, n);
	return classify(copy);
}

#ifdef MHTTP_HALVES
MHTTP_TARGET static inline struct bits classify_half(const char *p);

/* Of a head that has not 64 octets: left of them at p are its last. */
MHTTP_TARGET static inline struct bits classify_short(const char *p, size_t left, size_t before)
{
	struct bits b, second;

	if (left > 32) {
		b = classify_half(p);
		second = classify_half(p + left - 32);
		b.name |= second.name << (left - 32);
		b.value |= second.value << (left - 32);
		return b;
	}
	if (left + before < 32)
		return classify_copy(p, left);
	b = classify_half(p + left - 32);
	b.name >>= 32 - left;
	b.value >>= 32 - left;
	return b;
}
#else
MHTTP_TARGET static inline struct bits classify_short(const char *p, size_t left, size_t before)
{
	(void)before;
	return classify_copy(p, left);
}
#endif

/* The last octets, fewer than 64; what may be read begins at floor. */
MHTTP_TARGET static struct bits classify_tail(const char *p, const char *end, const char *floor)
{
	size_t left = (size_t)(end - p);
	uint64_t behind = ~(uint64_t)0 << left;
	struct bits b;

	if (end - floor >= 64) {
		/* the shift has two steps because nothing may be left */
		b = classify(end - 64);
		b.name = b.name >> 1 >> (63 - left);
		b.value = b.value >> 1 >> (63 - left);
	} else {
		b = classify_short(p, left, (size_t)(p - floor));
	}
	b.name |= behind;
	b.value |= behind;
	return b;
}

/* What is at block. */
#define MHTTP_LOAD()                                                                                         \
	do {                                                                                                 \
		if (end - block >= 64)                                                                       \
			bits = classify(block);                                                              \
		else                                                                                         \
			bits = classify_tail(block, end, floor);                                             \
	} while (0)

/* To the first octet from p on whose bit is set. */
#define MHTTP_FIND(p, which)                                                                                 \
	do {                                                                                                 \
		size_t off_ = (size_t)((p) - block);                                                         \
		uint64_t found_;                                                                             \
                                                                                                             \
		while (off_ >= 64) {                                                                         \
			block += 64;                                                                         \
			off_ -= 64;                                                                          \
			MHTTP_LOAD();                                                                        \
		}                                                                                            \
		found_ = bits.which >> off_;                                                                 \
		if (found_) {                                                                                \
			(p) += __builtin_ctzll(found_);                                                      \
		} else {                                                                                     \
			do {                                                                                 \
				block += 64;                                                                 \
				MHTTP_LOAD();                                                                \
				found_ = bits.which;                                                         \
			} while (!found_);                                                                   \
			(p) = block + __builtin_ctzll(found_);                                               \
		}                                                                                            \
	} while (0)

static inline int is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static inline int are_two(const char *p, const char *want)
{
	uint16_t two, other;

	memcpy(&two, p, 2);
	memcpy(&other, want, 2);
	return two == other;
}

/* Behind white space; p has at least one octet before end. */
static inline const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	return p;
}

/* The end of a value without the white space behind it; from is where it begins. */
static inline const char *trim_blanks(const char *from, const char *p)
{
	while (p > from && is_blank(p[-1]))
		p--;
	return p;
}

/* Lines from *at on while they are plainly good, into *to, which ends at room: 0, or the status to answer.
 * A start line lies before them, so there is always something three octets before the end. */
MHTTP_TARGET static inline int bits_lines(struct mummy_http_head *h, const char **at, const char *end,
					  struct mummy_http_field **to, const struct mummy_http_field *room)
{
	const char *floor = (const char *)h->opaque[MHTTP_BASE], *block = *at, *name = block, *p = block;
	struct mummy_http_field *f = *to;
	struct bits bits;
	int status = 0;

	MHTTP_LOAD();
	for (;;) {
		const char *colon, *value, *tail;
		unsigned slot;

#ifdef MHTTP_NAMES_BY_TABLE
		p = mhttp_scan_token(p, end);
#else
		MHTTP_FIND(p, name);
#endif
		colon = p;
		if (colon == name || colon > end - 3)
			break;
		if (are_two(colon, ": "))
			p += 2;
		else if (*p++ != ':')
			break;
		if ((unsigned char)*p <= ' ')
			p = skip_blanks(p, end);
		value = p;
		MHTTP_FIND(p, value);
		if (p > end - 2 || !are_two(p, "\r\n"))
			break;
		tail = p;
		if ((unsigned char)tail[-1] <= ' ')
			tail = trim_blanks(value, tail);
		*at = p + 2;
		if (f == room) {
			status = 431;
			break;
		}
		f->name.p = name;
		f->name.n = (size_t)(colon - name);
		f->value.p = value;
		f->value.n = (size_t)(tail - value);
		slot = mhttp_slot_of(name, f->name.n);
		f++;
		if (slot < MUMMY_HTTP_SLOTS) {
			status = mhttp_fill_slot(h, slot, f - 1);
			if (status)
				break;
		}
		name = p += 2;
	}
	*to = f;
	return status;
}

MHTTP_TARGET static int bits_fields(struct mummy_http_head *h, const char **at, const char *end)
{
	struct mummy_http_field *f = h->fields + h->nfields;
	int status = bits_lines(h, at, end, &f, h->fields + mhttp_field_room(h));

	h->nfields = (size_t)(f - h->fields);
	if (status)
		return mhttp_head_fail(h, status);
	if (end - *at >= 2 && are_two(*at, "\r\n")) {
		*at += 2;
		return 1;
	}
	return mhttp_scanner_portable.fields(h, at, end);
}
