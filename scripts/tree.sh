# tree.sh - what scripts/serve and scripts/check share; sourced, with $top set to the source folder.
# shellcheck shell=sh disable=SC2154,SC2034

JOBS=$(nproc 2>/dev/null || echo 2)

# stale FILE: succeeds when FILE is missing or older than what autoreconf makes it from.
stale()
{
	[ -e "$1" ] || return 0
	[ -n "$(find "$top/configure.ac" "$top/Makefile.am" "$top/m4" "$top"/*/Makemodule.am \
		"$top"/tests/*/Makemodule.am -newer "$1" -name '*.a[cm]' -o -newer "$1" -name 'mummy*.m4')" ]
}

# regenerate: makes configure and Makefile.in where they are missing or old.
regenerate()
{
	if stale "$top/configure" || stale "$top/Makefile.in"; then
		(cd "$top" && autoreconf -i)
		touch "$top/configure" "$top/Makefile.in"
	fi
}
