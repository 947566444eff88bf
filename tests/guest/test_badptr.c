/*
 * test_badptr.c - every pointer parameter of every system call, pointing where it must not
 * (reliability R-07 and 2b; C3).
 *
 * The parameters come from syscalls.def, so a new call is tested as soon as it is there. Each call
 * has a child of its own, which tries every pointer parameter at every place, with all other
 * arguments valid. Per call: the child ends by itself, each status is one that a bad pointer may
 * get, and a call that failed has left no handle and no commit charge behind. Each place is used
 * twice where it borders on good memory: with the first byte there, and with only the last.
 * Quire's alone: Wine runs part of a call in the caller, which a bad pointer ends.
 */
/* boot: hash=1 */
#include <string.h>

#include "calls.h"
#include "child.h"
#include "guest.h"
#include "touch.h"

/* What becomes of the page that a pointer reaches into. */
enum page_state {
	PAGE_STATE_FREE,
	PAGE_STATE_RESERVED,
	PAGE_STATE_NO_ACCESS,
	PAGE_STATE_READ_ONLY,
	PAGE_STATE_GUARD,
	PAGE_STATE_UNTOUCHED, /* committed, never used: fine */
	PAGE_STATE_GOOD,
};

static const struct {
	enum page_state state;
	const char *name;
	bool fails_read, fails_write;
} pages[] = {
	{PAGE_STATE_FREE, "an unmapped page", true, true},
	{PAGE_STATE_RESERVED, "a reserved page", true, true},
	{PAGE_STATE_NO_ACCESS, "a no-access page", true, true},
	{PAGE_STATE_READ_ONLY, "a read-only page", false, true},
	{PAGE_STATE_GUARD, "a guard page", true, true},
	{PAGE_STATE_UNTOUCHED, "an untouched page", false, false},
	{PAGE_STATE_GOOD, "a good page", false, false},
};

/* Addresses that no pointer may have; the range straddles user space's end in one of them. */
static const struct {
	uint64_t address;
	const char *name;
} addresses[] = {
	{0, "NULL"},
	{1, "1"},
	{0xFFFF, "the last byte of the first 64 KiB"},
	{USER_LIMIT - PAGE_BYTES, "the last user page"},
	{USER_LIMIT - 1, "the last user byte"},
	{USER_LIMIT, "the user limit"},
	{USER_LIMIT + 0xFFFF, "the last canonical byte below the hole"},
	{0x0000800000000000, "the first non-canonical address"},
	{0xFFFF7FFFFFFFFFFF, "the last non-canonical address"},
	{FIRST_KERNEL_ADDRESS, "the first kernel byte"},
	{FIRST_KERNEL_ADDRESS + 0x100000, "the direct map"},
	{0xFFFFFFFF80100000, "the kernel's code"},
	{0xFFFFFFFFFFFFFFF8, "the last 8 bytes"},
	{UINT64_MAX, "all ones"},
};

static const uint64_t lengths[] = {0,	       1,	  INT32_MAX,  1ull << 31, UINT32_MAX,
				   1ull << 32, INT64_MAX, 1ull << 63, UINT64_MAX};

static char *zone; /* two pages: a good one, and an allocation's first, whose state changes */
static unsigned cases, complaints;

/* ---- one case ---- */

struct usage {
	uint64_t handles, commit_pages;
};

static struct usage usage_read(void)
{
	static struct quire_fault_counts counts;

	fault_counts_read(&counts);
	return (struct usage){counts.handles, counts.commit_pages};
}

static void complain(const struct call *call, unsigned argument, const char *place,
		     const char *what, NTSTATUS status)
{
	const char *name = status_name(status);

	complaints++;
	print("# %s, argument %u, %s: %s (0x%08x %s)\n", call->name, argument + 1, place, what,
	      (unsigned)status, name ? name : "");
}

/* The statuses that tell of a pointer, and those that a missing optional structure has. */
static bool tells_of_pointer(const struct call *call, unsigned argument, uint64_t address,
			     NTSTATUS status)
{
	const struct call_parameter *parameter = &call->parameters[argument];

	if (status == STATUS_ACCESS_VIOLATION || status == STATUS_DATATYPE_MISALIGNMENT ||
	    status == STATUS_GUARD_PAGE_VIOLATION)
		return true;
	if (status == STATUS_PARTIAL_COPY && !strcmp(call->name, "NtWriteVirtualMemory"))
		return true; /* the status of a source that cannot be read (5.7) */
	if (!address && (parameter->is_optional || parameter->kind == PARAMETER_ATTRIBUTES))
		return true; /* there is none */
	/* extended attributes are refused whatever they are */
	return parameter->kind == PARAMETER_STRUCTURE && status == STATUS_NOT_SUPPORTED;
}

