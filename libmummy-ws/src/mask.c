#include <config.h>
#include <mummy/ws.h>
#include "simd.h"

void mummy_ws_mask(void *data, size_t n, const uint8_t mask[4], uint64_t offset)
{
	uint8_t turned[4];

	mws_mask_turn(turned, mask, offset);
	mws_simd()->mask(data, n, turned);
}
