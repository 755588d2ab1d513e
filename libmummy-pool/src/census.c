#include <config.h>
#include "census.h"
#include "worker.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#if defined __linux__
#include <sys/syscall.h>
#endif

#define LOOKS 2u         /* before a thread counts as measured */
#define NEARLY 16u       /* a still clock moves by less than this part of the window */
#define BURST 8u         /* new threads for each blocked one, once all of them are */
#define SAMPLE 8u

unsigned mpool_census_growth(const struct mpool_census *c, unsigned base, unsigned live, unsigned max,
			     uint64_t waiting)
{
	uint64_t want;

	if (live >= max || c->blocked == 0 || c->window_ns == 0)
		return 0;
	/* Half a CPU is lost to all kinds of things. */
	if (c->cpu_ns + c->window_ns / 2 >= base * c->window_ns)
		return 0;
	want = base - c->cpu_ns / c->window_ns;
	/* What comes next will block as these do: one thread at a time would be late for ever. */
	if (c->blocked >= base)
		want = want > c->blocked * BURST ? want : c->blocked * BURST;
	want = want < max - live ? want : max - live;
	return (unsigned)(want < waiting ? want : waiting);
}

#if defined HAVE_PTHREAD_GETCPUCLOCKID && defined __linux__
void mpool_census_enter(struct mpool_worker *w)
{
	clockid_t id;

	if (pthread_getcpuclockid(pthread_self(), &id) != 0)
		return;
	atomic_store(&w->clock, (int)id);
	atomic_store(&w->tid, (int)syscall(SYS_gettid));
}

/** False: not to be known. A thread that has just ended gives a false answer at worst. */
static bool read_clock(struct mpool_worker *w, uint64_t *out)
{
	struct timespec ts;

	if (atomic_load(&w->tid) == 0 || clock_gettime((clockid_t)atomic_load(&w->clock), &ts) != 0)
		return false;
	*out = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
	return true;
}

/** Without /proc the clock has to do. */
static bool wants_to_run(struct mpool_worker *w)
{
	char path[48], text[128];
	const char *end;
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/self/task/%d/stat", atomic_load(&w->tid));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	/* The state follows the name, which is in parentheses and may contain some. */
	end = strrchr(text, ')');
	return end && strncmp(end, ") R", 3) == 0;
}
#else
void mpool_census_enter(struct mpool_worker *w)
{
	(void)w;
}

static bool read_clock(struct mpool_worker *w, uint64_t *out)
{
	(void)w;
	(void)out;
	return false;
}

static bool wants_to_run(struct mpool_worker *w)
{
	(void)w;
	return false;
}
#endif

void mpool_census_leave(struct mpool_worker *w)
{
	atomic_store(&w->tid, 0);
}

static void add(struct mpool_census *c, struct mpool_worker *w, unsigned tick)
{
	uint64_t before = w->cpu_ns[tick % LOOKS], now;

	w->still = false;
	if (atomic_load(&w->state) != MPOOL_LIVE)
		return;
	if (atomic_load(&w->tid) != w->seen_tid) {
		w->seen_tid = atomic_load(&w->tid);
		w->looks = 0;
	}
	if (atomic_load(&w->hinted)) {
		w->looks = 0;
		c->blocked++;
		return;
	}
	if (atomic_load(&w->idle) || !read_clock(w, &now)) {
		w->looks = 0;
		c->cpu_ns += c->window_ns;
		return;
	}
	w->cpu_ns[tick % LOOKS] = now;
	if (w->looks < LOOKS) {
		w->looks++;
		c->cpu_ns += c->window_ns;
		return;
	}
	w->still = (now - before) * NEARLY < c->window_ns;
	c->blocked += w->still;
	c->cpu_ns += now - before;
}

void mpool_census_take(struct mpool_census *c, mummy_pool *p, unsigned tick, uint64_t window_ns)
{
	unsigned range = atomic_load(&p->range);

	*c = (struct mpool_census){ .window_ns = window_ns };
	for (unsigned i = 0; i < range; i++)
		add(c, p->workers[i], tick);
}

void mpool_census_confirm(struct mpool_census *c, mummy_pool *p)
{
	unsigned range = atomic_load(&p->range), still = 0, seen = 0, running = 0;

	for (unsigned i = 0; i < range; i++) {
		if (!p->workers[i]->still)
			continue;
		still++;
		if (seen < SAMPLE && ++seen)
			running += wants_to_run(p->workers[i]);
	}
	if (running == 0)
		return;
	running = (unsigned)((uint64_t)still * running / seen);
	c->blocked -= running;
	c->cpu_ns += running * c->window_ns;
}
