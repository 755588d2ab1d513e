#include <config.h>
#include <string.h>
#include "suite.h"
#include "private.h"

START_TEST(what_is_written_is_read)
{
	static const struct { uint64_t max; unsigned expire; const char *peer, *name, *digest; uint64_t rate; } v[] = {
		{ 0, 0, NULL, "", "", 0 }, { 5, 60, "192.0.2.1", "", "", 7 },
		{ UINT64_MAX, 4294967295u, "2001:db8::1", "a b.txt", "", UINT64_MAX }, { 1, 2, "", "x", "", 1 },
		{ 1, 2, "a b\nc", "-1", "", 0 }, { 1, 2, "", "a b", "sha256:AA==", 9 }, { 1, 2, "p", "", "sha512:A+/=", 0 },
	};
	struct mup_private p, q;
	char text[MUP_PRIVATE_SIZE];

	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		memset(&p, 0, sizeof p);
		p.max_bytes = v[i].max;
		p.expire_s = v[i].expire;
		p.rate = v[i].rate;
		p.flags = MUP_DRAFT | (v[i].rate ? MUP_RATED : 0);
		mup_private_client(&p, v[i].peer);
		mup_name_safe(v[i].name, strlen(v[i].name), p.name);
		snprintf(p.digest, sizeof p.digest, "%s", v[i].digest);
		mup_private_write(&p, text);
		ck_assert_ptr_null(strchr(text, '\n'));
		mup_private_read(&q, text);
		ck_assert_mem_eq(&p.max_bytes, &q.max_bytes, sizeof p.max_bytes);
		ck_assert_uint_eq(p.expire_s, q.expire_s);
		ck_assert_uint_eq(p.rate, q.rate);
		ck_assert_uint_eq(p.flags, q.flags);
		ck_assert_str_eq(p.client, q.client);
		ck_assert_str_eq(p.name, q.name);
		ck_assert_str_eq(p.digest, q.digest);
	}
}
END_TEST

START_TEST(nonsense_is_as_nothing)
{
	struct mup_private p;
	char text[400];

	mup_private_read(&p, NULL);
	ck_assert_uint_eq(p.expire_s, 0);
	mup_private_read(&p, "x y z");
	ck_assert_str_eq(p.name, "");
	memset(text, 'x', sizeof text - 1);
	memcpy(text, "1 2 3 =c -", 10);
	text[sizeof text - 1] = '\0';
	mup_private_read(&p, text);
	ck_assert_str_eq(p.digest, "");
	ck_assert_str_eq(p.client, "c");
}
END_TEST

SUITE_MAIN("upload/private", what_is_written_is_read, nonsense_is_as_nothing)
