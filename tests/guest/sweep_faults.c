/*
 * sweep_faults.c - paths through the page fault: each class of quire_fault_class that a program can
 * cause at will, and the refusals, which become exceptions.
 */
#include <string.h>

#include "faults.h"
#include "sweep.h"

/* A page table of its own: nothing else is so far up. */
#define LONELY_ADDRESS 0x0000400000000000ull
#define MARK 0x5EA5Eull

static char *memory, *view, *second_view;
static HANDLE section;
static char *file_view, *thrashed;
static size_t file_pages, file_next, thrashed_pages, thrashed_next;

/* ---- exceptions: noted, and passed over ---- */

static NTSTATUS told;
static const char *skip_to; /* NULL: not ours */

static LONG NTAPI handler(EXCEPTION_POINTERS *pointers)
{
	if (!skip_to)
		return EXCEPTION_CONTINUE_SEARCH;
	told = (NTSTATUS)pointers->ExceptionRecord->ExceptionCode;
	pointers->ContextRecord->Rip = (uintptr_t)skip_to;
	return EXCEPTION_CONTINUE_EXECUTION;
}

static uint64_t store(void *address)
{
	told = STATUS_SUCCESS;
	skip_to = fault_store_next;
	fault_store(address, MARK);
	skip_to = NULL;
	return (uint32_t)told;
}

static uint64_t load(const void *address)
{
	uint64_t value;

	told = STATUS_SUCCESS;
	skip_to = fault_load_next;
	value = fault_load(address, 0);
	skip_to = NULL;
	return told ? (uint32_t)told : value << 32;
}

/* ---- private memory ---- */

static void private_make(const struct sweep_path *path)
{
	(void)path;
	memory = memory_need(2 * PAGE_BYTES);
}

static void lonely_make(const struct sweep_path *path)
{
	PVOID base = (PVOID)LONELY_ADDRESS;
	SIZE_T bytes = PAGE_BYTES;

	(void)path;
	if (NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_RESERVE | MEM_COMMIT,
				    PAGE_READWRITE))
		bail_out("memory far up", STATUS_NO_MEMORY);
	memory = base;
}

static void guard_make(const struct sweep_path *path)
{
	private_make(path);
	memory[0] = 1;
	protect(memory, PAGE_BYTES, PAGE_READWRITE | PAGE_GUARD, NULL);
}

static void readonly_make(const struct sweep_path *path)
{
	private_make(path);
	memory[0] = 1;
	protect(memory, PAGE_BYTES, PAGE_READONLY, NULL);
}

/* Writable again, which the page table is told by the fault. */
static void unprotected_make(const struct sweep_path *path)
{
	readonly_make(path);
	protect(memory, PAGE_BYTES, PAGE_READWRITE, NULL);
}

static void watched_make(const struct sweep_path *path)
{
	PVOID base = NULL;
	SIZE_T bytes = PAGE_BYTES;

	(void)path;
	NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes,
				MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE);
	memory = base;
}

static void private_drop(const struct sweep_path *path)
{
	(void)path;
	memory_drop(memory);
}

static uint64_t memory_store(const struct sweep_path *path)
{
	(void)path;
	return store(memory);
}

static uint64_t memory_load(const struct sweep_path *path)
{
	(void)path;
	return load(memory);
}

/* The kernel takes the fault while it copies. */
static uint64_t memory_copy(const struct sweep_path *path)
{
	(void)path;
	return (uint32_t)NtQuerySystemTime((LARGE_INTEGER *)(void *)memory);
}

/* ---- sections ---- */

static void section_make_new(const struct sweep_path *path)
{
	(void)path;
	section = section_need(PAGE_BYTES);
	view = view_need(section, PAGE_READWRITE);
}

/* In memory, mapped by nobody. */
static void soft_make(const struct sweep_path *path)
{
	section_make_new(path);
	*(uint64_t *)view = MARK;
	view_drop(view);
	view = view_need(section, PAGE_READWRITE);
}

static void shared_make(const struct sweep_path *path)
{
	section_make_new(path);
	*(uint64_t *)view = MARK;
	second_view = view;
	view = view_need(section, PAGE_READWRITE);
}

static void copy_make(const struct sweep_path *path)
{
	section_make_new(path);
	*(uint64_t *)view = MARK;
	second_view = view;
	view = view_need(section, PAGE_WRITECOPY);
}

static void section_drop(const struct sweep_path *path)
{
	(void)path;
	view_drop(view);
	if (second_view)
		view_drop(second_view);
	second_view = NULL;
	NtClose(section);
}

static uint64_t view_store(const struct sweep_path *path)
{
	(void)path;
	return store(view);
}

static uint64_t view_load(const struct sweep_path *path)
{
	(void)path;
	return load(view);
}

/* ---- pages on the disk: more of them than frames, so the next one is never there ---- */

static void disk_set(uint64_t fail_read)
{
	struct quire_disk settings = {.fail_read = fail_read};

	NtSetSystemInformation((SYSTEM_INFORMATION_CLASS)QUIRE_SYSTEM_DISK, &settings,
			       sizeof(settings));
}

