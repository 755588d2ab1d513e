#include <config.h>
#include "fuzz_http_body.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_SEED("\001" "5\r\nhello\r\n0\r\n\r\n"),
	FUZZ_SEED("\002" "a;b=\"c\"\r\n0123456789\r\n000\r\nA: b\r\nC:d\r\n\r\nrest"),
	FUZZ_SEED("\005" "1 ;x\r\n\n\r\n1f\r\n0123456789012345678901234567890\r\n0\r\n\r\n"),
	{NULL, 0},
};

static int step(void *d, const char *p, size_t n, size_t *used, struct mummy_http_body_part *out)
{
	return mummy_http_chunked_next(d, p, n, used, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mummy_http_chunked a = {.max_extension_bytes = 32, .max_trailer_bytes = 32}, b = a;

	if (size == 0)
		return 0;
	fuzz_compare(fuzz_decode(step, &a, data + 1, size - 1, size),
		     fuzz_decode(step, &b, data + 1, size - 1, data[0] % 16 + 1));
	return 0;
}
