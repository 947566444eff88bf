/*
 * sys_process_information.c - NtQueryInformationProcess, NtSetInformationProcess.
 */
#include "syscall.h"

#include "file_object.h"
#include "kernel/lib/print.h"
#include "kernel/lib/string.h"
#include "kernel/mm/user_memory.h"
#include "kernel/object/namespace.h"
#include "process_query.h"

static NTSTATUS query_basic(const struct process_query *query)
{
	struct process *process = query->process;
	struct nt_process_basic_information basic = {
		.peb = process->peb,
		.affinity_mask = 1,
		.process_id = process->id,
		.parent_process_id = process->parent_id,
	};

	mutex_lock(&process->lock);
	basic.exit_status = process->exit_status;
	basic.base_priority = priority_of_class(process->priority_class);
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
	{PROCESS_TIMES_CLASS, sizeof(struct nt_times), true, query_times},
	{PROCESS_DEBUG_PORT_CLASS, 8, true, query_no_port},
	{PROCESS_HARD_ERROR_MODE_CLASS, 4, true, query_hard_error_mode},
	{PROCESS_PRIORITY_CLASS_CLASS, sizeof(struct nt_priority_class), true,
	 query_priority_class},
	{PROCESS_HANDLE_COUNT_CLASS, 4, false, query_handle_count},
	{PROCESS_PRIORITY_BOOST_CLASS, 4, true, query_priority_boost},
	{PROCESS_SESSION_CLASS, 4, true, query_session},
	{PROCESS_WOW64_CLASS, 8, true, query_wow64},
	{PROCESS_IMAGE_FILE_NAME_CLASS, 0, false, query_image_name},
	{PROCESS_DEBUG_OBJECT_CLASS, 8, true, query_no_debug_object},
	{PROCESS_DEBUG_FLAGS_CLASS, 4, true, query_debug_flags},
	{PROCESS_EXECUTE_FLAGS_CLASS, 4, true, query_execute_flags},
	{PROCESS_COOKIE_CLASS, 4, true, query_cookie},
	{PROCESS_IMAGE_INFORMATION_CLASS, sizeof(struct nt_section_image_information), true,
	 query_image},
	{PROCESS_IMAGE_FILE_NAME_WIN32_CLASS, 0, false, query_image_name_win32},
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

/* ---- setting ---- */

/* Classes, and the length each wants; affinity and boost have one value that is right. */
static const struct {
	uint32_t class, size_bytes;
} settable[] = {
	{PROCESS_HARD_ERROR_MODE_CLASS, 4},
	{PROCESS_PRIORITY_CLASS_CLASS, sizeof(struct nt_priority_class)},
	{PROCESS_AFFINITY_CLASS, 8},
	{PROCESS_PRIORITY_BOOST_CLASS, 4},
	{PROCESS_EXECUTE_FLAGS_CLASS, 4},
};

static NTSTATUS settable_check(uint32_t class, uint64_t length_bytes)
{
	for (size_t i = 0; i < sizeof(settable) / sizeof(settable[0]); i++) {
		if (settable[i].class == class)
			return settable[i].size_bytes == length_bytes ? STATUS_SUCCESS
								      : STATUS_INFO_LENGTH_MISMATCH;
	}
	return STATUS_INVALID_INFO_CLASS;
}

static NTSTATUS process_set(struct process *process, uint32_t class, uint64_t value)
{
	switch (class) {
	case PROCESS_PRIORITY_CLASS_CLASS:
		return process_set_priority_class(process, (uint8_t)(value >> 8));
	case PROCESS_AFFINITY_CLASS: /* one processor */
		return value == 1 ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
	case PROCESS_EXECUTE_FLAGS_CLASS: /* what is permanent stays */
		return STATUS_ACCESS_DENIED;
	case PROCESS_PRIORITY_BOOST_CLASS: /* nothing boosts */
		return STATUS_SUCCESS;
	default:
		KASSERT(class == PROCESS_HARD_ERROR_MODE_CLASS);
		mutex_lock(&process->lock);
		process->hard_error_mode = (uint32_t)value;
		mutex_unlock(&process->lock);
		return STATUS_SUCCESS;
	}
}

NTSTATUS NtSetInformationProcess(const uint64_t *arguments)
{
	uint32_t class = (uint32_t)arguments[1], length_bytes = (uint32_t)arguments[3];
	struct process *process;
	uint64_t value = 0;
	NTSTATUS status = probe_read(arguments[2], length_bytes);

	if (NT_SUCCESS(status))
		status = settable_check(class, length_bytes);
	if (NT_SUCCESS(status))
		status = copy_in(&value, arguments[2], length_bytes);
	if (NT_SUCCESS(status))
		status = process_reference_by_handle(arguments[0], &process_type,
						     PROCESS_SET_INFORMATION, &process, NULL);
	if (!NT_SUCCESS(status))
		return status;
	status = process_set(process, class, value);
	object_release(process);
	return status;
}
