#include <config.h>
#include <errno.h>
#include <stdio.h>
#include "suite.h"
#include "head.h"
#include "extension.h"

#define NAME "Sec-WebSocket-Extensions"
enum { ON = MUMMY_WS_DEFLATE, OUT = MUMMY_WS_DEFLATE_DEDICATED_OUT, IN = MUMMY_WS_DEFLATE_DEDICATED_IN };

static const char *answer(const char *offer, unsigned flags, unsigned server, unsigned client,
			  struct mummy_ws_handshake_reply *r)
{
	static char text[MWS_DEFLATE_TEXT];
	struct mummy_ws_handshake_options opt = { .deflate = flags, .server_bits = server, .client_bits = client };
	struct head h = { { { NAME, offer } } };
	struct mummy_ws_handshake_request req = head_request(&h);
	int rc;

	memset(r, 0, sizeof *r);
	strcpy(text, "none");
	rc = mws_deflate_answer(&req, &opt, r, text);
	ck_assert_int_eq(rc == 1, r->deflate);
	return rc < 0 ? "malformed" : text;
}

START_TEST(offers_and_answers)
{
#define PMD "permessage-deflate"
#define SNO "; server_no_context_takeover"
#define CNO "; client_no_context_takeover"
	static const struct {
		const char *offer;
		unsigned flags, server, client;
		const char *answer;
		unsigned sb, cb, sno, cno;
	} t[] = {
		{ PMD, 0, 0, 0, "none", 0, 0, 0, 0 },
		{ "x-webkit-deflate-frame", ON, 0, 0, "none", 0, 0, 0, 0 },
		{ PMD, ON, 0, 0, PMD SNO CNO, 15, 15, 1, 1 },
		{ PMD, OUT, 0, 0, PMD CNO, 15, 15, 0, 1 },
		{ PMD, IN, 0, 0, PMD SNO, 15, 15, 1, 0 },
		{ PMD, OUT | IN, 0, 0, PMD, 15, 15, 0, 0 },
		{ "PerMessage-Deflate", OUT | IN, 0, 0, PMD, 15, 15, 0, 0 },
		{ PMD SNO, OUT | IN, 0, 0, PMD SNO, 15, 15, 1, 0 },
		{ PMD CNO, OUT | IN, 0, 0, PMD CNO, 15, 15, 0, 1 },
		{ PMD "; server_max_window_bits=8", OUT | IN, 0, 0, PMD "; server_max_window_bits=8", 8, 15, 0, 0 },
		{ PMD "; server_max_window_bits=15", OUT | IN, 0, 0, PMD "; server_max_window_bits=15", 15, 15, 0, 0 },
		{ PMD "; server_max_window_bits=\"12\"", OUT | IN, 10, 0, PMD "; server_max_window_bits=10", 10, 15, 0, 0 },
		{ PMD "; server_max_window_bits=9", OUT | IN, 10, 0, PMD "; server_max_window_bits=9", 9, 15, 0, 0 },
		{ PMD, OUT | IN, 11, 0, PMD "; server_max_window_bits=11", 11, 15, 0, 0 },
		{ PMD "; client_max_window_bits", OUT | IN, 0, 0, PMD, 15, 15, 0, 0 },
		{ PMD "; client_max_window_bits", OUT | IN, 0, 9, PMD "; client_max_window_bits=9", 15, 9, 0, 0 },
		{ PMD "; client_max_window_bits=12", OUT | IN, 0, 13, PMD "; client_max_window_bits=12", 15, 12, 0, 0 },
		{ PMD "; client_max_window_bits=12", OUT | IN, 0, 8, PMD "; client_max_window_bits=8", 15, 8, 0, 0 },
		/* It can't be told a window, so it must not keep it. */
		{ PMD, OUT | IN, 0, 9, PMD CNO, 15, 15, 0, 1 },
		/* The first offer that can be met. */
		{ PMD "; unknown, " PMD "; server_max_window_bits=7, foo; bar=\"x\", " PMD SNO ", " PMD, OUT | IN, 0, 0,
		  PMD SNO, 15, 15, 1, 0 },
		{ PMD "; server_max_window_bits", ON, 0, 0, "none", 0, 0, 0, 0 },
		{ PMD "; server_max_window_bits=16", ON, 0, 0, "none", 0, 0, 0, 0 },
		{ PMD "; server_max_window_bits=08", ON, 0, 0, "none", 0, 0, 0, 0 },
		{ PMD "; server_max_window_bits=1", ON, 0, 0, "none", 0, 0, 0, 0 },
		{ PMD "; client_max_window_bits=7", ON, 0, 0, "none", 0, 0, 0, 0 },
		{ PMD "; client_max_window_bits=\"x\"", ON, 0, 0, "none", 0, 0, 0, 0 },
		{ PMD "; client_max_window_bits; client_max_window_bits", ON, 0, 0, "none", 0, 0, 0, 0 },
		{ PMD SNO "=1", ON, 0, 0, "none", 0, 0, 0, 0 },
		{ PMD CNO CNO, ON, 0, 0, "none", 0, 0, 0, 0 },
		{ PMD "; server_max_window_bits=", ON, 0, 0, "malformed", 0, 0, 0, 0 },
		{ PMD "; ", 0, 0, 0, "malformed", 0, 0, 0, 0 },
	};
	struct mummy_ws_handshake_reply r;

	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		ck_assert_str_eq(answer(t[i].offer, t[i].flags, t[i].server, t[i].client, &r), t[i].answer);
		ck_assert_uint_eq(r.server_bits, t[i].sb);
		ck_assert_uint_eq(r.client_bits, t[i].cb);
		ck_assert_uint_eq(r.server_no_takeover, t[i].sno);
		ck_assert_uint_eq(r.client_no_takeover, t[i].cno);
	}
}
END_TEST

