/*
 * receipt.h - ID.json beside each finished upload: what it is, for programs that take it on.
 */
#ifndef MUMMY_SERVER_RECEIPT_H
#define MUMMY_SERVER_RECEIPT_H
#include <mummy/upload.h>
#include "log.h"

struct receipts {
	int folder;                /**< of the finished uploads; -1: none */
	uint64_t digest_max;       /**< octets; no digest of larger ones */
	int lasting;               /**< they survive a power cut */
	struct log *log;
	struct mummy_upload_store store;   /**< the guarded one */
};

/** directory is borrowed for the call. 0 or a negative errno. */
int receipts_open(struct receipts *r, const char *directory);
void receipts_close(struct receipts *r);
/** Writes one; what fails is logged. */
void receipt_write(struct receipts *r, const struct mummy_upload_info *info);
/** Makes the receipt of an upload go before the upload does, so that a process that dies between the two
 *  leaves an upload that receipts_repair finds, and never a receipt of nothing. r stays where it is until the
 *  store is released. */
void receipts_guard(struct receipts *r, struct mummy_upload_store *store);
/** Calls finished for those finished uploads that have none, as a process which died did not get to it. */
void receipts_repair(struct receipts *r, mummy_upload *uploads,
		void (*finished)(void *ctx, const struct mummy_upload_info *info), void *ctx);
#endif
