/*
 * test_bare_process.c - processes without a thread: what a copy is made of, where first threads
 * start, and the end of those that get none, also while somebody gives them one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "process_world.h"

#define SEEDS 60
#define CHAIN 40u

static struct process *parent;
static struct user_thread *parent_thread;

static void begin(uint64_t seed)
{
	world_start(seed);
	SIM_CHECK(world_program(&parent, &parent_thread) == STATUS_SUCCESS);
}

static void end(void)
{
	SIM_CHECK(process_terminate(parent, 1) == STATUS_SUCCESS);
	SIM_CHECK(waitable_wait(&parent->header, NULL) == STATUS_SUCCESS);
	object_release(parent_thread);
	object_release(parent);
	sim_run_all();
	world_stop();
}

static NTSTATUS try_copy(bool inherit, struct process **copy)
{
	const struct process_request request = {.parent = parent, .inherit_handles = inherit};

	return process_create(&request, copy);
}

static struct process *copy_make(bool inherit)
{
	struct process *copy;

	SIM_CHECK(try_copy(inherit, &copy) == STATUS_SUCCESS);
	return copy;
}

static handle_t handle_to(struct handle_table *table, struct process *process, uint32_t attributes)
{
	handle_t handle;

	SIM_CHECK(handle_insert(table, process, PROCESS_ALL_ACCESS, attributes, &handle) ==
		  STATUS_SUCCESS);
	return handle;
}

/* ---- making ---- */

/* catches: a copy without its images, or that would run the loader again */
static void test_a_copy_starts_where_it_is_told(void **state)
{
	struct thread_request request = {.start = 0x1234, .argument = 0x5678};
	struct user_thread *thread;
	struct process *copy;
	uint16_t magic;

	(void)state;
	begin(0);
	copy = copy_make(false);
	assert_string_equal(copy->name, "program.exe");
	assert_int_equal(copy->parent_id, parent->id);
	assert_int_equal(copy->peb, parent->peb);
	assert_int_equal(space_read(copy->space, WORLD_PROGRAM_BASE, &magic, 2, NULL), 0);
	assert_int_equal(magic, 0x5A4D);
	assert_int_equal(process_reference_by_id(copy->id, &request.process), STATUS_INVALID_CID);
	request.process = copy;
	assert_int_equal(user_thread_create(&request, &thread), STATUS_SUCCESS);
	assert_int_equal(thread->entry.instruction_pointer, WORLD_NTDLL_BASE + WORLD_LATER_RVA);
	assert_int_equal(thread->entry.argument1, 0x1234);
	assert_int_equal(thread->entry.argument2, 0x5678);
	assert_int_equal(process_reference_by_id(copy->id, &request.process), STATUS_SUCCESS);
	object_release(request.process);
	assert_int_equal(process_terminate(copy, 3), STATUS_SUCCESS);
	assert_int_equal(waitable_wait(&copy->header, NULL), STATUS_SUCCESS);
	object_release(thread);
	object_release(copy);
	end();
}

/* catches: an image whose loader never runs, or runs in every thread */
static void test_an_image_goes_through_the_loader_once(void **state)
{
	struct process_request request = {.parent = parent};
	struct thread_request thread_request = {.start = 0x1234};
	struct user_thread *first, *second;
	struct process *process;

	(void)state;
	begin(0);
	request.parent = parent;
	assert_int_equal(file_lookup(file_root(), "bin/program.exe", &request.image), 0);
	assert_int_equal(process_create(&request, &process), STATUS_SUCCESS);
	file_release(request.image);
	thread_request.process = process;
	assert_int_equal(user_thread_create(&thread_request, &first), STATUS_SUCCESS);
	assert_int_equal(user_thread_create(&thread_request, &second), STATUS_SUCCESS);
	assert_int_equal(first->entry.instruction_pointer, WORLD_NTDLL_BASE + WORLD_FIRST_RVA);
	assert_int_equal(first->entry.argument1, process->peb);
	assert_int_equal(first->entry.argument2, 0x1234);
	assert_int_equal(second->entry.instruction_pointer, WORLD_NTDLL_BASE + WORLD_LATER_RVA);
	assert_int_equal(process_terminate(process, 3), STATUS_SUCCESS);
	assert_int_equal(waitable_wait(&process->header, NULL), STATUS_SUCCESS);
	object_release(first);
	object_release(second);
	object_release(process);
	end();
}

