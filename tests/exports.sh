#!/bin/sh
# exports.sh - each library exports what its .sym lists, its public headers declare and its man pages
# name, nothing else, needs nothing of the other libraries, and keeps no mutable globals.
#
# Runs in the build folder; environment: top_srcdir, CC, CFLAGS, NM, OBJDUMP, PARTS (the libraries
# that are built).
set -u
top=${top_srcdir:-.}
: "${CC:=cc}" "${NM:=nm}" "${OBJDUMP:=objdump}" "${CFLAGS:=}" "${PARTS:=http ws upload pool}"
case $CFLAGS in
*-fsanitize=*) instrumented=yes ;;
*) instrumented=no ;;
esac
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
status=0

fail()
{
	echo "libmummy-$part: $*"
	status=1
}

# same A B WHAT: the two lists must be equal.
same()
{
	if ! cmp -s "$1" "$2"; then
		fail "$3"
		diff "$1" "$2"
	fi
}

# names_in_sym FILE: the names between "global:" and "local:" of a version script.
names_in_sym()
{
	sed -n '/global:/,/local:/s/^[[:space:]]*\([a-z_0-9]*\);.*/\1/p' "$1" | LC_ALL=C sort
}

# names_in_headers: what the headers declare, the name before the first "(" of each declaration
# that the marker begins.
names_in_headers()
{
	marker=MUMMY_$(echo "$part" | tr '[:lower:]' '[:upper:]')_API
	for header in "$folder"/include/mummy/*.h; do
		# shellcheck disable=SC2086  # CC may hold words
		$CC -E -I"$folder/include" "-D$marker=@EXPORTED@" "$header" || fail "$header does not compile"
	done | grep -v '^#' | tr '\n' ' ' | sed 's/[;{}]/\n/g' | sed -n 's/.*@EXPORTED@//p' |
		sed -n 's/^[^(]*[^a-z_0-9(]\([a-z_0-9]*\)[[:space:]]*(.*/\1/p' | LC_ALL=C sort -u
}

# check_pages: the man pages name all functions, and no others but those of the adapters.
check_pages()
{
	cat "$folder"/man/*.3 | sed -n 's/^\.Fn \([a-z_0-9]*\).*/\1/p' | grep -E "^($prefix)" |
		LC_ALL=C sort -u > "$work/pages"
	if LC_ALL=C comm -23 "$work/sym" "$work/pages" | grep .; then
		fail "no man page names these"
	fi
	LC_ALL=C comm -13 "$work/sym" "$work/pages" > "$work/more"
	while read -r name; do
		grep -qs "[ *]$name(" "$folder"/include/mummy/adapters/*.h || fail "a man page names $name, which is not there"
	done < "$work/more"
}

check_shared()
{
	# Version nodes are listed as absolute symbols.
	$NM -D --defined-only "$1" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' |
		LC_ALL=C sort > "$work/shared"
	same "$work/sym" "$work/shared" "the .sym (<) and what the library exports (>) differ"
	if $NM -D --undefined-only "$1" | grep -E " ($family)_"; then
		fail "needs symbols of another library"
	fi
}

# The static libraries are linked together: whatever is visible carries the library's prefix.
check_static()
{
	$NM -g --defined-only "$1" | awk 'NF == 3 { print $3 }' | LC_ALL=C sort > "$work/defined"
	if $NM -u "$1" | awk '{ print $2 }' | grep -E "^($family)_" | LC_ALL=C sort -u |
			LC_ALL=C comm -23 - "$work/defined" | grep .; then
		fail "needs symbols of another library"
	fi
	[ $instrumented = no ] || return 0
	if grep -v -E "^($prefix|$hidden)" "$work/defined"; then
		fail "global names begin $prefix|$hidden"
	fi
	# Data that is written after the start: .data, .bss and common, not .data.rel.ro.
	if $OBJDUMP -t "$1" |
			grep -E '[[:space:]]O[[:space:]]+(\.data|\.data\.[^r].*|\.bss(\..*)?|\*COM\*)[[:space:]]'; then
		fail "keeps mutable globals"
	fi
}

family='mummy|mhttp|mws|mup|mpool'
for part in $PARTS; do
	folder=$top/libmummy-$part
	case $part in
	http) prefix='mummy_http_|mummy_poller_' hidden=mhttp_ ;;
	ws) prefix=mummy_ws_ hidden=mws_ ;;
	upload) prefix=mummy_upload_ hidden=mup_ ;;
	pool) prefix='mummy_pool_|mummy_task_' hidden=mpool_ ;;
	esac
	names_in_sym "$folder/libmummy-$part.sym" > "$work/sym"
	names_in_headers > "$work/headers"
	[ -s "$work/sym" ] || fail "the .sym lists nothing"
	same "$work/sym" "$work/headers" "the .sym (<) and the public headers (>) differ"
	check_pages
	if grep -v -E "^($prefix)" "$work/sym"; then
		fail "exports begin $prefix"
	fi
	[ ! -e ".libs/libmummy-$part.so" ] || check_shared ".libs/libmummy-$part.so"
	[ ! -e ".libs/libmummy-$part.a" ] || check_static ".libs/libmummy-$part.a"
done
exit $status
