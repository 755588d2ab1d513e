/*
 * simd_sections.h - long texts, in two steps. A glance sees of what kind each octet is. It is right about
 * ASCII and about characters of two and three octets, but for the few leads after which the second octet has
 * a narrower range; a section with one of these, or with anything else, is looked at once more, closely.
 * Private; included by variants, which give BLOCK, MOST (blocks in a section), vec, widen, mask_blocks, and
 *
 *     struct planes            a bit for each octet, a place for each block of a section; before the first
 *                              one is what the block before the section has
 *     static void forget(struct planes *s)
 *                              nothing is before the section
 *     static int is_open(const struct planes *s)
 *                              1: a character goes on behind the section
 *     static size_t plain(uint8_t *base, size_t at, size_t end, vec m, int masked)
 *                              from where a character begins, ASCII and what else is simple for as long as it
 *                              is easy; gives where it stopped, where again one begins
 *     static int glance(uint8_t *base, size_t at, size_t to, vec m, struct planes *s, int masked)
 *                              0: it can't tell
 *     SKIP(p)                  how far p is behind the place where blocks begin
 *
 * base is where blocks begin: they are taken in part where the text does not begin or end with them. Both
 * functions unmask if masked, a constant, what they say something about.
 */
enum {
	SECTION = MOST * BLOCK,
	CARE = 4                /* sections that are looked at closely at once, after one had to be */
};

/* How many octets of an unfinished character the n octets at p end with. */
static size_t begun_at(const uint8_t *p, size_t n)
{
	size_t k = n < 3 ? n : 3;

	return mws_utf8_begun(p + n - k, k);
}

/* Before from all is well, but for a character that may have begun there. */
static int closely(const uint8_t *p, size_t from, size_t to)
{
	from -= begun_at(p, from);
	to -= begun_at(p, to);
	return to <= from || mws_avx2_valid(p + from, to - from);
}

INLINE int is_valid_long(uint8_t *p, size_t n, const uint8_t mask[4], int masked)
{
	const size_t skip = SKIP(p), end = skip + n;
	uint8_t *base = p - skip, turned[4];
	struct planes s;
	unsigned care = 0;
	size_t at, to;
	vec m;

	forget(&s);
	mws_mask_turn(turned, mask, 0 - skip);
	m = widen(mask, 0 - skip);
	for (at = skip; at < end; at = to) {
		if (!care && !is_open(&s))
			at = plain(base, at, end, m, masked);
		to = at / BLOCK * BLOCK + SECTION;
		to = to < end ? to : end;
		if (!care && glance(base, at, to, m, &s, masked))
			continue;
		if (care && masked)
			mask_blocks(base + at, to - at, turned);
		if (!closely(p, at - skip, to - skip))
			return 0;
		forget(&s);
		care = care ? care - 1 : CARE;
		if (!care && begun_at(p, to - skip))
			care = 1;
	}
	return begun_at(p, n) == 0;
}
