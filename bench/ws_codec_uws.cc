/*
 * ws_codec_uws - uWebSockets' frame parser, for ws_codec: a whole message is checked, if it is text, and given,
 * as its WebSocketContext does; nothing of its connections is there.
 */
#include <cstddef>
#include <string_view>
#include <libusockets.h>
#include <WebSocketProtocol.h>

extern "C" void ws_codec_uws(char *p, unsigned n, void (*message)(int op, const void *p, size_t n), void (*bad)());

static void (*give)(int op, const void *p, size_t n);
static void (*fail)();

struct whole {
	static bool refusePayloadLength(uint64_t n, uWS::WebSocketState<true> *, void *) { return n > 16u << 20; }
	static bool setCompressed(uWS::WebSocketState<true> *, void *) { return false; }
	static void forceClose(uWS::WebSocketState<true> *, void *, std::string_view = {}) { fail(); }
	static bool handleFragment(char *p, size_t n, unsigned left, int op, bool fin, uWS::WebSocketState<true> *, void *)
	{
		if (left || !fin || op > 2 || (op == uWS::TEXT && !uWS::protocol::isValidUtf8((unsigned char *)p, n)))
			fail();
		give(op, p, n);
		return false;
	}
};

/* p may be written to from 13 octets before it to 8 behind its end. */
void ws_codec_uws(char *p, unsigned n, void (*message)(int op, const void *p, size_t n), void (*bad)())
{
	static uWS::WebSocketState<true> state;

	give = message;
	fail = bad;
	uWS::WebSocketProtocol<true, whole>::consume(p, n, &state, nullptr);
}
