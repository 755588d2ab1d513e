#include <config.h>
#include <errno.h>
#include "suite.h"
#include "head.h"

#define UPGRADE { "Upgrade", "websocket" }, { "Connection", "keep-alive, Upgrade" }
#define KEY { "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==" }
#define THIRTEEN { "Sec-WebSocket-Version", "13" }
#define HOST { "Host", "server.example.com" }

static const char *value(const struct mummy_ws_handshake_reply *r, const char *name)
{
	for (size_t i = 0; i < r->nheaders; i++)
		if (strcmp(r->headers[i].name, name) == 0)
			return r->headers[i].value;
	return NULL;
}

static int status_of(struct head h, const struct mummy_ws_handshake_options *opt,
		     struct mummy_ws_handshake_reply *out)
{
	struct mummy_ws_handshake_request req = head_request(&h);

	ck_assert_int_eq(mummy_ws_handshake(&req, opt, out), 0);
	return out->status;
}

/* One line of text, of that type, in which part is. */
static void says(const struct mummy_ws_handshake_reply *r, const char *part)
{
	ck_assert_ptr_nonnull(r->reason);
	ck_assert_ptr_nonnull(strstr(r->reason, part));
	ck_assert_ptr_eq(strchr(r->reason, '\n'), r->reason + strlen(r->reason) - 1);
	ck_assert_str_eq(value(r, "Content-Type"), "text/plain; charset=utf-8");
}

START_TEST(a_good_request_is_answered_101)
{
	struct mummy_ws_handshake_reply r;

	ck_assert_int_eq(status_of((struct head){ { HOST, UPGRADE, KEY, THIRTEEN } }, NULL, &r), 101);
	ck_assert_uint_eq(r.nheaders, 3);
	ck_assert_str_eq(value(&r, "Upgrade"), "websocket");
	ck_assert_str_eq(value(&r, "Connection"), "Upgrade");
	ck_assert_str_eq(value(&r, "Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	ck_assert_ptr_null(r.subprotocol);
	ck_assert_ptr_null(r.reason);
}
END_TEST

START_TEST(what_is_missing_doubled_or_malformed_is_400)
{
	static const struct {
		const char *field;           /* that the reason names */
		struct head head;
	} bad[] = {
		{ "Host", { { UPGRADE, KEY, THIRTEEN } } },
		{ "Host", { { HOST, HOST, UPGRADE, KEY, THIRTEEN } } },
		{ "Upgrade", { { HOST, KEY, THIRTEEN } } },
		{ "Connection", { { HOST, { "Upgrade", "websocket" }, KEY, THIRTEEN } } },
		{ "Upgrade", { { HOST, { "Upgrade", "h2c" }, { "Connection", "Upgrade" }, KEY, THIRTEEN } } },
		{ "Connection",
		  { { HOST, { "Upgrade", "websocket" }, { "Connection", "close" }, KEY, THIRTEEN } } },
		{ "Sec-WebSocket-Key", { { HOST, UPGRADE, THIRTEEN } } },
		{ "Sec-WebSocket-Key", { { HOST, UPGRADE, KEY, KEY, THIRTEEN } } },
		{ "Sec-WebSocket-Key", { { HOST, UPGRADE, { "Sec-WebSocket-Key", "short" }, THIRTEEN } } },
		{ "Sec-WebSocket-Version", { { HOST, UPGRADE, KEY } } },
		{ "Sec-WebSocket-Version", { { HOST, UPGRADE, KEY, THIRTEEN, THIRTEEN } } },
		{ "Origin", { { HOST, UPGRADE, KEY, THIRTEEN, { "Origin", "a" }, { "Origin", "b" } } } },
		{ "Sec-WebSocket-Protocol",
		  { { HOST, UPGRADE, KEY, THIRTEEN, { "Sec-WebSocket-Protocol", "a, b c" } } } },
	};
	struct mummy_ws_handshake_reply r;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_assert_int_eq(status_of(bad[i].head, NULL, &r), 400);
		says(&r, bad[i].field);
	}
}
END_TEST

START_TEST(another_version_is_426_and_told_ours)
{
	static const char *const other[] = { "8", "14", "13, 8", "013", "" };
	struct mummy_ws_handshake_reply r;

	for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
		struct head h = { { HOST, UPGRADE, KEY, { "Sec-WebSocket-Version", other[i] } } };

		ck_assert_int_eq(status_of(h, NULL, &r), 426);
		ck_assert_str_eq(value(&r, "Sec-WebSocket-Version"), "13");
		ck_assert_str_eq(value(&r, "Upgrade"), "websocket");
		says(&r, "version 13");
	}
}
END_TEST

