/*
 * hook-queue.c - events on their way to hooks, a file for each.
 *
 * "held.TARGET.EVENT.ID" was put, and nobody may deliver it yet. "AGE.TRIES.DUE.TARGET.EVENT.ID" waits for
 * its time: AGE is when it came (nanoseconds, hexadecimal, made different), DUE when to try next
 * (milliseconds), so that nothing about it is anywhere else and memory does not grow with their number.
 * ".new.*" is being written. Who has ".lock" delivers; other servers that share the folder wait until he
 * has gone.
 */
#include <config.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "mummy-common.h"
#include "hook-queue.h"

#define NAME_SIZE 160
#define BATCH 256                          /* read from the folder at once */
#define FRESH_S 3600                       /* younger files may be written just now, by another server */
#define MAX_TEXT (1u << 20)

struct worker {
	struct hook_queue *q;
	pthread_t thread;
	char busy[NAME_SIZE];              /* what it delivers; empty: nothing */
};

struct hook_queue {
	struct hook_queue_options o;
	int folder, lock_fd, leading;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int stopping, scanning, dirty, looked;
	uint64_t next_ms;                  /* on the clock of the wall: when to look again */
	uint64_t serial;
	size_t waiting;
	char (*batch)[NAME_SIZE];
	size_t n, at;
	struct worker *workers;
	unsigned nworkers;
};

static uint64_t wall_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint64_t wall_ms(void)
{
	return wall_ns() / 1000000u;
}

/* ---- Names ----------------------------------------------------------------------------------------- */

struct entry {
	uint64_t age_ns;
	unsigned tries;
	uint64_t due_ms;
	char target, event[32], id[72];
};

static int parse_name(const char *name, struct entry *e)
{
	unsigned long long age, due;
	char pad[16];
	int end = 0;

	if (sscanf(name, "%16llx-%8[0-9a-f].%u.%llu.%c.%31[a-z-].%71[0-9a-z]%n", &age, pad, &e->tries, &due,
		   &e->target, e->event, e->id, &end) != 7 || name[end])
		return -EINVAL;
	e->age_ns = age;
	e->due_ms = due;
	return 0;
}

static void held_name(char *out, const struct hook_event *e)
{
	snprintf(out, NAME_SIZE, "held.%c.%.31s.%.71s", e->target, e->event, e->id);
}

/* Nobody else makes the same: the age, and who made it. */
static void fresh_name(struct hook_queue *q, char *out, const struct hook_event *e)
{
	uint64_t age = wall_ns();

	pthread_mutex_lock(&q->lock);
	q->serial = age > q->serial ? age : q->serial + 1;
	age = q->serial;
	pthread_mutex_unlock(&q->lock);
	snprintf(out, NAME_SIZE, "%016llx-%08x.0.%llu.%c.%.31s.%.71s", (unsigned long long)age,
		 (unsigned)getpid(), (unsigned long long)(age / 1000000u), e->target, e->event, e->id);
}

/* ---- Putting --------------------------------------------------------------------------------------- */

static int write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno != EINTR)
			return -errno;
		p += k > 0 ? k : 0;
		n -= k > 0 ? (size_t)k : 0;
	}
	return 0;
}

static int write_file(struct hook_queue *q, const char *name, const char *text, size_t n)
{
	int fd = openat(q->folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600), rc;

	if (fd < 0)
		return -errno;
	rc = write_all(fd, text, n);
	if (rc == 0 && q->o.lasting && fsync(fd) < 0)
		rc = -errno;
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	return rc;
}

int hook_queue_put(struct hook_queue *q, const struct hook_event *e, const char *text, size_t n)
{
	char held[NAME_SIZE], fresh[NAME_SIZE + 32];
	int rc;

	held_name(held, e);
	snprintf(fresh, sizeof fresh, ".new.%08x.%s", (unsigned)getpid(), held);
	rc = write_file(q, fresh, text, n);
	if (rc == 0 && renameat(q->folder, fresh, q->folder, held) < 0)
		rc = -errno;
	if (rc < 0)
		unlinkat(q->folder, fresh, 0);
	else if (q->o.lasting && fsync(q->folder) < 0)
		rc = -errno;
	return rc;
}

