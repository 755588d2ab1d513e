#include <config.h>
#include "suite.h"
#include "block.h"
#include <string.h>

static void count(void *arg)
{
	++*(int *)arg;
}

START_TEST(a_block_copies_or_takes)
{
	char text[] = "text";
	int done = 0;
	struct mws_out o = { .data = text, .f = { .opcode = MUMMY_WS_TEXT, .fin = 1, .length = 4 } };
	struct mws_block *b = mws_block_new(&o);

	ck_assert_ptr_ne(b->data, text);
	ck_assert_mem_eq(b->data, "text", 4);
	ck_assert_uint_eq(mws_block_size(b), 6);
	mws_block_unref(b);
	o.done = count;
	o.arg = &done;
	b = mws_block_new(&o);
	ck_assert_ptr_eq(b->data, text);
	mws_block_unref(b);
	ck_assert_int_eq(done, 1);
	o.f.masked = 1;
	memcpy(o.f.mask, "abcd", 4);
	b = mws_block_new(&o);
	ck_assert_uint_eq(b->nhead, 6);
	ck_assert_int_eq(((const char *)b->data)[0], 't' ^ 'a');
	ck_assert_str_eq(text, "text");
	mws_block_unref(b);
	ck_assert_int_eq(done, 2);
}
END_TEST

START_TEST(a_queue_keeps_the_order)
{
	struct mws_fifo f = { NULL, NULL }, g = { NULL, NULL };
	struct mws_block *b;

	ck_assert_ptr_null(mws_fifo_pop(&f));
	mws_fifo_append(&f, &g);
	mws_fifo_push(&f, mws_block_raw("b", 1));
	mws_fifo_push_front(&f, mws_block_raw("a", 1));
	mws_fifo_push(&g, mws_block_raw("c", 1));
	mws_fifo_append(&f, &g);
	ck_assert_ptr_null(g.head);
	mws_fifo_push(&f, mws_block_raw("d", 1));
	for (int c = 'a'; c <= 'd'; c++) {
		b = mws_fifo_pop(&f);
		ck_assert_int_eq(*(const char *)b->data, c);
		mws_block_unref(b);
	}
	mws_fifo_push_front(&f, mws_block_raw("x", 1));
	mws_fifo_push(&f, mws_block_raw("y", 1));
	mws_fifo_free(&f);
	ck_assert_ptr_null(f.head);
}
END_TEST

SUITE_MAIN("ws/block", a_block_copies_or_takes, a_queue_keeps_the_order)
