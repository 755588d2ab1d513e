#include <config.h>
#include "simd.h"

#if defined __x86_64__ && (defined __GNUC__ || defined __clang__)
static int has_avx2(void)
{
	return __builtin_cpu_supports("avx2") != 0;
}

/* VBMI2 came with processors that don't slow down for 64 octets at a time. */
static int has_avx512(void)
{
	return __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512vbmi")
	       && __builtin_cpu_supports("avx512bw") && has_avx2();
}

const struct mws_simd *mws_simd_nth(unsigned n)
{
	static const struct mws_simd *const all[] = { &mws_simd_portable, &mws_simd_sse2, &mws_simd_avx2,
						      &mws_simd_avx512 };

	return n < 2u + (has_avx2() != 0) + (has_avx512() != 0) ? all[n] : NULL;
}

const struct mws_simd *mws_simd(void)
{
	return has_avx512() ? &mws_simd_avx512 : has_avx2() ? &mws_simd_avx2 : &mws_simd_sse2;
}
#elif defined __aarch64__ && defined __ARM_NEON
const struct mws_simd *mws_simd_nth(unsigned n)
{
	return n == 0 ? &mws_simd_portable : n == 1 ? &mws_simd_neon : NULL;
}

const struct mws_simd *mws_simd(void)
{
	return &mws_simd_neon;
}
#else
const struct mws_simd *mws_simd_nth(unsigned n)
{
	return n == 0 ? &mws_simd_portable : NULL;
}

const struct mws_simd *mws_simd(void)
{
	return &mws_simd_portable;
}
#endif
