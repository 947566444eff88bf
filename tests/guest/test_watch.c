/*
 * test_watch.c - write watches: NtGetWriteWatch, NtResetWriteWatch (5.8; P7.146, P7.147).
 */
#include <string.h>

#include "child.h"
#include "guest.h"

#define PAGES 16
#define WATCHED (MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH)

static char *base;
static PVOID marked[PAGES];
static ULONG_PTR marked_count;
static ULONG granularity;

static char *allocate(ULONG type, ULONG protection)
{
	PVOID address = NULL;
	SIZE_T bytes = PAGES * PAGE_BYTES;
	NTSTATUS status =
		NtAllocateVirtualMemory(CURRENT_PROCESS, &address, 0, &bytes, type, protection);

	if (!NT_SUCCESS(status))
		bail_out("memory", status);
	return address;
}

/* The marks of the whole region; flags 1 resets them. */
static NTSTATUS get(ULONG flags, ULONG_PTR capacity)
{
	marked_count = capacity;
	granularity = 0;
	memset(marked, 0, sizeof(marked));
	return NtGetWriteWatch(CURRENT_PROCESS, flags, base, PAGES * PAGE_BYTES, marked,
			       &marked_count, &granularity);
}

static void reset(void)
{
	NtResetWriteWatch(CURRENT_PROCESS, base, PAGES * PAGE_BYTES);
}

/* The marks are those of the pages whose bits are set. */
static void marks_are(uint32_t pages, const char *text)
{
	uint32_t seen = 0;
	bool ascending = true;

	get(0, PAGES);
	for (ULONG_PTR i = 0; i < marked_count; i++) {
		seen |= 1u << (((char *)marked[i] - base) / PAGE_BYTES);
		ascending = ascending && (!i || marked[i] > marked[i - 1]);
	}
	tap_is_number(seen, pages, "%s", text);
	tap_ok(ascending, "5.8: ascending addresses");
}

/* catches: marks of reads or of a commit; a store that marks one of two pages */
static void test_stores(void)
{
	volatile char *bytes = base;

	tap_is_status(get(0, PAGES), STATUS_SUCCESS, "5.8: fresh memory");
	tap_is_number(marked_count, 0, "5.8: it has no marks");
	tap_is_number(granularity, PAGE_BYTES, "5.8: granularity");
	(void)bytes[5 * PAGE_BYTES];
	marks_are(0, "5.8: a read marks nothing");
	bytes[5 * PAGE_BYTES] = 1;
	bytes[2 * PAGE_BYTES + 7] = 1;
	*(uint64_t *)(base + 10 * PAGE_BYTES - 4) = UINT64_MAX;
	marks_are(1u << 2 | 1u << 5 | 3u << 9, "P7.146: stores, one of them over two pages");
	marks_are(1u << 2 | 1u << 5 | 3u << 9, "5.8: asking changes nothing");
	tap_is_number((uintptr_t)marked[0], (uintptr_t)base + 2 * PAGE_BYTES,
		      "5.8: the page's address, not the store's");
}

/* catches: a reset of all marks where only some were told; marks that cannot be set again */
static void test_reset(void)
{
	reset();
	marks_are(0, "5.8: reset takes all");
	base[1 * PAGE_BYTES] = 1;
	base[3 * PAGE_BYTES] = 1;
	base[4 * PAGE_BYTES] = 1;
	tap_is_status(get(1, 1), STATUS_SUCCESS, "P7.147: room for one, reset");
	tap_ok(marked_count == 1 && marked[0] == base + PAGE_BYTES && !marked[1],
	       "P7.147: the first is told");
	marks_are(3u << 3, "P7.147: the others keep their marks");
	get(1, PAGES);
	tap_is_number(marked_count, 2, "5.8: told with reset");
	marks_are(0, "5.8: and gone");
	base[3 * PAGE_BYTES] = 2;
	marks_are(1u << 3, "5.8: a store after the reset marks again");
	marked_count = PAGES;
	NtGetWriteWatch(CURRENT_PROCESS, 0, base + 3 * PAGE_BYTES + 5, 1, marked, &marked_count,
			&granularity);
	tap_is_number(marked_count, 1, "5.8: base and size are rounded outward");
	NtResetWriteWatch(CURRENT_PROCESS, base + 4 * PAGE_BYTES - 1, 1);
	marks_are(0, "5.8: also for a reset");
}

