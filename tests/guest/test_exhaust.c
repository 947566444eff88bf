/*
 * test_exhaust.c - the ends of commit, memory and disk: the call that asks for too much is refused,
 * what was promised before can all be used, and nothing is left over.
 */
/* boot: frames=1200 pagefile=300 disk_mib=4 alone */
#include "child.h"
#include "scratch.h"

#define BIG_PAGES 64u
#define MOST 4096u /* allocations */
#define FULL_FILE "C:\\data\\full.tmp"
#define CHUNK_BYTES 0x10000u

struct allocation {
	char *base;
	size_t pages;
};
static struct allocation allocations[MOST];
static unsigned count;
static char chunk[CHUNK_BYTES];

/* Commits pieces of so many pages until one is refused. => returns: with what. */
static NTSTATUS commit_until_refused(size_t pages)
{
	NTSTATUS status = STATUS_SUCCESS;

	while (count < MOST && NT_SUCCESS(status)) {
		PVOID base = NULL;
		SIZE_T bytes = pages * PAGE_BYTES;

		status = NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes,
						 MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
		if (NT_SUCCESS(status))
			allocations[count++] = (struct allocation){base, pages};
	}
	return status;
}

static uint64_t word_of(const volatile uint64_t *page)
{
	return (uintptr_t)page * 0x9E3779B97F4A7C15ull;
}

static size_t touch_all(void)
{
	size_t touched = 0;

	for (unsigned i = 0; i < count; i++)
		for (size_t page = 0; page < allocations[i].pages; page++, touched++) {
			volatile uint64_t *at =
				(uint64_t *)(allocations[i].base + page * PAGE_BYTES);

			*at = word_of(at);
		}
	return touched;
}

static size_t wrong_pages(void)
{
	size_t wrong = 0;

	for (unsigned i = 0; i < count; i++)
		for (size_t page = 0; page < allocations[i].pages; page++) {
			volatile uint64_t *at =
				(uint64_t *)(allocations[i].base + page * PAGE_BYTES);

			wrong += *at != word_of(at);
		}
	return wrong;
}

static void free_all(void)
{
	while (count)
		memory_drop(allocations[--count].base);
}

/* catches: a promise that a fault cannot keep, a charge that is not given back */
static void test_commit(size_t pages, const char *what)
{
	struct quire_memory before, full, after;
	size_t touched;

	memory_read(&before);
	tap_is_status(commit_until_refused(pages), STATUS_COMMITMENT_LIMIT, "%s: refused at last",
		      what);
	tap_is_status(commit_until_refused(1), STATUS_COMMITMENT_LIMIT, "%s: and single pages",
		      what);
	memory_read(&full);
	tap_ok(full.commit_limit - full.commit < 8, "%s: the limit is reached: %llu of %llu", what,
	       (unsigned long long)full.commit, (unsigned long long)full.commit_limit);
	touched = touch_all();
	tap_note("%s: %llu pages were committed and touched", what, (unsigned long long)touched);
	tap_ok(touched > 800, "%s: more than half of the frames", what);
	tap_is_number(wrong_pages(), 0, "%s: every page holds what was written", what);
	free_all();
	memory_read(&after);
	tap_ok(after.commit <= before.commit + 2, "%s: all is given back", what);
}

static bool is_shortage(NTSTATUS status)
{
	return status == STATUS_COMMITMENT_LIMIT || status == STATUS_NO_MEMORY ||
	       status == STATUS_INSUFFICIENT_RESOURCES;
}

static NTSTATUS NTAPI thread_nothing(PVOID argument)
{
	(void)argument;
	return STATUS_SUCCESS;
}

static NTSTATUS thread_try(void)
{
	HANDLE thread;
	NTSTATUS status = NtCreateThreadEx(&thread, THREAD_ALL_ACCESS, NULL, CURRENT_PROCESS,
					   thread_nothing, NULL, 0, 0, 0x10000, 0x100000, NULL);

	if (NT_SUCCESS(status)) {
		NtWaitForSingleObject(thread, FALSE, NULL);
		NtClose(thread);
	}
	return status;
}

/* catches: half of a process or thread that stays behind a refusal */
static void test_calls_at_the_limit(void)
{
	struct quire_memory before, after;
	NTSTATUS status = child_run_self("nothing"); /* grows the stack: later it could not */

	tap_is_status(status, STATUS_SUCCESS, "before the limit: a process");
	commit_until_refused(BIG_PAGES);
	commit_until_refused(1);
	memory_read(&before);
	tap_is_status(section_try(64 * PAGE_BYTES, PAGE_READWRITE, SEC_COMMIT, NULL),
		      STATUS_COMMITMENT_LIMIT, "at the limit: a section");
	status = thread_try();
	tap_ok(is_shortage(status), "at the limit: a thread with a stack of 16 pages: 0x%08x",
	       (unsigned)status);
	status = child_run_self("nothing");
	tap_ok(is_shortage(status), "at the limit: a process: 0x%08x", (unsigned)status);
	memory_read(&after);
	tap_ok(after.processes == before.processes && after.threads == before.threads &&
		       after.handles == before.handles,
	       "at the limit: nothing is left of them");
	free_all();
	tap_is_status(child_run_self("nothing"), STATUS_SUCCESS, "then there is room again");
}

/* catches: a size that was counted twice, a write that is half there */
static void test_disk(void)
{
	HANDLE file = scratch_need(FULL_FILE, FILE_READ_DATA | FILE_WRITE_DATA, 'f', 1);
	uint64_t size = 0;
	NTSTATUS status = STATUS_SUCCESS;

	while (NT_SUCCESS(status)) {
		status = scratch_write(file, size, chunk, sizeof(chunk));
		size += NT_SUCCESS(status) ? sizeof(chunk) : 0;
	}
	tap_is_status(status, STATUS_DISK_FULL, "the disk is full");
	tap_ok(size >= 1u << 20, "after %llu KiB", (unsigned long long)size / 1024);
	tap_is_status(scratch_set_size(file, 1ull << 32), STATUS_DISK_FULL, "it cannot grow");
	tap_is_status(scratch_read(file, size - sizeof(chunk), chunk, sizeof(chunk)),
		      STATUS_SUCCESS, "what was written is there");
	NtClose(file);
	tap_is_status(scratch_drop(FULL_FILE), STATUS_SUCCESS, "it can be deleted");
	file = scratch_need(FULL_FILE, FILE_WRITE_DATA, 'g', CHUNK_BYTES);
	NtClose(file);
	tap_is_status(scratch_drop(FULL_FILE), STATUS_SUCCESS, "then there is room again");
}

int program_main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return STATUS_SUCCESS;
	tap_start("what happens at the end of commit, memory and disk");
	if (!system_is_quire()) {
		tap_skip(24, "this system's limits are the host's");
		return tap_finish();
	}
	test_commit(BIG_PAGES, "large pieces");
	test_commit(1, "small pieces");
	test_calls_at_the_limit();
	test_disk();
	return tap_finish();
}