static void file_map(void)
{
	HANDLE file = file_need(DATA_FILE, FILE_READ_DATA), mapping;

	if (section_make(&mapping, 0, PAGE_READONLY, SEC_COMMIT, file))
		bail_out("a section of the file", STATUS_NO_MEMORY);
	file_view = view_need(mapping, PAGE_READONLY);
	file_pages = region_at(file_view).RegionSize / PAGE_BYTES;
	NtClose(mapping);
	NtClose(file);
}

static void file_make(const struct sweep_path *path)
{
	(void)path;
	if (!file_view)
		file_map();
	file_next = (file_next + 1) % file_pages;
}

static uint64_t file_load(const struct sweep_path *path)
{
	uint64_t value = load(file_view + file_next * PAGE_BYTES);

	(void)path;
	return told ? (uint32_t)told : value != 0;
}

static void broken_make(const struct sweep_path *path)
{
	file_make(path);
	disk_set(1);
}

static void broken_drop(const struct sweep_path *path)
{
	(void)path;
	disk_set(0);
}

/* More pages than there are frames, each with its number. */
static void thrashed_fill(void)
{
	struct quire_memory now;

	if (!memory_read(&now))
		bail_out("QUIRE_SYSTEM_MEMORY", STATUS_NOT_SUPPORTED);
	thrashed_pages = (now.commit_limit - now.commit) * 3 / 4;
	thrashed = memory_need(thrashed_pages * PAGE_BYTES);
	for (size_t i = 0; i < thrashed_pages; i++)
		*(uint64_t *)(thrashed + i * PAGE_BYTES) = i;
}

static void thrashed_make(const struct sweep_path *path)
{
	(void)path;
	if (!thrashed)
		thrashed_fill();
	thrashed_next = (thrashed_next + 1) % thrashed_pages;
}

static uint64_t thrashed_load(const struct sweep_path *path)
{
	uint64_t value = load(thrashed + thrashed_next * PAGE_BYTES);

	(void)path;
	return told ? (uint32_t)told : (value >> 32) - thrashed_next;
}

/* ---- nothing there ---- */

static uint64_t nowhere_store(const struct sweep_path *path)
{
	(void)path;
	return store((void *)(LONELY_ADDRESS + 8));
}

static uint64_t kernel_load(const struct sweep_path *path)
{
	(void)path;
	return load((const void *)(FIRST_KERNEL_ADDRESS + 8));
}

static uint64_t hole_load(const struct sweep_path *path)
{
	(void)path;
	return load((const void *)0x0000900000000000ull);
}

static uint64_t nowhere_copy(const struct sweep_path *path)
{
	(void)path;
	return (uint32_t)NtQuerySystemTime((LARGE_INTEGER *)(LONELY_ADDRESS + 8));
}

static const struct sweep_path paths[] = {
	{.name = "fault-zero", private_make, memory_store, NULL, private_drop},
	{.name = "fault-zero-read", private_make, memory_load, NULL, private_drop},
	{.name = "fault-zero-tables", lonely_make, memory_store, NULL, private_drop},
	{.name = "fault-zero-copy", private_make, memory_copy, NULL, private_drop},
	{.name = "fault-watched", watched_make, memory_store, NULL, private_drop},
	{.name = "fault-guard", guard_make, memory_store, NULL, private_drop},
	{.name = "fault-guard-copy", guard_make, memory_copy, NULL, private_drop},
	{.name = "fault-protection", readonly_make, memory_store, NULL, private_drop},
	{.name = "fault-unprotected",
	 unprotected_make,
	 memory_store,
	 NULL,
	 private_drop,
	 .is_complete = true},
	{.name = "fault-section-zero", section_make_new, view_store, NULL, section_drop},
	{.name = "fault-soft", soft_make, view_load, NULL, section_drop},
	{.name = "fault-shared", shared_make, view_load, NULL, section_drop},
	{.name = "fault-cow", copy_make, view_store, NULL, section_drop},
	{.name = "fault-cow-read", copy_make, view_load, NULL, section_drop},
	{.name = "fault-file", file_make, file_load, NULL, NULL, .varies = true},
	{.name = "fault-in-page-error", broken_make, file_load, NULL, broken_drop, .varies = true},
	{.name = "fault-page-file", thrashed_make, thrashed_load, NULL, NULL, .varies = true},
	{.name = "fault-no-view", NULL, nowhere_store, NULL, NULL},
	{.name = "fault-no-view-copy", NULL, nowhere_copy, NULL, NULL},
	{.name = "fault-kernel", NULL, kernel_load, NULL, NULL},
	{.name = "fault-non-canonical", NULL, hole_load, NULL, NULL},
};

void sweep_faults_init(void)
{
	RtlAddVectoredExceptionHandler(1, handler);
}

bool sweep_fault_path(size_t index, struct sweep_path *path)
{
	if (index >= COUNT_OF(paths))
		return false;
	*path = paths[index];
	return true;
}
