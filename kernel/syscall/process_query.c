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

/* All time on a CPU counts as user time: the kernel does not measure its own. */
NTSTATUS query_times(const struct information_query *query)
{
	struct process *process = query->object;
	struct nt_times times = {
		.creation = process->create_time,
		.user = time_from_ticks(process_run_ticks(process), arch_ticks_per_second()),
	};

	mutex_lock(&process->lock);
	times.exit = process->exit_time;
	mutex_unlock(&process->lock);
	return answer(query, &times, sizeof(times));
}

/* ---- there is no debugger, no session but one, no 32-bit program ---- */

NTSTATUS query_no_port(const struct information_query *query)
{
	return answer_pointer(query, 0);
}

NTSTATUS query_no_debug_object(const struct information_query *query)
{
	NTSTATUS status = answer_pointer(query, 0);

	return NT_SUCCESS(status) ? STATUS_PORT_NOT_SET : status;
}

NTSTATUS query_debug_flags(const struct information_query *query)
{
	return answer_word(query, 1); /* children are not debugged */
}

NTSTATUS query_session(const struct information_query *query)
{
	return answer_word(query, SESSION_ID);
}

NTSTATUS query_wow64(const struct information_query *query)
{
	return answer_pointer(query, 0);
}

NTSTATUS query_priority_boost(const struct information_query *query)
{
	return answer_word(query, 0);
}

NTSTATUS query_execute_flags(const struct information_query *query)
{
	return answer_word(query, EXECUTE_OPTION_DISABLE | EXECUTE_OPTION_DISABLE_THUNKS |
					  EXECUTE_OPTION_PERMANENT);
}

/* ---- what is known of this one ---- */

NTSTATUS query_hard_error_mode(const struct information_query *query)
{
	struct process *process = query->object;
	uint32_t mode;

	mutex_lock(&process->lock);
	mode = process->hard_error_mode;
	mutex_unlock(&process->lock);
	return answer_word(query, mode);
}

NTSTATUS query_priority_class(const struct information_query *query)
{
	struct process *process = query->object;
	struct nt_priority_class class = {0};

	mutex_lock(&process->lock);
	class.class = (uint8_t)process->priority_class;
	mutex_unlock(&process->lock);
	return answer(query, &class, sizeof(class));
}

NTSTATUS query_handle_count(const struct information_query *query)
{
	struct process *process = query->object;

	return answer_word(query, (uint32_t)handle_count(&process->handles));
}

/* NT: nobody else's. */
NTSTATUS query_cookie(const struct information_query *query)
{
	struct process *process = query->object;

	if (process != process_current())
		return STATUS_INVALID_PARAMETER;
	return answer_word(query, process->cookie);
}

NTSTATUS query_image(const struct information_query *query)
{
	struct process *process = query->object;

	return answer(query, &process->image, sizeof(process->image));
}

/* ---- names ---- */

static NTSTATUS query_path(const struct information_query *query, const char *disk)
{
	struct process *process = query->object;
	char path[IMAGE_NAME_CHARS];
	uint16_t wide[IMAGE_NAME_CHARS];
	size_t chars = format_text(path, sizeof(path), "%s%s", disk, process->path);

	for (size_t i = 0; i < chars; i++)
		wide[i] = (uint8_t)path[i];
	return answer_text(query, wide, (uint16_t)(chars * sizeof(wide[0])));
}

NTSTATUS query_image_name(const struct information_query *query)
{
	return query_path(query, "\\Device\\RamDisk");
}

NTSTATUS query_image_name_win32(const struct information_query *query)
{
	return query_path(query, "C:");
}
