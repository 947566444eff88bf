/*
 * test_rtl_memory.c - ntdll's heaps, stacks, memory, times and images (user/include/rtl_memory.h,
 * rtl_system.h).
 */
#include <string.h>

#include "child.h"
#include "guest.h"

/* catches: blocks that overlap, contents lost when a block moves, books that do not see damage */
static void test_heap(void)
{
	PVOID heap = RtlCreateHeap(HEAP_GROWABLE, NULL, 0, 0, NULL, NULL);
	char *blocks[64], *block;
	bool all_right = true;

	tap_ok(heap != NULL, "RtlCreateHeap");
	for (unsigned i = 0; i < COUNT_OF(blocks); i++) {
		blocks[i] = RtlAllocateHeap(heap, 0, 1 + i * 37);
		memset(blocks[i], (int)i, 1 + i * 37);
	}
	for (unsigned i = 0; i < COUNT_OF(blocks); i++)
		if (RtlSizeHeap(heap, 0, blocks[i]) != 1 + i * 37 || blocks[i][i * 37] != (char)i)
			all_right = false;
	tap_ok(all_right, "sizes and contents");
	tap_ok(RtlValidateHeap(heap, 0, NULL), "the books are right");
	tap_ok(RtlValidateHeap(heap, 0, blocks[7]), "a block of it");
	tap_ok(!RtlValidateHeap(heap, 0, blocks[7] + 16), "the middle of a block is none");
	for (unsigned i = 0; i < COUNT_OF(blocks); i += 2)
		RtlFreeHeap(heap, 0, blocks[i]);
	tap_ok(RtlValidateHeap(heap, 0, NULL), "right with holes");
	block = RtlReAllocateHeap(heap, HEAP_ZERO_MEMORY, blocks[1], 5000);
	tap_ok(block && block[37] == 1 && !block[38] && !block[4999],
	       "grown: contents, then zeros");
	tap_is_number(RtlSizeHeap(heap, 0, block), 5000, "the new size");
	block = RtlAllocateHeap(heap, HEAP_ZERO_MEMORY, 0x300000);
	tap_ok(block && !block[0] && !block[0x2FFFFF], "a large block");
	tap_ok(RtlFreeHeap(heap, 0, block), "freed");
	tap_ok(!RtlDestroyHeap(heap), "RtlDestroyHeap");
}

/* catches: a stack without a guard, or with the wrong end committed */
static void test_stack(void)
{
	struct initial_teb stack = {.base = NULL};
	MEMORY_BASIC_INFORMATION region;

	tap_is_status(RtlCreateUserStack(0x4000, 0x200000, 0, 0x1000, 0x10000, &stack),
		      STATUS_SUCCESS, "RtlCreateUserStack");
	tap_is_number((char *)stack.base - (char *)stack.allocation, 0x200000, "reserved");
	region = region_at((char *)stack.base - 1);
	tap_ok(region.State == MEM_COMMIT && region.Protect == PAGE_READWRITE, "its top is ours");
	region = region_at((char *)stack.limit - 1);
	tap_ok(region.State == MEM_COMMIT && region.Protect == (PAGE_READWRITE | PAGE_GUARD),
	       "a guard below the limit");
	if (system_is_wine())
		tap_skip(1, "Wine commits all of a stack");
	else
		tap_ok(region_at(stack.allocation).State == MEM_RESERVE, "the rest is reserved");
	RtlFreeUserStack(stack.allocation);
	tap_ok(region_at((char *)stack.base - 1).State == MEM_FREE, "RtlFreeUserStack");
	tap_is_status(RtlCreateUserStack(0x4000, 0x200000, 0, 0, 0x10000, &stack),
		      STATUS_INVALID_PARAMETER, "no alignment");
}

/* catches: a comparison that counts a different byte */
static void test_compare(void)
{
	ULONG numbers[4] = {7, 7, 7, 8};

	tap_is_number(RtlCompareMemory("section", "sectors", 8), 4, "RtlCompareMemory");
	tap_is_number(RtlCompareMemory("view", "view", 4), 4, "all");
	tap_is_number(RtlCompareMemoryUlong(numbers, sizeof(numbers), 7), 12,
		      "RtlCompareMemoryUlong");
}

