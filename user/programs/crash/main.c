/*
 * main.c - misbehaves on request, to show how a process ends and what the kernel reports.
 *
 *   crash.exe MISDEED [quiet]      the list is in misdeeds[]; without an argument it is printed
 *
 * Nothing here may hurt anybody but this process.
 */
#include <string.h>

#include "console.h"
#include "native.h"
#include "program.h"

struct misdeed {
	const char *name, *what;
	NTSTATUS expected; /* the exit status it should end with */
	void (*commit)(void);
};

/* misdeeds.S */
void commit_divide_overflow(void);
void commit_privileged(void);
void commit_port(void);
void commit_halt(void);
void commit_breakpoint(void);
void commit_undefined(void);
void commit_lost_stack(void);
NTSTATUS call_bad_number(void);

static int static_number = 1;
static const int constant_number = 1;

static void commit_null(void)
{
	*(volatile int *)(uintptr_t)8 = 1;
}

static void commit_write_read_only(void)
{
	*(volatile int *)(uintptr_t)&constant_number = 2;
}

static void commit_execute_data(void)
{
	static unsigned char code[] = {0xC3}; /* ret */
	void (*volatile function)(void) = (void (*)(void))(void *)code;

	function();
}

static void commit_divide(void)
{
	volatile int zero = 0;

	static_number /= zero;
}

static void commit_noncanonical(void)
{
	*(volatile int *)0x0000900000000000ull = 1;
}

static void commit_stack_overflow(void)
{
	void (*volatile again)(void) = commit_stack_overflow; /* gcc must not see the recursion */
	volatile char room[2000];

	room[0] = 1;
	again();
	room[1] = room[0]; /* after the call, so that it is no jump */
}

static void commit_kernel_read(void)
{
	static_number = *(volatile int *)FIRST_KERNEL_ADDRESS;
}

static void commit_kernel_write(void)
{
	*(volatile int *)0xFFFFFFFF80000000ull = 1;
}

static void commit_kernel_jump(void)
{
	((void (*)(void))0xFFFFFFFF80000000ull)();
}

static void commit_wild_jump(void)
{
	((void (*)(void))0x12345678ull)();
}

/* Not a fault: the call fails. The process ends with the status it got. */
static void commit_bad_call(void)
{
	RtlExitUserProcess(call_bad_number());
}

static const struct misdeed misdeeds[] = {
	{"null", "write through a null pointer", STATUS_ACCESS_VIOLATION, commit_null},
	{"write-ro", "write to constant data", STATUS_ACCESS_VIOLATION, commit_write_read_only},
	{"exec-data", "jump into data", STATUS_ACCESS_VIOLATION, commit_execute_data},
	{"div0", "divide by zero", STATUS_INTEGER_DIVIDE_BY_ZERO, commit_divide},
	{"div-overflow", "divide the smallest number by -1", STATUS_INTEGER_OVERFLOW,
	 commit_divide_overflow},
	{"privileged", "cli", STATUS_PRIVILEGED_INSTRUCTION, commit_privileged},
	{"port", "out to COM1", STATUS_PRIVILEGED_INSTRUCTION, commit_port},
	{"halt", "hlt", STATUS_PRIVILEGED_INSTRUCTION, commit_halt},
	{"noncanonical", "write to a non-canonical address", STATUS_ACCESS_VIOLATION,
	 commit_noncanonical},
	{"stack-overflow", "recursion without end", STATUS_STACK_OVERFLOW, commit_stack_overflow},
	{"int3", "a breakpoint", STATUS_BREAKPOINT, commit_breakpoint},
	{"kernel-read", "read kernel memory", STATUS_ACCESS_VIOLATION, commit_kernel_read},
	{"kernel-write", "write kernel memory", STATUS_ACCESS_VIOLATION, commit_kernel_write},
	{"jump-kernel", "jump into the kernel", STATUS_ACCESS_VIOLATION, commit_kernel_jump},
	{"jump-wild", "jump to an address without a view", STATUS_ACCESS_VIOLATION,
	 commit_wild_jump},
	{"undefined", "an undefined instruction", STATUS_ILLEGAL_INSTRUCTION, commit_undefined},
	{"bad-call", "a system call number that does not exist", STATUS_INVALID_SYSTEM_SERVICE,
	 commit_bad_call},
	{"lost-stack", "push with the stack pointer at 16", STATUS_ACCESS_VIOLATION,
	 commit_lost_stack},
};

int program_main(int argc, char **argv)
{
	const size_t count = sizeof(misdeeds) / sizeof(misdeeds[0]);

	for (size_t i = 0; argc > 1 && i < count; i++) {
		if (strcmp(argv[1], misdeeds[i].name))
			continue;
		if (argc == 2)
			print("crash: %s; expecting 0x%08x\n", misdeeds[i].what,
			      (unsigned)misdeeds[i].expected);
		misdeeds[i].commit();
		print("crash: still alive\n");
		return STATUS_UNSUCCESSFUL;
	}
	print("usage: crash.exe MISDEED [quiet]\n");
	for (size_t i = 0; i < count; i++)
		print("  %-16s %-42s 0x%08x\n", misdeeds[i].name, misdeeds[i].what,
		      (unsigned)misdeeds[i].expected);
	return STATUS_INVALID_PARAMETER;
}
