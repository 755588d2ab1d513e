#include <config.h>
#include <mummy/upload.h>

const char *mummy_upload_version(void)
{
	return MUMMY_UPLOAD_VERSION;
}
