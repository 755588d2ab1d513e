#include <config.h>
#include "fuzz_http_body.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_SEED("\001--b\r\nA: b\r\n\r\nhello\r\n--b--\r\n"),
	FUZZ_SEED("\002pre\r\n--b\r\nA: b\r\nC: d\r\n\r\n1\r\n-\r\n--\r\n--b \r\n\r\n2\r\n--b--rest"),
	FUZZ_SEED("\007--b\r\n\r\n\r\r\n\r\n--\r--b\n--b\r\n--b--"),
	{NULL, 0},
};

static int step(void *d, const char *p, size_t n, size_t *used, struct mummy_http_body_part *out)
{
	return mummy_http_multipart_next(d, p, n, used, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct mummy_http_span type = {"multipart/form-data; boundary=b", 31};
	struct mummy_http_multipart a = {.max_part_head_bytes = 24}, b = a;

	if (size == 0)
		return 0;
	FUZZ_CHECK(mummy_http_multipart_init(&a, type) == 0 && mummy_http_multipart_init(&b, type) == 0);
	fuzz_compare(fuzz_decode(step, &a, data + 1, size - 1, size),
		     fuzz_decode(step, &b, data + 1, size - 1, data[0] % 16 + 1));
	return 0;
}
