/*
 * A wheel of coarse slots. A deadline beyond one turn of it goes into the furthest slot and is looked
 * at again there; so a connection is visited about twice a minute at least, and costs no timer.
 */
#include <config.h>
#include "conn.h"

static void slot_unlink(mummy_ws_conn *c)
{
	*c->timer_at = c->timer_next;
	if (c->timer_next)
		c->timer_next->timer_at = c->timer_at;
	c->timer_at = NULL;
	c->timer_next = NULL;
}

void mws_wheel_remove(mummy_ws_io *io, mummy_ws_conn *c)
{
	struct mws_wheel *w = &io->wheel;
	size_t i;

	if (!c->timer_at)
		return;
	/* The only one of a slot is linked to the slot itself. */
	i = ((uintptr_t)c->timer_at - (uintptr_t)w->slot) / sizeof w->slot[0];
	slot_unlink(c);
	if (i < MWS_SLOTS && !w->slot[i]) {
		w->used[i / 64] &= ~(UINT64_C(1) << i % 64);
		if (i == w->next % MWS_SLOTS)
			w->known = 0;
	}
}

void mws_wheel_put(mummy_ws_io *io, mummy_ws_conn *c, uint64_t at_ms)
{
	struct mws_wheel *w = &io->wheel;
	uint64_t tick = at_ms / MWS_SLOT_MS + 1;
	size_t i;

	mws_wheel_remove(io, c);
	if (tick <= w->tick)
		tick = w->tick + 1;
	if (tick - w->tick >= MWS_SLOTS)
		tick = w->tick + MWS_SLOTS - 1;
	i = tick % MWS_SLOTS;
	c->timer_next = w->slot[i];
	c->timer_at = &w->slot[i];
	if (c->timer_next)
		c->timer_next->timer_at = &c->timer_next;
	w->slot[i] = c;
	w->used[i / 64] |= UINT64_C(1) << i % 64;
	if (!w->next || tick < w->next)
		w->next = tick;
}

void mws_wheel_each(mummy_ws_io *io, void (*visit)(mummy_ws_io *io, mummy_ws_conn *c))
{
	for (size_t i = 0; i < MWS_SLOTS; i++)
		for (mummy_ws_conn *c = io->wheel.slot[i]; c; c = c->timer_next)
			visit(io, c);
}

static void slot_turn(mummy_ws_io *io, size_t i, void (*due)(mummy_ws_io *io, mummy_ws_conn *c))
{
	mummy_ws_conn *c;

	/* What due puts back goes into another slot: at least one tick ahead, less than a turn. */
	while ((c = io->wheel.slot[i])) {
		mws_wheel_remove(io, c);
		due(io, c);
	}
}

/* Ticks from here to the next slot in use, 1 to MWS_SLOTS; 0: none. */
static unsigned next_used(const struct mws_wheel *w)
{
	for (unsigned n = 1; n <= MWS_SLOTS;) {
		size_t i = (w->tick + n) % MWS_SLOTS;
		uint64_t bits = w->used[i / 64] >> i % 64;

		if (bits & 1)
			return n;
		n += !bits ? 64 - i % 64 : !(bits & 0xff) ? 8 : 1;
	}
	return 0;
}

int mws_wheel_turn(mummy_ws_io *io, void (*due)(mummy_ws_io *io, mummy_ws_conn *c))
{
	struct mws_wheel *w = &io->wheel;
	uint64_t now = io->now_ms / MWS_SLOT_MS, stop = now;

	if (w->tick + MWS_SLOTS < now)
		w->tick = now - MWS_SLOTS;
	while (w->tick < stop) {
		w->tick++;
		slot_turn(io, w->tick % MWS_SLOTS, due);
	}
	if (!w->known) {
		unsigned n = next_used(w);

		w->next = n ? w->tick + n : 0;
		w->known = 1;
	}
	return mws_wheel_next(io);
}
