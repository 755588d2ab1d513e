#include <config.h>
#include <string.h>
#include "files.h"

/* Sorted by extension. Text is taken to be UTF-8. */
static const struct {
	char extension[12];
	const char *type;
} types[] = {
	{"7z", "application/x-7z-compressed"},
	{"aac", "audio/aac"},
	{"apng", "image/apng"},
	{"atom", "application/atom+xml"},
	{"avif", "image/avif"},
	{"bmp", "image/bmp"},
	{"bz2", "application/x-bzip2"},
	{"css", "text/css; charset=utf-8"},
	{"csv", "text/csv; charset=utf-8"},
	{"doc", "application/msword"},
	{"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
	{"eot", "application/vnd.ms-fontobject"},
	{"epub", "application/epub+zip"},
	{"flac", "audio/flac"},
	{"gif", "image/gif"},
	{"gz", "application/gzip"},
	{"htm", "text/html; charset=utf-8"},
	{"html", "text/html; charset=utf-8"},
	{"ico", "image/vnd.microsoft.icon"},
	{"ics", "text/calendar; charset=utf-8"},
	{"jpeg", "image/jpeg"},
	{"jpg", "image/jpeg"},
	{"js", "text/javascript; charset=utf-8"},
	{"json", "application/json"},
	{"jsonld", "application/ld+json"},
	{"jxl", "image/jxl"},
	{"m4a", "audio/mp4"},
	{"map", "application/json"},
	{"md", "text/markdown; charset=utf-8"},
	{"mid", "audio/midi"},
	{"mjs", "text/javascript; charset=utf-8"},
	{"mp3", "audio/mpeg"},
	{"mp4", "video/mp4"},
	{"mpeg", "video/mpeg"},
	{"odp", "application/vnd.oasis.opendocument.presentation"},
	{"ods", "application/vnd.oasis.opendocument.spreadsheet"},
	{"odt", "application/vnd.oasis.opendocument.text"},
	{"oga", "audio/ogg"},
	{"ogg", "audio/ogg"},
	{"ogv", "video/ogg"},
	{"opus", "audio/ogg"},
	{"otf", "font/otf"},
	{"pdf", "application/pdf"},
	{"png", "image/png"},
	{"ppt", "application/vnd.ms-powerpoint"},
	{"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
	{"rss", "application/rss+xml"},
	{"rtf", "application/rtf"},
	{"svg", "image/svg+xml"},
	{"tar", "application/x-tar"},
	{"tif", "image/tiff"},
	{"tiff", "image/tiff"},
	{"ttf", "font/ttf"},
	{"txt", "text/plain; charset=utf-8"},
	{"vtt", "text/vtt; charset=utf-8"},
	{"wasm", "application/wasm"},
	{"wav", "audio/wav"},
	{"weba", "audio/webm"},
	{"webm", "video/webm"},
	{"webmanifest", "application/manifest+json"},
	{"webp", "image/webp"},
	{"woff", "font/woff"},
	{"woff2", "font/woff2"},
	{"xhtml", "application/xhtml+xml"},
	{"xls", "application/vnd.ms-excel"},
	{"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
	{"xml", "application/xml"},
	{"xz", "application/x-xz"},
	{"zip", "application/zip"},
	{"zst", "application/zstd"},
};

/* Orders an extension in any case of letters against one in lower case. */
static int compare(const char *extension, const char *lower)
{
	for (;; extension++, lower++) {
		int c = (unsigned char)*extension;

		if (c >= 'A' && c <= 'Z')
			c += 32;
		if (c != (unsigned char)*lower || c == '\0')
			return c - (unsigned char)*lower;
	}
}

_Static_assert(sizeof types[0].extension > sizeof "webmanifest" - 1, "an extension ends with NUL");

const char *mhttp_files_type(const char *name)
{
	const char *dot = strrchr(name, '.');
	size_t low = 0, high = sizeof types / sizeof types[0];

	while (dot && dot[1] && low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(dot + 1, types[middle].extension);

		if (order == 0)
			return types[middle].type;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return "application/octet-stream";
}