/* Without a sync: should it be lost, the event is held again, and the next start releases it. */
static int release(struct hook_queue *q, const char *held, const struct hook_event *e)
{
	char name[NAME_SIZE];

	fresh_name(q, name, e);
	return renameat(q->folder, held, q->folder, name) < 0 ? -errno : 0;
}

int hook_queue_release(struct hook_queue *q, const struct hook_event *e)
{
	char held[NAME_SIZE];
	int rc;

	held_name(held, e);
	rc = release(q, held, e);
	if (rc < 0)
		return rc;
	pthread_mutex_lock(&q->lock);
	q->waiting++;
	q->dirty = 1;
	pthread_cond_signal(&q->changed);
	pthread_mutex_unlock(&q->lock);
	return 0;
}

int hook_queue_drop(struct hook_queue *q, const struct hook_event *e)
{
	char held[NAME_SIZE];

	held_name(held, e);
	return unlinkat(q->folder, held, 0) < 0 ? -errno : 0;
}

/* ---- Looking what is due --------------------------------------------------------------------------- */

struct scan {
	char (*name)[NAME_SIZE];           /* the oldest that are due, in order */
	size_t n, waiting;
	uint64_t next_ms, most_ms;
	int first;                         /* of this process: the oldest are tried, due or not */
};

