/* date_now.c - the Date field, formatted once a second for all threads. */
#include <config.h>
#include "internal.h"

static void date_store(struct mhttp_date *d, uint64_t second, const char text[32])
{
	uint32_t seq = atomic_load(&d->seq);
	uint64_t words[4];

	if ((seq & 1) || !atomic_compare_exchange_strong(&d->seq, &seq, seq + 1))
		return;                      /* another thread is at it */
	memcpy(words, text, sizeof words);
	atomic_store(&d->second, second);
	for (int i = 0; i < 4; i++)
		atomic_store(&d->text[i], words[i]);
	atomic_store(&d->seq, seq + 2);
}

static int date_load(struct mhttp_date *d, uint64_t second, char out[30])
{
	uint32_t seq = atomic_load(&d->seq);
	uint64_t words[4];

	if ((seq & 1) || atomic_load(&d->second) != second)
		return 0;
	for (int i = 0; i < 4; i++)
		words[i] = atomic_load(&d->text[i]);
	if (atomic_load(&d->seq) != seq)
		return 0;
	memcpy(out, words, 30);
	return 1;
}

int64_t mhttp_clock(void)
{
	struct timespec ts;

#ifdef CLOCK_REALTIME_COARSE
	clock_gettime(CLOCK_REALTIME_COARSE, &ts);
#else
	clock_gettime(CLOCK_REALTIME, &ts);
#endif
	return (int64_t)ts.tv_sec;
}

void mhttp_date_now(struct mhttp_date *d, char out[30])
{
	char text[32] = { 0 };
	int64_t now = mhttp_clock();

	if (date_load(d, (uint64_t)now, out))
		return;
	if (mummy_http_date_format(text, now) < 0)
		memcpy(text, "Thu, 01 Jan 1970 00:00:00 GMT", 30);
	memcpy(out, text, 30);
	date_store(d, (uint64_t)now, text);
}
