#!/bin/sh
# Slow and rude clients all at once: what fresh requests notice, and what the server keeps.
# usage: slow.sh BUILD
set -eu
build=$1
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/bench/common.sh"
need python3 taskset truncate

mkdir "$tmp/root"
echo small >"$tmp/root/small"
truncate -s 256M "$tmp/root/big"
# shellcheck disable=SC3045  # dash and bash know it
ulimit -n "$(ulimit -Hn)"
start_server slow --root "$tmp/root"
taskset -c 1 python3 "$top/bench/slow.py" "$port" "$pid" 10
