#!/bin/sh
# cplusplus.sh - every public header compiles alone, and all together, as strict C11 and as C++.
#
# environment: top_srcdir, CC, CXX, PARTS (the libraries that are built)
set -u
top=${top_srcdir:-.}
: "${CC:=cc}" "${CXX:=c++}" "${PARTS:=http ws upload pool}"
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
warnings="-Wall -Wextra -Wshadow -Wpointer-arith -Wcast-qual -Werror -pedantic-errors"
includes=
headers=
status=0

for part in $PARTS; do
	includes="$includes -I$top/libmummy-$part/include"
	for header in "$top/libmummy-$part/include/mummy"/*.h; do
		headers="$headers mummy/${header##*/}"
	done
done
case " $PARTS " in *' http '*) with_http=yes ;; *) with_http=no ;; esac
for part in $PARTS; do
	for header in "$top/libmummy-$part/include/mummy/adapters"/*-http.h; do
		[ -e "$header" ] && [ $with_http = yes ] && headers="$headers mummy/adapters/${header##*/}"
	done
done

# compiles WHAT COMPILER...: the file unit.c, with the compiler's words.
compiles()
{
	what=$1
	shift
	# shellcheck disable=SC2086  # lists of words
	if ! "$@" $warnings $includes -fsyntax-only "$work/unit.c"; then
		echo "$what does not compile: $*"
		status=1
	fi
}

# both WHAT: unit.c as C and, where there is a C++ compiler, as C++.
both()
{
	# shellcheck disable=SC2086  # CC and CXX may hold words
	compiles "$1" $CC -std=c11 -D_POSIX_C_SOURCE=200809L
	[ $with_cxx = yes ] || return 0
	for standard in c++11 c++20; do
		# shellcheck disable=SC2086
		compiles "$1" $CXX -x c++ -std=$standard
	done
}

with_cxx=no
# shellcheck disable=SC2086
if echo 'int main() { return 0; }' | $CXX -x c++ -fsyntax-only - 2>/dev/null; then
	with_cxx=yes
fi
for header in $headers; do
	echo "#include <$header>" > "$work/unit.c"
	both "$header"
done
for header in $headers $headers; do
	echo "#include <$header>"
done > "$work/unit.c"
both "all headers together, twice"
[ $status -ne 0 ] || [ $with_cxx = yes ] || exit 77
exit $status