/* The age comes first in a name, in digits of equal number: names sort as ages do. */
static void add_due(struct scan *s, const char *name)
{
	size_t low = 0, high = s->n;

	if (s->n == BATCH && strcmp(name, s->name[BATCH - 1]) >= 0)
		return;
	while (low < high) {
		const size_t mid = (low + high) / 2;

		if (strcmp(s->name[mid], name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (s->n < BATCH)
		s->n++;
	memmove(s->name[low + 1], s->name[low], (s->n - 1 - low) * sizeof s->name[0]);
	memcpy(s->name[low], name, strlen(name) + 1);
}

static void add(struct scan *s, const char *name, uint64_t now)
{
	struct entry e;

	if (strlen(name) >= NAME_SIZE || parse_name(name, &e) < 0)
		return;
	s->waiting++;
	/* the clock may have been set back */
	if (e.due_ms <= now || e.tries == 0 || s->first || e.due_ms > now + s->most_ms)
		add_due(s, name);
	else if (e.due_ms < s->next_ms)
		s->next_ms = e.due_ms;
}

static DIR *open_folder(const struct hook_queue *q)
{
	int fd = openat(q->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !d)
		close(fd);
	return d;
}

static void look(struct hook_queue *q, struct scan *s)
{
	const uint64_t now = wall_ms();
	DIR *d = open_folder(q);
	struct dirent *e;

	s->n = s->waiting = 0;
	s->next_ms = now + q->o.look_ms;
	while (d && (e = readdir(d)) != NULL)
		add(s, e->d_name, now);
	if (d)
		closedir(d);
	if (s->n == BATCH)
		s->next_ms = now;
}

static int is_busy(const struct hook_queue *q, const char *name)
{
	for (unsigned i = 0; i < q->nworkers; i++)
		if (!strcmp(q->workers[i].busy, name))
			return 1;
	return 0;
}

/* With the lock held, which is given up meanwhile. */
static void scan(struct hook_queue *q)
{
	struct scan s = { .name = malloc(BATCH * sizeof *s.name), .most_ms = q->o.most_ms,
		.first = !q->looked };

	q->scanning = 1;
	q->dirty = 0;
	pthread_mutex_unlock(&q->lock);
	if (!q->leading && flock(q->lock_fd, LOCK_EX | LOCK_NB) == 0)
		q->leading = 1;            /* one scans at a time */
	if (s.name && q->leading)
		look(q, &s), q->looked = 1;
	else
		s.next_ms = wall_ms() + q->o.look_ms;
	pthread_mutex_lock(&q->lock);
	q->scanning = 0;
	q->n = q->at = 0;
	for (size_t i = 0; i < s.n; i++)
		if (!is_busy(q, s.name[i]))
			memcpy(q->batch[q->n++], s.name[i], NAME_SIZE);
	if (s.name && q->leading)
		q->waiting = s.waiting;
	q->next_ms = s.next_ms;
	free(s.name);
	pthread_cond_broadcast(&q->changed);
}

/* ---- Delivering ------------------------------------------------------------------------------------ */

/* A new text, ended with NUL; NULL: errno tells why not. */
static char *read_file(const struct hook_queue *q, const char *name, size_t *n)
{
	int fd = openat(q->folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char *text = NULL;
	struct stat st;
	ssize_t got;

	if (fd < 0)
		return NULL;
	errno = EFBIG;
	if (fstat(fd, &st) == 0 && st.st_size <= MAX_TEXT)
		text = malloc((size_t)st.st_size + 1);
	got = text ? pread(fd, text, (size_t)st.st_size, 0) : -1;
	if (got < 0) {
		free(text);
		text = NULL;
	} else {
		text[got] = '\0';
		*n = (size_t)got;
	}
	close(fd);
	if (!text && errno == ENOENT)
		errno = EIO;
	return text;
}

static uint64_t back_off(const struct hook_queue *q, unsigned tries)
{
	uint64_t ms = q->o.first_ms;

	while (tries-- > 0 && ms < q->o.most_ms)
		ms *= 2;
	return ms < q->o.most_ms ? ms : q->o.most_ms;
}

static void give_up(struct hook_queue *q, const char *name, const struct entry *e, const char *why)
{
	log_error(q->o.log, "upload %s: %s could not be told to its hook, and is given up after %u tries: %s",
		  e->id, e->event, e->tries + 1, why);
	unlinkat(q->folder, name, 0);
}

static void try_later(struct hook_queue *q, const char *name, const struct entry *e, const char *why)
{
	const uint64_t ms = back_off(q, e->tries), due = wall_ms() + ms;
	char again[NAME_SIZE];

	log_error(q->o.log, "upload %s: %s was not told to its hook: %s; again in %llu s", e->id, e->event,
		  why, (unsigned long long)(ms + 999) / 1000);
	snprintf(again, sizeof again, "%.25s.%u.%llu.%c.%s.%s", name,
		 e->tries < 1000 ? e->tries + 1 : e->tries, (unsigned long long)due, e->target, e->event,
		 e->id);
	renameat(q->folder, name, q->folder, again);
	pthread_mutex_lock(&q->lock);
	if (due < q->next_ms)
		q->next_ms = due;
	pthread_mutex_unlock(&q->lock);
}

static void process(struct hook_queue *q, const char *name)
{
	struct hook_event event;
	char why[256] = "", *text;
	struct entry e;
	size_t n = 0;
	int rc;

	if (parse_name(name, &e) < 0)
		return;
	event = (struct hook_event){ e.target, e.event, e.id };
	text = read_file(q, name, &n);
	if (!text && errno == ENOENT)
		return;
	rc = text ? 0 : -errno;
	if (rc < 0)
		snprintf(why, sizeof why, "its file cannot be read: %s", strerror(-rc));
	else
		rc = q->o.deliver(q->o.ctx, &event, text, n, why, sizeof why);
	free(text);
	if (rc == 0)
		unlinkat(q->folder, name, 0);
	else if (q->o.keep_s && wall_ns() - e.age_ns >= q->o.keep_s * 1000000000u && wall_ns() > e.age_ns)
		give_up(q, name, &e, why);
	else
		try_later(q, name, &e, why);
	pthread_mutex_lock(&q->lock);
	q->waiting -= q->waiting && rc == 0;
	pthread_mutex_unlock(&q->lock);
}

static void rest(struct hook_queue *q)
{
	const uint64_t now = wall_ms(), ms = q->next_ms > now ? q->next_ms - now : 0;
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += (time_t)(ms / 1000);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_cond_timedwait(&q->changed, &q->lock, &until);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct hook_queue *q = w->q;

	pthread_mutex_lock(&q->lock);
	while (!q->stopping) {
		if (q->at < q->n) {
			memcpy(w->busy, q->batch[q->at++], NAME_SIZE);
			pthread_mutex_unlock(&q->lock);
			process(q, w->busy);
			pthread_mutex_lock(&q->lock);
			w->busy[0] = '\0';
		} else if (!q->scanning && (q->dirty || wall_ms() >= q->next_ms)) {
			scan(q);
		} else if (q->scanning) {
			pthread_cond_wait(&q->changed, &q->lock);
		} else {
			rest(q);
		}
	}
	pthread_mutex_unlock(&q->lock);
	return NULL;
}

/* ---- Beginning and end ----------------------------------------------------------------------------- */

static void tidy(struct hook_queue *q, const char *name)
{
	struct hook_event e;
	char event[32], id[72];
	struct stat st;
	int end = 0;

	if (!strncmp(name, ".new.", 5) && fstatat(q->folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0
	    && st.st_mtime + FRESH_S < time(NULL))
		unlinkat(q->folder, name, 0);
	if (sscanf(name, "held.%c.%31[a-z-].%71[0-9a-z]%n", &e.target, event, id, &end) == 3 && !name[end]) {
		e.event = event;
		e.id = id;
		if (!q->o.happened || q->o.happened(q->o.ctx, &e))
			release(q, name, &e);
		else
			unlinkat(q->folder, name, 0);
	}
}

int hook_queue_start(struct hook_queue *q)
{
	DIR *d = open_folder(q);
	struct dirent *e;
	int rc = 0;

	if (!d)
		return -errno;
	while ((e = readdir(d)) != NULL)
		tidy(q, e->d_name);
	closedir(d);
	pthread_mutex_lock(&q->lock);
	for (; rc == 0 && q->nworkers < q->o.jobs; q->nworkers += rc == 0) {
		struct worker *w = &q->workers[q->nworkers];

		w->q = q;
		rc = -pthread_create(&w->thread, NULL, work, w);
	}
	pthread_mutex_unlock(&q->lock);
	return rc;
}

static int open_files(struct hook_queue *q, const char *folder)
{
	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return -errno;
	q->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (q->folder < 0)
		return -errno;
	q->lock_fd = openat(q->folder, ".lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return q->lock_fd < 0 ? -errno : 0;
}

int hook_queue_open(struct hook_queue **out, const struct hook_queue_options *o)
{
	struct hook_queue *q = calloc(1, sizeof *q);
	int rc = -ENOMEM;

	if (!q)
		return rc;
	q->o = *o;
	q->o.folder = NULL;
	q->folder = q->lock_fd = -1;
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->changed, NULL);
	q->batch = calloc(BATCH, sizeof *q->batch);
	q->workers = calloc(o->jobs, sizeof *q->workers);
	if (q->batch && q->workers)
		rc = open_files(q, o->folder);
	if (rc < 0) {
		hook_queue_close(q);
		return rc;
	}
	*out = q;
	return 0;
}

size_t hook_queue_waiting(struct hook_queue *q)
{
	size_t n;

	pthread_mutex_lock(&q->lock);
	n = q->waiting;
	pthread_mutex_unlock(&q->lock);
	return n;
}

void hook_queue_close(struct hook_queue *q)
{
	if (!q)
		return;
	pthread_mutex_lock(&q->lock);
	q->stopping = 1;
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
	for (unsigned i = 0; i < q->nworkers; i++)
		pthread_join(q->workers[i].thread, NULL);
	if (q->folder >= 0)
		close(q->folder);
	if (q->lock_fd >= 0)
		close(q->lock_fd);
	free(q->batch);
	free(q->workers);
	pthread_mutex_destroy(&q->lock);
	pthread_cond_destroy(&q->changed);
	free(q);
}
