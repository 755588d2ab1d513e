/*
 * parse - request heads through libmummy-http's parser, in each variant, and through shared objects of
 * picohttpparser (phr_parse_request) where they are given.
 *
 *     parse [SHARED-OBJECT...]               nanoseconds per head, rivals alternated, as Markdown
 *     parse --list                           the variants that run here
 *     parse --count VARIANT HEADS N          parses N heads, for instruction counts by valgrind
 *
 * Two sets of heads: one of a browser, 15 fields; and a mix of 256.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "parse.h"
#include "scanner.h"

enum { MIX = 256, FIELDS = 64, ROUNDS = 15, PER_ROUND = 40000, RIVALS = 8 };

struct text { char *p; size_t n; };
struct heads { const char *name; struct text *head; unsigned n; };

static const char browser[] =
    "GET /shop/catalogue/garden/benches?colour=green&sort=price&page=3 HTTP/1.1\r\n"
    "Host: www.shop.example.com\r\n"
    "Connection: keep-alive\r\n"
    "Cache-Control: max-age=0\r\n"
    "sec-ch-ua: \"Chromium\";v=\"124\", \"Google Chrome\";v=\"124\", \"Not-A.Brand\";v=\"99\"\r\n"
    "sec-ch-ua-mobile: ?0\r\n"
    "sec-ch-ua-platform: \"Linux\"\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 "
    "Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Sec-Fetch-User: ?1\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Accept-Language: de-DE,de;q=0.9,en;q=0.8\r\n"
    "Cookie: session=0a1b2c3d4e5f60718293a4b5c6d7e8f9; theme=dark; seen=1\r\n"
    "\r\n";

static const char *const targets[] = {
    "/", "/index.html", "/api/v1/users/1742", "/assets/js/application-5f2c9d.js", "/search?q=parser+speed&page=2",
    "/images/2024/summer/IMG_20240713_181502.jpg", "/api/v2/orders/8812/items?expand=product,price&limit=50",
};
static const char *const fields[] = {
    "Accept: */*", "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept: application/json, text/plain, */*", "Accept-Language: en-GB,en;q=0.5",
    "Accept-Encoding: gzip, deflate, br, zstd", "Connection: keep-alive",
    "Referer: https://www.example.org/some/where/else?with=a&query=string", "DNT: 1",
    "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZSBhbmQgYSBsb25nZXIgcGFzc3dvcmQ=",
    "User-Agent: Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:125.0) Gecko/20100101 Firefox/125.0",
    "Authorization: Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmN",
    "X-Forwarded-For: 203.0.113.195, 198.51.100.17", "X-Request-ID: 7b92c1f0-33a1-4f0e-9d3b-6a5e1c0d2f44",
    "If-None-Match: \"6d82cbb050ddc7fa9cbb659014546e59\"", "Cache-Control: no-cache", "Sec-Fetch-Dest: empty",
    "If-Modified-Since: Sat, 29 Oct 1994 19:43:31 GMT", "Priority: u=1, i",
    "Cookie: _ga=GA1.2.1234567890.1700000000; _gid=GA1.2.987654321.1700000001; csrftoken=h3Jk29slAAz0; "
    "preferences=eyJ0aGVtZSI6ImRhcmsiLCJsYW5nIjoiZW4tR0IiLCJ6b25lIjoiRXVyb3BlL0xvbmRvbiJ9; consent=analytics%3D0",
    "Origin: https://www.example.org", "Content-Type: application/json", "Range: bytes=0-",
};

/* Of 6 to 14 fields that differ, with Host somewhere among them. */
static struct text mixed(unsigned i)
{
	enum { N = sizeof fields / sizeof fields[0] };
	char text[4096];
	unsigned n = 6 + i % 9, at = i * 7 % N, host = i % n;
	int used = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n", targets[i % (sizeof targets / sizeof *targets)]);
	struct text out;

	for (unsigned k = 0; k < n; k++, at = (at + 3) % N)
		used += snprintf(text + used, sizeof text - (size_t)used, "%s%s\r\n",
				 k == host ? "Host: www.example.org\r\n" : "", fields[at]);
	used += snprintf(text + used, sizeof text - (size_t)used, "\r\n");
	out.n = (size_t)used;
	out.p = malloc(out.n);
	if (!out.p)
		exit(1);
	memcpy(out.p, text, out.n);
	return out;
}

