/*
 * test_unchanged.c - the hash of a caller's observable state: what it notices, and the panic of a
 * call that fails and has changed something.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/syscall/unchanged.h"
#include "process_world.h"

static struct process *process;

static int setup(void **state)
{
	(void)state;
	world_start(0);
	SIM_CHECK(world_process(NULL, false, &process) == STATUS_SUCCESS);
	thread_current()->process = process;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	thread_current()->process = NULL;
	if (sim_has_panicked()) {
		sim_stop();
		return 0;
	}
	process_abandon(process);
	world_stop();
	return 0;
}

static vaddr_t allocate(uint32_t type)
{
	uint64_t size = 4 * PAGE_SIZE;
	vaddr_t base = 0;

	SIM_CHECK(memory_allocate(process->space, &base, 0, &size, type, PAGE_READWRITE) ==
		  STATUS_SUCCESS);
	return base;
}

/* catches: a field that is not part of the hash; one that changes by itself */
static void test_the_space_is_told_by_its_hash(void **state)
{
	uint64_t first = space_hash(process->space), second, size = PAGE_SIZE;
	vaddr_t base = allocate(MEM_RESERVE), at = base;
	uint32_t old;

	(void)state;
	second = space_hash(process->space);
	assert_true(second != first);
	assert_int_equal(memory_allocate(process->space, &at, 0, &size, MEM_COMMIT, PAGE_READONLY),
			 0);
	first = space_hash(process->space);
	assert_true(second != first);
	assert_int_equal(memory_protect(process->space, &at, &size, PAGE_READWRITE, &old), 0);
	assert_true(space_hash(process->space) != first);
	assert_int_equal(memory_protect(process->space, &at, &size, PAGE_READONLY, &old), 0);
	assert_int_equal(space_hash(process->space), first);
	assert_int_equal(memory_free(process->space, &at, &size, MEM_DECOMMIT), 0);
	assert_int_equal(space_hash(process->space), second);
}

static void test_the_handles_are_told_by_their_hash(void **state)
{
	uint64_t none = handle_table_hash(&process->handles), one;
	handle_t first, second;

	(void)state;
	assert_int_equal(handle_insert(&process->handles, process, 1, 0, &first), 0);
	one = handle_table_hash(&process->handles);
	assert_true(one != none);
	assert_int_equal(handle_insert(&process->handles, process, 2, 0, &second), 0);
	assert_true(handle_table_hash(&process->handles) != one);
	assert_int_equal(handle_close(&process->handles, second), 0);
	assert_int_equal(handle_table_hash(&process->handles), one);
	assert_int_equal(handle_set_attributes(&process->handles, first, OBJ_INHERIT), 0);
	assert_true(handle_table_hash(&process->handles) != one);
	assert_int_equal(handle_close(&process->handles, first), 0);
	assert_int_equal(handle_table_hash(&process->handles), none);
}

static const uint64_t arguments[SYSCALL_MAX_ARGUMENTS] = {[6] = DUPLICATE_CLOSE_SOURCE};

static void fail_and_change_the_space(void *name)
{
	struct call_state before;

	call_state_read(&before);
	allocate(MEM_RESERVE);
	call_state_check(&before, name, arguments, STATUS_ACCESS_VIOLATION);
}

static void fail_and_change_the_handles(void *name)
{
	struct call_state before;
	handle_t handle;

	call_state_read(&before);
	SIM_CHECK(handle_insert(&process->handles, process, 1, 0, &handle) == STATUS_SUCCESS);
	call_state_check(&before, name, arguments, STATUS_ACCESS_VIOLATION);
}

static void test_success_and_exceptions_are_let_through(void **state)
{
	struct call_state before;

	(void)state;
	call_state_read(&before);
	call_state_check(&before, "NtClose", arguments, STATUS_INVALID_HANDLE);
	allocate(MEM_RESERVE);
	call_state_check(&before, "NtAllocateVirtualMemory", arguments, STATUS_SUCCESS);
	call_state_check(&before, "NtDuplicateObject", arguments, STATUS_ACCESS_DENIED);
}

static void change_from_outside(void *caller)
{
	mutex_lock(&process->handles.lock);
	thread_yield(); /* the caller has read its address space and waits for the handles */
	allocate(MEM_RESERVE);
	((struct thread *)caller)->run_ticks++; /* as the scheduler counts */
	mutex_unlock(&process->handles.lock);
}

static void call_and_fail(void *argument)
{
	struct call_state before;

	(void)argument;
	thread_current()->process = process;
	sim_spawn("another", change_from_outside, thread_current(), NULL);
	thread_yield();
	call_state_read(&before);
	call_state_check(&before, "NtClose", arguments, STATUS_INVALID_HANDLE);
	thread_current()->process = NULL;
}

/* catches: the sign that another thread ran, read after what that thread may change */
static void test_what_another_thread_changes_between_the_hashes_is_let_through(void **state)
{
	(void)state;
	sim_spawn("caller", call_and_fail, NULL, NULL);
	sim_run_all();
}

/* The last test: a panic leaves spaces behind that no other test could bear. */
static void test_a_change_is_a_panic(void **state)
{
	const char *message = sim_expect_panic(fail_and_change_the_space, "NtWhatever");

	(void)state;
	assert_non_null(message);
	assert_non_null(strstr(message, "NtWhatever failed with 0xc0000005"));
	assert_non_null(strstr(message, "address space"));
	message = sim_expect_panic(fail_and_change_the_handles, "NtWhatever");
	assert_non_null(message);
	assert_non_null(strstr(message, "changed the handles"));
}

int main(int argc, char **argv)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_the_space_is_told_by_its_hash),
		TEST(test_the_handles_are_told_by_their_hash),
		TEST(test_success_and_exceptions_are_let_through),
		TEST(test_what_another_thread_changes_between_the_hashes_is_let_through),
		TEST(test_a_change_is_a_panic),
	};
#undef TEST

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