enum verdict { MUST_FAIL, MUST_NOT_FAULT, MAY_DO_EITHER };

static void case_run(const struct call *call, unsigned argument, const uint64_t *arguments,
		     const char *place, enum verdict verdict)
{
	struct usage before = usage_read(), after;
	NTSTATUS status = call_perform(call, arguments);

	after = usage_read();
	cases++;
	if (verdict == MUST_FAIL && !tells_of_pointer(call, argument, arguments[argument], status))
		complain(call, argument, place, "not refused", status);
	if (verdict == MUST_NOT_FAULT && status == STATUS_ACCESS_VIOLATION)
		complain(call, argument, place, "refused, but nothing is wrong", status);
	if (!NT_SUCCESS(status) &&
	    (after.handles != before.handles || after.commit_pages != before.commit_pages))
		complain(call, argument, place, "failed, but handles or commit changed", status);
}

/* ---- places ---- */

static void zone_set(enum page_state state)
{
	PVOID base = zone + PAGE_BYTES;
	SIZE_T bytes = PAGE_BYTES;

	switch (state) {
	case PAGE_STATE_FREE:
		NtFreeVirtualMemory(CURRENT_PROCESS, &base, &bytes, MEM_RELEASE);
		break;
	case PAGE_STATE_RESERVED:
		NtFreeVirtualMemory(CURRENT_PROCESS, &base, &bytes, MEM_DECOMMIT);
		break;
	case PAGE_STATE_NO_ACCESS:
		protect(base, bytes, PAGE_NOACCESS, NULL);
		break;
	case PAGE_STATE_READ_ONLY:
		protect(base, bytes, PAGE_READONLY, NULL);
		break;
	case PAGE_STATE_GUARD:
		protect(base, bytes, PAGE_READWRITE | PAGE_GUARD, NULL);
		break;
	case PAGE_STATE_UNTOUCHED:
		NtFreeVirtualMemory(CURRENT_PROCESS, &base, &bytes, MEM_DECOMMIT);
		NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_COMMIT,
					PAGE_READWRITE);
		break;
	case PAGE_STATE_GOOD:
		break;
	}
}

static void zone_reset(void)
{
	PVOID base = zone + PAGE_BYTES;
	SIZE_T bytes = PAGE_BYTES;
	ULONG free_type = region_at(base).State == MEM_FREE ? MEM_RESERVE : 0;

	NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_COMMIT | free_type,
				PAGE_READWRITE);
	memset(zone, 0, 2 * PAGE_BYTES);
}

/* The parameter moved to `address` in the zone, contents included. */
static void case_in_zone(const struct call *call, unsigned argument, unsigned place, char *address,
			 enum verdict verdict)
{
	uint64_t arguments[CALL_ARGUMENTS];
	size_t bytes;

	call_prepare(call, arguments);
	bytes = parameter_bytes(&call->parameters[argument], arguments);
	zone_reset();
	if (arguments[argument])
		memcpy(address, (void *)(uintptr_t)arguments[argument], bytes);
	arguments[argument] = (uintptr_t)address;
	zone_set(pages[place].state);
	case_run(call, argument, arguments, pages[place].name, verdict);
}

static void try_pages(const struct call *call, unsigned argument)
{
	const struct call_parameter *parameter = &call->parameters[argument];
	uint64_t arguments[CALL_ARGUMENTS];
	size_t bytes;

	call_prepare(call, arguments);
	bytes = parameter_bytes(parameter, arguments);
	for (unsigned i = 0; i < COUNT_OF(pages); i++) {
		bool fails = (parameter_is_read(parameter) && pages[i].fails_read) ||
			     (parameter_is_written(parameter) && pages[i].fails_write);
		enum verdict verdict = fails ? MUST_FAIL : MUST_NOT_FAULT;

		/* a structure of its own goes on behind what was copied */
		if (!fails && parameter->kind == PARAMETER_STRUCTURE)
			verdict = MAY_DO_EITHER;
		/* what an untouched page says, 0, is no address to lock: the same status */
		if (pages[i].state == PAGE_STATE_UNTOUCHED &&
		    !strcmp(call->name, "NtLockVirtualMemory"))
			verdict = MAY_DO_EITHER;
		case_in_zone(call, argument, i, zone + PAGE_BYTES, verdict);
		case_in_zone(call, argument, i, zone + PAGE_BYTES + 1 - bytes, verdict);
	}
	/* at 1, 2 and 4 bytes from where it would be aligned */
	for (unsigned offset = 1; offset <= 4; offset *= 2)
		case_in_zone(call, argument, COUNT_OF(pages) - 1, zone + offset,
			     parameter->kind == PARAMETER_STRUCTURE ? MAY_DO_EITHER
								    : MUST_NOT_FAULT);
}

