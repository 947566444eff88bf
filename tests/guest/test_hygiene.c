/*
 * test_hygiene.c - what user mode must not reach: the kernel half of the address space, wherever
 * one touches it, the first 64 KiB, and the tables that UMIP hides. (That the page tables say so is
 * the kernel's own check, after each program.)
 */
#include "guest.h"
#include "hygiene.h"

#define ROOT_ENTRIES 512u
#define FIRST_KERNEL_ENTRY 256u
#define ROOT_ENTRY_SHIFT 39

static volatile NTSTATUS seen; /* the last exception */

/* The function returns to its caller. */
static LONG NTAPI handler(EXCEPTION_POINTERS *pointers)
{
	CONTEXT *context = pointers->ContextRecord;

	seen = (NTSTATUS)pointers->ExceptionRecord->ExceptionCode;
	context->Rip = *(const uint64_t *)(uintptr_t)context->Rsp;
	context->Rsp += sizeof(uint64_t);
	return EXCEPTION_CONTINUE_EXECUTION;
}

/* => returns: the exception, or STATUS_SUCCESS. A jump leaves the return address where it was. */
static NTSTATUS outcome(void (*function)(uint64_t), uint64_t at)
{
	seen = STATUS_SUCCESS;
	function(at);
	return seen;
}

/* catches: an entry of the root with the user bit, at any place of the kernel half */
static void test_kernel_half(void)
{
	unsigned open = 0;

	for (uint64_t entry = FIRST_KERNEL_ENTRY; entry < ROOT_ENTRIES; entry++) {
		uint64_t at = 0xFFFF000000000000ull | entry << ROOT_ENTRY_SHIFT;
		uint64_t last = at + (1ull << ROOT_ENTRY_SHIFT) - 1;

		open += outcome(hygiene_read, at) != STATUS_ACCESS_VIOLATION;
		open += outcome(hygiene_write, at) != STATUS_ACCESS_VIOLATION;
		open += outcome(hygiene_call, at) != STATUS_ACCESS_VIOLATION;
		open += outcome(hygiene_read, last) != STATUS_ACCESS_VIOLATION;
	}
	tap_is_number(open, 0, "no address of the kernel half can be read, written or executed");
}

/* catches: text, data, stacks or the direct map that only a program's tables open */
static void test_windows(void)
{
	static const uint64_t places[] = {0xFFFFFFFF80000000ull, 0xFFFFFFFF80001000ull,
					  0xFFFFFFFF80100000ull, 0xFFFF800000000000ull,
					  0xFFFF800000100000ull, 0xFFFFC00000004000ull,
					  0xFFFFA00000000000ull};

	for (size_t i = 0; i < COUNT_OF(places); i++) {
		tap_is_status(outcome(hygiene_read, places[i]), STATUS_ACCESS_VIOLATION,
			      "reading 0x%llx", (unsigned long long)places[i]);
		tap_is_status(outcome(hygiene_call, places[i]), STATUS_ACCESS_VIOLATION,
			      "executing 0x%llx", (unsigned long long)places[i]);
	}
}

/* catches: a null pointer that somebody gave a page */
static void test_null(void)
{
	static const uint64_t bases[] = {1, 0x1000, 0x8000, 0xF000};

	for (size_t i = 0; i < COUNT_OF(bases); i++) {
		PVOID base = (PVOID)(uintptr_t)bases[i];
		SIZE_T bytes = PAGE_BYTES;

		NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_RESERVE | MEM_COMMIT,
					PAGE_READWRITE);
		tap_is_status(outcome(hygiene_read, bases[i]), STATUS_ACCESS_VIOLATION,
			      "after an allocation at 0x%llx nothing is there",
			      (unsigned long long)bases[i]);
	}
	tap_is_status(outcome(hygiene_read, 0), STATUS_ACCESS_VIOLATION, "nor at 0");
}

/* catches: UMIP that is not on, or on in the register and not in effect */
static void test_tables(void)
{
	static const struct {
		const char *name;
		void (*function)(uint64_t at);
	} rows[] = {{"SGDT", hygiene_sgdt},
		    {"SIDT", hygiene_sidt},
		    {"SLDT", hygiene_sldt},
		    {"STR", hygiene_str},
		    {"SMSW", hygiene_smsw}};
	uint64_t told[2];

	if (!system_is_quire() || !hygiene_has_umip()) {
		tap_skip(COUNT_OF(rows), "no UMIP, or another system, which may answer for it");
		return;
	}
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		tap_is_status(outcome(rows[i].function, (uintptr_t)told),
			      STATUS_PRIVILEGED_INSTRUCTION, "%s in user mode", rows[i].name);
}

int program_main(int argc, char **argv)
{
	PVOID added;

	(void)argc;
	(void)argv;
	tap_start("what user mode must not reach");
	added = RtlAddVectoredExceptionHandler(1, handler);
	if (system_is_quire()) {
		test_kernel_half();
		test_windows();
	} else {
		tap_skip(15, "the kernel half is laid out otherwise");
	}
	test_null();
	test_tables();
	RtlRemoveVectoredExceptionHandler(added);
	return tap_finish();
}
