"""mummy-upload: through TLS, on a terminal, and its events as a JSON parser reads them."""
import contextlib
import fcntl
import json
import os
import pty
import socket
import ssl
import struct
import subprocess
import tempfile
import termios
import threading

from harness import Server, Setup, case, tool
from http_cases import noise
from wire import get

SIZE = 3000000


def client(*args, **keywords):
    program = os.path.join(os.path.dirname(Setup.server), "mummy-upload")
    return subprocess.Popen([program, "--state", os.path.join(Setup.work, "state"), *args], text=True, **keywords)


def says(*args, **keywords):
    """What it writes, once it has ended: status, standard output, standard error."""
    process = client(*args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, **keywords)
    out, errors = process.communicate(timeout=60)
    return process.returncode, out, errors


@contextlib.contextmanager
def file_of(data):
    with tempfile.NamedTemporaryFile(dir=Setup.work, prefix="\u00e9\x1b ") as f:
        f.write(data)
        f.flush()
        yield f.name


def is_there(server, address, data):
    assert get(server, "/files/" + address.strip().rpartition("/")[2]).body == data


class TLS:
    """Ends TLS in front of a server, with a certificate for 127.0.0.1 that it signed itself."""

    def __init__(self, port, folder):
        self.behind = port
        self.certificate, key = os.path.join(folder, "certificate"), os.path.join(folder, "key")
        subprocess.run([tool("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", key, "-out", self.certificate], check=True, capture_output=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, key)
        self.door = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self.door.getsockname()[1]}/files/"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                plain, _ = self.door.accept()
                threading.Thread(target=self.relay, args=(plain,), daemon=True).start()

    def relay(self, plain):
        with contextlib.suppress(OSError):
            with self.context.wrap_socket(plain, server_side=True) as outer, \
                    socket.create_connection(("127.0.0.1", self.behind)) as inner:
                threading.Thread(target=self.copy, args=(inner, outer), daemon=True).start()
                self.copy(outer, inner)

    @staticmethod
    def copy(source, to):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                to.sendall(data)
            to.shutdown(socket.SHUT_WR)


@case
def uploads_by_https_when_the_certificate_is_trusted():
    data = noise(SIZE)
    with Server() as server, tempfile.TemporaryDirectory(dir=Setup.work) as folder, file_of(data) as path:
        tls = TLS(server.port, folder)
        try:
            status, out, errors = says(path, tls.url)
            assert status == 1 and "certificate" in errors.lower(), (status, errors)
            assert "again in" not in errors, errors
            status, out, errors = says("--cacert", tls.certificate, "--parallel", "2", path, tls.url)
            assert status == 0 and out.startswith(tls.url), (status, out, errors)
            is_there(server, out, data)
        finally:
            tls.door.close()


@case
def a_terminal_shows_how_far_it_is():
    data = noise(SIZE)
    with Server() as server, file_of(data) as path:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 250, 0, 0))
        process = client("--limit-rate", "6M", "--interval", "20ms", path, server.url("/files/"),
                         stdout=subprocess.PIPE, stderr=theirs, stdin=subprocess.DEVNULL)
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # the other end is closed
            while data_shown := os.read(ours, 65536):
                shown += data_shown
        os.close(ours)
        out = process.stdout.read()
        process.stdout.close()
        assert process.wait(60) == 0
        is_there(server, out, data)
        assert b"[####" in shown and b"% " in shown and b"/s  ETA " in shown, shown[-500:]
        assert "\u00e9? ".encode() in shown and b"\x1b " not in shown, shown[-500:]
        assert shown.endswith(b"\r\x1b[K"), shown[-100:]  # nothing is left of it


@case
def events_are_JSON():
    data = noise(SIZE)
    with Server() as server, file_of(data) as path:
        status, out, errors = says("--json", "--interval", "10ms", "--limit-rate", "6M", path, "/nonexistent",
                                   server.url("/files/"))
        assert status == 1 and errors == "", (status, errors)
        events = [json.loads(line) for line in out.splitlines()]
        kinds = [event["event"] for event in events]
        assert kinds[0] == "started" and kinds[-2:] == ["finished", "failed"] and "progress" in kinds, kinds
        assert events[0] == {"event": "started", "file": path, "size": SIZE}
        sent = [event["sent"] for event in events if event["event"] == "progress"]
        assert sent == sorted(sent) and sent[-1] <= SIZE
        is_there(server, events[-2]["url"], data)