START_TEST(methods_and_old_http_are_refused)
{
	struct head h = { { HOST, UPGRADE, KEY, THIRTEEN } };
	struct mummy_ws_handshake_request req = head_request(&h);
	struct mummy_ws_handshake_reply r;

	req.method = "POST";
	ck_assert_int_eq(mummy_ws_handshake(&req, NULL, &r), 0);
	ck_assert_int_eq(r.status, 405);
	ck_assert_str_eq(value(&r, "Allow"), "GET");
	says(&r, "GET");
	/* where GET is served HEAD is too: it gets what GET gets without a handshake (RFC 9110 section
	 * 9.3.2) */
	req.method = "HEAD";
	ck_assert_int_eq(mummy_ws_handshake(&req, NULL, &r), 0);
	ck_assert_int_eq(r.status, 400);
	ck_assert_uint_eq(r.nheaders, 1);
	says(&r, "HEAD");
	req.method = "GET";
	req.minor_version = 0;
	ck_assert_int_eq(mummy_ws_handshake(&req, NULL, &r), 0);
	ck_assert_int_eq(r.status, 400);
	says(&r, "HTTP/1.1");
}
END_TEST

static int only_example(void *ctx, const char *origin, size_t n)
{
	++*(int *)ctx;
	return origin && n == 15 && memcmp(origin, "http://example.", 15) == 0 ? 0 : -EACCES;
}

START_TEST(the_origin_function_decides)
{
	int calls = 0;
	struct mummy_ws_handshake_options opt = { .origin = only_example, .ctx = &calls };
	struct mummy_ws_handshake_reply r;

	ck_assert_int_eq(status_of((struct head){ { HOST, UPGRADE, KEY, THIRTEEN } }, &opt, &r), 403);
	says(&r, "no Origin");
	ck_assert_int_eq(status_of((struct head){ { HOST, UPGRADE, KEY, THIRTEEN, { "Origin", "null" } } },
				   &opt, &r), 403);
	says(&r, "origin");
	ck_assert_int_eq(status_of((struct head){ { HOST, UPGRADE, KEY, THIRTEEN,
				   { "Origin", "http://example." } } }, &opt, &r), 101);
	ck_assert_int_eq(calls, 3);
}
END_TEST

static int status_from(const char *origin, const struct mummy_ws_handshake_options *opt)
{
	struct mummy_ws_handshake_reply r;

	if (!origin)
		return status_of((struct head){ { HOST, UPGRADE, KEY, THIRTEEN } }, opt, &r);
	return status_of((struct head){ { HOST, UPGRADE, KEY, THIRTEEN, { "Origin", origin } } }, opt, &r);
}

START_TEST(pages_of_the_same_host_and_no_others)
{
	int calls = 0;
	struct mummy_ws_handshake_options opt = { .same_origin = 1 };

	ck_assert_int_eq(status_from(NULL, &opt), 101);
	ck_assert_int_eq(status_from("http://server.example.com", &opt), 101);
	ck_assert_int_eq(status_from("https://server.example.com", &opt), 101);
	ck_assert_int_eq(status_from("null", &opt), 403);
	ck_assert_int_eq(status_from("http://server.example.com:81", &opt), 403);
	ck_assert_int_eq(status_from("http://example.", &opt), 403);
	opt.origin = only_example;
	opt.ctx = &calls;
	ck_assert_int_eq(status_from("http://example.", &opt), 101);
	ck_assert_int_eq(status_from("http://another", &opt), 403);
	ck_assert_int_eq(calls, 2);
	ck_assert_int_eq(status_from(NULL, &opt), 101);
	ck_assert_int_eq(calls, 2);
}
END_TEST

