/*
 * test_handlers.c - who is asked about an exception, in which order, and what becomes of one that
 * nobody handles.
 */
#include <string.h>

#include "child.h"
#include "faults.h"

#define OWN_EXCEPTION 0xE0001234u /* a code of a program's own */
#define HANDLED 0x00424242	  /* a child's exit status: its handler was called */

/* ---- the lists ---- */

static char order[16];
static unsigned order_length;
static PVOID second_handler;

static void note(char letter)
{
	if (order_length < sizeof(order) - 1)
		order[order_length++] = letter;
	order[order_length] = 0;
}

static LONG NTAPI handler_a(EXCEPTION_POINTERS *pointers)
{
	(void)pointers;
	note('a');
	return EXCEPTION_CONTINUE_SEARCH;
}

static LONG NTAPI handler_b(EXCEPTION_POINTERS *pointers)
{
	(void)pointers;
	note('b');
	RtlRemoveVectoredExceptionHandler(second_handler);
	return EXCEPTION_CONTINUE_SEARCH;
}

static LONG NTAPI handler_c(EXCEPTION_POINTERS *pointers)
{
	note('c');
	pointers->ContextRecord->Rip = (uintptr_t)fault_undefined_next;
	return EXCEPTION_CONTINUE_EXECUTION;
}

/* Wine keeps a list of continue handlers, but never calls them. */
static LONG NTAPI handler_continue(EXCEPTION_POINTERS *pointers)
{
	note(pointers->ContextRecord->Rip == (uintptr_t)fault_undefined_next ? 'd' : '?');
	return EXCEPTION_CONTINUE_SEARCH;
}

static void order_is(const char *expected, const char *what)
{
	order_length = 0;
	order[0] = 0;
	fault_undefined(NULL, 0);
	if (system_is_wine() && strchr(expected, 'd'))
		note('d');
	if (!tap_ok(!strcmp(order, expected), "%s", what))
		tap_note("seen %s, expected %s", order, expected);
}

/* catches: an order that is not the documented one; a removed handler that is called */
static void test_order(void)
{
	PVOID last = RtlAddVectoredExceptionHandler(0, handler_c);
	PVOID first = RtlAddVectoredExceptionHandler(1, handler_a);
	PVOID after = RtlAddVectoredContinueHandler(0, handler_continue);

	order_is("acd", "the first, the last, and the continue handler");
	second_handler = RtlAddVectoredExceptionHandler(1, handler_b);
	order_is("bacd", "a newer first one comes before");
	order_is("acd", "it has removed itself");
	tap_is_number(RtlRemoveVectoredExceptionHandler(second_handler), 0, "so it cannot again");
	tap_is_number(RtlRemoveVectoredExceptionHandler(first), 1, "removing one succeeds");
	order_is("cd", "and it is not called any more");
	tap_is_number(RtlRemoveVectoredContinueHandler(after), 1, "a continue handler likewise");
	order_is("c", "none is called");
	RtlRemoveVectoredExceptionHandler(last);
}

/* ---- the end ---- */

static LONG NTAPI handler_end(EXCEPTION_POINTERS *pointers)
{
	RtlExitUserProcess(pointers->ExceptionRecord->ExceptionCode == (DWORD)STATUS_STACK_OVERFLOW
				   ? HANDLED
				   : STATUS_UNSUCCESSFUL);
	return EXCEPTION_CONTINUE_SEARCH;
}

static LONG NTAPI handler_search(EXCEPTION_POINTERS *pointers)
{
	(void)pointers;
	return EXCEPTION_CONTINUE_SEARCH;
}

static LONG NTAPI handler_again(EXCEPTION_POINTERS *pointers)
{
	(void)pointers;
	return (LONG)fault_divide(NULL, 0);
}

static unsigned __attribute__((noinline)) recurse(unsigned count)
{
	volatile char room[200];

	room[0] = (char)count;
	if (count == 0)
		return 0;
	return recurse(count - 1) + (room[0] ? 1 : 0);
}

static NTSTATUS child_main(const char *task)
{
	EXCEPTION_RECORD own = {.ExceptionCode = OWN_EXCEPTION};

	if (!strcmp(task, "overflow"))
		RtlAddVectoredExceptionHandler(1, handler_end);
	else if (!strcmp(task, "again"))
		RtlAddVectoredExceptionHandler(1, handler_again);
	else
		RtlAddVectoredExceptionHandler(1, handler_search);
	if (!strcmp(task, "overflow") || !strcmp(task, "unhandled-overflow"))
		return (NTSTATUS)recurse(1u << 24);
	if (!strcmp(task, "divide") || !strcmp(task, "again"))
		fault_divide(NULL, 0);
	if (!strcmp(task, "step"))
		fault_step(NULL, 0);
	if (!strcmp(task, "x87"))
		fault_x87(NULL, 0);
	if (!strcmp(task, "own"))
		RtlRaiseException(&own);
	if (!strcmp(task, "status"))
		RtlRaiseStatus(STATUS_DISK_FULL);
	if (!strcmp(task, "lost"))
		stack_lose((void *)0x10);
	if (!strcmp(task, "kernel-stack"))
		stack_lose((void *)(FIRST_KERNEL_ADDRESS + 0x10000));
	if (!strcmp(task, "wild-stack"))
		stack_lose((void *)0x8000000000001238ull);
	return STATUS_SUCCESS;
}

/* catches: a process that goes on after what nobody handled, or ends with another status */
static void test_unhandled(void)
{
	static const struct {
		const char *task;
		NTSTATUS status;
		bool is_quire_only;
	} rows[] = {
		{"divide", STATUS_INTEGER_DIVIDE_BY_ZERO, false},
		{"step", STATUS_SINGLE_STEP, false},
		{"x87", STATUS_FLOAT_DIVIDE_BY_ZERO, false},
		{"own", (NTSTATUS)OWN_EXCEPTION, false},
		{"status", STATUS_DISK_FULL, false},
		{"overflow", HANDLED, true},
		{"unhandled-overflow", STATUS_STACK_OVERFLOW, true},
		{"lost", STATUS_ILLEGAL_INSTRUCTION, true},
		{"kernel-stack", STATUS_ILLEGAL_INSTRUCTION, true},
		{"wild-stack", STATUS_ILLEGAL_INSTRUCTION, true},
		/* one frame below the other, until the last finds no room */
		{"again", STATUS_INTEGER_DIVIDE_BY_ZERO, true},
	};

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		if (rows[i].is_quire_only && !system_is_quire())
			tap_skip(1, "needs a kernel of its own below the program's stack");
		else
			tap_is_status(child_run_self(rows[i].task), rows[i].status, "child: %s",
				      rows[i].task);
	}
}

int program_main(int argc, char **argv)
{
	if (argc == 2)
		return child_main(argv[1]);
	tap_start("exception handlers");
	test_order();
	test_unhandled();
	return tap_finish();
}
