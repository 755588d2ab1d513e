#include <config.h>
#include <mummy/http.h>

const char *mummy_http_version(void)
{
	return MUMMY_HTTP_VERSION;
}
