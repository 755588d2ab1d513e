#include <config.h>
#include <mummy/ws.h>
#include "simd.h"

void mummy_ws_mask(void *data, size_t n, const uint8_t mask[4], uint64_t offset)
{
	uint8_t turned[4];

	for (unsigned i = 0; i < 4; i++)
		turned[i] = mask[(offset + i) & 3];
	mws_simd()->mask(data, n, turned);
}
