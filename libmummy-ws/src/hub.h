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

/** The message compressed for all who share the window and the level. */
struct mws_variant {
	struct mws_variant *next;
	unsigned bits, level;
	struct mws_block *frame;        /* NULL: it would not be shorter */
};

/** What is published; counted. */
struct mws_published {
	_Atomic unsigned refs;
	struct mws_block *frame;
	enum mummy_ws_opcode op;
	pthread_mutex_t lock;           /* for variants, which are made when the first one needs them */
	struct mws_variant *variants;
};

/** A message of a topic, left for an io. */
struct mws_delivery {
	struct mws_delivery *next;
	mummy_ws_hub *hub;              /* referenced */
	mummy_ws_io *io;                /* until it is left there */
	struct mws_published *what;     /* referenced */
	uint64_t number;
	size_t n;
	char name[];
};

size_t mws_delivery_cost(const struct mws_delivery *d);
void mws_delivery_free(struct mws_delivery *d);

struct mws_topic *mws_topic_find(mummy_ws_hub *h, const char *name, size_t n);
struct mws_group *mws_group_find(struct mws_topic *t, mummy_ws_io *io);
#endif
