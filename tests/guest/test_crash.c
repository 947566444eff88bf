/*
 * test_crash.c - programs that misbehave end with the right status, and nobody else notices
 * (reliability 2c).
 *
 * crash.exe commits the misdeeds; here each is started, waited for and checked.
 */
#include "child.h"
#include "guest.h"
#include "launch.h"

static NTSTATUS crash(const char *misdeed)
{
	char line[64];
	struct child child;
	NTSTATUS exit_status, status;

	format_text(line, sizeof(line), "crash.exe %s quiet", misdeed);
	status = launch(&child, line);
	if (!NT_SUCCESS(status))
		return status;
	status = child_wait(&child, &exit_status);
	child_close(&child);
	return NT_SUCCESS(status) ? exit_status : status;
}

/* catches: an exception of user mode taken for the kernel's own, or given another status */
static void test_statuses(void)
{
	static const struct {
		const char *misdeed;
		NTSTATUS expected;
	} rows[] = {
		{"null", STATUS_ACCESS_VIOLATION},
		{"write-ro", STATUS_ACCESS_VIOLATION},
		{"exec-data", STATUS_ACCESS_VIOLATION},
		{"div0", STATUS_INTEGER_DIVIDE_BY_ZERO},
		{"privileged", STATUS_PRIVILEGED_INSTRUCTION},
		{"port", STATUS_PRIVILEGED_INSTRUCTION},
		{"halt", STATUS_PRIVILEGED_INSTRUCTION},
		{"noncanonical", STATUS_ACCESS_VIOLATION},
		{"int3", STATUS_BREAKPOINT},
		{"kernel-read", STATUS_ACCESS_VIOLATION},
		{"kernel-write", STATUS_ACCESS_VIOLATION},
		{"jump-kernel", STATUS_ACCESS_VIOLATION},
		{"jump-wild", STATUS_ACCESS_VIOLATION},
		{"undefined", STATUS_ILLEGAL_INSTRUCTION},
	};

	for (unsigned i = 0; i < COUNT_OF(rows); i++)
		tap_is_status(crash(rows[i].misdeed), rows[i].expected, "crash.exe %s",
			      rows[i].misdeed);
}

/* Wine's own exception code needs a stack and the host's system calls, so these are Quire's. */
static void test_quire_only(void)
{
	if (!system_is_quire()) {
		tap_skip(3, "not meaningful on a hosted system");
		return;
	}
	tap_is_status(crash("stack-overflow"), STATUS_STACK_OVERFLOW, "crash.exe stack-overflow");
	tap_is_status(crash("lost-stack"), STATUS_ACCESS_VIOLATION, "crash.exe lost-stack");
	tap_is_status(crash("bad-call"), STATUS_INVALID_SYSTEM_SERVICE, "crash.exe bad-call");
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("misbehaving programs");
	test_statuses();
	test_quire_only();
	return tap_finish();
}
