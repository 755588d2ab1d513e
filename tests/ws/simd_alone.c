/* The same cases without libcheck, for machines that only an emulator has. */
#include <config.h>
#include <stdio.h>
#include "simd-cases.h"

int main(void)
{
	const struct mws_simd *s;
	int status = 0;

	for (unsigned i = 0; (s = mws_simd_nth(i)); i++) {
		const char *bad = simd_masks(s);

		bad = bad ? bad : simd_places(s);
		bad = bad ? bad : simd_rows(s, 5000);
		bad = bad ? bad : simd_edges(s);
		bad = bad ? bad : simd_masks_long(s);
		bad = bad ? bad : simd_sections(s, 3);
		bad = bad ? bad : simd_threes(s, 5);
		bad = bad ? bad : simd_damage(s, 300);
		printf("%s - libmummy-ws %s%s%s\n", bad ? "not ok" : "ok", s->name, bad ? ": " : "", bad ? bad : "");
		status |= bad != NULL;
	}
	return status;
}
