#include <config.h>
#include <string.h>
#include <mummy/ws.h>

void mummy_ws_mask(void *data, size_t n, const uint8_t mask[4], uint64_t offset)
{
	uint8_t *p = data, turned[8];
	uint64_t m, w;

	for (unsigned i = 0; i < 8; i++)
		turned[i] = mask[(offset + i) & 3];
	memcpy(&m, turned, sizeof m);
	/* memcpy: the buffer has any alignment, and a compiler makes plain loads and stores of it. */
	for (; n >= sizeof w; n -= sizeof w, p += sizeof w) {
		memcpy(&w, p, sizeof w);
		w ^= m;
		memcpy(p, &w, sizeof w);
	}
	for (size_t i = 0; i < n; i++)
		p[i] ^= turned[i];
}
