/*
 * test_program.c - mummy-upload against mummy-server: what arrives is what was sent, whatever is killed
 * meanwhile.
 */
#define SUITE_TIMEOUT_S 120
#include <config.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "suite.h"
#include "client.h"
#include "upload.h"

#define SIZE 3000001u
#define SLOW "--limit-rate=4M"
#define EVENTS "--json", "--interval=30ms"

static struct server server;
static struct upload up;
static char url[64], file[80], uploads[80];
static unsigned char *data;

/* ---- Places ---------------------------------------------------------------------------------------- */

static void write_file(const char *path, const void *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, p, n), (ssize_t)n);
	close(fd);
}

static void begin(void)
{
	uint32_t dice = 7;

	place_make();
	data = malloc(SIZE);
	for (size_t i = 0; i < SIZE; i++)
		data[i] = (unsigned char)((dice = dice * 1664525u + 1013904223u) >> 24);
	snprintf(file, sizeof file, "%s/file", place);
	snprintf(uploads, sizeof uploads, "%s/uploads", place);
	write_file(file, data, SIZE);
}

/* Again at the same port, when there was one. */
static void serve(const char *option, const char *value)
{
	char at[32];

	snprintf(at, sizeof at, "127.0.0.1:%u", (unsigned)server.port);
	server_start(&server, "--listen", at, "--uploads", uploads, option, value, NULL);
	snprintf(url, sizeof url, "http://127.0.0.1:%u/files/", (unsigned)server.port);
}

static void end(void)
{
	ck_assert_int_eq(server_stop(&server), 0);
	server.port = 0;
	free(data);
	place_remove();
}

static void kill_server(void)
{
	kill(server.pid, SIGKILL);
	ck_assert_int_eq(waitpid(server.pid, NULL, 0), server.pid);
	close(server.out);
	unlink(server.errors);
}

/* What lies at the address that text begins with, or has behind "url". */
static void get(const char *text, const char *method, struct response *r)
{
	const char *path = strstr(text, "/files/");
	char head[200];

	ck_assert_msg(path != NULL, "%s", text);
	snprintf(head, sizeof head, "%s %.*s HTTP/1.1\r\nTus-Resumable: 1.0.0\r\n", method,
		 (int)strcspn(path, "\"\t\n"), path);
	client_ask(server.port, r, "%s", head);
	ck_assert_int_eq(r->status, 200);
}

static void holds(const char *text, const void *p, size_t n)
{
	struct response r;

	get(text, "GET", &r);
	ck_assert_uint_eq(r.len, n);
	ck_assert(memcmp(r.body, p, n) == 0);
	response_free(&r);
}

static const char *finished(const struct upload *u)
{
	const char *p = strstr(u->said, "\"finished\"");

	ck_assert_msg(p != NULL, "%s%s", u->said, u->complained);
	return p;
}

/* ---- What goes well -------------------------------------------------------------------------------- */

START_TEST(test_a_file)
{
	struct response r;
	char value[200];

	begin();
	serve(NULL, NULL);
	ck_assert_int_eq(upload_run(&up, file, url, NULL), 0);
	ck_assert_str_eq(up.complained, "");
	ck_assert_uint_eq(strcspn(up.said, "\n"), strlen(up.said) - 1);
	ck_assert_int_eq(strncmp(up.said, url, strlen(url)), 0);
	holds(up.said, data, SIZE);
	get(up.said, "HEAD", &r);
	response_field(&r, "Upload-Metadata", value, sizeof value);
	ck_assert_str_eq(value, "filename ZmlsZQ==");
	response_free(&r);
	ck_assert_uint_eq(remembered(), 0);
	write_file(file, data, 0);
	ck_assert_int_eq(upload_run(&up, "--to", url, file, "--metadata", "a=b", NULL), 0);
	holds(up.said, data, 0);
	end();
}
END_TEST

