/*
 * options.h - the command line of mummy-server: one table, from which it is parsed and explained.
 */
#ifndef MUMMY_SERVER_OPTIONS_H
#define MUMMY_SERVER_OPTIONS_H
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "address.h"
#include "cmdline.h"

#define OPTIONS_MAX_LISTEN 16
#define OPTIONS_MAX_ORIGINS 64

enum options_deflate { OPTIONS_SHARED, OPTIONS_OFF, OPTIONS_DEDICATED };
/** In the order of their names in the help. */
enum options_model { OPTIONS_THREADS, OPTIONS_TASKS, OPTIONS_FIBERS };

enum options_action { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_VERSION };

/** What the user asked for. Strings are borrowed from argv. Zero means not given, where
 *  options_parse sets no default. */
struct options {
	enum options_action action;
	struct address listen[OPTIONS_MAX_LISTEN];
	size_t nlisten;
	const char *root, *uploads, *log, *port_file;
	enum options_model model;
	uint64_t workers, worker_nice, loops;
	uint64_t max_body;         /**< octets */
	uint64_t idle_timeout;     /**< milliseconds */
	uint64_t min_body_rate, min_answer_rate;  /**< octets per second; 0: any */
	int reuse_port, diagnostics, ws_inline;
	const char *congestion;    /**< of TCP; NULL: as the library has it */
	enum options_deflate ws_deflate;
	const char *origin[OPTIONS_MAX_ORIGINS];
	size_t norigins;
	int any_origin;            /**< --ws-origin "*" */
	int allow_anonymous;
	/* uploads */
	const char *completed, *origins;
	uint64_t upload_max, upload_quota, upload_min_free, digest_max;  /**< octets; 0: not limited */
	uint64_t upload_expire;    /**< seconds; 0: never */
	uint64_t upload_rate, client_rate, total_rate, upload_min_rate;  /**< octets per second; 0: any */
	uint64_t upload_idle;      /**< milliseconds; 0: any time */
	uint64_t client_uploads;   /**< bodies of uploads at once; 0: any number */
	uint64_t upload_max_open, client_max_open;  /**< unfinished uploads; 0: any number */
	int cleanup;               /**< remove what has expired, and serve nothing */
	int sync;                  /**< enum mummy_upload_sync */
	int safe_names;
	const char *hook_command, *hook_url, *hook_ca;
	unsigned hook_events;      /**< bits 1 << enum hooks_event */
	uint64_t hook_timeout, hook_keep;  /**< milliseconds, seconds */
	uint64_t hook_jobs, hook_queue;
	const char *access_log, *trusted_proxies, *cors;
	int cors_credentials;      /**< for the origins of cors or origins */
	int access_format;         /**< enum mummy_http_log_format */
	int request_id;
	int list;                  /**< folders of --root without an index */
	uint64_t rate_limit;       /**< requests per second and client */
};

/** As it is written on the command line. Static. */
const char *options_model_name(enum options_model model);

const struct cmdline_row *options_table(size_t *n);

/** Reads the command line. 0, or -EINVAL and one line without newline in why. */
int options_parse(struct options *o, int argc, char *const argv[], char *why, size_t size);
void options_help(FILE *to);
#endif