/* catches: leap years of the Gregorian calendar, the day of the week, the year's ends */
static void test_time(void)
{
	static const struct {
		struct time_fields fields;
		LONGLONG seconds; /* since 1601 */
	} rows[] = {
		{{1601, 1, 1, 0, 0, 0, 0, 1}, 0},
		{{1970, 1, 1, 0, 0, 0, 0, 4}, 11644473600ll},
		{{2000, 2, 29, 12, 30, 59, 0, 2}, 12596301059ll},
		{{1900, 2, 28, 23, 59, 59, 0, 3}, 9440582399ll},
		{{1900, 3, 1, 0, 0, 0, 0, 4}, 9440582400ll},
		{{2024, 12, 31, 23, 59, 59, 0, 2}, 13380163199ll},
		{{2026, 11, 22, 15, 0, 0, 0, 0}, 13439833200ll},
	};
	struct time_fields odd = {2023, 2, 29, 0, 0, 0, 0, 0};
	LARGE_INTEGER time = {.QuadPart = 0};
	ULONG seconds = 0;

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		struct time_fields fields = rows[i].fields;

		tap_ok(RtlTimeFieldsToTime(&fields, &time), "RtlTimeFieldsToTime, row %u", i);
		tap_is_number((uint64_t)time.QuadPart, (uint64_t)rows[i].seconds * 10000000,
			      "its time");
		time.QuadPart += 1230000;
		RtlTimeToTimeFields(&time, &fields);
		tap_is_number((uint64_t)fields.milliseconds, 123, "milliseconds");
		fields.milliseconds = 0;
		tap_ok(!memcmp(&fields, &rows[i].fields, sizeof(fields)), "and back, row %u", i);
	}
	if (system_is_wine())
		tap_skip(1, "Wine 8.0 knows 29 February in every year");
	else
		tap_ok(!RtlTimeFieldsToTime(&odd, &time), "29 February 2023");
	RtlSecondsSince1970ToTime(1000000000, &time);
	tap_ok(RtlTimeToSecondsSince1970(&time, &seconds) && seconds == 1000000000, "since 1970");
	time.QuadPart = 0;
	tap_ok(!RtlTimeToSecondsSince1970(&time, &seconds), "1601 is before that");
}

/* catches: headers looked for in anything */
static void test_image(void)
{
	PVOID base = *(PVOID *)((char *)NtCurrentTeb()->ProcessEnvironmentBlock + 0x10);
	IMAGE_NT_HEADERS *headers = RtlImageNtHeader(base);
	static char nothing[64];
	ULONG size = 0, seed = 1, first = RtlRandom(&seed);

	tap_ok(headers && headers->FileHeader.Machine == IMAGE_FILE_MACHINE_AMD64,
	       "RtlImageNtHeader");
	tap_ok(!RtlImageNtHeader(nothing) && !RtlImageNtHeader(NULL), "of what is none");
	tap_ok(RtlImageDirectoryEntryToData(base, TRUE, IMAGE_DIRECTORY_ENTRY_IMPORT, &size) &&
		       size,
	       "the import directory");
	tap_ok(!RtlImageDirectoryEntryToData(base, TRUE, IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR,
					     &size),
	       "one that it has not");
	tap_ok(first < 0x7FFFFFFF && RtlRandom(&seed) != first, "RtlRandom");
	seed = 1;
	tap_is_number(RtlUniform(&seed), 0x7FFFFFB1, "RtlUniform");
}

/* ---- the end of memory ---- */

/* Asks for more than there is: of a heap that raises an exception then, or in a call that does. */
static NTSTATUS child_main(const char *task)
{
	bool is_heap = !strcmp(task, "heap");
	PVOID heap = RtlCreateHeap(HEAP_GROWABLE | (is_heap ? HEAP_GENERATE_EXCEPTIONS : 0), NULL,
				   0, 0, NULL, NULL);

	RtlAllocateHeap(heap, is_heap ? 0 : HEAP_GENERATE_EXCEPTIONS, (SIZE_T)1 << 60);
	return STATUS_SUCCESS;
}

/* catches: HEAP_GENERATE_EXCEPTIONS without one */
static void test_heap_exceptions(void)
{
	if (system_is_wine())
		tap_skip(1, "Wine 8.0 looks at the call's flags alone");
	else
		tap_is_status(child_run_self("heap"), STATUS_NO_MEMORY, "a heap that raises them");
	tap_is_status(child_run_self("call"), STATUS_NO_MEMORY, "a call that raises one");
}

int program_main(int argc, char **argv)
{
	if (argc == 2)
		return child_main(argv[1]);
	tap_start("Rtl memory, times, images");
	test_heap();
	test_heap_exceptions();
	test_stack();
	test_compare();
	test_time();
	test_image();
	return tap_finish();
}
