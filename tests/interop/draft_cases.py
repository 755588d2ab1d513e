"""Resumable Uploads for HTTP: tus-js-client with the versions it speaks, curl, and interim answers on the wire."""
import json
import os
import socket
import subprocess
import time

from harness import Server, Setup, case, node, node_command, node_environment
from http_cases import noise
from tus_cases import MIB, Relay, lines, offset, source, storage, stored
from wire import curl, curl_head, exactly, get, read_head

VERSION = "Upload-Draft-Interop-Version: 8"
PROTOCOLS = ("ietf-draft-03", "ietf-draft-05")
PARTIAL = "Content-Type: application/partial-upload"


def speak(protocol):
    return f"protocol={json.dumps(protocol)}"


@case
def tus_js_client_uploads_by_the_draft():
    for protocol in PROTOCOLS:
        for options in ([], ["chunkSize=700001"], ["uploadDataDuringCreation=true"],
                        ["chunkSize=1000000", "uploadDataDuringCreation=true"], ["overridePatchMethod=true"]):
            with Server() as server:
                path, data = source(server, 3 * MIB + 17)
                _, url = lines(node("tus.js", "upload", path, server.url("/files/"), storage(server), speak(protocol),
                                    *options))
                assert offset(server, url) == (200, len(data)), (protocol, options)
                assert stored(server, data), (protocol, options)


@case
def tus_js_client_goes_on_by_the_draft():
    for protocol in PROTOCOLS:
        with Server() as server:
            path, data = source(server, 32 * MIB)
            process = None
            with Relay(server.port, 16 * MIB, lambda _: process.kill()) as relay:
                words = ["tus.js", "upload", path, f"http://127.0.0.1:{relay.port}/files/", storage(server), speak(protocol)]
                with subprocess.Popen(node_command(*words), env=node_environment(), stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, text=True) as process:
                    said, _ = process.communicate(timeout=120)
                    assert process.returncode == -9 and "done" not in said
                requests, _ = lines(node(*words))
            assert [method for method, _ in requests] == ["HEAD", "PATCH"], requests
            assert 8 * MIB < int(requests[1][1]) <= 16 * MIB, requests
            assert stored(server, data)


@case
def tus_js_client_changes_its_protocol_half_way():
    with Server() as server:
        path, data = source(server, 24 * MIB)
        process = None
        with Relay(server.port, 12 * MIB, lambda _: process.kill()) as relay:
            words = ["tus.js", "upload", path, f"http://127.0.0.1:{relay.port}/files/", storage(server)]
            with subprocess.Popen(node_command(*words, speak(PROTOCOLS[1])), env=node_environment(),
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
                process.communicate(timeout=120)
            requests, url = lines(node(*words))
        assert [method for method, _ in requests] == ["HEAD", "PATCH"], requests
        assert offset(server, url) == (200, len(data)) and stored(server, data)


@case
def tus_js_client_cancels_by_the_draft():
    with Server() as server:
        path, _ = source(server, 8 * MIB)
        _, url = lines(node("tus.js", "terminate", path, server.url("/files/"), storage(server), 4 * MIB,
                            f"chunkSize={2 * MIB}", speak(PROTOCOLS[1])))
        assert offset(server, url)[0] in (404, 410)


def heads(stream, method="POST"):
    """All heads up to the answer."""
    found = []
    while not found or found[-1].status < 200:
        found.append(read_head(stream))
        assert found[-1], method
    return found


def begin(server, method, path, *fields, length):
    s = server.connect()
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.sendall("\r\n".join((f"{method} {path} HTTP/1.1", "Host: a", VERSION, *fields,
                           f"Content-Length: {length}", "", "")).encode())
    return s, s.makefile("rb")


@case
def progress_is_told_while_a_body_comes():
    data = noise(300000)
    with Server() as server:
        s, stream = begin(server, "POST", "/files/", "Upload-Complete: ?1", length=len(data))
        with s, stream:
            first = read_head(stream)
            assert first.status == 104 and first["location"] and first["upload-limit"], first.fields
            # until one comes: the server tells every second
            at, told = 0, None
            s.settimeout(0.02)
            s.setblocking(True)
            while told is None and at + 1000 < len(data):
                s.sendall(data[at:at + 1000])
                at += 1000
                s.settimeout(0.02)
                try:
                    peeked = s.recv(1, socket.MSG_PEEK)
                except TimeoutError:
                    peeked = b""
                s.settimeout(30)
                if peeked:
                    told = read_head(stream)
            assert told and told.status == 104 and told["location"] is None, told and told.fields
            assert told["upload-draft-interop-version"] == "8" and 0 < int(told["upload-offset"]) <= at
            s.sendall(data[at:])
            answer = heads(stream)[-1]
            assert answer.status == 201 and answer["upload-complete"] == "?1", answer.fields
            assert answer["location"] == first["location"]
            exactly(stream, int(answer["content-length"] or 0))
        assert get(server, answer["location"]).body == data


@case
def a_cut_upload_goes_on_after_a_restart():
    data = noise(2 * MIB)
    with Server() as server:
        s, stream = begin(server, "PUT", "/range/a.bin", "Upload-Complete: ?1", "Content-Type: image/png", length=len(data))
        with s, stream:
            where = read_head(stream)["location"]
            s.sendall(data[:MIB])
            s.shutdown(socket.SHUT_WR)
            time.sleep(0)
            while stream.read(65536):
                pass
        server.kill()
        server.start()
        s, stream = begin(server, "HEAD", where, length=0)
        with s, stream:
            answer = heads(stream)[-1]
        assert answer.status == 204 and answer["upload-complete"] == "?0", answer.fields
        assert answer["upload-length"] == str(len(data)) and answer["cache-control"] == "no-store"
        at = int(answer["upload-offset"])
        assert at == MIB, at
        s, stream = begin(server, "PATCH", where, PARTIAL, f"Upload-Offset: {at}", "Upload-Complete: ?1", length=len(data) - at)
        with s, stream:
            s.sendall(data[at:])
            answer = heads(stream)[-1]
        assert answer.status == 201 and answer["upload-complete"] == "?1" and answer["location"] == where, answer.fields
        answer = get(server, where)
        assert answer.body == data and answer["content-type"] == "image/png", answer.fields


@case
def curl_uploads_by_the_draft():
    data = noise(MIB + 11)
    with Server() as server:
        path = os.path.join(Setup.work, "draft-source")
        with open(path, "wb") as f:
            f.write(data)
        # sent with Expect: 100-continue, so that both interim answers come
        body, done = curl("-i", "-X", "POST", "-H", VERSION, "-H", "Upload-Complete: ?0", "-H",
                          f"Upload-Length: {len(data)}", "-H", "Content-Type: image/png", "-H",
                          'Content-Disposition: inline; filename="a b.png"', "-H", "Expect: 100-continue", "--data-binary", f"@{path}",
                          server.url("/files/"))
        told = curl_head(body)
        assert [head.status for head in told] == [104, 100, 201], body
        where = told[-1]["location"]
        assert told[0]["location"] == where and told[-1]["upload-complete"] == "?0", body
        body, done = curl("-i", "-X", "PATCH", "-H", VERSION, "-H", "Upload-Complete: ?1", "-H", PARTIAL, "-H",
                          f"Upload-Offset: {len(data)}", server.url(where))
        assert done[0]["response_code"] == 201, body
        answer = get(server, where)
        assert answer.body == data and answer["content-type"] == "image/png" and "a%20b.png" in answer["content-disposition"]
        os.unlink(path)
