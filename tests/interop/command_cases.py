"""The command line of mummy-server: its options, its errors, its end."""
import glob
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time

from harness import Server, Setup, case, wait_for
from wire import curl, get, read_answer

OPTIONS = ("--listen", "--root", "--uploads", "--model", "--workers", "--loops", "--max-body", "--log", "--help",
           "--version", "--reuse-port", "--diagnostics", "--ws-inline", "--port-file")


def run(*args, server=None, **keywords):
    return subprocess.run([server or Setup.server, *args], capture_output=True, text=True, timeout=60, check=False,
                          stdin=subprocess.DEVNULL, **keywords)


def refused(done, *words):
    """One clear line that names the words, and exit status 2."""
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert done.stdout == "" and done.stderr.count("\n") == 1, done.stderr
    for word in words:
        assert word in done.stderr, (word, done.stderr)


@case
def help_names_every_option():
    done = run("--help")
    assert done.returncode == 0 and done.stderr == ""
    for option in OPTIONS:
        assert option in done.stdout, option
    assert run("--version").stdout.startswith("mummy-server 0.")


@case
def a_mistake_is_one_line_and_status_2():
    refused(run("--frobnicate"), "--frobnicate")
    refused(run("--listen", "nowhere"), "nowhere")
    refused(run("--listen"), "--listen")
    refused(run("--workers", "many"), "many")
    refused(run("--model", "magic"), "magic")
    refused(run("--root", "/nonexistent/folder"), "/nonexistent/folder")
    refused(run("--listen", "127.0.0.1:0", "--uploads", "/nonexistent/folder"), "/nonexistent/folder")
    refused(run("--listen", "127.0.0.1:0", "--log", "/nonexistent/log"), "/nonexistent/log")


@case
def a_port_in_use_is_refused_also_with_several_loops():
    with Server() as server:
        for more in ([], ["--loops", "2"]):
            refused(run("--listen", f"127.0.0.1:{server.port}", *more), str(server.port))
    with Server("--loops", "2") as server:
        refused(run("--listen", f"127.0.0.1:{server.port}", "--loops", "2"), str(server.port))
        refused(run("--listen", f"127.0.0.1:{server.port}"), str(server.port))


@case
def a_port_can_be_shared_on_request():
    with Server("--reuse-port") as first:
        with Server("--reuse-port", listen=f"127.0.0.1:{first.port}") as second:
            assert first.port == second.port
            for _ in range(20):
                assert get(first, "/diag/hello").status == 200
        assert get(first, "/diag/hello").status == 200


def as_nobody():
    """For a child: gives up being root, to whom permissions are nothing."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)


def copied(folder):
    """A copy of the server, with its libraries, that anybody can run: its path and the environment."""
    built = os.path.join(os.path.dirname(Setup.server), ".libs")
    program = os.path.join(built, os.path.basename(Setup.server))
    if not os.path.exists(program):
        program = Setup.server         # linked with the static libraries
    for path in [program, *glob.glob(os.path.join(built, "*.so.?"))]:
        shutil.copy(path, folder)
    writable = os.path.join(folder, "tmp")
    os.mkdir(writable)
    os.chmod(writable, 0o1777)
    server = os.path.join(folder, os.path.basename(program))
    return server, {**os.environ, "LD_LIBRARY_PATH": folder, "TMPDIR": writable}


@case
def what_may_not_be_read_or_written_is_refused():
    with tempfile.TemporaryDirectory(prefix="mummy-") as folder:
        os.chmod(folder, 0o755)
        closed = os.path.join(folder, "closed")
        os.mkdir(closed, 0o700)
        if os.getuid() != 0:
            os.chmod(closed, 0)
        server, environment = copied(folder)
        options = {"preexec_fn": as_nobody, "cwd": folder, "env": environment}
        for option in ("--root", "--uploads"):
            refused(run("--listen", "127.0.0.1:0", option, closed, server=server, **options), closed)
        with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", encoding="ascii") as f:
            first_free = int(f.read())
        if first_free > 1:
            refused(run("--listen", "127.0.0.1:1", server=server, **options), "127.0.0.1:1")
        os.chmod(closed, stat.S_IRWXU)


@case
def ipv6_is_served_where_it_exists():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
    except OSError:
        return
    with Server(listen="[::1]:0") as server:
        body, _ = curl("-g", f"http://[::1]:{server.port}/diag/hello")
        assert body == b"Hello, World!"


@case
def a_stop_finishes_what_is_in_flight():
    for how in (signal.SIGTERM, signal.SIGINT):
        with Server() as server, server.connect() as busy, server.connect() as idle, busy.makefile("rb") as stream:
            idle.sendall(b"GET /diag/hello HTTP/1.1\r\nHost: a\r\n\r\n")
            assert idle.recv(1000).startswith(b"HTTP/1.1 200")
            busy.sendall(b"GET /diag/sleep?ms=700 HTTP/1.1\r\nHost: a\r\n\r\n")
            # An answer on another connection, sent later, shows that the first was taken up.
            get(server, "/diag/sleep?ms=50")
            start = time.monotonic()
            threading.Thread(target=server.stop, args=(how,), daemon=True).start()
            answer = read_answer(stream)
            assert answer.status == 200 and answer.body == b"Hello, World!"
            assert idle.recv(1) == b""
            wait_for(lambda s=server: s.process.returncode is not None, 10, "the end")
            assert time.monotonic() - start < 5


@case
def uploads_without_a_folder_go_to_one_that_is_removed():
    with tempfile.TemporaryDirectory(prefix="mummy-", dir=Setup.work) as folder:
        port_file, log = os.path.join(folder, "port"), os.path.join(folder, "log")
        with open(log, "wb") as f:
            process = subprocess.Popen([Setup.server, "--listen", "127.0.0.1:0", "--port-file", port_file],
                                       stdin=subprocess.DEVNULL, stdout=f, stderr=f,
                                       env={**os.environ, "TMPDIR": folder})
        try:
            wait_for(lambda: os.path.exists(port_file) and os.path.getsize(port_file), 30, "the port file")
            made = [name for name in os.listdir(folder) if name not in ("port", "log")]
            with open(log, encoding="utf-8") as f:
                line = f.read()
            assert len(made) == 1 and made[0] in line, (made, line)
            process.terminate()
            assert process.wait(30) == 0
            assert not os.path.exists(os.path.join(folder, made[0]))
        finally:
            process.kill()
            process.wait()


@case
def requests_are_logged_on_request():
    with tempfile.TemporaryDirectory(prefix="mummy-", dir=Setup.work) as folder:
        log = os.path.join(folder, "log")
        with Server("--log", log) as server:
            get(server, "/diag/hello")
            get(server, "/nothing-here")
        with open(log, encoding="utf-8") as f:
            text = f.read()
        assert "/diag/hello" in text and "404" in text, text
