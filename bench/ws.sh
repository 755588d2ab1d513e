#!/bin/sh
# libmummy-ws against its peers: frames and UTF-8 in memory; echo, with compression too, broadcast and the memory
# of an idle connection over loopback, server on core 0, load on core 1. Rivals take turns within a run; a peer
# that can't be had here is "not measured" (scripts/deps bench installs libwslay and libwebsockets).
# usage: [NODE_PATH=DIR] [PEERS=DIR] bench/ws.sh BUILDDIR [ROUNDS] [codec|echo|deflate|broadcast|idle|count]...
# NODE_PATH holds the npm module ws (scripts/check interop puts it into build/check/node/node_modules).
set -eu
build=${1:?usage: bench/ws.sh BUILDDIR [ROUNDS] [codec|echo|deflate|broadcast|idle|count]...}
rounds=${2:-5}
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"
need taskset pkg-config
if [ $# -gt 2 ]; then shift 2; else set -- codec echo deflate broadcast idle count; fi
[ -n "${NODE_PATH:-}" ] || NODE_PATH=$here/../build/check/node/node_modules
export NODE_PATH
include="-I$here/../libmummy-http/include -I$here/../libmummy-ws/include"

# build_all: what is measured, and the peers that are here.
build_all()
{
	flags=$(pkg-config --libs gnutls zlib)
	wslay=
	pkg-config --exists libwslay && wslay="-DHAVE_WSLAY -lwslay"
	# shellcheck disable=SC2086  # lists of words
	{
		cc -O2 -I"$build" $include -I"$here/../libmummy-ws/src" -o "$tmp/codec" "$here/ws_codec.c" \
			"$build/.libs/libmummy-ws-objs.a" $flags $wslay -pthread
		cc -O2 $include -o "$tmp/ours" "$here/ws_server.c" "$build/.libs/libmummy-ws.a" \
			"$build/.libs/libmummy-http.a" $flags -pthread
		cc -O2 -o "$tmp/load" "$here/ws_load.c" -lz
	}
	cc -O2 -o "$tmp/lws" "$here/ws_lws.c" -lwebsockets 2>"$tmp/lws.log" || rm -f "$tmp/lws"
}

# start PEER [deflate]: sets port and pid; false: it is not here.
start()
{
	case $1 in
	ours) set -- "$tmp/ours" ;;
	lws) [ -x "$tmp/lws" ] || return 1; set -- "$tmp/lws" $((20000 + $$ % 10000)) ${2:+"$2"} ;;
	node) [ -d "$NODE_PATH/ws" ] || return 1; set -- node "$here/ws_node.js" ${2:+"$2"} ;;
	uws) [ -x "${PEERS:-}/uWebSockets/ws_server" ] || return 1; set -- "$PEERS/uWebSockets/ws_server" ${2:+"$2"} ;;
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
	alternate "echo 125 B, 16 connections, 1 in flight" /echo "" "ours uws lws node" echo 16 1 125 1
	alternate "echo 125 B, 1 connection, 16 in flight" /echo "" "ours uws lws node" echo 1 16 125 1
	alternate "echo 16 KiB, 1 connection, 16 in flight" /echo "" "ours uws lws node" echo 1 16 16384 1
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

# instructions IN-FLIGHT MESSAGES: of the whole server in user mode, as valgrind counts them.
instructions()
{
	rm -f "$tmp/port"
	valgrind --tool=callgrind --callgrind-out-file="$tmp/callgrind" "$tmp/ours" >"$tmp/port" 2>"$tmp/valgrind.log" &
	pid=$!
	await valgrind test -s "$tmp/port"
	"$tmp/load" "$(head -n 1 "$tmp/port")" /echo "$pid" count 1 "$1" 125 "$2" >/dev/null
	kill -TERM "$pid"
	wait "$pid" 2>/dev/null || :
	sed -n 's/.*Collected : //p' "$tmp/valgrind.log"
}

# Two runs that differ in nothing but their length.
measure_count()
{
	if ! command -v valgrind >/dev/null; then
		echo "instructions a message: not measured (valgrind is missing)"
		return 0
	fi
	echo
	echo "| echo 125 B, in flight | user instructions a message |"
	echo "|---|---|"
	for inflight in 1 16; do
		echo "| $inflight | $((($(instructions $inflight 6400) - $(instructions $inflight 1600)) / 4800)) |"
	done
}

build_all
for what; do
	"measure_$what"
done
