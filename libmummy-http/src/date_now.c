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

static void date_at(struct mhttp_date *d, int64_t second, char out[30])
{
	char text[32] = { 0 };

	if (date_load(d, (uint64_t)second, out))
		return;
	if (mummy_http_date_format(text, second) < 0)
		memcpy(text, "Thu, 01 Jan 1970 00:00:00 GMT", 30);
	memcpy(out, text, 30);
	date_store(d, (uint64_t)second, text);
}

void mhttp_date_now(struct mhttp_date *d, char out[30])
{
	date_at(d, mhttp_clock(), out);
}

const char *mhttp_begin_renew(struct mummy_http_loop *l)
{
	static const char first[] = "HTTP/1.1 200 OK\r\nDate: ";
	struct mhttp_begin *b = &l->begin;
	int64_t second = mhttp_clock();
	char date[30];

	b->fresh = 1;
	if (b->text[0] && second == b->second)
		return b->text;
	b->second = second;
	date_at(&l->server->date, second, date);
	memcpy(b->text, first, sizeof first - 1);
	memcpy(b->text + sizeof first - 1, date, 29);
	memcpy(b->text + MHTTP_BEGIN_BYTES - 2, "\r\n", 2);
	_Static_assert(sizeof first - 1 + 29 + 2 == MHTTP_BEGIN_BYTES, "that is all of it");
	return b->text;
}
