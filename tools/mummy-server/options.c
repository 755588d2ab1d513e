/*
 * options.c - the command line of mummy-server: one table, from which it is parsed and explained.
 */
#include <config.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include "options.h"

#define MAX_WORKERS 10000u
#define MAX_LOOPS 256u
#define MAX_NICE 19u
#define MAX_RATE 1000000u
#define MAX_CLIENT_UPLOADS 1000000u
#define MAX_OPEN 1000000000u
#define MAX_HOOK_JOBS 1000u
#define MAX_HOOK_QUEUE 100000000u
#define WORKER_NICE 5u /* enough for short turns of the loops, and a third of the CPU beside other programs */

/* ---- Values of its own ------------------------------------------------------------------------------ */

static int set_listen(const struct cmdline_row *row, void *to, const char *value, char *why, size_t size)
{
	struct options *o = to;

	(void)row;
	if (o->nlisten == OPTIONS_MAX_LISTEN) {
		snprintf(why, size, "at most %d addresses can be given", OPTIONS_MAX_LISTEN);
		return -EINVAL;
	}
	if (address_parse(&o->listen[o->nlisten], value) < 0) {
		snprintf(why, size, "\"%s\" is not an address; write it as 127.0.0.1:8080, [::1]:8080 "
			 "or unix:PATH", value);
		return -EINVAL;
	}
	o->nlisten++;
	return 0;
}

/* As browsers send it: a scheme and a host, perhaps a port, and nothing behind them. */
static int is_origin(const char *s)
{
	const char *host = strstr(s, "://");

	return host && host > s && host[3] && !strpbrk(host + 3, "/ ?#@,*") && !strpbrk(s, " \t");
}

static int set_ws_origin(const struct cmdline_row *row, void *to, const char *value, char *why, size_t size)
{
	struct options *o = to;

	(void)row;
	if (strcmp(value, "*") == 0) {
		o->any_origin = 1;
		return 0;
	}
	if (!is_origin(value)) {
		snprintf(why, size, "\"%s\" is not an origin; write it as https://example.com, or * for all", value);
		return -EINVAL;
	}
	if (o->norigins == OPTIONS_MAX_ORIGINS) {
		snprintf(why, size, "at most %d origins can be given", OPTIONS_MAX_ORIGINS);
		return -EINVAL;
	}
	o->origin[o->norigins++] = value;
	return 0;
}

/* What browsers send for pages without an origin, as files: all of them. */
static int is_no_origin(const char *s)
{
	return !strcmp(s, "*") || !strcmp(s, "null");
}

/* Calls each with every item of a comma-separated list; 0 if one of them gave that, or is far too long. */
static int all_items(const char *list, int (*each)(const char *item))
{
	char item[512];

	for (const char *p = list;; p++) {
		size_t n = strcspn(p += strspn(p, " \t"), ","), used = n;

		while (used && strchr(" \t", p[used - 1]))
			used--;
		if (used >= sizeof item)
			return 0;
		memcpy(item, p, used);
		item[used] = 0;
		if (!each(item))
			return 0;
		p += n;
		if (!*p)
			return 1;
	}
}

static int may_be_listed(const char *item)
{
	return is_origin(item) || !strcmp(item, "null");
}

static int is_named(const char *item)
{
	return !is_no_origin(item);
}

static int set_origins(const struct cmdline_row *row, void *to, const char *value, char *why, size_t size)
{
	if (strcmp(value, "*") != 0 && !all_items(value, may_be_listed)) {
		snprintf(why, size, "\"%s\" is not a list of origins; write it as https://a.example,https://b.example:8443,"
			 " or * for all", value);
		return -EINVAL;
	}
	return cmdline_text(row, to, value, why, size);
}

/* ---- The table ------------------------------------------------------------------------------------- */

/* In the order of their enumerations. */
static const char *const models[] = { "threads", "tasks", "fibers", NULL };
static const char *const namings[] = { "id", "safe", NULL };
static const char *const deflates[] = { "shared", "off", "dedicated", NULL };
static const char *const formats[] = { "common", "combined", "json", NULL };
static const char *const syncs[] = { "ack", "finish", "none", NULL };

static const char *const events[] = { "pre-create", "pre-finish", "post-finish", "terminated", "expired", NULL };

#define TO(member) offsetof(struct options, member)
#define ALL 0                       /* sets several members */

