"""HTTP with curl, and by hand where curl is too polite."""
import concurrent.futures
import os
import random
import tempfile
import time

from harness import Server, Setup, case
from wire import ask, curl, curl_head, everything, get, read_answer

HELLO = b"Hello, World!"


def noise(n, seed=1):
    return random.Random(seed).randbytes(n)


@case
def hello_is_the_same_inline_and_from_a_worker():
    with Server() as server:
        for path in ("/diag/hello", "/diag/work"):
            answer = get(server, path)
            assert answer.status == 200 and answer.body == HELLO, path
            assert answer["content-type"].startswith("text/plain") and answer["date"]


@case
def curl_keeps_one_connection_for_several_requests():
    with Server() as server:
        urls = [server.url(path) for path in ("/diag/hello", "/diag/work", "/diag/text?bytes=5000", "/diag/empty",
                                              "/diag/bytes?n=70000", "/nothing-here", "/diag/hello")]
        _, done = curl(*sum((["-o", os.devnull, url] for url in urls), []))
        assert [t["num_connects"] for t in done] == [1] + [0] * (len(urls) - 1), done
        assert [t["response_code"] for t in done] == [200, 200, 200, 204, 200, 404, 200]


@case
def pipelined_requests_are_answered_in_order():
    with Server() as server, server.connect() as s, s.makefile("rb") as stream:
        paths = [f"/diag/{kind}={n}" for n in range(1, 40) for kind in ("bytes?n", "text?bytes")]
        paths[10:10] = ["/diag/sleep?ms=50", "/diag/hello", "/diag/work"]
        s.sendall("".join(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n" for path in paths).encode())
        for path in paths:
            answer = read_answer(stream)
            wanted = 13 if "=" not in path or "sleep" in path else int(path.rpartition("=")[2])
            assert answer.status == 200 and len(answer.body) == wanted, (path, answer.status, answer.body)


@case
def a_pipelined_body_is_not_taken_for_a_request():
    with Server() as server, server.connect() as s, s.makefile("rb") as stream:
        inner = b"GET /diag/empty HTTP/1.1\r\nHost: a\r\n\r\n"
        one = b"POST /diag/echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (len(inner), inner)
        s.sendall(one * 20 + b"GET /diag/hello HTTP/1.1\r\nHost: a\r\n\r\n")
        for _ in range(20):
            assert read_answer(stream).body == inner
        assert read_answer(stream).body == HELLO


@case
def a_request_may_come_octet_by_octet():
    request = b"POST /diag/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: u\r\n\r\n"
    with Server() as server, server.connect() as s, s.makefile("rb") as stream:
        for _ in range(2):
            for octet in request:
                s.sendall(bytes([octet]))
            answer = read_answer(stream)
            assert answer.status == 200 and answer.body == b"abc"


@case
def curl_uploads_chunked_and_gets_the_same_back():
    body = noise(3 << 20)
    with Server("--max-body", "8M") as server:
        back, done = curl("-T", "-", "-H", "Content-Type: application/octet-stream", server.url("/diag/echo"), data=body)
        assert done[0]["response_code"] == 200 and back == body
        back, done = curl("--data-binary", "@-", server.url("/diag/echo"), data=body)
        assert done[0]["response_code"] == 200 and back == body
        back, done = curl("-T", "-", server.url("/diag/echo"), data=b"")
        assert done[0]["response_code"] == 200 and back == b""


@case
def a_body_that_is_expected_is_asked_for():
    body = noise(100000)
    with Server() as server:
        with tempfile.NamedTemporaryFile(dir=Setup.work) as head:
            back, _ = curl("-D", head.name, "-H", "Expect: 100-continue", "--expect100-timeout", "20",
                           "--data-binary", "@-", server.url("/diag/echo"), data=body)
            assert back == body
            assert [h.status for h in curl_head(head.read())] == [100, 200]
        with server.connect() as s, s.makefile("rb") as stream:
            s.sendall(b"PUT /diag/echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
            assert read_answer(stream).status == 100
            s.sendall(b"abc")
            assert read_answer(stream).body == b"abc"


@case
def a_body_too_large_is_refused_before_it_is_sent():
    head = b"POST /diag/echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 70000\r\n\r\n"
    chunks = b"POST /diag/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + (b"8000\r\n" + b"x" * 0x8000
                                                                                       + b"\r\n") * 4
    with Server("--max-body", "64K") as server:
        answer, closed = ask(server, head)
        assert answer.status == 413 and closed
        said = everything(server, chunks)  # the echo may have begun: then it is cut, never ended
        assert said.startswith(b"HTTP/1.1 413 ") or not said.endswith(b"\r\n0\r\n\r\n"), said[:100]
        answer, closed = ask(server, head.replace(b"70000", b"65536"))
        assert answer.status == 100 and not closed
        assert get(server, "/diag/hello").body == HELLO


@case
def text_is_compressed_for_those_who_accept_it():
    with Server() as server:
        path = "/diag/text?bytes=200000"
        whole, _ = curl(server.url(path))
        packed, done = curl("--compressed", server.url(path))
        assert len(whole) == 200000 and packed == whole
        assert done[0]["size_download"] < 100000, done[0]["size_download"]
        answer = get(server, path, Accept_Encoding="gzip")
        assert answer["content-encoding"] == "gzip" and "accept-encoding" in answer["vary"].lower()
        assert get(server, path, Accept_Encoding="gzip;q=0")["content-encoding"] is None
        assert get(server, path, Accept_Encoding="br, identity")["content-encoding"] is None
        assert get(server, "/diag/text?bytes=100", Accept_Encoding="gzip")["content-encoding"] is None
        assert get(server, path)["content-encoding"] is None


@case
def head_is_answered_as_get_without_the_body():
    with Server() as server:
        server.write("a.txt", b"x" * 5000)
        for path in ("/diag/hello", "/diag/work", "/diag/text?bytes=5000", "/a.txt", "/nothing-here"):
            request = b"%%s %s HTTP/1.1\r\nHost: a\r\n\r\n" % path.encode()
            with server.connect() as s, s.makefile("rb") as stream:
                s.sendall(request % b"HEAD" + request % b"GET")
                head, whole = read_answer(stream, "HEAD"), read_answer(stream)
            assert head.status == whole.status and head.body == b"", path
            for name in ("content-length", "content-type", "etag", "last-modified"):
                assert head[name] == whole[name], (path, name)


@case
def what_does_not_exist_or_is_not_allowed_says_so():
    with Server() as server:
        assert get(server, "/diag/nothing").status == 404
        body, done = curl("-X", "DELETE", "-i", server.url("/diag/hello"))
        assert done[0]["response_code"] == 405
        allow = curl_head(body)[0]["allow"]
        assert {"GET", "HEAD"} <= {m.strip() for m in allow.split(",")} and "DELETE" not in allow, allow
        body, done = curl("-X", "OPTIONS", "-i", server.url("/diag/echo"))
        assert done[0]["response_code"] in (200, 204) and "POST" in curl_head(body)[0]["allow"]


def limits():
    plain = b"GET /diag/hello HTTP/1.1\r\n"
    post = b"POST /diag/echo HTTP/1.1\r\nHost: a\r\n"
    return {
        "no host": (400, plain + b"\r\n"),
        "two hosts": (400, plain + b"Host: a\r\nHost: b\r\n\r\n"),
        "a space before the colon": (400, plain + b"Host : a\r\n\r\n"),
        "a folded field": (400, plain + b"Host: a\r\nX: y\r\n z\r\n\r\n"),
        "a NUL in a value": (400, plain + b"Host: a\r\nX: y\0z\r\n\r\n"),
        "a bare CR": (400, plain + b"Host: a\r\nX: y\rz\r\n\r\n"),
        "no version": (400, b"GET /diag/hello\r\n\r\n"),
        "two lengths": (400, post + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc"),
        "a signed length": (400, post + b"Content-Length: +3\r\n\r\nabc"),
        "length and chunked": (400, post + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        "chunked not last": (400, post + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
        "an unknown coding": (501, post + b"Transfer-Encoding: frob, chunked\r\n\r\n0\r\n\r\n"),
        "a long target": (414, b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\nHost: a\r\n\r\n"),
        "a long field": (431, plain + b"Host: a\r\nX: " + b"a" * 70000 + b"\r\n\r\n"),
        "many fields": (431, plain + b"Host: a\r\n" + b"X: y\r\n" * 2000 + b"\r\n"),
        "version 2": (505, b"GET /diag/hello HTTP/2.0\r\nHost: a\r\n\r\n"),
    }


@case
def bad_requests_get_the_right_status_and_the_connection_ends():
    with Server() as server:
        for what, (status, request) in limits().items():
            answer, closed = ask(server, request)
            assert answer is not None and answer.status == status, (what, answer and answer.status)
            assert closed, what
        assert get(server, "/diag/hello").body == HELLO


@case
def a_bad_chunk_ends_the_connection():
    head = b"POST /diag/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    with Server() as server:
        for bad in (b"x\r\nabc\r\n", b"3\r\nabcd\r\n", b"ffffffffffffffffff\r\n", b"3 \nabc\r\n", b"-1\r\n"):
            said = everything(server, head + bad)
            assert said.startswith(b"HTTP/1.1 400 ") or not said.endswith(b"\r\n0\r\n\r\n"), (bad, said)
        assert get(server, "/diag/hello").body == HELLO


@case
def http_1_0_is_closed_unless_it_asks_to_be_kept():
    with Server() as server:
        answer, closed = ask(server, b"GET /diag/hello HTTP/1.0\r\n\r\n")
        assert answer.body == HELLO and closed
        answer, closed = ask(server, b"GET /diag/hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert answer.body == HELLO and not closed
        answer, closed = ask(server, b"GET /diag/bytes?n=5 HTTP/1.0\r\n\r\n")
        assert answer["transfer-encoding"] is None and len(answer.body) == 5 and closed
        answer, closed = ask(server, b"GET /diag/work HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert answer.body == HELLO and closed and answer["connection"] == "close"


@case
def a_large_stream_waits_for_a_slow_reader():
    size = 32 << 20
    with Server() as server, server.connect() as s:
        s.sendall(b"GET /diag/bytes?n=%d HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % size)
        time.sleep(0.3)                # the reader is slow; nothing is waited for
        with open(f"/proc/{server.process.pid}/status", encoding="ascii") as f:
            before = int(next(line for line in f if line.startswith("VmHWM")).split()[1])
        with s.makefile("rb") as stream:
            answer = read_answer(stream)
        assert len(answer.body) == size
        assert answer.body[:256] * 4 == answer.body[-1024:] == bytes(range(256)) * 4
        with open(f"/proc/{server.process.pid}/status", encoding="ascii") as f:
            after = int(next(line for line in f if line.startswith("VmHWM")).split()[1])
        assert after - before < 8 << 10, f"{before} KiB, then {after} KiB"


@case
def a_client_that_leaves_in_the_middle_harms_nobody():
    with Server() as server:
        for _ in range(20):
            with server.connect() as s:
                s.sendall(b"GET /diag/bytes?n=10000000 HTTP/1.1\r\nHost: a\r\n\r\n")
                s.recv(1000)
            with server.connect() as s:
                s.sendall(b"POST /diag/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc")
            with server.connect() as s:
                s.sendall(b"GET /diag/sleep?ms=20 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert get(server, "/diag/hello").body == HELLO


def sleeps(server, ms, n):
    """n requests at once to a handler that sleeps; how long each took, in seconds."""
    def one(_):
        start = time.monotonic()
        assert get(server, f"/diag/sleep?ms={ms}").status == 200
        return time.monotonic() - start
    with concurrent.futures.ThreadPoolExecutor(n) as pool:
        return list(pool.map(one, range(n)))


@case
def handlers_that_block_run_side_by_side():
    for model in ("threads", "tasks", "fibers"):
        with Server("--workers", "32", "--model", model) as server:
            start = time.monotonic()
            taken = sleeps(server, 200, 32)
            assert min(taken) >= 0.2, (model, min(taken))
            assert time.monotonic() - start < 4, (model, time.monotonic() - start)


@case
def the_page_of_the_server_is_there():
    with Server() as server:
        for path in ("/_mummy/", "/"):
            answer = get(server, path)
            assert answer.status == 200 and answer["content-type"].startswith("text/html"), path
        server.write("index.html", b"<p>mine")
        assert get(server, "/_mummy/").status == 200


@case
def several_loops_and_listeners_serve_alike():
    with Server("--loops", "2", "--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0") as server:
        assert len(set(server.ports)) == 2
        for port in server.ports * 8:
            body, _ = curl(f"http://127.0.0.1:{port}/diag/work")
            assert body == HELLO
