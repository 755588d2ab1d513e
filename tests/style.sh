#!/bin/sh
# style.sh - shell scripts and manual pages without complaints, and the libraries' code within its columns.
#
# usage: style.sh SOURCES
set -u
cd "$1" || exit 99
status=0

# sources: the files that belong to the sources.
sources()
{
	if [ -e .git ] && command -v git >/dev/null; then
		git -c safe.directory='*' ls-files
	else
		find . \( -name build -o -name build-aux -o -name autom4te.cache -o -name node_modules \
			-o -name .git \) -prune -o -type f ! -name configure ! -name 'configure~' -print | sed 's|^\./||'
	fi
}

# scripts: the files that begin as shell scripts, and what they source.
scripts()
{
	sources | while read -r file; do
		case $file in
		*.sh) echo "$file" ;;
		*.c|*.h|*.py|*.js|*.md|*.json) ;;
		*) head -n 1 "$file" 2>/dev/null | grep -q '^#!/bin/\(ba\|da\)\{0,1\}sh' && echo "$file" ;;
		esac
	done
}

says()
{
	if [ "$1" -eq 0 ]; then
		echo "ok - $2"
	else
		echo "not ok - $2"
		status=1
	fi
}

for file in $(scripts); do
	shellcheck -x -P SCRIPTDIR -P . "$file"
	says $? "shellcheck $file"
done
for file in $(sources | grep '\.[1-8]$'); do
	said=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 groff -mandoc -Tutf8 -ww -b -z "$file" 2>&1)
	[ -z "$said" ]
	says $? "manual page $file"
	[ -z "$said" ] || echo "$said"
done

# Columns, with tabs of 8: of the libraries' sources. Octets are counted, which for them are characters.
wide=$(sources | grep '^libmummy-[a-z]*/src/.*\.c$' | while read -r file; do
	expand "$file" | LC_ALL=C awk -v file="$file" 'length($0) > 110 { print file ":" NR ": " length($0) " columns" }'
done)
[ -z "$wide" ]
says $? "lines of at most 110 columns"
[ -z "$wide" ] || echo "$wide"
exit $status
