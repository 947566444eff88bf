/*
 * test_exception.c - exceptions reach vectored handlers with their parameters, and what handlers
 * change comes true.
 */
#include <string.h>

#include "faults.h"

#define OWN_EXCEPTION 0xE0001234u /* a code of a program's own */

/* What the handler was told last, and what it does about it; NULL: it lets others try. */
static unsigned told;
static EXCEPTION_RECORD record;
static CONTEXT context;
static uintptr_t record_place, context_place;
static void (*repair)(EXCEPTION_RECORD *about, CONTEXT *state);

static const char *skip_to;
static char *mended;

static LONG NTAPI handler(EXCEPTION_POINTERS *pointers)
{
	told++;
	record = *pointers->ExceptionRecord;
	context = *pointers->ContextRecord;
	record_place = (uintptr_t)pointers->ExceptionRecord;
	context_place = (uintptr_t)pointers->ContextRecord;
	if (!repair)
		return EXCEPTION_CONTINUE_SEARCH;
	repair(pointers->ExceptionRecord, pointers->ContextRecord);
	return EXCEPTION_CONTINUE_EXECUTION;
}

/* ---- what handlers do ---- */

static void repair_skip(EXCEPTION_RECORD *about, CONTEXT *state)
{
	(void)about;
	state->Rip = (uintptr_t)skip_to;
}

static void repair_nothing(EXCEPTION_RECORD *about, CONTEXT *state)
{
	(void)about;
	(void)state;
}

static void repair_register(EXCEPTION_RECORD *about, CONTEXT *state)
{
	(void)about;
	state->Rcx = (uintptr_t)mended;
}

static void repair_mapping(EXCEPTION_RECORD *about, CONTEXT *state)
{
	PVOID base = (PVOID)about->ExceptionInformation[1];
	SIZE_T bytes = 1;

	(void)state;
	NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_COMMIT, PAGE_READWRITE);
}

static void repair_protection(EXCEPTION_RECORD *about, CONTEXT *state)
{
	(void)state;
	protect((const void *)about->ExceptionInformation[1], 1, PAGE_EXECUTE_READWRITE, NULL);
}

/* Back to the caller of a function that cannot be entered. */
static void repair_return(EXCEPTION_RECORD *about, CONTEXT *state)
{
	(void)about;
	state->Rip = *(uint64_t *)state->Rsp;
	state->Rsp += 8;
}

static void repair_float(EXCEPTION_RECORD *about, CONTEXT *state)
{
	(void)about;
	state->FltSave.StatusWord = 0;
	state->FltSave.ControlWord = 0x27F;
	state->FltSave.MxCsr = state->MxCsr = 0x1F80;
	state->Rip = (uintptr_t)skip_to;
}

/* ---- each status ---- */

/* catches: a status or an address that is not Windows'; a handler that is not asked */
static void test_statuses(void)
{
	const struct {
		const char *name;
		uint64_t (*code)(const void *first, uint64_t second);
		const char *at, *next;
		NTSTATUS status;
		void (*repair)(EXCEPTION_RECORD *about, CONTEXT *state);
	} rows[] = {
#define ROW(name, status, repair) {#name, name, name##_at, name##_next, status, repair}
		ROW(fault_divide, STATUS_INTEGER_DIVIDE_BY_ZERO, repair_skip),
		ROW(fault_undefined, STATUS_ILLEGAL_INSTRUCTION, repair_skip),
		ROW(fault_privileged, STATUS_PRIVILEGED_INSTRUCTION, repair_skip),
		ROW(fault_halt, STATUS_PRIVILEGED_INSTRUCTION, repair_skip),
		ROW(fault_breakpoint, STATUS_BREAKPOINT, repair_skip),
		ROW(fault_step, STATUS_SINGLE_STEP, repair_nothing),
		ROW(fault_x87, STATUS_FLOAT_DIVIDE_BY_ZERO, repair_float),
		ROW(fault_sse, STATUS_FLOAT_DIVIDE_BY_ZERO, repair_float),
#undef ROW
	};

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		told = 0;
		skip_to = rows[i].next;
		repair = rows[i].repair;
		rows[i].code(NULL, 0);
		if (!told && rows[i].code == fault_sse) {
			tap_skip(4, "this processor raises no SSE exceptions (QEMU)");
			continue;
		}
		tap_is_number(told, 1, "%s: the handler is called once", rows[i].name);
		if (system_is_wine() && rows[i].code == fault_sse)
			tap_skip(1, "Wine calls every SSE error a multiple one");
		else
			tap_is_status((NTSTATUS)record.ExceptionCode, rows[i].status, "%s",
				      rows[i].name);
		tap_ok(context.Rip == (uintptr_t)rows[i].at &&
			       record.ExceptionAddress == (PVOID)rows[i].at,
		       "%s: Rip and ExceptionAddress", rows[i].name);
		tap_ok(!(context.EFlags & 0x100), "%s: no trap flag in the context", rows[i].name);
	}
}

