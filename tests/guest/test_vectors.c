/*
 * test_vectors.c - every exception that an instruction of a program can cause, with every kind of
 * flags, stack and segment registers (reliability R-09): the program is told what NT documents, or
 * ends if it cannot be told; all registers are as they were; the kernel goes on.
 *
 * With a stack that can take the exception a handler looks at it. The other stacks are given to
 * copies of this process, which end with the exception's code.
 */
#include <string.h>

#include "guest.h"
#include "snippets.h"

#define FLAG_STATUS 0xCD5u
#define FLAG_TRAP 0x100u
#define FLAG_DIRECTION 0x400u
#define FLAG_NESTED 0x4000u
#define FLAG_ALIGNMENT 0x40000u
#define FLAGS_ALWAYS 0x202u

#define NO_CALL 0xFFFFu		      /* a number that no system call has */
#define CAME_BACK 0x00600D00	      /* exit status of a copy to which nothing happened */
#define NOWHERE 0x0000123456789000ull /* never mapped */
#define NOT_CANONICAL 0x0000900000000000ull
#define KERNEL_ADDRESS (FIRST_KERNEL_ADDRESS + 0x10000)

/* ---- how they are run ---- */

static const struct {
	const char *name;
	uint32_t flags;
} flag_sets[] = {
	{"plain", 0},
	{"DF", FLAG_DIRECTION},
	{"AC", FLAG_ALIGNMENT},
	{"NT", FLAG_NESTED},
	{"TF", FLAG_TRAP},
	{"all", FLAG_DIRECTION | FLAG_ALIGNMENT | FLAG_NESTED | FLAG_TRAP | FLAG_STATUS},
};

static const struct {
	const char *name;
	uint32_t fs, gs;
} segment_sets[] = {
	{"usual segments", SELECTOR_AS_IT_IS, SELECTOR_AS_IT_IS},
	{"FS 0x2b", 0x2B, SELECTOR_AS_IT_IS},
	{"FS null", 3, SELECTOR_AS_IT_IS},
	{"GS 0x2b", SELECTOR_AS_IT_IS, 0x2B},
	{"GS null", SELECTOR_AS_IT_IS, 2},
};

static const struct {
	const char *name;
	uint64_t rsp;
} lost_stacks[] = {
	{"RSP unmapped", NOWHERE + 0x800},
	{"RSP not canonical", 0x8000000000001238ull},
	{"RSP in the kernel", KERNEL_ADDRESS + 0x1000},
	{"RSP 8", 8},
};

static char data_page[2 * PAGE_BYTES];
static struct {
	uint64_t offset;
	uint16_t selector;
} far_target = {0x1000, 0x23};

static uint64_t operand_value(enum operand operand)
{
	switch (operand) {
	case OPERAND_NOWHERE:
		return NOWHERE;
	case OPERAND_NOT_CANONICAL:
		return NOT_CANONICAL;
	case OPERAND_KERNEL:
		return KERNEL_ADDRESS;
	case OPERAND_CODE:
		return (uintptr_t)snippet_back;
	case OPERAND_DATA:
		return (uintptr_t)data_page;
	case OPERAND_NONE:
	case OPERANDS:
		break;
	}
	return 0;
}

/* Registers that would show if one were lost. rcx 0: the divisor; rdx: a port nobody has. */
static void registers_fill(const struct snippet *snippet)
{
	for (unsigned i = 0; i < REGISTERS; i++)
		snippet_before[i] = 0x0101010101010101ull * (i + 0x21);
	if (snippet->is_call)
		snippet_before[RAX] = NO_CALL;
	if (snippet->at == snippet_divide_at)
		snippet_before[RCX] = 0;
	if (snippet->selector || snippet->at == snippet_segment_ss_at)
		snippet_before[RBX] = snippet->selector;
	snippet_before[RSI] = operand_value(snippet->operand);
	snippet_before[RDI] =
		snippet->at == snippet_far_jump_at ? (uintptr_t)&far_target : (uintptr_t)data_page;
}

/* ---- what the handler was told ---- */

static const struct snippet *current;
static unsigned told, steps;
static EXCEPTION_RECORD record;
static CONTEXT context;

/* A step is let pass, as often as there is one. */
static LONG NTAPI handler(EXCEPTION_POINTERS *pointers)
{
	if (!current)
		return EXCEPTION_CONTINUE_SEARCH;
	if (pointers->ExceptionRecord->ExceptionCode == (DWORD)STATUS_SINGLE_STEP) {
		steps++;
		return EXCEPTION_CONTINUE_EXECUTION;
	}
	told++;
	record = *pointers->ExceptionRecord;
	context = *pointers->ContextRecord;
	pointers->ContextRecord->Rip = (uintptr_t)current->next;
	return EXCEPTION_CONTINUE_EXECUTION;
}

