/* resolve - looks up the names given, all at once: calls that block, on a pool that computes. */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <mummy/pool.h>

struct lookup { const char *name; char address[64]; };

/* Without the hint the pool finds out by itself, some milliseconds later. */
static void look_up(void *arg)
{
	struct lookup *l = arg;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	int rc;

	mummy_pool_blocking_begin();
	rc = getaddrinfo(l->name, NULL, &hints, &found);
	mummy_pool_blocking_end();
	if (rc == 0)
		rc = getnameinfo(found->ai_addr, found->ai_addrlen, l->address, sizeof l->address, NULL, 0,
				 NI_NUMERICHOST);
	if (rc != 0)
		snprintf(l->address, sizeof l->address, "%s", gai_strerror(rc));
	if (found)
		freeaddrinfo(found);
}

int main(int argc, char **argv)
{
	struct mummy_pool_options opt = { .kind = MUMMY_POOL_TASKS, .max_threads = 100 };
	struct lookup *lookups = calloc((size_t)argc, sizeof *lookups);
	struct mummy_pool_stats stats;
	struct mummy_pool_group group;
	mummy_pool *pool;
	int rc = lookups ? mummy_pool_new(&pool, &opt) : -1;

	if (rc < 0) {
		fputs("resolve: no pool\n", stderr);
		free(lookups);
		return 1;
	}
	mummy_pool_group_init(&group, pool);
	for (int i = 1; i < argc; i++) {
		lookups[i].name = argv[i];
		if (mummy_pool_group_submit(&group, look_up, &lookups[i]) < 0)
			look_up(&lookups[i]);
	}
	mummy_pool_group_wait(&group);
	mummy_pool_stats_get(pool, &stats);
	mummy_pool_free(pool);
	for (int i = 1; i < argc; i++)
		printf("%s: %s\n", lookups[i].name, lookups[i].address);
	printf("%llu threads were added\n", (unsigned long long)stats.grown);
	free(lookups);
	return 0;
}
