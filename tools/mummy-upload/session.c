/*
 * session.c - requests to the server, several at once, by libcurl.
 */
#include <config.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "session.h"
#include "url.h"

#define UPLOAD_BUFFER (256L * 1024)
#define MAX_CONNECT_MS 30000
#define MAX_EXPECT_MS 1000
#define MAX_FIELD 8192
#define MAX_SAID (256u * 1024)
#define ASK_FIRST (1024u * 1024)  /* octets of a body that are not sent before the server agrees */

/* ---- Fields of the user ---------------------------------------------------------------------------- */

static int is_secret(const char *field)
{
	static const char *const names[] = { "Authorization:", "Cookie:", "Proxy-Authorization:" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strncasecmp(field, names[i], strlen(names[i])) == 0)
			return 1;
	return 0;
}

static int keep(struct curl_slist **list, const char *field)
{
	struct curl_slist *grown = curl_slist_append(*list, field);

	if (!grown)
		return -ENOMEM;
	*list = grown;
	return 0;
}

/* The value is not repeated in the complaint: it may be a secret. */
static int add_field(struct session *s, const char *field, char *why, size_t size)
{
	const size_t name = strcspn(field, ":");
	int ok = name > 0 && field[name] == ':';

	for (size_t i = 0; i < name; i++)
		ok &= field[i] > ' ' && field[i] < 0x7f;
	for (const char *p = field; *p; p++)
		ok &= (unsigned char)*p >= ' ' || *p == '\t';
	if (!ok) {
		snprintf(why, size, "--header: what is given is not a field; write it as \"NAME: VALUE\"");
		return -EINVAL;
	}
	return keep(is_secret(field) ? &s->secrets : &s->fields, field);
}

/* The lines of a file; one: only the first. */
static int each_line(struct session *s, const char *option, const char *path, int one,
		     int (*take)(struct session *s, const char *line, char *why, size_t size), char *why,
		     size_t size)
{
	FILE *f = fopen(path, "re");
	char line[MAX_FIELD];
	int rc = f ? 0 : -EINVAL;

	if (!f)
		snprintf(why, size, "%s: %s: %s", option, path, strerror(errno));
	while (rc == 0 && fgets(line, sizeof line, f)) {
		line[strcspn(line, "\r\n")] = '\0';
		if (*line)
			rc = take(s, line, why, size);
		if (one)
			break;
	}
	memset(line, 0, sizeof line);
	if (f)
		fclose(f);
	return rc;
}

static int add_fields(struct session *s, char *why, size_t size)
{
	const struct texts *t = &s->opt->headers;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < t->n; i++)
		rc = t->text[i][0] == '@' ? each_line(s, "--header", t->text[i] + 1, 0, add_field, why, size)
			: add_field(s, t->text[i], why, size);
	return rc;
}

static int set_login(struct session *s, const char *line, char *why, size_t size)
{
	free(s->login);
	s->login = strdup(line);
	if (s->login && strchr(line, ':'))
		return 0;
	snprintf(why, size,
		 s->login ? "--user: there is no \":\" between name and password" : "out of memory");
	return -EINVAL;
}

static int log_in(struct session *s, char *why, size_t size)
{
	const char *user = s->opt->user;
	int rc;

	if (!user)
		return 0;
	rc = *user == '@' ? each_line(s, "--user", user + 1, 1, set_login, why, size)
		: set_login(s, user, why, size);
	if (rc == 0 && !s->login) {
		snprintf(why, size, "--user: %s: its first line is empty", user + 1);
		return -EINVAL;
	}
	return rc;
}

int session_open(struct session *s, const struct options *opt, const char *site, char *login, int wake,
		 char *why, size_t size)
{
	int rc;

	memset(s, 0, sizeof *s);
	s->opt = opt;
	s->site = site;
	s->login = login;
	s->wake = wake;
	s->multi = curl_multi_init();
	snprintf(why, size, "out of memory");
	rc = s->multi ? add_fields(s, why, size) : -ENOMEM;
	if (rc == 0)
		rc = log_in(s, why, size);
	if (rc < 0)
		session_close(s);
	return rc;
}

void session_close(struct session *s)
{
	curl_multi_cleanup(s->multi);
	curl_slist_free_all(s->fields);
	curl_slist_free_all(s->secrets);
	if (s->login)
		memset(s->login, 0, strlen(s->login));
	free(s->login);
	memset(s, 0, sizeof *s);
}

/* ---- What libcurl calls ---------------------------------------------------------------------------- */

