#!/bin/sh
# System calls per request, counted by strace: inline, and through the pool.
# usage: bench/syscalls.sh BUILDDIR [REQUESTS]
set -eu
build=${1:?usage: bench/syscalls.sh BUILDDIR [REQUESTS]}
requests=${2:-2000}
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"
need strace curl taskset

# One keep-alive connection, one request after the other: curl asks for the URL again and again.
# The connection is opened before the tracer attaches: a first, slow answer holds it.
count() { # PATH
	start_server "syscalls" --workers 4
	url=http://127.0.0.1:$port
	taskset -c 1 curl -sS -o /dev/null "$url/diag/sleep?ms=2000" -o /dev/null "$url$1?[1-$requests]" &
	load=$!
	strace -f -c -S calls -o "$tmp/strace" -p "$pid" 2>"$tmp/strace.log" &
	tracer=$!
	await strace grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/$pid/status"
	wait "$load"
	kill -INT "$tracer"
	wait "$tracer" || :
	kill "$pid"
	wait "$pid" || :
	echo
	echo "| $1 | calls per request |"
	echo "|---|---|"
	awk -v n="$requests" '$4 ~ /^[0-9]+$/ && $NF != "total" {
		printf "| %s | %.3f (%d) |\n", $NF, $4 / n, $4 }' "$tmp/strace"
}

echo "$requests requests on one keep-alive connection"
count /diag/hello
count /diag/work
