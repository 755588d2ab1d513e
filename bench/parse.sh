#!/bin/sh
# Request heads: the parser in each of its variants against picohttpparser, alternated in one process, and
# instructions per head as valgrind counts them.
# usage: [PEERS=DIR] bench/parse.sh BUILDDIR      (bench/PEERS.md says what DIR holds)
set -eu
build=${1:?usage: bench/parse.sh BUILDDIR}
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"
need taskset

set --
peer=${PEERS:-}/picohttpparser/picohttpparser.c
if [ -e "$peer" ]; then
	if [ "$(uname -m)" = x86_64 ]; then
		cc -O2 -msse4.2 -shared -fPIC -o "$tmp/picohttpparser-O2-msse4.2" "$peer"
		set -- "$tmp/picohttpparser-O2-msse4.2"
	fi
	cc -O2 -shared -fPIC -o "$tmp/picohttpparser-O2" "$peer"
	set -- "$@" "$tmp/picohttpparser-O2"
fi
taskset -c 0 "$build/bench/parse" "$@" | sed "s,$tmp/,,"
[ $# -gt 0 ] || echo "
picohttpparser: not measured (PEERS is not set)"

instructions() { # VARIANT HEADS N: all that the program takes
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$build/bench/parse" --count "$@" 2>&1 |
		sed -n 's/.*Collected : //p'
}

command -v valgrind >/dev/null || { echo "instructions: not measured (valgrind is missing)"; exit 0; }
echo
echo "| variant | instructions a head, browser | mix |"
echo "|---|---|---|"
for variant in avx2 sse2 neon portable; do
	grep -q "^| $variant " <<-EOF || continue
	$("$build/bench/parse" --list)
	EOF
	row="| $variant"
	for heads in browser mix; do
		some=$(instructions "$variant" "$heads" 256)
		more=$(instructions "$variant" "$heads" 2816)
		row="$row | $(((more - some) / 2560))"
	done
	echo "$row |"
done
