/* inform.c - interim answers (RFC 9110 section 15.2). */
#include <config.h>
#include "internal.h"

enum { ROOM = 512 };

int mummy_http_inform(mummy_http_exchange *x, int status, const struct mummy_http_header *h, size_t nh)
{
	size_t room = mhttp_fields_room(h, nh) + ROOM;
	char *text, *p;
	int rc;

	if (status == 100)
		return mummy_http_continue(x);
	if (status < 102 || status > 199 || !mhttp_fields_ok(h, nh))
		return -EINVAL;
	if (x->head.minor_version == 0)
		return -ENOTSUP;
	if (atomic_load(&x->state) & MHTTP_CLAIMED)
		return -EALREADY;
	text = malloc(room);
	if (!text)
		return -ENOMEM;
	if (x->is_inline)
		mhttp_gather_flush(x->conn);
	p = mhttp_fields_write(mhttp_status_line(text, status), h, nh);
	memcpy(p, "\r\n", 2);
	rc = mhttp_send_interim(x->conn, text, (size_t)(p + 2 - text));
	free(text);
	return rc < 0 ? -EPIPE : 0;
}

int mummy_http_continue(mummy_http_exchange *x)
{
	if (x->head.minor_version == 0)
		return -ENOTSUP;
	if (atomic_load(&x->state) & MHTTP_CLAIMED)
		return -EALREADY;
	if (x->is_inline || !x->conn->io || mhttp_body_over(x->conn->io))
		return 0;
	return mhttp_continue(x->conn) < 0 ? -EPIPE : 0;
}
