#!/bin/sh
# alone.sh - a library that was installed by itself serves a program that uses only it.
#
# usage: alone.sh SOURCES PART PREFIX [COMPILER]
#
# PREFIX holds nothing but the library. What it may link is the table of doc/ARCHITECTURE.md.
set -u
top=$1 part=$2 prefix=$3 cc=${4:-cc}
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
PKG_CONFIG_PATH=$prefix/lib/pkgconfig
LD_LIBRARY_PATH=$prefix/lib
export PKG_CONFIG_PATH LD_LIBRARY_PATH
status=0

says()
{
	if [ "$1" -eq 0 ]; then
		echo "ok - libmummy-$part alone: $2"
	else
		echo "not ok - libmummy-$part alone: $2"
		status=1
	fi
}

# needed FILE: the libraries that it names, without libc and threads.
needed()
{
	objdump -p "$1" | sed -n 's/^ *NEEDED *//p' | grep -v -E '^(libc|libpthread|libatomic)\.so|^ld-linux'
}

# loaded PROGRAM: the libraries that the loader brings, without those of every program.
loaded()
{
	ldd "$1" | sed 's/^[[:space:]]*//; s/ .*//; s|.*/||' |
		grep -v -E '^(linux-vdso|linux-gate|ld-linux.*|libc|libpthread|libatomic)\.so' | sort
}

case $part in
http) allowed='libz' ;;
ws) allowed='libgnutls libz' ;;
upload) allowed='libgnutls' ;;
pool) allowed='' ;;
esac

find "$prefix" -name '*mummy*' ! -name "*libmummy-$part*" ! -name 'mummy*.3' ! -path '*/mummy' \
	! -path '*/doc/mummy' > "$work/foreign"
[ ! -s "$work/foreign" ]
says $? "its prefix holds nothing of another library"
cat "$work/foreign"

# shellcheck disable=SC2046  # lists of words
"$cc" -std=c11 -Wall -Wextra -Werror -o "$work/program" "$top/tests/alone/$part.c" \
	$(pkg-config --cflags --libs "libmummy-$part")
says $? "a program of $(wc -l < "$top/tests/alone/$part.c") lines compiles"
"$work/program"
says $? "and runs"

pattern=$(echo "libmummy-$part $allowed" | sed 's/  *$//; s/ /|/g')
needed "$prefix/lib/libmummy-$part.so" | grep -v -E "^($pattern)\.so" > "$work/beyond"
[ ! -s "$work/beyond" ]
says $? "it links nothing but libc, threads and: ${allowed:-nothing}"
cat "$work/beyond"

# What the allowed libraries bring themselves is theirs.
for name in $allowed; do
	file=$(ldd "$work/program" | sed -n "s/^[[:space:]]*$name\.so[^ ]* => \([^ ]*\) .*/\1/p")
	[ -z "$file" ] || loaded "$file"
done | sort -u > "$work/theirs"
loaded "$work/program" | grep -v -E "^($pattern)\.so" | sort -u | comm -23 - "$work/theirs" > "$work/beyond"
[ ! -s "$work/beyond" ]
says $? "the program loads nothing else"
cat "$work/beyond"
exit $status
