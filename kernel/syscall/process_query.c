/*
 * process_query.c - what NtQueryInformationProcess tells beside memory and handles.
 */
#include "process_query.h"

#include "kernel/core/time.h"
#include "kernel/lib/print.h"
#include "kernel/lib/string.h"
#include "kernel/mm/user_memory.h"

#define SESSION_ID 0u
#define IMAGE_NAME_CHARS (PROCESS_PATH_CHARS + 16)

static NTSTATUS query_word(const struct process_query *query, uint32_t value)
{
	return query_result(query->buffer, &value, sizeof(value), query->return_length, 4);
}

static NTSTATUS query_pointer(const struct process_query *query, uint64_t value)
{
	return query_result(query->buffer, &value, sizeof(value), query->return_length, 4);
}

/* All time on a CPU counts as user time: the kernel does not measure its own. */
NTSTATUS query_times(const struct process_query *query)
{
	struct process *process = query->process;
	struct nt_times times = {
		.creation = process->create_time,
		.user = time_from_ticks(process_run_ticks(process), arch_ticks_per_second()),
	};

	mutex_lock(&process->lock);
	times.exit = process->exit_time;
	mutex_unlock(&process->lock);
	return query_result(query->buffer, &times, sizeof(times), query->return_length, 4);
}

/* ---- there is no debugger, no session but one, no 32-bit program ---- */

NTSTATUS query_no_port(const struct process_query *query)
{
	return query_pointer(query, 0);
}

NTSTATUS query_no_debug_object(const struct process_query *query)
{
	NTSTATUS status = query_pointer(query, 0);

	return NT_SUCCESS(status) ? STATUS_PORT_NOT_SET : status;
}

NTSTATUS query_debug_flags(const struct process_query *query)
{
	return query_word(query, 1); /* children are not debugged */
}

NTSTATUS query_session(const struct process_query *query)
{
	return query_word(query, SESSION_ID);
}

NTSTATUS query_wow64(const struct process_query *query)
{
	return query_pointer(query, 0);
}

NTSTATUS query_priority_boost(const struct process_query *query)
{
	return query_word(query, 0);
}

NTSTATUS query_execute_flags(const struct process_query *query)
{
	return query_word(query, EXECUTE_OPTION_DISABLE | EXECUTE_OPTION_DISABLE_THUNKS |
					 EXECUTE_OPTION_PERMANENT);
}

/* ---- what is known of this one ---- */

NTSTATUS query_hard_error_mode(const struct process_query *query)
{
	uint32_t mode;

	mutex_lock(&query->process->lock);
	mode = query->process->hard_error_mode;
	mutex_unlock(&query->process->lock);
	return query_word(query, mode);
}

NTSTATUS query_priority_class(const struct process_query *query)
{
	struct nt_priority_class class = {0};

	mutex_lock(&query->process->lock);
	class.class = (uint8_t)query->process->priority_class;
	mutex_unlock(&query->process->lock);
	return query_result(query->buffer, &class, sizeof(class), query->return_length, 4);
}

NTSTATUS query_handle_count(const struct process_query *query)
{
	return query_word(query, (uint32_t)handle_count(&query->process->handles));
}

/* NT: nobody else's. */
NTSTATUS query_cookie(const struct process_query *query)
{
	if (query->process != process_current())
		return STATUS_INVALID_PARAMETER;
	return query_word(query, query->process->cookie);
}

NTSTATUS query_image(const struct process_query *query)
{
	return query_result(query->buffer, &query->process->image, sizeof(query->process->image),
			    query->return_length, 4);
}

/* ---- names ---- */

static NTSTATUS query_path(const struct process_query *query, const char *disk)
{
	char path[IMAGE_NAME_CHARS];
	uint16_t wide[IMAGE_NAME_CHARS];
	size_t chars = format_text(path, sizeof(path), "%s%s", disk, query->process->path);

	for (size_t i = 0; i < chars; i++)
		wide[i] = (uint8_t)path[i];
	return query_text(query->buffer, query->length_bytes, query->return_length, wide,
			  (uint16_t)(chars * sizeof(wide[0])));
}

NTSTATUS query_image_name(const struct process_query *query)
{
	return query_path(query, "\\Device\\RamDisk");
}

NTSTATUS query_image_name_win32(const struct process_query *query)
{
	return query_path(query, "C:");
}
