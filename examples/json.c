/* json [PORT] - an API of notes, {"text": "..."}, kept in memory: GET and POST /notes; GET, PUT and DELETE
 * /notes/{id}. One loop and no executor: one handler at a time runs, so that no lock is needed. */
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <mummy/http.h>

static char *notes[1000];                      /* as they were sent; NULL: free or deleted */
static size_t made;                            /* ids are never used again */
static regex_t shape;

static void reply(mummy_http_exchange *x, int status, const char *json)
{
	const struct mummy_http_header type = MUMMY_HTTP_HEADER("Content-Type", "application/json");

	mummy_http_respond(x, status, &type, 1, json, strlen(json));
}

/* Stores the note in the body and answers with it, or says what is wrong. Unanswered, for memory, is 500. */
static void store(mummy_http_exchange *x, int status, size_t id)
{
	const char *type = mummy_http_header_get(x, "Content-Type", NULL);
	char json[4097] = "", where[40], *copy;
	size_t n;

	const void *body = mummy_http_body(x, &n);

	memcpy(json, body, n);                         /* it fits: see max_body_bytes */
	if (!type || strncmp(type, "application/json", 16) != 0) {
		reply(x, 415, "{\"error\": \"send application/json\"}\n");
	} else if (strlen(json) != n || regexec(&shape, json, 0, NULL, 0) != 0) {
		reply(x, 400, "{\"error\": \"a note is {\\\"text\\\": \\\"...\\\"}\"}\n");
	} else if ((copy = strdup(json)) != NULL) {
		free(notes[id - 1]);
		notes[id - 1] = copy;
		snprintf(where, sizeof where, "/notes/%zu", id);
		if (status == 201 && ++made)
			mummy_http_header_add(x, "Location", where);
		reply(x, status, copy);
	}
}

static void all(mummy_http_exchange *x, void *ctx)
{
	char *json = NULL, *before = "{";
	size_t n;
	FILE *f;

	(void)ctx;
	if (strcmp(mummy_http_method(x, NULL), "POST") == 0)
		return made < sizeof notes / sizeof *notes ? store(x, 201, made + 1)
			: reply(x, 507, "{\"error\": \"there is no room for more\"}\n");
	f = open_memstream(&json, &n);
	for (size_t i = 0; f && i < made; i++)
		if (notes[i])
			fprintf(f, "%s\"%zu\": %s", before, i + 1, notes[i]), before = ",\n";
	if (f && fputs(*before == '{' ? "{}\n" : "}\n", f) >= 0 && fclose(f) == 0)
		reply(x, 200, json);
	free(json);
}

static void one(mummy_http_exchange *x, void *ctx)
{
	const char *method = mummy_http_method(x, NULL), *name = mummy_http_param(x, "id", NULL);
	size_t id = name[strspn(name, "0123456789")] ? 0 : strtoul(name, NULL, 10);

	(void)ctx;
	if (id == 0 || id > made || !notes[id - 1])
		return reply(x, 404, "{\"error\": \"there is no such note\"}\n");
	if (strcmp(method, "PUT") == 0)
		return store(x, 200, id);
	if (strcmp(method, "DELETE") != 0)
		return reply(x, 200, notes[id - 1]);
	free(notes[id - 1]);
	notes[id - 1] = NULL;
	mummy_http_respond(x, 204, NULL, 0, NULL, 0);
}

int main(int argc, char **argv)
{
	struct mummy_http_listener at = { .port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8080) };
	struct mummy_http_options opt = { .listeners = &at, .nlisteners = 1, .max_body_bytes = 4096 };
	struct mummy_http_route list = { .handler = all }, note = { .handler = one };
	mummy_http_router *r;
	mummy_http_server *s;

	if (regcomp(&shape, "^[ \t\r\n]*\\{[ \t\r\n]*\"text\"[ \t\r\n]*:[ \t\r\n]*\"([^\"\\\001-\037]|\\\\("
		"[\"\\/bfnrt]|u[0-9a-fA-F]{4}))*\"[ \t\r\n]*\\}[ \t\r\n]*$", REG_EXTENDED | REG_NOSUB) != 0
	    || mummy_http_router_new(&r) < 0 || mummy_http_router_add(r, "GET", "/notes", &list) < 0
	    || mummy_http_router_add(r, "GET", "/notes/{id}", &note) < 0
	    || mummy_http_router_add(r, "PUT", "/notes/{id}", &note) < 0
	    || mummy_http_router_add(r, "DELETE", "/notes/{id}", &note) < 0
	    || mummy_http_router_add(r, "POST", "/notes", &list) < 0 || mummy_http_server_new(&s, r, &opt))
		return fputs("json: cannot start\n", stderr), 1;
	printf("http://127.0.0.1:%u/notes\n", (unsigned)mummy_http_server_port(s, 0));
	fflush(stdout);
	return mummy_http_server_run(s) < 0;
}
