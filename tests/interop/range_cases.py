"""Uploads without TUS: curl's PUT and forms, and ranges one after another."""
import hashlib
import json
import os
import shutil
import socket
import subprocess
import time

from harness import Server, Setup, case, wait_for
from http_cases import noise
from tus_cases import MIB, offset, stored
from wire import curl, curl_head, get, read_answer


def put(server, path, data, span=None, method="PUT"):
    """curl sends data from standard input, chunked without a range; the head and the body of the answer."""
    more = ["-H", f"Content-Range: {span}"] if span else []
    body, done = curl("-i", "-X", method, "-H", "Expect:", "--data-binary", "@-", *more, server.url(path), data=data)
    return done[0]["response_code"], curl_head(body)[0]


@case
def curl_puts_a_file():
    data = noise(3 * MIB + 5)
    with Server() as server:
        server.write("source.bin", data)
        source = os.path.join(server.root, "source.bin")
        body, done = curl("-i", "-T", source, server.url("/range/"))
        head = curl_head(body)[-1]
        assert done[0]["response_code"] == 201 and head["upload-complete"] == "?1", body
        answer = get(server, head["location"])
        assert answer.body == data and "source.bin" in answer["content-disposition"]
        assert answer["x-content-type-options"] == "nosniff" and "sandbox" in answer["content-security-policy"]
        # from a pipe, the length comes last
        body, done = curl("-i", "-T", "-", server.url("/range/pipe.bin"), data=data)
        assert done[0]["response_code"] == 201, body
        assert get(server, curl_head(body)[-1]["location"]).body == data


@case
def ranges_make_a_file_one_after_another():
    data = noise(2 * MIB + 77)
    total, step = len(data), 700001
    with Server() as server:
        body, _ = curl("-i", "-X", "POST", "-H", f"Upload-Length: {total}", server.url("/range/"))
        path = curl_head(body)[0]["location"]
        at = 0
        while at < total:
            end = min(at + step, total)
            status, head = put(server, path, data[at:end], f"bytes {at}-{end - 1}/{total}",
                               "PATCH" if at else "PUT")
            assert status == 204 and head["upload-offset"] == str(end), head
            assert head["upload-complete"] == ("?1" if end == total else "?0"), head
            if end < total:
                status, head = put(server, path, b"x", f"bytes {total - 1}-{total - 1}/{total}")
                assert status == 409 and head["upload-offset"] == str(end), head
            status, head = put(server, path, b"", f"bytes */{total}")
            assert status == 204 and head["upload-offset"] == str(end), head
            at = end
        assert get(server, path).body == data
        assert offset(server, path.replace("/range/", "/files/")) == (200, total)


@case
def a_form_of_files_is_kept_whole():
    one, two = noise(MIB + 3), b"two\r\n--boundary\r\n"
    with Server() as server:
        for name, data in (("one.bin", one), ("two.txt", two), ("none", b"")):
            server.write(name, data)
        here = [os.path.join(server.root, name) for name in ("one.bin", "two.txt", "none")]
        body, done = curl("-F", "title=words", "-F", f"a=@{here[0]}", "-F", f"b=@{here[1]};type=text/plain", "-F",
                          f"c=@{here[2]}", server.url("/range/"))
        assert done[0]["response_code"] == 201, body
        files = json.loads(body)["files"]
        assert [(f["field"], f["name"], f["length"]) for f in files] == [
            ("a", "one.bin", len(one)), ("b", "two.txt", len(two)), ("c", "none", 0)], files
        assert [get(server, f["location"]).body for f in files] == [one, two, b""]
        assert get(server, files[1]["location"])["content-type"] == "text/plain"


@case
def a_form_that_is_cut_or_empty_leaves_nothing():
    with Server() as server:
        server.write("one.bin", b"0123456789")
        path = os.path.join(server.root, "one.bin")
        _, done = curl("-F", "title=words", server.url("/range/"))
        assert done[0]["response_code"] == 400
        form = b'--b\r\nContent-Disposition: form-data; name="a"; filename="x"\r\n\r\nall of it\r\n--b\r\n' \
            b'Content-Disposition: form-data; name="b"; filename="y"\r\n\r\nnot all'
        _, done = curl("-H", "Content-Type: multipart/form-data; boundary=b", "--data-binary", "@-",
                       server.url("/range/"), data=form)
        assert done[0]["response_code"] == 400
        assert not stored(server, b"all of it") and not stored(server, b"not all")
        _, done = curl("-H", "Content-Type: multipart/form-data", "--data-binary", "@-", server.url("/range/"), data=form)
        assert done[0]["response_code"] == 400
        _, done = curl("-F", f"a=@{path}", server.url("/range/"))
        assert done[0]["response_code"] == 201


@case
def a_form_arrives_one_octet_at_a_time():
    part = b'--b\r\nContent-Disposition: form-data; name="a"; filename="x"\r\n\r\nline\r\n--\r\n--bx\r\n--b--\r\n'
    head = (b"POST /range/ HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\n"
            b"Content-Length: %d\r\n\r\n" % len(part))
    with Server() as server, server.connect() as s, s.makefile("rb") as stream:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.sendall(head)
        for octet in part:
            s.sendall(bytes([octet]))
        answer = read_answer(stream, "POST")
        # "--bx" is a delimiter that goes on wrongly
        assert answer.status == 400, answer.body
    part = part.replace(b"--bx", b"-b-x")
    with Server() as server, server.connect() as s, s.makefile("rb") as stream:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.sendall(head)
        for octet in part:
            s.sendall(bytes([octet]))
        answer = read_answer(stream, "POST")
        assert answer.status == 201, answer.body
        where = json.loads(answer.body)["files"][0]["location"]
        assert get(server, where).body == b"line\r\n--\r\n-b-x"


