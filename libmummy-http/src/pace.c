/* pace.c - see pace.h. */
#include <config.h>
#include <sys/ioctl.h>
#include "pace.h"

/* Octets that the socket holds and the other side has not acknowledged. Where that can't be asked, what was
 * pushed counts as taken. */
static uint32_t held(int fd)
{
	int n = 0;

#if defined __linux__
	if (ioctl(fd, TIOCOUTQ, &n) < 0)
		n = 0;
#elif defined FIONWRITE
	if (ioctl(fd, FIONWRITE, &n) < 0)
		n = 0;
#else
	(void)fd;
#endif
	return n > 0 ? (uint32_t)n : 0;
}

uint32_t mhttp_pace_due(const struct mhttp_pace *p, uint32_t window_ms, uint32_t now)
{
	int64_t left = p->begin ? (int64_t)window_ms - (int32_t)(now - p->begin) : 0;

	return left <= 0 ? 0 : left > INT32_MAX ? INT32_MAX : (uint32_t)left;
}

int mhttp_pace_look(struct mhttp_pace *p, int fd, uint32_t window_ms, uint64_t least, uint32_t now)
{
	uint32_t left = held(fd), taken = p->level > left ? p->level - left : 0;

	if (mhttp_pace_due(p, window_ms, now) > 0)
		return 0;
	if (p->begin && taken < least)
		return 1;
	p->begin = now ? now : 1;
	p->level = left;
	return 0;
}