static void snippet_run(const struct snippet *snippet, uint32_t flags)
{
	told = steps = 0;
	current = snippet;
	registers_fill(snippet);
	snippet_target = snippet->entry;
	snippet_flags = flags | FLAGS_ALWAYS;
	snippet_enter();
	current = NULL;
	if (snippet_selectors[1] != SELECTOR_AS_IT_IS) /* the next switch brings the TEB back */
		NtDelayExecution(FALSE, &(LARGE_INTEGER){.QuadPart = -10000});
}

/* ---- what is expected ---- */

static unsigned runs, wrong;

static void complain(const struct snippet *snippet, const char *how, const char *what,
		     uint64_t seen, uint64_t expected)
{
	wrong++;
	tap_note("%s, %s: %s expected 0x%llx, seen 0x%llx", snippet->name, how, what,
		 (unsigned long long)expected, (unsigned long long)seen);
}

static void expect(const struct snippet *snippet, const char *how, const char *what, uint64_t seen,
		   uint64_t expected)
{
	if (seen != expected)
		complain(snippet, how, what, seen, expected);
}

static uint64_t expected_rip(const struct snippet *snippet)
{
	if (snippet->is_at_operand)
		return snippet_before[RSI];
	if (snippet->at == snippet_stack_breakpoint_at)
		return (uintptr_t)snippet->at + 2;
	if (snippet->at == snippet_int_3_long_at)
		return (uintptr_t)snippet->at + 1; /* NT takes every #BP for one byte */
	return (uintptr_t)(snippet->is_after ? snippet->next : snippet->at);
}

static void expect_record(const struct snippet *snippet, const char *how)
{
	bool is_unknown =
		snippet->operand == OPERAND_NONE || snippet->operand == OPERAND_NOT_CANONICAL;

	expect(snippet, how, "code", record.ExceptionCode, (DWORD)snippet->status);
	expect(snippet, how, "address", (uintptr_t)record.ExceptionAddress, expected_rip(snippet));
	if (snippet->status != STATUS_ACCESS_VIOLATION || snippet->access == ANY_ACCESS)
		return;
	expect(snippet, how, "access", record.ExceptionInformation[0], snippet->access);
	expect(snippet, how, "place", record.ExceptionInformation[1],
	       is_unknown ? UINT64_MAX : snippet_before[RSI]);
}

/* The handler sees what was interrupted; TF is taken away (kernel/process/README.md). */
static void expect_context(const struct snippet *snippet, const char *how, uint32_t flags)
{
	const uint64_t seen[REGISTERS] = {context.Rax, context.Rbx, context.Rcx, context.Rdx,
					  context.Rsi, context.Rdi, context.Rbp, context.R8,
					  context.R9,  context.R10, context.R11, context.R12,
					  context.R13, context.R14, context.R15};
	const uint32_t kept = FLAG_DIRECTION | FLAG_ALIGNMENT;

	for (unsigned i = 0; i < REGISTERS; i++)
		expect(snippet, how, "a register in the context", seen[i], snippet_before[i]);
	expect(snippet, how, "flags in the context", context.EFlags & kept, flags & kept);
	expect(snippet, how, "Rip", context.Rip, expected_rip(snippet));
	expect(snippet, how, "cs and ss", context.SegCs | (uint64_t)context.SegSs << 16, 0x2B0033);
}

static void expect_after(const struct snippet *snippet, const char *how, uint32_t flags)
{
	const uint32_t kept = FLAG_DIRECTION | FLAG_ALIGNMENT | FLAG_STATUS | FLAG_NESTED;

	if (!told && !steps)
		expect(snippet, how, "flags afterwards", snippet_after.flags & kept, flags & kept);
	for (unsigned i = 0; i < REGISTERS; i++) {
		if (snippet->is_call && (i == RCX || i == R11))
			continue;
		if (snippet->is_call && i == RAX)
			expect(snippet, how, "rax after the call", snippet_after.general[i],
			       (DWORD)STATUS_INVALID_SYSTEM_SERVICE);
		else if (i != RAX || snippet->at != snippet_unaligned_at)
			expect(snippet, how, "a register afterwards", snippet_after.general[i],
			       snippet_before[i]);
	}
	if (snippet->is_call)
		expect(snippet, how, "rcx after the call", snippet_after.general[RCX],
		       (uintptr_t)snippet->next);
}

