/*
 * test_process.c - processes and threads from creation to the last reference, under random
 * schedules: whatever a thread is doing when its process is terminated, everything is given back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/syscall/syscall.h"
#include "process_world.h"

#define SEEDS 60

/* ---- user code ---- */

static unsigned thread_state_next;

/* Addresses of the thread's own stack, for the results of system calls. */
static vaddr_t scratch(const struct user_entry *entry)
{
	return entry->stack_pointer - 0x100;
}

static NTSTATUS thread_create(const struct user_entry *entry, bool suspended)
{
	const uint64_t arguments[SYSCALL_MAX_ARGUMENTS] = {
		scratch(entry), THREAD_ALL_ACCESS, 0, CURRENT_PROCESS, 0x1234, 0x5678, suspended,
	};

	return world_back_to_user(NtCreateThreadEx(arguments));
}

static void user_wait(const struct user_entry *entry)
{
	const uint64_t arguments[] = {0, scratch(entry)};
	int64_t for_ever = INT64_MIN;

	for (;;) {
		sim_write(scratch(entry), &for_ever, sizeof(for_ever));
		world_back_to_user(NtDelayExecution(arguments));
	}
}

static void user_spin(const struct user_entry *entry)
{
	(void)entry;
	for (;;)
		world_back_to_user(STATUS_SUCCESS);
}

/* Takes memory, touches it, gives it back. */
static void user_allocate(const struct user_entry *entry)
{
	vaddr_t base_at = scratch(entry), size_at = base_at + 8, base;
	const uint64_t take[] = {CURRENT_PROCESS,	   base_at,	  0, size_at,
				 MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE};
	const uint64_t give[] = {CURRENT_PROCESS, base_at, size_at, MEM_RELEASE};

	for (;;) {
		uint64_t range[] = {0, 0x3000};

		sim_write(base_at, range, sizeof(range));
		if (NT_SUCCESS(world_back_to_user(NtAllocateVirtualMemory(take)))) {
			sim_read(base_at, &base, sizeof(base));
			sim_poke(base, 1);
			sim_poke(base + 0x2000, 1);
			sim_write(size_at, &range[0], sizeof(range[0]));
		}
		world_back_to_user(NtFreeVirtualMemory(give));
	}
}

static void user_wait_for_process(const struct user_entry *entry)
{
	const uint64_t arguments[] = {CURRENT_PROCESS, 0, 0};

	(void)entry;
	for (;;)
		world_back_to_user(NtWaitForSingleObject(arguments));
}

static void (*const states[])(const struct user_entry *entry) = {
	user_wait,
	user_spin,
	user_allocate,
	user_wait_for_process,
};
#define STATES (sizeof(states) / sizeof(states[0]))

static bool is_first_thread(const struct user_entry *entry)
{
	return entry->instruction_pointer ==
	       process_current()->ntdll_base + ntdll_entries.first_thread;
}

/* The first thread makes others in all states, one suspended, and joins them. */
static void code_many(const struct user_entry *entry)
{
	if (is_first_thread(entry)) {
		for (unsigned i = 0; i <= STATES; i++)
			thread_create(entry, i == STATES);
	}
	states[thread_state_next++ % STATES](entry);
}

static void code_exit_42(const struct user_entry *entry)
{
	const uint64_t arguments[] = {CURRENT_PROCESS, 42};

	(void)entry;
	world_back_to_user(NtTerminateProcess(arguments));
	sim_fail(__FILE__, __LINE__, "user mode after NtTerminateProcess");
}

/* The first thread ends alone with 5; the last other one ends with 6. */
static void code_leave_one_by_one(const struct user_entry *entry)
{
	const uint64_t first[] = {0, 5}, last[] = {CURRENT_THREAD, 6};

	if (is_first_thread(entry)) {
		thread_create(entry, false);
		world_back_to_user(NtTerminateThread(first));
	}
	while (process_current()->thread_count > 1)
		world_back_to_user(STATUS_SUCCESS);
	world_back_to_user(NtTerminateThread(last));
}

/* All others first, then itself, as RtlExitUserProcess does. */
static void code_exit_properly(const struct user_entry *entry)
{
	const uint64_t others[] = {0, 1}, self[] = {CURRENT_PROCESS, 7};

	if (!is_first_thread(entry))
		states[thread_state_next++ % STATES](entry);
	for (unsigned i = 0; i < STATES; i++)
		thread_create(entry, i == 2);
	SIM_CHECK(world_back_to_user(NtTerminateProcess(others)) == STATUS_SUCCESS);
	SIM_CHECK(process_current()->thread_count == 1);
	world_back_to_user(NtTerminateProcess(self));
}

