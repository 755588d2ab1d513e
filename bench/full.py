#!/usr/bin/python3
"""full - WebSockets until the server has no descriptor left, and clients that knock all the same.

usage: full.py PORT PID     (see bench/full.sh, which starts the server)

Prints a Markdown table: CPU time of the server while new clients come at two rates, how many of the old connections
answer afterwards, and how long after some of them have gone a new one is served.
"""
import glob
import os
import resource
import socket
import sys
import time

PORT, PID = int(sys.argv[1]), int(sys.argv[2])
AT = ("127.0.0.1", PORT)
SECONDS = 5
RATES = 50, 300                 # clients a second
LEAVE = 50
SHAKE = (b"GET /ws/echo HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
FRAME = b"\x82\x84\0\0\0\0ping"
ECHO = b"\x82\x04ping"


def opened(limit_s=1.0):
    """A WebSocket, or None when the server did not take it."""
    s = socket.socket()
    s.settimeout(limit_s)
    try:
        s.connect(AT)
        s.sendall(SHAKE)
        answer = b""
        while b"\r\n\r\n" not in answer:
            piece = s.recv(4096)
            if not piece:
                raise OSError("closed")
            answer += piece
        if answer.startswith(b"HTTP/1.1 101 "):
            return s
    except OSError:
        pass
    s.close()
    return None


def echoes(s):
    try:
        s.settimeout(5)
        s.sendall(FRAME)
        got = b""
        while not got.endswith(ECHO):          # a ping may have come before
            piece = s.recv(64)
            if not piece:
                return False
            got += piece
        return True
    except OSError:
        return False


def cpu_s():
    n = 0
    for path in glob.glob(f"/proc/{PID}/task/*/schedstat"):
        with open(path) as f:
            n += int(f.read().split()[0])
    return n / 1e9


def knock(rate):
    """New clients at that rate, who give up at once. How many came, and the share of a core it took."""
    begin, before, n = time.monotonic(), cpu_s(), 0
    while time.monotonic() < begin + SECONDS:
        with socket.socket() as s:
            s.setblocking(False)
            s.connect_ex(AT)
            n += 1
            time.sleep(max(0, begin + n / rate - time.monotonic()))
    took = time.monotonic() - begin
    return n / took, 100 * (cpu_s() - before) / took


def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    old = []
    while s := opened():
        old.append(s)
    print("| what | figure |\n|---|---|")
    print(f"| connections that the server took, descriptors it has | {len(old)}, {len(os.listdir(f'/proc/{PID}/fd'))} |")
    for rate in RATES:
        came, share = knock(rate)
        print(f"| CPU while {came:.0f} clients a second knock | {share:.2f} % of a core |")
    print(f"| old connections that answer | {sum(map(echoes, old))} of {len(old)} |")
    for s in old[:LEAVE]:
        s.close()
    begin = time.monotonic()
    while not (s := opened(0.2)):
        if time.monotonic() > begin + 10:
            raise SystemExit("full: a new connection is not served although there is room")
    print(f"| a new one is served, after {LEAVE} have gone | {1000 * (time.monotonic() - begin):.1f} ms |")


main()
