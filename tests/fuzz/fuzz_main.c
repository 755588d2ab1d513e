/*
 * Runs a fuzz target without libFuzzer: the files that are named, else a fixed number of inputs made
 * from the seeds by a generator with a fixed start, so that every run is the same.
 */
#include <config.h>
#include "fuzz.h"

#define RUNS 200000
#define ROOM 2048

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static size_t mutate(uint8_t *p, size_t n, uint64_t *state)
{
	static const char sharp[] = "\r\n \t:;,=\"-0159aAfF\0\x7f\x80\xff%/*?#.";
	size_t at = n ? next_random(state) % n : 0, length = next_random(state) % 8 + 1;

	switch (next_random(state) % 5) {
	case 0: /* another octet */
		if (n)
			p[at] = (uint8_t)sharp[next_random(state) % (sizeof sharp - 1)];
		return n;
	case 1: /* one more */
		if (n == ROOM)
			return n;
		memmove(p + at + 1, p + at, n - at);
		p[at] = (uint8_t)sharp[next_random(state) % (sizeof sharp - 1)];
		return n + 1;
	case 2: /* some less */
		if (length > n - at)
			length = n - at;
		memmove(p + at, p + at + length, n - at - length);
		return n - length;
	case 3: /* some twice */
		if (length > n - at || length > ROOM - n)
			return n;
		memmove(p + at + length, p + at, n - at);
		return n + length;
	default: /* cut off */
		return next_random(state) % 8 ? n : at;
	}
}

static void run_seeds(void)
{
	uint64_t state = 0x9e3779b97f4a7c15;
	size_t nseeds = 0;

	while (fuzz_seeds[nseeds].p)
		nseeds++;
	for (int i = 0; i < RUNS; i++) {
		const struct fuzz_seed *seed = &fuzz_seeds[next_random(&state) % nseeds];
		uint8_t input[ROOM];
		size_t n = seed->n;

		memcpy(input, seed->p, n);
		for (uint64_t times = next_random(&state) % 6; times; times--)
			n = mutate(input, n, &state);
		LLVMFuzzerTestOneInput(input, n);
	}
}

static int run_file(const char *name)
{
	static uint8_t input[1 << 20];
	FILE *f = fopen(name, "rb");
	size_t n;

	if (!f) {
		perror(name);
		return -1;
	}
	n = fread(input, 1, sizeof input, f);
	fclose(f);
	LLVMFuzzerTestOneInput(input, n);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		run_seeds();
	for (int i = 1; i < argc; i++)
		if (run_file(argv[i]) < 0)
			return EXIT_FAILURE;
	return EXIT_SUCCESS;
}
