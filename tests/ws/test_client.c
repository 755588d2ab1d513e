#include <config.h>
#include <errno.h>
#include "suite.h"
#include "head.h"

static const char key[25] = "dGhlIHNhbXBsZSBub25jZQ==";
static const char *const names[] = { "v2", "v1" };
static const struct mummy_ws_handshake_options two = { .subprotocols = names, .nsubprotocols = 2 };

START_TEST(the_request_is_a_whole_head)
{
	char buf[512], fresh[25], want[512];
	int n = mummy_ws_client_request(buf, sizeof buf, "localhost:8080", "/chat?a=b", &two, fresh);

	snprintf(want, sizeof want, "GET /chat?a=b HTTP/1.1\r\nHost: localhost:8080\r\nUpgrade: websocket\r\n"
		 "Connection: Upgrade\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n"
		 "Sec-WebSocket-Protocol: v2, v1\r\n\r\n", fresh);
	ck_assert_int_eq(n, (int)strlen(want));
	ck_assert_str_eq(buf, want);
}
END_TEST

START_TEST(every_size_too_small_is_refused_and_nothing_is_overwritten)
{
	char buf[512], fresh[25];
	int n = mummy_ws_client_request(buf, sizeof buf, "h", "/", &two, fresh);

	for (size_t size = 0; size <= (size_t)n; size++) {
		memset(buf, '#', sizeof buf);
		ck_assert_int_eq(mummy_ws_client_request(buf, size, "h", "/", &two, fresh), -ENOSPC);
		for (size_t i = size; i < sizeof buf; i++)
			ck_assert_int_eq(buf[i], '#');
	}
	ck_assert_int_eq(mummy_ws_client_request(buf, (size_t)n + 1, "h", "/", &two, fresh), n);
}
END_TEST

START_TEST(nothing_that_breaks_the_head_gets_in)
{
	static const char *const bad_name[] = { "a\r\nX: y" };
	struct mummy_ws_handshake_options opt = { .subprotocols = bad_name, .nsubprotocols = 1 };
	char buf[512], fresh[25];

	ck_assert_int_eq(mummy_ws_client_request(buf, sizeof buf, "h\r\nX: y", "/", NULL, fresh), -EINVAL);
	ck_assert_int_eq(mummy_ws_client_request(buf, sizeof buf, "h", "/a b", NULL, fresh), -EINVAL);
	ck_assert_int_eq(mummy_ws_client_request(buf, sizeof buf, "h", "", NULL, fresh), -EINVAL);
	ck_assert_int_eq(mummy_ws_client_request(buf, sizeof buf, "h", "/", &opt, fresh), -EINVAL);
}
END_TEST

#define UPGRADE { "Upgrade", "WebSocket" }, { "Connection", "upgrade" }
#define ACCEPT { "Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" }

static int check(int status, struct head h, struct mummy_ws_handshake_reply *r)
{
	struct mummy_ws_handshake_request res = head_request(&h);

	return mummy_ws_client_check(status, &res, &two, key, r);
}

START_TEST(a_good_response_is_taken)
{
	struct mummy_ws_handshake_reply r;

	ck_assert_int_eq(check(101, (struct head){ { UPGRADE, ACCEPT } }, &r), 0);
	ck_assert_ptr_null(r.subprotocol);
	ck_assert_int_eq(check(101, (struct head){ { UPGRADE, ACCEPT,
			       { "Sec-WebSocket-Protocol", "v1" } } }, &r), 0);
	ck_assert_ptr_eq(r.subprotocol, names[1]);
}
END_TEST

START_TEST(other_responses_are_refused)
{
	static const struct head bad[] = {
		{ { { "Connection", "upgrade" }, ACCEPT } }, { { { "Upgrade", "websocket" }, ACCEPT } },
		{ { UPGRADE } }, { { UPGRADE, ACCEPT, ACCEPT } },
		{ { UPGRADE, { "Sec-WebSocket-Accept", "S3pPLMBiTxaQ9kYGzzhZRbK+xOo=" } } },
		{ { UPGRADE, ACCEPT, { "Sec-WebSocket-Extensions", "permessage-deflate" } } },
		{ { UPGRADE, ACCEPT, { "Sec-WebSocket-Protocol", "v3" } } },
		{ { UPGRADE, ACCEPT, { "Sec-WebSocket-Protocol", "v1, v2" } } },
	};
	struct mummy_ws_handshake_reply r;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_int_eq(check(101, bad[i], &r), -EPROTO);
	ck_assert_int_eq(check(200, (struct head){ { UPGRADE, ACCEPT } }, &r), -EPROTO);
}
END_TEST

SUITE_MAIN("ws/client", the_request_is_a_whole_head, every_size_too_small_is_refused_and_nothing_is_overwritten,
	   nothing_that_breaks_the_head_gets_in, a_good_response_is_taken, other_responses_are_refused)
