#!/usr/bin/python3
"""slow - clients that are slow, rude or gone, all at once, and what they cost the others.

usage: slow.py PORT PID SECONDS      (see bench/slow.sh, which starts the server)

Prints a Markdown table. SECONDS is what a head may take: dribblers are to be cut then.

Memory is what belongs to the process alone (Private_* of smaps_rollup), so without what the kernel has in socket
buffers and the page cache, looked at four times a second. It is compared with that of the same server after a
warm-up: 2000 requests one by one, and 64 at once in which every worker had a part. Connections are the sockets the
server has beyond those of the start. What a connection took is not always given back with it, so the memory of the
worst moment is divided by the most connections that there were until then; how many there were just then is printed
too. Partial heads are counted the same way: the most octets that dribblers which were still connected had sent,
without anything for keeping them.
"""
import multiprocessing
import os
import selectors
import socket
import struct
import sys
import time

PORT, PID, LIMIT = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
AT = ("127.0.0.1", PORT)
DRIBBLERS, BODIES, READERS, PIPELINED, CONNECTS, RESETS = 500, 200, 100, 10000, 20000, 300
HEAD = b"GET /small HTTP/1.1\r\nHost: a\r\n"


def dial(receive=0):
    s = socket.socket()
    if receive:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    s.connect(AT)
    return s


def private():
    """Octets that belong to the server alone."""
    with open(f"/proc/{PID}/smaps_rollup") as f:
        return 1024 * sum(int(line.split()[1]) for line in f if line.startswith("Private_"))


def descriptors():
    return len(os.listdir(f"/proc/{PID}/fd"))


def sockets():
    """Files that are sent are descriptors too, but no connections."""
    n = 0
    for fd in os.listdir(f"/proc/{PID}/fd"):
        try:
            n += os.readlink(f"/proc/{PID}/fd/{fd}").startswith("socket:")
        except FileNotFoundError:
            pass
    return n


def ask():
    """One request on a connection of its own: how long it took."""
    begin = time.monotonic()
    with dial() as s:
        s.sendall(HEAD + b"Connection: close\r\n\r\n")
        got = b""
        while piece := s.recv(65536):
            got += piece
    if not got.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"slow: a fresh request got {got[:60]!r}")
    return time.monotonic() - begin


def over(watch, key):
    """Reads a little; true when that was the end."""
    try:
        gone = not key.fileobj.recv(2048)
    except BlockingIOError:
        return False
    except OSError:
        gone = True
    if gone:
        watch.unregister(key.fileobj)
        key.fileobj.close()
    return gone


def gentle(cut, stop, partial):
    """Dribblers, slow bodies and slow readers: a little of each, once a second."""
    watch = selectors.DefaultSelector()
    for i in range(DRIBBLERS + BODIES + READERS):
        kind = "head" if i < DRIBBLERS else "body" if i < DRIBBLERS + BODIES else "reader"
        s = dial(4096 if kind == "reader" else 0)
        s.sendall({"head": HEAD, "reader": b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n",
                   "body": b"POST /diag/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"}[kind])
        s.setblocking(False)
        watch.register(s, selectors.EVENT_READ, (kind, time.monotonic()))
    ended, readers, turns, begun = {"head": [], "body": []}, 0, 0, time.monotonic()
    while not stop.is_set():
        turns += 1
        heads = sum(key.data[0] == "head" for key in watch.get_map().values())
        partial.value = heads * (len(HEAD) + turns)
        for key in list(watch.get_map().values()):
            try:
                if key.data[0] == "reader":
                    readers += over(watch, key)
                else:
                    key.fileobj.send(b"X" if key.data[0] == "head" else b"0123456789")
            except OSError:
                pass
        # what ends is seen to a tenth of a second
        end = begun + turns
        while (left := end - time.monotonic()) > 0 and not stop.is_set():
            time.sleep(min(left, 0.1))
            for key, _ in watch.select(0):
                kind, begin = key.data
                if kind != "reader" and over(watch, key):
                    ended[kind].append(time.monotonic() - begin)
    for key in list(watch.get_map().values()):
        key.fileobj.close()
    cut.put((ended, readers))


