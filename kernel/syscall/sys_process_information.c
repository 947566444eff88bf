/*
 * sys_process_information.c - NtQueryInformationProcess.
 */
#include "syscall.h"

#include "file_object.h"
#include "kernel/lib/print.h"
#include "kernel/lib/string.h"
#include "kernel/mm/user_memory.h"
#include "kernel/object/namespace.h"

struct process_query {
	struct process *process;
	vaddr_t buffer, return_length;
	uint32_t length_bytes;
};

static NTSTATUS query_basic(const struct process_query *query)
{
	struct process *process = query->process;
	struct nt_process_basic_information basic = {
		.peb = process->peb,
		.affinity_mask = 1,
		.base_priority = THREAD_PRIORITY_NORMAL,
		.process_id = process->id,
		.parent_process_id = process->parent_id,
	};

	mutex_lock(&process->lock);
	basic.exit_status = process->exit_status;
	mutex_unlock(&process->lock);
	return query_result(query->buffer, &basic, sizeof(basic), query->return_length, 4);
}

/* Of a process that is gone, all counts are 0. */
static void counts_read(struct process *process, struct quire_fault_counts *counts,
			struct nt_vm_counters *counters)
{
	struct address_space *space;
	uint64_t faults = 0;

	if (!NT_SUCCESS(process_space_pin(process, &space)))
		return;
	mm_space_information(space, counts);
	for (unsigned i = 0; i < QUIRE_FAULT_CLASSES; i++)
		faults += i == QUIRE_FAULT_KERNEL_COPY ? 0 : counts->by_class[i];
	mutex_lock(&space->lock);
	*counters = (struct nt_vm_counters){
		.peak_virtual_size = space->peak_virtual_bytes,
		.virtual_size = space->virtual_bytes,
		.page_fault_count = (uint32_t)faults,
		.peak_working_set_size = pages_to_bytes(space->peak_resident_pages),
		.working_set_size = pages_to_bytes(counts->resident_pages),
		.pagefile_usage = pages_to_bytes(space->commit_pages),
		.peak_pagefile_usage = pages_to_bytes(space->peak_commit_pages),
	};
	mutex_unlock(&space->lock);
	process_space_unpin(process);
}

static NTSTATUS query_vm_counters(const struct process_query *query)
{
	struct quire_fault_counts counts = {0};
	struct nt_vm_counters counters = {0};

	counts_read(query->process, &counts, &counters);
	return query_result(query->buffer, &counters, sizeof(counters), query->return_length, 4);
}

static NTSTATUS query_fault_counts(const struct process_query *query)
{
	struct quire_fault_counts counts = {0};
	struct nt_vm_counters counters = {0};

	counts_read(query->process, &counts, &counters);
	counts.handles = handle_count(&query->process->handles);
	return query_result(query->buffer, &counts, sizeof(counts), query->return_length, 4);
}

/* ---- the handles ---- */

/*
 * What the object is called: the program, the file's path, the name in the namespace; "" for none.
 */
static void object_name_fill(struct object *object, char *name, size_t capacity)
{
	struct file_object *file = (struct file_object *)object;
	uint16_t path[128];
	size_t chars;

	name[0] = 0;
	if (object->type == &process_type)
		format_text(name, capacity, "%s", ((struct process *)object)->name);
	else if (object->type == &file_type && !file->node)
		format_text(name, capacity, "\\Device\\Console");
	else if (object->type == &file_type)
		file_path(file->node, name, capacity);
	else if (namespace_path(object, path, sizeof(path) / sizeof(path[0]), &chars) &&
		 chars <= sizeof(path) / sizeof(path[0]))
		utf16_to_ascii(name, capacity, path, chars);
}

/*
 * The entry behind *handle, which becomes its handle; false at the end. One handle a call: under
 * the table's lock no user memory may be touched and no name looked up.
 */
static bool handle_entry_fill(struct process *process, handle_t *handle,
			      struct quire_handle_entry *entry)
{
	struct handle_information information;
	struct object *object;

	if (!handle_next(&process->handles, handle, &object, &information))
		return false;
	*entry = (struct quire_handle_entry){
		.handle = *handle,
		.granted_access = information.granted,
		.attributes = information.attributes,
	};
	format_text(entry->type, sizeof(entry->type), "%s", object->type->name);
	object_name_fill(object, entry->name, sizeof(entry->name));
	object_release(object);
	return true;
}

static NTSTATUS query_handles(const struct process_query *query)
{
	struct quire_handle_entry entry;
	uint64_t count = 0;
	handle_t handle = 0;
	NTSTATUS status = STATUS_SUCCESS;

	while (handle_entry_fill(query->process, &handle, &entry)) {
		if ((count + 1) * sizeof(entry) > query->length_bytes)
			break;
		status = copy_out(query->buffer + count * sizeof(entry), &entry, sizeof(entry));
		if (!NT_SUCCESS(status))
			return status;
		count++;
	}
	if (count < handle_count(&query->process->handles)) {
		status = STATUS_INFO_LENGTH_MISMATCH;
		count = handle_count(&query->process->handles);
	}
	return query_length(status, count * sizeof(entry), query->return_length, 4);
}

/* ---- the call ---- */

struct process_class {
	uint32_t class;
	uint32_t size_bytes;
	bool exact; /* NT wants exactly this length */
	NTSTATUS (*query)(const struct process_query *query);
};

static const struct process_class classes[] = {
	{PROCESS_BASIC_INFORMATION_CLASS, sizeof(struct nt_process_basic_information), true,
	 query_basic},
	{PROCESS_VM_COUNTERS_CLASS, sizeof(struct nt_vm_counters), false, query_vm_counters},
	{QUIRE_PROCESS_FAULT_COUNTS, sizeof(struct quire_fault_counts), false, query_fault_counts},
	{QUIRE_PROCESS_HANDLES, 0, false, query_handles},
};

static const struct process_class *process_class_find(uint32_t class)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (classes[i].class == class)
			return &classes[i];
	}
	return NULL;
}

/* Either right will do. */
static NTSTATUS process_open_query(handle_t handle, struct process **process)
{
	NTSTATUS status = process_reference_by_handle(
		handle, &process_type, PROCESS_QUERY_LIMITED_INFORMATION, process, NULL);

	if (status == STATUS_ACCESS_DENIED)
		status = process_reference_by_handle(handle, &process_type,
						     PROCESS_QUERY_INFORMATION, process, NULL);
	return status;
}

NTSTATUS NtQueryInformationProcess(const uint64_t *arguments)
{
	const struct process_class *class = process_class_find((uint32_t)arguments[1]);
	struct process_query query = {
		.buffer = arguments[2],
		.length_bytes = (uint32_t)arguments[3],
		.return_length = arguments[4],
	};
	NTSTATUS status = query_probe(query.buffer, query.length_bytes, query.return_length, 4);

	if (!NT_SUCCESS(status))
		return status;
	if (!class)
		return STATUS_INVALID_INFO_CLASS;
	if (query.length_bytes < class->size_bytes ||
	    (class->exact && query.length_bytes != class->size_bytes))
		return STATUS_INFO_LENGTH_MISMATCH;
	status = process_open_query(arguments[0], &query.process);
	if (!NT_SUCCESS(status))
		return status;
	status = class->query(&query);
	object_release(query.process);
	return status;
}
