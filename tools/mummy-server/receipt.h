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
};

/** directory is borrowed for the call. 0 or a negative errno. */
int receipts_open(struct receipts *r, const char *directory);
void receipts_close(struct receipts *r);
/** Writes one, or removes it; what fails is logged. */
void receipt_write(struct receipts *r, const struct mummy_upload_info *info);
void receipt_remove(struct receipts *r, const struct mummy_upload_info *info);
/** Writes those that a process which died did not get to. */
void receipts_repair(struct receipts *r, mummy_upload *uploads);
#endif
