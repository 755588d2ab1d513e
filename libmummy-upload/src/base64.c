#include <config.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <gnutls/gnutls.h>
#include "base64.h"

static int is_base64(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+'
	       || c == '/';
}

/* GnuTLS skips what is not base64, so the form is checked here. */
int mup_base64_check(const char *p, size_t n)
{
	size_t pad = 0;

	if (n % 4)
		return -EINVAL;
	while (pad < 2 && pad < n && p[n - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < n - pad; i++)
		if (!is_base64(p[i]))
			return -EINVAL;
	return 0;
}

int mup_base64_decode(const char *p, size_t n, void *out, size_t room)
{
	gnutls_datum_t text = { (unsigned char *)(uintptr_t)p, (unsigned)n }, plain;
	int len, rc;

	if (n == 0)
		return 0;
	if (mup_base64_check(p, n) < 0)
		return -EINVAL;
	rc = gnutls_base64_decode2(&text, &plain);
	if (rc < 0)
		return rc == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EINVAL;
	len = plain.size <= room ? (int)plain.size : -ENOSPC;
	if (len > 0)
		memcpy(out, plain.data, plain.size);
	gnutls_free(plain.data);
	return len;
}

char *mup_base64_encode(const void *p, size_t n)
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
