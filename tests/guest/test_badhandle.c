/*
 * test_badhandle.c - every handle parameter of every system call with handles that do not fit
 * (reliability R-08; C1, C2).
 *
 * The parameters come from syscalls.def. The order is fixed: is the value a handle, is the object
 * of the type, has the handle the rights. So: no handle, INVALID_HANDLE; another type,
 * OBJECT_TYPE_MISMATCH, whatever its rights are; the type without rights, ACCESS_DENIED.
 */
/* boot: hash=1 */
#include <string.h>

#include "calls.h"
#include "guest.h"
#include "victim.h"

static const char *const types[] = {"Section",	 "File",   "Process",	"Thread",      "Event",
				    "Semaphore", "Mutant", "Directory", "SymbolicLink"};

/* Calls whose handle parameter asks for no right at all, or takes no part in these rules. */
static bool needs_no_right(const struct call *call, const struct call_parameter *parameter)
{
	return !strcmp(call->name, "NtClose") ||
	       (!strcmp(call->name, "NtDuplicateObject") && !parameter->type[0]) ||
	       (!strcmp(call->name, "NtSignalAndWaitForSingleObject") &&
		parameter == &call->parameters[0]) ||
	       !strcmp(call->name, "NtReleaseMutant") ||
	       (system_is_wine() && !strcmp(call->name, "NtMakeTemporaryObject")) ||
	       !strcmp(call->name, "NtCompareObjects") ||
	       !strcmp(call->name, "NtMakePermanentObject") ||
	       !strcmp(call->name, "NtQueryObject") ||
	       !strcmp(call->name, "NtSetInformationObject") ||
	       !strcmp(call->name, "NtQueryInformationFile") ||
	       !strcmp(call->name, "NtQueryVolumeInformationFile");
}

/*
 * Wine does not look at the event of a transfer that is over at once, takes a section for its file,
 * sets a file's size through a handle that may only read, gives a closed value again at once, and
 * has no NtCreateProcess.
 */
static bool differs_on_wine(const struct call *call, unsigned argument, const char *what)
{
	const char *type = call->parameters[argument].type;

	return (!strcmp(type, "Event") && argument == 1) ||
	       !strncmp(call->name, "NtCreateProcess", 15) ||
	       (!strcmp(type, "File") && !strncmp(what, "a Section", 9)) ||
	       (!strcmp(call->name, "NtSetInformationFile") &&
		!strcmp(what, "a handle without rights")) ||
	       (!strcmp(call->name, "NtClose") && !strcmp(what, "closed"));
}

static void expect(const struct call *call, unsigned argument, HANDLE handle, NTSTATUS expected,
		   const char *what)
{
	uint64_t arguments[CALL_ARGUMENTS];

	if (system_is_wine() && differs_on_wine(call, argument, what)) {
		tap_skip(1, "Wine differs");
		return;
	}
	call_prepare(call, arguments);
	arguments[argument] = (uintptr_t)handle;
	tap_is_status(call_perform(call, arguments), expected, "%s, argument %u: %s", call->name,
		      argument + 1, what);
}

/* catches: a table index that is not checked, a value that is cut, a generation that is ignored */
static void try_no_handle(const struct call *call, unsigned argument)
{
	const struct call_parameter *parameter = &call->parameters[argument];
	HANDLE good = call_object(parameter->type), stale;

	if (!good) /* a type that nothing has: any object will do */
		good = call_object("");
	NtDuplicateObject(CURRENT_PROCESS, good, CURRENT_PROCESS, &stale, 0, 0,
			  DUPLICATE_SAME_ACCESS);
	NtClose(stale);
	if (!parameter->is_optional)
		expect(call, argument, NULL, STATUS_INVALID_HANDLE, "0");
	expect(call, argument, (HANDLE)(uintptr_t)0xDEAD0, STATUS_INVALID_HANDLE, "never given");
	expect(call, argument, stale, STATUS_INVALID_HANDLE, "closed");
	if (!system_is_quire()) {
		tap_skip(10, "others look at the low 32 bits, and have more pseudo handles");
		return;
	}
	for (int i = -8; i <= -3 && strcmp(call->name, "NtClose"); i++)
		expect(call, argument, (HANDLE)(intptr_t)i, STATUS_INVALID_HANDLE,
		       i < -6 ? "-7 or -8, no pseudo handle" : "-3 to -6, which name nothing here");
	expect(call, argument, (HANDLE)((uintptr_t)good | 1ull << 32), STATUS_INVALID_HANDLE,
	       "a good one with bit 32");
	expect(call, argument, (HANDLE)((uintptr_t)good | 1ull << 63), STATUS_INVALID_HANDLE,
	       "a good one with the highest bit");
	expect(call, argument, (HANDLE)(uintptr_t)0x7FFFFFFFFFFFFFFC, STATUS_INVALID_HANDLE,
	       "the largest positive number");
	expect(call, argument, (HANDLE)(uintptr_t)(FIRST_KERNEL_ADDRESS + 4), STATUS_INVALID_HANDLE,
	       "an address of the kernel");
	expect(call, argument, (HANDLE)(uintptr_t)0xFFFFFFFF80000004, STATUS_INVALID_HANDLE,
	       "a handle of the kernel's on NT");
}