START_TEST(test_several_files)
{
	char second[96], *line;

	begin();
	serve(NULL, NULL);
	snprintf(second, sizeof second, "%s/second", place);
	write_file(second, data, 5);
	ck_assert_int_eq(upload_run(&up, file, "/nonexistent/file", second, url, NULL), 1);
	ck_assert_ptr_nonnull(strstr(up.complained, "mummy-upload: /nonexistent/file: "));
	holds(up.said, data, SIZE);
	line = strchr(up.said, '\n') + 1;
	holds(line, data, 5);
	ck_assert_str_eq(strchr(line, '\t') + 1 + strlen(place), "/second\n");
	end();
}
END_TEST

START_TEST(test_folders)
{
	char path[200], value[300];
	struct response r;

	begin();
	serve(NULL, NULL);
	snprintf(path, sizeof path, "%s/top", place);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(upload_run(&up, "-r", path, url, NULL), 0);
	ck_assert_str_eq(up.said, "");
	snprintf(path, sizeof path, "%s/top/sub", place);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/top/sub/a", place);
	write_file(path, data, 100);
	snprintf(path, sizeof path, "%s/top", place);
	ck_assert_int_eq(upload_run(&up, path, url, NULL), 1);
	ck_assert_ptr_nonnull(strstr(up.complained, "give -r"));
	ck_assert_int_eq(upload_run(&up, "-r", path, url, NULL), 0);
	holds(up.said, data, 100);
	get(up.said, "HEAD", &r);
	response_field(&r, "Upload-Metadata", value, sizeof value);
	ck_assert_str_eq(value, "filename YQ==,relativePath dG9wL3N1Yi9h");
	response_free(&r);
	end();
}
END_TEST

/* n octets into a pipe, from a process of its own. */
static int pipe_of(size_t n)
{
	int p[2];

	ck_assert_int_eq(pipe(p), 0);
	if (fork() == 0) {
		close(p[0]);
		for (size_t at = 0; at < n;) {
			ssize_t done = write(p[1], data + at, n - at < 100000 ? n - at : 100000);

			if (done <= 0)
				break;
			at += (size_t)done;
		}
		_exit(0);
	}
	close(p[1]);
	return p[0];
}

static void send_input(int fd, size_t n, const char *option)
{
	upload_start(&up, fd, "-", url, option, NULL);
	close(fd);
	ck_assert_msg(upload_wait(&up) == 0, "%s", up.complained);
	holds(up.said, data, n);
}

START_TEST(test_standard_input)
{
	char spool[96];

	begin();
	serve(NULL, NULL);
	snprintf(spool, sizeof spool, "--spool=%s", place);
	send_input(pipe_of(0), 0, NULL);
	send_input(pipe_of(1), 1, NULL);
	send_input(pipe_of(SIZE), SIZE, NULL);                   /* all of it fits into memory */
	send_input(pipe_of(SIZE), SIZE, "--buffer=64K");         /* it does not */
	send_input(pipe_of(32768), 32768, "--buffer=64K");       /* the end is where a request ends */
	send_input(pipe_of(SIZE), SIZE, spool);
	send_input(open(file, O_RDONLY), SIZE, NULL);
	send_input(open("/dev/null", O_RDONLY), 0, NULL);
	ck_assert_uint_eq(remembered(), 0);
	end();
}
END_TEST

/* Nothing but uploads that are finished, which is so many. */
static void no_parts_are_left(unsigned files)
{
	DIR *d = opendir(uploads);
	struct dirent *e;
	unsigned n = 0;

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)) != NULL) {
		ck_assert_msg(!strstr(e->d_name, ".part"), "%s", e->d_name);
		n += strlen(e->d_name) == 32;
	}
	closedir(d);
	ck_assert_uint_eq(n, files);
}

START_TEST(test_parts_and_checksums)
{
	struct response r;
	char value[200];

	begin();
	serve(NULL, NULL);
	ck_assert_int_eq(upload_run(&up, "--parallel=8", file, url, NULL), 0);
	holds(up.said, data, SIZE);
	get(up.said, "HEAD", &r);
	response_field(&r, "Upload-Metadata", value, sizeof value);
	ck_assert_str_eq(value, "filename ZmlsZQ==");
	response_field(&r, "Upload-Concat", value, sizeof value);
	ck_assert_int_eq(strncmp(value, "final;", 6), 0);
	response_free(&r);
	no_parts_are_left(1);
	ck_assert_str_eq(up.complained, "");
	ck_assert_int_eq(upload_run(&up, "--checksum=sha1", "--chunk=1M", file, url, NULL), 0);
	holds(up.said, data, SIZE);
	ck_assert_int_eq(upload_run(&up, "--checksum=sha512", "--parallel=2", file, url, NULL), 0);
	holds(up.said, data, SIZE);
	ck_assert_uint_eq(remembered(), 0);
	end();
}
END_TEST

