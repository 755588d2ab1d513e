#!/bin/sh
# embed.sh FILE... - writes C that holds the files, as page.h declares them. POSIX tools only.
set -e
LC_ALL=C
export LC_ALL

media_type()
{
	case $1 in
	*.html) echo 'text/html; charset=utf-8' ;;
	*.js) echo 'text/javascript; charset=utf-8' ;;
	*.css) echo 'text/css; charset=utf-8' ;;
	*.svg) echo 'image/svg+xml' ;;
	*) echo "embed.sh: $1: no media type for this ending" >&2; return 1 ;;
	esac
}

echo '/* Made by embed.sh. */'
echo '#include <config.h>'
echo '#include "page.h"'
i=0
for file do
	echo "static const unsigned char data${i}[] = {"
	od -An -v -tx1 "$file" | sed 's/ *\([0-9a-f][0-9a-f]\)/0x\1,/g'
	echo '};'
	i=$((i + 1))
done
echo 'const struct page_file page_files[] = {'
i=0
for file do
	type=$(media_type "$file")
	sum=$(cksum <"$file" | tr -s ' ' '-')
	echo "	{ \"${file##*/}\", \"$type\", \"\\\"${sum%-}\\\"\", data$i, sizeof data$i },"
	i=$((i + 1))
done
echo '};'
echo 'const size_t page_nfiles = sizeof page_files / sizeof page_files[0];'