static void expect_access(NTSTATUS status, uint64_t access, const void *address, const char *what)
{
	tap_is_number(told, 1, "%s: one exception", what);
	tap_is_status((NTSTATUS)record.ExceptionCode, status, "%s: its code", what);
	tap_ok(record.NumberParameters >= 2 && record.ExceptionInformation[0] == access &&
		       record.ExceptionInformation[1] == (uintptr_t)address,
	       "%s: parameters %u and the address", what, (unsigned)access);
	told = 0;
}

/* catches: wrong parameters; a repair that does not count; an access that is not made again */
static void test_access(void)
{
	static const char constant[16] = "constant";
	char *pages = memory_need(4 * PAGE_BYTES), *reserved = NULL;
	PVOID base = NULL;
	SIZE_T bytes = GRANULARITY_BYTES;

	told = 0;
	*(uint64_t *)pages = 77;
	mended = pages;
	repair = repair_register;
	tap_is_number(fault_load((void *)8, 0), 77, "a load with the register repaired");
	expect_access(STATUS_ACCESS_VIOLATION, 0, (void *)8, "a load from 8");
	NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_RESERVE, PAGE_READWRITE);
	reserved = base;
	repair = repair_mapping;
	fault_store(reserved + 0x2008, 78);
	expect_access(STATUS_ACCESS_VIOLATION, 1, reserved + 0x2008, "a store to a reserved page");
	tap_is_number(*(uint64_t *)(reserved + 0x2008), 78, "it is committed and stored to");
	repair = repair_protection;
	fault_store(constant + 8, 79);
	expect_access(STATUS_ACCESS_VIOLATION, 1, constant + 8, "a store to constant data");
	tap_is_number(*(const volatile uint64_t *)(constant + 8), 79, "it is made writable");
	fault_store(fault_load_at + 0x100, *(uint64_t *)(fault_load_at + 0x100));
	expect_access(STATUS_ACCESS_VIOLATION, 1, fault_load_at + 0x100, "a store to code");
	pages[PAGE_BYTES] = (char)0xC3;
	((void (*)(void))(void *)(pages + PAGE_BYTES))();
	expect_access(STATUS_ACCESS_VIOLATION, 8, pages + PAGE_BYTES, "a jump to data");
	protect(pages + 2 * PAGE_BYTES, 1, PAGE_READWRITE | PAGE_GUARD, NULL);
	repair = repair_nothing;
	fault_store(pages + 2 * PAGE_BYTES + 16, 80);
	expect_access(STATUS_GUARD_PAGE_VIOLATION, 1, pages + 2 * PAGE_BYTES + 16, "a guard page");
	tap_is_number(pages[2 * PAGE_BYTES + 16], 80, "the store is made again, and succeeds");
	repair = repair_return;
	((void (*)(void))0x123456789000ull)();
	expect_access(STATUS_ACCESS_VIOLATION, 8, (void *)0x123456789000ull, "a jump to nowhere");
	repair = repair_skip;
	skip_to = fault_load_next;
	fault_load((void *)0x0000900000000000ull, 0);
	expect_access(STATUS_ACCESS_VIOLATION, 0, (void *)-1ll, "an address that is not canonical");
	fault_load((void *)FIRST_KERNEL_ADDRESS, 0);
	tap_is_status((NTSTATUS)record.ExceptionCode, STATUS_ACCESS_VIOLATION, "kernel memory");
	base = reserved;
	bytes = 0;
	NtFreeVirtualMemory(CURRENT_PROCESS, &base, &bytes, MEM_RELEASE);
	memory_drop(pages);
}