static void run_one(const struct snippet *snippet, const char *how, uint32_t flags)
{
	runs++;
	snippet_run(snippet, flags);
	expect(snippet, how, "exceptions", told, snippet->status ? 1 : 0);
	if (told) {
		expect_record(snippet, how);
		expect_context(snippet, how, flags);
	}
	if (flags & FLAG_TRAP && !snippet->status)
		expect(snippet, how, "single steps", steps, 1);
	expect_after(snippet, how, flags);
}

/* catches: a flag that the kernel inherits, a register that is lost, a status that is not NT's */
static void test_flags(void)
{
	char how[60];

	for (unsigned i = 0; i < snippets_count; i++) {
		unsigned before = wrong;

		for (unsigned j = 0; j < COUNT_OF(flag_sets); j++)
			for (unsigned k = 0; k < COUNT_OF(segment_sets); k++) {
				snippet_selectors[0] = segment_sets[k].fs;
				snippet_selectors[1] = segment_sets[k].gs;
				format_text(how, sizeof(how), "%s, %s", flag_sets[j].name,
					    segment_sets[k].name);
				run_one(&snippets[i], how, flag_sets[j].flags);
			}
		tap_ok(wrong == before, "%s, operand %u, selector 0x%x: as documented",
		       snippets[i].name, (unsigned)snippets[i].operand, snippets[i].selector);
	}
}

/* ---- stacks that cannot take an exception: copies of this process ---- */

static NTSTATUS NTAPI copy_main(PVOID argument)
{
	(void)argument;
	snippet_enter();
	NtTerminateProcess(CURRENT_PROCESS, CAME_BACK);
	return STATUS_SUCCESS;
}

static NTSTATUS copy_run(void)
{
	LARGE_INTEGER patience = {.QuadPart = -20000000ll};
	PROCESS_BASIC_INFORMATION basic = {0};
	HANDLE process, thread;
	NTSTATUS status = NtCreateProcess(&process, PROCESS_ALL_ACCESS, NULL, CURRENT_PROCESS,
					  FALSE, NULL, NULL, NULL);

	if (NT_SUCCESS(status))
		status = NtCreateThreadEx(&thread, THREAD_ALL_ACCESS, NULL, process, copy_main,
					  NULL, 0, 0, 0, 0, NULL);
	if (!NT_SUCCESS(status))
		bail_out("a copy of the process", status);
	status = NtWaitForSingleObject(process, FALSE, &patience);
	if (status == STATUS_SUCCESS) {
		NtQueryInformationProcess(process, ProcessBasicInformation, &basic, sizeof(basic),
					  NULL);
		status = basic.ExitStatus;
	}
	NtClose(thread);
	NtClose(process);
	return status;
}

/* A trap flag strikes before the instruction, when the stack is gone already. */
static NTSTATUS lost_status(const struct snippet *snippet, uint32_t flags)
{
	if (flags & FLAG_TRAP)
		return STATUS_SINGLE_STEP;
	if (snippet->status)
		return snippet->status;
	return snippet->uses_stack ? STATUS_ACCESS_VIOLATION : CAME_BACK;
}

static void lost_one(const struct snippet *snippet, unsigned stack, unsigned flags)
{
	runs++;
	registers_fill(snippet);
	snippet_target = snippet->lost;
	snippet_flags = flag_sets[flags].flags | FLAGS_ALWAYS;
	snippet_lost_stack = lost_stacks[stack].rsp;
	expect(snippet, flag_sets[flags].name, lost_stacks[stack].name, (DWORD)copy_run(),
	       (DWORD)lost_status(snippet, flag_sets[flags].flags));
}

/*
 * Plain flags and one other set, or all of them.
 * catches: a kernel that trusts the user's stack pointer
 */
static void test_lost_stacks(bool all)
{
	snippet_selectors[0] = snippet_selectors[1] = SELECTOR_AS_IT_IS;
	for (unsigned j = 0; j < COUNT_OF(lost_stacks); j++) {
		unsigned before = wrong;

		for (unsigned i = 0; i < snippets_count; i++) {
			unsigned other = 1 + (i + j) % (COUNT_OF(flag_sets) - 1);

			for (unsigned k = 0; k < COUNT_OF(flag_sets); k++)
				if (all || k == 0 || k == other)
					lost_one(&snippets[i], j, k);
		}
		tap_ok(wrong == before, "%s: the end, with the exception's code, or none",
		       lost_stacks[j].name);
	}
}

int program_main(int argc, char **argv)
{
	(void)argv;
	tap_start("every vector from user mode");
	if (!system_is_quire()) {
		tap_skip(1, "what the host's kernel makes of these is its affair");
		return tap_finish();
	}
	RtlAddVectoredExceptionHandler(1, handler);
	test_flags();
	test_lost_stacks(argc > 1);
	tap_note("%u interruptions tried, %u failed", runs, wrong);
	return tap_finish();
}
