#!/bin/sh
# style.sh - shell scripts and manual pages without complaints.
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
exit $status
