"""HTTP as it is on the wire: raw requests over a socket, and curl."""
import json
import subprocess

import harness


class Answer:
    def __init__(self, status, fields, body=b""):
        self.status = status
        self.fields = fields
        self.body = body

    def __getitem__(self, name):
        return self.fields.get(name.lower())


def read_head(stream):
    """The next answer's head from a buffered stream, or None at its end."""
    line = stream.readline()
    if not line:
        return None
    version, status, _reason = line.decode("latin-1").rstrip("\r\n").split(" ", 2)
    assert version == "HTTP/1.1", line
    fields = {}
    while True:
        line = stream.readline().decode("latin-1")
        assert line.endswith("\r\n"), repr(line)
        if line == "\r\n":
            return Answer(int(status), fields)
        name, value = line.split(":", 1)
        assert name.lower() not in fields, f"two {name}"
        fields[name.lower()] = value.strip()


def read_chunked(stream):
    body = b""
    while True:
        size = int(stream.readline().split(b";")[0], 16)
        if size == 0:
            break
        body += exactly(stream, size)
        assert stream.readline() == b"\r\n"
    while stream.readline() != b"\r\n":
        pass
    return body


def exactly(stream, size):
    data = stream.read(size)
    assert len(data) == size, f"cut after {len(data)} of {size}"
    return data


def read_answer(stream, method="GET"):
    """The next whole answer from a buffered stream, or None at its end."""
    answer = read_head(stream)
    if answer is None or method == "HEAD" or answer.status in (204, 304) or answer.status < 200:
        return answer
    if answer["transfer-encoding"]:
        assert answer["transfer-encoding"] == "chunked" and answer["content-length"] is None
        answer.body = read_chunked(stream)
    elif answer["content-length"] is not None:
        answer.body = exactly(stream, int(answer["content-length"]))
    else:
        answer.body = stream.read()
    return answer


def ask(server, request, method="GET", patience_s=1):
    """One answer to raw bytes on a fresh connection, and whether the server closes it within patience_s."""
    with server.connect() as s, s.makefile("rb") as stream:
        try:
            s.sendall(request)
        except (BrokenPipeError, ConnectionResetError):
            pass                       # refused before all of it was sent
        answer = read_answer(stream, method)
        s.settimeout(patience_s)
        try:
            closed = stream.read(1) == b""
        except TimeoutError:
            closed = False
        except ConnectionResetError:
            closed = True
        return answer, closed


def everything(server, request):
    """All that the server says to raw bytes until it closes the connection, which it must."""
    said = b""
    with server.connect() as s:
        try:
            s.sendall(request)
            while data := s.recv(65536):
                said += data
        except (BrokenPipeError, ConnectionResetError):
            pass
    return said


def get(server, path, **fields):
    """GET with further fields (names with _ for -), by raw bytes."""
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    with server.connect() as s, s.makefile("rb") as stream:
        s.sendall("\r\n".join(lines + ["", ""]).encode("latin-1"))
        return read_answer(stream)


def curl(*args, data=b"", status=0):
    """Runs curl; returns the body and what --write-out knows (one dictionary per transfer)."""
    command = [harness.tool("curl"), "--silent", "--show-error", "--max-time", "120", "--noproxy", "*",
               "--write-out", "%{stderr}%{json}\n", *args]
    done = subprocess.run(command, input=data, capture_output=True, timeout=150, check=False)
    assert done.returncode == status, f"curl: {done.returncode} {done.stderr.decode()}"
    lines = [line for line in done.stderr.decode().splitlines() if line.startswith("{")]
    return done.stdout, [json.loads(line) for line in lines]


def curl_head(text):
    """The heads that --include or --dump-header printed: a list of Answers."""
    heads = []
    for block in text.decode("latin-1").split("\r\n\r\n"):
        lines = block.split("\r\n")
        if not lines[0].startswith("HTTP/"):
            continue
        fields = dict((name.lower(), value.strip()) for name, value in (line.split(":", 1) for line in lines[1:]))
        heads.append(Answer(int(lines[0].split()[1]), fields))
    return heads
