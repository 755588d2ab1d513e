/*
 * overflow.h - says so when a handler has run out of its fiber's stack, before the program ends of it.
 */
#ifndef MUMMY_SERVER_OVERFLOW_H
#define MUMMY_SERVER_OVERFLOW_H

/** Takes SIGSEGV and SIGBUS; whatever else they mean goes to who had them before. Once, at the start. */
void overflow_report(void);

/** First and last on each worker: a stack for the signal handler. Fit the options of a pool. */
void overflow_watch(void *ctx, unsigned index);
void overflow_unwatch(void *ctx, unsigned index);
#endif
