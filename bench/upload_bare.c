/*
 * upload_bare - what an upload costs at the least: receives octets and writes them to a file.
 *
 * usage: upload_bare PORT-FILE FILE BYTES gather|recv|splice [sha1]
 *            serves one connection after the other; each sends BYTES and gets one octet back
 *        upload_bare hash BYTES
 *            prints the us of CPU time for the SHA-1 of so many octets
 *
 * gather fills 256 KiB before it writes, recv writes what one call gave, splice goes by a pipe of 1 MiB.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

enum { CHUNK = 256 * 1024, PIPE = 1024 * 1024 };

static char chunk[CHUNK];
static int pipes[2];

static void must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "upload_bare: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int serve_at(const char *port_file)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	FILE *f;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(fd >= 0 && bind(fd, (struct sockaddr *)&a, n) == 0 && listen(fd, 8) == 0, "listen");
	must(getsockname(fd, (struct sockaddr *)&a, &n) == 0, "getsockname");
	f = fopen(port_file, "w");
	must(f != NULL, port_file);
	fprintf(f, "%d\n", ntohs(a.sin_port));
	fclose(f);
	return fd;
}

static size_t by_copy(int from, int to, uint64_t left, int gather, gnutls_hash_hd_t hash)
{
	size_t have = 0, most = left < CHUNK ? (size_t)left : CHUNK;

	do {
		ssize_t n = recv(from, chunk + have, most - have, 0);

		must(n > 0, "recv");
		have += (size_t)n;
	} while (gather && have < most);
	if (hash)
		gnutls_hash(hash, chunk, have);
	must(write(to, chunk, have) == (ssize_t)have, "write");
	return have;
}

static size_t by_pipe(int from, int to, uint64_t left)
{
	ssize_t n = splice(from, NULL, pipes[1], NULL, left < PIPE ? (size_t)left : PIPE, SPLICE_F_MOVE | SPLICE_F_MORE);

	must(n > 0, "splice from the socket");
	for (ssize_t gone = 0; gone < n;) {
		ssize_t k = splice(pipes[0], NULL, to, NULL, (size_t)(n - gone), SPLICE_F_MOVE | SPLICE_F_MORE);

		must(k > 0, "splice to the file");
		gone += k;
	}
	return (size_t)n;
}

static void serve(int fd, const char *file, uint64_t bytes, const char *how, int hashed)
{
	const int splices = !strcmp(how, "splice"), gather = !strcmp(how, "gather");
	int to = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	gnutls_hash_hd_t hash = NULL;
	unsigned char sum[20];

	must(to >= 0, file);
	if (hashed)
		must(gnutls_hash_init(&hash, GNUTLS_DIG_SHA1) == 0, "SHA-1");
	for (uint64_t at = 0; at < bytes;)
		at += splices ? by_pipe(fd, to, bytes - at) : by_copy(fd, to, bytes - at, gather, hash);
	if (hash)
		gnutls_hash_deinit(hash, sum);
	must(send(fd, "", 1, MSG_NOSIGNAL) == 1, "send");
	close(to);
	close(fd);
	unlink(file);
}

static void hash_only(uint64_t bytes)
{
	struct timespec from, to;
	gnutls_hash_hd_t hash;
	unsigned char sum[20];

	must(gnutls_hash_init(&hash, GNUTLS_DIG_SHA1) == 0, "SHA-1");
	memset(chunk, 'x', sizeof chunk);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	for (uint64_t at = 0; at < bytes; at += CHUNK)
		gnutls_hash(hash, chunk, CHUNK);
	gnutls_hash_deinit(hash, sum);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	printf("%.0f\n", (double)(to.tv_sec - from.tv_sec) * 1e6 + (double)(to.tv_nsec - from.tv_nsec) / 1e3);
}

int main(int argc, char **argv)
{
	int fd;

	if (argc > 2 && !strcmp(argv[1], "hash")) {
		hash_only(strtoull(argv[2], NULL, 10));
		return 0;
	}
	must(argc > 4, "usage: upload_bare PORT-FILE FILE BYTES gather|recv|splice [sha1]");
	must(pipe(pipes) == 0 && fcntl(pipes[1], F_SETPIPE_SZ, PIPE) >= 0, "pipe");
	fd = serve_at(argv[1]);
	for (;;) {
		int conn = accept(fd, NULL, NULL);

		if (conn >= 0)
			serve(conn, argv[2], strtoull(argv[3], NULL, 10), argv[4], argc > 5 && !strcmp(argv[5], "sha1"));
	}
}
