/* auth [PORT [FILE]] - who may go where. Below /private one has to say who one is, by name and secret
 * (Basic) or by the secret alone (Bearer); below /private/admin one has to be an administrator. FILE
 * (users) has lines of "NAME SECRET" or "NAME SECRET admin". Serve this behind TLS only. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <mummy/http.h>

struct user { char name[64]; int admin; };     /* of one request */

static const char *file = "users";

/* In a time that does not tell how much of it is right. */
static int same(const char *secret, const char *given)
{
	size_t n = strlen(secret), m = strlen(given);
	unsigned char differs = n != m;

	for (size_t i = 0; i < m; i++)
		differs |= (unsigned char)(given[i] ^ secret[i < n ? i : n]);
	return !differs;
}

/* On the loop here; with an executor it may ask a database. The file is read anew each time. */
static int known(void *ctx, mummy_http_exchange *x, const char *name, const char *secret)
{
	char line[256], user[64], expected[128], role[16];
	struct user *who = NULL;
	FILE *f = fopen(file, "re");
	int n;

	(void)ctx;
	while (f && !who && fgets(line, sizeof line, f)) {
		n = sscanf(line, "%63s %127s %15s", user, expected, role);
		if (n < 2 || (name && strcmp(name, user) != 0) || !same(expected, secret))
			continue;
		if ((who = calloc(1, sizeof *who)) == NULL)
			break;
		snprintf(who->name, sizeof who->name, "%s", user);
		who->admin = n == 3 && strcmp(role, "admin") == 0;
		mummy_http_user_set(x, who, free);
	}
	if (f)
		fclose(f);
	return who ? 0 : -EACCES;
}

/* Comes after known, which put the user there. */
static int administrator(void *ctx, mummy_http_exchange *x, const char *name, const char *secret)
{
	const struct user *who = mummy_http_user(x);

	(void)ctx, (void)name, (void)secret;
	return who->admin ? 0 : -EPERM;
}

static void greet(mummy_http_exchange *x, void *ctx)
{
	const struct user *who = mummy_http_user(x);
	char text[128];

	(void)ctx;
	snprintf(text, sizeof text, "Hello, %s.\n", who ? who->name : "whoever you are");
	mummy_http_respond_text(x, 200, text);
}

int main(int argc, char **argv)
{
	struct mummy_http_listener at = { .port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8080) };
	struct mummy_http_options opt = { .listeners = &at, .nlisteners = 1 };
	struct mummy_http_route route = { .handler = greet };
	mummy_http_router *router = NULL;
	mummy_http_server *server = NULL;
	int rc;

	if (argc > 2)
		file = argv[2];
	if ((rc = mummy_http_router_new(&router)) == 0
	    && (rc = mummy_http_use_auth(router, "/private", "the example", known, NULL)) == 0
	    && (rc = mummy_http_use_auth(router, "/private/admin", "the example", administrator, NULL)) == 0
	    && (rc = mummy_http_router_add(router, "GET", "/", &route)) == 0
	    && (rc = mummy_http_router_add(router, "GET", "/private/me", &route)) == 0
	    && (rc = mummy_http_router_add(router, "GET", "/private/admin", &route)) == 0
	    && (rc = mummy_http_server_new(&server, router, &opt)) == 0) {
		printf("http://127.0.0.1:%u/private/me\n", (unsigned)mummy_http_server_port(server, 0));
		fflush(stdout);
		rc = mummy_http_server_run(server);
	}
	if (rc < 0)
		fprintf(stderr, "auth: %s\n", strerror(-rc));
	mummy_http_server_free(server);
	mummy_http_router_unref(router);
	return rc < 0;
}