static const struct cmdline_row table[] = {
	{ "listen", "ADDRESS:PORT", "listen there; may be given several times. [ADDRESS]:PORT for IPv6,\n"
		"unix:PATH for a socket file; port 0: the kernel picks one.\n"
		"Default: sockets passed by systemd, else 127.0.0.1:8080 and, where\n"
		"IPv6 exists, [::1]:8080", set_listen, .at = ALL },
	{ "root", "DIR", "serve the files below DIR", cmdline_text, .at = TO(root), .what = "a directory" },
	{ "list", NULL, "list the folders of --root that have no index.html", cmdline_flag, .at = TO(list) },
	{ "uploads", "DIR", "keep uploads in DIR, which is made if it is missing.\n"
		"Default: a fresh directory that is removed at the end",
		cmdline_text, .at = TO(uploads), .what = "a directory" },
	{ "completed", "DIR", "move finished uploads to DIR, on the same file system; made if it is\n"
		"missing. Default: they stay in the directory of uploads",
		cmdline_text, .at = TO(completed), .what = "a directory" },
	{ "name", "id|safe", "name finished uploads by their id (default), or as the client does,\n"
		"made safe, with a suffix where there is such a file",
		cmdline_choice, .at = TO(safe_names), .words = namings },
	{ "fsync", "ack|finish|none", "what survives a power cut: all that was acknowledged (default),\n"
		"what is finished, or nothing for sure", cmdline_choice, .at = TO(sync), .words = syncs },
	{ "upload-max-size", "SIZE", "largest upload. Default: 0, no limit", cmdline_size, .at = TO(upload_max) },
	{ "upload-expire", "TIME", "remove unfinished uploads that long after their last octet: 90s,\n"
		"30m, 24h, 7d; 0: never. Default: 24h", cmdline_time, .at = TO(upload_expire) },
	{ "upload-max-open", "N", "unfinished uploads there may be. Default: any number",
		cmdline_number, .at = TO(upload_max_open), .min = 1, .max = MAX_OPEN },
	{ "client-max-open", "N", "and of one client", cmdline_number, .at = TO(client_max_open), .min = 1, .max = MAX_OPEN },
	{ "upload-quota", "SIZE", "all uploads together. Default: 0, no limit",
		cmdline_size, .at = TO(upload_quota) },
	{ "upload-min-free", "SIZE", "space that uploads leave free on the disk. Default: 64M",
		cmdline_size, .at = TO(upload_min_free) },
	{ "upload-rate", "SIZE", "octets a second of one upload. Default: 0, no limit",
		cmdline_size, .at = TO(upload_rate) },
	{ "client-rate", "SIZE", "and of one client", cmdline_size, .at = TO(client_rate) },
	{ "total-rate", "SIZE", "and of all together", cmdline_size, .at = TO(total_rate) },
	{ "upload-min-rate", "SIZE", "slower uploads are cut off; what arrived is kept. Default: 0",
		cmdline_size, .at = TO(upload_min_rate) },
	{ "upload-idle", "TIME", "an upload that brings nothing for that long is cut off; what arrived is\n"
		"kept: 500ms, 30s, 5m; 0: never. Default: 30s", cmdline_ms, .at = TO(upload_idle) },
	{ "client-uploads", "N", "uploads that one client may send at once. Default: any number",
		cmdline_number, .at = TO(client_uploads), .min = 1, .max = MAX_CLIENT_UPLOADS },
	{ "upload-origins", "LIST", "let pages of these web sites use the uploads: https://a.example,...,\n"
		"or * for all. Default: pages of this server only",
		set_origins, .at = TO(origins), .what = "a web site" },
	{ "digest-max", "SIZE", "write the SHA-256 of finished uploads up to that size to ID.json.\n"
		"Default: 64M; 0: of none", cmdline_size, .at = TO(digest_max) },
	{ "hook-command", "FILE", "run FILE for what happens to uploads, with JSON on its input;\n"
		"what it says can refuse one: see mummy-server(1)",
		cmdline_text, .at = TO(hook_command), .what = "an executable file" },
	{ "hook-url", "URL", "post the JSON to http://HOST:PORT/PATH, or to https",
		cmdline_text, .at = TO(hook_url), .what = "a URL" },
	{ "hook-ca", "FILE", "believe in https those whom the certificates in FILE signed.\n"
		"Default: whom the system does", cmdline_text, .at = TO(hook_ca), .what = "a file" },
	{ "hook-events", "LIST", "some of pre-create,pre-finish,post-finish,terminated,expired.\n"
		"Default: all", cmdline_choices, .at = TO(hook_events), .what = "event", .words = events },
	{ "hook-timeout", "TIME", "how long a hook may take. Default: 30s",
		cmdline_ms, .at = TO(hook_timeout), .min = 1 },
	{ "hook-jobs", "N", "hooks asked at once, and told at once. Default: 4",
		cmdline_number, .at = TO(hook_jobs), .min = 1, .max = MAX_HOOK_JOBS },
	{ "hook-keep", "TIME", "how long it is tried to tell an event; 0: for ever. Default: 7d",
		cmdline_time, .at = TO(hook_keep) },
	{ "hook-queue", "N", "events waiting to be told above which no upload is begun.\n"
		"Default: 100000", cmdline_number, .at = TO(hook_queue), .min = 1, .max = MAX_HOOK_QUEUE },
	{ "allow-anonymous", NULL, "take uploads from other machines although nobody is asked who he is",
		cmdline_flag, .at = TO(allow_anonymous) },
	{ "model", "threads|tasks|fibers", "run handlers on threads with one queue, for handlers that\n"
		"block (default), on a work-stealing pool, for those that compute,\n"
		"or on fibers, for many that wait", cmdline_choice, .at = TO(model), .words = models },
	{ "workers", "N", "worker threads. Default: 8 for each CPU; with tasks and fibers\n"
		"1 for each, and more are added while handlers block",
		cmdline_number, .at = TO(workers), .min = 1, .max = MAX_WORKERS },
	{ "worker-nice", "N", "how far the workers stand back behind the loops, 0 to 19.\n"
		"Default: 5", cmdline_number, .at = TO(worker_nice), .max = MAX_NICE },
	{ "loops", "N", "event loops, a thread each. Default: 1",
		cmdline_number, .at = TO(loops), .min = 1, .max = MAX_LOOPS },
	{ "max-body", "SIZE", "largest request body outside /files/; K, M, G, T are taken.\n"
		"Default: 1M; none for /diag/echo", cmdline_size, .at = TO(max_body), .min = 1 },
	{ "idle-timeout", "TIME", "close a connection on which nothing was asked for that long.\n"
		"Default: 60s", cmdline_ms, .at = TO(idle_timeout), .min = 1 },
	{ "min-body-rate", "SIZE", "octets a second below which a body, also of an upload, is cut off,\n"
		"counted over 10s. Default: 256; 0: any", cmdline_size, .at = TO(min_body_rate) },
	{ "min-answer-rate", "SIZE", "octets a second below which a client that takes its answer is cut\n"
		"off, counted over the time of --idle-timeout. Default: 256; 0: any",
		cmdline_size, .at = TO(min_answer_rate) },
	{ "log", "FILE", "append to FILE (-: standard error) what happens, with a line for\n"
		"each answer. Default: standard error, without answers",
		cmdline_text, .at = TO(log), .what = "a file" },
	{ "access-log", "FILE", "append a line for each answer to FILE (-: standard error)",
		cmdline_text, .at = TO(access_log), .what = "a file" },
	{ "access-format", "common|combined|json", "of these lines. Default: common",
		cmdline_choice, .at = TO(access_format), .words = formats },
	{ "request-id", NULL, "give each request an X-Request-Id", cmdline_flag, .at = TO(request_id) },
	{ "trusted-proxies", "LIST", "believe Forwarded and X-Forwarded-* of these addresses\n"
		"and networks: 10.0.0.0/8,::1,unix",
		cmdline_text, .at = TO(trusted_proxies), .what = "a list of addresses" },
	{ "rate-limit", "N", "answer a client's requests above N a second with 429;\n"
		"five seconds' worth may come at once",
		cmdline_number, .at = TO(rate_limit), .min = 1, .max = MAX_RATE },
	{ "cors", "ORIGINS", "let scripts of these origins read answers and upload; *: of any",
		set_origins, .at = TO(cors), .what = "a list of origins, or *" },
	{ "cors-credentials", NULL, "and do so with cookies and passwords, for the origins that --cors or\n"
		"--upload-origins names; not with *", cmdline_flag, .at = TO(cors_credentials) },
	{ "reuse-port", NULL, "let several processes listen on the same port",
		cmdline_flag, .at = TO(reuse_port) },
	{ "congestion", "NAME", "TCP congestion control of the connections, as the kernel\n"
		"knows it. Default: the system's, but reno for a bbr on loopback",
		cmdline_text, .at = TO(congestion), .what = "the name of one" },
	{ "diagnostics", NULL, "serve /diag/ and /ws/echo, for probes and benchmarks",
		cmdline_flag, .at = TO(diagnostics) },
	{ "ws-inline", NULL, "answer /ws/echo on the event loop, not on a worker",
		cmdline_flag, .at = TO(ws_inline) },
	{ "ws-deflate", "off|shared|dedicated", "compress WebSocket messages where the client can: not, with\n"
		"compressors that all share (default), or with one for each client",
		cmdline_choice, .at = TO(ws_deflate), .words = deflates },
	{ "ws-origin", "ORIGIN", "let pages of that origin, as https://example.com, open WebSockets, beside\n"
		"those of the server itself; may be given several times. *: all", set_ws_origin, .at = ALL },
	{ "port-file", "FILE", "once listening, write the port numbers to FILE, one a line",
		cmdline_text, .at = TO(port_file), .what = "a file" },
	{ "cleanup", NULL, "remove the expired uploads in --uploads and exit; servers that share the\n"
		"directory may be running", cmdline_flag, .at = TO(cleanup) },
	{ "help", NULL, "show this and exit", cmdline_max, .at = TO(action), .max = OPTIONS_HELP },
	{ "version", NULL, "show the version and exit", cmdline_max, .at = TO(action), .max = OPTIONS_VERSION },
};