static void test_handles_are_inherited_when_asked(void **state)
{
	struct handle_information information;
	struct process *copy;
	handle_t given, kept;

	(void)state;
	begin(0);
	given = handle_to(&parent->handles, parent, OBJ_INHERIT);
	kept = handle_to(&parent->handles, parent, 0);
	copy = copy_make(true);
	assert_int_equal(handle_query(&copy->handles, given, &information), STATUS_SUCCESS);
	assert_int_equal(information.attributes, OBJ_INHERIT);
	assert_int_equal(handle_query(&copy->handles, kept, &information), STATUS_INVALID_HANDLE);
	process_abandon(copy);
	copy = copy_make(false);
	assert_int_equal(handle_count(&copy->handles), 0);
	process_abandon(copy);
	end();
}

static void test_each_allocation_failing(void **state)
{
	struct process *copy;
	unsigned failures = 0;

	(void)state;
	begin(0);
	for (;; failures++) {
		NTSTATUS status;

		sim_fail_nth_allocation(failures + 1);
		status = try_copy(true, &copy);
		sim_fail_nth_allocation(0);
		if (NT_SUCCESS(status))
			break;
		assert_int_equal(status, STATUS_INSUFFICIENT_RESOURCES);
	}
	assert_true(failures > 10);
	process_abandon(copy);
	end();
}

/* ---- the end ---- */

/* catches: a tear-down inside a tear-down, as deep as somebody has made the chain */
static void test_a_chain_goes_with_its_first_handle(void **state)
{
	struct process *copies[CHAIN];
	handle_t first;

	(void)state;
	begin(0);
	for (unsigned i = 0; i < CHAIN; i++) {
		copies[i] = copy_make(false);
		if (i)
			handle_to(&copies[i - 1]->handles, copies[i], 0);
	}
	first = handle_to(&parent->handles, copies[0], 0);
	for (unsigned i = 0; i < CHAIN; i++)
		object_release(copies[i]);
	assert_int_equal(process_type.object_count, 1 + CHAIN);
	assert_int_equal(handle_close(&parent->handles, first), STATUS_SUCCESS);
	assert_int_equal(process_type.object_count, 1);
	end();
}

static struct {
	struct process *process; /* each thread has a reference */
	handle_t handle;
	bool terminate;
} race;

static void start_a_thread(void *unused)
{
	struct thread_request request = {.process = race.process, .start = 0x1234};
	struct user_thread *thread;
	uint32_t count;
	NTSTATUS status = user_thread_create(&request, &thread);

	(void)unused;
	SIM_CHECK(status == STATUS_SUCCESS || status == STATUS_PROCESS_IS_TERMINATING);
	if (NT_SUCCESS(status)) {
		user_thread_resume(thread, &count);
		process_terminate(race.process, 7);
		object_release(thread);
	}
	object_release(race.process);
}

static void end_it(void *unused)
{
	(void)unused;
	if (race.terminate)
		process_terminate(race.process, 8);
	SIM_CHECK(handle_close(&parent->handles, race.handle) == STATUS_SUCCESS);
	object_release(race.process);
}

static void code_spin(const struct user_entry *entry)
{
	(void)entry;
	for (;;)
		world_back_to_user(STATUS_SUCCESS);
}

/* catches: a thread in a space that is gone; a process torn down twice, or listed after its end */
static void test_a_thread_against_the_end(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		begin(seed);
		host_user_code = code_spin;
		race.terminate = seed % 2;
		race.process = copy_make(false);
		race.handle = handle_to(&parent->handles, race.process, 0);
		object_reference(race.process);
		sim_spawn("starter", start_a_thread, NULL, NULL);
		sim_spawn("ender", end_it, NULL, NULL);
		while (process_type.object_count > 1)
			thread_yield();
		end();
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_copy_starts_where_it_is_told),
		cmocka_unit_test(test_an_image_goes_through_the_loader_once),
		cmocka_unit_test(test_handles_are_inherited_when_asked),
		cmocka_unit_test(test_each_allocation_failing),
		cmocka_unit_test(test_a_chain_goes_with_its_first_handle),
		cmocka_unit_test(test_a_thread_against_the_end),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
