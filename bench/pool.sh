#!/bin/sh
# libmummy-pool, as a shared library, against its peers and against bare threads: fork and join, jobs
# submitted from outside, waking an idle worker, jobs that sleep. Rivals take turns within a run; a
# peer that can't be built here is "not measured" (scripts/deps bench installs all).
# usage: bench/pool.sh BUILDDIR [ROUNDS] [fork|submit|wake|sleeps]...
set -eu
build=${1:?usage: bench/pool.sh BUILDDIR [ROUNDS] [fork|submit|wake|sleeps]...}
rounds=${2:-5}
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"
if [ $# -gt 2 ]; then shift 2; else set -- fork submit wake sleeps; fi

# The price of calls into a shared library belongs to what is measured.
mkdir -p "$build/shared"
cd "$build/shared"
[ -f Makefile ] || "$here/../configure" --quiet --disable-http --disable-ws --disable-upload --disable-tools \
	--disable-static CFLAGS="-O2 -g" >configure.log
make -s bench/pool bench/pool_bare bench/pool_wake >make.log

# peer NAME COMPILER ARGUMENT...: builds it; false when it is not to be had here.
peer()
{
	name=$1
	shift
	"$@" -O2 -o "$name" >"$name.log" 2>&1 || rm -f "$name"
}
peer gnu_omp gcc -fopenmp "$here/pool_omp.c"
peer llvm_omp clang -fopenmp=libomp "$here/pool_omp.c"
peer tbb g++ -std=c++17 "$here/pool_tbb.cc" -ltbb -pthread
peer uv gcc "$here/pool_uv.c" -luv -pthread

# once FILE PROGRAM ARGUMENT...: adds one figure to the file, unless the program is not there.
once()
{
	file=$tmp/$1
	shift
	[ -x "$1" ] || return 0
	"$@" >>"$file"
}

# figure FILE: median (lowest to highest), or that there is none.
figure()
{
	if [ -s "$tmp/$1" ]; then median "$tmp/$1" 1; else echo "not measured"; fi
}

# ratio FILE FILE: of their medians.
ratio()
{
	if [ -s "$tmp/$1" ] && [ -s "$tmp/$2" ]; then
		echo "$(value "$tmp/$1" 1) $(value "$tmp/$2" 1)" | awk '{ printf "%.2f\n", $1 / $2 }'
	else
		echo "not measured"
	fi
}

measure_fork()
{
	for threads in 1 2; do
		once call bench/pool_bare call
		once record bench/pool_bare record
		once "fork$threads" bench/pool fork $threads
		once "tbb$threads" ./tbb fork $threads
		once "gnu$threads" ./gnu_omp fork $threads
		once "llvm$threads" ./llvm_omp fork $threads
	done
}

show_fork()
{
	echo "fib(32), no cut-off, ns for each call that divides; $rounds rounds"
	echo
	echo "| threads | libmummy-pool | x C function | x C function through a struct | x oneTBB | oneTBB task_group |" \
		"GNU OpenMP | LLVM OpenMP | C function | through a struct |"
	echo "|---|---|---|---|---|---|---|---|---|---|"
	for threads in 1 2; do
		echo "| $threads | $(figure fork$threads) | $(ratio fork$threads call) | $(ratio fork$threads record) |" \
			"$(ratio fork$threads tbb$threads) | $(figure tbb$threads) | $(figure gnu$threads) |" \
			"$(figure llvm$threads) | $(figure call) | $(figure record) |"
	done
}

cells="1.2 1.4 2.2 2.4"

measure_submit()
{
	for cell in $cells; do
		producers=${cell%.*} workers=${cell#*.}
		once "ring$cell" bench/pool_bare ring "$producers" "$workers"
		once "tasks$cell" bench/pool tasks "$producers" "$workers"
		once "threads$cell" bench/pool threads "$producers" "$workers"
		once "uv$cell" ./uv submit "$producers" "$workers"
		once "arena$cell" ./tbb submit "$producers" "$workers"
	done
}

show_submit()
{
	echo "empty jobs submitted from outside, M/s; $rounds rounds"
	echo
	echo "| producers, workers | TASKS | x ring | x libuv | THREADS | x ring | x libuv | ring | libuv | oneTBB enqueue |"
	echo "|---|---|---|---|---|---|---|---|---|---|"
	for cell in $cells; do
		echo "| ${cell%.*}, ${cell#*.} | $(figure "tasks$cell") | $(ratio "tasks$cell" "ring$cell") |" \
			"$(ratio "tasks$cell" "uv$cell") | $(figure "threads$cell") | $(ratio "threads$cell" "ring$cell") |" \
			"$(ratio "threads$cell" "uv$cell") | $(figure "ring$cell") | $(figure "uv$cell") | $(figure "arena$cell") |"
	done
}

measure_wake()
{
	for how in parked spinning; do
		once "$how" bench/pool_wake $how
	done
}

wake_figures()
{
	for column in 1 3 2; do echo "| $(median "$tmp/$1" $column)"; done | tr '\n' ' '
}

show_wake()
{
	echo "from submit to start on an idle worker, p50, us; $rounds rounds"
	echo
	echo "| worker | libmummy-pool | x bare | bare |"
	echo "|---|---|---|---|"
	echo "| parked; bare: a futex $(wake_figures parked) |"
	echo "| spinning; bare: a word $(wake_figures spinning) |"
}

measure_sleeps()
{
	once bare_sleeps bench/pool_bare sleeps 1000
	once sleeps bench/pool sleeps 1000
	once watch bench/pool watch 100
}

show_sleeps()
{
	echo "10,000 jobs of nanosleep(10 ms), from 2 threads to 1,000, ms; $rounds rounds"
	echo
	echo "| libmummy-pool | x bare | 1,000 bare threads |"
	echo "|---|---|---|"
	echo "| $(figure sleeps) | $(ratio sleeps bare_sleeps) | $(figure bare_sleeps) |"
	echo
	echo "CPU of the thread that looks for blocked workers, 100 such jobs at a time: $(figure watch) %"
}

for part; do
	i=0
	while [ "$i" -lt "$rounds" ]; do
		"measure_$part"
		i=$((i + 1))
	done
	echo
	"show_$part"
done
