/*
 * main.c - mummy-upload: uploads files to a TUS server, and goes on where it stopped.
 */
#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <curl/curl.h>
#include "digest.h"
#include "job.h"
#include "metadata.h"
#include "walk.h"

#define EXIT_USAGE 2

static volatile sig_atomic_t stop;     /* the signal */
static int wake[2] = { -1, -1 };

struct run {
	struct client c;
	unsigned failed;
};

static int complain(const char *why)
{
	fprintf(stderr, "mummy-upload: %s\n", why);
	return EXIT_USAGE;
}

/* ---- Signals --------------------------------------------------------------------------------------- */

/* The second one ends the program as if there were no handler. */
static void on_signal(int signal)
{
	const int saved = errno;

	stop = signal;
	if (write(wake[1], "", 1) < 0)
		errno = 0;
	errno = saved;
}

/* Without SA_RESTART, so that reading standard input ends too. */
static int take_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction was, now;

	if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	memset(&now, 0, sizeof now);
	now.sa_handler = on_signal;
	now.sa_flags = (int)SA_RESETHAND;
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		if (sigaction(signals[i], NULL, &was) == 0 && was.sa_handler != SIG_IGN)
			sigaction(signals[i], &now, NULL);
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

/* So that who started the program sees what ended it. */
static void end_by(int number)
{
	signal(number, SIG_DFL);
	raise(number);
}

/* ---- Before the first file ------------------------------------------------------------------------- */

static int check_options(const struct options *o, char *why, size_t size)
{
	unsigned inputs = 0;

	for (size_t i = 0; i < o->nfiles; i++)
		inputs += strcmp(o->files[i], "-") == 0;
	if (inputs > 1) {
		snprintf(why, size, "\"-\": standard input can be sent only once");
		return -1;
	}
	if (o->checksum && !digest_known(o->checksum)) {
		snprintf(why, size, "--checksum: \"%s\" is none of sha1, sha256, sha512, md5", o->checksum);
		return -1;
	}
	for (size_t i = 0; i < o->metadata.n; i++)
		if (!metadata_valid(o->metadata.text[i])) {
			snprintf(why, size,
				 "--metadata: \"%s\" is not KEY=VALUE with a key of ASCII, without "
				 "comma and space",
				 o->metadata.text[i]);
			return -1;
		}
	return 0;
}

static unsigned columns(void)
{
	struct winsize w;

	if (!isatty(STDERR_FILENO))
		return 0;
	return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 1 ? w.ws_col - 1u : 79;
}

/* What the user asks for and the server does not offer: better now than after hours. */
static int check_offers(struct client *c, char *why, size_t size)
{
	const struct options *o = c->opt;

	if (!client_offers(c, TUS_CREATION))
		snprintf(why, size, "the server does not let uploads be made");
	else if (o->parallel > 1 && !client_offers(c, TUS_CONCATENATION))
		snprintf(why, size, "the server does not offer concatenation: leave out --parallel");
	else if (o->checksum && !client_offers(c, TUS_CHECKSUM))
		snprintf(why, size, "the server does not offer checksums: leave out --checksum");
	else if (o->checksum && c->offers.tus && !answer_lists(c->offers.checksums, o->checksum))
		snprintf(why, size, "the server does not know %s: give --checksum one of %s", o->checksum,
			 c->offers.checksums[0] ? c->offers.checksums : "(none)");
	else
		return 0;
	return -1;
}

/* ---- Files and folders ----------------------------------------------------------------------------- */

static int upload(struct run *r, const char *path, const char *relative)
{
	if (job_run(&r->c, path, relative) < 0)
		r->failed++;
	return stop ? 1 : 0;
}

static int found(void *ctx, const char *path, const char *relative)
{
	return upload(ctx, path, relative);
}

static void skipped(void *ctx, const char *path, int error)
{
	struct run *r = ctx;

	if (error == 0) {
		report_note(&r->c.report, path, "skipped: it is neither a file nor a folder");
		return;
	}
	report_failed(&r->c.report, path, strerror(-error));
	r->failed++;
}

static int is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void upload_all(struct run *r)
{
	const struct walk w = { found, skipped, r };
	const struct options *o = r->c.opt;
	int over = 0;

	for (size_t i = 0; i < o->nfiles && !over; i++)
		over = o->recursive && is_folder(o->files[i]) ? walk_folder(&w, o->files[i])
			: upload(r, o->files[i], NULL);
}

static int work(struct run *r)
{
	struct client *c = &r->c;
	char why[600];

	if (client_discover(c, why, sizeof why) < 0 || check_offers(c, why, sizeof why) < 0) {
		report_failed(&c->report, NULL, why);
		return EXIT_FAILURE;
	}
	upload_all(r);
	report_clear(&c->report);
	if (c->report.lost)
		complain("standard output cannot be written");
	return r->failed || c->report.lost ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* ---- The program ----------------------------------------------------------------------------------- */

static int start(struct run *r, const struct options *o, char *why, size_t size)
{
	struct client *c = &r->c;
	char *login;

	c->opt = o;
	c->stop = &stop;
	c->report = (struct report){ .out = stdout, .errors = stderr, .json = o->json, .quiet = o->quiet,
		.names = o->recursive || o->nfiles > 1, .columns = columns() };
	c->state_folder = statefile_folder(o->state);
	if (url_endpoint(&c->endpoint, o->to) < 0) {
		snprintf(why, size, "the address to upload to is not a valid one");
		return -1;
	}
	login = c->endpoint.login;
	c->endpoint.login = NULL;
	if (take_signals() < 0) {
		free(login);
		snprintf(why, size, "too many open files");
		return -1;
	}
	return session_open(&c->session, o, c->endpoint.url, login, wake[0], why, size);
}

static int run(const struct options *o)
{
	struct run r;
	char why[600];
	int rc;

	memset(&r, 0, sizeof r);
	if (check_options(o, why, sizeof why) < 0 || start(&r, o, why, sizeof why) < 0) {
		rc = complain(why);
	} else {
		rc = work(&r);
		session_close(&r.c.session);
	}
	endpoint_free(&r.c.endpoint);
	free(r.c.state_folder);
	return rc;
}

int main(int argc, char *argv[])
{
	struct options o;
	char why[600];
	int rc = EXIT_SUCCESS;

	if (options_parse(&o, argc, argv, why, sizeof why) < 0) {
		rc = complain(why);
	} else if (o.action == OPTIONS_HELP) {
		options_help(stdout);
	} else if (o.action == OPTIONS_VERSION) {
		puts("mummy-upload " PACKAGE_VERSION);
	} else {
		curl_global_init(CURL_GLOBAL_DEFAULT);
		rc = run(&o);
		curl_global_cleanup();
	}
	options_free(&o);
	if (stop)
		end_by(stop);
	return rc;
}
