#!/bin/sh
# libmummy-ws against its peers: frames and UTF-8 in memory.
# usage: bench/ws.sh BUILDDIR [ROUNDS]
set -eu
build=${1:?usage: bench/ws.sh BUILDDIR [ROUNDS]}
rounds=${2:-5}
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"
need taskset pkg-config

# shellcheck disable=SC2046  # the flags are words
set -- $(pkg-config --libs gnutls zlib)
if pkg-config --exists libwslay; then
	set -- -DHAVE_WSLAY "$@" -lwslay
fi
cc -O2 -I"$build" -I"$here/../libmummy-ws/include" -I"$here/../libmummy-ws/src" -o "$tmp/codec" \
	"$here/ws_codec.c" "$build/.libs/libmummy-ws-objs.a" "$@" -pthread
taskset -c 0 "$tmp/codec" "$rounds"
