/*
 * park.pml - how workers of libmummy-pool fall asleep and are woken (idle.c, worker.c): one gives work
 * that only others can do, two look for it, spin for a while if they like, and park. No wake-up is missed.
 *
 * What the giver pushes may reach memory late; the barrier of who announces itself waits for it.
 * Broken on purpose, to be caught: -DNO_BARRIER (the barrier is left out), -DLOOK_FIRST (who parks
 * looks before it announces itself), -DNO_PASSING_ON (who was woken wakes nobody in turn).
 */
#define WORKERS 2
#define ITEMS 3

byte visible = 0, given = 0, ran = 0;
chan late = [2] of { bit };
bool lock = false, want_wake = false, waking = false, stocked = false, over = false;
bool idle[WORKERS], woken[WORKERS], event[WORKERS];

inline acquire()
{
	atomic { !lock -> lock = true }
}

inline release()
{
	lock = false
}

proctype Memory()
{
	bit b;
end:	do
	:: atomic { late?b -> visible++ }
	od
}

/* Lock held. As mpool_publish: only where work can be on its way does it cost a barrier. */
inline publish()
{
	want_wake = !waking && (idle[0] || idle[1]);
#ifndef NO_BARRIER
	if
	:: want_wake && stocked -> empty(late)
	:: else
	fi
#endif
}

/* As mpool_wake_one. chosen is the caller's. */
inline wake_one()
{
	acquire();
	chosen = WORKERS;
	if
	:: !waking && idle[0] -> chosen = 0
	:: !waking && idle[1] -> chosen = 1
	:: waking || (!idle[0] && !idle[1])
	fi;
	if
	:: chosen < WORKERS ->
		idle[chosen] = false;
		woken[chosen] = true;
		waking = true;
		publish()
	:: else
	fi;
	release();
	if
	:: chosen < WORKERS -> event[chosen] = true
	:: else
	fi
}

/* The thread that looks has the lock; nobody but me is idle as me. */
inline leave(me)
{
	if
	:: woken[me] -> woken[me] = false; waking = false
	:: else -> idle[me] = false
	fi;
	publish()
}

proctype Worker(byte me)
{
	byte chosen;
	bool found;

	do
	:: over -> break
	:: else ->
		atomic { found = (visible > 0); if :: found -> visible-- :: else fi };
		if
		:: found ->
#ifndef NO_PASSING_ON
			if
			:: want_wake && visible > 0 -> wake_one()
			:: else
			fi;
#endif
			/* A job may need another one to run too. */
			ran++;
			ran >= WORKERS
		:: else ->
			acquire();
			if
			:: !waking ->
				/* spin_us: as if it had been woken */
				woken[me] = true;
				waking = true;
				publish();
				release();
				acquire();
				woken[me] = false;
				waking = false
			:: true
			fi;
			do
			:: true ->
				if
				:: woken[me] || over -> break
				:: else
				fi;
#ifdef LOOK_FIRST
				found = (visible > 0);
				idle[me] = true;
				publish();
#else
				idle[me] = true;
				publish();
				found = (visible > 0);
#endif
				if
				:: found -> break
				:: else
				fi;
				release();
				atomic { event[me] -> event[me] = false };
				acquire()
			od;
			leave(me);
			release()
		fi
	od
}

/* Its own deque: nobody else pushes there, and it never comes back to it. */
proctype Giver()
{
	byte chosen, i;

	do
	:: given < ITEMS ->
		if
		:: !stocked -> atomic { empty(late) -> stocked = true }
		:: else
		fi;
		late!1;
		given++;
		if
		:: want_wake -> wake_one()
		:: else
		fi
	:: else -> break
	od;
	ran == ITEMS;
	over = true;
	for (i : 0 .. WORKERS - 1) {
		event[i] = true
	}
}

init
{
	atomic { run Memory(); run Worker(0); run Worker(1); run Giver() }
}