static HANDLE without_rights(const char *type)
{
	HANDLE copy = NULL;

	NtDuplicateObject(CURRENT_PROCESS, call_object(type), CURRENT_PROCESS, &copy, 0, 0, 0);
	return copy;
}

/*
 * catches: an object used as what it is not; rights checked before the type; a pseudo handle that
 * passes for anything
 */
static void try_other_types(const struct call *call, unsigned argument)
{
	const struct call_parameter *parameter = &call->parameters[argument];

	for (size_t i = 0; i < COUNT_OF(types); i++) {
		HANDLE mute;
		char what[60];

		if (!parameter->type[0] || !strcmp(parameter->type, types[i]))
			continue;
		format_text(what, sizeof(what), "a %s", types[i]);
		expect(call, argument, call_object(types[i]), STATUS_OBJECT_TYPE_MISMATCH, what);
		mute = without_rights(types[i]);
		format_text(what, sizeof(what), "a %s without rights", types[i]);
		expect(call, argument, mute, STATUS_OBJECT_TYPE_MISMATCH, what);
		NtClose(mute);
	}
	if (parameter->type[0] && strcmp(parameter->type, "Process"))
		expect(call, argument, CURRENT_PROCESS, STATUS_OBJECT_TYPE_MISMATCH,
		       "-1, this process");
	if (parameter->type[0] && strcmp(parameter->type, "Thread"))
		expect(call, argument, CURRENT_THREAD, STATUS_OBJECT_TYPE_MISMATCH,
		       "-2, this thread");
}

/* catches: a right that is not asked for */
static void try_rights(const struct call *call, unsigned argument)
{
	const struct call_parameter *parameter = &call->parameters[argument];
	HANDLE mute;

	if (!call_object(parameter->type) || needs_no_right(call, parameter))
		return;
	mute = without_rights(parameter->type);
	expect(call, argument, mute, STATUS_ACCESS_DENIED, "a handle without rights");
	NtClose(mute);
}

/* ---- calls that succeed, through handles of our making ---- */

/* Did the call do what it does with valid arguments? */
static bool has_done(const struct call *call, NTSTATUS status)
{
	return NT_SUCCESS(status) || (status == STATUS_PRIVILEGE_NOT_HELD &&
				      !strcmp(call->name, "NtMakePermanentObject"));
}

/* catches: low bits that are taken for a part of the index, or refused */
static void try_low_bits(const struct call *call, unsigned argument)
{
	for (unsigned bits = 1; bits <= 3; bits++) {
		uint64_t arguments[CALL_ARGUMENTS];
		struct victim victim;

		call_prepare(call, arguments);
		if (!arguments[argument])
			continue;
		victim = victim_make(call, argument, arguments[argument]);
		arguments[argument] = (uintptr_t)victim.handle;
		if (arguments[argument] <= INT32_MAX) /* else a pseudo handle */
			arguments[argument] |= bits;
		tap_ok(has_done(call, call_perform(call, arguments)),
		       "%s, argument %u: a good one with low bits %u", call->name, argument + 1,
		       bits);
		victim_end(&victim);
	}
}

