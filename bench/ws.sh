#!/bin/sh
# libmummy-ws against its peers: frames and UTF-8 in memory; echo, with compression too, broadcast and the memory
# of an idle connection over loopback, server on core 0, load on core 1. Rivals take turns within a run; a peer
# that can't be had here is "not measured" (scripts/deps bench installs libwslay and libwebsockets).
# usage: [NODE_PATH=DIR] [PEERS=DIR] bench/ws.sh BUILDDIR [ROUNDS] [codec|echo|deflate|broadcast|idle|count|calls]...
# NODE_PATH holds the npm module ws (scripts/check interop puts it into build/check/node/node_modules).
set -eu
build=${1:?usage: bench/ws.sh BUILDDIR [ROUNDS] [codec|echo|deflate|broadcast|idle|count|calls]...}
rounds=${2:-5}
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"
need taskset pkg-config
if [ $# -gt 2 ]; then shift 2; else set -- codec echo deflate broadcast idle count calls; fi
[ -n "${NODE_PATH:-}" ] || NODE_PATH=$here/../build/check/node/node_modules
export NODE_PATH
include="-I$here/../libmummy-http/include -I$here/../libmummy-ws/include"

# build_uws: uWebSockets as its own Makefile builds it, without TLS; into PEERS, as it takes a while.
build_uws()
{
	[ -d "${PEERS:-}/uWebSockets/src" ] && [ -d "$PEERS/uSockets/src" ] || return 0
	include_uws="-I$PEERS/uWebSockets/src -I$PEERS/uSockets/src"
	# Not quite native: valgrind knows no AVX-512.
	case $(uname -m) in x86_64) fast=x86-64-v3 ;; *) fast=native ;; esac
	fast="-O3 -march=$fast -DLIBUS_NO_SSL"
	uws="-DHAVE_UWS $PEERS/ws_codec_uws.o -lstdc++"
	# shellcheck disable=SC2086  # lists of words
	if [ ! -x "$PEERS/ws_uws" ] || [ -n "$(find "$here/ws_uws.cc" -newer "$PEERS/ws_uws")" ]; then
		for f in bsd context loop socket udp eventing/epoll_kqueue; do
			cc $fast -flto=auto $include_uws -c -o "$tmp/uws_${f##*/}.o" "$PEERS/uSockets/src/$f.c"
		done
		c++ -std=c++20 $fast -flto=auto $include_uws -o "$PEERS/ws_uws" "$here/ws_uws.cc" "$tmp"/uws_*.o -lz
	fi
	# shellcheck disable=SC2086
	c++ -std=c++20 $fast $include_uws -c -o "$PEERS/ws_codec_uws.o" "$here/ws_codec_uws.cc"
}

# build_all: what is measured, and the peers that are here.
build_all()
{
	flags=$(pkg-config --libs gnutls zlib)
	wslay='' uws=''
	build_uws
	# Debian's package has no file for pkg-config.
	echo '#include <wslay/wslay.h>' | cc -E - >/dev/null 2>&1 && wslay="-DHAVE_WSLAY -lwslay"
	# shellcheck disable=SC2086  # lists of words
	{
		cc -O2 -I"$build" $include -I"$here/../libmummy-ws/src" -o "$tmp/codec" "$here/ws_codec.c" \
			"$build/.libs/libmummy-ws-objs.a" $flags $wslay $uws -pthread
		cc -O2 $include -o "$tmp/ours" "$here/ws_server.c" "$build/.libs/libmummy-ws.a" \
			"$build/.libs/libmummy-http.a" $flags -pthread
		cc -O2 -o "$tmp/load" "$here/ws_load.c" -lz
		cc -O2 -o "$tmp/bare" "$here/ws_bare.c"
	}
	cc -O2 -o "$tmp/lws" "$here/ws_lws.c" -lwebsockets 2>"$tmp/lws.log" || rm -f "$tmp/lws"
}

# start PEER [deflate]: sets port and pid; false: it is not here.
start()
{
	case $1 in
	ours) set -- "$tmp/ours" ;;
	bare) set -- "$tmp/bare" ;;
	lws) [ -x "$tmp/lws" ] || return 1; set -- "$tmp/lws" $((20000 + $$ % 10000)) ${2:+"$2"} ;;
	node) [ -d "$NODE_PATH/ws" ] || return 1; set -- node "$here/ws_node.js" ${2:+"$2"} ;;
	uws) [ -x "${PEERS:-}/ws_uws" ] || return 1; set -- "$PEERS/ws_uws" ;;
	esac
	rm -f "$tmp/port"
	taskset -c 0 "$@" >"$tmp/port" 2>"$tmp/server.log" &
	pid=$!
	await "$1" test -s "$tmp/port"
	port=$(head -n 1 "$tmp/port")
}

end()
{
	kill "$pid"
	wait "$pid" 2>/dev/null || :
}

peer_name()
{
	case $1 in
	ours) echo libmummy-ws ;;
	bare) echo "nothing of the protocol" ;;
	lws) echo libwebsockets ;;
	node) echo "ws on Node" ;;
	uws) echo uWebSockets ;;
	esac
}

