/*
 * inspect.c - commands that look into processes and memory, through NT's classes and those of
 * nt/quire.h.
 */
#include "commands.h"
#include "console.h"
#include "process_id.h"
#include "system.h"

#define MAX_ENTRIES 128

bool process_open_argument(int argc, char **argv, ACCESS_MASK access, HANDLE *process)
{
	OBJECT_ATTRIBUTES attributes;
	CLIENT_ID id = {NULL, NULL};
	uintptr_t number = 0;
	const char *digit;
	NTSTATUS status;

	if (argc < 2) {
		*process = CURRENT_PROCESS;
		return true;
	}
	for (digit = argv[1]; *digit >= '0' && *digit <= '9'; digit++)
		number = number * 10 + (uintptr_t)(*digit - '0');
	if (*digit || digit == argv[1]) {
		print("%s: the number of a process is expected; ps lists them\n", argv[1]);
		return false;
	}
	id.UniqueProcess = (HANDLE)number;
	InitializeObjectAttributes(&attributes, NULL, 0, NULL, NULL);
	status = NtOpenProcess(process, access, &attributes, &id);
	if (!NT_SUCCESS(status))
		complain(argv[1], status);
	return NT_SUCCESS(status);
}

static void process_close(HANDLE process)
{
	if (process != CURRENT_PROCESS)
		NtClose(process);
}

void command_ps(int argc, char **argv)
{
	static struct quire_process_entry entries[MAX_ENTRIES];
	ULONG bytes = 0;
	NTSTATUS status =
		NtQuerySystemInformation(QUIRE_SYSTEM_PROCESSES, entries, sizeof(entries), &bytes);

	(void)argc;
	(void)argv;
	if (!NT_SUCCESS(status)) {
		complain("ps", status);
		return;
	}
	print("%6s %6s %7s %7s %5s %11s %9s %9s %14s  %s\n", "pid", "parent", "threads", "handles",
	      "views", "working set", "commit", "faults", "ticks", "name");
	for (unsigned i = 0; i < bytes / sizeof(entries[0]); i++) {
		const struct quire_process_entry *entry = &entries[i];

		print("%6llu %6llu %7llu %7llu %5llu %11llu %9llu %9llu %14llu  %s\n",
		      (unsigned long long)entry->id, (unsigned long long)entry->parent_id,
		      (unsigned long long)entry->threads, (unsigned long long)entry->handles,
		      (unsigned long long)entry->views, (unsigned long long)entry->resident_pages,
		      (unsigned long long)entry->commit_pages, (unsigned long long)entry->faults,
		      (unsigned long long)entry->run_ticks, entry->name);
	}
}

/* ---- views ---- */

static const char *protection_text(ULONG protection)
{
	switch (protection & 0xFF) {
	case PAGE_NOACCESS:
		return "none";
	case PAGE_READONLY:
		return "r";
	case PAGE_READWRITE:
		return "rw";
	case PAGE_WRITECOPY:
		return "rc";
	case PAGE_EXECUTE:
		return "x";
	case PAGE_EXECUTE_READ:
		return "rx";
	case PAGE_EXECUTE_READWRITE:
		return "rwx";
	case PAGE_EXECUTE_WRITECOPY:
		return "rcx";
	default:
		return "-";
	}
}

static const char *type_text(ULONG type)
{
	return type == MEM_IMAGE ? "image" : type == MEM_MAPPED ? "section" : "private";
}

void command_views(int argc, char **argv)
{
	MEMORY_BASIC_INFORMATION region;
	uint64_t address = GRANULARITY_BYTES;
	HANDLE process;

	if (!process_open_argument(argc, argv, PROCESS_QUERY_INFORMATION, &process))
		return;
	print("%-16s %12s  %-9s %-8s %-10s (c: copied when written)\n", "address", "KiB", "state",
	      "kind", "protection");
	while (address < USER_LIMIT &&
	       NT_SUCCESS(NtQueryVirtualMemory(process, (const void *)address,
					       MemoryBasicInformation, &region, sizeof(region),
					       NULL)) &&
	       region.RegionSize) {
		if (region.State != MEM_FREE)
			print("%016llx %'12llu  %-9s %-8s %s%s%s\n",
			      (unsigned long long)(uintptr_t)region.BaseAddress,
			      (unsigned long long)region.RegionSize / 1024,
			      region.State == MEM_COMMIT ? "committed" : "reserved",
			      type_text(region.Type), protection_text(region.Protect),
			      region.Protect & PAGE_GUARD ? " guard" : "",
			      region.BaseAddress == region.AllocationBase ? "  <- start" : "");
		address = (uint64_t)(uintptr_t)region.BaseAddress + region.RegionSize;
	}
	process_close(process);
}

void command_handles(int argc, char **argv)
{
	static struct quire_handle_entry entries[MAX_ENTRIES];
	ULONG bytes = 0;
	HANDLE process;
	NTSTATUS status;

	if (!process_open_argument(argc, argv, PROCESS_QUERY_INFORMATION, &process))
		return;
	status = NtQueryInformationProcess(process, QUIRE_PROCESS_HANDLES, entries, sizeof(entries),
					   &bytes);
	process_close(process);
	if (!NT_SUCCESS(status)) {
		complain("handles", status);
		return;
	}
	print("%10s %10s %10s  %-12s %s\n", "handle", "access", "attributes", "type", "name");
	for (unsigned i = 0; i < bytes / sizeof(entries[0]); i++)
		print("0x%08llx   %08x   %08x  %-12s %s\n", (unsigned long long)entries[i].handle,
		      entries[i].granted_access, entries[i].attributes, entries[i].type,
		      entries[i].name);
}

/* ---- numbers ---- */

static void row(const char *name, uint64_t value)
{
	print("  %-22s %'14llu\n", name, (unsigned long long)value);
}

static void fault_rows(const uint64_t *by_class)
{
	for (unsigned i = 0; i < QUIRE_FAULT_CLASSES; i++)
		row(fault_class_names[i], by_class[i]);
}

void command_faults(int argc, char **argv)
{
	struct quire_fault_counts counts;
	HANDLE process;
	NTSTATUS status;

	if (!process_open_argument(argc, argv, PROCESS_QUERY_INFORMATION, &process))
		return;
	status = NtQueryInformationProcess(process, QUIRE_PROCESS_FAULT_COUNTS, &counts,
					   sizeof(counts), NULL);
	process_close(process);
	if (!NT_SUCCESS(status)) {
		complain("faults", status);
		return;
	}
	fault_rows(counts.by_class);
	row("resident pages", counts.resident_pages);
	row("page-table frames", counts.table_frames);
	row("commit pages", counts.commit_pages);
}
