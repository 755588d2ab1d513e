/*
 * test_uploads.c - options of mummy-server for uploads: how many may be open, and the cleanup on demand.
 */
#include <config.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "suite.h"
#include "client.h"

#define ANY "--listen", "127.0.0.1:0"

#define says(text, part) ck_assert_msg(strstr(text, part) != NULL, "%s lacks %s", text, part)

static char folder[64], uploads[96], where[256], said[4096];

static void set_up(void)
{
	strcpy(folder, "/tmp/mummy-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(uploads, sizeof uploads, "%s/uploads", folder);
}

static void clean_up(void)
{
	char line[96];

	snprintf(line, sizeof line, "rm -rf %s", folder);
	ck_assert_int_eq(system(line), 0);
}

/* One request; fields end in a line break each. The status; where: the address of what it made. */
static int ask(uint16_t port, const char *method, const char *path, const char *fields)
{
	struct response r;
	int status;

	client_ask(port, &r, "%s %s HTTP/1.1\r\nTus-Resumable: 1.0.0\r\n%sContent-Length: 0\r\n", method, path, fields);
	status = r.status;
	if (status == 201)
		response_field(&r, "Location", where, sizeof where);
	response_free(&r);
	return status;
}

static int create_for(uint16_t port, const char *client)
{
	char fields[128];

	snprintf(fields, sizeof fields, "Upload-Length: 4\r\nX-Forwarded-For: %s\r\n", client);
	return ask(port, "POST", "/files/", fields);
}

START_TEST(so_many_may_be_open)
{
	struct server s;

	set_up();
	server_start(&s, ANY, "--uploads", uploads, "--upload-max-open", "2", NULL);
	ck_assert_int_eq(create_for(s.port, "10.0.0.1"), 201);
	ck_assert_int_eq(create_for(s.port, "10.0.0.1"), 201);
	ck_assert_int_eq(create_for(s.port, "10.0.0.1"), 503);
	ck_assert_int_eq(ask(s.port, "POST", "/files/", "Upload-Length: 0\r\n"), 503);
	ck_assert_int_eq(server_stop(&s), 0);
	server_start(&s, ANY, "--uploads", uploads, "--upload-max-open", "2", NULL);
	ck_assert_int_eq(create_for(s.port, "10.0.0.1"), 503);
	ck_assert_int_eq(ask(s.port, "DELETE", where, ""), 204);
	ck_assert_int_eq(create_for(s.port, "10.0.0.1"), 201);
	ck_assert_int_eq(server_stop(&s), 0);
	clean_up();
}
END_TEST

START_TEST(so_many_of_a_client_may_be_open)
{
	struct server s;

	set_up();
	server_start(&s, ANY, "--uploads", uploads, "--client-max-open", "1", "--trusted-proxies", "127.0.0.1", NULL);
	ck_assert_int_eq(create_for(s.port, "10.0.0.1"), 201);
	ck_assert_int_eq(create_for(s.port, "10.0.0.1"), 429);
	ck_assert_int_eq(create_for(s.port, "10.0.0.2"), 201);
	ck_assert_int_eq(server_stop(&s), 0);
	server_start(&s, ANY, "--uploads", uploads, "--client-max-open", "1", "--trusted-proxies", "127.0.0.1", NULL);
	ck_assert_int_eq(create_for(s.port, "10.0.0.1"), 429);
	ck_assert_int_eq(ask(s.port, "DELETE", where, ""), 204);
	ck_assert_int_eq(create_for(s.port, "10.0.0.2"), 201);
	ck_assert_int_eq(server_stop(&s), 0);
	clean_up();
}
END_TEST

/* A PATCH of 4 octets, of which these are sent; the status. */
static int patch(uint16_t port, const char *body, struct response *r)
{
	char text[512];
	int fd = client_open(port);
	int n = snprintf(text, sizeof text, "PATCH %s HTTP/1.1\r\nHost: a\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
			 "Content-Type: application/offset+octet-stream\r\nContent-Length: 4\r\n\r\n%s", where, body);

	client_send(fd, text, (size_t)n);
	client_receive(fd, r, 0);
	close(fd);
	return r->status;
}

START_TEST(who_falls_silent_is_cut_off)
{
	static const char form[] = "POST /range/ HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\n"
		"Content-Length: 200\r\n\r\n--b\r\nContent-Disposition: form-data; name=a; filename=f\r\n\r\nxy";
	struct response r;
	struct server s;
	int fd;

	set_up();
	server_start(&s, ANY, "--uploads", uploads, "--upload-idle", "300ms", "--min-body-rate", "0", NULL);
	ck_assert_int_eq(create_for(s.port, "10.0.0.1"), 201);
	ck_assert_int_eq(patch(s.port, "012", &r), 408);
	field_is(&r, "Upload-Offset", "3");
	response_free(&r);
	fd = client_open(s.port);
	client_send(fd, form, sizeof form - 1);
	client_receive(fd, &r, 0);
	ck_assert_int_eq(r.status, 408);
	response_free(&r);
	close(fd);
	ck_assert_int_eq(server_stop(&s), 0);
	/* not who is made to wait */
	server_start(&s, ANY, "--uploads", uploads, "--upload-idle", "100ms", "--upload-rate", "4", NULL);
	ck_assert_int_eq(create_for(s.port, "10.0.0.1"), 201);
	ck_assert_int_eq(patch(s.port, "0123", &r), 204);
	response_free(&r);
	ck_assert_int_eq(server_stop(&s), 0);
	clean_up();
}
END_TEST

/* What mummy-server --cleanup says. */
static const char *cleanup(const char *options)
{
	char line[512];
	FILE *f;

	snprintf(line, sizeof line, "%s --cleanup --uploads %s %s",
		 getenv("MUMMY_SERVER") ? getenv("MUMMY_SERVER") : "./mummy-server", uploads, options);
	f = popen(line, "r");
	ck_assert_ptr_nonnull(f);
	said[fread(said, 1, sizeof said - 1, f)] = '\0';
	ck_assert_int_eq(pclose(f), 0);
	return said;
}

static void past(void)
{
	const time_t now = time(NULL);

	while (time(NULL) < now + 2)
		nanosleep(&(const struct timespec){ 0, 20000000 }, NULL);
}

/* Beside a server that runs, which then tells the event. */
START_TEST(expired_ones_are_removed_on_demand)
{
	char hook[128], event[128], options[256], stays[sizeof where];
	struct server s;
	FILE *f;

	set_up();
	snprintf(hook, sizeof hook, "%s/hook", folder);
	snprintf(event, sizeof event, "%s/expired", folder);
	f = fopen(hook, "we");
	fprintf(f, "#!/bin/sh\ncat > %s/.new && mv %s/.new %s/$1\n", folder, folder, folder);
	ck_assert_int_eq(fchmod(fileno(f), 0700), 0);
	fclose(f);
	snprintf(options, sizeof options, "--hook-events expired --hook-command %s", hook);
	server_start(&s, ANY, "--uploads", uploads, "--upload-expire", "1h", NULL);
	ck_assert_int_eq(create_for(s.port, "10.0.0.1"), 201);
	strcpy(stays, where);
	ck_assert_int_eq(server_stop(&s), 0);
	server_start(&s, ANY, "--uploads", uploads, "--upload-expire", "1s", "--hook-command", hook, "--hook-events",
		     "expired", NULL);
	ck_assert_int_eq(create_for(s.port, "10.0.0.1"), 201);
	past();
	says(cleanup(options), "1 expired upload removed");
	ck_assert_int_eq(ask(s.port, "HEAD", where, ""), 404);
	ck_assert_int_eq(ask(s.port, "HEAD", stays, ""), 200);
	file_wait(event);
	file_read(event, said, sizeof said);
	says(said, strrchr(where, '/') + 1);
	ck_assert_int_eq(server_stop(&s), 0);
	says(cleanup(options), "0 expired uploads removed");
	clean_up();
}
END_TEST

START_TEST(the_cleanup_needs_a_folder)
{
	ck_assert_int_eq(server_run(said, sizeof said, 0, "--cleanup", NULL), 2);
	complaint_names(said, "--uploads");
	ck_assert_int_eq(server_run(said, sizeof said, 0, "--cleanup", "--uploads", "/dev/null/x", NULL), 2);
	complaint_names(said, "/dev/null/x");
}
END_TEST

SUITE_MAIN("mummy-server/uploads", so_many_may_be_open, so_many_of_a_client_may_be_open,
	   who_falls_silent_is_cut_off,
	   expired_ones_are_removed_on_demand, the_cleanup_needs_a_folder)