static void code_crash(const struct user_entry *entry)
{
	const uint64_t parameters[] = {1, 8};
	struct trap_frame frame = {entry->instruction_pointer, entry->stack_pointer};

	if (!is_first_thread(entry))
		states[thread_state_next++ % STATES](entry);
	thread_create(entry, false);
	/* Host threads have no user stack pointer: the exception finds no room, and ends them. */
	upcall_user_exception(STATUS_ACCESS_VIOLATION, 2, parameters, &frame);
	upcall_return_to_user();
	sim_fail(__FILE__, __LINE__, "user mode after a fatal exception");
}

/* ---- helpers ---- */

static struct process *start(void (*code)(const struct user_entry *entry))
{
	struct process *process;
	struct user_thread *thread;
	uint32_t count;

	host_user_code = code;
	SIM_CHECK(world_program(&process, &thread) == STATUS_SUCCESS);
	user_thread_resume(thread, &count);
	SIM_CHECK(count == 1);
	object_release(thread);
	return process;
}

static NTSTATUS wait_for_end(struct process *process)
{
	NTSTATUS status;

	SIM_CHECK(waitable_wait(&process->header, NULL) == STATUS_SUCCESS);
	status = process->exit_status;
	SIM_CHECK(process->thread_count == 0 && !process->space);
	object_release(process);
	return status;
}

static void some_time(uint64_t seed)
{
	const int64_t moment = -(int64_t)(seed % 7) * 1000;

	SIM_CHECK(timeout_sleep(&moment) == STATUS_SUCCESS);
}

/* ---- tests ---- */

/* catches: an image, PEB, parameters or TEB that is not where programs look for them */
static void test_layout(void **state)
{
	struct process *process;
	struct user_thread *thread;
	struct nt_user_process_parameters parameters;
	struct nt_memory_basic_information memory;
	vaddr_t base, peb, address;
	uint16_t text[2];

	(void)state;
	world_start(0);
	SIM_CHECK(world_program(&process, &thread) == STATUS_SUCCESS);
	assert_string_equal(process->name, "program.exe");
	assert_int_equal(process->image_base, WORLD_PROGRAM_BASE);
	assert_int_equal(process->ntdll_base, WORLD_NTDLL_BASE);
	assert_int_equal(thread->entry.instruction_pointer, WORLD_NTDLL_BASE + WORLD_FIRST_RVA);
	assert_int_equal(thread->entry.argument1, process->peb);
	assert_int_equal(thread->entry.argument2, WORLD_PROGRAM_BASE + WORLD_ENTRY_RVA);
	assert_int_equal(thread->entry.stack_pointer % 16, 8);
	assert_int_equal(space_read(process->space, process->peb + PEB_IMAGE_BASE, &base, 8, NULL),
			 0);
	assert_int_equal(base, WORLD_PROGRAM_BASE);
	assert_int_equal(space_read(process->space, thread->teb + TEB_PEB, &peb, 8, NULL), 0);
	assert_int_equal(peb, process->peb);
	assert_int_equal(
		space_read(process->space, peb + PEB_PROCESS_PARAMETERS, &address, 8, NULL), 0);
	assert_int_equal(space_read(process->space, address, &parameters, sizeof(parameters), NULL),
			 0);
	assert_true(parameters.flags & PROCESS_PARAMETERS_NORMALIZED);
	assert_int_equal(parameters.command_line.length_bytes, 2 * strlen("program a b"));
	assert_int_equal(space_read(process->space, parameters.command_line.buffer, text,
				    sizeof(text), NULL),
			 0);
	assert_int_equal(text[1], 'r');
	assert_int_equal(memory_query(process->space, USER_SHARED_DATA_ADDRESS, &memory), 0);
	assert_int_equal(memory.protect, PAGE_READONLY);
	assert_int_equal(memory.type, MEM_PRIVATE);
	process_terminate(process, 1);
	object_release(thread);
	assert_int_equal(wait_for_end(process), 1);
	world_stop();
}

