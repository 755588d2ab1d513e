#!/bin/sh
# Blocking handlers: mummy-server's /diag/sleep?ms=10 on 100 threads and on fibers of 4 threads, and a
# plain nanosleep on tasks that grow, against the floor (one bare thread per connection), alternated in
# the same run; fibers with 1,000 connections, too; then the p99 of an inline route while that
# load runs, against a server that has nothing but the inline load (the sleeping load goes to the
# floor program then, so that the machine is as busy).
# usage: bench/blocking.sh BUILDDIR [ROUNDS] [SECONDS]
set -eu
build=${1:?usage: bench/blocking.sh BUILDDIR [ROUNDS] [SECONDS]}
rounds=${2:-5}
seconds=${3:-5}
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"
need wrk taskset curl
[ "$(nproc)" -ge 2 ] || { echo "bench: two processors are needed, for server and load" >&2; exit 2; }

load() { # SECONDS THREADS CONNECTIONS URL: prints rate min p50 p99 errors
	taskset -c 1 wrk -t"$2" -c"$3" -d"$1" -s "$here/report.lua" "$4" | sed -n 's/^RESULT //p'
}

beside() { # URL-OF-SLEEPING-LOAD URL: the inline load, while the sleeping one runs
	load $((seconds + 1)) 2 100 "$1" >"$tmp/background" &
	background=$!
	load "$seconds" 1 4 "$2"
	wait "$background"
}

taskset -c 0 "$build/bench/floor" 10 >"$tmp/floor.port" &
pids="$pids $!"
await floor test -s "$tmp/floor.port"
floor=http://127.0.0.1:$(cat "$tmp/floor.port")/
start_server threads --model threads --workers 100
server=http://127.0.0.1:$port/diag
start_server fibers --model fibers --workers 4
fibers=http://127.0.0.1:$port/diag
fibers_pid=$pid
start_server tasks --model tasks
tasks=http://127.0.0.1:$port/diag
start_server inline --model threads --workers 1
inline=http://127.0.0.1:$port/diag/hello

for url in "$server/sleep" "$fibers/sleep" "$tasks/block"; do
	[ "$(curl -sS "$url?ms=10")" = "Hello, World!" ] || { echo "bench: $url answers something else" >&2; exit 1; }
	load 1 2 100 "$url?ms=10" >"$tmp/warm-up"
done
load 1 2 100 "$floor" >"$tmp/warm-up"
i=0
while [ "$i" -lt "$rounds" ]; do
	load "$seconds" 2 100 "$floor" >>"$tmp/floor"
	load "$seconds" 2 100 "$server/sleep?ms=10" >>"$tmp/sleep"
	load "$seconds" 2 100 "$fibers/sleep?ms=10" >>"$tmp/fibers"
	load "$seconds" 2 100 "$tasks/block?ms=10" >>"$tmp/tasks"
	load "$seconds" 2 1000 "$fibers/sleep?ms=10" >>"$tmp/fibers1000"
	load "$seconds" 2 1000 "$floor" >>"$tmp/floor1000"
	beside "$floor" "$inline" >>"$tmp/alone"
	beside "$server/sleep?ms=10" "$server/hello" >>"$tmp/beside"
	i=$((i + 1))
done

row() { # NAME FILE
	echo "| $1 | $(median "$2" 1) | $(median "$2" 4) | $(sort -n -k2,2 "$2" | head -n 1 | cut -d' ' -f2) |" \
		"$(awk '{ n += $5 } END { print n }' "$2") |"
}

echo
echo "10 ms handler, wrk -t2 -c100; $rounds rounds of $seconds s; server on core 0, load on core 1"
echo
echo "| | requests/s, median (range) | p99 ms | fastest answer ms | errors |"
echo "|---|---|---|---|---|"
row "floor: one bare thread per connection" "$tmp/floor"
row "mummy-server --workers 100" "$tmp/sleep"
row "mummy-server --model fibers --workers 4" "$tmp/fibers"
row "mummy-server --model tasks, a plain nanosleep" "$tmp/tasks"
row "1,000 connections: floor" "$tmp/floor1000"
row "1,000 connections: mummy-server --model fibers --workers 4" "$tmp/fibers1000"
row "inline, wrk -t1 -c4, the sleeping load on the floor program" "$tmp/alone"
row "inline, wrk -t1 -c4, the sleeping load on the same server" "$tmp/beside"
echo
echo "threads of --model fibers, all told: $(find "/proc/$fibers_pid/task" -mindepth 1 -maxdepth 1 | wc -l)"
awk -v f="$(value "$tmp/fibers" 1)" -v t="$(value "$tmp/tasks" 1)" -v b="$(value "$tmp/floor" 1)" 'BEGIN {
	printf "fibers / floor: %.3f (bar >= 0.97)\n", f / b
	printf "nanosleep on tasks / floor: %.3f (bar >= 0.92)\n", t / b }'
awk -v a="$(value "$tmp/sleep" 1)" -v b="$(value "$tmp/floor" 1)" \
	-v c="$(value "$tmp/beside" 4)" -v d="$(value "$tmp/alone" 4)" 'BEGIN {
	printf "threads / floor: %.3f (bar >= 0.97)\n", a / b
	printf "inline p99, same server / inline only: %.2f (bar <= 1.5)\n", c / d }'
