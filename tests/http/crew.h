/* crew.h - a tiny executor for tests: a few threads on one queue, joined at the end. */
#ifndef CREW_H
#define CREW_H
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <mummy/http.h>

struct crew_job { struct crew_job *next; void (*run)(void *arg); void *arg; };
struct crew {
	pthread_mutex_t lock;
	pthread_cond_t some;
	struct crew_job *first, **last;
	pthread_t threads[16];
	int n, stop, refuse;
};

static inline void *crew_work(void *p)
{
	struct crew *c = p;

	pthread_mutex_lock(&c->lock);
	for (;;) {
		struct crew_job *j = c->first;

		if (!j && c->stop)
			break;
		if (!j) {
			pthread_cond_wait(&c->some, &c->lock);
			continue;
		}
		c->first = j->next;
		if (!c->first)
			c->last = &c->first;
		pthread_mutex_unlock(&c->lock);
		j->run(j->arg);
		free(j);
		pthread_mutex_lock(&c->lock);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static inline int crew_submit(void *p, void (*run)(void *arg), void *arg)
{
	struct crew *c = p;
	struct crew_job *j = malloc(sizeof *j);
	int refuse;

	pthread_mutex_lock(&c->lock);
	refuse = c->refuse;
	if (!refuse) {
		*j = (struct crew_job){ NULL, run, arg };
		*c->last = j;
		c->last = &j->next;
		pthread_cond_signal(&c->some);
	}
	pthread_mutex_unlock(&c->lock);
	if (refuse)
		free(j);
	return refuse ? -EAGAIN : 0;
}

static inline void crew_start(struct crew *c, int n)
{
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->some, NULL);
	c->first = NULL;
	c->last = &c->first;
	c->stop = c->refuse = 0;
	for (c->n = 0; c->n < n; c->n++)
		pthread_create(&c->threads[c->n], NULL, crew_work, c);
}

static inline void crew_refuse(struct crew *c, int refuse)
{
	pthread_mutex_lock(&c->lock);
	c->refuse = refuse;
	pthread_mutex_unlock(&c->lock);
}

/* Runs what is queued, then joins. */
static inline void crew_stop(struct crew *c)
{
	pthread_mutex_lock(&c->lock);
	c->stop = 1;
	pthread_cond_broadcast(&c->some);
	pthread_mutex_unlock(&c->lock);
	for (int i = 0; i < c->n; i++)
		pthread_join(c->threads[i], NULL);
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->some);
}
#endif