/* catches: marks made or lost by protecting; a page that is writable again without a mark */
static void test_protection(void)
{
	base[6 * PAGE_BYTES] = 1;
	protect(base, PAGES * PAGE_BYTES, PAGE_READONLY, NULL);
	marks_are(1u << 6, "5.8: protecting keeps marks");
	protect(base, PAGES * PAGE_BYTES, PAGE_READWRITE, NULL);
	marks_are(1u << 6, "5.8: and makes none");
	base[7 * PAGE_BYTES] = 1;
	marks_are(3u << 6, "5.8: watched as before");
	protect(base + 8 * PAGE_BYTES, PAGE_BYTES, PAGE_NOACCESS, NULL);
	protect(base + 8 * PAGE_BYTES, PAGE_BYTES, PAGE_READWRITE, NULL);
	base[8 * PAGE_BYTES] = 1;
	marks_are(7u << 6, "5.8: also after no access");
	reset();
}

/* catches: marks thrown away with the pages */
static void test_decommit(void)
{
	PVOID address = base + 3 * PAGE_BYTES;
	SIZE_T bytes = 2 * PAGE_BYTES;

	base[3 * PAGE_BYTES] = 1;
	NtFreeVirtualMemory(CURRENT_PROCESS, &address, &bytes, MEM_DECOMMIT);
	marks_are(1u << 3, "5.8: decommitting keeps marks");
	NtAllocateVirtualMemory(CURRENT_PROCESS, &address, 0, &bytes, MEM_COMMIT, PAGE_READWRITE);
	marks_are(1u << 3, "5.8: committing again makes none");
	base[4 * PAGE_BYTES] = 1;
	marks_are(3u << 3, "5.8: watched as before");
	reset();
}

/* catches: kernel writes that leave no mark, or marks for what was never written */
static void test_kernel_writes(void)
{
	HANDLE file = file_need(ODD_FILE, FILE_READ_DATA);
	LARGE_INTEGER offset = {.QuadPart = 0};
	IO_STATUS_BLOCK io;

	NtReadFile(file, NULL, NULL, NULL, &io, base + 2 * PAGE_BYTES, 2 * PAGE_BYTES, &offset,
		   NULL);
	marks_are(3u << 2, "5.8: NtReadFile marks what it fills");
	reset();
	offset.QuadPart = ODD_BYTES - 10;
	NtReadFile(file, NULL, NULL, NULL, &io, base + 2 * PAGE_BYTES, 3 * PAGE_BYTES, &offset,
		   NULL);
	tap_is_number(io.Information, 10, "5.8: a short read");
	marks_are(7u << 2, "5.8: it marks the whole buffer");
	reset();
	offset.QuadPart = ODD_BYTES;
	NtReadFile(file, NULL, NULL, NULL, &io, base + 2 * PAGE_BYTES, PAGE_BYTES, &offset, NULL);
	marks_are(1u << 2, "5.8: also at the end of the file");
	reset();
	NtReadFile((HANDLE)0xDEADBEE0, NULL, NULL, NULL, &io, base, 2 * PAGE_BYTES, &offset, NULL);
	marks_are(0, "5.8: not on a bad handle");
	offset.QuadPart = 0;
	NtReadFile(file, NULL, NULL, NULL, (IO_STATUS_BLOCK *)(base + 9 * PAGE_BYTES), base, 16,
		   &offset, NULL);
	marks_are(1u << 9 | 1u, "5.8: the IO_STATUS_BLOCK's page too");
	reset();
	if (system_is_wine()) {
		tap_skip(4, "not asked of Wine");
	} else {
		NtWriteVirtualMemory(CURRENT_PROCESS, base + 12 * PAGE_BYTES - 1, "ab", 2, NULL);
		marks_are(3u << 11, "5.8: NtWriteVirtualMemory marks");
		reset();
		NtReadVirtualMemory(CURRENT_PROCESS, base, base + 5 * PAGE_BYTES, 8, NULL);
		marks_are(1u << 5, "5.8: NtReadVirtualMemory marks where it writes");
		reset();
	}
	NtClose(file);
}

/* catches: a page marked by the access that its guard stopped (W13) */
static void test_guard(void)
{
	PVOID address = base + 7 * PAGE_BYTES;
	SIZE_T bytes = PAGE_BYTES;
	ULONG old;

	if (system_is_wine()) {
		tap_skip(6, "W13");
		return;
	}
	protect(address, PAGE_BYTES, PAGE_READWRITE | PAGE_GUARD, NULL);
	tap_is_status(NtLockVirtualMemory(CURRENT_PROCESS, &address, &bytes, 1),
		      STATUS_GUARD_PAGE_VIOLATION, "5.8: a lock meets the guard first");
	marks_are(0, "5.8: that marks nothing");
	tap_is_status(NtLockVirtualMemory(CURRENT_PROCESS, &address, &bytes, 1), STATUS_SUCCESS,
		      "5.8: the second lock");
	protect(address, PAGE_BYTES, PAGE_READWRITE, &old);
	tap_is_number(old, PAGE_READWRITE, "5.9: the guard is gone");
	get(0, PAGES);
	tap_is_number(marked_count, 1, "5.8: the lock counts as a write");
	NtUnlockVirtualMemory(CURRENT_PROCESS, &address, &bytes, 1);
	reset();
}

