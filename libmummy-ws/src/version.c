#include <config.h>
#include <mummy/ws.h>

const char *mummy_ws_version(void)
{
	return MUMMY_WS_VERSION;
}
