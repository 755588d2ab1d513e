#!/bin/sh
# installcheck.sh - what was installed serves a program: the .pc files, the examples with the shared
# and with the static libraries, the static libraries in any combination.
#
# Runs in the build folder; environment: STAGE (where it is installed), prefix, libdir, includedir,
# pkgconfigdir, top_srcdir, CC, CFLAGS, LDFLAGS, PKG_CONFIG, PARTS.
# shellcheck disable=SC2317,SC2329  # functions are called through says
set -u
top=${top_srcdir:-.}
: "${CC:=cc}" "${CFLAGS:=}" "${LDFLAGS:=}" "${PKG_CONFIG:=pkg-config}" "${PARTS:=http ws upload pool}"
: "${libdir:?}" "${includedir:?}" "${pkgconfigdir:?}" "${STAGE?}"
PKG_CONFIG_PATH=$STAGE$pkgconfigdir${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
PKG_CONFIG_SYSROOT_DIR=$STAGE
LD_LIBRARY_PATH=$STAGE$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR LD_LIBRARY_PATH
[ -n "$STAGE" ] || unset PKG_CONFIG_SYSROOT_DIR
lib=$STAGE$libdir
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
status=0

# says NAME COMMAND...: runs the command and reports it as a test.
says()
{
	name=$1
	shift
	if "$@" > "$work/said" 2>&1; then
		echo "ok - $name"
	else
		echo "not ok - $name: $*"
		cat "$work/said"
		status=1
		return 1
	fi
}

# built PART...: succeeds when all of them are built.
built()
{
	for needed in "$@"; do
		case " $PARTS " in *" $needed "*) ;; *) return 1 ;; esac
	done
}

# packages PART...: their names for pkg-config.
packages()
{
	printf 'libmummy-%s ' "$@"
}

# behind PART...: what their static libraries need, as the .pc files say. Only our libraries are
# linked statically: for others "pkg-config --static" may name what their packages do not bring.
behind()
{
	# shellcheck disable=SC2046  # lists of words
	required=$("$PKG_CONFIG" --print-requires-private $(packages "$@") | sed 's/[ <>=].*//' | sort -u)
	for part in "$@"; do
		sed -n 's/^Libs\.private://p' "$STAGE$pkgconfigdir/libmummy-$part.pc"
	done
	# shellcheck disable=SC2086
	[ -z "$required" ] || "$PKG_CONFIG" --libs $required
}

# others_of EXAMPLE: the packages of other people's headers that it includes.
others_of()
{
	sed -n 's|^#include <uv\.h>.*|libuv|p
		s|^#include <curl/curl\.h>.*|libcurl|p
		s|^#include <hiredis/hiredis\.h>.*|hiredis|p' "$1"
}

# parts_of EXAMPLE: the libraries that its headers belong to.
parts_of()
{
	sed -n 's|^#include <mummy/adapters/\(.*\)-http\.h>.*|\1 http|p
		s|^#include <mummy/poller\.h>.*|http|p
		s|^#include <mummy/\([a-z]*\)[a-z-]*\.h>.*|\1|p' "$1" | tr ' ' '\n' | sort -u | tr '\n' ' '
}

check_pc()
{
	upper=$(echo "$1" | tr '[:lower:]' '[:upper:]')
	version=$(sed -n "s/^#define MUMMY_${upper}_VERSION \"\(.*\)\"/\1/p" "$STAGE$includedir/mummy/$1.h")
	"$PKG_CONFIG" --validate "libmummy-$1" &&
		[ "$("$PKG_CONFIG" --modversion "libmummy-$1")" = "$version" ] &&
		# Who links the shared library links nothing else.
		[ "$("$PKG_CONFIG" --libs-only-l "libmummy-$1" | tr -d ' ')" = "-lmummy-$1" ]
}

