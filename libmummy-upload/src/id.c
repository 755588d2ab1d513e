#include <config.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include "id.h"

int mup_id_make(char id[MUP_ID_SIZE])
{
	unsigned char bits[MUP_ID_LEN / 2];

	if (gnutls_rnd(GNUTLS_RND_RANDOM, bits, sizeof bits) < 0)
		return -EIO;
	for (size_t i = 0; i < sizeof bits; i++) {
		id[2 * i] = "0123456789abcdef"[bits[i] >> 4];
		id[2 * i + 1] = "0123456789abcdef"[bits[i] & 15];
	}
	id[MUP_ID_LEN] = '\0';
	return 0;
}

int mup_id_valid(const char *p, size_t n)
{
	if (n != MUP_ID_LEN)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (!((p[i] >= '0' && p[i] <= '9') || (p[i] >= 'a' && p[i] <= 'f')))
			return 0;
	return 1;
}
