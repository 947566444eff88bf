/*
 * sys_process_information.c - NtQueryInformationProcess, NtSetInformationProcess.
 */
#include "syscall.h"

#include "file_object.h"
#include "kernel/lib/print.h"
#include "kernel/lib/string.h"
#include "kernel/mm/user_memory.h"
#include "kernel/object/namespace.h"
#include "process_memory.h"
#include "process_query.h"

static NTSTATUS query_basic(const struct information_query *query)
{
	struct process *process = query->object;
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
	return answer(query, &basic, sizeof(basic));
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

static NTSTATUS query_handles(const struct information_query *query)
{
	struct process *process = query->object;
	struct quire_handle_entry entry;
	uint64_t count = 0;
	handle_t handle = 0;
	NTSTATUS status = STATUS_SUCCESS;

	while (handle_entry_fill(process, &handle, &entry)) {
		if ((count + 1) * sizeof(entry) > query->length_bytes)
			break;
		status = copy_out(query->buffer + count * sizeof(entry), &entry, sizeof(entry));
		if (!NT_SUCCESS(status))
			return status;
		count++;
	}
	if (count < handle_count(&process->handles)) {
		status = STATUS_INFO_LENGTH_MISMATCH;
		count = handle_count(&process->handles);
	}
	return query_length(status, count * sizeof(entry), query->return_length, 4);
}

/* ---- the call ---- */

static const struct query_class process_classes[] = {
	{PROCESS_BASIC_INFORMATION_CLASS,
	 {sizeof(struct nt_process_basic_information), 0},
	 query_basic},
	{PROCESS_QUOTA_LIMITS_CLASS,
	 {sizeof(struct nt_quota_limits), sizeof(struct nt_quota_limits_ex)},
	 query_quota_limits},
	{PROCESS_VM_COUNTERS_CLASS,
	 {sizeof(struct nt_vm_counters), sizeof(struct nt_vm_counters_ex)},
	 query_vm_counters},
	{PROCESS_TIMES_CLASS, {sizeof(struct nt_times), 0}, query_times},
	{PROCESS_DEBUG_PORT_CLASS, {sizeof(uint64_t), 0}, query_no_port},
	{PROCESS_HARD_ERROR_MODE_CLASS, {sizeof(uint32_t), 0}, query_hard_error_mode},
	{PROCESS_PRIORITY_CLASS_CLASS, {sizeof(struct nt_priority_class), 0}, query_priority_class},
	{PROCESS_HANDLE_COUNT_CLASS, {sizeof(uint32_t), LENGTH_OR_MORE}, query_handle_count},
	{PROCESS_PRIORITY_BOOST_CLASS, {sizeof(uint32_t), 0}, query_priority_boost},
	{PROCESS_SESSION_CLASS, {sizeof(uint32_t), 0}, query_session},
	{PROCESS_WOW64_CLASS, {sizeof(uint64_t), 0}, query_wow64},
	{PROCESS_IMAGE_FILE_NAME_CLASS, {0, 0}, query_image_name},
	{PROCESS_DEBUG_OBJECT_CLASS, {sizeof(uint64_t), 0}, query_no_debug_object},
	{PROCESS_DEBUG_FLAGS_CLASS, {sizeof(uint32_t), 0}, query_debug_flags},
	{PROCESS_EXECUTE_FLAGS_CLASS, {sizeof(uint32_t), 0}, query_execute_flags},
	{PROCESS_COOKIE_CLASS, {sizeof(uint32_t), 0}, query_cookie},
	{PROCESS_IMAGE_INFORMATION_CLASS,
	 {sizeof(struct nt_section_image_information), 0},
	 query_image},
	{PROCESS_IMAGE_FILE_NAME_WIN32_CLASS, {0, 0}, query_image_name_win32},
	{QUIRE_PROCESS_FAULT_COUNTS,
	 {sizeof(struct quire_fault_counts), LENGTH_OR_MORE},
	 query_fault_counts},
	{QUIRE_PROCESS_HANDLES, {0, 0}, query_handles},
};

NTSTATUS NtQueryInformationProcess(const uint64_t *arguments)
{
	static const struct query_classes classes = {
		.type = &process_type,
		.rights = {PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_QUERY_INFORMATION},
		.classes = process_classes,
		.count = sizeof(process_classes) / sizeof(process_classes[0]),
	};

	return information_tell(arguments, &classes);
}

/* ---- setting ---- */

static NTSTATUS set_priority_class(void *object, const struct information_setting *setting)
{
	struct nt_priority_class class;

	memcpy(&class, setting->value, sizeof(class));
	return process_set_priority_class(object, class.class);
}

/* One processor. */
static NTSTATUS set_affinity(void *object, const struct information_setting *setting)
{
	(void)object;
	return setting_pointer(setting) == 1 ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

/* What is permanent stays. */
static NTSTATUS set_execute_flags(void *object, const struct information_setting *setting)
{
	(void)object;
	(void)setting;
	return STATUS_ACCESS_DENIED;
}

/* Nothing boosts. */
static NTSTATUS set_priority_boost(void *object, const struct information_setting *setting)
{
	(void)object;
	(void)setting;
	return STATUS_SUCCESS;
}

static NTSTATUS set_hard_error_mode(void *object, const struct information_setting *setting)
{
	struct process *process = object;

	mutex_lock(&process->lock);
	process->hard_error_mode = setting_word(setting);
	mutex_unlock(&process->lock);
	return STATUS_SUCCESS;
}

static const struct setting_class process_settings[] = {
	{PROCESS_QUOTA_LIMITS_CLASS,
	 {sizeof(struct nt_quota_limits), sizeof(struct nt_quota_limits_ex)},
	 PROCESS_SET_QUOTA,
	 quota_limits_decode,
	 set_quota_limits},
	{PROCESS_HARD_ERROR_MODE_CLASS,
	 {sizeof(uint32_t), 0},
	 PROCESS_SET_INFORMATION,
	 NULL,
	 set_hard_error_mode},
	{PROCESS_PRIORITY_CLASS_CLASS,
	 {sizeof(struct nt_priority_class), 0},
	 PROCESS_SET_INFORMATION,
	 NULL,
	 set_priority_class},
	{PROCESS_AFFINITY_CLASS,
	 {sizeof(uint64_t), 0},
	 PROCESS_SET_INFORMATION,
	 NULL,
	 set_affinity},
	{PROCESS_PRIORITY_BOOST_CLASS,
	 {sizeof(uint32_t), 0},
	 PROCESS_SET_INFORMATION,
	 NULL,
	 set_priority_boost},
	{PROCESS_EXECUTE_FLAGS_CLASS,
	 {sizeof(uint32_t), 0},
	 PROCESS_SET_INFORMATION,
	 NULL,
	 set_execute_flags},
};

NTSTATUS NtSetInformationProcess(const uint64_t *arguments)
{
	static const struct setting_classes classes = {
		.type = &process_type,
		.classes = process_settings,
		.count = sizeof(process_settings) / sizeof(process_settings[0]),
	};

	return information_change(arguments, &classes);
}