static int check(const char *said, unsigned flags, unsigned server, unsigned client,
		 struct mummy_ws_handshake_reply *r)
{
	struct mummy_ws_handshake_options opt = { .deflate = flags, .server_bits = server, .client_bits = client };
	struct head h = { { { NAME, said } } };
	struct mummy_ws_handshake_request res = head_request(&h);

	memset(r, 0, sizeof *r);
	return mws_deflate_check(&res, &opt, r);
}

START_TEST(a_client_takes_only_what_it_offered)
{
	struct mummy_ws_handshake_reply r;

	ck_assert_int_eq(check("", ON, 0, 0, &r), 0);
	ck_assert_uint_eq(r.deflate, 0);
	ck_assert_int_eq(check(PMD, 0, 0, 0, &r), -EPROTO);
	ck_assert_int_eq(check(PMD, ON, 0, 0, &r), -EPROTO);
	ck_assert_int_eq(check("other", ON, 0, 0, &r), -EPROTO);
	ck_assert_int_eq(check(PMD SNO ", other", ON, 0, 0, &r), -EPROTO);
	ck_assert_int_eq(check(PMD SNO ", " PMD SNO, ON, 0, 0, &r), -EPROTO);
	ck_assert_int_eq(check(PMD SNO "; other", ON, 0, 0, &r), -EPROTO);
	ck_assert_int_eq(check(PMD SNO "; client_max_window_bits", ON, 0, 0, &r), -EPROTO);
	ck_assert_int_eq(check(PMD SNO "; client_max_window_bits=12", ON, 0, 11, &r), -EPROTO);
	ck_assert_int_eq(check(PMD SNO, ON, 10, 0, &r), -EPROTO);
	ck_assert_int_eq(check(PMD SNO "; server_max_window_bits=11", ON, 10, 0, &r), -EPROTO);
	ck_assert_int_eq(check(PMD SNO, ON, 0, 0, &r), 0);
	ck_assert(r.deflate && r.server_no_takeover && r.client_no_takeover && r.server_bits == 15 && r.client_bits == 15);
	ck_assert_int_eq(check(PMD SNO "; server_max_window_bits=9; client_max_window_bits=10", ON | OUT, 10, 11, &r), 0);
	ck_assert(r.server_no_takeover && !r.client_no_takeover && r.server_bits == 9 && r.client_bits == 10);
	ck_assert_int_eq(check(PMD CNO, ON | OUT | IN, 0, 11, &r), 0);
	ck_assert(!r.server_no_takeover && r.client_no_takeover && r.server_bits == 15 && r.client_bits == 11);
}
END_TEST

/* All that both sides may be set to: what the server answers the client takes, and they mean the same. */
START_TEST(every_pair_of_options_agrees)
{
	for (unsigned i = 0; i < 8 * 8 * 9 * 9 * 9 * 9; i++) {
		unsigned n = i, flags = n % 8, theirs = (n /= 8) % 8, s = (n /= 8) % 9, c = (n /= 9) % 9,
			 their_s = (n /= 9) % 9, their_c = (n / 9) % 9;
		struct mummy_ws_handshake_options opt = { .deflate = theirs, .server_bits = their_s ? their_s + 7 : 0,
							  .client_bits = their_c ? their_c + 7 : 0 };
		struct mummy_ws_handshake_reply r, back;
		char offer[MWS_DEFLATE_TEXT];
		const char *said;

		if (!flags || !theirs)
			continue;
		mws_deflate_offer(&opt, offer);
		said = answer(offer, flags, s ? s + 7 : 0, c ? c + 7 : 0, &r);
		if (!r.deflate || check(said, opt.deflate, opt.server_bits, opt.client_bits, &back) != 0
		    || back.server_bits != r.server_bits || back.client_bits > r.client_bits
		    || (r.server_no_takeover && !back.server_no_takeover)
		    || (r.client_no_takeover && !back.client_no_takeover))
			ck_abort_msg("%s -> %s", offer, said);
	}
	ck_assert(1);
}
END_TEST

START_TEST(options_out_of_range)
{
	ck_assert(mws_deflate_options_ok(&(struct mummy_ws_handshake_options){ .deflate = 7, .server_bits = 8 }));
	ck_assert(!mws_deflate_options_ok(&(struct mummy_ws_handshake_options){ .deflate = 8 }));
	ck_assert(!mws_deflate_options_ok(&(struct mummy_ws_handshake_options){ .server_bits = 7 }));
	ck_assert(!mws_deflate_options_ok(&(struct mummy_ws_handshake_options){ .client_bits = 16 }));
}
END_TEST

SUITE_MAIN("ws/negotiate", offers_and_answers, a_client_takes_only_what_it_offered, every_pair_of_options_agrees,
	   options_out_of_range)
