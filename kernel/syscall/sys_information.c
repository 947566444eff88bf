/*
 * sys_information.c - NtQuerySystemInformation, NtDisplayString, NtShutdownSystem: the system as a
 * whole.
 */
#include "syscall.h"

#include "capture.h"
#include "kernel/core/log.h"
#include "kernel/core/pool.h"
#include "kernel/io/file.h"
#include "kernel/lib/string.h"
#include "kernel/mm/user_memory.h"
#include "nt/ntex.h"
#include "system_text.h"

struct system_text system_text;

#define TIMER_RESOLUTION 100000u /* 100 ns units */

/* One query: the user's buffer, probed. */
struct system_query {
	vaddr_t buffer, return_length;
	uint32_t length_bytes;
};

/* What depends on all processes; the rest of quire_memory is kernel/mm's. */
static void processes_count(struct quire_memory *memory)
{
	struct process *process = process_reference_next(0);

	memory->processes = memory->threads = memory->handles = 0;
	while (process) {
		uint64_t id = process->id;

		memory->processes++;
		memory->handles += handle_count(&process->handles);
		mutex_lock(&process->lock);
		memory->threads += process->thread_count;
		mutex_unlock(&process->lock);
		object_release(process);
		process = process_reference_next(id);
	}
}

static void memory_information(struct quire_memory *memory)
{
	*memory = (struct quire_memory){0};
	memory->frames_kernel_start = system_text.frames_at_start;
	processes_count(memory);
	mm_memory_information(memory);
}

/*
 * A structure of a fixed size. NT: an information of the wrong size is refused, and the right size
 * is told.
 */
static NTSTATUS query_fixed(const struct system_query *query, const void *data, size_t size_bytes)
{
	if (query->length_bytes < size_bytes)
		return query_length(STATUS_INFO_LENGTH_MISMATCH, size_bytes, query->return_length,
				    4);
	return query_result(query->buffer, data, size_bytes, query->return_length, 4);
}

static NTSTATUS query_basic(const struct system_query *query)
{
	struct quire_memory memory;
	struct nt_system_basic_information basic;

	if (query->length_bytes != sizeof(basic))
		return query_length(STATUS_INFO_LENGTH_MISMATCH, sizeof(basic),
				    query->return_length, 4);
	memory_information(&memory);
	basic = (struct nt_system_basic_information){
		.timer_resolution = TIMER_RESOLUTION,
		.page_size = (uint32_t)PAGE_SIZE,
		.number_of_physical_pages = (uint32_t)memory.frames_total,
		.lowest_physical_page = 1,
		.highest_physical_page = (uint32_t)memory.frames_total,
		.allocation_granularity = (uint32_t)ALLOCATION_GRANULARITY,
		.minimum_user_address = USER_LOWEST_ADDRESS,
		.maximum_user_address = USER_HIGHEST_ADDRESS,
		.active_processors = 1,
		.number_of_processors = 1,
	};
	return query_fixed(query, &basic, sizeof(basic));
}

static NTSTATUS query_performance(const struct system_query *query)
{
	uint8_t bytes[SYSTEM_PERFORMANCE_INFORMATION_BYTES] = {0};
	struct quire_memory memory;
	struct nt_system_performance_information performance;
	const uint64_t *faults = memory.faults;
	uint64_t total = 0;

	memory_information(&memory);
	for (unsigned i = 0; i < QUIRE_FAULT_CLASSES; i++)
		total += i == QUIRE_FAULT_KERNEL_COPY ? 0 : faults[i]; /* counted besides */
	performance = (struct nt_system_performance_information){
		.io_read_transfer_count = (int64_t)pages_to_bytes(memory.page_reads),
		.io_write_transfer_count = (int64_t)pages_to_bytes(memory.page_writes),
		.io_read_operation_count = (uint32_t)memory.page_reads,
		.io_write_operation_count = (uint32_t)memory.page_writes,
		.available_pages = (uint32_t)(memory.free + memory.zeroed + memory.standby),
		.committed_pages = (uint32_t)memory.commit,
		.commit_limit = (uint32_t)memory.commit_limit,
		.peak_commitment = (uint32_t)memory.commit_peak,
		.page_fault_count = (uint32_t)total,
		.copy_on_write_count = (uint32_t)faults[QUIRE_FAULT_COPY_ON_WRITE],
		.transition_count = (uint32_t)faults[QUIRE_FAULT_SOFT],
		.demand_zero_count = (uint32_t)faults[QUIRE_FAULT_DEMAND_ZERO],
		.page_read_count = (uint32_t)memory.page_reads,
		.page_read_io_count = (uint32_t)memory.page_reads,
		.dirty_pages_write_count = (uint32_t)memory.page_writes,
		.dirty_write_io_count = (uint32_t)memory.page_writes,
	};
	memcpy(bytes, &performance, sizeof(performance));
	return query_fixed(query, bytes, sizeof(bytes));
}

static NTSTATUS query_memory(const struct system_query *query)
{
	struct quire_memory memory;

	memory_information(&memory);
	return query_fixed(query, &memory, sizeof(memory));
}

/*
 * Frames of the pool are left out: it keeps empty pages for the next time, and its bytes in use say
 * what it holds. So are the files in the tree and their tables: a file that is new or has grown is
 * no leak. One that was deleted and is still in memory is.
 */
