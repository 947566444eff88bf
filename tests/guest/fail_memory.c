/*
 * fail_memory.c - every kind of memory, and everything that is done to memory: each pair is a
 * scenario, page faults among them.
 */
#include <string.h>

#include "fail_groups.h"
#include "fail_kinds.h"
#include "format.h"

/* ---- what is done to it ---- */

static char *page_at(unsigned index)
{
	return it.at + index * (it.is_apart ? FAR_APART : PAGE_BYTES);
}

static NTSTATUS touch(bool write)
{
	for (unsigned i = 0; i < PAGES; i += 2) {
		volatile char *byte = page_at(i) + i;

		if (write)
			*byte = (char)i;
		else
			(void)*byte;
	}
	return touch_status;
}

static NTSTATUS do_read(void)
{
	return it.is_committed ? touch(false) : commit_page(it.at + 2 * PAGE_BYTES);
}

static NTSTATUS do_write(void)
{
	if (it.is_read_only)
		return touch(false);
	return it.is_committed ? touch(true) : commit_page(it.at);
}

static NTSTATUS do_protect(ULONG protection)
{
	PVOID base = page_at(2);
	SIZE_T bytes = PAGE_BYTES;
	ULONG old;

	if (!it.is_committed)
		return STATUS_SUCCESS;
	return NtProtectVirtualMemory(CURRENT_PROCESS, &base, &bytes, protection, &old);
}

static NTSTATUS do_protect_read(void)
{
	return do_protect(PAGE_READONLY);
}

static NTSTATUS do_protect_nothing(void)
{
	return do_protect(PAGE_NOACCESS);
}

/* Views of files and images are copied on write from here on. */
static NTSTATUS do_protect_copy(void)
{
	return it.allocation_type ? do_protect(PAGE_EXECUTE_READWRITE)
				  : do_protect(it.is_read_only ? PAGE_READONLY : PAGE_WRITECOPY);
}

static NTSTATUS do_lock(void)
{
	PVOID base = page_at(0);
	SIZE_T bytes = PAGE_BYTES;

	if (!it.is_committed)
		return STATUS_SUCCESS;
	return NtLockVirtualMemory(CURRENT_PROCESS, &base, &bytes, 1);
}

static NTSTATUS do_query_name(void)
{
	static char buffer[600];

	if (it.allocation_type || !it.file)
		return STATUS_SUCCESS;
	return NtQueryVirtualMemory(CURRENT_PROCESS, it.at, 2, buffer, sizeof(buffer), NULL);
}

static NTSTATUS do_copy_out_of_it(void)
{
	static char buffer[2 * PAGE_BYTES];
	SIZE_T done;

	if (!it.is_committed || it.is_apart)
		return STATUS_SUCCESS;
	return NtReadVirtualMemory(CURRENT_PROCESS, it.at, buffer, sizeof(buffer), &done);
}

static NTSTATUS do_copy_into_it(void)
{
	static char buffer[2 * PAGE_BYTES];
	SIZE_T done;

	if (!it.is_committed || it.is_apart || it.is_read_only)
		return STATUS_SUCCESS;
	return NtWriteVirtualMemory(CURRENT_PROCESS, it.at, buffer, sizeof(buffer), &done);
}

/* A system call that reads its argument from it, and writes its result to it. */
static NTSTATUS do_pass_to_a_call(void)
{
	if (it.is_read_only || !it.is_committed)
		return STATUS_SUCCESS;
	return NtQuerySystemTime((LARGE_INTEGER *)(void *)(page_at(0) + PAGE_BYTES - 4 - 4));
}

static NTSTATUS do_prefetch(void)
{
	struct memory_range_entry range = {it.at, PAGE_BYTES};
	ULONG flags = 0;

	if (!it.is_committed)
		return STATUS_SUCCESS;
	return NtSetInformationVirtualMemory(CURRENT_PROCESS, VM_PREFETCH_INFORMATION, 1, &range,
					     &flags, sizeof(flags));
}

static NTSTATUS do_flush(void)
{
	PVOID base = it.at;
	SIZE_T bytes = PAGE_BYTES;
	IO_STATUS_BLOCK io;

	if (it.allocation_type || it.is_read_only || !it.is_committed)
		return STATUS_SUCCESS;
	return NtFlushVirtualMemory(CURRENT_PROCESS, &base, &bytes, &io);
}

static NTSTATUS do_decommit_middle(void)
{
	PVOID base = page_at(2);
	SIZE_T bytes = PAGE_BYTES;

	if (!it.allocation_type)
		return STATUS_SUCCESS;
	return NtFreeVirtualMemory(CURRENT_PROCESS, &base, &bytes, MEM_DECOMMIT);
}

