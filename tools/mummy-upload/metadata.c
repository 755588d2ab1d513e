/*
 * metadata.c - Upload-Metadata: what the server is told about a file.
 */
#include <config.h>
#include <stdlib.h>
#include <string.h>
#include <gnutls/gnutls.h>
#include "metadata.h"

struct text {
	char *p;
	size_t len;
	int failed;
};

static void append(struct text *t, const void *p, size_t n)
{
	char *grown = t->failed ? NULL : realloc(t->p, t->len + n + 1);

	if (!grown) {
		t->failed = 1;
		return;
	}
	t->p = grown;
	memcpy(grown + t->len, p, n);
	t->len += n;
	grown[t->len] = '\0';
}

static void pair(struct text *t, const char *key, size_t nkey, const char *value)
{
	gnutls_datum_t plain = { (unsigned char *)(size_t)value, (unsigned)strlen(value) }, coded;

	if (t->len > 0)
		append(t, ",", 1);
	append(t, key, nkey);
	if (plain.size == 0)
		return;
	append(t, " ", 1);
	if (gnutls_base64_encode2(&plain, &coded) < 0) {
		t->failed = 1;
		return;
	}
	append(t, coded.data, coded.size);
	gnutls_free(coded.data);
}

int metadata_valid(const char *text)
{
	size_t n = strcspn(text, "=");

	for (size_t i = 0; i < n; i++)
		if (text[i] <= ' ' || text[i] >= 0x7f || text[i] == ',')
			return 0;
	return n > 0 && text[n] == '=';
}

static size_t key_of(const char *text)
{
	return strcspn(text, "=");
}

static int given(const char *key, size_t nkey, const char *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (key_of(texts[i]) == nkey && memcmp(texts[i], key, nkey) == 0)
			return 1;
	return 0;
}

char *metadata_make(const char *filename, const char *relative, const char *const *texts, size_t n)
{
	struct text t = { calloc(1, 1), 0, 0 };

	t.failed = !t.p;
	if (filename && !given("filename", 8, texts, n))
		pair(&t, "filename", 8, filename);
	if (relative && !given("relativePath", 12, texts, n))
		pair(&t, "relativePath", 12, relative);
	for (size_t i = 0; i < n; i++)
		if (!given(texts[i], key_of(texts[i]), texts + i + 1, n - i - 1))
			pair(&t, texts[i], key_of(texts[i]), texts[i] + key_of(texts[i]) + 1);
	if (t.failed) {
		free(t.p);
		return NULL;
	}
	return t.p;
}
