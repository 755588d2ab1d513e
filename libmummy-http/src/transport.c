/* transport.c - octets to and from the socket, or through the listener's transport. */
#include <config.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef HAVE_SYS_SENDFILE_H
#include <sys/sendfile.h>
#endif
#include "internal.h"

static ssize_t io_result(ssize_t n)
{
	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EWOULDBLOCK ? -EAGAIN : -errno;
}

ssize_t mhttp_recv(struct mhttp_conn *c, void *p, size_t n)
{
	ssize_t got;

	if (!mhttp_is_plain(c)) {
		got = c->io->secured->transport->recv(c->io->secured->conn, p, n);
	} else {
		do
			got = recv(c->fd, p, n, MSG_DONTWAIT);
		while (got < 0 && errno == EINTR);
		got = io_result(got);
	}
	if (got > 0)
		mhttp_count(&c->loop->stats.bytes_in, (uint64_t)got);
	return got;
}

ssize_t mhttp_recv_pipe(struct mhttp_conn *c, int pipe, size_t n)
{
	ssize_t got = -1;

	errno = ENOSYS;
#ifdef HAVE_SPLICE
	/* our own end of the pipe is open, so that there is no SIGPIPE */
	do
		got = splice(c->fd, NULL, pipe, NULL, n, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	while (got < 0 && errno == EINTR);
#else
	(void)c, (void)pipe, (void)n;
#endif
	got = io_result(got);
	if (got > 0)
		mhttp_count(&c->loop->stats.bytes_in, (uint64_t)got);
	return got;
}

static void sent_some(struct mhttp_conn *c, ssize_t n)
{
	if (n <= 0)
		return;
	mhttp_count(&c->loop->stats.bytes_out, (uint64_t)n);
	atomic_store_explicit(&c->since_ms, mhttp_now(), memory_order_relaxed);
}

static ssize_t send_plain(int fd, const struct iovec *iov, int n, int flags)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = (size_t)n };
	ssize_t sent;

	do
		sent = n == 1 ? send(fd, iov->iov_base, iov->iov_len, flags) : sendmsg(fd, &msg, flags);
	while (sent < 0 && errno == EINTR);
	return io_result(sent);
}

ssize_t mhttp_send(struct mhttp_conn *c, const void *p, size_t n)
{
	ssize_t sent;

	do
		sent = send(c->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return io_result(sent);
	sent_some(c, sent);
	return sent;
}

ssize_t mhttp_sendv(struct mhttp_conn *c, const struct iovec *iov, int n, int more)
{
	ssize_t sent;

	if (!mhttp_is_plain(c)) {
		sent = c->io->secured->transport->sendv(c->io->secured->conn, iov, n);
	} else {
		sent = send_plain(c->fd, iov, n, MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0));
	}
	sent_some(c, sent);
	return sent;
}

/* By way of memory, where the kernel or the transport can't. */
static ssize_t copy_file(struct mhttp_conn *c, int fd, uint64_t off, size_t n)
{
	char buf[2048];
	struct iovec iov = { buf, 0 };
	ssize_t got;

	do
		got = pread(fd, buf, n < sizeof buf ? n : sizeof buf, (off_t)off);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return got < 0 ? -EIO : 0;
	iov.iov_len = (size_t)got;
	return mhttp_sendv(c, &iov, 1, 0);
}

#ifdef HAVE_SYS_SENDFILE_H
/* sendfile has no MSG_NOSIGNAL: SIGPIPE is held back, and taken away if this call raised it. It sends piece
 * by piece: one that raises the signal may come after others whose length is what it returns. */
static ssize_t sendfile_quietly(int sock, int fd, uint64_t off, size_t n)
{
	const struct timespec now = { 0, 0 };
	sigset_t pipe_only, old, pending;
	off_t at = (off_t)off;
	ssize_t sent;
	int was_pending;

	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	sigpending(&pending);
	was_pending = sigismember(&pending, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe_only, &old);
	do
		sent = sendfile(sock, fd, &at, n);
	while (sent < 0 && errno == EINTR);
	sent = io_result(sent);
	if (sent < (ssize_t)n && !was_pending)
		sigtimedwait(&pipe_only, NULL, &now);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return sent;
}
#endif

ssize_t mhttp_sendfile(struct mhttp_conn *c, int fd, uint64_t off, size_t n)
{
	ssize_t sent = -EINVAL;

	if (!mhttp_is_plain(c)) {
		if (!c->io->secured->transport->sendfile)
			return copy_file(c, fd, off, n);
		sent = c->io->secured->transport->sendfile(c->io->secured->conn, fd, &off, n);
	} else {
#ifdef HAVE_SYS_SENDFILE_H
		sent = sendfile_quietly(c->fd, fd, off, n);
#endif
		if (sent == -EINVAL || sent == -ENOSYS)
			return copy_file(c, fd, off, n);
	}
	sent_some(c, sent);
	return sent;
}