static ACCESS_MASK rights_of(HANDLE handle)
{
	PUBLIC_OBJECT_BASIC_INFORMATION information = {.GrantedAccess = 0};

	NtQueryObject(handle, OBJECT_CLASS_BASIC, &information, sizeof(information), NULL);
	return information.GrantedAccess;
}

/* The call through a handle with these of its rights alone, or with all but these. */
static NTSTATUS perform_with(const struct call *call, unsigned argument, ACCESS_MASK rights,
			     bool without)
{
	uint64_t arguments[CALL_ARGUMENTS];
	struct victim victim;
	HANDLE copy = NULL;
	NTSTATUS status;

	call_prepare(call, arguments);
	victim = victim_make(call, argument, arguments[argument]);
	NtDuplicateObject(CURRENT_PROCESS, victim.handle, CURRENT_PROCESS, &copy,
			  without ? rights_of(victim.handle) & ~rights : rights, 0, 0);
	arguments[argument] = (uintptr_t)copy;
	status = call_perform(call, arguments);
	NtClose(copy);
	victim_end(&victim);
	return status;
}

/*
 * Each right taken away alone: the call is refused or does what it does with all. Those that it
 * cannot do without must be all that it wants.
 */
static void try_each_right(const struct call *call, unsigned argument)
{
	uint64_t arguments[CALL_ARGUMENTS];
	ACCESS_MASK rights, needed = 0;
	unsigned odd = 0;

	call_prepare(call, arguments);
	rights = rights_of((HANDLE)(uintptr_t)arguments[argument]);
	for (ACCESS_MASK right = 1; right; right <<= 1) {
		NTSTATUS status;

		if (!(rights & right))
			continue;
		status = perform_with(call, argument, right, true);
		if (status == STATUS_ACCESS_DENIED)
			needed |= right;
		else if (!has_done(call, status))
			odd++;
	}
	tap_is_number(odd, 0, "%s, argument %u: without each right, done or refused", call->name,
		      argument + 1);
	if (needed)
		tap_ok(has_done(call, perform_with(call, argument, needed, false)),
		       "%s, argument %u: 0x%x is enough", call->name, argument + 1,
		       (unsigned)needed);
}

/* Calls that Wine 8.0 has not, or whose handle it does not look at. */
static bool is_absent(const struct call *call)
{
	return system_is_wine() &&
	       (!strcmp(call->name, "NtAlertThread") || !strcmp(call->name, "NtCreateSectionEx") ||
		!strcmp(call->name, "NtExtendSection") || !strcmp(call->name, "NtGetWriteWatch") ||
		!strcmp(call->name, "NtResetWriteWatch") ||
		!strcmp(call->name, "NtSetInformationProcess") ||
		!strcmp(call->name, "NtSetInformationVirtualMemory") ||
		!strcmp(call->name, "NtMakePermanentObject"));
}

static void test_all(void)
{
	for (size_t i = 0; i < calls_count(); i++) {
		struct call call = call_at(i);

		if (is_absent(&call))
			continue;
		if (!call_is_known(&call)) {
			tap_ok(false, "%s has no valid arguments in calls*.c", call.name);
			continue;
		}
		for (unsigned j = 0; j < call.argument_count; j++) {
			if (call.parameters[j].kind != PARAMETER_HANDLE)
				continue;
			try_no_handle(&call, j);
			try_other_types(&call, j);
			try_rights(&call, j);
			if (!system_is_quire())
				continue;
			try_low_bits(&call, j);
			try_each_right(&call, j);
		}
	}
}

/* ---- single rights ---- */

/* A handle to our process with one right only, or with all but one. */
static HANDLE process_with(ACCESS_MASK access)
{
	HANDLE copy = NULL;

	NtDuplicateObject(CURRENT_PROCESS, CURRENT_PROCESS, CURRENT_PROCESS, &copy, access, 0, 0);
	return copy;
}

