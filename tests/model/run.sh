#!/bin/sh
# run.sh - proves the models with spin, and that each way to break them is caught.
# usage: run.sh SCRATCH
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "${1:?usage: run.sh SCRATCH}"
cd "$1"

# errors MODEL [FLAG]: how many errors the search of all states finds (it ends with the first).
errors()
{
	spin -a ${2:+"-D$2"} "$here/$1.pml" >spin.log 2>&1 || { cat spin.log >&2; exit 1; }
	cc -O2 -w -DSAFETY -DVECTORSZ=4096 -o pan pan.c
	./pan -m1000000 -w24 >pan.log 2>&1
	# Where the search was cut short, nothing is proved.
	if grep -q 'max search depth too small\|out of memory' pan.log; then cat pan.log >&2; exit 1; fi
	sed -n 's/.*errors: \([0-9]*\).*/\1/p' pan.log
}

status=0
# expect NUMBER WHAT MODEL [FLAG]
expect()
{
	n=$1 what=$2
	shift 2
	if [ "$(errors "$@")" = "$n" ]; then
		echo "ok - $what ($(sed -n 's/ *\([0-9]*\) states, stored.*/\1/p' pan.log) states)"
	else
		cat pan.log
		echo "not ok - $what"
		status=1
	fi
}

expect 0 "deque: every item is taken once" deque
expect 1 "deque: a pop without a barrier is caught" deque POP_STORES
expect 1 "deque: a last item taken without asking is caught" deque LAST_UNCONTENDED
expect 1 "deque: a slot read too late is caught" deque READ_LATE
expect 0 "park: no wake-up is missed" park
expect 1 "park: a missing barrier is caught" park NO_BARRIER
expect 1 "park: a look before the announcement is caught" park LOOK_FIRST
expect 1 "park: a wake that is not passed on is caught" park NO_PASSING_ON
exit $status
