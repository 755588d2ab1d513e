/* mmap, mprotect and madvise are wrapped, so that a full map table can be had. */
#include <config.h>
#include "suite.h"
#include "stack.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define OWNED 200u
#define BYTES 65536u

static int maps_left = -1;      /* calls that take a place in the map table; negative: any number */
static int old_kernel;          /* knows no guards but those of mprotect */
static int mapped;

void *__real_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off);
void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off);
int __real_munmap(void *at, size_t n);
int __wrap_munmap(void *at, size_t n);
int __real_mprotect(void *at, size_t n, int prot);
int __wrap_mprotect(void *at, size_t n, int prot);
int __real_madvise(void *at, size_t n, int advice);
int __wrap_madvise(void *at, size_t n, int advice);

static int refused(void)
{
	if (maps_left == 0) {
		errno = ENOMEM;
		return 1;
	}
	maps_left -= maps_left > 0;
	return 0;
}

void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off)
{
	if (refused())
		return MAP_FAILED;
	mapped++;
	return __real_mmap(at, n, prot, flags, fd, off);
}

int __wrap_munmap(void *at, size_t n)
{
	mapped--;
	return __real_munmap(at, n);
}

int __wrap_mprotect(void *at, size_t n, int prot)
{
	return refused() ? -1 : __real_mprotect(at, n, prot);
}

int __wrap_madvise(void *at, size_t n, int advice)
{
	if (old_kernel && advice == 102) {
		errno = EINVAL;
		return -1;
	}
	return __real_madvise(at, n, advice);
}

static void init(struct mpool_stacks *s, size_t bound)
{
	ck_assert_int_eq(mpool_stacks_init(s, mpool_stack_size(BYTES), OWNED, bound), 0);
}

static struct mpool_stack *get(struct mpool_stacks *s)
{
	struct mpool_stack *stack = mpool_stack_get(s);

	ck_assert_ptr_nonnull(stack);
	return stack;
}

START_TEST(sizes_are_whole_pages)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	ck_assert_uint_ge(mpool_stack_size(1), 16384);
	ck_assert_uint_eq(mpool_stack_size(65537) % page, 0);
	ck_assert_uint_ge(mpool_stack_size(65537), 65537);
	ck_assert_uint_eq(mpool_stack_size(SIZE_MAX), 0);
}
END_TEST

static void check_stack(struct mpool_stack *stack)
{
	ck_assert_uint_ge(stack->bytes, BYTES - 256);
	/* The whole of it can be written, the owner's part behind it too. */
	memset(stack->low, 0x5a, stack->bytes);
	ck_assert_ptr_eq(stack->low + stack->bytes, (char *)stack);
}

static void all_at_once(void)
{
	struct mpool_stack *used[100];
	struct mpool_stacks s;

	init(&s, 10);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 100; i++) {
			used[i] = get(&s);
			check_stack(used[i]);
		}
		for (int i = 0; i < 100; i++)
			mpool_stack_put(&s, used[(i * 37) % 100]);
		ck_assert_uint_eq(s.count, 10);
	}
	mpool_stacks_destroy(&s, NULL);
	ck_assert_int_eq(mapped, 0);
}

START_TEST(stacks_come_and_go)
{
	all_at_once();
}
END_TEST

START_TEST(stacks_come_and_go_on_an_old_kernel)
{
	old_kernel = 1;
	all_at_once();
	old_kernel = 0;
}
END_TEST

static int dies_at(char *p)
{
	int status = 0;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		signal(SIGSEGV, SIG_DFL);
		*(volatile char *)p = 1;
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

START_TEST(below_each_is_a_guard)
{
	struct mpool_stacks s;
	struct mpool_stack *stack;

	for (old_kernel = 0; old_kernel < 2; old_kernel++) {
		init(&s, 10);
		get(&s);
		stack = get(&s);
		ck_assert(!dies_at(stack->low));
		ck_assert(dies_at(stack->low - 1));
		ck_assert(dies_at(stack->low - s.guard));
		ck_assert(mpool_stack_guards(&s, stack, stack->low - 1));
		ck_assert(mpool_stack_guards(&s, stack, stack->low - s.guard));
		ck_assert(!mpool_stack_guards(&s, stack, stack->low));
		ck_assert(!mpool_stack_guards(&s, stack, stack->low - s.guard - 1));
		mpool_stacks_destroy(&s, NULL);
	}
	old_kernel = 0;
}
END_TEST

/* Whatever fails, what there was is still there, and a first stack can always be had. */
START_TEST(a_full_map_table_loses_nothing)
{
	old_kernel = 1;
	for (int room = 0; room < 120; room++) {
		struct mpool_stack *used[100];
		struct mpool_stacks s;
		int n = 0;

		maps_left = room;
		if (mpool_stacks_init(&s, mpool_stack_size(BYTES), OWNED, room % 7) < 0) {
			ck_assert_int_lt(room, 2);
			maps_left = -1;
			continue;
		}
		while (n < 100 && (used[n] = mpool_stack_get(&s)))
			check_stack(used[n++]);
		ck_assert_int_ge(n, 1);
		for (int i = 0; i < n; i++)
			mpool_stack_put(&s, used[i]);
		while (mpool_stacks_settle(&s), mpool_stacks_cool(&s, 3))
			;
		maps_left = 0;
		used[0] = get(&s);
		check_stack(used[0]);
		mpool_stack_put(&s, used[0]);
		maps_left = -1;
		for (int i = 0; i < 100; i++)
			used[i] = get(&s);
		mpool_stacks_destroy(&s, NULL);
		ck_assert_int_eq(mapped, 0);
	}
	old_kernel = 0;
}
END_TEST

START_TEST(only_what_rests_is_cooled)
{
	struct mpool_stack *used[64];
	struct mpool_stacks s;

	init(&s, 64);
	for (int i = 0; i < 64; i++)
		used[i] = get(&s);
	for (int i = 0; i < 64; i++)
		mpool_stack_put(&s, used[i]);
	ck_assert(!mpool_stacks_cool(&s, 64));
	ck_assert_uint_eq(s.count, 64);
	mpool_stacks_settle(&s);
	for (int i = 0; i < 20; i++)
		used[i] = get(&s);
	for (int i = 0; i < 20; i++)
		mpool_stack_put(&s, used[i]);
	ck_assert(mpool_stacks_cool(&s, 40));
	ck_assert(!mpool_stacks_cool(&s, 40));
	ck_assert_uint_eq(s.count, 20);
	for (int i = 0; i < 64; i++)
		check_stack(used[i] = get(&s));
	mpool_stacks_destroy(&s, NULL);
}
END_TEST

START_TEST(the_callers_stack_stays)
{
	struct mpool_stacks s;
	struct mpool_stack *stack;
	char *low;

	init(&s, 10);
	stack = get(&s);
	low = stack->low;
	mpool_stacks_destroy(&s, low + 100);
	low[100] = 1;
	ck_assert_int_eq(mapped, 1);
	mapped = 0;
}
END_TEST

SUITE_MAIN("pool/stack", sizes_are_whole_pages, stacks_come_and_go, stacks_come_and_go_on_an_old_kernel,
	   below_each_is_a_guard, a_full_map_table_loses_nothing, only_what_rests_is_cooled,
	   the_callers_stack_stays)
