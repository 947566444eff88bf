/*
 * test_vectors_context.c - SYSCALL and registers at the edge: every combination of code and stack
 * segment, Rip, Rsp and flags that a program can ask for through NtContinue and NtSetContextThread,
 * and a SYSCALL that is the last instruction of user space (reliability R-09).
 *
 * What is no program's to choose (segments, IF, IOPL, NT) is not taken; a bad Rip is the program's
 * access violation, whatever else is set; nothing else happens.
 */
#include <string.h>

#include "guest.h"
#include "snippets.h"

#define FLAG_TRAP 0x100u
#define FLAGS_KEPT 0x240CD5u /* ID, AC, DF and the arithmetic ones */

extern char snippet_nop_at[];

static unsigned tried, wrong;

static void expect(const char *how, const char *what, uint64_t seen, uint64_t expected)
{
	if (seen == expected)
		return;
	wrong++;
	tap_note("%s: %s expected 0x%llx, seen 0x%llx", how, what, (unsigned long long)expected,
		 (unsigned long long)seen);
}

/* ---- contexts ---- */

static const uint16_t code_segments[] = {0x33, 0, 0x10, 0x23, 0xFFFF};
static const uint16_t stack_segments[] = {0x2B, 0, 0x18, 0xFFFF};
static const uint64_t wild_rips[] = {
	0,	   USER_LIMIT, 0x00007FFFFFFFFFFFull, 0x0000800000000000ull, FIRST_KERNEL_ADDRESS,
	UINT64_MAX};
static const uint64_t wild_rsps[] = {0, 8, 0x0000900000000000ull, FIRST_KERNEL_ADDRESS, UINT64_MAX};
static const uint32_t flag_values[] = {0x202, 0, 0xCD5, 0x7000, 0x1F0000, 0xFFFFFEFF, 0x302};

/* What a CONTEXT asks for; the registers come from snippet_before. */
struct wish {
	uint16_t cs, ss;
	uint64_t rip, rsp;
	uint32_t flags;
	bool sets_thread; /* NtSetContextThread, else NtContinue */
};

static CONTEXT home; /* where to come back from an exception */
static volatile unsigned stage;
static unsigned told, steps;
static DWORD told_code;
static uint64_t told_access, told_place;
static bool is_ours;

static LONG NTAPI handler(EXCEPTION_POINTERS *pointers)
{
	const EXCEPTION_RECORD *record = pointers->ExceptionRecord;

	if (!is_ours)
		return EXCEPTION_CONTINUE_SEARCH;
	if (record->ExceptionCode == (DWORD)STATUS_SINGLE_STEP) {
		steps++;
		return EXCEPTION_CONTINUE_EXECUTION;
	}
	told++;
	told_code = record->ExceptionCode;
	told_access = record->ExceptionInformation[0];
	told_place = record->ExceptionInformation[1];
	*pointers->ContextRecord = home;
	return EXCEPTION_CONTINUE_EXECUTION;
}

static void registers_put(CONTEXT *context)
{
	uint64_t *const registers[REGISTERS] = {
		&context->Rax, &context->Rbx, &context->Rcx, &context->Rdx, &context->Rsi,
		&context->Rdi, &context->Rbp, &context->R8,  &context->R9,  &context->R10,
		&context->R11, &context->R12, &context->R13, &context->R14, &context->R15};

	for (unsigned i = 0; i < REGISTERS; i++)
		*registers[i] = snippet_before[i] = 0x0101010101010101ull * (i + 0x21);
}

/*
 * snippet_enter has kept the stack that snippet_back returns to: so the CONTEXT may have any other.
 * Called by it, in a way: its target.
 */
static const struct wish *wish_now;

static void wish_make(void)
{
	static CONTEXT context;
	NTSTATUS status;

	context = home;
	context.ContextFlags = CONTEXT_CONTROL | CONTEXT_INTEGER | CONTEXT_SEGMENTS;
	registers_put(&context);
	context.SegCs = wish_now->cs;
	context.SegSs = wish_now->ss;
	context.Rip = wish_now->rip;
	context.Rsp = wish_now->rsp;
	context.EFlags = wish_now->flags;
	status = wish_now->sets_thread ? NtSetContextThread(CURRENT_THREAD, &context)
				       : NtContinue(&context, FALSE);
	bail_out("a CONTEXT that was not taken", status);
}

/* The stack is snippet_enter's less eight bytes: as after a call. */
static void __attribute__((noinline)) wish_try(const struct wish *wish)
{
	stage = told = steps = 0;
	wish_now = wish;
	memset(&snippet_after, 0, sizeof(snippet_after));
	RtlCaptureContext(&home); /* returns a second time */
	home.ContextFlags = CONTEXT_ALL;
	if (stage++ > 0) {
		is_ours = false;
		return;
	}
	is_ours = true;
	snippet_selectors[0] = snippet_selectors[1] = SELECTOR_AS_IT_IS;
	snippet_target = (const void *)wish_make;
	snippet_enter();
	is_ours = false;
}

