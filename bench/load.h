/* load.h - what load generators share: the end when something fails, the clock, the server's figures. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline void must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
	exit(1);
}

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/** CPU time of all threads that process pid has now; *threads (may be NULL): how many. */
static inline double cpu_ns(const char *pid, int *threads)
{
	char name[300];
	struct dirent *e;
	double sum = 0;
	DIR *d;

	snprintf(name, sizeof name, "/proc/%s/task", pid);
	d = opendir(name);
	must(d != NULL, name);
	if (threads)
		*threads = 0;
	while ((e = readdir(d))) {
		double ns;
		FILE *f;

		if (e->d_name[0] == '.')
			continue;
		snprintf(name, sizeof name, "/proc/%s/task/%.20s/schedstat", pid, e->d_name);
		f = fopen(name, "r");
		if (f && fscanf(f, "%lf", &ns) == 1)
			sum += ns;
		if (f)
			fclose(f);
		if (threads)
			++*threads;
	}
	closedir(d);
	return sum;
}

/** A field of /proc/PID/FILE that counts kB, in octets. */
static inline double memory_of(const char *pid, const char *file, const char *field)
{
	char line[300];
	double kb = 0;
	FILE *f;

	snprintf(line, sizeof line, "/proc/%s/%s", pid, file);
	f = fopen(line, "r");
	must(f != NULL, line);
	while (fgets(line, sizeof line, f))
		if (strncmp(line, field, strlen(field)) == 0 && sscanf(line + strlen(field), ": %lf", &kb) == 1)
			break;
	fclose(f);
	return kb * 1024;
}
#endif
