#include <config.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <mummy/upload.h>

/* An upload. It lives until it is removed and nobody has it open. */
struct item {
	struct item *next;
	uint64_t serial;                 /* ascending along the list */
	struct mummy_upload_info info;
	char *metadata, *name, *private_state, *concat;
	int held;                        /* info.offset stays */
	unsigned char *data;
	size_t room;
	unsigned opened;
	int removed;
	struct memory *store;
};

struct memory {
	pthread_mutex_t lock;
	struct item *first, **last;
	uint64_t serial;
	size_t used, max;
};

struct cursor {
	uint64_t serial;
	struct item *item;               /* held open, for its strings */
};

static void free_item(struct item *it)
{
	it->store->used -= it->room;
	free(it->metadata);
	free(it->name);
	free(it->private_state);
	free(it->concat);
	free(it->data);
	free(it);
}

static void drop(struct item *it)
{
	if (--it->opened == 0 && it->removed)
		free_item(it);
}

static struct item *find(struct memory *m, const char *id)
{
	struct item *it = m->first;

	while (it && strcmp(it->info.id, id) != 0)
		it = it->next;
	return it;
}

static int copy_string(char **to, const char **shown, const char *from)
{
	*to = from ? strdup(from) : NULL;
	*shown = *to;
	return from && !*to ? -ENOMEM : 0;
}

static struct item *make(struct memory *m, const struct mummy_upload_info *info)
{
	struct item *it = calloc(1, sizeof *it);

	if (!it)
		return NULL;
	it->store = m;
	it->info = *info;
	it->info.offset = 0;
	it->info.name = it->info.reason = NULL;
	if (copy_string(&it->metadata, &it->info.metadata, info->metadata) < 0
	    || copy_string(&it->private_state, &it->info.private_state, info->private_state) < 0
	    || copy_string(&it->concat, &it->info.concat, info->concat) < 0) {
		free_item(it);
		return NULL;
	}
	return it;
}

static int memory_create(void *ctx, const struct mummy_upload_info *info)
{
	struct memory *m = ctx;
	struct item *it = NULL;
	int rc = 0;

	pthread_mutex_lock(&m->lock);
	if (find(m, info->id))
		rc = -EEXIST;
	else if (info->length != MUMMY_UPLOAD_UNKNOWN && info->length > m->max - m->used)
		rc = -ENOSPC;
	else if (!(it = make(m, info)))
		rc = -ENOMEM;
	if (it) {
		it->serial = ++m->serial;
		*m->last = it;
		m->last = &it->next;
	}
	pthread_mutex_unlock(&m->lock);
	return rc;
}

static int memory_open(void *ctx, const char *id, unsigned flags, void **h, struct mummy_upload_info *info)
{
	struct memory *m = ctx;
	struct item *it;

	(void)flags;
	pthread_mutex_lock(&m->lock);
	it = find(m, id);
	if (it) {
		it->opened++;
		*info = it->info;
		*h = it;
	}
	pthread_mutex_unlock(&m->lock);
	return it ? 0 : -ENOENT;
}

static void memory_close(void *h)
{
	struct item *it = h;
	struct memory *m = it->store;

	pthread_mutex_lock(&m->lock);
	drop(it);
	pthread_mutex_unlock(&m->lock);
}

static int grow(struct item *it, uint64_t need)
{
	struct memory *m = it->store;
	size_t room = it->room ? it->room : 4096;
	unsigned char *data;

	if (need <= it->room)
		return 0;
	if (need > m->max)
		return -ENOSPC;
	while (room < need)
		room *= 2;
	if (room - it->room > m->max - m->used)
		room = (size_t)need;
	if (room - it->room > m->max - m->used)
		return -ENOSPC;
	data = realloc(it->data, room);
	if (!data)
		return -ENOMEM;
	m->used += room - it->room;
	it->data = data;
	it->room = room;
	return 0;
}

static int memory_writev(void *h, uint64_t off, const struct iovec *iov, int n)
{
	struct item *it = h;
	uint64_t end = off;
	int rc;

	for (int i = 0; i < n; i++)
		end += iov[i].iov_len;
	pthread_mutex_lock(&it->store->lock);
	rc = grow(it, end);
	for (int i = 0; rc == 0 && i < n; i++) {
		memcpy(it->data + off, iov[i].iov_base, iov[i].iov_len);
		off += iov[i].iov_len;
	}
	if (rc == 0) {
		it->info.offset = it->held ? it->info.offset : end;
		it->info.modified = time(NULL);
	}
	pthread_mutex_unlock(&it->store->lock);
	return rc;
}

