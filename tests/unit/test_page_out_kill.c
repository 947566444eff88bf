/*
 * test_page_out_kill.c - a process that is terminated while it pages, at many moments: the device
 * takes time, and nothing else does, so every moment is in some wait of a page-in or a page-out,
 * of the process's own or for its pages. Nothing of it may stay, and others lose nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/core/cmdline.h"
#include "kernel/io/device.h"
#include "kernel/io/pagefile.h"
#include "kernel/mm/frame.h"
#include "kernel/mm/mm.h"
#include "kernel/syscall/syscall.h"
#include "process_world.h"

#define FRAMES 80u
#define SLOTS 200u
#define PAGES 60u     /* of each of the process's threads */
#define OWN_PAGES 40u /* of those who stay */
#define REQUEST_TIME 1000u
#define MOMENTS 90u

static const struct quire_disk slow = {.request_us = REQUEST_TIME / 10, .page_us = 20};

/* ---- the process ---- */

static vaddr_t scratch(const struct user_entry *entry)
{
	return entry->stack_pointer - 0x100;
}

static vaddr_t user_allocate(const struct user_entry *entry)
{
	vaddr_t base_at = scratch(entry), base = 0;
	const uint64_t take[] = {CURRENT_PROCESS,	   base_at,	  0, base_at + 8,
				 MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE};
	const uint64_t range[] = {0, pages_to_bytes(PAGES)};

	(void)sim_write(base_at, range, sizeof(range));
	world_back_to_user(NtAllocateVirtualMemory(take));
	(void)sim_read(base_at, &base, sizeof(base));
	return base;
}

/* Writes all pages again and again, and sees to it that each has what was written last. */
static void code_thrash(const struct user_entry *entry)
{
	bool is_first = entry->instruction_pointer ==
			process_current()->ntdll_base + ntdll_entries.first_thread;
	const uint64_t another[SYSCALL_MAX_ARGUMENTS] = {
		scratch(entry), THREAD_ALL_ACCESS, 0, CURRENT_PROCESS, 0x1234, 0x5678,
	};
	vaddr_t base;

	if (is_first)
		world_back_to_user(NtCreateThreadEx(another));
	base = user_allocate(entry);
	for (uint8_t round = 0;; round++) {
		for (unsigned i = 0; i < PAGES; i++) {
			vaddr_t va = base + pages_to_bytes(i);
			int byte = sim_peek(va);

			SIM_CHECK(byte == -1 || byte == (round ? (uint8_t)(round - 1 + i) : 0));
			(void)sim_poke(va, (uint8_t)(round + i));
			world_back_to_user(STATUS_SUCCESS);
		}
	}
}

static struct process *start(void)
{
	struct process *process;
	struct user_thread *thread;
	uint32_t count;

	host_user_code = code_thrash;
	SIM_CHECK(world_program(&process, &thread) == STATUS_SUCCESS);
	user_thread_resume(thread, &count);
	object_release(thread);
	return process;
}

/* ---- those who stay ---- */

static vaddr_t base;

static void own_begin(struct address_space *space)
{
	uint64_t size = pages_to_bytes(OWN_PAGES);

	base = 0;
	sim_enter_space(space);
	SIM_CHECK(memory_allocate(space, &base, 0, &size, MEM_RESERVE | MEM_COMMIT,
				  PAGE_READWRITE) == STATUS_SUCCESS);
	for (unsigned i = 0; i < OWN_PAGES; i++)
		SIM_CHECK(sim_poke(base + pages_to_bytes(i), (uint8_t)(i + 1)) == STATUS_SUCCESS);
}

static void own_verify(unsigned page)
{
	SIM_CHECK(sim_peek(base + pages_to_bytes(page)) == (int)page + 1);
}

/* Uses its own pages until then, so that they come and go, too. */
static void work_until(uint64_t moment)
{
	const int64_t instant = -(int64_t)REQUEST_TIME / 4;

	for (unsigned page = 0; time_now() < moment; page = (page + 1) % OWN_PAGES) {
		own_verify(page);
		SIM_CHECK(timeout_sleep(&instant) == STATUS_SUCCESS);
	}
}

/* ---- the test ---- */

struct moments {
	unsigned reading, writing; /* kills while somebody waited for that */
};

static void kill_after(uint64_t time, uint64_t seed, struct moments *seen)
{
	struct address_space *space;
	struct process *process;

	knobs.frames = FRAMES;
	world_start(seed);
	SIM_CHECK(pagefile_attach(SLOTS) == STATUS_SUCCESS);
	space = sim_space_create();
	own_begin(space);
	SIM_CHECK(device_configure(&slow) == STATUS_SUCCESS);
	process = start();
	work_until(time_now() + time);
	seen->reading += frame_count(FRAME_READING) > 0;
	seen->writing += frame_count(FRAME_WRITING) > 0;
	process_terminate(process, 77);
	SIM_CHECK(waitable_wait(&process->header, NULL) == STATUS_SUCCESS);
	SIM_CHECK(process->exit_status == 77 && !process->space);
	object_release(process);
	mm_check();
	for (unsigned i = 0; i < OWN_PAGES; i++)
		own_verify(i);
	sim_space_destroy(space);
	SIM_CHECK(pagefile_slots_free() == SLOTS);
	SIM_CHECK(device_configure(&(struct quire_disk){0}) == STATUS_SUCCESS);
	world_stop();
	knobs.frames = 0;
}

/* catches: a frame, a slot or a reference that a thread takes along, a sleeper nobody wakes */
static void test_a_process_is_killed_at_every_moment(void **state)
{
	struct moments seen = {0};

	(void)state;
	for (unsigned i = 0; i < MOMENTS; i++)
		kill_after(i * (REQUEST_TIME / 2 + 70), 0, &seen);
	assert_true(seen.reading >= 10 && seen.writing >= 10);
}

/* catches: the same, with everybody stopped at other places */
static void test_a_process_is_killed_under_random_schedules(void **state)
{
	struct moments seen = {0};

	(void)state;
	for (uint64_t seed = 1; seed <= MOMENTS / 2; seed++)
		kill_after(seed * 9770, seed, &seen);
	assert_true(seen.reading && seen.writing);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_process_is_killed_at_every_moment),
		cmocka_unit_test(test_a_process_is_killed_under_random_schedules),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
