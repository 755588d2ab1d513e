"""kill -9 of the server at random moments of uploads. MUMMY_KILLS: how often under each policy (7)."""
import base64
import hashlib
import os
import random
import threading
import time

from harness import CASE_LIMIT_S, Server, case
from http_cases import noise
from wire import get, read_answer

KILLS = int(os.environ.get("MUMMY_KILLS", "7"))
CLIENTS = 4
DATA = noise(400000)


class Client(threading.Thread):
    """Uploads one content after another, by pieces; goes on where the server says, and checks what it says."""

    def __init__(self, server, seed):
        super().__init__(daemon=True)
        self.server = server
        self.dice = random.Random(seed)
        self.stop = False
        self.finished = []
        self.wrong = None

    def run(self):
        try:
            while not self.stop:
                self.upload()
        except AssertionError as error:
            self.wrong = str(error)

    def ask(self, method, path, fields, body=b""):
        """The answer, or None when the server is gone; tried on a connection of its own."""
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        try:
            with self.server.connect() as s, s.makefile("rb") as stream:
                s.sendall((f"{method} {path} HTTP/1.1\r\nHost: a\r\nTus-Resumable: 1.0.0\r\n{head}"
                           f"Content-Length: {len(body)}\r\n\r\n").encode() + body)
                return read_answer(stream, method)
        except (OSError, ValueError, IndexError, AssertionError):
            time.sleep(0.005)
            return None

    def insist(self, method, path, fields, body=b""):
        answer = None
        while answer is None or answer.status in (0, 503):
            answer = self.ask(method, path, fields, body)
        return answer

    def upload(self):
        size = self.dice.randrange(1, len(DATA))
        parts = self.dice.choice((1, 1, 2))
        if parts == 1:
            self.finished.append((self.send(DATA[:size], {}), size))
            return
        cut = self.dice.randrange(size)
        paths = [self.send(piece, {"Upload-Concat": "partial"}) for piece in (DATA[:cut], DATA[cut:size])]
        answer = self.insist("POST", "/files/", {"Upload-Concat": "final;" + " ".join(paths)})
        assert answer.status == 201, answer.status
        self.finished.append((answer["location"], size))

    def send(self, data, fields):
        answer = self.insist("POST", "/files/", {"Upload-Length": len(data), **fields})
        assert answer.status == 201, answer.status
        path, known, sent = answer["location"], 0, 0
        while known < len(data):
            piece = data[known:known + self.dice.randrange(1, 100000)]
            more = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": known}
            if self.dice.randrange(2):
                more["Upload-Checksum"] = "sha1 " + base64.b64encode(hashlib.sha1(piece).digest()).decode()
            sent = max(sent, known + len(piece))
            answer = self.ask("PATCH", path, more, piece)
            if answer is not None and answer.status == 204:
                known += len(piece)
                assert int(answer["upload-offset"]) == known
                continue
            answer = self.insist("HEAD", path, {})
            assert answer.status == 200, f"HEAD {path}: {answer.status}"
            offset = int(answer["upload-offset"])
            assert known <= offset <= sent, f"{path}: {known} acknowledged, {sent} sent, {offset} there"
            known = offset
        return path


def killed(policy):
    with Server("--fsync", policy) as server:
        clients = [Client(server, f"{policy} {i}") for i in range(CLIENTS)]
        dice = random.Random(policy)
        for client in clients:
            client.start()
        for _ in range(KILLS):
            time.sleep(dice.uniform(0.01, 0.15))
            server.kill()
            server.start()
        for client in clients:
            client.stop = True
        for client in clients:
            client.join(60)
            assert not client.is_alive() and client.wrong is None, client.wrong
        finished = [one for client in clients for one in client.finished]
        assert finished
        for path, size in finished:
            assert get(server, path).body == DATA[:size], path


def lasting(function):
    """A case that may take longer the more kills there are."""
    return case(function, CASE_LIMIT_S + KILLS)


@lasting
def no_acknowledged_octet_is_lost_when_the_server_is_killed_under_ack():
    killed("ack")


@lasting
def no_acknowledged_octet_is_lost_when_the_server_is_killed_under_finish():
    killed("finish")


@lasting
def no_acknowledged_octet_is_lost_when_the_server_is_killed_under_none():
    killed("none")