static void try_addresses(const struct call *call, unsigned argument)
{
	uint64_t arguments[CALL_ARGUMENTS];

	for (unsigned i = 0; i < COUNT_OF(addresses); i++) {
		call_prepare(call, arguments);
		arguments[argument] = addresses[i].address;
		case_run(call, argument, arguments, addresses[i].name, MUST_FAIL);
	}
	call_prepare(call, arguments);
	arguments[argument] =
		USER_LIMIT - parameter_bytes(&call->parameters[argument], arguments) / 2;
	case_run(call, argument, arguments, "half beyond the user limit", MUST_FAIL);
	if (call->parameters[argument].bytes == sizeof(CONTEXT))
		return; /* that page may name registers: the thread would go on anywhere */
	call_prepare(call, arguments);
	arguments[argument] = SHARED_DATA_ADDRESS;
	case_run(call, argument, arguments, "the shared data page",
		 parameter_is_written(&call->parameters[argument]) ? MUST_FAIL : MAY_DO_EITHER);
}

/* Buffers: lengths that wrap, that are cut to 32 bits, that are 0 with a bad address. */
static void try_lengths(const struct call *call, unsigned argument)
{
	unsigned length = call->parameters[argument].length_argument;

	for (unsigned i = 0; i < COUNT_OF(lengths); i++) {
		uint64_t arguments[CALL_ARGUMENTS];

		call_prepare(call, arguments);
		zone_reset();
		zone_set(PAGE_STATE_NO_ACCESS);
		arguments[argument] = (uintptr_t)zone + PAGE_BYTES - 64;
		arguments[length] = lengths[i];
		case_run(call, argument, arguments, "a length", MAY_DO_EITHER);
		call_prepare(call, arguments);
		arguments[argument] = USER_LIMIT;
		arguments[length] = lengths[i];
		case_run(call, argument, arguments, "a length with a bad address", MAY_DO_EITHER);
	}
}

/* All pointers the same: outputs over inputs. */
static void try_overlap(const struct call *call)
{
	uint64_t arguments[CALL_ARGUMENTS];

	call_prepare(call, arguments);
	zone_reset();
	for (unsigned i = 0; i < call->argument_count; i++) {
		if (!parameter_is_pointer(&call->parameters[i]) ||
		    call->parameters[i].kind == PARAMETER_STRUCTURE)
			continue;
		memcpy(zone, (void *)(uintptr_t)arguments[i],
		       parameter_bytes(&call->parameters[i], arguments));
		arguments[i] = (uintptr_t)zone;
	}
	case_run(call, 0, arguments, "one address for all", MAY_DO_EITHER);
}

/* Processes and threads are opened by id: nobody looks at their name. */
static bool is_opened_by_id(const struct call *call)
{
	return !strcmp(call->name, "NtOpenProcess") || !strcmp(call->name, "NtOpenThread");
}

/* Object attributes that lie in good memory and point to bad: the name, and the name's text. */
static void try_names(const struct call *call, unsigned argument)
{
	for (unsigned i = 0; i < COUNT_OF(addresses); i++) {
		uint64_t arguments[CALL_ARGUMENTS];
		OBJECT_ATTRIBUTES *attributes;
		UNICODE_STRING name = {10, 12, (WCHAR *)addresses[i].address};

		if (!addresses[i].address)
			continue; /* no name */
		call_prepare(call, arguments);
		attributes = (OBJECT_ATTRIBUTES *)(uintptr_t)arguments[argument];
		*attributes = (OBJECT_ATTRIBUTES){
			.Length = sizeof(*attributes),
			.ObjectName = (UNICODE_STRING *)addresses[i].address,
		};
		case_run(call, argument, arguments, "the name's address",
			 is_opened_by_id(call) ? MAY_DO_EITHER : MUST_FAIL);
		attributes->ObjectName = &name;
		case_run(call, argument, arguments, "the address of the name's text",
			 is_opened_by_id(call) ? MAY_DO_EITHER : MUST_FAIL);
	}
}

/* A text that lies in good memory, its characters in bad. */
static void try_texts(const struct call *call, unsigned argument)
{
	for (unsigned i = 0; i < COUNT_OF(addresses); i++) {
		uint64_t arguments[CALL_ARGUMENTS];

		call_prepare(call, arguments);
		((UNICODE_STRING *)(uintptr_t)arguments[argument])->Buffer =
			(WCHAR *)(uintptr_t)addresses[i].address;
		case_run(call, argument, arguments, "the address of the text", MUST_FAIL);
	}
}