/* catches: a wrong order of checks; ranges outside a watched region accepted */
static void test_refusals(void)
{
	char *plain = memory_need(PAGE_BYTES);
	ULONG_PTR none = 0;

	marked_count = 4;
	tap_is_status(
		NtGetWriteWatch(CURRENT_PROCESS, 0, base, PAGE_BYTES, marked, NULL, &granularity),
		STATUS_ACCESS_VIOLATION, "5.8: no count");
	tap_is_status(
		NtGetWriteWatch(CURRENT_PROCESS, 0, base, PAGE_BYTES, marked, &marked_count, NULL),
		STATUS_ACCESS_VIOLATION, "5.8: no granularity");
	tap_is_bad_parameter(
		NtGetWriteWatch(CURRENT_PROCESS, 0, base, PAGE_BYTES, NULL, &none, &granularity),
		STATUS_INVALID_PARAMETER, "5.8: a count of 0, before the array");
	tap_is_status(NtGetWriteWatch(CURRENT_PROCESS, 0, base, PAGE_BYTES, NULL, &marked_count,
				      &granularity),
		      STATUS_ACCESS_VIOLATION, "5.8: no array");
	tap_is_bad_parameter(
		NtGetWriteWatch(CURRENT_PROCESS, 0, base, 0, marked, &marked_count, &granularity),
		STATUS_INVALID_PARAMETER_4, "5.8: size 0");
	tap_is_bad_parameter(NtGetWriteWatch(CURRENT_PROCESS, 2, base, PAGE_BYTES, marked,
					     &marked_count, &granularity),
			     STATUS_INVALID_PARAMETER_2, "5.8: an unknown flag");
	tap_is_bad_parameter(NtGetWriteWatch(CURRENT_PROCESS, 0, base, (PAGES + 1) * PAGE_BYTES,
					     marked, &marked_count, &granularity),
			     STATUS_INVALID_PARAMETER, "5.8: beyond the region");
	tap_is_bad_parameter(NtGetWriteWatch(CURRENT_PROCESS, 0, plain, PAGE_BYTES, marked,
					     &marked_count, &granularity),
			     STATUS_INVALID_PARAMETER, "5.8: memory that is not watched");
	tap_is_number(marked_count, 4, "C7: the count of a failed call stays");
	tap_is_bad_parameter(NtResetWriteWatch(CURRENT_PROCESS, base, 0), STATUS_INVALID_PARAMETER,
			     "5.8: reset of nothing");
	tap_is_bad_parameter(NtResetWriteWatch(CURRENT_PROCESS, plain, PAGE_BYTES),
			     STATUS_INVALID_PARAMETER, "5.8: reset of memory that is not watched");
	memory_drop(plain);
}

/* catches: marks that stay behind, or belong to other pages, when a region is cut in two */
static void test_cut(void)
{
	PVOID address = base + 4 * PAGE_BYTES;
	SIZE_T bytes = 2 * PAGE_BYTES;

	if (system_is_wine()) {
		tap_skip(4, "B17");
		return;
	}
	base[3 * PAGE_BYTES] = 1;
	base[6 * PAGE_BYTES] = 1;
	NtFreeVirtualMemory(CURRENT_PROCESS, &address, &bytes, MEM_RELEASE);
	marked_count = PAGES;
	tap_is_status(NtGetWriteWatch(CURRENT_PROCESS, 0, base + 6 * PAGE_BYTES, 10 * PAGE_BYTES,
				      marked, &marked_count, &granularity),
		      STATUS_SUCCESS, "5.2: the part above a hole is watched");
	tap_ok(marked_count == 1 && marked[0] == base + 6 * PAGE_BYTES, "5.2: with its marks");
	tap_is_status(get(0, PAGES), STATUS_INVALID_PARAMETER, "5.8: two allocations at once");
	base[9 * PAGE_BYTES] = 1;
	marked_count = PAGES;
	NtGetWriteWatch(CURRENT_PROCESS, 1, base + 6 * PAGE_BYTES, 10 * PAGE_BYTES, marked,
			&marked_count, &granularity);
	tap_is_number(marked_count, 2, "5.8: and is written as before");
	address = base + 6 * PAGE_BYTES;
	bytes = 0;
	NtFreeVirtualMemory(CURRENT_PROCESS, &address, &bytes, MEM_RELEASE);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("write watches");
	base = allocate(WATCHED, PAGE_READWRITE);
	test_stores();
	test_reset();
	test_protection();
	test_decommit();
	test_kernel_writes();
	test_guard();
	test_refusals();
	test_cut();
	memory_drop(base);
	return tap_finish();
}