static NTSTATUS query_check(const struct system_query *query)
{
	struct pool_statistics pool;
	struct mm_balance balance;
	struct quire_memory memory;
	struct quire_balance result;
	struct ramdisk_statistics disk;

	mm_check();
	pool_check();
	pool_statistics_read(&pool);
	mm_balance_read(&balance);
	ramdisk_statistics_read(&disk);
	processes_count(&memory);
	result = (struct quire_balance){
		.frames_in_use = balance.frames_in_use - pool.pages,
		.pool_bytes = balance.pool_bytes - disk.table_bytes - disk.node_bytes,
		.handles = memory.handles,
		.commit_pages = balance.commit_pages,
	};
	return query_fixed(query, &result, sizeof(result));
}

static NTSTATUS query_command_line(const struct system_query *query)
{
	return query_fixed(query, system_text.command_line, strlen(system_text.command_line) + 1);
}

/* ---- the processes ---- */

static void process_entry_fill(struct process *process, struct quire_process_entry *entry)
{
	struct address_space *space;
	struct quire_fault_counts counts = {0};

	*entry = (struct quire_process_entry){
		.id = process->id,
		.parent_id = process->parent_id,
		.handles = handle_count(&process->handles),
		.run_ticks = process_run_ticks(process),
	};
	memcpy(entry->name, process->name, sizeof(entry->name));
	mutex_lock(&process->lock);
	entry->threads = process->thread_count;
	mutex_unlock(&process->lock);
	if (!NT_SUCCESS(process_space_pin(process, &space)))
		return;
	mm_space_information(space, &counts);
	mutex_lock(&space->lock);
	entry->views = space->view_count;
	mutex_unlock(&space->lock);
	process_space_unpin(process);
	entry->resident_pages = counts.resident_pages;
	entry->commit_pages = counts.commit_pages;
	for (unsigned i = 0; i < QUIRE_FAULT_CLASSES; i++)
		entry->faults += i == QUIRE_FAULT_KERNEL_COPY ? 0 : counts.by_class[i];
}
_Static_assert(PROCESS_NAME_CHARS == sizeof(((struct quire_process_entry *)0)->name), "name");

static NTSTATUS query_processes(const struct system_query *query)
{
	struct process *process;
	uint64_t used_bytes = 0, id;
	NTSTATUS status = STATUS_SUCCESS;

	for (process = process_reference_next(0); process; process = process_reference_next(id)) {
		struct quire_process_entry entry;

		process_entry_fill(process, &entry);
		id = process->id;
		object_release(process);
		if (NT_SUCCESS(status) && used_bytes + sizeof(entry) <= query->length_bytes)
			status = copy_out(query->buffer + used_bytes, &entry, sizeof(entry));
		used_bytes += sizeof(entry);
	}
	if (NT_SUCCESS(status) && used_bytes > query->length_bytes)
		status = STATUS_INFO_LENGTH_MISMATCH;
	return query_length(status, used_bytes, query->return_length, 4);
}

NTSTATUS NtQuerySystemInformation(const uint64_t *arguments)
{
	struct system_query query = {
		.buffer = arguments[1],
		.length_bytes = (uint32_t)arguments[2],
		.return_length = arguments[3],
	};
	NTSTATUS status = query_probe(query.buffer, query.length_bytes, query.return_length, 4);

	if (!NT_SUCCESS(status))
		return status;
	switch ((uint32_t)arguments[0]) {
	case SYSTEM_BASIC_INFORMATION_CLASS:
		return query_basic(&query);
	case SYSTEM_PERFORMANCE_INFORMATION_CLASS:
		return query_performance(&query);
	case QUIRE_SYSTEM_MEMORY:
		return query_memory(&query);
	case QUIRE_SYSTEM_PROCESSES:
		return query_processes(&query);
	case QUIRE_SYSTEM_CHECK:
		return query_check(&query);
	case QUIRE_SYSTEM_COMMAND_LINE:
		return query_command_line(&query);
	default: /* a number of the user, not of the enumeration */
		return STATUS_INVALID_INFO_CLASS;
	}
}

/* ---- text on the log, power ---- */

/* Lines of the text on the kernel log; an unfinished last line counts as one. */
static void display_lines(const uint16_t *text, size_t chars)
{
	char line[200];

	while (chars) {
		size_t length = 0, skip;

		while (length < chars && length < sizeof(line) - 1 && text[length] != '\n')
			length++;
		skip = length < chars && text[length] == '\n';
		utf16_to_ascii(line, sizeof(line), text, length); /* control characters: '?' */
		log_line("%s", line);
		text += length + skip;
		chars -= length + skip;
	}
}

NTSTATUS NtDisplayString(const uint64_t *arguments)
{
	struct nt_unicode_string string;
	struct captured_text text;
	NTSTATUS status = copy_in(&string, arguments[0], sizeof(string));

	if (!NT_SUCCESS(status) || !string.length_bytes)
		return status;
	status = text_capture(string.buffer, string.length_bytes, &text);
	if (!NT_SUCCESS(status))
		return status;
	display_lines(text.characters, string.length_bytes / sizeof(uint16_t));
	text_release(&text);
	return STATUS_SUCCESS;
}

/*
 * Reboot powers off too: whoever runs the machine starts it again. Nothing is lost, the disk is
 * RAM.
 */
NTSTATUS NtShutdownSystem(const uint64_t *arguments)
{
	uint32_t action = (uint32_t)arguments[0];

	if (action > SHUTDOWN_POWER_OFF)
		return STATUS_INVALID_PARAMETER;
	log_line("power off, asked for by %s", process_current()->name);
	arch_mark("exit 0");
	arch_power_off();
}