static int memory_hold(void *h)
{
	struct item *it = h;

	pthread_mutex_lock(&it->store->lock);
	it->held = 1;
	pthread_mutex_unlock(&it->store->lock);
	return 0;
}

static int memory_settle(void *h, uint64_t off)
{
	struct item *it = h;

	pthread_mutex_lock(&it->store->lock);
	it->held = 0;
	it->info.offset = off;
	pthread_mutex_unlock(&it->store->lock);
	return 0;
}

static int memory_append(void *h, uint64_t off, void *from, uint64_t from_off, uint64_t n)
{
	const struct item *part = from;
	const struct iovec iov = { .iov_base = part->data + from_off, .iov_len = (size_t)n };

	return n > 0 ? memory_writev(h, off, &iov, 1) : 0;
}

static int memory_set_length(void *h, uint64_t length)
{
	struct item *it = h;

	pthread_mutex_lock(&it->store->lock);
	it->info.length = length;
	pthread_mutex_unlock(&it->store->lock);
	return 0;
}

static int memory_finish(void *h, const char *name, struct mummy_upload_info *info)
{
	struct item *it = h;
	char *copy = strdup(name ? name : it->info.id);

	if (!copy)
		return -ENOMEM;
	pthread_mutex_lock(&it->store->lock);
	free(it->name);
	it->info.name = it->name = copy;
	it->info.state = MUMMY_UPLOAD_FINISHED;
	info->name = it->name;
	info->state = it->info.state;
	pthread_mutex_unlock(&it->store->lock);
	return 0;
}

static int memory_remove(void *ctx, const char *id)
{
	struct memory *m = ctx;
	struct item **at, *it;

	pthread_mutex_lock(&m->lock);
	for (at = &m->first; *at && strcmp((*at)->info.id, id) != 0;)
		at = &(*at)->next;
	it = *at;
	if (it) {
		*at = it->next;
		if (m->last == &it->next)
			m->last = at;
		it->removed = 1;
		it->opened++;
		drop(it);
	}
	pthread_mutex_unlock(&m->lock);
	return it ? 0 : -ENOENT;
}

static int memory_list(void *ctx, void **cursor, struct mummy_upload_info *out)
{
	struct memory *m = ctx;
	struct cursor *c = *cursor;
	struct item *it;

	if (!c)
		*cursor = c = calloc(1, sizeof *c);
	if (!c)
		return -ENOMEM;
	pthread_mutex_lock(&m->lock);
	if (c->item)
		drop(c->item);
	for (it = m->first; it && it->serial <= c->serial;)
		it = it->next;
	c->item = out ? it : NULL;
	if (c->item) {
		it->opened++;
		c->serial = it->serial;
		*out = it->info;
	}
	pthread_mutex_unlock(&m->lock);
	if (c->item)
		return 0;
	free(c);
	*cursor = NULL;
	return -ENOENT;
}

static void memory_release(void *ctx)
{
	struct memory *m = ctx;

	while (m->first) {
		struct item *it = m->first;

		m->first = it->next;
		free_item(it);
	}
	pthread_mutex_destroy(&m->lock);
	free(m);
}

int mummy_upload_memory_store(struct mummy_upload_store *out, size_t max_bytes)
{
	struct memory *m = calloc(1, sizeof *m);

	if (!m)
		return -ENOMEM;
	pthread_mutex_init(&m->lock, NULL);
	m->last = &m->first;
	m->max = max_bytes ? max_bytes : (size_t)64 << 20;
	*out = (struct mummy_upload_store){
		.create = memory_create, .open = memory_open, .close = memory_close,
		.writev = memory_writev, .set_length = memory_set_length, .finish = memory_finish,
		.remove = memory_remove, .list = memory_list, .release = memory_release, .ctx = m,
		.hold = memory_hold, .settle = memory_settle, .append = memory_append,
		.flags = MUMMY_UPLOAD_STORE_QUICK };
	return 0;
}
