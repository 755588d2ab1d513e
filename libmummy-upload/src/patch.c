#include <config.h>
#include "engine.h"

int mup_patch(struct mup_request *r, mummy_upload_transfer **out)
{
	struct mup_append a = { .total = MUMMY_UPLOAD_UNKNOWN, .len = r->req->body_length };

	if (!mup_header_is_tus(r))
		return mup_refuse(r, 415, "Content-Type has to be application/offset+octet-stream\n");
	if (mup_header_number(r, "Upload-Offset", &a.offset) != 1)
		return mup_refuse(r, 400, "Upload-Offset has to be a number\n");
	if (mup_header_number(r, "Upload-Length", &a.total) < 0)
		return mup_refuse(r, 400, "Upload-Length is not a length\n");
	return mup_append(r, &a, out);
}
