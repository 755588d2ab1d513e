"""RFC 6455 and RFC 7692, family by family, on /ws/echo: each case says what is sent and what must come back."""
import json
import os
import struct
import zlib

from harness import Server, case
from ws_cases import handshake

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
MIB = 1 << 20
MODELS = (["--ws-inline"], ["--model", "threads"])


def masked(payload):
    """Mask and masked payload; whole numbers are xored, which is quick for long ones."""
    mask = os.urandom(4)
    n = len(payload)
    if n == 0:
        return mask
    key = (mask * (n // 4 + 1))[:n]
    return mask + (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(n, "big")


def frame(op, payload=b"", fin=True, rsv=0):
    n = len(payload)
    head = bytes([fin << 7 | rsv << 4 | op])
    if n < 126:
        head += bytes([128 | n])
    else:
        head += struct.pack("!BH", 254, n) if n < 1 << 16 else struct.pack("!BQ", 255, n)
    return head + masked(payload)


def close(code=None, reason=b""):
    return frame(CLOSE, b"" if code is None else struct.pack("!H", code) + reason)


class Peer:
    """A client that knows nothing but frames."""

    def __init__(self, server, extra=""):
        self.socket, self.stream, self.answer = handshake(server, extra)
        assert self.answer.status == 101
        self.socket.settimeout(100)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.socket.close()

    def send(self, octets, chop=None):
        if chop is None:
            self.socket.sendall(octets)
        else:
            for at in range(0, len(octets), chop):
                self.socket.sendall(octets[at:at + chop])

    def read(self):
        """First octet and payload of the next frame; None at the end."""
        try:
            head = self.stream.read(2)
        except ConnectionResetError:
            return None
        if len(head) < 2:
            return None
        n = head[1]
        assert n < 128, "a server does not mask"
        if n > 125:
            n = int.from_bytes(self.stream.read(2 if n == 126 else 8), "big")
        payload = self.stream.read(n)
        assert len(payload) == n
        return head[0], payload

    def gets(self, op, payload):
        got = self.read()
        assert got is not None and got[0] == 0x80 | op, (got and got[0], op)
        assert got[1] == payload, (len(got[1]), len(payload))

    def is_closed(self, code):
        """A Close with the code (None: without one), then the end."""
        got = self.read()
        assert got is not None and got[0] == 0x88, (code, got and (got[0], got[1][:50]))
        assert got[1][:2] == (b"" if code is None else struct.pack("!H", code)), (code, got[1])
        try:
            self.send(close(code if code else 1000))
        except OSError:
            pass
        assert self.read() is None

    def ends(self):
        """Still well: an echo, and a good close."""
        self.send(frame(TEXT, b"still there") + close(1000))
        self.gets(TEXT, b"still there")
        self.is_closed(1000)


def play(server, sent, *wanted, chops=(None, 1)):
    """Sends the octets whole and in pieces; wanted are (opcode, payload), or a number: the close code."""
    for chop in chops:
        with Peer(server) as peer:
            peer.send(sent, chop)
            for want in wanted:
                if isinstance(want, int):
                    peer.is_closed(want)
                else:
                    peer.gets(*want)
            if not isinstance(wanted[-1] if wanted else None, int):
                peer.ends()


@case
def framing_of_every_length():
    for options in MODELS:
        with Server(*options) as server:
            for n in (0, 1, 125, 126, 127, 128, 65535, 65536, 70000):
                for op, payload in ((TEXT, b"*" * n), (BINARY, b"\xfe" * n)):
                    play(server, frame(op, payload), (op, payload), chops=(None, 997))
                    if n < 200:
                        play(server, frame(op, payload), (op, payload), chops=(1,))


@case
def pings_and_pongs():
    for options in MODELS:
        with Server(*options) as server:
            for payload in (b"", b"hello", b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff", b"\xfe" * 125):
                play(server, frame(PING, payload), (PONG, payload))
            play(server, frame(PING, b"\xfe" * 126), 1002)
            play(server, frame(PONG) + frame(PONG, b"unsolicited") + frame(PING, b"p"), (PONG, b"p"))
            pings = [b"payload-%d" % i for i in range(10)]
            play(server, b"".join(frame(PING, p) for p in pings), *((PONG, p) for p in pings))


@case
def reserved_bits():
    with Server("--ws-inline") as server:
        for rsv in range(1, 8):
            for op in (TEXT, BINARY, PING, PONG, CLOSE):
                play(server, frame(TEXT, b"first") + frame(op, b"", rsv=rsv) + frame(PING), (TEXT, b"first"), 1002)
            play(server, frame(TEXT, b"a", fin=False) + frame(0, b"b", rsv=rsv), 1002)


@case
def reserved_opcodes():
    with Server("--ws-inline") as server:
        for op in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
            for payload in (b"", b"reserved"):
                play(server, frame(op, payload), 1002)
                play(server, frame(TEXT, b"first") + frame(op, payload) + frame(PING), (TEXT, b"first"), 1002)


@case
def lengths_that_are_not_in_their_shortest_form():
    with Server("--ws-inline") as server:
        for head in (b"\x82\xfe\x00\x7d", b"\x82\xff" + struct.pack("!Q", 65535), b"\x82\xff" + struct.pack("!Q", 1 << 63)):
            play(server, head + b"\0\0\0\0", 1002)


@case
def fragmentation():
    one, two = frame(TEXT, b"fragment1", fin=False), frame(0, b"fragment2")
    both = (TEXT, b"fragment1fragment2")
    for options in MODELS:
        with Server(*options) as server:
            play(server, frame(PING, b"x", fin=False) + frame(0, b"y"), 1002)
            play(server, frame(PONG, b"x", fin=False) + frame(0, b"y"), 1002)
            play(server, frame(CLOSE, b"", fin=False), 1002)
            play(server, one + two, both)
            play(server, one + frame(PING, b"ping") + two, (PONG, b"ping"), both)
            many = b"".join(frame(0 if i else TEXT, b"f%d" % i, fin=False) + frame(PING, b"%d" % i) for i in range(5))
            play(server, many + frame(0, b"end"), *((PONG, b"%d" % i) for i in range(5)), (TEXT, b"f0f1f2f3f4end"))
            for fin in (False, True):
                play(server, frame(0, b"of nothing", fin=fin), 1002)
                play(server, frame(TEXT, b"x") + frame(0, b"of nothing", fin=fin), (TEXT, b"x"), 1002)
                play(server, one + frame(TEXT, b"inside", fin=fin), 1002)
            play(server, frame(TEXT, b"", fin=False) + frame(0, b"", fin=False) + frame(0, b""), (TEXT, b""))
            play(server, frame(BINARY, b"", fin=False) + frame(0, b"x", fin=False) + frame(0, b""), (BINARY, b"x"))


GOOD = ("Hello-µ@ßöäüàá-UTF-8!!", "κόσμε", "\0", "\x7f\x80\u07ff\u0800\uffff\U00010000\U0010ffff", "\ud7ff\ue000\ufffd\ufffe",
        "\U0001fffe\U0010fffe", "𐀀𝄞🌍" * 20)
BAD = (b"\x80", b"\xbf", b"\x80\xbf" * 3, bytes(range(0x80, 0xc0)), b"\xc0 \xc1 ", b"\xe0 ", b"\xf0 ", b"\xf8 ", b"\xfc ",
       b"\xfe", b"\xff", b"\xfe\xfe\xff\xff", b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xf8\x80\x80\x80\xaf",
       b"\xc1\xbf", b"\xe0\x9f\xbf", b"\xf0\x8f\xbf\xbf", b"\xc0\x80", b"\xed\xa0\x80", b"\xed\xaf\xbf", b"\xed\xb0\x80",
       b"\xed\xbf\xbf", b"\xed\xa0\x80\xed\xb0\x80", b"\xf4\x90\x80\x80", b"\xf7\xbf\xbf\xbf", b"\xf8\x88\x80\x80\x80",
       b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80\x65\x64\x69\x74\x65\x64")
CUT = (b"\xc2", b"\xe0\xa0", b"\xf0\x90\x80", b"\xe1", b"\xf1\x80", b"\xef\xbf")


def fragments(payload, size, op=TEXT):
    pieces = [payload[at:at + size] for at in range(0, len(payload), size)] or [b""]
    return b"".join(frame(0 if i else op, p, fin=i == len(pieces) - 1) for i, p in enumerate(pieces))


@case
def text_must_be_utf_8():
    with Server("--ws-inline") as server:
        for text in GOOD:
            payload = text.encode()
            play(server, frame(TEXT, payload), (TEXT, payload))
            play(server, fragments(payload, 1), (TEXT, payload), chops=(None,))
            play(server, frame(TEXT, b"x" * 100 + payload), (TEXT, b"x" * 100 + payload), chops=(None, 31))
        for payload in BAD + CUT:
            play(server, frame(TEXT, payload), 1007)
            play(server, fragments(payload, 1), 1007, chops=(None,))
            play(server, frame(TEXT, b"x" * 61 + payload + b"y" * 61), 1007, chops=(None, 7))
            play(server, frame(BINARY, payload), (BINARY, payload), chops=(None,))


@case
def a_wrong_octet_is_told_before_the_frame_is_whole():
    with Server("--ws-inline") as server:
        for bad in BAD:
            whole = frame(TEXT, "κόσμε".encode() + bad + b" and so on" * 10)
            with Peer(server) as peer:
                peer.send(whole[:-90])
                peer.is_closed(1007)
        with Peer(server) as peer:
            peer.send(frame(TEXT, b"\xce\xba\xf4", fin=False) + frame(0, b"\x90", fin=False))
            peer.is_closed(1007)


@case
def the_close_handshake():
    with Server("--ws-inline") as server:
        for sent, code in ((close(), None), (close(1000), 1000), (close(1000, b"reason"), 1000), (close(1000, b"*" * 123), 1000),
                           (close(1000, "grüß".encode()), 1000)):
            for chop in (None, 1):
                with Peer(server) as peer:
                    peer.send(frame(TEXT, b"first") + sent + frame(TEXT, b"late") + frame(PING) + close(1001), chop)
                    peer.gets(TEXT, b"first")
                    got = peer.read()
                    assert got is not None and got[0] == 0x88
                    assert got[1][:2] == (b"" if code is None else struct.pack("!H", code))
                    assert peer.read() is None
        for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999):
            play(server, close(code), code)
        for code in (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535):
            play(server, close(code), 1002)
            play(server, close(code, b"with a reason"), 1002, chops=(None,))
        play(server, frame(CLOSE, b"x"), 1002)
        play(server, close(1000, b"*" * 124), 1002)
        for bad in BAD + CUT:
            play(server, close(1000, bad[:123]), 1007, chops=(None,))
        play(server, frame(TEXT, b"open", fin=False) + close(1000), 1000)


@case
def sixteen_mebibytes_and_65537_fragments():
    for options in MODELS:
        with Server(*options) as server:
            for n in (65536, 262144, MIB, 4 * MIB, 16 * MIB):
                for op, octet in ((TEXT, b"*"), (BINARY, b"\xfe")):
                    payload = octet * n
                    play(server, frame(op, payload), (op, payload), chops=(None,))
            for size in (64, 256, 1024, 65536, MIB):
                payload = b"*" * (4 * MIB if size > 256 else 4 * MIB // 16)
                play(server, fragments(payload, size), (TEXT, payload), chops=(None,))
            payload = os.urandom(65537)
            play(server, fragments(payload, 1, BINARY), (BINARY, payload), chops=(None,))
            payload = b"x" * MIB
            play(server, frame(TEXT, payload), (TEXT, payload), chops=(64, 4096))


@case
def more_than_the_limit_is_1009():
    with Server("--ws-inline") as server:
        with Peer(server) as peer:
            peer.send(b"\x82\xff" + struct.pack("!Q", 16 * MIB + 1) + b"\0\0\0\0")
            peer.is_closed(1009)
        with Peer(server) as peer:
            peer.send(frame(BINARY, bytes(16 * MIB), fin=False) + frame(0, b"x"))
            peer.is_closed(1009)


# ---- RFC 7692 -------------------------------------------------------------------------------------

PARAMETERS = [" ; ".join(["permessage-deflate"] + list(some)) for some in (
    (), ("server_no_context_takeover",), ("client_no_context_takeover",),
    ("server_no_context_takeover", "client_no_context_takeover"),
    *((f"server_max_window_bits={n}",) for n in range(8, 16)),
    *((f"client_max_window_bits={n}",) for n in range(8, 16)),
    ("client_max_window_bits",),
    ("client_max_window_bits", "server_max_window_bits=9"),
    ("server_no_context_takeover", "client_max_window_bits=9", "server_max_window_bits=\"10\""),
    ("client_no_context_takeover", "client_max_window_bits=8", "server_max_window_bits=8"),
)]


class Deflating(Peer):
    """A client that compresses as was agreed."""

    def __init__(self, server, offer):
        super().__init__(server, f"Sec-WebSocket-Extensions: {offer}\r\n")
        words = [word.strip() for word in (self.answer["sec-websocket-extensions"] or "").split(";")]
        assert words[0] == "permessage-deflate", words
        agreed = dict((word.split("=") + [None])[:2] for word in words[1:])
        assert len(agreed) == len(words) - 1, words
        for name, offered in ((word.split("=") + [""])[:2] for word in offer.replace(" ", "").split(";")[1:]):
            if name == "server_no_context_takeover" or (name == "server_max_window_bits"):
                assert name in agreed, (offer, words)
            if name in agreed and offered:
                assert int(agreed[name]) <= int(offered.strip('"')), (offer, words)
        assert "client_max_window_bits" not in agreed or "client_max_window_bits" in offer
        self.server_keeps = "server_no_context_takeover" not in agreed
        self.client_keeps = "client_no_context_takeover" not in agreed
        self.server_bits = int(agreed.get("server_max_window_bits", 15))
        # zlib has no raw window of 256 octets, but stays below 256 with one of 512
        self.client_bits = max(9, int(agreed.get("client_max_window_bits", 15)))
        self.deflater = self.inflater = None

    def compressed(self, payload):
        if self.deflater is None or not self.client_keeps:
            self.deflater = zlib.compressobj(6, zlib.DEFLATED, -self.client_bits)
        octets = self.deflater.compress(payload) + self.deflater.flush(zlib.Z_SYNC_FLUSH)
        return octets[:-4]

    def inflated(self, octets):
        """By few octets at a time, so that no window but the agreed one is there."""
        if self.inflater is None or not self.server_keeps:
            self.inflater = zlib.decompressobj(-self.server_bits)
        octets += b"\0\0\xff\xff"
        out = []
        if len(octets) > 100000:
            return self.inflater.decompress(octets)
        while octets:
            out.append(self.inflater.decompress(octets, 64))
            octets = self.inflater.unconsumed_tail
        return b"".join(out)

    def echoes(self, op, payload, size=None, plain=False):
        if plain:
            self.send(frame(op, payload))
        else:
            octets = self.compressed(payload)
            size = size or max(1, len(octets))
            pieces = [octets[at:at + size] for at in range(0, len(octets), size)] or [b""]
            self.send(b"".join(frame(0 if i else op, p, fin=i == len(pieces) - 1, rsv=0 if i else 4)
                               for i, p in enumerate(pieces)))
        got = self.read()
        assert got is not None and got[0] & 0xBF == 0x80 | op, (got and got[0], got and got[1][:20])
        back = self.inflated(got[1]) if got[0] & 0x40 else got[1]
        assert back == payload, (len(back), len(payload))
        return len(got[1])


def document(n, seed=0):
    text = ""
    while len(text) < n:
        seed += 1
        text += json.dumps({"id": seed, "name": f"item {seed * 7919 % 1000}", "ok": seed % 3 == 0, "of": [seed, seed + 1]})
    return text[:n].encode()


@case
def deflate_with_every_parameter():
    for options in (["--ws-inline", "--ws-deflate", "shared"], ["--ws-deflate=dedicated"],
                    ["--ws-inline", "--ws-deflate=dedicated"]):
        with Server(*options) as server:
            for offer in PARAMETERS:
                with Deflating(server, offer) as peer:
                    for i, n in enumerate((0, 16, 0, 0, 64, 256, 1024, 4096, 8192, 32768, 65536, 131072, 16, 300)):
                        peer.echoes(TEXT, document(n, i))
                        peer.echoes(BINARY, os.urandom(n), size=1 + n // 7)
                        peer.echoes(TEXT, document(n, i), plain=i % 3 == 0, size=100)
                    peer.ends()


@case
def references_to_earlier_messages_make_them_shorter():
    with Server("--ws-inline", "--ws-deflate=dedicated") as server, Deflating(server, "permessage-deflate") as peer:
        text = os.urandom(500)
        first = peer.echoes(BINARY, text)
        assert peer.echoes(BINARY, text) * 5 < first
    with Server("--ws-inline") as server, Deflating(server, "permessage-deflate") as peer:
        assert not peer.server_keeps and not peer.client_keeps
        assert peer.echoes(TEXT, document(1000)) < 500


@case
def offers_that_cannot_be_met_are_declined():
    with Server() as server:
        for offer in ("permessage-deflate; server_max_window_bits=7", "permessage-deflate; server_max_window_bits=16",
                      "permessage-deflate; server_max_window_bits", "permessage-deflate; client_max_window_bits=x",
                      "permessage-deflate; unknown", "permessage-deflate; client_no_context_takeover=1", "x-other; a=b",
                      "permessage-deflate; server_no_context_takeover; server_no_context_takeover"):
            with Peer(server, f"Sec-WebSocket-Extensions: {offer}\r\n") as peer:
                assert peer.answer["sec-websocket-extensions"] is None, offer
                peer.ends()
        with Deflating(server, "permessage-deflate; server_max_window_bits=8") as peer:
            peer.echoes(TEXT, document(5000))
    with Server("--ws-deflate", "off") as server:
        with Peer(server, "Sec-WebSocket-Extensions: permessage-deflate\r\n") as peer:
            assert peer.answer["sec-websocket-extensions"] is None
            peer.send(frame(TEXT, b"\0", rsv=4))
            peer.is_closed(1002)


@case
def a_malformed_offer_is_400():
    with Server() as server:
        for offer in ("permessage-deflate; ", "permessage-deflate; a=", "=", "permessage-deflate; a=\"", "a b"):
            s, stream, answer = handshake(server, f"Sec-WebSocket-Extensions: {offer}\r\n")
            with s, stream:
                assert answer.status == 400, offer


@case
def compressed_messages_keep_all_rules():
    with Server("--ws-inline") as server:
        def fails(octets, code):
            with Deflating(server, "permessage-deflate") as peer:
                peer.send(octets)
                peer.is_closed(code)
        z = zlib.compressobj(6, zlib.DEFLATED, -15)
        text = z.compress(b"hello \xff") + z.flush(zlib.Z_SYNC_FLUSH)[:-4]
        fails(frame(TEXT, text, rsv=4), 1007)
        fails(frame(TEXT, b"\xff\xff\xff", rsv=4), 1007)
        fails(frame(TEXT, b"\0", fin=False, rsv=4) + frame(0, b"\0", rsv=4), 1002)
        for op in (PING, PONG, CLOSE):
            fails(frame(op, b"", rsv=4), 1002)
        for rsv in (1, 2, 3, 5, 6, 7):
            fails(frame(TEXT, b"\0", rsv=rsv), 1002)
        for n, code in ((16 * MIB, None), (16 * MIB + 1, 1009), (1 << 30, 1009)):
            z = zlib.compressobj(9, zlib.DEFLATED, -15)
            bomb = b"".join(z.compress(bytes(min(MIB, n - at))) for at in range(0, n, MIB)) + z.flush(zlib.Z_SYNC_FLUSH)[:-4]
            if code:
                fails(frame(BINARY, bomb, rsv=4), code)
            else:
                with Deflating(server, "permessage-deflate") as peer:
                    peer.send(frame(BINARY, bomb, rsv=4))
                    got = peer.read()
                    assert got[0] == 0xC2 and peer.inflated(got[1]) == bytes(n)


@case
def pages_of_other_origins_are_refused():
    def status(server, origin):
        s, stream, answer = handshake(server, f"Origin: {origin}\r\n")
        s.close(), stream.close()
        return answer.status
    with Server("--ws-origin", "https://example.com") as server:
        assert status(server, "http://a") == 101           # the Host that is sent
        assert status(server, "https://example.com") == 101
        assert status(server, "https://evil.example.com") == 403
        assert status(server, "null") == 403
    with Server("--ws-origin", "*") as server:
        assert status(server, "https://evil.example.com") == 101