# link_all PART...: everything in the static libraries together resolves with what the .pc files
# say, and no name is defined twice.
link_all()
{
	for part in "$@"; do
		echo "const char *mummy_${part}_version(void);"
	done > "$work/all.c"
	echo 'int main(void) { return 0; }' >> "$work/all.c"
	whole=
	for part in "$@"; do
		whole="$whole $lib/libmummy-$part.a"
	done
	# shellcheck disable=SC2046,SC2086  # lists of words
	$CC $CFLAGS $LDFLAGS -o "$work/all" "$work/all.c" -Wl,--whole-archive $whole -Wl,--no-whole-archive \
		$(behind "$@") &&
		"$work/all"
}

combinations()
{
	for a in '' pool; do for b in '' http; do for c in '' ws; do for d in '' upload; do
		combination="$a $b $c $d"
		# shellcheck disable=SC2086
		set -- $combination
		[ $# -gt 0 ] && built "$@" && says "static libraries together: $*" link_all "$@"
	done; done; done; done
}

compile()
{
	kind=$1
	example=$2
	others=$3
	shift 3
	libs=
	if [ "$kind" = static ]; then
		for part in "$@"; do
			libs="$libs $lib/libmummy-$part.a"
		done
		libs="$libs $(behind "$@")"
	fi
	# shellcheck disable=SC2046  # a list of words
	set -- $(packages "$@")
	[ "$kind" = static ] || libs=$("$PKG_CONFIG" --libs "$@")
	# shellcheck disable=SC2086
	[ -z "$others" ] || libs="$libs $("$PKG_CONFIG" --cflags --libs $others)"
	mkdir -p "$work/$kind/run"
	# shellcheck disable=SC2046,SC2086
	$CC $CFLAGS -Wall -Wextra -Werror $("$PKG_CONFIG" --cflags "$@") $LDFLAGS -o "$work/$kind/$example" \
		"$top/examples/$example.c" $libs
}

# tools_of EXAMPLE: the programs that it takes to talk to it; none: our own drive is enough.
tools_of()
{
	case $1 in
	auth|clock|curl|download|form|json) echo curl ;;
	redis) echo curl redis-server redis-cli ;;
	esac
}

# missing PROGRAM...: prints those that are not there.
missing()
{
	for tool in "$@"; do
		command -v "$tool" >/dev/null 2>&1 || printf '%s ' "$tool"
	done
}

run()
{
	if [ -n "$(tools_of "$2")" ]; then
		sh "$top/tests/install/talk.sh" "$work/$1/$2"
	else
		(cd "$work/$1/run" && "$work/drive" "$work/$1/$2")
	fi
}

for part in $PARTS; do
	says "libmummy-$part.pc" check_pc "$part"
done
# shellcheck disable=SC2086
$CC $CFLAGS $LDFLAGS -o "$work/drive" "$top/tests/install/drive.c" || exit 99
for kind in shared static; do
	case $kind in
	shared) [ -e "$lib/libmummy-${PARTS%% *}.so" ] || continue ;;
	static) [ -e "$lib/libmummy-${PARTS%% *}.a" ] || continue; combinations ;;
	esac
	compiled=
	for source in "$top"/examples/*.c; do
		example=${source##*/}
		example=${example%.c}
		parts=$(parts_of "$source")
		parts=${parts% }
		others=$(others_of "$source")
		# shellcheck disable=SC2086
		built $parts || continue
		# shellcheck disable=SC2086
		[ -z "$others" ] || "$PKG_CONFIG" --exists $others || {
			echo "ok - example $example # SKIP $others is not installed"
			continue
		}
		# shellcheck disable=SC2086
		says "example $example compiles with the $kind libraries: $parts" compile $kind "$example" "$others" $parts &&
			compiled="$compiled $example"
	done
	# All are there by now: some need another.
	for example in $compiled; do
		# shellcheck disable=SC2046  # a list of words
		missing=$(missing $(tools_of "$example"))
		[ -z "$missing" ] || {
			echo "ok - example $example works with the $kind libraries # SKIP not installed: $missing"
			continue
		}
		says "example $example works with the $kind libraries" run $kind "$example"
	done
done
exit $status
