"""Hooks over https, the receiver being Python's, with OpenSSL: whom mummy-server believes, and whom not."""
import contextlib
import http.server
import json
import os
import ssl
import subprocess
import tempfile
import threading

from harness import Server, Setup, Untried, case, tool, wait_for
from tus_cases import create, patch

SYSTEM_STORE = "/etc/ssl/certs/ca-certificates.crt"


def openssl(*words):
    subprocess.run([tool("openssl"), *words], check=True, capture_output=True)


KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


class Authority:
    """Signs certificates."""

    def __init__(self, folder):
        self.folder = folder
        self.file, self.key = os.path.join(folder, "ca.pem"), os.path.join(folder, "ca.key")
        openssl("req", "-x509", *KEY, "-subj", "/CN=an authority", "-days", "2", "-keyout", self.key, "-out", self.file)

    def sign(self, name, days=2):
        """A certificate and its key for a subjectAltName."""
        stem = tempfile.mktemp(dir=self.folder)
        with open(stem + ".ext", "w", encoding="ascii") as f:
            f.write(f"subjectAltName={name}\n")
        openssl("req", *KEY, "-subj", "/CN=a receiver", "-keyout", stem + ".key", "-out", stem + ".csr")
        openssl("x509", "-req", "-in", stem + ".csr", "-CA", self.file, "-CAkey", self.key, "-CAcreateserial",
                "-days", str(days), "-extfile", stem + ".ext", "-out", stem + ".pem")
        return stem + ".pem", stem + ".key"


def self_signed(folder):
    stem = tempfile.mktemp(dir=folder)
    openssl("req", "-x509", *KEY, "-subj", "/CN=a receiver", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2",
            "-keyout", stem + ".key", "-out", stem + ".pem")
    return stem + ".pem", stem + ".key"


class Receiver(http.server.ThreadingHTTPServer):
    """Notes what it is told, and answers self.answer."""

    daemon_threads = True

    def __init__(self, pair, version=None):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.heard, self.answer = [], (200, b"")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if version:
            context.minimum_version = context.maximum_version = version
        context.load_cert_chain(*pair)
        # the handshake is done by the thread of the connection
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://127.0.0.1:{self.server_address[1]}/hook"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        """Who does not believe the certificate hangs up: that is what is tested."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):  # pylint: disable=invalid-name  # the name that it is called by
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.heard.append((self.headers["Mummy-Event"], json.loads(body)))
            status, text = self.server.answer
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):  # pylint: disable=arguments-differ
            """Nothing of it belongs to the output of the tests."""


@contextlib.contextmanager
def folder():
    with tempfile.TemporaryDirectory(dir=Setup.work, prefix="hook-") as path:
        yield path


def options(receiver, *more):
    return ["--hook-url", receiver.url, "--hook-events", "pre-create,post-finish", *more]


def is_refused(server, receiver, why):
    """Nobody was told anything, the client is to try again, and the log says what was wrong."""
    answer = create(server, 3)
    assert answer.status == 503 and not receiver.heard, (answer.status, receiver.heard)
    wait_for(lambda: any(why in line for line in server.said()), 30, f"{why}: {server.said()}")


def is_believed(server, receiver):
    answer = create(server, 3)
    assert answer.status == 201, (answer.status, answer.body, server.said())
    assert patch(server, answer["location"], 0, b"abc") == 204
    wait_for(lambda: len(receiver.heard) == 2, 30, f"two events: {receiver.heard}")
    assert [event for event, _ in receiver.heard] == ["pre-create", "post-finish"], receiver.heard
    assert receiver.heard[1][1]["size"] == 3, receiver.heard
    receiver.answer = (422, b"not today\n")
    answer = create(server, 3)
    assert answer.status == 422 and b"not today" in answer.body, (answer.status, answer.body)


@case
def a_receiver_with_openssl_is_asked_and_told():
    with folder() as place:
        ca = Authority(place)
        for version in (None, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with Receiver(ca.sign("IP:127.0.0.1,DNS:localhost"), version) as receiver, \
                    Server(*options(receiver, "--hook-ca", ca.file)) as server:
                is_believed(server, receiver)


@case
def who_has_another_name_or_is_out_of_date_is_not_believed():
    with folder() as place:
        ca = Authority(place)
        for pair, why in ((ca.sign("DNS:other.example"), "does not match"), (ca.sign("IP:127.0.0.2"), "does not match"),
                          (ca.sign("IP:127.0.0.1", days=-1), "expired")):
            with Receiver(pair) as receiver, Server(*options(receiver, "--hook-ca", ca.file)) as server:
                is_refused(server, receiver, why)


@case
def who_signed_himself_or_is_signed_by_others_is_not_believed():
    with folder() as place, folder() as elsewhere:
        ca, other = Authority(place), Authority(elsewhere)
        for pair in (self_signed(place), other.sign("IP:127.0.0.1")):
            with Receiver(pair) as receiver, Server(*options(receiver, "--hook-ca", ca.file)) as server:
                is_refused(server, receiver, "NOT trusted")


def in_namespace(file):
    """Words that run a command where the system's store is that file; None where that is not allowed."""
    words = [tool("unshare"), "--map-root-user", "--mount", "sh", "-c",
             f'mount --bind "{file}" {SYSTEM_STORE} && exec "$@"', "sh"]
    return words if subprocess.run([*words, "true"], check=False, capture_output=True).returncode == 0 else None


@case
def without_a_file_those_count_whom_the_system_trusts():
    with folder() as place:
        ca = Authority(place)
        with Receiver(ca.sign("IP:127.0.0.1")) as receiver, Server(*options(receiver)) as server:
            is_refused(server, receiver, "NOT trusted")
        words = in_namespace(ca.file)
        if not words:
            raise Untried("no namespaces here: that the system's store is believed was not tried")
        with Receiver(ca.sign("IP:127.0.0.1")) as receiver, Server(*options(receiver), before=words) as server:
            is_believed(server, receiver)
        with Receiver(self_signed(place)) as receiver, Server(*options(receiver), before=words) as server:
            is_refused(server, receiver, "NOT trusted")
