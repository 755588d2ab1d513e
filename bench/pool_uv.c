/*
 * pool_uv - libuv: empty jobs given with uv_queue_work, which belongs to a loop, so that each
 * producer has one. The requests are made ready beforehand.
 *
 * usage: pool_uv submit PRODUCERS WORKERS
 */
#include "pool.h"
#include <pthread.h>
#include <uv.h>

struct feed {
	uv_loop_t loop;
	uv_work_t *requests;
	unsigned jobs;
};

static void nothing(uv_work_t *request)
{
	(void)request;
}

static void *produce(void *arg)
{
	struct feed *feed = arg;

	for (unsigned i = 0; i < feed->jobs; i++)
		need(uv_queue_work(&feed->loop, &feed->requests[i], nothing, NULL) == 0, "uv_queue_work");
	uv_run(&feed->loop, UV_RUN_DEFAULT);
	return NULL;
}

/** The threads of libuv start with the first job. */
static void begin(struct feed *feed, unsigned jobs)
{
	feed->jobs = jobs;
	feed->requests = malloc((size_t)jobs * sizeof *feed->requests);
	need(feed->requests && uv_loop_init(&feed->loop) == 0, "uv_loop_init");
	memset(feed->requests, 0, (size_t)jobs * sizeof *feed->requests);
	need(uv_queue_work(&feed->loop, &feed->requests[0], nothing, NULL) == 0, "uv_queue_work");
	uv_run(&feed->loop, UV_RUN_DEFAULT);
}

int main(int argc, char **argv)
{
	unsigned producers = number(argc, argv, 2);
	struct feed feeds[8];
	pthread_t t[8];
	uint64_t t0;

	need(producers <= 8 && number(argc, argv, 3) > 0, "an argument");
	setenv("UV_THREADPOOL_SIZE", argv[3], 1);
	for (unsigned i = 0; i < producers; i++)
		begin(&feeds[i], JOBS / producers);
	until_parked();
	t0 = now_ns();
	for (unsigned i = 0; i < producers; i++)
		need(pthread_create(&t[i], NULL, produce, &feeds[i]) == 0, "pthread_create");
	for (unsigned i = 0; i < producers; i++)
		pthread_join(t[i], NULL);
	report_jobs(now_ns() - t0);
	return 0;
}