START_TEST(compression_is_agreed_to)
{
	struct mummy_ws_handshake_options opt = { .deflate = MUMMY_WS_DEFLATE };
	struct mummy_ws_handshake_reply r;

	ck_assert_int_eq(status_of((struct head){ { HOST, UPGRADE, KEY, THIRTEEN,
				   { "Sec-WebSocket-Extensions", "foo, permessage-deflate; client_max_window_bits" } } },
				   &opt, &r), 101);
	ck_assert_str_eq(value(&r, "Sec-WebSocket-Extensions"),
			 "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
	ck_assert_str_eq(value(&r, "Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	ck_assert_uint_eq(r.deflate, 1);
	ck_assert_int_eq(status_of((struct head){ { HOST, UPGRADE, KEY, THIRTEEN,
				   { "Sec-WebSocket-Extensions", "permessage-deflate; server_max_window_bits=16" } } },
				   &opt, &r), 101);
	ck_assert_ptr_null(value(&r, "Sec-WebSocket-Extensions"));
	ck_assert_uint_eq(r.deflate, 0);
	ck_assert_int_eq(status_of((struct head){ { HOST, UPGRADE, KEY, THIRTEEN,
				   { "Sec-WebSocket-Extensions", "permessage-deflate; =" } } }, &opt, &r), 400);
	says(&r, "Sec-WebSocket-Extensions");
}
END_TEST

START_TEST(the_server_s_preference_picks_the_subprotocol)
{
	static const char *const names[] = { "v2", "v1" };
	struct mummy_ws_handshake_options opt = { .subprotocols = names, .nsubprotocols = 2 };
	struct mummy_ws_handshake_reply r;

	ck_assert_int_eq(status_of((struct head){ { HOST, UPGRADE, KEY, THIRTEEN,
				   { "Sec-WebSocket-Protocol", "v1, other" },
				   { "Sec-WebSocket-Protocol", "v2" } } }, &opt, &r), 101);
	ck_assert_ptr_eq(r.subprotocol, names[0]);
	ck_assert_str_eq(value(&r, "Sec-WebSocket-Protocol"), "v2");
	ck_assert_int_eq(status_of((struct head){ { HOST, UPGRADE, KEY, THIRTEEN,
				   { "Sec-WebSocket-Protocol", "V1" } } }, &opt, &r), 101);
	ck_assert_ptr_null(r.subprotocol);
	ck_assert_ptr_null(value(&r, "Sec-WebSocket-Protocol"));
}
END_TEST

START_TEST(reserved_tails_must_be_zero)
{
	struct head h = { { HOST, UPGRADE, KEY, THIRTEEN } };
	struct mummy_ws_handshake_request req = head_request(&h);
	struct mummy_ws_handshake_options opt = { .reserved = { 1 } };
	struct mummy_ws_handshake_reply r;

	ck_assert_int_eq(mummy_ws_handshake(&req, &opt, &r), -EINVAL);
	req.reserved[1] = 1;
	ck_assert_int_eq(mummy_ws_handshake(&req, NULL, &r), -EINVAL);
}
END_TEST

SUITE_MAIN("ws/handshake", a_good_request_is_answered_101, what_is_missing_doubled_or_malformed_is_400,
	   another_version_is_426_and_told_ours, methods_and_old_http_are_refused, the_origin_function_decides,
	   pages_of_the_same_host_and_no_others, compression_is_agreed_to, the_server_s_preference_picks_the_subprotocol, reserved_tails_must_be_zero)
