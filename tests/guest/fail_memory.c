/*
 * fail_memory.c - every kind of memory, and everything that is done to memory: each pair is a
 * scenario, page faults among them.
 */
#include <string.h>

#include "fail_groups.h"
#include "format.h"

#define PAGES 5u
#define BYTES (PAGES * PAGE_BYTES)
#define FAR_APART 0x40000000ull /* a page-directory table of its own */

/* ---- kinds of memory ---- */

static struct memory {
	char *at, *second; /* second: another allocation, if it was split */
	HANDLE section, file;
	ULONG allocation_type; /* of private memory; 0: a view */
	bool is_apart;	       /* its pages are FAR_APART */
	bool is_read_only;
	bool is_committed; /* its first page */
} it;

static NTSTATUS allocate(ULONG type, SIZE_T bytes, ULONG protection)
{
	PVOID base = NULL;
	NTSTATUS status =
		NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, type, protection);

	it.allocation_type = type;
	it.at = base;
	return status;
}

static NTSTATUS make_private(void)
{
	return allocate(MEM_RESERVE | MEM_COMMIT, BYTES, PAGE_READWRITE);
}

static NTSTATUS make_watched(void)
{
	return allocate(MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH, BYTES, PAGE_READWRITE);
}

static NTSTATUS commit_page(char *at)
{
	PVOID base = at;
	SIZE_T bytes = PAGE_BYTES;

	return NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_COMMIT,
				       PAGE_READWRITE);
}

static void memory_drop_it(void);

/* The middle page stays reserved until commit_middle. */
static NTSTATUS make_in_parts(void)
{
	NTSTATUS status = allocate(MEM_RESERVE, BYTES, PAGE_NOACCESS);

	for (unsigned i = 0; NT_SUCCESS(status) && i < PAGES; i++)
		status = commit_page(it.at + (PAGES - 1 - i) * PAGE_BYTES);
	if (!NT_SUCCESS(status))
		memory_drop_it();
	return status;
}

static NTSTATUS make_apart(void)
{
	NTSTATUS status = allocate(MEM_RESERVE, PAGES * FAR_APART, PAGE_NOACCESS);

	it.is_apart = true;
	for (unsigned i = 0; NT_SUCCESS(status) && i < PAGES; i++)
		status = commit_page(it.at + i * FAR_APART);
	if (!NT_SUCCESS(status))
		memory_drop_it();
	return status;
}

static NTSTATUS make_view(uint64_t bytes, ULONG attributes, ULONG section_protection,
			  ULONG protection)
{
	PVOID base = NULL;
	SIZE_T view_bytes = 0;
	NTSTATUS status = section_make(&it.section, bytes, section_protection, attributes, it.file);

	if (NT_SUCCESS(status))
		status = NtMapViewOfSection(it.section, CURRENT_PROCESS, &base, 0, 0, NULL,
					    &view_bytes, ViewShare, 0, protection);
	it.at = base;
	if (!NT_SUCCESS(status))
		memory_drop_it();
	return NT_SUCCESS(status) ? STATUS_SUCCESS : status;
}

static NTSTATUS make_shared(void)
{
	return make_view(BYTES, SEC_COMMIT, PAGE_READWRITE, PAGE_READWRITE);
}

static NTSTATUS make_shared_copied(void)
{
	return make_view(BYTES, SEC_COMMIT, PAGE_READWRITE, PAGE_WRITECOPY);
}

static NTSTATUS make_shared_reserved(void)
{
	NTSTATUS status = make_view(BYTES, SEC_RESERVE, PAGE_READWRITE, PAGE_READWRITE);

	for (unsigned i = 0; NT_SUCCESS(status) && i < PAGES; i++)
		status = commit_page(it.at + i * PAGE_BYTES);
	if (!NT_SUCCESS(status))
		memory_drop_it();
	return status;
}

/* A section so large that its state words need tables of their own. */
static NTSTATUS make_shared_large(void)
{
	return make_view(0x40000000, SEC_RESERVE, PAGE_READWRITE, PAGE_READWRITE);
}

static NTSTATUS open_file(const char *path, ACCESS_MASK access)
{
	OBJECT_ATTRIBUTES attributes;
	UNICODE_STRING name;
	static WCHAR text[64];
	IO_STATUS_BLOCK io;
	size_t length = 0;

	for (; path[length]; length++)
		text[length] = (unsigned char)path[length];
	text[length] = 0;
	RtlInitUnicodeString(&name, text);
	InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
	return NtOpenFile(&it.file, access | SYNCHRONIZE, &attributes, &io,
			  FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_SYNCHRONOUS_IO_NONALERT);
}