/* What the attribute list of NtCreateUserProcess points to: the program's name, and a result. */
static void try_attribute_list(const struct call *call)
{
	const unsigned argument = 10;

	for (unsigned i = 0; i < COUNT_OF(addresses); i++) {
		uint64_t arguments[CALL_ARGUMENTS];
		const void *address = (void *)(uintptr_t)addresses[i].address;
		struct {
			SIZE_T total_bytes;
			struct ps_attribute image_name, client_id;
		} list = {.total_bytes = sizeof(list)};

		call_prepare(call, arguments);
		list.image_name = *(struct ps_attribute *)(uintptr_t)(arguments[argument] +
								      sizeof(list.total_bytes));
		list.client_id = (struct ps_attribute){PS_ATTRIBUTE_CLIENT_ID, sizeof(CLIENT_ID),
						       address, NULL};
		arguments[argument] = (uintptr_t)&list;
		case_run(call, argument, arguments, "the client id's address", MUST_FAIL);
		list.client_id = list.image_name;
		list.image_name.value = address;
		list.total_bytes -= sizeof(list.client_id);
		case_run(call, argument, arguments, "the address of the program's name", MUST_FAIL);
	}
}

/* ---- the child: one call ---- */

static NTSTATUS try_call(const char *name)
{
	uint64_t arguments[CALL_ARGUMENTS];
	struct call call;
	NTSTATUS status;

	if (!call_find(name, &call))
		return STATUS_OBJECT_NAME_NOT_FOUND;
	calls_init();
	zone = memory_need(GRANULARITY_BYTES + PAGE_BYTES) + GRANULARITY_BYTES - PAGE_BYTES;
	touch_own_pages();
	call_prepare(&call, arguments);
	status = call_perform(&call, arguments);
	if (!NT_SUCCESS(status))
		complain(&call, 0, "valid arguments", "refused", status);
	for (unsigned i = 0; i < call.argument_count; i++) {
		const struct call_parameter *parameter = &call.parameters[i];

		if (!parameter_is_pointer(parameter))
			continue;
		try_addresses(&call, i);
		try_pages(&call, i);
		if (parameter->kind == PARAMETER_OUTPUT_BUFFER ||
		    parameter->kind == PARAMETER_INPUT_BUFFER)
			try_lengths(&call, i);
		if (parameter->kind == PARAMETER_ATTRIBUTES)
			try_names(&call, i);
	}
	if (!strcmp(name, "NtDisplayString"))
		try_texts(&call, 0);
	if (!strcmp(name, "NtQueryDirectoryFile"))
		try_texts(&call, 9);
	if (!strcmp(name, "NtCreateUserProcess"))
		try_attribute_list(&call);
	try_overlap(&call);
	print("# %s: %u cases\n", name, cases);
	return (NTSTATUS)complaints;
}

/* ---- the parent ---- */

static bool has_pointer(const struct call *call)
{
	bool result = false;

	for (unsigned i = 0; i < call->argument_count; i++)
		result |= parameter_is_pointer(&call->parameters[i]);
	return result;
}

/*
 * catches: a copy that bypasses the checked ones, a probe of the first byte only, a handle or a
 * charge that stays when the last store fails
 */
static void test_all(void)
{
	for (size_t i = 0; i < calls_count(); i++) {
		struct call call = call_at(i);
		char line[80];

		if (!has_pointer(&call))
			continue;
		if (!system_is_quire()) {
			tap_skip(1, "Wine runs part of the calls in the caller");
			continue;
		}
		if (!call_is_known(&call)) {
			tap_ok(false, "%s has no valid arguments in calls*.c", call.name);
			continue;
		}
		format_text(line, sizeof(line), "call %s", call.name);
		tap_is_status(child_run_self(line), STATUS_SUCCESS, "%s with bad pointers",
			      call.name);
	}
}

/* catches: damage that shows later */
static void test_afterwards(void)
{
	struct quire_balance balance;

	if (!system_is_quire())
		return;
	tap_is_status(NtQuerySystemInformation(QUIRE_SYSTEM_CHECK, &balance, sizeof(balance), NULL),
		      STATUS_SUCCESS, "the kernel's books are in order");
}

int program_main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "call"))
		return try_call(argv[2]);
	tap_start("bad pointers");
	test_all();
	test_afterwards();
	return tap_finish();
}