static size_t on_line(char *p, size_t unit, size_t n, void *ctx)
{
	struct request *r = ctx;

	answer_line(&r->answer, p, unit * n);
	return unit * n;
}

/* A body may have no end. */
static size_t on_body(char *p, size_t unit, size_t n, void *ctx)
{
	struct request *r = ctx;

	answer_body(&r->answer, p, unit * n);
	r->said += unit * n;
	return r->said > MAX_SAID ? 0 : unit * n;
}

static size_t on_read(char *out, size_t unit, size_t n, void *ctx)
{
	struct request *r = ctx;
	uint64_t left = r->length - r->sent;
	long got;

	n *= unit;
	if (n > left)
		n = (size_t)left;
	if (n == 0)
		return 0;
	got = r->read(r->ctx, r->offset + r->sent, out, n);
	if (got <= 0) {
		r->failed = got < 0 ? (int)got : -ENODATA;
		return CURL_READFUNC_ABORT;
	}
	r->sent += (uint64_t)got;
	return (size_t)got;
}

/* When a connection that was kept turns out to be closed, libcurl sends again on another. */
static int on_seek(void *ctx, curl_off_t offset, int origin)
{
	struct request *r = ctx;

	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > r->length)
		return CURL_SEEKFUNC_FAIL;
	r->sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* ---- Requests -------------------------------------------------------------------------------------- */

int request_field(struct request *r, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int n, rc = -ENOMEM;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n >= 0) {
		rc = keep(&r->fields, text);
		free(text);
	}
	return rc;
}

static int copy_fields(struct request *r, const struct curl_slist *from)
{
	int rc = 0;

	for (; rc == 0 && from; from = from->next)
		rc = keep(&r->fields, from->data);
	return rc;
}

static void set_method(struct request *r)
{
	switch (r->ask) {
	case ASK_OPTIONS:
		curl_easy_setopt(r->easy, CURLOPT_CUSTOMREQUEST, "OPTIONS");
		break;
	case ASK_CREATE:
	case ASK_JOIN:
		curl_easy_setopt(r->easy, CURLOPT_POST, 1L);
		curl_easy_setopt(r->easy, CURLOPT_POSTFIELDSIZE, 0L);
		curl_easy_setopt(r->easy, CURLOPT_POSTFIELDS, "");
		break;
	case ASK_OFFSET:
		curl_easy_setopt(r->easy, CURLOPT_NOBODY, 1L);
		break;
	case ASK_REMOVE:
		curl_easy_setopt(r->easy, CURLOPT_CUSTOMREQUEST, "DELETE");
		break;
	case ASK_SEND:
		curl_easy_setopt(r->easy, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(r->easy, CURLOPT_CUSTOMREQUEST, "PATCH");
		curl_easy_setopt(r->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)r->length);
		curl_easy_setopt(r->easy, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER);
		curl_easy_setopt(r->easy, CURLOPT_READFUNCTION, on_read);
		curl_easy_setopt(r->easy, CURLOPT_READDATA, r);
		curl_easy_setopt(r->easy, CURLOPT_SEEKFUNCTION, on_seek);
		curl_easy_setopt(r->easy, CURLOPT_SEEKDATA, r);
		break;
	}
}

static void set_limits(const struct session *s, CURL *easy)
{
	const uint64_t ms = s->opt->timeout_ms;

	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_EXPECT_100_TIMEOUT_MS,
			 (long)(ms / 4 < MAX_EXPECT_MS ? ms / 4 : MAX_EXPECT_MS));
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(ms < MAX_CONNECT_MS ? ms : MAX_CONNECT_MS));
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)((ms + 999) / 1000));
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
	/* parallel parts are to have connections of their own */
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	if (s->opt->cacert)
		curl_easy_setopt(easy, CURLOPT_CAINFO, s->opt->cacert);
}

static void set_login_of(const struct session *s, CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	if (s->login)
		curl_easy_setopt(easy, CURLOPT_USERPWD, s->login);
	else if (s->opt->netrc)
		curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
}