def pipeliner(stop, said):
    """Requests one behind the other, whose answers nobody takes."""
    s = dial(4096)
    s.setblocking(False)
    left = memoryview((HEAD + b"\r\n") * PIPELINED)
    while not stop.is_set() and left:
        try:
            left = left[s.send(left):]
        except BlockingIOError:
            time.sleep(0.05)
    stop.wait()
    said.put(PIPELINED - len(left) // (len(HEAD) + 2))
    s.close()


def rude():
    for i in range(CONNECTS):
        s = dial()
        if i % (CONNECTS // RESETS) == 0:
            s.sendall(HEAD + b"\r\n")
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()


def warm():
    """Each worker has served something before anything is compared."""
    for _ in range(2000):
        ask()
    for _ in range(5):
        them = [dial() for _ in range(64)]
        for s in them:
            s.sendall((HEAD + b"\r\n") * 4)
        for s in them:
            got = b""
            while got.count(b"small\n") < 4:
                got += s.recv(65536)
            s.close()
    time.sleep(0.5)


def settle(want, seconds):
    """Waits until the server has no more descriptors than that, and some for the memory."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and descriptors() > want:
        time.sleep(0.1)
    time.sleep(1)


class Worst:
    """The memory at the most, and the most connections and octets of partial heads until then."""

    def __init__(self):
        self.memory = self.now = self.connections = self.heads = 0
        self.seen_connections = self.seen_heads = 0

    def note(self, memory, connections, heads):
        self.seen_connections = max(self.seen_connections, connections)
        self.seen_heads = max(self.seen_heads, heads)
        if memory > self.memory:
            self.memory, self.now = memory, connections
            self.connections, self.heads = self.seen_connections, self.seen_heads

    def told(self):
        each = (self.memory - self.heads) / max(self.connections, 1)
        return (f"{self.memory / 1024:.0f} KiB with {self.now} connections then, {self.connections} at the most until "
                f"then and {self.heads} B of partial heads: {each:.0f} B for each of those without these")


def main():
    warm()
    memory, open_before, alone = private(), descriptors(), sockets()
    partial = multiprocessing.Value("q", 0)
    stop, cut, said = multiprocessing.Event(), multiprocessing.Queue(), multiprocessing.Queue()
    crowd = [multiprocessing.Process(target=gentle, args=(cut, stop, partial)),
             multiprocessing.Process(target=pipeliner, args=(stop, said)),
             multiprocessing.Process(target=rude)]
    for p in crowd:
        p.start()
    times, end = [], time.monotonic() + LIMIT + 4
    worst, look = Worst(), 0
    while time.monotonic() < end:
        times.append(ask())
        if time.monotonic() > look:
            worst.note(private() - memory, sockets() - alone, partial.value)
            look = time.monotonic() + 0.25
        time.sleep(0.01)
    stop.set()
    ended, readers = cut.get()
    sent = said.get()
    for p in crowd:
        p.join()
    settle(open_before, 10)
    times.sort()
    heads, bodies = sorted(ended["head"]), sorted(ended["body"])
    rows = [
        ("fresh requests, a connection each: p50 / p99 / worst",
         " / ".join(f"{1000 * times[int(len(times) * q)]:.2f} ms" for q in (0.5, 0.99, 0.9999))
         + f", {len(times)} of them"),
        (f"{DRIBBLERS} that dribble a head: cut after {LIMIT:g} s", f"{len(heads)}, "
         f"{heads[0]:.1f} to {heads[-1]:.1f} s" if heads else "none"),
        (f"{BODIES} that dribble a body (10 octets a second): cut", f"{len(bodies)}, "
         f"{bodies[0]:.1f} to {bodies[-1]:.1f} s" if bodies else "none"),
        (f"{READERS} that read 256 MB at 2 KB a second: cut off", str(readers)),
        (f"{PIPELINED} requests in a row, no answer read: accepted from the client", str(sent)),
        ("memory at the most, above the start",
         worst.told()),
        ("memory after it, above the start", f"{(private() - memory) / 1024:.0f} KiB"),
        ("descriptors before / after", f"{open_before} / {descriptors()}"),
    ]
    slow = DRIBBLERS + BODIES + READERS
    print(f"| {slow} slow clients, {CONNECTS} connects, {RESETS} resets, all at once | |\n|---|---|")
    for name, value in rows:
        print(f"| {name} | {value} |")


main()
