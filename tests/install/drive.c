/*
 * drive - runs an example on a port that the kernel picks and talks to it.
 *
 * usage: drive EXAMPLE     (the path of the program; what to say follows from its name)
 *
 * The example gets the argument 0 and prints where it listens. Each step sends octets and reads until
 * the answer holds the text that is expected. Exit status 0: all was as expected.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_S 30
#define MAX_STEPS 3

struct step { const char *send; size_t len; const char *expect; };
#define STEP(octets, expected) { (octets), sizeof (octets) - 1, (expected) }

struct talk {
	const char *example;
	struct step steps[MAX_STEPS];          /* none: it must end by itself, with status 0 */
};

#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define WEBSOCKET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n" \
	"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="      /* RFC 6455 section 1.3 */
#define CREATE "POST /files/ HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nUpload-Length: 5\r\n" \
	"Content-Type: application/offset+octet-stream\r\nContent-Length: 5\r\n\r\nhello"
/* "hello", masked with the octets 1 2 3 4 (RFC 6455 section 5.3). */
#define SAY_HELLO "\x81\x85\x01\x02\x03\x04" "igohn"

static const struct talk talks[] = {
	{ "hello", { STEP(GET("/"), "Hello, World!"), STEP(GET("/none"), " 404 ") } },
	{ "later", { STEP(GET("/"), "Here it is.") } },
	{ "echo", { STEP(WEBSOCKET("/ws"), ACCEPT), STEP(SAY_HELLO, "hello") } },
	{ "chat", { STEP(WEBSOCKET("/chat/room"), ACCEPT), STEP(SAY_HELLO, "hello") } },
	{ "upload", { STEP(CREATE, " 201 "), STEP(GET("/none"), " 404 ") } },
	{ "forkjoin", { { NULL, 0, NULL } } },
};

static int fail(const char *what)
{
	fprintf(stderr, "drive: %s\n", what);
	return EXIT_FAILURE;
}

static pid_t start(const char *path, int *output)
{
	int ends[2];
	pid_t pid;

	if (pipe(ends) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		alarm(LIMIT_S);                /* stays across exec: it ends also when we were killed */
		execl(path, path, "0", (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	*output = ends[0];
	return pid;
}

/* Reads the example's first line, as far as ":" and the number behind it. 0: none came. */
static unsigned port_in(int output)
{
	char line[512];
	size_t n = 0;

	while (n < sizeof line - 1 && read(output, line + n, 1) == 1 && line[n] != '\n')
		n++;
	line[n] = '\0';
	for (const char *at = line; (at = strchr(at, ':')) != NULL; at++)
		if (at[1] >= '0' && at[1] <= '9')
			return (unsigned)strtoul(at + 1, NULL, 10);
	return 0;
}

static int connect_to(unsigned port)
{
	struct sockaddr_in to;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	memset(&to, 0, sizeof to);
	to.sin_family = AF_INET;
	to.sin_port = htons((unsigned short)port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
		return -1;
	return fd;
}

/* Octets may be NUL, so this is not strstr. */
static int holds(const char *data, size_t n, const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i + len <= n; i++)
		if (memcmp(data + i, text, len) == 0)
			return 1;
	return 0;
}

static int take_step(int fd, const struct step *s)
{
	char answer[16384];
	size_t n = 0;
	ssize_t got;

	if (send(fd, s->send, s->len, MSG_NOSIGNAL) != (ssize_t)s->len)
		return -1;
	while (!holds(answer, n, s->expect)) {
		if (n == sizeof answer || (got = read(fd, answer + n, sizeof answer - n)) <= 0) {
			fprintf(stderr, "drive: no \"%s\" in: %.*s\n", s->expect, (int)n, answer);
			return -1;
		}
		n += (size_t)got;
	}
	return 0;
}

static int talk_to(const struct talk *t, int output)
{
	unsigned port = port_in(output);
	int fd;

	if (port == 0)
		return fail("it does not say where it listens");
	fd = connect_to(port);
	if (fd < 0)
		return fail("cannot connect");
	for (const struct step *s = t->steps; s < t->steps + MAX_STEPS && s->send; s++)
		if (take_step(fd, s) < 0)
			return EXIT_FAILURE;
	close(fd);
	return EXIT_SUCCESS;
}

static int drive(const struct talk *t, const char *path)
{
	int output, status, ended, rc = EXIT_SUCCESS;
	pid_t pid = start(path, &output);

	if (pid < 0)
		return fail("cannot start it");
	if (t->steps[0].send) {
		rc = talk_to(t, output);
		/* Alive until it is told to end. */
		ended = waitpid(pid, &status, WNOHANG) != 0;
		kill(pid, SIGTERM);
		if (!ended)
			waitpid(pid, &status, 0);
		return ended ? fail("it ended by itself") : rc;
	}
	if (waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return fail("it failed");
	return rc;
}

int main(int argc, char *argv[])
{
	const char *name = argc == 2 ? strrchr(argv[1], '/') : NULL;

	if (!name)
		return fail("usage: drive ./EXAMPLE");
	alarm(LIMIT_S);
	for (size_t i = 0; i < sizeof talks / sizeof talks[0]; i++)
		if (strcmp(talks[i].example, name + 1) == 0)
			return drive(&talks[i], argv[1]);
	return fail("it does not know what to say to this example");
}
