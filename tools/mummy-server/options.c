/*
 * options.c - the command line of mummy-server: one table, from which it is parsed and explained.
 */
#include <config.h>
#include <errno.h>
#include <string.h>
#include "number.h"
#include "options.h"

#define MAX_WORKERS 10000u
#define MAX_LOOPS 256u
#define MAX_NICE 19u
#define MAX_RATE 1000000u
#define WORKER_NICE 5u /* enough for short turns of the loops, and a third of the CPU beside other programs */

static int set_listen(struct options *o, const char *value, char *why, size_t size)
{
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

static int set_text(const char **to, const char *value, const char *what, char *why, size_t size)
{
	if (*value == '\0') {
		snprintf(why, size, "the value is empty; give a %s", what);
		return -EINVAL;
	}
	*to = value;
	return 0;
}

static int set_root(struct options *o, const char *value, char *why, size_t size)
{
	return set_text(&o->root, value, "directory", why, size);
}

static int set_uploads(struct options *o, const char *value, char *why, size_t size)
{
	return set_text(&o->uploads, value, "directory", why, size);
}

static int set_log(struct options *o, const char *value, char *why, size_t size)
{
	return set_text(&o->log, value, "file", why, size);
}

static int set_port_file(struct options *o, const char *value, char *why, size_t size)
{
	return set_text(&o->port_file, value, "file", why, size);
}

static const char *const models[] = { "threads", "tasks", "fibers" };

const char *options_model_name(enum options_model model)
{
	return models[model];
}

static int set_model(struct options *o, const char *value, char *why, size_t size)
{
	for (unsigned i = 0; i < sizeof models / sizeof models[0]; i++) {
		if (strcmp(value, models[i]) == 0) {
			o->model = (enum options_model)i;
			return 0;
		}
	}
	snprintf(why, size, "\"%s\" is not a model; it is \"threads\", \"tasks\" or \"fibers\"", value);
	return -EINVAL;
}

static int set_count(uint64_t *to, const char *value, uint64_t max, char *why, size_t size)
{
	if (number_parse(to, value, 1, max) < 0) {
		snprintf(why, size, "\"%s\" is not a number from 1 to %u", value, (unsigned)max);
		return -EINVAL;
	}
	return 0;
}

static int set_workers(struct options *o, const char *value, char *why, size_t size)
{
	return set_count(&o->workers, value, MAX_WORKERS, why, size);
}

static int set_worker_nice(struct options *o, const char *value, char *why, size_t size)
{
	if (number_parse(&o->worker_nice, value, 0, MAX_NICE) < 0) {
		snprintf(why, size, "\"%s\" is not a number from 0 to %u", value, MAX_NICE);
		return -EINVAL;
	}
	return 0;
}

static int set_loops(struct options *o, const char *value, char *why, size_t size)
{
	return set_count(&o->loops, value, MAX_LOOPS, why, size);
}

static int set_max_body(struct options *o, const char *value, char *why, size_t size)
{
	if (number_parse_size(&o->max_body, value, INT64_MAX) < 0 || o->max_body == 0) {
		snprintf(why, size, "\"%s\" is not a size; write it as 65536, 64K, 16M or 2G", value);
		return -EINVAL;
	}
	o->max_body_given = 1;
	return 0;
}

static int set_completed(struct options *o, const char *value, char *why, size_t size)
{
	return set_text(&o->completed, value, "directory", why, size);
}

static int set_origins(struct options *o, const char *value, char *why, size_t size)
{
	return set_text(&o->origins, value, "web site", why, size);
}

static int set_size(uint64_t *to, const char *value, char *why, size_t size)
{
	if (number_parse_size(to, value, INT64_MAX) == 0)
		return 0;
	snprintf(why, size, "\"%s\" is not a size; write it as 65536, 64K, 16M or 2G", value);
	return -EINVAL;
}

static int set_upload_max(struct options *o, const char *value, char *why, size_t size)
{
	return set_size(&o->upload_max, value, why, size);
}

static int set_upload_quota(struct options *o, const char *value, char *why, size_t size)
{
	return set_size(&o->upload_quota, value, why, size);
}

static int set_upload_min_free(struct options *o, const char *value, char *why, size_t size)
{
	return set_size(&o->upload_min_free, value, why, size);
}

static int set_upload_rate(struct options *o, const char *value, char *why, size_t size)
{
	return set_size(&o->upload_rate, value, why, size);
}

static int set_client_rate(struct options *o, const char *value, char *why, size_t size)
{
	return set_size(&o->client_rate, value, why, size);
}

static int set_total_rate(struct options *o, const char *value, char *why, size_t size)
{
	return set_size(&o->total_rate, value, why, size);
}

static int set_upload_min_rate(struct options *o, const char *value, char *why, size_t size)
{
	return set_size(&o->upload_min_rate, value, why, size);
}

static int set_client_uploads(struct options *o, const char *value, char *why, size_t size)
{
	return set_count(&o->client_uploads, value, 1000000, why, size);
}

static int set_digest_max(struct options *o, const char *value, char *why, size_t size)
{
	return set_size(&o->digest_max, value, why, size);
}

static int set_upload_expire(struct options *o, const char *value, char *why, size_t size)
{
	if (number_parse_time(&o->upload_expire, value, UINT32_MAX) == 0)
		return 0;
	snprintf(why, size, "\"%s\" is not a time; write it as 90s, 30m, 24h, 7d, or 0 for never", value);
	return -EINVAL;
}

static int set_choice(int *to, const char *value, const char *const words[3], char *why, size_t size)
{
	for (int i = 0; i < 3 && words[i]; i++)
		if (!strcmp(value, words[i])) {
			*to = i;
			return 0;
		}
	snprintf(why, size, "\"%s\" is none of %s, %s%s%s", value, words[0], words[1], words[2] ? ", " : "",
		 words[2] ? words[2] : "");
	return -EINVAL;
}

static int set_fsync(struct options *o, const char *value, char *why, size_t size)
{
	static const char *const words[3] = { "ack", "finish", "none" };

	return set_choice(&o->sync, value, words, why, size);
}

static int set_name(struct options *o, const char *value, char *why, size_t size)
{
	static const char *const words[3] = { "id", "safe", NULL };

	return set_choice(&o->safe_names, value, words, why, size);
}

static int set_allow_anonymous(struct options *o, const char *value, char *why, size_t size)
{
	(void)value, (void)why, (void)size;
	o->allow_anonymous = 1;
	return 0;
}

static int set_reuse_port(struct options *o, const char *value, char *why, size_t size)
{
	(void)value, (void)why, (void)size;
	o->reuse_port = 1;
	return 0;
}

static int set_diagnostics(struct options *o, const char *value, char *why, size_t size)
{
	(void)value, (void)why, (void)size;
	o->diagnostics = 1;
	return 0;
}

static int set_ws_inline(struct options *o, const char *value, char *why, size_t size)
{
	(void)value, (void)why, (void)size;
	o->ws_inline = 1;
	return 0;
}

static int set_ws_deflate(struct options *o, const char *value, char *why, size_t size)
{
	static const char *const names[] = { "shared", "off", "dedicated" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(value, names[i]) == 0) {
			o->ws_deflate = (enum options_deflate)i;
			return 0;
		}
	snprintf(why, size, "\"%s\" is not known; it is \"off\", \"shared\" or \"dedicated\"", value);
	return -EINVAL;
}

/* As browsers send it: a scheme and a host, perhaps a port, and nothing behind them. */
static int is_origin(const char *s)
{
	const char *host = strstr(s, "://");

	return host && host > s && host[3] && !strpbrk(host + 3, "/ ?#@,*") && !strpbrk(s, " \t");
}

static int set_ws_origin(struct options *o, const char *value, char *why, size_t size)
{
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

static int set_access_log(struct options *o, const char *value, char *why, size_t size)
{
	return set_text(&o->access_log, value, "file", why, size);
}

static int set_access_format(struct options *o, const char *value, char *why, size_t size)
{
	static const char *const names[] = { "common", "combined", "json" };

	for (int i = 0; i < 3; i++)
		if (strcmp(value, names[i]) == 0) {
			o->access_format = i;
			return 0;
		}
	snprintf(why, size, "\"%s\" is not a format; it is \"common\", \"combined\" or \"json\"", value);
	return -EINVAL;
}

static int set_trusted_proxies(struct options *o, const char *value, char *why, size_t size)
{
	return set_text(&o->trusted_proxies, value, "list of addresses", why, size);
}

static int set_cors(struct options *o, const char *value, char *why, size_t size)
{
	return set_text(&o->cors, value, "list of origins, or *", why, size);
}

static int set_rate_limit(struct options *o, const char *value, char *why, size_t size)
{
	return set_count(&o->rate_limit, value, MAX_RATE, why, size);
}

static int set_list(struct options *o, const char *value, char *why, size_t size)
{
	(void)value, (void)why, (void)size;
	o->list = 1;
	return 0;
}

static int set_request_id(struct options *o, const char *value, char *why, size_t size)
{
	(void)value, (void)why, (void)size;
	o->request_id = 1;
	return 0;
}

static int set_help(struct options *o, const char *value, char *why, size_t size)
{
	(void)value, (void)why, (void)size;
	o->action = OPTIONS_HELP;
	return 0;
}

static int set_version(struct options *o, const char *value, char *why, size_t size)
{
	(void)value, (void)why, (void)size;
	o->action = OPTIONS_VERSION;
	return 0;
}

static const struct options_row table[] = {
	{ "listen", "ADDRESS:PORT", "listen there; may be given several times. [ADDRESS]:PORT for IPv6,\n"
		"unix:PATH for a socket file; port 0: the kernel picks one.\n"
		"Default: 127.0.0.1:8080 and, where IPv6 exists, [::1]:8080", set_listen },
	{ "root", "DIR", "serve the files below DIR", set_root },
	{ "list", NULL, "list the folders of --root that have no index.html", set_list },
	{ "uploads", "DIR", "keep uploads in DIR, which is made if it is missing.\n"
		"Default: a fresh directory that is removed at the end", set_uploads },
	{ "completed", "DIR", "move finished uploads to DIR, on the same file system; made if it is\n"
		"missing. Default: they stay in the directory of uploads", set_completed },
	{ "name", "id|safe", "name finished uploads by their id (default), or as the client does,\n"
		"made safe, with a suffix where there is such a file", set_name },
	{ "fsync", "ack|finish|none", "what survives a power cut: all that was acknowledged (default),\n"
		"what is finished, or nothing for sure", set_fsync },
	{ "upload-max-size", "SIZE", "largest upload. Default: 0, no limit", set_upload_max },
	{ "upload-expire", "TIME", "remove unfinished uploads that long after their last octet: 90s,\n"
		"30m, 24h, 7d; 0: never. Default: 24h", set_upload_expire },
	{ "upload-quota", "SIZE", "all uploads together. Default: 0, no limit", set_upload_quota },
	{ "upload-min-free", "SIZE", "space that uploads leave free on the disk. Default: 64M",
		set_upload_min_free },
	{ "upload-rate", "SIZE", "octets a second of one upload. Default: 0, no limit", set_upload_rate },
	{ "client-rate", "SIZE", "and of one client", set_client_rate },
	{ "total-rate", "SIZE", "and of all together", set_total_rate },
	{ "upload-min-rate", "SIZE", "slower uploads are cut off; what arrived is kept. Default: 0",
		set_upload_min_rate },
	{ "client-uploads", "N", "uploads that one client may send at once. Default: any number",
		set_client_uploads },
	{ "upload-origins", "LIST", "let pages of these web sites use the uploads: https://a.example,...,\n"
		"or * for all. Default: pages of this server only", set_origins },
	{ "digest-max", "SIZE", "write the SHA-256 of finished uploads up to that size to ID.json.\n"
		"Default: 64M; 0: of none", set_digest_max },
	{ "allow-anonymous", NULL, "take uploads from other machines although nobody is asked who he is",
		set_allow_anonymous },
	{ "model", "threads|tasks|fibers", "run handlers on threads with one queue, for handlers that\n"
		"block (default), on a work-stealing pool, for those that compute,\n"
		"or on fibers, for many that wait", set_model },
	{ "workers", "N", "worker threads. Default: 8 for each CPU; with tasks and fibers\n"
		"1 for each, and more are added while handlers block", set_workers },
	{ "worker-nice", "N", "how far the workers stand back behind the loops, 0 to 19.\n"
		"Default: 5", set_worker_nice },
	{ "loops", "N", "event loops, a thread each. Default: 1", set_loops },
	{ "max-body", "SIZE", "largest request body outside /files/; K, M, G, T are taken.\n"
		"Default: 1M; none for /diag/echo", set_max_body },
	{ "log", "FILE", "append to FILE (-: standard error) what happens, with a line for\n"
		"each answer. Default: standard error, without answers", set_log },
	{ "access-log", "FILE", "append a line for each answer to FILE (-: standard error)", set_access_log },
	{ "access-format", "common|combined|json", "of these lines. Default: common", set_access_format },
	{ "request-id", NULL, "give each request an X-Request-Id", set_request_id },
	{ "trusted-proxies", "LIST", "believe Forwarded and X-Forwarded-* of these addresses\n"
		"and networks: 10.0.0.0/8,::1,unix", set_trusted_proxies },
	{ "rate-limit", "N", "answer a client's requests above N a second with 429;\n"
		"five seconds' worth may come at once", set_rate_limit },
	{ "cors", "ORIGINS", "let scripts of these origins read answers; *: of any", set_cors },
	{ "reuse-port", NULL, "let several processes listen on the same port", set_reuse_port },
	{ "diagnostics", NULL, "serve /diag/ and /ws/echo, for probes and benchmarks", set_diagnostics },
	{ "ws-inline", NULL, "answer /ws/echo on the event loop, not on a worker", set_ws_inline },
	{ "ws-deflate", "off|shared|dedicated", "compress WebSocket messages where the client can: not, with\n"
		"compressors that all share (default), or with one for each client", set_ws_deflate },
	{ "ws-origin", "ORIGIN", "let pages of that origin, as https://example.com, open WebSockets, beside\n"
		"those of the server itself; may be given several times. *: all", set_ws_origin },
	{ "port-file", "FILE", "once listening, write the port numbers to FILE, one a line", set_port_file },
	{ "help", NULL, "show this and exit", set_help },
	{ "version", NULL, "show the version and exit", set_version },
};

const struct options_row *options_table(size_t *n)
{
	*n = sizeof table / sizeof table[0];
	return table;
}

static const struct options_row *find(const char *name, size_t n)
{
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (strlen(table[i].name) == n && memcmp(table[i].name, name, n) == 0)
			return &table[i];
	return NULL;
}

/* Takes one option, with its value from the next argument if that is where it is. */
static int take(struct options *o, char *const argv[], int *i, char *why, size_t size)
{
	const char *name = argv[*i] + 2, *equals = strchr(name, '=');
	const char *value = equals ? equals + 1 : NULL;
	const struct options_row *row = find(name, equals ? (size_t)(equals - name) : strlen(name));
	char reason[256];

	if (!row) {
		snprintf(why, size, "%s: unknown option; \"mummy-server --help\" lists them all", argv[*i]);
		return -EINVAL;
	}
	if (!row->value && value) {
		snprintf(why, size, "--%s: takes no value; leave out \"=%s\"", row->name, value);
		return -EINVAL;
	}
	if (row->value && !value)
		value = argv[++*i];
	if (row->value && !value) {
		snprintf(why, size, "--%s: the value is missing; write --%s %s", row->name, row->name,
			 row->value);
		return -EINVAL;
	}
	if (row->set(o, value, reason, sizeof reason) < 0) {
		snprintf(why, size, "--%s: %s", row->name, reason);
		return -EINVAL;
	}
	return 0;
}

int options_parse(struct options *o, int argc, char *const argv[], char *why, size_t size)
{
	memset(o, 0, sizeof *o);
	o->upload_expire = 24 * 3600;
	o->upload_min_free = UINT64_C(64) << 20;
	o->digest_max = UINT64_C(64) << 20;
	o->worker_nice = WORKER_NICE;
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--", 2) != 0 || argv[i][2] == '\0') {
			snprintf(why, size, "%s: not an option; \"mummy-server --help\" lists them all",
				 argv[i]);
			return -EINVAL;
		}
		if (take(o, argv, &i, why, size) < 0)
			return -EINVAL;
		if (o->action != OPTIONS_RUN)
			return 0;
	}
	return 0;
}

void options_help(FILE *to)
{
	fputs("usage: mummy-server [OPTION...]\n"
	      "Serves files, resumable uploads, a WebSocket chat and a page that shows them.\n\n", to);
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		const char *line = table[i].help, *end;
		int n = fprintf(to, "  --%s%s%s", table[i].name, table[i].value ? " " : "",
				table[i].value ? table[i].value : "");

		for (; line; line = end ? end + 1 : NULL, n = 0) {
			end = strchr(line, '\n');
			fprintf(to, "%*s%.*s\n", n < 26 ? 26 - n : 1, "",
				end ? (int)(end - line) : (int)strlen(line), line);
		}
	}
	fputs("\nThe page is at /_mummy/, and at / unless the --root directory holds an index.html.\n"
	      "See mummy-server(1).\n", to);
}
