/*
 * scan.c - does a call tell what it must not? Before the call the outputs are filled with a byte of
 * our own; after it they are searched, beyond the length that was returned too, for memory of the
 * kernel (disclosure.h). The same for the registers, of which all but three must be as before.
 */
#include <string.h>

#include "disclosure.h"
#include "fuzz.h"

#define FILL 0x5C
#define XMM_ONE_IN 4u /* saving and loading them takes as long as a short call */
#define BEYOND 64u    /* bytes more than the output has */
#define SCANNED_MOST 0x1000u

/* Passes over what was put in as an argument. => returns: as disclosure_find. */
static int64_t scan_bytes(const void *bytes, size_t size_bytes, uint64_t *value)
{
	int64_t at = disclosure_find(bytes, size_bytes, 0, value);

	while (at >= 0 && value_is_ours(*value))
		at = disclosure_find(bytes, size_bytes, (size_t)at + sizeof(*value), value);
	return at;
}

/* ---- outputs ---- */

void scan_prepare(struct worker *worker, const struct call *call)
{
	for (unsigned i = 0; i < call->argument_count; i++) {
		const struct call_parameter *parameter = &call->parameters[i];
		char *at = arena_slot(worker, i);
		size_t bytes, scanned;

		worker->output_bytes[i] = 0;
		if (!parameter_is_written(parameter) ||
		    worker->perform.arguments[i] != (uintptr_t)at)
			continue;
		bytes = parameter_bytes(parameter, worker->perform.arguments);
		if (bytes > SCANNED_MOST)
			bytes = SCANNED_MOST;
		scanned = (bytes + BEYOND + 7) & ~(size_t)7;
		if (parameter->kind == PARAMETER_BOTH)
			memset(at + bytes, FILL, scanned - bytes);
		else
			memset(at, FILL, scanned);
		worker->output_bytes[i] = scanned;
	}
}

static void scan_outputs(struct worker *worker, const struct call *call)
{
	for (unsigned i = 0; i < call->argument_count; i++) {
		uint64_t value;
		int64_t at = worker->output_bytes[i] ? scan_bytes(arena_slot(worker, i),
								  worker->output_bytes[i], &value)
						     : -1;

		if (at >= 0)
			finding_add(worker, "the kernel's memory in an output", i, (uint64_t)at,
				    value);
	}
}

/* ---- registers ---- */

/*
 * How often a thread of this process began, and ended, to set registers: perhaps those of the
 * thread that compares them, through a handle that it happened upon. One that does not come back
 * (it had an exception) keeps the others from comparing, until the process ends.
 */
static uint64_t setters_begun, setters_ended;

/* Calls that set registers, or whose exception does. */
static bool sets_registers(const struct call *call)
{
	return !strcmp(call->name, "NtContinue") || !strcmp(call->name, "NtRaiseException") ||
	       !strcmp(call->name, "NtSetContextThread");
}

void registers_prepare(struct worker *worker, const struct call *call)
{
	uint64_t *words = (uint64_t *)(void *)&worker->perform.before;
	uint64_t number = worker->slot->calls;
	const uint16_t fpu_control = 0x27F; /* as a thread begins */
	const uint32_t sse_control = 0x1F80;

	if (sets_registers(call))
		__atomic_fetch_add(&setters_begun, 1, __ATOMIC_RELAXED);
	worker->setters = __atomic_load_n(&setters_ended, __ATOMIC_RELAXED);
	for (size_t i = 0; i < sizeof(worker->perform.before) / sizeof(*words); i++)
		words[i] = (number << 8 | i) * 0x0101ull;
	worker->perform.with_xmm = number % XMM_ONE_IN == 0;
	if (!worker->perform.with_xmm)
		return;
	/* XMM0 to XMM15, in FXSAVE's form */
	memcpy(worker->perform.pattern + 0, &fpu_control, sizeof(fpu_control));
	memcpy(worker->perform.pattern + 24, &sse_control, sizeof(sse_control));
	for (size_t i = 160; i < 416; i += 8) {
		uint64_t word = number << 16 | i;

		memcpy(worker->perform.pattern + i, &word, sizeof(word));
	}
}

/* rax is the status, rcx and r11 the CPU's; r10 is the stub's copy of rcx. */
static bool are_kept(const struct perform *perform)
{
	const struct registers *before = &perform->before, *after = &perform->after;

	return after->rdx == perform->arguments[1] && after->r8 == perform->arguments[2] &&
	       after->r9 == perform->arguments[3] && after->rbx == before->rbx &&
	       after->rbp == before->rbp && after->rsi == before->rsi &&
	       after->rdi == before->rdi && after->r12 == before->r12 &&
	       after->r13 == before->r13 && after->r14 == before->r14 && after->r15 == before->r15;
}

static void scan_registers(struct worker *worker, const struct call *call)
{
	struct perform *perform = &worker->perform;
	uint64_t value;
	int64_t at;

	if (sets_registers(call))
		__atomic_fetch_add(&setters_ended, 1, __ATOMIC_RELAXED);
	if (sets_registers(call) ||
	    worker->setters != __atomic_load_n(&setters_begun, __ATOMIC_RELAXED))
		return;
	at = scan_bytes(&perform->after, sizeof(perform->after), &value);
	if (at >= 0)
		finding_add(worker, "the kernel's memory in a register", 0, (uint64_t)at, value);
	if (!are_kept(perform))
		finding_add(worker, "a register was changed", 0, 0, 0);
	if (perform->with_xmm && memcmp(perform->seen + 160, perform->pattern + 160, 256) != 0)
		finding_add(worker, "an XMM register was changed", 0, 0, 0);
}

/* ---- new pages ---- */

/* What the caller may read of memory that it got: two pages are enough. */
static void scan_new_pages(struct worker *worker, const struct call *call)
{
	const uint64_t *arguments = worker->perform.arguments;
	uint64_t base, bytes, value;
	int64_t at;

	if (strcmp(call->name, "NtAllocateVirtualMemory") != 0 ||
	    arguments[0] != (uintptr_t)CURRENT_PROCESS || !(arguments[4] & MEM_COMMIT) ||
	    arguments[5] != PAGE_READWRITE || !worker->output_bytes[1] || !worker->output_bytes[3])
		return;
	memcpy(&base, arena_slot(worker, 1), sizeof(base));
	memcpy(&bytes, arena_slot(worker, 3), sizeof(bytes));
	at = scan_bytes((const void *)(uintptr_t)base, bytes < 0x2000 ? bytes : 0x2000, &value);
	if (at >= 0)
		finding_add(worker, "the kernel's memory in new pages", 1, (uint64_t)at, value);
}

void scan_after(struct worker *worker, const struct call *call)
{
	scan_outputs(worker, call);
	scan_registers(worker, call);
	if (NT_SUCCESS(worker->perform.after.rax))
		scan_new_pages(worker, call);
}