/* ---- Rivals ----------------------------------------------------------------------------------- */

struct phr_header { const char *name; size_t name_len; const char *value; size_t value_len; };
typedef int phr_fn(const char *, size_t, const char **, size_t *, const char **, size_t *, int *,
		   struct phr_header *, size_t *, size_t);
struct rival { const char *name; const struct mhttp_scanner *scanner; phr_fn *phr; };

static int parse_ours(const struct rival *r, const struct text *t)
{
	static struct mummy_http_field room[FIELDS];
	static struct mummy_http_head h = {.fields = room, .max_fields = FIELDS};

	return r->scanner ? mhttp_parse_request(r->scanner, &h, t->p, t->n)
			  : mummy_http_parse_request(&h, t->p, t->n);
}

static int parse_phr(const struct rival *r, const struct text *t)
{
	struct phr_header room[FIELDS];
	const char *method, *path;
	size_t method_n, path_n, n = FIELDS;
	int minor;

	return r->phr(t->p, t->n, &method, &method_n, &path, &path_n, &minor, room, &n, 0);
}

static void parse(const struct rival *r, const struct heads *h, unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		const struct text *t = &h->head[i & (h->n - 1)];
		int rc = r->phr ? parse_phr(r, t) : parse_ours(r, t);

		if (rc != (int)t->n) {
			fprintf(stderr, "%s: %d for a head of %zu octets\n", r->name, rc, t->n);
			exit(1);
		}
	}
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(const struct rival *rivals, unsigned n, const struct heads *h)
{
	static double ns[RIVALS][ROUNDS];
	size_t bytes = 0;

	for (unsigned i = 0; i < h->n; i++)
		bytes += h->head[i].n;
	for (int round = -1; round < ROUNDS; round++)
		for (unsigned i = 0; i < n; i++) {
			double begin = now_ns();

			parse(&rivals[i], h, PER_ROUND);
			if (round >= 0)
				ns[i][round] = (now_ns() - begin) / PER_ROUND;
		}
	printf("\n%s: %zu octets a head on average\n\n| parser | ns per head, median (range) |\n|---|---|\n",
	       h->name, bytes / h->n);
	for (unsigned i = 0; i < n; i++) {
		qsort(ns[i], ROUNDS, sizeof ns[i][0], by_value);
		printf("| %s | %.0f (%.0f to %.0f) |\n", rivals[i].name, ns[i][ROUNDS / 2], ns[i][0],
		       ns[i][ROUNDS - 1]);
	}
}

int main(int argc, char **argv)
{
	static struct text one[1] = {{(char *)browser, sizeof browser - 1}}, many[MIX];
	struct heads sets[2] = {{"browser", one, 1}, {"mix", many, MIX}};
	struct rival rivals[RIVALS];
	unsigned n = 0;
	int counting = argc == 5 && !strcmp(argv[1], "--count");

	for (unsigned i = 0; i < MIX; i++)
		many[i] = mixed(i);
	while (mhttp_scanner_at(n)) {
		rivals[n] = (struct rival){mhttp_scanner_at(n)->name, mhttp_scanner_at(n), NULL};
		n++;
	}
	if (argc == 2 && !strcmp(argv[1], "--list")) {
		for (unsigned i = 0; i < n; i++)
			printf("| %s |\n", rivals[i].name);
		return 0;
	}
	if (counting) {
		for (unsigned i = 0; i < n; i++)
			if (!strcmp(rivals[i].name, argv[2]))
				parse(&rivals[i], &sets[!strcmp(argv[3], "mix")], (unsigned)atoi(argv[4]));
		return 0;
	}
	for (int i = 1; i < argc && n < RIVALS; i++) {
		void *so = dlopen(argv[i], RTLD_NOW);
		void *sym = so ? dlsym(so, "phr_parse_request") : NULL;

		if (!sym) {
			fprintf(stderr, "%s: %s\n", argv[i], dlerror());
			return 1;
		}
		rivals[n].name = argv[i];
		rivals[n].scanner = NULL;
		memcpy(&rivals[n++].phr, &sym, sizeof sym);
	}
	measure(rivals, n, &sets[0]);
	measure(rivals, n, &sets[1]);
	return 0;
}
