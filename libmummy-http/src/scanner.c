#include <config.h>
#include <errno.h>
#include "field_line.h"
#include "keep_field.h"
#include "parse.h"
#include "scanner.h"

static const char *portable_target(const char *p, const char *end, int *plain)
{
	*plain = 0;
	return mhttp_scan_target(p, end);
}

static int portable_fields(struct mummy_http_head *h, const char **at, const char *end)
{
	for (;;) {
		struct mummy_http_field f;
		const char *next;
		int rc = mhttp_field_line(*at, end, &f, &next);

		if (rc == MHTTP_LINE_OPEN)
			return 0;
		if (rc == MHTTP_LINE_BAD)
			return mhttp_head_fail(h, 400);
		*at = next;
		if (rc == MHTTP_LINE_EMPTY)
			return 1;
		rc = mhttp_keep_field(h, f.name.p, f.name.n, f.value.p, f.value.n);
		if (rc < 0)
			return rc;
	}
}

const struct mhttp_scanner mhttp_scanner_portable = {"portable", portable_target, portable_fields};

const struct mhttp_scanner *mhttp_scanner_at(unsigned i)
{
	const struct mhttp_scanner *all[4];
	unsigned n = 0;

	all[n++] = mhttp_scanner();
#ifdef MHTTP_HAVE_X86
	if (all[0] != &mhttp_scanner_sse2)
		all[n++] = &mhttp_scanner_sse2;
#endif
	if (all[0] != &mhttp_scanner_portable)
		all[n++] = &mhttp_scanner_portable;
	return i < n ? all[i] : NULL;
}
