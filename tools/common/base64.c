/*
 * base64.c - base64 by GnuTLS.
 */
#include <config.h>
#include <stdint.h>
#include <string.h>
#include <gnutls/gnutls.h>
#include "base64.h"

char *base64_encode(const void *p, size_t n)
{
	const gnutls_datum_t plain = { (unsigned char *)(uintptr_t)p, (unsigned)n };
	gnutls_datum_t text;
	char *out;

	if (n == 0)
		return strdup("");
	if (gnutls_base64_encode2(&plain, &text) < 0)
		return NULL;
	out = strndup((const char *)text.data, text.size);
	gnutls_free(text.data);
	return out;
}
