#include <config.h>
#include <errno.h>
#include <string.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include "key.h"

static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

int mws_random(void *p, size_t n)
{
	return gnutls_rnd(GNUTLS_RND_NONCE, p, n) == 0 ? 0 : -EIO;
}

int mws_key_ok(struct mws_span key)
{
	if (key.len != MWS_KEY_LEN || memcmp(key.at + 22, "==", 2) != 0)
		return 0;
	for (unsigned i = 0; i < 22; i++) {
		char c = key.at[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
		      || c == '+' || c == '/'))
			return 0;
	}
	return 1;
}

static int base64(const void *p, size_t n, char *out, size_t len)
{
	gnutls_datum_t in = { (unsigned char *)(uintptr_t)p, (unsigned)n }, text;
	int ok;

	if (gnutls_base64_encode2(&in, &text) != 0)
		return -ENOMEM;
	ok = text.size >= len;
	if (ok) {
		memcpy(out, text.data, len);
		out[len] = '\0';
	}
	gnutls_free(text.data);
	return ok ? 0 : -EIO;
}

int mws_key_make(char key[MWS_KEY_LEN + 1])
{
	uint8_t nonce[16];
	int rc = mws_random(nonce, sizeof nonce);

	return rc < 0 ? rc : base64(nonce, sizeof nonce, key, MWS_KEY_LEN);
}

int mws_key_accept(const char *key, char accept[MWS_ACCEPT_LEN + 1])
{
	char text[MWS_KEY_LEN + sizeof guid - 1];
	uint8_t digest[20];

	memcpy(text, key, MWS_KEY_LEN);
	memcpy(text + MWS_KEY_LEN, guid, sizeof guid - 1);
	if (gnutls_hash_fast(GNUTLS_DIG_SHA1, text, sizeof text, digest) != 0)
		return -EIO;
	return base64(digest, sizeof digest, accept, MWS_ACCEPT_LEN);
}