def receipt(folder, path):
    with open(os.path.join(folder, path.rsplit("/", 1)[1] + ".json"), encoding="utf-8") as f:
        return json.load(f)


@case
def finished_uploads_are_named_and_described_as_asked():
    data = noise(100000)
    with Server("--name", "safe", "--completed", os.path.join(Setup.work, "done")) as server:
        folder = os.path.join(Setup.work, "done")
        server.write("a b.txt", data)
        source = os.path.join(server.root, "a b.txt")
        paths = []
        for _ in range(2):
            body, done = curl("-i", "-T", source, server.url("/range/"))
            assert done[0]["response_code"] == 201, body
            paths.append(curl_head(body)[-1]["location"])
        assert not [name for name in os.listdir(server.uploads) if not name.startswith(".")]
        for path, name in zip(paths, ("a b.txt", "a b-1.txt")):
            told = receipt(folder, path)
            assert told["file"] == name and told["name"] == "a b.txt" and told["size"] == len(data), told
            assert told["digests"] == {"sha256": hashlib.sha256(data).hexdigest()}, told
            assert told["client"] == "127.0.0.1" and told["created"] <= told["finished"], told
            assert told["metadata"] == {"filename": "a b.txt"}
            with open(os.path.join(folder, name), "rb") as f:
                assert f.read() == data
        # what a process that died did not write is written by the next one
        os.unlink(os.path.join(folder, paths[0].rsplit("/", 1)[1] + ".json"))
        server.kill()
        server.start()
        assert receipt(folder, paths[0])["file"] == "a b.txt"
        _, done = curl("-X", "DELETE", server.url(paths[0]))
        assert done[0]["response_code"] == 204
        assert sorted(os.listdir(folder)) == sorted(["a b-1.txt", paths[1].rsplit("/", 1)[1] + ".json"])
    shutil.rmtree(folder)


@case
def limits_of_uploads_are_kept():
    with Server("--upload-max-size", "1000", "--upload-quota", "1500", "--fsync", "none") as server:
        assert put(server, "/range/a", noise(1001))[0] == 413
        assert put(server, "/range/a", noise(1000))[0] == 201
        _, done = curl("-T", "/dev/null", server.url("/range/empty"))
        assert done[0]["response_code"] == 201
        body, _ = curl("-i", "-X", "POST", "-H", "Upload-Length: 600", server.url("/range/"))
        assert curl_head(body)[0].status == 507
    with Server("--upload-min-free", "1000T") as server:
        body, _ = curl("-i", "-X", "POST", "-H", "Upload-Length: 600", server.url("/range/"))
        assert curl_head(body)[0].status == 507
    with Server("--upload-origins", "https://a.example", "--upload-expire", "1h") as server:
        body, _ = curl("-i", "-X", "POST", "-H", "Upload-Length: 600", "-H", "Origin: https://a.example",
                       server.url("/range/"))
        head = curl_head(body)[0]
        assert head["access-control-allow-origin"] == "https://a.example" and head["upload-expires"], head


@case
def other_machines_are_kept_out_unless_allowed():
    server = subprocess.run([Setup.server, "--listen", "0.0.0.0:0"], capture_output=True, timeout=30, check=False)
    assert server.returncode == 2 and b"--allow-anonymous" in server.stderr, server
    with Server("--allow-anonymous", listen="0.0.0.0:0") as server:
        assert put(server, "/range/a", b"a")[0] == 201


@case
def two_servers_share_a_folder():
    data = noise(2 * MIB)
    with Server() as one:
        with Server("--uploads", one.uploads) as two:
            body, _ = curl("-i", "-X", "POST", "-H", f"Upload-Length: {len(data)}", one.url("/range/"))
            path = curl_head(body)[0]["location"]
            at, step = 0, 300001
            while at < len(data):
                server, end = (one, two)[at // step % 2], min(at + step, len(data))
                head = put(server, path, data[at:end], f"bytes {at}-{end - 1}/{len(data)}")[1]
                assert head["upload-offset"] == str(end), head
                at = end
            assert get(one, path).body == data and get(two, path).body == data
            # what one of them writes is the other's to see, and not to write
            body, _ = curl("-i", "-X", "POST", "-H", "Upload-Length: 1000", one.url("/range/"))
            path = curl_head(body)[0]["location"]
            with one.connect() as s:
                s.sendall(f"PUT {path} HTTP/1.1\r\nHost: a\r\nContent-Range: bytes 0-999/1000\r\n"
                          "Content-Length: 1000\r\n\r\n0123".encode())
                wait_for(lambda: put(two, path, b"0123456789", "bytes 0-9/1000")[0] == 423, 20, "the lock")
            wait_for(lambda: put(two, path, b"", "bytes */1000")[1]["upload-offset"] == "4", 20, "the end of the lock")


@case
def uploads_are_taken_as_fast_as_allowed():
    with Server("--client-rate", "1M") as server:
        before = time.monotonic()
        assert put(server, "/range/a", noise(MIB))[0] == 201
        assert time.monotonic() - before > 0.6