/* ---- what handlers can do ---- */

static void repair_values(EXCEPTION_RECORD *about, CONTEXT *state)
{
	repair_skip(about, state);
	state->Xmm0.Low = 0x1122334455667788ull;
	state->EFlags |= 1;
}

/* catches: registers that are not given back; a frame that is not laid out as on Windows */
static void test_registers(void)
{
	uint64_t low = 0;

	told = 0;
	repair = repair_values;
	skip_to = fault_values_next;
	tap_is_number(fault_values(&low, 0x5566), 1, "a handler sets the carry flag");
	tap_is_number(low, 0x1122334455667788ull, "and xmm0");
	tap_is_number(context.Rcx, (uintptr_t)&low, "it sees rcx");
	tap_is_number(context.Rdx, 0x5566, "and rdx");
	tap_ok((context.ContextFlags & 0x10001Fu) >= 0x10000Fu, "ContextFlags name what is there");
	tap_is_number(context.SegCs, 0x33, "cs");
	tap_is_number(context.SegSs, 0x2B, "ss");
	tap_is_number(context.MxCsr, 0x1F80, "mxcsr");
	tap_ok(context_place % 16 == 0, "the CONTEXT is aligned");
	tap_is_number(record_place - context_place, 0x4F0, "the record follows it");
	tap_ok(context_place < context.Rsp && context.Rsp - context_place < 0x1000,
	       "both are on the stack");
}

static unsigned inner_told;

static void repair_nested(EXCEPTION_RECORD *about, CONTEXT *state)
{
	if (about->ExceptionCode == (DWORD)STATUS_BREAKPOINT) {
		inner_told++;
		state->Rip++;
		return;
	}
	fault_breakpoint(NULL, 0);
	state->Rip = (uintptr_t)fault_undefined_next;
}

static void repair_steps(EXCEPTION_RECORD *about, CONTEXT *state)
{
	(void)about;
	if (told < 4)
		state->EFlags |= 0x100;
}

/* catches: an exception inside a handler that ruins the outer one; steps that go astray */
static void test_nested(void)
{
	told = 0;
	repair = repair_nested;
	fault_undefined(NULL, 0);
	tap_is_number(inner_told, 1, "an exception in a handler is handled");
	tap_is_number(told, 2, "and then the first one");
	told = 0;
	repair = repair_steps;
	steps_take();
	tap_is_number(told, 4, "four instructions, one at a time");
}

static void repair_own(EXCEPTION_RECORD *about, CONTEXT *state)
{
	(void)about;
	(void)state;
}

/* catches: an exception of a program's own that loses its parameters or its way back */
static void test_raise(void)
{
	EXCEPTION_RECORD own = {
		.ExceptionCode = OWN_EXCEPTION,
		.NumberParameters = 3,
		.ExceptionInformation = {11, 22, 33},
	};

	told = 0;
	repair = repair_own;
	RtlRaiseException(&own);
	tap_is_number(told, 1, "RtlRaiseException returns when a handler continues");
	tap_is_number(record.ExceptionCode, OWN_EXCEPTION, "its code");
	tap_is_number(record.NumberParameters, 3, "the number of parameters");
	tap_is_number(record.ExceptionInformation[2], 33, "the parameters");
	tap_ok(record.ExceptionAddress == (PVOID)context.Rip, "its address is the caller's");
	if (!system_is_quire()) {
		tap_skip(1, "Wine passes on what it cannot hold");
		return;
	}
	own.NumberParameters = 16;
	context.ContextFlags = 0;
	tap_is_status(NtRaiseException(&own, &context, TRUE), STATUS_INVALID_PARAMETER,
		      "more than 15 parameters");
}

int program_main(int argc, char **argv)
{
	PVOID added;

	(void)argc;
	(void)argv;
	tap_start("exceptions");
	added = RtlAddVectoredExceptionHandler(1, handler);
	tap_ok(added != NULL, "a handler is added");
	test_statuses();
	test_access();
	test_registers();
	test_nested();
	test_raise();
	RtlRemoveVectoredExceptionHandler(added);
	return tap_finish();
}
