#include <config.h>
#include "suite.h"
#include "files.h"

START_TEST(extensions_have_types)
{
	static const struct {
		const char *name, *type;
	} cases[] = {
	    {"a.html", "text/html; charset=utf-8"},
	    {"A.HTM", "text/html; charset=utf-8"},
	    {"a.tar.gz", "application/gzip"},
	    {"a.7z", "application/x-7z-compressed"},
	    {"a.zst", "application/zstd"},
	    {"a.Js", "text/javascript; charset=utf-8"},
	    {"a.webmanifest", "application/manifest+json"},
	    {"a.webp", "image/webp"},
	    {"a.svg", "image/svg+xml"},
	    {"a.wasm", "application/wasm"},
	    {"a.mp4", "video/mp4"},
	    {"a.txt", "text/plain; charset=utf-8"},
	    {"a", "application/octet-stream"},
	    {"a.", "application/octet-stream"},
	    {"", "application/octet-stream"},
	    {"html", "application/octet-stream"},
	    {"a.htmlx", "application/octet-stream"},
	    {"a.ht", "application/octet-stream"},
	    {"a.\303\244", "application/octet-stream"},
	    {"a.webmanifestx", "application/octet-stream"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		ck_assert_msg(!strcmp(mhttp_files_type(cases[i].name), cases[i].type), "%s: %s",
			      cases[i].name, mhttp_files_type(cases[i].name));
}
END_TEST

/* The table must be sorted: every one of these is found only then. */
START_TEST(every_extension_is_found)
{
	static const char *const all[] = {
	    "7z",   "aac",  "apng",  "atom",  "avif",   "bmp",  "bz2", "css",  "csv",  "doc",
	    "docx", "eot",  "epub",  "flac",  "gif",    "gz",   "htm", "html", "ico",  "ics",
	    "jpeg", "jpg",  "js",    "json",  "jsonld", "jxl",  "m4a", "map",  "md",   "mid",
	    "mjs",  "mp3",  "mp4",   "mpeg",  "odp",    "ods",  "odt", "oga",  "ogg",  "ogv",
	    "opus", "otf",  "pdf",   "png",   "ppt",    "pptx", "rss", "rtf",  "svg",  "tar",
	    "tif",  "tiff", "ttf",   "txt",   "vtt",    "wasm", "wav", "weba", "webm", "webmanifest",
	    "webp", "woff", "woff2", "xhtml", "xls",    "xlsx", "xml", "xz",   "zip",  "zst",
	};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		char name[32];

		snprintf(name, sizeof name, "a.%s", all[i]);
		ck_assert_msg(strcmp(mhttp_files_type(name), "application/octet-stream"), "%s", name);
	}
}
END_TEST

SUITE_MAIN("http/files_type", extensions_have_types, every_extension_is_found)