static int set_all(struct session *s, struct request *r, const char *url)
{
	const int at_home = url_same_site(s->site, url);

	if (request_field(r, "Tus-Resumable: 1.0.0") < 0 || copy_fields(r, s->fields) < 0
	    || (at_home && copy_fields(r, s->secrets) < 0))
		return -ENOMEM;
	/* libcurl would say application/x-www-form-urlencoded of an empty body */
	if ((r->ask == ASK_CREATE || r->ask == ASK_JOIN) && request_field(r, "Content-Type:") < 0)
		return -ENOMEM;
	/* asking first costs a round trip, and a while where nobody answers that */
	if (r->ask == ASK_SEND && r->length < ASK_FIRST && request_field(r, "Expect:") < 0)
		return -ENOMEM;
	curl_easy_reset(r->easy);
	if (curl_easy_setopt(r->easy, CURLOPT_URL, url) != CURLE_OK)
		return -ENOMEM;
	curl_easy_setopt(r->easy, CURLOPT_PRIVATE, r);
	curl_easy_setopt(r->easy, CURLOPT_ERRORBUFFER, r->error);
	curl_easy_setopt(r->easy, CURLOPT_USERAGENT, "mummy-upload/" PACKAGE_VERSION);
	curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, r->fields);
	curl_easy_setopt(r->easy, CURLOPT_HEADERFUNCTION, on_line);
	curl_easy_setopt(r->easy, CURLOPT_HEADERDATA, r);
	curl_easy_setopt(r->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(r->easy, CURLOPT_WRITEDATA, r);
	set_limits(s, r->easy);
	set_method(r);
	if (at_home)
		set_login_of(s, r->easy);
	return 0;
}

int request_begin(struct session *s, struct request *r, enum ask ask, const char *url)
{
	if (!r->easy)
		r->easy = curl_easy_init();
	if (!r->easy)
		return -ENOMEM;
	r->ask = ask;
	r->sent = 0;
	r->said = 0;
	r->ended = r->failed = 0;
	r->error[0] = '\0';
	answer_reset(&r->answer);
	if (set_all(s, r, url) < 0 || curl_multi_add_handle(s->multi, r->easy) != CURLM_OK)
		return -ENOMEM;
	r->running = 1;
	return 0;
}

void request_free(struct session *s, struct request *r)
{
	if (r->running)
		curl_multi_remove_handle(s->multi, r->easy);
	curl_easy_cleanup(r->easy);
	curl_slist_free_all(r->fields);
	memset(r, 0, sizeof *r);
}

/* ---- Their ends ------------------------------------------------------------------------------------ */

/* Those that no waiting mends. */
static int hopeless(CURLcode code)
{
	switch (code) {
	case CURLE_UNSUPPORTED_PROTOCOL: case CURLE_URL_MALFORMAT: case CURLE_OUT_OF_MEMORY:
	case CURLE_READ_ERROR: case CURLE_ABORTED_BY_CALLBACK: case CURLE_BAD_FUNCTION_ARGUMENT:
	case CURLE_SSL_CERTPROBLEM: case CURLE_SSL_CIPHER: case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE: case CURLE_SSL_ISSUER_ERROR: case CURLE_LOGIN_DENIED:
		return 1;
	default:
		return 0;
	}
}

/* A server that refuses may close before it has read all: the answer counts, when there is one. */
static void end(struct session *s, struct request *r, CURLcode code)
{
	curl_multi_remove_handle(s->multi, r->easy);
	curl_slist_free_all(r->fields);
	r->fields = NULL;
	r->running = 0;
	r->ended = 1;
	if (code == CURLE_OK || r->answer.status >= 300 || r->said > MAX_SAID)
		r->transport = TRANSPORT_OK;
	else
		r->transport = hopeless(code) ? TRANSPORT_HOPELESS : TRANSPORT_BROKEN;
	if (r->transport != TRANSPORT_OK && !r->error[0])
		snprintf(r->error, sizeof r->error, "%s", curl_easy_strerror(code));
}

static int collect(struct session *s)
{
	CURLMsg *m;
	int left, ended = 0;

	while ((m = curl_multi_info_read(s->multi, &left)) != NULL) {
		struct request *r = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&r);
		end(s, r, m->data.result);
		ended = 1;
	}
	return ended;
}

void request_rate(struct request *r, uint64_t octets_per_s)
{
	if (r->running)
		curl_easy_setopt(r->easy, CURLOPT_MAX_SEND_SPEED_LARGE, (curl_off_t)octets_per_s);
}

int session_turn(struct session *s, unsigned wait_ms, int fd, int *readable)
{
	struct curl_waitfd more[2] = { { .fd = s->wake, .events = CURL_WAIT_POLLIN },
		{ .fd = fd, .events = CURL_WAIT_POLLIN } };
	int running;

	*readable = 0;
	if (curl_multi_perform(s->multi, &running) != CURLM_OK)
		return -EIO;
	if (collect(s))
		wait_ms = 0;
	if (wait_ms > 0 && curl_multi_poll(s->multi, more, fd >= 0 ? 2 : 1, (int)wait_ms, NULL) != CURLM_OK)
		return -EIO;
	*readable = fd >= 0 && more[1].revents != 0;
	return 0;
}