static void wish_check(const struct wish *wish)
{
	bool is_good = wish->rip == (uintptr_t)snippet_nop_at;
	char how[120];

	tried++;
	format_text(how, sizeof(how), "%s, cs 0x%x, ss 0x%x, Rip 0x%llx, Rsp 0x%llx, flags 0x%x",
		    wish->sets_thread ? "NtSetContextThread" : "NtContinue", wish->cs, wish->ss,
		    (unsigned long long)wish->rip, (unsigned long long)wish->rsp, wish->flags);
	wish_try(wish);
	expect(how, "exceptions", told, is_good ? 0 : 1);
	if (!is_good) {
		expect(how, "code", told_code, (DWORD)STATUS_ACCESS_VIOLATION);
		return;
	}
	for (unsigned i = 0; i < REGISTERS; i++)
		expect(how, "a register", snippet_after.general[i], snippet_before[i]);
	expect(how, "Rsp", snippet_after.rsp, wish->rsp);
	expect(how, "flags", snippet_after.flags & FLAGS_KEPT, wish->flags & FLAGS_KEPT);
	expect(how, "IF and IOPL", snippet_after.flags & 0x3200, 0x200);
	expect(how, "single steps", steps, wish->flags & FLAG_TRAP ? 1 : 0);
}

/* All with a good Rip or a good Rsp: with neither there is nobody to tell. */
static void wish_values(struct wish *wish)
{
	static char stack[0x4000];
	const uint64_t rsp = (uintptr_t)stack + 0x3000;

	for (unsigned i = 0; i < COUNT_OF(flag_values); i++) {
		wish->flags = flag_values[i];
		wish->rip = (uintptr_t)snippet_nop_at;
		wish->rsp = rsp;
		wish_check(wish);
		for (unsigned j = 0; j < COUNT_OF(wild_rsps); j++) {
			wish->rsp = wild_rsps[j];
			if (!(wish->flags & FLAG_TRAP)) /* it needs a stack */
				wish_check(wish);
		}
		wish->rsp = rsp;
		for (unsigned j = 0; j < COUNT_OF(wild_rips); j++) {
			wish->rip = wild_rips[j];
			wish_check(wish);
		}
	}
}

/* catches: a value that comes from a program and makes IRETQ or SYSRET fault, or is believed */
static void test_contexts(void)
{
	for (unsigned k = 0; k < 2; k++) {
		struct wish wish = {.sets_thread = k == 1};
		unsigned before = wrong;

		for (unsigned i = 0; i < COUNT_OF(code_segments); i++)
			for (unsigned j = 0; j < COUNT_OF(stack_segments); j++) {
				wish.cs = code_segments[i];
				wish.ss = stack_segments[j];
				wish_values(&wish);
			}
		tap_ok(wrong == before, "%s: segments, Rip, Rsp and flags in all combinations",
		       wish.sets_thread ? "NtSetContextThread" : "NtContinue");
	}
	tap_note("%u tried", tried);
}

/* ---- the last instruction ---- */

#define AS_EXPECTED 0x600D

/* In a copy of the process, which can do without its PEB: that has the last pages. */
static NTSTATUS NTAPI last_main(PVOID argument)
{
	static char stack[0x4000];
	struct wish wish = {.cs = 0x33,
			    .ss = 0x2B,
			    .rip = USER_LIMIT - 2,
			    .rsp = (uintptr_t)stack + 0x3000,
			    .flags = 0x202};
	PVOID base = (PVOID)(USER_LIMIT - GRANULARITY_BYTES);
	SIZE_T bytes = 0;
	NTSTATUS status;

	(void)argument;
	NtFreeVirtualMemory(CURRENT_PROCESS, &base, &bytes, MEM_RELEASE);
	base = (PVOID)(USER_LIMIT - GRANULARITY_BYTES);
	bytes = GRANULARITY_BYTES;
	status = NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes,
					 MEM_RESERVE | MEM_COMMIT, PAGE_EXECUTE_READWRITE);
	if (status)
		NtTerminateProcess(CURRENT_PROCESS, status);
	memcpy((char *)base + bytes - 2, "\x0f\x05", 2);
	wish_try(&wish);
	status = told == 1 && told_code == (DWORD)STATUS_ACCESS_VIOLATION && told_access == 8 &&
				 told_place == USER_LIMIT
			 ? AS_EXPECTED
			 : (NTSTATUS)told_code;
	NtTerminateProcess(CURRENT_PROCESS, status);
	return status;
}

/*
 * The address behind it is the first that no program may have: SYSRET must not be used for it.
 * catches: a return with SYSRET to whatever address (CVE-2012-0217; QEMU faults in user mode)
 */
static void test_last_page(void)
{
	PROCESS_BASIC_INFORMATION basic = {0};
	HANDLE process, thread;
	NTSTATUS status = NtCreateProcess(&process, PROCESS_ALL_ACCESS, NULL, CURRENT_PROCESS,
					  FALSE, NULL, NULL, NULL);

	if (!status)
		status = NtCreateThreadEx(&thread, THREAD_ALL_ACCESS, NULL, process, last_main,
					  NULL, 0, 0, 0, 0, NULL);
	if (status)
		bail_out("a copy of the process", status);
	NtWaitForSingleObject(process, FALSE, NULL);
	NtQueryInformationProcess(process, ProcessBasicInformation, &basic, sizeof(basic), NULL);
	tap_is_status(basic.ExitStatus, AS_EXPECTED,
		      "SYSCALL at the end of the last page: the next instruction is a fault");
	NtClose(thread);
	NtClose(process);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("registers that a program asks for");
	if (!system_is_quire()) {
		tap_skip(1, "what the host's kernel makes of these is its affair");
		return tap_finish();
	}
	RtlAddVectoredExceptionHandler(1, handler);
	test_contexts();
	test_last_page();
	return tap_finish();
}
