/*
 * http_lwan - lwan as a rival: /hello. Its files need Landlock, and kernel headers that have all of it.
 * usage: http_lwan PORT
 */
#include <stdio.h>
#include <lwan.h>

static enum lwan_http_status hello(struct lwan_request *request, struct lwan_response *response, void *data)
{
	(void)request, (void)data;
	response->mime_type = "text/plain";
	lwan_strbuf_set_static(response->buffer, "Hello, World!", 13);
	return HTTP_OK;
}

int main(int argc, char **argv)
{
	const struct lwan_url_map map[] = {{ .prefix = "/hello", .handler = hello }, { .prefix = NULL }};
	struct lwan_config config = *lwan_get_default_config();
	char listener[40];
	struct lwan l;

	if (argc != 2)
		return 1;
	snprintf(listener, sizeof listener, "127.0.0.1:%s", argv[1]);
	config.listener = listener;
	config.n_threads = 1;
	config.quiet = true;
	lwan_init_with_config(&l, &config);
	lwan_set_url_map(&l, map);
	lwan_main_loop(&l);
	lwan_shutdown(&l);
	return 0;
}