static NTSTATUS make_file(ULONG section_protection, ULONG protection, const char *path,
			  ACCESS_MASK access, ULONG attributes)
{
	NTSTATUS status = open_file(path, access);

	if (NT_SUCCESS(status))
		status = make_view(0, attributes, section_protection, protection);
	if (!NT_SUCCESS(status) && it.file)
		NtClose(it.file);
	if (!NT_SUCCESS(status))
		it.file = NULL;
	return status;
}

#define OWN_FILE "\\??\\C:\\data\\scratch1.bin"

static NTSTATUS make_file_read(void)
{
	it.is_read_only = true;
	return make_file(PAGE_READONLY, PAGE_READONLY, OWN_FILE, FILE_READ_DATA, SEC_COMMIT);
}

static NTSTATUS make_file_written(void)
{
	return make_file(PAGE_READWRITE, PAGE_READWRITE, OWN_FILE,
			 FILE_READ_DATA | FILE_WRITE_DATA, SEC_COMMIT);
}

static NTSTATUS make_file_copied(void)
{
	return make_file(PAGE_WRITECOPY, PAGE_WRITECOPY, OWN_FILE, FILE_READ_DATA, SEC_COMMIT);
}

static NTSTATUS make_image(void)
{
	it.is_read_only = true;
	return make_file(PAGE_EXECUTE_READ, PAGE_EXECUTE_READ, "\\??\\C:\\bin\\hello.exe",
			 FILE_READ_DATA | FILE_EXECUTE, SEC_IMAGE);
}

static void memory_drop_it(void)
{
	PVOID base = it.at;
	SIZE_T bytes = 0;

	if (it.allocation_type && base)
		NtFreeVirtualMemory(CURRENT_PROCESS, &base, &bytes, MEM_RELEASE);
	else if (base)
		NtUnmapViewOfSection(CURRENT_PROCESS, base);
	base = it.second;
	bytes = 0;
	if (base)
		NtFreeVirtualMemory(CURRENT_PROCESS, &base, &bytes, MEM_RELEASE);
	if (it.section)
		NtClose(it.section);
	it.at = it.second = NULL;
	it.section = NULL;
}

static const struct kind {
	const char *name;
	NTSTATUS (*make)(void);
} memory_kinds[] = {
	{"private", make_private},
	{"watched", make_watched},
	{"committed in parts", make_in_parts},
	{"far apart", make_apart},
	{"shared", make_shared},
	{"shared, copied on write", make_shared_copied},
	{"shared, reserved", make_shared_reserved},
	{"shared, 1 GiB", make_shared_large},
	{"a file, read", make_file_read},
	{"a file, written", make_file_written},
	{"a file, copied on write", make_file_copied},
	{"an image", make_image},
};

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

	if (it.allocation_type || !it.is_committed)
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

static const struct act {
	const char *name;
	NTSTATUS (*perform)(void);
	bool is_after_write; /* its pages are there */
} acts[] = {
	{"read", do_read, false},
	{"written", do_write, false},
	{"a page read-only", do_protect_read, true},
	{"a page without access", do_protect_nothing, false},
	{"a page of another kind", do_protect_copy, true},
	{"locked", do_lock, false},
	{"whose is it", do_query_name, false},
	{"copied from", do_copy_out_of_it, false},
	{"copied to", do_copy_into_it, false},
	{"with a result of a call", do_pass_to_a_call, false},
	{"prefetched", do_prefetch, false},
	{"flushed", do_flush, true},
	{"a page decommitted", do_decommit_middle, true},
	{"a page released", do_release_middle, true},
	{"cloned", do_clone, true},
	{"emptied and read", do_empty_and_read, true},
};

/* ---- scenarios ---- */

struct pair {
	const struct kind *kind;
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

/* A page whose data cannot come is told by the copies as a partial copy. */
#define ABSORBED ((1u << QUIRE_FAIL_COPY_OUT))

static void pair_run(const struct kind *kind, const struct act *act)
{
	static struct pair pair;
	static char title[100];
	struct scenario scenario = {.name = title,
				    .prepare = pair_prepare,
				    .perform = pair_perform,
				    .undo = pair_undo,
				    .context = &pair,
				    .absorbed = ABSORBED,
				    .also = {STATUS_PARTIAL_COPY, STATUS_IN_PAGE_ERROR}};

	pair = (struct pair){kind, act};
	format_text(title, sizeof(title), "memory, %s, %s", kind->name, act ? act->name : "made");
	scenario_run(&scenario);
}

void fail_memory_run(void)
{
	PVOID handler = faults_note();

	for (size_t i = 0; i < COUNT_OF(memory_kinds); i++) {
		pair_run(&memory_kinds[i], NULL);
		for (size_t j = 0; j < COUNT_OF(acts); j++)
			pair_run(&memory_kinds[i], &acts[j]);
	}
	RtlRemoveVectoredExceptionHandler(handler);
}
