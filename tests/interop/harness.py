"""Starts mummy-server, collects test cases, runs them, reports one line each."""
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import traceback

CASE_LIMIT_S = 180
STOP_LIMIT_S = 30
START_LIMIT_S = 30
SANITIZER_MARKS = re.compile(rb"Sanitizer|runtime error:")

cases = []


def case(function, limit_s=CASE_LIMIT_S):
    """Registers a case; its sentence is its name, its group its module."""
    cases.append((function.__module__.removesuffix("_cases"), function.__name__.replace("_", " "), function, limit_s))
    return function


class Setup:
    """What the command line gave."""
    server = node_modules = artifacts = work = None


def tool(name):
    """The path of a program that a case needs; missing is a failure."""
    path = shutil.which(name)
    if path is None:
        raise AssertionError(f"{name} is missing: run scripts/deps check")
    return path


def node(script, *args, timeout=CASE_LIMIT_S, **keywords):
    """Runs a script of this folder with the pinned modules; returns what it printed."""
    return subprocess.run(node_command(script, *args), env=node_environment(), timeout=timeout, check=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, **keywords).stdout


def node_command(script, *args):
    here = os.path.dirname(os.path.abspath(__file__))
    return [tool("node"), os.path.join(here, script), *map(str, args)]


def node_environment():
    return {**os.environ, "NODE_PATH": Setup.node_modules}


def wait_for(condition, limit_s, what):
    """Asks until the condition holds and returns its value; fails after limit_s."""
    end = time.monotonic() + limit_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit_s} s: {what}")
        time.sleep(0.01)


class Server:
    """A mummy-server of its own, on a port that the kernel chose; a context manager.

    Leaving the context sends SIGTERM and insists on exit status 0 and on silence of the sanitizers.
    """

    def __init__(self, *args, listen="127.0.0.1:0", folder=None, before=()):
        self.own_folder = folder is None
        self.folder = folder or tempfile.mkdtemp(prefix="server-", dir=Setup.work)
        self.args = args
        self.before = before        # words that run it, as those of nice
        self.listen = listen
        self.process = None
        self.ports = []
        self.root = os.path.join(self.folder, "root")
        self.uploads = os.path.join(self.folder, "uploads")
        self.errors = os.path.join(self.folder, "stderr")

    def __enter__(self):
        os.makedirs(self.root, exist_ok=True)
        os.makedirs(self.uploads, exist_ok=True)
        self.start()
        return self

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                self.stop()
        finally:
            self.kill()
            if kind is not None:
                print("".join(f"    server: {line}" for line in self.said()[-20:]))
            elif self.own_folder:
                shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        port_file = os.path.join(self.folder, "port")
        if os.path.exists(port_file):
            os.unlink(port_file)
        options = ["--port-file", port_file, "--diagnostics", "--root", self.root, "--uploads", self.uploads]
        if "--listen" not in self.args:
            options += ["--listen", self.listen]
        with open(self.errors, "ab") as errors:
            self.process = subprocess.Popen([*self.before, Setup.server, *options, *self.args], stdin=subprocess.DEVNULL,
                                            stdout=errors, stderr=errors)
        self.ports = wait_for(lambda: self.read_ports(port_file), START_LIMIT_S, "the port file")

    def read_ports(self, port_file):
        if self.process.poll() is not None:
            raise AssertionError(f"mummy-server ended with {self.process.returncode}: {''.join(self.said()[-5:])}")
        try:
            with open(port_file, encoding="ascii") as f:
                text = f.read()
        except FileNotFoundError:
            return None
        return [int(line) for line in text.split()] if text.endswith("\n") else None

    @property
    def port(self):
        return self.ports[0]

    def url(self, path="/", scheme="http"):
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    def connect(self):
        """A raw connection."""
        s = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def said(self):
        with open(self.errors, errors="replace", encoding="utf-8") as f:
            return f.readlines()

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.ended()

    def ended(self):
        status = self.process.wait(STOP_LIMIT_S)
        with open(self.errors, "rb") as f:
            text = f.read()
        if SANITIZER_MARKS.search(text):
            print(text.decode(errors="replace"))
            raise AssertionError("a sanitizer reported")
        if status != 0:
            raise AssertionError(f"exit status {status}, not 0")

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def write(self, name, data, age_s=100):
        """Puts a file below the root, last changed age_s ago."""
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)
        then = time.time() - age_s
        os.utime(path, (then, then))
        return path


class Untried(Exception):
    """What a case could not try here, and why. It is reported as skipped, which is not passed."""


class Overdue(Exception):
    pass


def overdue(_number, _frame):
    raise Overdue("not done in time")


def run(groups):
    """Runs the cases of the groups; returns how many failed or could not be tried whole."""
    failed = 0
    signal.signal(signal.SIGALRM, overdue)
    for group, name, function, limit_s in cases:
        if groups and group not in groups:
            continue
        start = time.monotonic()
        signal.alarm(limit_s)
        try:
            function()
            word = "ok"
        except Untried as why:
            print(f"    {why}")
            word = "skip"
            failed += 1
        except Exception:  # pylint: disable=broad-except  # whatever it is, the next case runs
            traceback.print_exc(file=os.sys.stdout)
            word = "not ok"
            failed += 1
        finally:
            signal.alarm(0)
        print(f"{word} - {group}: {name} ({time.monotonic() - start:.2f} s)", flush=True)
    return failed
