#!/usr/bin/python3
"""Talks to mummy-server with clients that are not ours, and prints "ok - CASE", "not ok - CASE" or "skip - CASE".

Needs curl, python3-websockets, python3-autobahn, node with the modules of package-lock.json, and Chromium.
"""
import argparse
import os
import sys
import tempfile

import harness

GROUPS = ("command", "http", "files", "ws", "protocol", "tus", "uppy", "range", "draft", "upload", "hook", "kill", "browser")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", required=True, help="the mummy-server to run")
    parser.add_argument("--node-modules", required=True, help="where npm put the modules")
    parser.add_argument("--artifacts", required=True, help="where the screenshot goes")
    parser.add_argument("--work", help="folder for the servers' files (default: a fresh one)")
    parser.add_argument("group", nargs="*", choices=[[], *GROUPS], help="only these: " + " ".join(GROUPS))
    args = parser.parse_args()

    work = args.work or tempfile.mkdtemp(prefix="mummy-interop-")
    os.makedirs(work, exist_ok=True)
    os.makedirs(args.artifacts, exist_ok=True)
    harness.Setup.server = os.path.abspath(args.server)
    harness.Setup.node_modules = os.path.abspath(args.node_modules)
    harness.Setup.artifacts = os.path.abspath(args.artifacts)
    harness.Setup.work = os.path.abspath(work)
    for group in GROUPS:
        __import__(f"{group}_cases")
    return 1 if harness.run(args.group) else 0


if __name__ == "__main__":
    sys.exit(main())
