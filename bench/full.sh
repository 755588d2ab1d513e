#!/bin/sh
# A server whose descriptor table is full: what it costs while clients go on knocking, whether the old connections
# are served, and how soon there is room again.
# usage: full.sh BUILD
set -eu
build=$1
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/bench/common.sh"
need python3 taskset prlimit
start_server full
prlimit --pid "$pid" --nofile=2000:2000
taskset -c 1 python3 "$top/bench/full.py" "$port" "$pid"
