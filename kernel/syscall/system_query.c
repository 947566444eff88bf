/*
 * system_query.c - what NtQuerySystemInformation tells of memory: by use, by list, by what went
 * between memory and the disk.
 */
#include "system_query.h"

#include "kernel/io/pagefile.h"
#include "kernel/lib/string.h"
#include "kernel/mm/user_memory.h"
#include "nt/ntex.h"
#include "system_text.h"

NTSTATUS system_answer(const struct system_query *query, const void *data, size_t size_bytes)
{
	if (query->length_bytes < size_bytes)
		return query_length(STATUS_INFO_LENGTH_MISMATCH, size_bytes, query->return_length,
				    4);
	return query_result(query->buffer, data, size_bytes, query->return_length, 4);
}

void processes_count(struct quire_memory *memory)
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

/* The commit that no process is charged for: that of sections. */
static uint64_t commit_shared(uint64_t commit_all)
{
	struct process *process = process_reference_next(0);
	uint64_t private = 0;

	while (process) {
		uint64_t id = process->id;
		struct address_space *space;
		struct space_counters counters;

		if (NT_SUCCESS(process_space_pin(process, &space))) {
			mm_space_counters(space, &counters);
			private += counters.commit_pages;
			process_space_unpin(process);
		}
		object_release(process);
		process = process_reference_next(id);
	}
	return commit_all > private ? commit_all - private : 0;
}

static void memory_information(struct quire_memory *memory)
{
	*memory = (struct quire_memory){0};
	memory->frames_kernel_start = system_text.frames_at_start;
	processes_count(memory);
	mm_memory_information(memory);
}

NTSTATUS query_memory(const struct system_query *query)
{
	struct quire_memory memory;

	memory_information(&memory);
	return system_answer(query, &memory, sizeof(memory));
}

NTSTATUS query_paging(const struct system_query *query)
{
	struct quire_paging paging = {0};

	mm_paging_information(&paging);
	return system_answer(query, &paging, sizeof(paging));
}

/* ---- NT's ---- */

static void faults_tell(const struct quire_memory *memory,
			struct nt_system_performance_information *result)
{
	result->page_fault_count = (uint32_t)faults_sum(memory->faults);
	result->copy_on_write_count = (uint32_t)memory->faults[QUIRE_FAULT_COPY_ON_WRITE];
	result->transition_count = (uint32_t)memory->faults[QUIRE_FAULT_SOFT];
	result->demand_zero_count = (uint32_t)memory->faults[QUIRE_FAULT_DEMAND_ZERO];
}

/* Pages and requests. What is not of the page file is of files: nobody else has the disk. */
static void transfers_tell(const struct quire_memory *memory, const struct quire_paging *paging,
			   struct nt_system_performance_information *result)
{
	struct pagefile_statistics pagefile;

	result->io_read_transfer_count = (int64_t)pages_to_bytes(memory->page_reads);
	result->io_write_transfer_count = (int64_t)pages_to_bytes(memory->page_writes);
	result->io_read_operation_count = (uint32_t)paging->disk_reads;
	result->io_write_operation_count = (uint32_t)paging->disk_writes;
	result->page_read_count = (uint32_t)paging->pages_in;
	result->page_read_io_count = (uint32_t)paging->disk_reads;
	pagefile_statistics_read(&pagefile);
	result->dirty_pages_write_count = (uint32_t)pagefile.pages_written;
	result->dirty_write_io_count = (uint32_t)pagefile.writes;
	result->mapped_pages_write_count = (uint32_t)(memory->page_writes - pagefile.pages_written);
	result->mapped_write_io_count = (uint32_t)(paging->disk_writes - pagefile.writes);
}

NTSTATUS query_performance(const struct system_query *query)
{
	struct nt_system_performance_information result = {0};
	struct quire_paging paging = {0};
	struct quire_memory memory;

	memory_information(&memory);
	mm_paging_information(&paging);
	faults_tell(&memory, &result);
	transfers_tell(&memory, &paging, &result);
	result.available_pages = (uint32_t)(memory.free + memory.zeroed + memory.standby);
	result.committed_pages = (uint32_t)memory.commit;
	result.commit_limit = (uint32_t)memory.commit_limit;
	result.peak_commitment = (uint32_t)memory.commit_peak;
	result.non_paged_pool_pages = (uint32_t)memory.pool_pages;
	result.free_system_ptes = (uint32_t)kernel_stack_free_pages();
	result.resident_system_code_page = result.total_system_code_pages =
		(uint32_t)system_text.code_pages;
	result.system_calls = (uint32_t)system_call_count();
	result.resident_available_pages =
		(int64_t)(memory.frames_total - memory.kernel - memory.table);
	result.shared_committed_pages = commit_shared(memory.commit);
	return system_answer(query, &result,
			     query->length_bytes < sizeof(result)
				     ? SYSTEM_PERFORMANCE_INFORMATION_OLD_BYTES
				     : sizeof(result));
}

/* There is one page file at most; of none, the answer is empty. */
NTSTATUS query_page_files(const struct system_query *query)
{
	static const uint16_t name[] = u"\\Device\\PageFile";
	struct {
		struct nt_system_pagefile_information entry;
		uint16_t name[sizeof(name) / sizeof(name[0])];
	} result = {0};
	struct quire_paging paging = {0};

	mm_paging_information(&paging);
	if (!paging.pagefile_slots)
		return query_length(STATUS_SUCCESS, 0, query->return_length, 4);
	result.entry = (struct nt_system_pagefile_information){
		.total_size = (uint32_t)paging.pagefile_slots,
		.total_in_use = (uint32_t)paging.pagefile_used,
		.peak_usage = (uint32_t)paging.pagefile_peak,
		.name = {.length_bytes = sizeof(name) - sizeof(name[0]),
			 .maximum_length_bytes = sizeof(name),
			 .buffer = query->buffer + sizeof(result.entry)},
	};
	memcpy(result.name, name, sizeof(name));
	return system_answer(query, &result, sizeof(result.entry) + sizeof(name));
}

/* All pages have one priority, and none is modified and kept from being written. */
NTSTATUS query_memory_lists(const struct system_query *query)
{
	struct nt_system_memory_list_information result = {0};
	struct quire_paging paging = {0};
	struct quire_memory memory;

	memory_information(&memory);
	mm_paging_information(&paging);
	result.zero = memory.zeroed;
	result.free = memory.free;
	result.modified = memory.modified;
	result.standby_by_priority[MEMORY_PRIORITY_NORMAL] = memory.standby;
	result.repurposed_by_priority[MEMORY_PRIORITY_NORMAL] = paging.evicted;
	return system_answer(query, &result,
			     query->length_bytes < sizeof(result)
				     ? SYSTEM_MEMORY_LIST_INFORMATION_OLD_BYTES
				     : sizeof(result));
}
