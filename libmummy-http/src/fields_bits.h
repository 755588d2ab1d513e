/*
 * fields_bits.h - field lines read by bitmaps of 64 octets. Private; included by the variants.
 *
 * A variant gives MHTTP_TARGET (attributes of functions) and
 *
 *     static void classify(const char *p, struct bits *b)
 *
 * which looks at 64 octets; where names cost more so than octet by octet, it defines MHTTP_NAMES_BY_TABLE.
 * Octets behind the end count as such that belong to nothing, so every search ends there at the latest. A
 * line that is not plainly good is left to the portable code.
 */
struct bits {
	uint64_t name;   /* octets that no name has */
	uint64_t value;  /* and no value */
};
struct lines {
	struct bits bits;      /* of the 64 octets at block */
	const char *block, *end;
	const char *floor;     /* what may be read begins here */
};

MHTTP_TARGET static inline void classify(const char *p, struct bits *b);

/* The last octets, fewer than 64. */
MHTTP_TARGET static void classify_tail(struct lines *l)
{
	size_t left = (size_t)(l->end - l->block);
	uint64_t behind = ~(uint64_t)0 << left;

	if (l->end - l->floor >= 64) {
		/* the shift has two steps because nothing may be left */
		classify(l->end - 64, &l->bits);
		l->bits.name = l->bits.name >> 1 >> (63 - left);
		l->bits.value = l->bits.value >> 1 >> (63 - left);
	} else {
		char copy[64] = {0};

		memcpy(copy, l->block, left);
		classify(copy, &l->bits);
	}
	l->bits.name |= behind;
	l->bits.value |= behind;
}

MHTTP_TARGET static inline void load(struct lines *l)
{
	if (l->end - l->block >= 64)
		classify(l->block, &l->bits);
	else
		classify_tail(l);
}

/* To the first octet from p on whose bit is set. */
#define MHTTP_FIND(l, p, which)                                                                              \
	do {                                                                                                 \
		size_t off_ = (size_t)((p) - (l)->block);                                                    \
		uint64_t found_;                                                                             \
                                                                                                             \
		while (off_ >= 64) {                                                                         \
			(l)->block += 64;                                                                    \
			off_ -= 64;                                                                          \
			load(l);                                                                             \
		}                                                                                            \
		found_ = (l)->bits.which >> off_;                                                            \
		if (found_) {                                                                                \
			(p) += __builtin_ctzll(found_);                                                      \
		} else {                                                                                     \
			do {                                                                                 \
				(l)->block += 64;                                                            \
				load(l);                                                                     \
				found_ = (l)->bits.which;                                                    \
			} while (!found_);                                                                   \
			(p) = (l)->block + __builtin_ctzll(found_);                                          \
		}                                                                                            \
	} while (0)

static inline int is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static inline int is_line_end(const char *p, const char *end)
{
	uint16_t two, want;

	if (end - p < 2)
		return 0;
	memcpy(&two, p, 2);
	memcpy(&want, "\r\n", 2);
	return two == want;
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

MHTTP_TARGET static int bits_fields(struct mummy_http_head *h, const char **at, const char *end)
{
	struct lines l = {.block = *at, .end = end, .floor = (const char *)h->opaque[MHTTP_BASE]};
	const char *p = *at, *name = p, *colon, *value, *tail;

	load(&l);
	for (;;) {
		int rc;

#ifdef MHTTP_NAMES_BY_TABLE
		p = mhttp_scan_token(p, end);
#else
		MHTTP_FIND(&l, p, name);
#endif
		colon = p;
		if (colon == name || end - colon < 3 || *colon != ':')
			break;
		p += 1 + (p[1] == ' ');
		if ((unsigned char)*p <= ' ')
			p = skip_blanks(p, end);
		value = p;
		MHTTP_FIND(&l, p, value);
		if (!is_line_end(p, end))
			break;
		tail = p;
		if ((unsigned char)tail[-1] <= ' ')
			tail = trim_blanks(value, tail);
		p += 2;
		*at = p;
		rc = mhttp_keep_field(h, name, (size_t)(colon - name), value, (size_t)(tail - value));
		if (rc < 0)
			return rc;
		name = p;
	}
	if (colon == name && is_line_end(name, end)) {
		*at = name + 2;
		return 1;
	}
	return mhttp_scanner_portable.fields(h, at, end);
}
