/* cgi - resumable uploads by a plain CGI program (RFC 3875), into the folder "uploads": a web server gives it each
 * request in its environment and on its standard input. Nothing of HTTP is linked. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <mummy/upload.h>

static char buf[256 << 10];

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

/* Upload-Length is HTTP_UPLOAD_LENGTH; a server has joined lines of one name. */
static const char *header(void *ctx, const char *name, unsigned nth, size_t *len)
{
	char text[128] = "HTTP_";
	size_t n = strcmp(name, "Content-Type") ? 5 : 0;
	const char *value;

	(void)ctx;
	for (; *name && n < sizeof text - 1; name++)
		text[n++] = *name == '-' ? '_' : (char)toupper((unsigned char)*name);
	text[n] = '\0';
	value = nth == 0 ? getenv(text) : NULL;
	if (value)
		*len = strlen(value);
	return value;
}

static int feed(mummy_upload_transfer *t, mummy_upload_reply **reply)
{
	unsigned long long left = strtoull(variable("CONTENT_LENGTH"), NULL, 10);
	int rc = 0;

	while (rc == 0 && left > 0) {
		ssize_t n = read(STDIN_FILENO, buf, left < sizeof buf ? (size_t)left : sizeof buf);

		rc = n > 0 ? mummy_upload_write(t, buf, (size_t)n) : -1;
		left -= n > 0 ? (unsigned long long)n : 0;
	}
	return mummy_upload_end(t, rc, reply);
}

static void answer(mummy_upload_reply *reply)
{
	const char *name, *value, *body;
	uint64_t off, len;
	size_t n;
	int fd;

	printf("Status: %d\r\n", mummy_upload_reply_status(reply));
	for (size_t i = 0; mummy_upload_reply_header(reply, i, &name, &value) == 0; i++)
		printf("%s: %s\r\n", name, value);
	printf("\r\n");
	body = mummy_upload_reply_body(reply, &n);
	fwrite(body ? body : "", 1, n, stdout);
	if (mummy_upload_reply_file(reply, &fd, &off, &len) == 0) {
		for (ssize_t k; len > 0; off += (uint64_t)k, len -= (uint64_t)k)
			if ((k = pread(fd, buf, len < sizeof buf ? (size_t)len : sizeof buf, (off_t)off)) <= 0
			    || fwrite(buf, 1, (size_t)k, stdout) != (size_t)k)
				break;
		close(fd);
	}
	mummy_upload_reply_free(reply);
}

int main(void)
{
	char path[1024];
	struct mummy_upload_options opt = { .base_path = variable("SCRIPT_NAME") };
	struct mummy_upload_request req = { .method = variable("REQUEST_METHOD"), .path = path, .header = header,
		.body_length = strtoull(variable("CONTENT_LENGTH"), NULL, 10), .peer = getenv("REMOTE_ADDR") };
	struct mummy_upload_store store;
	mummy_upload *uploads = NULL;
	mummy_upload_transfer *t;
	mummy_upload_reply *reply = NULL;
	int rc;

	snprintf(path, sizeof path, "%s%s", variable("SCRIPT_NAME"), variable("PATH_INFO"));
	rc = mummy_upload_dir_store(&store, "uploads", NULL);
	if (rc == 0)
		rc = mummy_upload_new(&uploads, &store, &opt);
	if (rc == 0)
		rc = mummy_upload_begin(uploads, &req, &reply, &t);
	if (rc == 1)
		rc = feed(t, &reply);
	if (rc == 0)
		answer(reply);
	else
		printf("Status: 500\r\nContent-Type: text/plain\r\n\r\n%s\n", strerror(-rc));
	mummy_upload_free(uploads);
	return fflush(stdout) != 0;
}