/* catches: a right taken for another; "any right will do" */
static void test_process_rights(void)
{
	static const struct {
		const char *call;
		ACCESS_MASK right;
	} rows[] = {
		{"NtAllocateVirtualMemory", PROCESS_VM_OPERATION},
		{"NtFreeVirtualMemory", PROCESS_VM_OPERATION},
		{"NtProtectVirtualMemory", PROCESS_VM_OPERATION},
		{"NtMapViewOfSectionEx", PROCESS_VM_OPERATION},
		{"NtUnmapViewOfSection", PROCESS_VM_OPERATION},
		{"NtUnmapViewOfSectionEx", PROCESS_VM_OPERATION},
		{"NtMapViewOfSection", PROCESS_VM_OPERATION},
		{"NtQueryVirtualMemory", PROCESS_QUERY_INFORMATION},
		{"NtQueryVirtualMemory", PROCESS_QUERY_LIMITED_INFORMATION},
		{"NtCreateThreadEx", PROCESS_CREATE_THREAD},
		{"NtDuplicateObject", PROCESS_DUP_HANDLE},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		bool is_query = !strcmp(rows[i].call, "NtQueryVirtualMemory");
		HANDLE with = process_with(rows[i].right);
		HANDLE without = process_with(
			PROCESS_ALL_ACCESS & ~rows[i].right &
			~(is_query ? PROCESS_QUERY_INFORMATION | PROCESS_QUERY_LIMITED_INFORMATION
				   : 0));
		uint64_t arguments[CALL_ARGUMENTS];
		struct call call;
		unsigned argument = 0;

		call_find(rows[i].call, &call);
		while (strcmp(call.parameters[argument].type, "Process"))
			argument++;
		call_prepare(&call, arguments);
		arguments[argument] = (uintptr_t)without;
		tap_is_status(call_perform(&call, arguments), STATUS_ACCESS_DENIED,
			      "C6: %s with all rights but 0x%x", call.name,
			      (unsigned)rows[i].right);
		call_prepare(&call, arguments);
		arguments[argument] = (uintptr_t)with;
		if (system_is_wine() && rows[i].right == PROCESS_QUERY_LIMITED_INFORMATION)
			tap_skip(1, "Wine asks for PROCESS_QUERY_INFORMATION");
		else
			tap_ok(NT_SUCCESS(call_perform(&call, arguments)), "C6: %s with 0x%x alone",
			       call.name, (unsigned)rows[i].right);
		NtClose(with);
		NtClose(without);
	}
}

/* catches: a value looked up in another table than the caller's, or in one for all */
static void test_foreign(void)
{
	struct child child;
	HANDLE theirs = NULL;

	if (!system_is_quire())
		return;
	child = victim_child();
	/* more than we ever have, so that the value is not one of ours by chance */
	for (unsigned i = 0; i < 4000; i++)
		NtDuplicateObject(CURRENT_PROCESS, call_object("Section"), child.process, &theirs,
				  0, 0, DUPLICATE_SAME_ACCESS);
	for (size_t i = 0; i < calls_count(); i++) {
		struct call call = call_at(i);

		for (unsigned j = 0; j < call.argument_count; j++)
			if (call.parameters[j].kind == PARAMETER_HANDLE)
				expect(&call, j, theirs, STATUS_INVALID_HANDLE,
				       "a value of another process");
	}
	NtTerminateProcess(child.process, 0);
	child_close(&child);
}

/* catches: a stale value that resolves once its slot has been used again many times */
static void test_generations(void)
{
	HANDLE first, copy;
	unsigned resolved = 0;
	const unsigned rounds = 3000;

	if (!system_is_quire()) {
		tap_skip(1, "others give values again at once");
		return;
	}
	NtDuplicateObject(CURRENT_PROCESS, call_object("Section"), CURRENT_PROCESS, &first, 0, 0,
			  DUPLICATE_SAME_ACCESS);
	NtClose(first);
	for (unsigned i = 0; i < rounds; i++) {
		NtDuplicateObject(CURRENT_PROCESS, call_object("Section"), CURRENT_PROCESS, &copy,
				  0, 0, DUPLICATE_SAME_ACCESS);
		resolved += view_try(first, PAGE_READONLY) != STATUS_INVALID_HANDLE;
		NtClose(copy);
	}
	tap_is_number(resolved, 0, "a closed value stays closed while its slot is used %u times",
		      rounds);
}

int program_main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return STATUS_SUCCESS; /* a victim that was let run (victim.h) */
	tap_start("bad handles");
	if (!commit_suffices(16 << 20, 1, "its processes commit 16 MiB"))
		return tap_finish();
	calls_init();
	test_foreign();
	test_all();
	test_process_rights();
	test_generations();
	return tap_finish();
}
