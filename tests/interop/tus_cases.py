"""Resumable uploads with tus-js-client: cut, gone on with, across a restart, deleted."""
import contextlib
import hashlib
import os
import select
import socket
import subprocess
import threading
import urllib.parse

from harness import Server, case, node, node_command, node_environment
from http_cases import noise
from wire import ask as ask_and_wait

MIB = 1 << 20


class Relay:
    """A TCP relay in front of the server, which drops a connection once limit octets went up, and
    then calls cut. Later connections pass, to whatever port is then set."""

    def __init__(self, port, limit, cut):
        self.port_behind = port
        self.left = limit
        self.cut = cut
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        self.has_cut = False

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.door.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.door.accept()
                threading.Thread(target=self.relay, args=(client,), daemon=True).start()

    def relay(self, client):
        with client, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port_behind)) as server:
            while not self.cut_due():
                for ready in select.select([client, server], [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    if ready is server:
                        client.sendall(data)
                    else:
                        server.sendall(self.what_passes(data))
        if self.cut_due():
            self.has_cut = True
            self.cut(self)

    def cut_due(self):
        return self.left == 0 and not self.has_cut

    def what_passes(self, data):
        if self.has_cut:
            return data
        data = data[:self.left]
        self.left -= len(data)
        return data


def ask(server, request, method="POST"):
    return ask_and_wait(server, request, method, patience_s=0.001)[0]


def offset(server, url):
    """What the server has of an upload."""
    path = urllib.parse.urlsplit(url).path
    answer = ask(server, f"HEAD {path} HTTP/1.1\r\nHost: a\r\nTus-Resumable: 1.0.0\r\n\r\n".encode(), "HEAD")
    return answer.status, answer["upload-offset"] and int(answer["upload-offset"])


def stored(server, data):
    """Succeeds when a file in the folder of uploads holds exactly data."""
    wanted = hashlib.sha256(data).digest()
    for folder, _, names in os.walk(server.uploads):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.getsize(path) == len(data):
                with open(path, "rb") as f:
                    if hashlib.sha256(f.read()).digest() == wanted:
                        return True
    return False


def source(server, size):
    data = noise(size)
    path = os.path.join(server.folder, "source")
    with open(path, "wb") as f:
        f.write(data)
    return path, data


def storage(server):
    return os.path.join(server.folder, "urls.json")


def lines(text):
    """What tus.js printed: (method, offset) of each request, and the URL."""
    words = [line.split() for line in text.splitlines()]
    assert words and words[-1][0] == "done", text
    return [(method, value) for method, value in words[:-1]], words[-1][1]


@case
def an_upload_arrives_whole_in_one_request_in_chunks_and_with_its_creation():
    for options in ([], ["chunkSize=1000000"], ["uploadDataDuringCreation=true"], ["overridePatchMethod=true"],
                    ["chunkSize=700001", "uploadDataDuringCreation=true"],
                    ["uploadLengthDeferred=true", "chunkSize=700001", "addRequestId=true"]):
        with Server() as server:
            path, data = source(server, 5 * MIB + 17)
            requests, _ = lines(node("tus.js", "upload", path, server.url("/files/"), storage(server), *options))
            assert requests[0][0] == "POST", requests
            assert ("PATCH" in dict(requests)) != (options in (["uploadDataDuringCreation=true"],
                                                               ["overridePatchMethod=true"])), requests
            assert stored(server, data), options


@case
def an_empty_upload_arrives():
    with Server() as server:
        path, _ = source(server, 0)
        _, url = lines(node("tus.js", "upload", path, server.url("/files/"), storage(server)))
        assert offset(server, url) == (200, 0)


def cut_and_finished(script, *options):
    """A client is killed half way, and another process goes on."""
    with Server(*options) as server:
        path, data = source(server, 64 * MIB)
        process = None
        with Relay(server.port, 32 * MIB, lambda _: process.kill()) as relay:
            words = [script, "upload", path, f"http://127.0.0.1:{relay.port}/files/", storage(server)]
            with subprocess.Popen(node_command(*words), env=node_environment(), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, text=True) as process:
                said, _ = process.communicate(timeout=120)
                assert process.returncode == -9 and "done" not in said
            assert not stored(server, data)
            requests, url = lines(node(*words))
        assert [method for method, _ in requests] == ["HEAD", "PATCH"], requests
        assert 16 * MIB < int(requests[1][1]) <= 32 * MIB, requests
        assert offset(server, url) == (200, 64 * MIB)
        assert stored(server, data)


@case
def an_upload_cut_half_way_is_finished_by_a_new_process():
    cut_and_finished("tus.js", "--model", "threads")
    cut_and_finished("tus.js", "--model", "tasks", "--loops", "2")


def restarted(script, end, *options):
    """The server ends half way, by end, and is started again: the client goes on by itself."""
    with Server() as server:
        path, data = source(server, 24 * MIB)

        def restart(relay):
            end(server)
            server.start()
            relay.port_behind = server.port

        with Relay(server.port, 12 * MIB, restart) as relay:
            requests, url = lines(node(script, "upload", path, f"http://127.0.0.1:{relay.port}/files/",
                                       storage(server), *options))
        methods = [method for method, _ in requests]
        assert methods[0] == "POST" and "HEAD" in methods, requests
        assert offset(server, url) == (200, 24 * MIB)
        assert stored(server, data)
    return requests


@case
def an_upload_survives_a_server_that_is_killed_and_started_again():
    requests = restarted("tus.js", Server.kill, f"chunkSize={4 * MIB}")
    assert [method for method, _ in requests].count("POST") == 1, requests


@case
def an_upload_survives_an_orderly_restart():
    requests = restarted("tus.js", Server.stop)
    assert int(requests[-1][1]) > 0, requests


def in_parts(script):
    """A file goes up in several uploads at once, which become one."""
    for parts, more in ((2, []), (4, ["chunkSize=700001"])):
        with Server() as server:
            path, data = source(server, 9 * MIB + 5)
            requests, url = lines(node(script, "upload", path, server.url("/files/"), storage(server),
                                       f"parallelUploads={parts}", *more))
            assert [method for method, _ in requests].count("POST") == parts + 1, requests
            assert offset(server, url) == (200, len(data))
            assert stored(server, data)


@case
def an_upload_in_parallel_parts_is_put_together():
    in_parts("tus.js")


@case
def an_upload_in_parallel_parts_survives_a_server_that_is_killed():
    restarted("tus.js", Server.kill, "parallelUploads=3", f"chunkSize={2 * MIB}")


def deleted(script, what):
    """The client gives an upload up after 4 of its 8 MiB, and nothing is left of it."""
    with Server() as server:
        path, _ = source(server, 8 * MIB)
        requests, url = lines(node(script, what, path, server.url("/files/"), storage(server), 4 * MIB,
                                   f"chunkSize={2 * MIB}"))
        assert requests[-1][0] == "DELETE", requests
        assert offset(server, url)[0] in (404, 410)
        left = [name for _, _, names in os.walk(server.uploads) for name in names
                if os.path.getsize(os.path.join(server.uploads, name)) >= MIB]
        assert not left, left


@case
def a_terminated_upload_is_gone():
    deleted("tus.js", "terminate")


def create(server, size, **fields):
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    answer = ask(server, (f"POST /files/ HTTP/1.1\r\nHost: a\r\nTus-Resumable: 1.0.0\r\nUpload-Length: {size}\r\n"
                             f"Content-Length: 0\r\n{more}\r\n").encode())
    return answer


def patch(server, path, at, body, kind="application/offset+octet-stream", version="1.0.0"):
    answer = ask(server, (f"PATCH {path} HTTP/1.1\r\nHost: a\r\nTus-Resumable: {version}\r\nUpload-Offset: {at}\r\n"
                             f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body)
    return answer.status


@case
def uploads_are_created_with_or_without_the_slash():
    with Server() as server:
        for place in ("/files", "/files/", "/range", "/range/"):
            answer = ask(server, (f"POST {place} HTTP/1.1\r\nHost: a\r\nTus-Resumable: 1.0.0\r\nUpload-Length: 3\r\n"
                                  "Content-Length: 0\r\n\r\n").encode())
            assert answer.status == 201 and answer["location"].startswith(place.rstrip("/") + "/"), answer.fields


@case
def preflights_tell_the_version():
    for option in ("--upload-origins", "--cors"):
        with Server(option, "https://a.example") as server:
            for place in ("/files", "/files/", "/range/"):
                answer = ask(server, (f"OPTIONS {place} HTTP/1.1\r\nHost: a\r\nOrigin: https://a.example\r\n"
                                      "Access-Control-Request-Method: POST\r\n\r\n").encode(), "OPTIONS")
                assert answer.status == 204 and answer["tus-version"] == "1.0.0", (option, place, answer.fields)
                assert answer["access-control-allow-origin"] == "https://a.example"


@case
def the_protocol_is_kept_by_the_letter():
    with Server() as server:
        answer = ask(server, b"OPTIONS /files/ HTTP/1.1\r\nHost: a\r\n\r\n")
        assert answer.status in (200, 204) and "1.0.0" in answer["tus-version"]
        extensions = set(answer["tus-extension"].split(","))
        assert {"creation", "creation-with-upload", "termination", "expiration"} <= extensions, extensions
        answer = create(server, 10)
        path = urllib.parse.urlsplit(answer["location"]).path
        assert answer.status == 201 and path.startswith("/files/") and answer["tus-resumable"] == "1.0.0"
        assert patch(server, path, 3, b"abc") == 409
        assert patch(server, path, 0, b"abc", kind="text/plain") == 415
        assert patch(server, path, 0, b"abc", version="0.2.2") == 412
        assert patch(server, path, 0, b"abcde") == 204
        assert offset(server, path) == (200, 5)
        assert patch(server, path, 5, b"fghijk") in (400, 413)
        assert patch(server, path, 5, b"fghij") == 204
        assert offset(server, path) == (200, 10) and stored(server, b"abcdefghij")
        assert create(server, "x").status == 400
        assert create(server, 10, Upload_Metadata="name =").status == 400
        assert offset(server, "/files/nothing-here")[0] in (404, 410)
        assert offset(server, "/files/..%2f..%2fsource")[0] in (400, 404, 410)
