#include <config.h>
#include <mummy/pool.h>

const char *mummy_pool_version(void)
{
	return MUMMY_POOL_VERSION;
}