static void test_exits(void **state)
{
	static const struct {
		void (*code)(const struct user_entry *entry);
		NTSTATUS status;
	} exits[] = {
		{code_exit_42, 42},
		{code_leave_one_by_one, 6},
		{code_exit_properly, 7},
		{code_crash, STATUS_ACCESS_VIOLATION},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++) {
		for (uint64_t seed = 0; seed < SEEDS; seed++) {
			world_start(seed);
			assert_int_equal(wait_for_end(start(exits[i].code)), exits[i].status);
			world_stop();
		}
	}
}

/* catches: a state in which a thread does not notice, a tear-down too early or never */
static void test_terminated_in_any_state(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 4 * SEEDS; seed++) {
		struct process *process;

		world_start(seed);
		thread_state_next = (unsigned)seed;
		process = start(code_many);
		some_time(seed);
		assert_int_equal(process_terminate(process, 99), STATUS_SUCCESS);
		assert_int_equal(wait_for_end(process), 99);
		world_stop();
	}
}

static void terminate_again(void *argument)
{
	process_terminate(argument, 98);
	object_release(argument);
}

/* catches: two who tear down */
static void test_two_terminators(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct process *process;
		NTSTATUS status;

		world_start(seed);
		process = start(code_many);
		object_reference(process);
		sim_spawn("second", terminate_again, process, NULL);
		some_time(seed);
		process_terminate(process, 99);
		status = wait_for_end(process);
		assert_true(status == 98 || status == 99);
		sim_run_all();
		world_stop();
	}
}

static void work_in_space(void *argument)
{
	struct process *process = argument;
	struct address_space *space;

	while (NT_SUCCESS(process_space_pin(process, &space))) {
		vaddr_t base = 0;
		uint64_t size_bytes = 0x2000, word = 1;

		if (NT_SUCCESS(memory_allocate(space, &base, 0, &size_bytes,
					       MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE)))
			SIM_CHECK(space_write(space, base + 0x1000, &word, 8, NULL) ==
				  STATUS_SUCCESS);
		process_space_unpin(process);
		sim_switch_point("between pins");
	}
	object_release(process);
}

/* catches: a space destroyed under a call of another process */
static void test_pins(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct process *process;

		world_start(seed);
		process = start(code_many);
		object_reference(process);
		sim_spawn("worker", work_in_space, process, NULL);
		some_time(seed);
		process_terminate(process, 1);
		wait_for_end(process);
		sim_run_all();
		world_stop();
	}
}

/* catches: what a creation that fails half-way leaves behind */
static void test_no_memory(void **state)
{
	NTSTATUS status = STATUS_NO_MEMORY;

	(void)state;
	for (uint64_t n = 1; !NT_SUCCESS(status); n++) {
		struct process *process;
		struct user_thread *thread;

		world_start(0);
		sim_fail_nth_allocation(n);
		status = world_program(&process, &thread);
		sim_fail_nth_allocation(0);
		if (NT_SUCCESS(status)) {
			process_terminate(process, 1);
			object_release(thread);
			wait_for_end(process);
			assert_true(n > 10);
		} else {
			assert_true(status == STATUS_INSUFFICIENT_RESOURCES ||
				    status == STATUS_NO_MEMORY);
		}
		world_stop();
	}
}

/* catches: inherited handles under other values, or standard handles that the child cannot use */
static void test_inheritance(void **state)
{
	struct process *parent, *child;
	handle_t inherited, kept;
	struct handle_information information;

	(void)state;
	world_start(0);
	SIM_CHECK(world_process(NULL, false, &parent) == STATUS_SUCCESS);
	SIM_CHECK(handle_insert(&parent->handles, parent, 1, 0, &kept) == STATUS_SUCCESS);
	SIM_CHECK(handle_insert(&parent->handles, parent, 2, OBJ_INHERIT, &inherited) ==
		  STATUS_SUCCESS);
	SIM_CHECK(world_process(parent, true, &child) == STATUS_SUCCESS);
	assert_int_equal(handle_count(&child->handles), 1);
	assert_int_equal(handle_query(&child->handles, inherited, &information), STATUS_SUCCESS);
	assert_int_equal(information.granted, 2);
	process_abandon(child);
	SIM_CHECK(world_process(parent, false, &child) == STATUS_SUCCESS);
	assert_int_equal(handle_count(&child->handles), 0);
	process_abandon(child);
	process_abandon(parent);
	world_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_exits),
		cmocka_unit_test(test_terminated_in_any_state),
		cmocka_unit_test(test_two_terminators),
		cmocka_unit_test(test_pins),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_inheritance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