const char *options_model_name(enum options_model model)
{
	return models[model];
}

const struct cmdline_row *options_table(size_t *n)
{
	*n = sizeof table / sizeof table[0];
	return table;
}

static const struct cmdline line = { "mummy-server", table, sizeof table / sizeof table[0] };

/* What does not go together. */
static int check(const struct options *o, char *why, size_t size)
{
	const char *origins = o->cors ? o->cors : o->origins;
	const char *said = NULL;

	if (o->cleanup && !o->uploads)
		said = "--cleanup: name the directory with --uploads";
	else if (o->cors && o->origins)
		said = "--upload-origins: leave it out; pages of the origins of --cors may upload";
	else if (o->cors_credentials && !origins)
		said = "--cors-credentials: name the origins that it is for with --cors or --upload-origins";
	else if (o->cors_credentials && !all_items(origins, is_named))
		said = "--cors-credentials: any page could act as its visitors; name the origins instead of \"*\" or "
		       "\"null\" in --cors or --upload-origins";
	if (said)
		snprintf(why, size, "%s", said);
	return said ? -EINVAL : 0;
}

int options_parse(struct options *o, int argc, char *const argv[], char *why, size_t size)
{
	memset(o, 0, sizeof *o);
	o->upload_expire = 24 * 3600;
	o->upload_min_free = UINT64_C(64) << 20;
	o->digest_max = UINT64_C(64) << 20;
	o->worker_nice = WORKER_NICE;
	o->idle_timeout = 60000;
	o->min_body_rate = 256;
	o->min_answer_rate = 256;
	o->upload_idle = 30000;
	o->hook_events = ~0u;
	o->hook_timeout = 30000;
	o->hook_jobs = 4;
	o->hook_keep = 7 * 24 * 3600;
	o->hook_queue = 100000;
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--", 2) != 0 || argv[i][2] == '\0') {
			snprintf(why, size, "%s: not an option; \"mummy-server --help\" lists them all",
				 argv[i]);
			return -EINVAL;
		}
		if (cmdline_take(&line, o, argv, &i, why, size) < 0)
			return -EINVAL;
		if (o->action != OPTIONS_RUN)
			return 0;
	}
	return check(o, why, size);
}

void options_help(FILE *to)
{
	fputs("usage: mummy-server [OPTION...]\n"
	      "Serves files, resumable uploads, a WebSocket chat and a page that shows them.\n\n", to);
	cmdline_help(&line, to);
	fputs("\nThe page is at /_mummy/, and at / unless the --root directory holds an index.html.\n"
	      "See mummy-server(1).\n", to);
}
