"""WebSocket with clients that are not ours, python3-websockets, Autobahn and ws for Node, and by hand."""
import asyncio
import base64
import hashlib
import itertools
import json
import os
import random
import struct
import subprocess
import sys

import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from harness import CASE_LIMIT_S, Server, case, node
from wire import read_answer

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
LIMITS = {"max_size": 1 << 25, "open_timeout": 60, "close_timeout": 60, "ping_interval": None,
          "max_queue": None}                # what is left unread must not keep the answer to a close from us


def models():
    """Where the echo is answered: on the loop, on threads, on tasks, on fibers."""
    return (["--ws-inline"], ["--model", "threads"], ["--model", "tasks", "--loops", "2"],
            ["--model", "fibers"])


async def echo_back(ws, message, sent=None):
    await ws.send(message if sent is None else sent)
    back = await asyncio.wait_for(ws.recv(), 60)
    assert back == message, (len(message), type(back), len(back))


async def exercise(url):
    async with websockets.connect(url, **LIMITS) as ws:
        noise = random.Random(1)
        await echo_back(ws, "Grüße, 世界 🌍")
        for n in (0, 1, 125, 126, 127, 65535, 65536, 200000, 1 << 20):
            await echo_back(ws, noise.randbytes(n))
            await echo_back(ws, "é" * (n // 2))
        parts = [noise.randbytes(n) for n in (0, 1, 70000, 3, 0, 130000)]
        await echo_back(ws, b"".join(parts), sent=parts)
        await echo_back(ws, "one two three", sent=["one ", "two ", "three"])
        await asyncio.wait_for(await ws.ping(b"are you there"), 60)
        for n in range(200):
            await ws.send(str(n))
        assert [await ws.recv() for n in range(200)] == [str(n) for n in range(200)]


@case
def python_websockets_echoes_text_binary_fragments_and_a_mebibyte():
    for options in models():
        with Server(*options) as server:
            asyncio.run(exercise(server.url("/ws/echo", "ws")))


@case
def python_websockets_closes_with_a_code():
    async def close(url):
        for code in (1000, 1001, 3000, 4999):
            async with websockets.connect(url, **LIMITS) as ws:
                await echo_back(ws, "x")
                await ws.close(code, "done")
                assert ws.close_code == code, (code, ws.close_code)
    with Server() as server:
        asyncio.run(close(server.url("/ws/echo", "ws")))


@case
def node_ws_echoes_text_binary_fragments_and_closes_with_a_code():
    for options in models():
        with Server(*options) as server:
            assert node("ws.js", "echo", server.url("/ws/echo", "ws")).endswith("done\n")


async def deflated(url, **parameters):
    offer = ClientPerMessageDeflateFactory(**parameters)
    async with websockets.connect(url, extensions=[offer], compression=None, **LIMITS) as ws:
        assert [e.name for e in ws.extensions] == ["permessage-deflate"], (parameters, ws.extensions)
        noise = random.Random(1)
        for n in (0, 1, 0, 0, 100, 5000, 70000, 300000):
            await echo_back(ws, "Grüße, 世界 🌍" * (n // 10))
            await echo_back(ws, noise.randbytes(n))
        await echo_back(ws, "one two three", sent=["one ", "two ", "three"])


@case
def python_websockets_compresses_with_every_parameter():
    for how in ("shared", "dedicated"):
        with Server("--ws-inline", "--ws-deflate", how) as server:
            for server_no, client_no, server_bits, client_bits in itertools.product(
                    (False, True), (False, True), (None, 9, 12, 15), (True, None, 9, 15)):
                asyncio.run(deflated(server.url("/ws/echo", "ws"), server_no_context_takeover=server_no,
                                     client_no_context_takeover=client_no, server_max_window_bits=server_bits,
                                     client_max_window_bits=client_bits))


@case
def node_ws_compresses_with_every_parameter():
    for how in ("shared", "dedicated"):
        with Server("--ws-deflate", how) as server:
            assert node("ws.js", "deflate", server.url("/ws/echo", "ws")).endswith("done\n")


@case
def autobahn_echoes_with_and_without_compression():
    for how in ("shared", "dedicated"):
        with Server("--ws-deflate", how) as server:
            script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "autobahn_client.py")
            done = subprocess.run([sys.executable, script, server.url("/ws/echo", "ws")], timeout=CASE_LIMIT_S,
                                  check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
            assert done.stdout.endswith("done\n")


async def chatter(url, n, messages):
    """n clients; each says something, and each must see what everybody said, in one order."""
    everybody = asyncio.Event()
    arrived = 0

    async def member(me):
        nonlocal arrived
        async with websockets.connect(f"{url}?name=client-{me}", **LIMITS) as ws:
            assert json.loads(await ws.recv())["type"] == "welcome"
            arrived += 1
            if arrived == n:
                everybody.set()
            await everybody.wait()
            for k in range(messages):
                await ws.send(f"{me}:{k}")
            seen = []
            while len(seen) < n * messages:
                said = json.loads(await asyncio.wait_for(ws.recv(), 60))
                if said["type"] == "message":
                    assert said["name"] == f"client-{said['text'].split(':')[0]}", said
                    seen.append((said["seq"], said["text"]))
            return seen

    results = await asyncio.gather(*(member(me) for me in range(n)))
    wanted = sorted(f"{me}:{k}" for me in range(n) for k in range(messages))
    for seen in results:
        assert seen == results[0]
        assert [seq for seq, _ in seen] == list(range(seen[0][0], seen[0][0] + len(seen)))
        assert sorted(text for _, text in seen) == wanted


@case
def sixty_four_python_clients_chat_and_all_see_everything():
    for options in (["--model", "threads"], ["--model", "tasks", "--loops", "2"]):
        with Server(*options) as server:
            asyncio.run(chatter(server.url("/ws/chat", "ws"), 64, 10))


@case
def sixty_four_node_clients_chat_and_all_see_everything():
    with Server("--loops", "2") as server:
        assert node("ws.js", "chat", server.url("/ws/chat", "ws"), 64, 10).endswith("done\n")


def handshake(server, extra="", path="/ws/echo", version="13", key=None):
    """A raw connection after its handshake, the reading side, and the answer."""
    key = key or base64.b64encode(os.urandom(16)).decode()
    s = server.connect()
    s.sendall((f"GET {path} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
               f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: {version}\r\n{extra}\r\n").encode())
    stream = s.makefile("rb")
    answer = read_answer(stream)
    if answer.status == 101:
        accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        assert answer["sec-websocket-accept"] == accept
    return s, stream, answer


def frame(opcode, payload=b"", fin=True, masked=True, reserved=0):
    head = bytes([fin << 7 | reserved << 4 | opcode])
    n, bit = len(payload), masked << 7
    head += bytes([bit | n]) if n < 126 else struct.pack("!BH", bit | 126, n) if n < 1 << 16 else struct.pack(
        "!BQ", bit | 127, n)
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + bytes(octet ^ mask[i % 4] for i, octet in enumerate(payload))


def read_frame(stream):
    head = stream.read(2)
    if len(head) < 2:
        return None
    assert head[1] < 128, "a server does not mask"
    n = head[1]
    if n > 125:
        n = int.from_bytes(stream.read(2 if n == 126 else 8), "big")
    return head[0], stream.read(n)


@case
def a_violation_is_closed_with_the_right_code():
    violations = {
        "not masked": (1002, frame(1, b"x", masked=False)),
        "a reserved bit": (1002, frame(1, b"x", reserved=4)),
        "a reserved opcode": (1002, frame(3, b"x")),
        "a reserved control opcode": (1002, frame(11, b"x")),
        "a fragmented ping": (1002, frame(9, b"x", fin=False)),
        "a long ping": (1002, frame(9, b"x" * 126)),
        "a continuation of nothing": (1002, frame(0, b"x")),
        "a message inside a message": (1002, frame(1, b"x", fin=False) + frame(1, b"y")),
        "a close of one octet": (1002, frame(8, b"x")),
        "a close with a reserved code": (1002, frame(8, struct.pack("!H", 1005))),
        "text that is not UTF-8": (1007, frame(1, b"\xc0\xaf")),
        "text that ends too early": (1007, frame(1, b"\xe4\xb8")),
        "a surrogate in two fragments": (1007, frame(1, b"\xed", fin=False) + frame(0, b"\xa0\x80")),
        "a reason that is not UTF-8": (1007, frame(8, struct.pack("!H", 1000) + b"\xff")),
        "text in the chat that is binary": (1003, frame(2, b"x")),
    }
    with Server() as server:
        for what, (code, octets) in violations.items():
            s, stream, _ = handshake(server, path="/ws/chat" if "chat" in what else "/ws/echo")
            with s, stream:
                s.sendall(octets)
                got = read_frame(stream)
                while got and got[0] != 0x88:
                    got = read_frame(stream)
                assert got and struct.unpack("!H", got[1][:2])[0] == code, (what, got)
                s.sendall(frame(8, got[1][:2]))
                assert stream.read(1) == b"", what


@case
def frames_may_come_octet_by_octet_and_mixed_with_control():
    with Server() as server:
        s, stream, _ = handshake(server)
        with s, stream:
            for octet in frame(1, b"ab", fin=False) + frame(9, b"ping") + frame(0, "é".encode()):
                s.sendall(bytes([octet]))
            assert read_frame(stream) == (0x8A, b"ping")
            assert read_frame(stream) == (0x81, "abé".encode())
            s.sendall(frame(8, struct.pack("!H", 1000)))
            assert read_frame(stream) == (0x88, struct.pack("!H", 1000))
            assert stream.read() == b""


@case
def frames_right_behind_the_handshake_are_not_lost():
    with Server() as server:
        s = server.connect()
        with s, s.makefile("rb") as stream:
            key = base64.b64encode(os.urandom(16))
            s.sendall(b"GET /ws/echo HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\nSec-WebSocket-Key: "
                      + key + b"\r\nSec-WebSocket-Version: 13\r\n\r\n" + frame(1, b"early"))
            assert read_answer(stream).status == 101
            assert read_frame(stream) == (0x81, b"early")


@case
def a_bad_handshake_is_refused():
    with Server() as server:
        for status, keywords in ((426, {"version": "8"}), (400, {"key": "short"})):
            s, stream, answer = handshake(server, **keywords)
            with s, stream:
                assert answer.status == status, (answer.status, keywords)
                if status == 426:
                    assert answer["sec-websocket-version"] == "13"
        s = server.connect()
        with s, s.makefile("rb") as stream:
            s.sendall(b"GET /ws/echo HTTP/1.1\r\nHost: a\r\n\r\n")
            assert read_answer(stream).status in (400, 426)


@case
def a_stop_says_going_away_to_open_websockets():
    with Server() as server:
        s, stream, _ = handshake(server)
        with s, stream:
            s.sendall(frame(1, b"x"))
            assert read_frame(stream) == (0x81, b"x")
            server.process.terminate()
            got = read_frame(stream)
            if got is not None:        # a cut is allowed, another code is not
                assert got[0] == 0x88 and struct.unpack("!H", got[1][:2])[0] == 1001, got
                s.sendall(frame(8, got[1][:2]))
            assert stream.read() == b""
        server.ended()