/* Two allocations are left. */
static NTSTATUS do_release_middle(void)
{
	PVOID base = page_at(2);
	SIZE_T bytes = PAGE_BYTES;

	if (!it.allocation_type || (it.allocation_type & MEM_WRITE_WATCH))
		return STATUS_SUCCESS;
	it.second = (char *)base + PAGE_BYTES;
	return NtFreeVirtualMemory(CURRENT_PROCESS, &base, &bytes, MEM_RELEASE);
}

static NTSTATUS do_clone(void)
{
	HANDLE process;
	NTSTATUS status = NtCreateProcessEx(&process, PROCESS_ALL_ACCESS, NULL, CURRENT_PROCESS, 4,
					    NULL, NULL, NULL, 0);

	if (NT_SUCCESS(status))
		NtClose(process);
	return status;
}

static NTSTATUS do_empty_and_read(void)
{
	QUOTA_LIMITS limits = {.MinimumWorkingSetSize = (SIZE_T)-1,
			       .MaximumWorkingSetSize = (SIZE_T)-1};
	NTSTATUS status = NtSetInformationProcess(CURRENT_PROCESS, ProcessQuotaLimits, &limits,
						  sizeof(limits));

	return NT_SUCCESS(status) ? do_read() : status;
}

/* Nobody is told what becomes of a hint. */
#define A_HINT (1u << QUIRE_FAIL_FRAME | 1u << QUIRE_FAIL_READ | 1u << QUIRE_FAIL_SHORT)

static const struct act {
	const char *name;
	NTSTATUS (*perform)(void);
	bool is_after_write; /* its pages are there */
	bool touches;
	uint32_t absorbed; /* kinds, beside ABSORBED */
} acts[] = {
	{"read", do_read, false, true, 0},
	{"written", do_write, false, true, 0},
	{"a page read-only", do_protect_read, true, false, 0},
	{"a page without access", do_protect_nothing, false, false, 0},
	{"a page of another kind", do_protect_copy, true, false, 0},
	{"locked", do_lock, false, false, 0},
	{"whose is it", do_query_name, false, false, 0},
	{"copied from", do_copy_out_of_it, false, false, 0},
	{"copied to", do_copy_into_it, false, false, 0},
	{"with a result of a call", do_pass_to_a_call, false, false, 0},
	{"prefetched", do_prefetch, false, false, A_HINT},
	{"flushed", do_flush, true, false, 0},
	{"a page decommitted", do_decommit_middle, true, false, 0},
	{"a page released", do_release_middle, true, false, 0},
	{"cloned", do_clone, true, false, 0},
	{"emptied and read", do_empty_and_read, true, true, 0},
};

/* ---- scenarios ---- */

struct pair {
	const struct memory_kind *kind;
	const struct act *act; /* NULL: it is made */
};

static void pair_prepare(void *context)
{
	const struct pair *pair = context;

	it = (struct memory){0};
	if (!pair->act)
		return;
	if (!NT_SUCCESS(pair->kind->make()))
		bail_out(pair->kind->name, STATUS_UNSUCCESSFUL);
	it.is_committed = region_at(it.at).State == MEM_COMMIT;
	if (pair->act->is_after_write)
		do_write();
}

static NTSTATUS pair_perform(void *context)
{
	const struct pair *pair = context;

	touch_status = STATUS_SUCCESS;
	return pair->act ? pair->act->perform() : pair->kind->make();
}

static void pair_undo(void *context, NTSTATUS status)
{
	(void)context;
	(void)status;
	memory_drop_it();
	if (it.file)
		NtClose(it.file);
	it.file = NULL;
}

/* What is done cannot be undone when its results cannot be written. */
#define ABSORBED (1u << QUIRE_FAIL_COPY_OUT)

static void pair_run(const struct memory_kind *kind, const struct act *act)
{
	static struct pair pair;
	static char title[100];
	struct scenario scenario = {.name = title,
				    .prepare = pair_prepare,
				    .perform = pair_perform,
				    .undo = pair_undo,
				    .context = &pair,
				    .absorbed = ABSORBED | (act ? act->absorbed : 0),
				    .also = {STATUS_PARTIAL_COPY, STATUS_IN_PAGE_ERROR},
				    .kinds = act && act->touches ? BUT_COPIES : 0};

	pair = (struct pair){kind, act};
	format_text(title, sizeof(title), "memory, %s, %s", kind->name, act ? act->name : "made");
	scenario_run(&scenario);
}

void fail_memory_run(void)
{
	PVOID handler = faults_note();

	for (size_t i = 0; i < memory_kinds_count; i++) {
		pair_run(&memory_kinds[i], NULL);
		for (size_t j = 0; j < COUNT_OF(acts); j++)
			pair_run(&memory_kinds[i], &acts[j]);
	}
	RtlRemoveVectoredExceptionHandler(handler);
}
