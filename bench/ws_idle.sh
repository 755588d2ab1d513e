#!/bin/sh
# Idle WebSockets of mummy-server: what one costs in user and in kernel memory, what all of them cost in CPU time
# while nothing is sent and while each is pinged, and that they still answer. Several servers share the port with
# --reuse-port; the clients come from 127.0.0.2, 127.0.0.3, ..., one address for each server.
# usage: bench/ws_idle.sh BUILDDIR [CONNECTIONS SERVERS]      (default: 19000 1, then 100000 6)
# Each takes about 75 s, most of it idle.
set -eu
build=${1:?usage: bench/ws_idle.sh BUILDDIR [CONNECTIONS SERVERS]}
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"

# of_servers FIELD FILE: the sum over the servers of what FILE in /proc says, in KiB.
of_servers()
{
	for p in $servers; do
		sed -n "s/^$1:[[:space:]]*\([0-9]*\) kB/\1/p" "/proc/$p/$2"
	done | awk '{ n += $1 } END { print n + 0 }'
}

# cpu_ms: what the servers have used.
cpu_ms()
{
	for p in $servers; do
		cat "/proc/$p/task/"*/schedstat
	done | awk '{ n += $1 } END { printf "%.0f\n", n / 1e6 }'
}

# kernel_kb: the slabs of the whole machine: sockets, their buffers and inodes, what epoll keeps of them.
kernel_kb()
{
	sed -n 's/^Slab: *\([0-9]*\) kB/\1/p' /proc/meminfo
}

# said WORD: until all clients have.
said()
{
	for i in $(seq "$n_servers"); do
		tries=0
		until grep -q "^$1" "$tmp/out.$i"; do
			tries=$((tries + 1))
			if [ "$tries" -gt 1200 ] || grep -qv asked "$tmp/err.$i"; then
				cat "$tmp/err.$i" >&2
				exit 1
			fi
			sleep 0.05
		done
	done
}

# tell: a line for each client.
tell()
{
	for i in $(seq "$n_servers"); do
		echo >"$tmp/in.$i"
	done
}

# clients TOTAL: that many in all, each client in the background with a FIFO as its input. The first 500 of each are
# open then: what the servers need once is there.
clients()
{
	i=0 left=$1 feeds=
	while [ "$i" -lt "$n_servers" ]; do
		i=$((i + 1))
		share=$((left / (n_servers - i + 1)))
		left=$((left - share))
		mkfifo "$tmp/in.$i"
		"$tmp/idle" "$port" /ws/echo "$share" "127.0.0.$((i + 1))" <"$tmp/in.$i" >"$tmp/out.$i" 2>"$tmp/err.$i" &
		pids="$pids $!"
		loads="$loads $!"
		sleep 1000 >"$tmp/in.$i" &         # keeps the FIFO open
		feeds="$feeds $!"
	done
	pids="$pids $feeds"
	said warm
}

# used SECONDS: percent of one CPU that the servers use meanwhile.
used()
{
	before=$(cpu_ms)
	sleep "$1"
	echo "$before $(cpu_ms) $1" | awk '{ printf "%.2f", ($2 - $1) / $3 / 10 }'
}

servers_up()
{
	servers='' port=0
	while [ "$(echo "$servers" | wc -w)" -lt "$n_servers" ]; do
		rm -f "$tmp/port"
		"$build/mummy-server" --listen "127.0.0.1:$port" --reuse-port --diagnostics --port-file "$tmp/port" \
			>>"$tmp/server.log" 2>&1 &
		servers="$servers $!"
		pids="$pids $!"
		await mummy-server test -s "$tmp/port"
		port=$(head -n 1 "$tmp/port")
	done
}

measure()
{
	total=$1 n_servers=$2 loads=''
	servers_up
	clients "$total"
	sleep 1
	user=$(of_servers Private_Dirty smaps_rollup)
	tables=$(of_servers VmPTE status)
	kernel=$(kernel_kb)
	opening=$(date +%s.%N)
	tell
	said open
	opened=$(echo "$opening $(date +%s.%N)" | awk '{ printf "%.1f", $2 - $1 }')
	sleep 2
	user=$(($(of_servers Private_Dirty smaps_rollup) - user))
	tables=$(($(of_servers VmPTE status) - tables))
	kernel=$(($(kernel_kb) - kernel))
	more=$((total - 500 * n_servers))
	silent=$(used 12)
	sleep 10
	pinged=$(used 35)
	tell
	said '[0-9]'
	echo
	echo "| idle connections: $total, servers: $n_servers | |"
	echo "|---|---|"
	echo "| the last $more opened in | $opened s |"
	echo "$user $tables $more" | awk '{ printf "| user memory of the servers, each | %.0f B, and %.0f B of page tables |\n",
		$1 * 1024 / $3, $2 * 1024 / $3 }'
	echo "$kernel $more" | awk '{ printf "| kernel memory of both ends, each | %.1f KiB |\n", $1 / $2 }'
	echo "| CPU of all servers, silent, 12 s | $silent % of one |"
	echo "| while each was pinged every 30 s and answered, 35 s | $pinged % of one |"
	grep -h '^[0-9]' "$tmp"/out.* | awk '{ e += $1; l += $2; p += $3 } END {
		printf "| every 16th asked: answers right; connections lost; pings answered | %d; %d; %d |\n", e, l, p }'
	for p in $loads $feeds $servers; do
		kill "$p" 2>/dev/null || :
	done
	for p in $loads $servers; do
		wait "$p" 2>/dev/null || :
	done
	rm -f "$tmp"/in.* "$tmp"/out.* "$tmp"/err.*
}

need awk mkfifo
cc -O2 -o "$tmp/idle" "$here/ws_idle.c"
# Clients and servers alike need as many descriptors as are allowed.
# shellcheck disable=SC3045  # dash has it
ulimit -n "$(ulimit -H -n)"
if [ $# -gt 1 ]; then
	measure "$2" "${3:-1}"
else
	measure 19000 1
	measure 100000 6
fi
