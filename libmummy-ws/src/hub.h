/* hub.h - the insides of a hub. Everything is behind its lock. Internal. */
#ifndef MUMMY_WS_HUB_H
#define MUMMY_WS_HUB_H
#include "conn.h"

/** The subscribers of one topic on one io. */
struct mws_group {
	struct mws_group *next;
	struct mws_topic *topic;
	mummy_ws_io *io;                /* referenced */
	struct mws_sub **sub;
	size_t n, size;
	uint64_t changes;               /* of the order of sub */
};

struct mws_topic {
	struct mws_topic *next;         /* in its bucket */
	struct mws_group *groups;
	uint64_t hash;
	size_t n;
	char name[];
};

struct mws_sub {
	struct mws_sub *next;           /* of the connection */
	mummy_ws_conn *c;
	struct mws_group *group;
	size_t at;                      /* in the group */
	uint64_t since;                 /* messages up to this are not for it, or were sent */
};

struct mummy_ws_hub {
	_Atomic unsigned refs;
	struct mummy_ws_hub_options opt;
	pthread_mutex_t lock;
	struct mws_topic **bucket;      /* a power of two of them */
	size_t nbuckets, ntopics;
	uint64_t seed, published;
	size_t pending;                 /* octets left for I/O threads */
};

struct mws_topic *mws_topic_find(mummy_ws_hub *h, const char *name, size_t n);
struct mws_group *mws_group_find(struct mws_topic *t, mummy_ws_io *io);
#endif
