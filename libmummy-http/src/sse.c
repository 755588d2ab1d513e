/* sse.c - server-sent events: one write per event. */
#include <config.h>
#include "internal.h"

static int is_line(const char *s)
{
	return !s || !s[strcspn(s, "\r\n")];
}

static int add_field(struct mhttp_text *t, const char *name, const char *p, size_t n)
{
	if (mhttp_text_add(t, name, strlen(name)) < 0 || mhttp_text_add(t, ": ", 2) < 0
	    || mhttp_text_add(t, p, n) < 0 || mhttp_text_add(t, "\n", 1) < 0)
		return -ENOMEM;
	return 0;
}

/* Each line of data is a field of its own. */
static int add_data(struct mhttp_text *t, const char *p, size_t n)
{
	const char *end = p + n;

	for (;;) {
		const char *eol = p;

		while (eol < end && *eol != '\n' && *eol != '\r')
			eol++;
		if (add_field(t, "data", p, (size_t)(eol - p)) < 0)
			return -ENOMEM;
		if (eol == end)
			return 0;
		p = eol + (*eol == '\r' && eol + 1 < end && eol[1] == '\n' ? 2 : 1);
	}
}

int mummy_http_sse_send(mummy_http_stream *st, const char *event, const char *id, const char *data,
			size_t len)
{
	struct mhttp_text t = { NULL, 0, 0 };
	struct iovec iov;
	int rc = 0;

	if (!is_line(event) || !is_line(id))
		return -EINVAL;
	if (event)
		rc = add_field(&t, "event", event, strlen(event));
	if (rc == 0 && id)
		rc = add_field(&t, "id", id, strlen(id));
	if (rc == 0 && data)
		rc = add_data(&t, data, len);
	if (rc == 0)
		rc = mhttp_text_add(&t, "\n", 1);
	if (rc == 0) {
		iov = (struct iovec){ t.p, t.n };
		rc = mummy_http_stream_writev(st, &iov, 1, NULL, NULL);
	}
	free(t.p);
	return rc;
}
