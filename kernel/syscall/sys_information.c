/*
 * sys_information.c - NtQuerySystemInformation, NtDisplayString, NtShutdownSystem: the system as a
 * whole.
 */
#include "syscall.h"

#include "capture.h"
#include "failures.h"
#include "kernel/core/log.h"
#include "kernel/core/pool.h"
#include "kernel/io/device.h"
#include "kernel/io/file.h"
#include "kernel/lib/string.h"
#include "kernel/mm/user_memory.h"
#include "nt/ntex.h"
#include "sweep.h"
#include "system_query.h"
#include "system_text.h"

struct system_text system_text;

#define TIMER_RESOLUTION 100000u /* 100 ns units */

static NTSTATUS query_basic(const struct system_query *query)
{
	struct quire_memory memory = {0};
	struct nt_system_basic_information basic;

	mm_memory_information(&memory);
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
	return system_answer(query, &basic, sizeof(basic));
}

#define QUIET_TRIES 100u
#define QUIET_100NS 10000u /* 1 ms */

static void check_and_count(struct mm_balance *balance, struct pool_statistics *pool)
{
	mm_check();
	pool_statistics_read(pool);
	mm_balance_read(balance);
}

/*
 * mm_check takes no locks: nobody else may be inside the kernel meanwhile. Programs may ask for it
 * at any time, so it waits for such a moment, and keeps it by a priority that no program has.
 */
static NTSTATUS check_when_quiet(struct mm_balance *balance, struct pool_statistics *pool)
{
	struct thread *thread = thread_current();
	NTSTATUS status = STATUS_SUCCESS;

	for (unsigned i = 0; i < QUIET_TRIES && NT_SUCCESS(status); i++) {
		uint8_t priority = thread->priority;
		bool quiet;

		thread_set_priority(thread, THREAD_PRIORITY_CHECK);
		quiet = threads_are_quiet();
		if (quiet)
			check_and_count(balance, pool);
		thread_set_priority(thread, priority);
		if (quiet)
			return STATUS_SUCCESS;
		status = thread_sleep_for(QUIRE_WAIT_TIME, balance, NULL, time_now() + QUIET_100NS,
					  true);
		if (status == STATUS_TIMEOUT)
			status = STATUS_SUCCESS;
	}
	return NT_SUCCESS(status) ? STATUS_DEVICE_BUSY : status;
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
	NTSTATUS status = check_when_quiet(&balance, &pool);

	if (!NT_SUCCESS(status))
		return status;
	ramdisk_statistics_read(&disk);
	processes_count(&memory);
	result = (struct quire_balance){
		.frames_in_use = balance.frames_in_use - pool.pages,
		.pool_bytes = balance.pool_bytes - disk.table_bytes - disk.node_bytes,
		.handles = memory.handles,
		.commit_pages = balance.commit_pages,
	};
	return system_answer(query, &result, sizeof(result));
}

static NTSTATUS query_disk(const struct system_query *query)
{
	struct quire_disk settings;

	device_settings_read(&settings);
	return system_answer(query, &settings, sizeof(settings));
}

#ifdef QUIRE_DEBUG
static NTSTATUS query_markers(const struct system_query *query)
{
	const struct quire_markers markers = {.stacks = thread_marks_stacks};

	return system_answer(query, &markers, sizeof(markers));
}
#endif

static NTSTATUS query_command_line(const struct system_query *query)
{
	return system_answer(query, system_text.command_line, strlen(system_text.command_line) + 1);
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
	entry->faults = faults_sum(counts.by_class);
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

static const struct system_class {
	uint32_t class;
	uint32_t least_bytes, exact_bytes; /* lengths; 0 and 0: the class looks at them */
	NTSTATUS (*query)(const struct system_query *query);
} system_classes[] = {
	{SYSTEM_BASIC_INFORMATION_CLASS, 0, sizeof(struct nt_system_basic_information),
	 query_basic},
	{SYSTEM_PERFORMANCE_INFORMATION_CLASS, 0, 0, query_performance},
	{SYSTEM_PAGEFILE_INFORMATION_CLASS, sizeof(struct nt_system_pagefile_information), 0,
	 query_page_files},
	{SYSTEM_MEMORY_LIST_INFORMATION_CLASS, 0, 0, query_memory_lists},
	{QUIRE_SYSTEM_MEMORY, 0, 0, query_memory},
	{QUIRE_SYSTEM_PROCESSES, 0, 0, query_processes},
	{QUIRE_SYSTEM_CHECK, 0, 0, query_check},
	{QUIRE_SYSTEM_COMMAND_LINE, 0, 0, query_command_line},
	{QUIRE_SYSTEM_PAGING, 0, 0, query_paging},
	{QUIRE_SYSTEM_DISK, 0, 0, query_disk},
#ifdef QUIRE_DEBUG
	{QUIRE_SYSTEM_FAILURES, sizeof(struct quire_failures), 0, query_failures},
	{QUIRE_SYSTEM_SWEEP, 0, 0, query_sweep},
	{QUIRE_SYSTEM_MARKERS, 0, 0, query_markers},
#endif
};

static const struct system_class *system_class_find(uint32_t class)
{
	for (size_t i = 0; i < sizeof(system_classes) / sizeof(system_classes[0]); i++) {
		if (system_classes[i].class == class)
			return &system_classes[i];
	}
	return NULL;
}

/* A length that is wrong is told the right one. */
NTSTATUS NtQuerySystemInformation(const uint64_t *arguments)
{
	const struct system_class *class = system_class_find((uint32_t)arguments[0]);
	struct system_query query = {
		.buffer = arguments[1],
		.length_bytes = (uint32_t)arguments[2],
		.return_length = arguments[3],
	};
	NTSTATUS status;

	if (!class)
		return STATUS_INVALID_INFO_CLASS;
	status = query_probe(query.buffer, query.length_bytes, query.return_length, 4);
	if (!NT_SUCCESS(status))
		return status;
	if (query.length_bytes < class->least_bytes)
		return query_length(STATUS_INFO_LENGTH_MISMATCH, class->least_bytes,
				    query.return_length, 4);
	if (class->exact_bytes && query.length_bytes != class->exact_bytes)
		return query_length(STATUS_INFO_LENGTH_MISMATCH, class->exact_bytes,
				    query.return_length, 4);
	return class->query(&query);
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