# alternate TITLE PATH DEFLATE PEERS LOAD...: a table of us of CPU time a message.
alternate()
{
	title=$1 path=$2 deflate=$3 peers=$4
	shift 4
	rm -f "$tmp"/row.*
	i=0
	while [ "$i" -lt "$rounds" ]; do
		for peer in $peers; do
			start "$peer" "$deflate" || continue
			taskset -c 1 "$tmp/load" "$port" "$path" "$pid" "$@" >>"$tmp/row.$peer" || :
			end
		done
		i=$((i + 1))
	done
	echo
	echo "| $title | server CPU us a message | messages/s | octets a message | p99 ms |"
	echo "|---|---|---|---|---|"
	for peer in $peers; do
		if [ -s "$tmp/row.$peer" ]; then
			echo "| $(peer_name "$peer") | $(median "$tmp/row.$peer" 2) | $(median "$tmp/row.$peer" 1) |" \
				"$(value "$tmp/row.$peer" 3) | $(median "$tmp/row.$peer" 5) |"
		else
			echo "| $(peer_name "$peer") | not measured | | | |"
		fi
	done
}

measure_codec()
{
	taskset -c 0 "$tmp/codec" "$rounds"
}

measure_echo()
{
	alternate "echo 125 B, 16 connections, 1 in flight" /echo "" "ours uws bare lws node" echo 16 1 125 1
	alternate "echo 125 B, 1 connection, 16 in flight" /echo "" "ours uws bare lws node" echo 1 16 125 1
	alternate "echo 16 KiB, 1 connection, 16 in flight" /echo "" "ours uws bare lws node" echo 1 16 16384 1
}

measure_deflate()
{
	alternate "deflate echo 1 KiB, 16 connections, 1 in flight" /deflate deflate "ours uws lws node" \
		deflate 16 1 1024 1
}

measure_broadcast()
{
	alternate "broadcast of 125 B to 1,000, 16 in flight" /publish "" "ours uws node" broadcast 1000 16 125 2
}

measure_idle()
{
	echo
	echo "| private memory of an idle connection | after the handshake, octets | after a message of 1 MiB |"
	echo "|---|---|---|"
	for peer in ours uws lws node; do
		if start "$peer" ""; then
			figures=$(taskset -c 1 "$tmp/load" "$port" /echo "$pid" idle 5000) || figures="failed failed"
			end
			echo "| $(peer_name "$peer") | ${figures% *} | ${figures#* } |"
		else
			echo "| $(peer_name "$peer") | not measured | |"
		fi
	done
}

# program PEER: what is counted.
program()
{
	case $1 in
	ours) echo "$tmp/ours" ;;
	uws) echo "${PEERS:-}/ws_uws" ;;
	esac
}

# counted PEER TOOL... -- IN-FLIGHT MESSAGES: runs the server under the tool, and so many messages of 125 B.
counted()
{
	server=$(program "$1")
	shift
	wrapper=
	while [ "$1" != -- ]; do
		wrapper="$wrapper $1"
		shift
	done
	rm -f "$tmp/port"
	# shellcheck disable=SC2086  # a list of words
	$wrapper "$server" >"$tmp/port" 2>"$tmp/counted.log" &
	pid=$!
	await "$server" test -s "$tmp/port"
	"$tmp/load" "$(head -n 1 "$tmp/port")" /echo "$pid" count 1 "$2" 125 "$3" >/dev/null
	# A tool that runs the server as its child passes no signal on.
	children=$(cat "/proc/$pid/task/$pid/children")
	# shellcheck disable=SC2086
	kill -TERM ${children:-$pid}
	wait "$pid" 2>/dev/null || :
}

# instructions PEER IN-FLIGHT MESSAGES: of the whole server in user mode, as valgrind counts them.
instructions()
{
	counted "$1" valgrind --tool=callgrind --callgrind-out-file="$tmp/callgrind" -- "$2" "$3"
	sed -n 's/.*Collected : //p' "$tmp/counted.log"
}

# system_calls PEER IN-FLIGHT MESSAGES: of the whole server, as strace counts them.
system_calls()
{
	counted "$1" strace -f -c -U calls,name -o "$tmp/strace" -- "$2" "$3"
	awk '$1 + 0 == $1 && $2 != "total" { n += $1 } END { print n }' "$tmp/strace"
}

# a_message COUNT UNITS PEER IN-FLIGHT: from two runs that differ in nothing but their length.
a_message()
{
	long=$("$1" "$3" "$4" 6400)
	short=$("$1" "$3" "$4" 1600)
	echo "$long $short $2" | awk '{ printf "%.*f\n", $3, ($1 - $2) / 4800 }'
}

# table_of_counts TOOL WHAT COUNT DIGITS
table_of_counts()
{
	if ! command -v "$1" >/dev/null; then
		echo "$2: not measured ($1 is missing)"
		return 0
	fi
	echo
	echo "| echo 125 B | $2 a message, 1 in flight | 16 in flight |"
	echo "|---|---|---|"
	for peer in ours uws; do
		if [ -x "$(program $peer)" ]; then
			echo "| $(peer_name $peer) | $(a_message "$3" "$4" $peer 1) | $(a_message "$3" "$4" $peer 16) |"
		else
			echo "| $(peer_name $peer) | not measured | |"
		fi
	done
}

measure_count()
{
	table_of_counts valgrind "user instructions" instructions 0
}

measure_calls()
{
	table_of_counts strace "system calls" system_calls 3
}

build_all
for what; do
	"measure_$what"
done