/* ---- What is killed -------------------------------------------------------------------------------- */

static void kill_client_midway(const char *option, int how)
{
	upload_start(&up, -1, EVENTS, SLOW, file, url, option, NULL);
	upload_has_sent(&up, 700000);
	kill(up.pid, how);
	ck_assert_int_eq(upload_wait(&up), 128 + how);
	ck_assert_uint_eq(remembered(), 1);
}

static void goes_on(void)
{
	const char *p;

	ck_assert_msg(upload_run(&up, EVENTS, file, url, NULL) == 0, "%s%s", up.said, up.complained);
	p = strstr(up.said, "\"event\":\"resumed\"");
	ck_assert_msg(p != NULL, "%s", up.said);
	p = strstr(p, "\"offset\":");
	ck_assert_uint_gt(strtoul(p + 9, NULL, 10), 100000);
	holds(finished(&up), data, SIZE);
	ck_assert_uint_eq(remembered(), 0);
}

START_TEST(test_the_client_is_killed)
{
	begin();
	serve(NULL, NULL);
	kill_client_midway(NULL, SIGKILL);
	goes_on();
	kill_client_midway("--parallel=2", SIGKILL);
	goes_on();
	end();
}
END_TEST

START_TEST(test_the_client_is_interrupted)
{
	begin();
	serve(NULL, NULL);
	kill_client_midway("--chunk=300K", SIGINT);
	ck_assert_ptr_nonnull(strstr(up.said, "interrupted at"));
	ck_assert_ptr_nonnull(strstr(up.said, "the same command"));
	goes_on();
	end();
}
END_TEST

START_TEST(test_the_server_is_killed)
{
	begin();
	for (int i = 0; i < 3; i++) {
		const int fd = i < 2 ? -1 : pipe_of(SIZE);

		serve(NULL, NULL);
		upload_start(&up, fd, EVENTS, SLOW, "--retry-delay=20ms", "--retries=1000", "--buffer=300K",
			     i == 1 ? "--parallel=2" : "--parallel=1", "--to", url, fd < 0 ? file : "-",
			     NULL);
		if (fd >= 0)
			close(fd);
		upload_has_sent(&up, 700000);
		kill_server();
		upload_says(&up, "\"retry\"");
		serve(NULL, NULL);
		ck_assert_int_eq(upload_wait(&up), 0);
		holds(finished(&up), data, SIZE);
		ck_assert_int_eq(server_stop(&server), 0);
	}
	serve(NULL, NULL);
	ck_assert_uint_eq(remembered(), 0);
	end();
}
END_TEST

START_TEST(test_the_file_changes)
{
	int fd;

	begin();
	serve(NULL, NULL);
	kill_client_midway(NULL, SIGKILL);
	data[5] ^= 1;
	write_file(file, data, SIZE);
	ck_assert_int_eq(upload_run(&up, EVENTS, file, url, NULL), 0);
	ck_assert_ptr_null(strstr(up.said, "\"resumed\""));
	ck_assert_ptr_nonnull(strstr(up.said, "begun anew"));
	holds(finished(&up), data, SIZE);
	/* while it is sent */
	upload_start(&up, -1, EVENTS, SLOW, "--chunk=500K", file, url, NULL);
	upload_has_sent(&up, 600000);
	fd = open(file, O_WRONLY | O_APPEND);
	ck_assert_int_eq(write(fd, "x", 1), 1);
	close(fd);
	ck_assert_int_eq(upload_wait(&up), 1);
	ck_assert_ptr_nonnull(strstr(up.said, "has changed while"));
	ck_assert_uint_eq(remembered(), 0);
	end();
}
END_TEST

