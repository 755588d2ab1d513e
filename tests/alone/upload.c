/* An engine on a store in memory is asked what it can do, and libmummy-upload alone. */
#include <stdio.h>
#include <mummy/upload.h>

static const char *none(void *ctx, const char *name, unsigned nth, size_t *len)
{
	return (void)ctx, (void)name, (void)nth, (void)len, NULL;
}

int main(void)
{
	struct mummy_upload_request req = { .method = "OPTIONS", .path = "/files/", .header = none };
	struct mummy_upload_store store;
	mummy_upload *uploads = NULL;
	mummy_upload_transfer *body;
	mummy_upload_reply *reply;

	if (mummy_upload_memory_store(&store, 0) < 0 || mummy_upload_new(&uploads, &store, NULL) < 0
	    || mummy_upload_begin(uploads, &req, &reply, &body) != 0)
		return 1;
	printf("libmummy-upload %s: %d\n", mummy_upload_version(), mummy_upload_reply_status(reply));
	mummy_upload_reply_free(reply);
	mummy_upload_free(uploads);
	return 0;
}
