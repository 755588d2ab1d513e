/*
 * deque.pml - the deque of libmummy-pool/src/deque.h on a machine with a store buffer: one owner who
 * pushes and pops in any order, two thieves. Every item is taken exactly once.
 *
 * What the owner stores into bottom may reach memory late, in order; an exchange waits until all has.
 * Broken on purpose, to be caught: -DPOP_STORES (pop ends in a store), -DLAST_UNCONTENDED (the last
 * item is taken without asking the thieves), -DREAD_LATE (a thief reads the slot after its exchange).
 */
#define ITEMS 4
#define CAPACITY 2

short top = 0, bottom = 0;
byte slot[CAPACITY];
byte taken[ITEMS];
chan late = [2] of { short };
byte thieves = 2;
bool over = false;

inline take(item)
{
	taken[item]++;
	assert(taken[item] == 1)
}

/* An exchange, or another operation that waits for the owner's own stores. */
inline exchange(value)
{
	atomic { empty(late) -> bottom = value }
}

proctype Memory()
{
	short value;
end:	do
	:: atomic { late?value -> bottom = value }
	od
}

proctype Thief()
{
	short t, b;
	byte item;
	bool mine;

	do
	:: over -> break
	:: else ->
		t = top;
		b = bottom;
		if
		:: t >= b -> skip
		:: else ->
#ifndef READ_LATE
			item = slot[t % CAPACITY];
#endif
			atomic { mine = (top == t); if :: mine -> top = t + 1 :: else fi };
#ifdef READ_LATE
			item = slot[t % CAPACITY];
#endif
			if :: mine -> take(item) :: else fi
		fi
	od;
	thieves--
}

proctype Owner()
{
	short b = 0, t, limit = CAPACITY;
	byte next = 0, i;
	bool mine;

	do
	:: next < ITEMS ->
		if :: b >= limit -> limit = top + CAPACITY :: else fi;
		if
		:: b < limit ->
			slot[b % CAPACITY] = next;
			b++;
			next++;
			late!b
		:: else
		fi
	:: true ->
		b--;
#ifdef POP_STORES
		late!b;
#else
		exchange(b);
#endif
		t = top;
		if
		:: t < b -> take(slot[b % CAPACITY])
		:: t == b ->
#ifdef LAST_UNCONTENDED
			mine = true;
			top = t + 1;
#else
			atomic { mine = (top == t); if :: mine -> top = t + 1 :: else fi };
#endif
			b++;
			exchange(b);
			if :: mine -> take(slot[(b - 1) % CAPACITY]) :: else fi
		:: t > b ->
			b++;
			exchange(b);
			if :: next == ITEMS -> break :: else fi
		fi
	od;
	over = true;
	thieves == 0;
	for (i : 0 .. ITEMS - 1) {
		assert(taken[i] == 1)
	}
}

init
{
	atomic { run Memory(); run Thief(); run Thief(); run Owner() }
}