START_TEST(test_the_server_has_forgotten)
{
	char command[200];

	begin();
	serve(NULL, NULL);
	kill_client_midway(NULL, SIGKILL);
	kill_server();
	snprintf(command, sizeof command, "rm -rf %s", uploads);
	ck_assert_int_eq(system(command), 0);
	serve(NULL, NULL);
	ck_assert_int_eq(upload_run(&up, EVENTS, file, url, NULL), 0);
	ck_assert_ptr_nonnull(strstr(up.said, "has forgotten"));
	holds(finished(&up), data, SIZE);
	end();
}
END_TEST

START_TEST(test_one_at_a_time)
{
	struct upload second;

	begin();
	serve(NULL, NULL);
	upload_start(&up, -1, EVENTS, SLOW, file, url, NULL);
	upload_has_sent(&up, 1);
	ck_assert_int_eq(upload_run(&second, file, url, NULL), 1);
	ck_assert_ptr_nonnull(strstr(second.complained, "another mummy-upload"));
	ck_assert_int_eq(upload_wait(&up), 0);
	end();
}
END_TEST

/* ---- What is refused ------------------------------------------------------------------------------- */

START_TEST(test_limits_of_the_server)
{
	int fd;

	begin();
	serve("--upload-max-size", "1M");
	ck_assert_int_eq(upload_run(&up, file, url, NULL), 1);
	ck_assert_ptr_nonnull(strstr(up.complained, "at most 1.0 MiB, and this is 2.9 MiB"));
	ck_assert_str_eq(up.said, "");
	fd = pipe_of(SIZE);
	upload_start(&up, fd, "--buffer=64K", "-", url, NULL);
	close(fd);
	ck_assert_int_eq(upload_wait(&up), 1);
	ck_assert_ptr_nonnull(strstr(up.complained, "413"));
	ck_assert_int_eq(server_stop(&server), 0);
	serve("--upload-quota", "1M");
	ck_assert_int_eq(upload_run(&up, "--json", file, url, NULL), 1);
	ck_assert_ptr_nonnull(strstr(up.said, "\"failed\""));
	ck_assert_ptr_nonnull(strstr(up.said, "507"));
	end();
}
END_TEST

START_TEST(test_mistakes_exit_2)
{
	begin();
	serve(NULL, NULL);
	ck_assert_int_eq(upload_run(&up, NULL), 2);
	ck_assert_int_eq(upload_run(&up, "--frob", file, url, NULL), 2);
	ck_assert_int_eq(upload_run(&up, "-", "-", url, NULL), 2);
	ck_assert_int_eq(upload_run(&up, "--checksum=crc", file, url, NULL), 2);
	ck_assert_int_eq(upload_run(&up, "--metadata=x", file, url, NULL), 2);
	ck_assert_int_eq(upload_run(&up, "--header=x", file, url, NULL), 2);
	ck_assert_int_eq(upload_run(&up, "--user=x", file, url, NULL), 2);
	ck_assert_int_eq(upload_run(&up, "--user=@/nonexistent", file, url, NULL), 2);
	ck_assert_int_eq(upload_run(&up, file, "http://a:99999/", NULL), 2);
	ck_assert_ptr_eq(strchr(up.complained, '\n'), up.complained + strlen(up.complained) - 1);
	ck_assert_int_eq(upload_run(&up, "--version", NULL), 0);
	ck_assert_int_eq(strncmp(up.said, "mummy-upload 0.", 15), 0);
	ck_assert_int_eq(upload_run(&up, "--help", NULL), 0);
	ck_assert_ptr_nonnull(strstr(up.said, "--parallel"));
	end();
}
END_TEST

SUITE_MAIN("program", test_a_file, test_several_files, test_folders, test_standard_input,
	   test_parts_and_checksums, test_the_client_is_killed, test_the_client_is_interrupted,
	   test_the_server_is_killed, test_the_file_changes, test_the_server_has_forgotten,
	   test_one_at_a_time, test_limits_of_the_server, test_mistakes_exit_2)
