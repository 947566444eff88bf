/*
 * memory.c - `mem`: what memory is used for, what was promised, what goes between memory and disk,
 * and who has most of it. The headings of the first table are RAMMap's.
 */
#include "commands.h"
#include "console.h"
#include "system.h"

#define MAX_PROCESSES 128
#define PROCESSES_SHOWN 8u
#define PAGE_KIB (PAGE_BYTES / 1024u)

static void heading(const char *name)
{
	print("%-24s %12s %14s\n", name, "pages", "KiB");
}

static void pages_row(const char *name, uint64_t pages)
{
	print("  %-22s %'12llu %'14llu\n", name, (unsigned long long)pages,
	      (unsigned long long)(pages * PAGE_KIB));
}

static void row(const char *name, uint64_t value)
{
	print("  %-22s %'12llu\n", name, (unsigned long long)value);
}

/* Each frame is in one row. A page that is being read, written or made is in transition. */
static void show_frames(const struct quire_memory *memory)
{
	heading("memory");
	pages_row("active", memory->active);
	pages_row("standby", memory->standby);
	pages_row("modified", memory->modified);
	pages_row("transition", memory->reading + memory->writing + memory->held);
	pages_row("zeroed", memory->zeroed);
	pages_row("free", memory->free);
	pages_row("page table", memory->table);
	pages_row("pool", memory->pool_pages);
	pages_row("kernel", memory->kernel - memory->pool_pages);
	pages_row("all", memory->frames_total);
}

static void show_commit(const struct quire_memory *memory, const struct quire_paging *paging)
{
	heading("commit");
	pages_row("promised", memory->commit);
	pages_row("at most so far", memory->commit_peak);
	pages_row("limit", memory->commit_limit);
	heading("page file");
	pages_row("size", paging->pagefile_slots);
	pages_row("used", paging->pagefile_used);
	pages_row("at most so far", paging->pagefile_peak);
}

static void show_paging(const struct quire_paging *paging)
{
	print("pages since the start\n");
	row("read", paging->pages_in);
	row("of them ahead", paging->pages_read_ahead);
	row("written", paging->pages_out);
	row("not written: errors", paging->write_failures);
	row("trimmed", paging->trimmed);
	row("evicted", paging->evicted);
	print("disk since the start\n");
	row("reads", paging->disk_reads);
	row("writes", paging->disk_writes);
	row("errors", paging->disk_errors);
	row("pages read", paging->disk_pages_read);
	row("pages written", paging->disk_pages_written);
	print("faults since the start\n");
	row("joined a read", paging->collided);
}

static void show_kernel(const struct quire_memory *memory)
{
	for (unsigned i = 0; i < QUIRE_FAULT_CLASSES; i++)
		row(fault_class_names[i], memory->faults[i]);
	print("kernel\n");
	row("pool bytes", memory->pool_bytes);
	row("pool blocks", memory->pool_blocks);
	row("processes", memory->processes);
	row("threads", memory->threads);
	row("handles", memory->handles);
	row("views", memory->views);
	row("segments", memory->segments);
}

/* ---- the largest processes ---- */

/* The one with the largest working set among those not shown yet, or NULL. */
static struct quire_process_entry *largest(struct quire_process_entry *entries, unsigned count)
{
	struct quire_process_entry *found = NULL;

	for (unsigned i = 0; i < count; i++) {
		if (entries[i].name[0] &&
		    (!found || entries[i].resident_pages > found->resident_pages))
			found = &entries[i];
	}
	return found;
}

static void show_processes(void)
{
	static struct quire_process_entry entries[MAX_PROCESSES];
	struct quire_process_entry *entry;
	ULONG bytes = 0;
	NTSTATUS status =
		NtQuerySystemInformation(QUIRE_SYSTEM_PROCESSES, entries, sizeof(entries), &bytes);
	/* of more than fit, those that fit */
	unsigned count = bytes < sizeof(entries) ? bytes / sizeof(entries[0]) : MAX_PROCESSES;

	if (!NT_SUCCESS(status) && status != STATUS_INFO_LENGTH_MISMATCH) {
		complain("mem", status);
		return;
	}
	print("%-24s %12s %14s\n", "processes (pages)", "working set", "commit");
	for (unsigned i = 0; i < PROCESSES_SHOWN && (entry = largest(entries, count)); i++) {
		print("  %6llu %-15s %'12llu %'14llu\n", (unsigned long long)entry->id, entry->name,
		      (unsigned long long)entry->resident_pages,
		      (unsigned long long)entry->commit_pages);
		entry->name[0] = '\0';
	}
}

void command_memory(int argc, char **argv)
{
	struct quire_memory memory;
	struct quire_paging paging;

	(void)argc;
	(void)argv;
	if (!memory_read(&memory) || !paging_read(&paging)) {
		print("mem: this system does not tell\n");
		return;
	}
	show_frames(&memory);
	show_commit(&memory, &paging);
	show_paging(&paging);
	show_kernel(&memory);
	show_processes();
}
