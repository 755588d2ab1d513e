/*
 * hooks.h - tells operators' programs and addresses what happens to uploads, and asks them whether it may.
 */
#ifndef MUMMY_SERVER_HOOKS_H
#define MUMMY_SERVER_HOOKS_H
#include <pthread.h>
#include <mummy/upload.h>
#include "hook-queue.h"
#include "log.h"
#include "options.h"

/** In the order of their names in options.c; bits of options.hook_events. */
enum hooks_event { HOOKS_PRE_CREATE, HOOKS_PRE_FINISH, HOOKS_POST_FINISH, HOOKS_TERMINATED, HOOKS_EXPIRED };

/** All zero: there are none. */
struct hooks {
	const struct options *o;
	struct log *log;
	char *uploads, *completed;         /**< whole paths */
	struct hook_trust *trust;          /**< for https; else NULL */
	struct hook_queue *queue;          /**< NULL: there are no hooks */
	mummy_upload *engine;              /**< from hooks_start on */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned asking;                   /**< pre-hooks that run */
	_Atomic uint64_t cut_ms;
};

/** Whether the options can be used: 0, or -1 and a line in why. */
int hooks_check(const struct options *o, char *why, size_t size);
/** Both folders are there and borrowed for the call. 0 or a negative errno. Nothing is told before
 *  hooks_start. */
int hooks_open(struct hooks *h, const struct options *o, struct log *log, const char *uploads,
		const char *completed);
int hooks_start(struct hooks *h, mummy_upload *engine);
/** Whether anybody is asked or told. After hooks_open. */
int hooks_wanted(const struct hooks *h, enum hooks_event event);
/* 1: hooks_pre_create has something to say. */
int hooks_may_refuse(const struct hooks *h);
/** As the events of mummy_upload_events. */
int hooks_pre_create(struct hooks *h, const struct mummy_upload_info *info, struct mummy_upload_grant *grant);
int hooks_pre_finish(struct hooks *h, const struct mummy_upload_info *info, char text[MUMMY_UPLOAD_TEXT]);
/** Keeps an event for its hooks, so that it is told for certain, once hooks_release was called, or the server
 *  began anew and it had happened. 0, or a negative errno and a line in the log. */
int hooks_put(struct hooks *h, enum hooks_event event, const struct mummy_upload_info *info);
/** It has happened. 0, or -ENOENT: it is not kept. */
int hooks_release(struct hooks *h, enum hooks_event event, const char *id);
/** Ends the hooks that run, which are asked or told again later. */
void hooks_cut(struct hooks *h);
void hooks_close(struct hooks *h);
#endif
