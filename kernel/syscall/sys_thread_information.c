/*
 * sys_thread_information.c - NtOpenThread, NtQueryInformationThread, NtSetInformationThread.
 */
#include "information.h"

#include "kernel/core/time.h"
#include "kernel/lib/string.h"
#include "kernel/mm/user_memory.h"

/* ---- NtOpenThread ---- */

NTSTATUS NtOpenThread(const uint64_t *arguments)
{
	struct nt_object_attributes attributes;
	struct nt_client_id id;
	struct user_thread *thread;
	access_mask_t granted;
	NTSTATUS status = probe_write(arguments[0], sizeof(handle_t));

	if (NT_SUCCESS(status))
		status = copy_in(&attributes, arguments[2], sizeof(attributes));
	if (!NT_SUCCESS(status))
		return status;
	/* By id alone: threads have no names. */
	if (!arguments[3] || attributes.object_name)
		return STATUS_INVALID_PARAMETER_MIX;
	status = copy_in(&id, arguments[3], sizeof(id));
	if (NT_SUCCESS(status))
		status = user_thread_reference_by_id(id.process, id.thread, &thread);
	if (!NT_SUCCESS(status))
		return status;
	status = object_map_access(&thread_type, (access_mask_t)arguments[1], &granted);
	if (NT_SUCCESS(status))
		status = handle_give(thread, granted, attributes.attributes & OBJ_INHERIT,
				     arguments[0]);
	object_release(thread);
	return status;
}

/* ---- querying ---- */

static NTSTATUS query_basic(const struct information_query *query)
{
	struct user_thread *thread = query->object;
	struct process *process = thread->process;
	struct nt_thread_basic_information basic = {
		.client_id = {process->id, thread->id},
		.affinity_mask = 1,
	};

	mutex_lock(&process->lock);
	basic.exit_status = thread->exit_status;
	basic.teb = thread->gone ? 0 : thread->teb;
	basic.priority = thread->thread.priority;
	basic.base_priority = thread->priority_increment;
	mutex_unlock(&process->lock);
	return answer(query, &basic, sizeof(basic));
}

static NTSTATUS query_thread_times(const struct information_query *query)
{
	struct user_thread *thread = query->object;
	struct nt_times times = {.creation = thread->create_time};

	mutex_lock(&thread->process->lock);
	times.exit = thread->exit_time;
	times.user = time_from_ticks(thread_run_ticks(&thread->thread), arch_ticks_per_second());
	mutex_unlock(&thread->process->lock);
	return answer(query, &times, sizeof(times));
}

static NTSTATUS query_start_address(const struct information_query *query)
{
	struct user_thread *thread = query->object;
	uint64_t address;

	mutex_lock(&thread->process->lock);
	address = thread->start_address;
	mutex_unlock(&thread->process->lock);
	return answer(query, &address, sizeof(address));
}

static NTSTATUS query_is_last(const struct information_query *query)
{
	struct user_thread *thread = query->object;
	struct process *process = thread->process;
	bool is_last;

	mutex_lock(&process->lock);
	is_last = process->thread_count == 1;
	mutex_unlock(&process->lock);
	return answer_word(query, is_last);
}

static NTSTATUS query_is_terminated(const struct information_query *query)
{
	struct user_thread *thread = query->object;

	return answer_word(query, atomic_load(&thread->thread.terminate));
}

static NTSTATUS query_suspend_count(const struct information_query *query)
{
	return answer_word(query, user_thread_suspend_count(query->object));
}

static NTSTATUS query_no_boost(const struct information_query *query)
{
	return answer_word(query, 0);
}

static NTSTATUS query_hidden(const struct information_query *query)
{
	struct user_thread *thread = query->object;
	uint8_t hidden;

	mutex_lock(&thread->process->lock);
	hidden = thread->is_hidden;
	mutex_unlock(&thread->process->lock);
	return answer(query, &hidden, sizeof(hidden));
}

static NTSTATUS query_name(const struct information_query *query)
{
	struct user_thread *thread = query->object;
	uint16_t name[THREAD_NAME_CHARS], name_bytes;

	mutex_lock(&thread->process->lock);
	name_bytes = thread->name_bytes;
	memcpy(name, thread->name, sizeof(name));
	mutex_unlock(&thread->process->lock);
	return answer_text(query, name, name_bytes);
}

static const struct query_class thread_classes[] = {
	{THREAD_BASIC_INFORMATION_CLASS,
	 {sizeof(struct nt_thread_basic_information), 0},
	 query_basic},
	{THREAD_TIMES_CLASS, {sizeof(struct nt_times), 0}, query_thread_times},
	{THREAD_START_ADDRESS_CLASS, {8, 0}, query_start_address},
	{THREAD_IS_LAST_CLASS, {4, 0}, query_is_last},
	{THREAD_PRIORITY_BOOST_CLASS, {4, 0}, query_no_boost},
	{THREAD_HIDE_FROM_DEBUGGER_CLASS, {1, 0}, query_hidden},
	{THREAD_IS_TERMINATED_CLASS, {4, 0}, query_is_terminated},
	{THREAD_SUSPEND_COUNT_CLASS, {4, 0}, query_suspend_count},
	{THREAD_NAME_CLASS, {0, 0}, query_name},
};

NTSTATUS NtQueryInformationThread(const uint64_t *arguments)
{
	static const struct query_classes classes = {
		.type = &thread_type,
		.rights = {THREAD_QUERY_LIMITED_INFORMATION, THREAD_QUERY_INFORMATION},
		.classes = thread_classes,
		.count = sizeof(thread_classes) / sizeof(thread_classes[0]),
	};

	return information_tell(arguments, &classes);
}

/* ---- setting ---- */

static NTSTATUS set_start_address(void *object, const struct information_setting *setting)
{
	struct user_thread *thread = object;

	mutex_lock(&thread->process->lock);
	thread->start_address = setting_pointer(setting);
	mutex_unlock(&thread->process->lock);
	return STATUS_SUCCESS;
}

static NTSTATUS set_priority(void *object, const struct information_setting *setting)
{
	return user_thread_set_priority(object, (int32_t)setting_word(setting));
}

static NTSTATUS set_base_priority(void *object, const struct information_setting *setting)
{
	return user_thread_set_base_priority(object, (int32_t)setting_word(setting));
}

/* One processor. */
static NTSTATUS set_affinity(void *object, const struct information_setting *setting)
{
	(void)object;
	return setting_pointer(setting) == 1 ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

static NTSTATUS set_nothing(void *object, const struct information_setting *setting)
{
	(void)object;
	(void)setting;
	return STATUS_SUCCESS;
}

/* One slot in the TEB of every thread of the caller's process, and of no other (NT). */
static NTSTATUS set_tls_cell_zero(void *object, const struct information_setting *setting)
{
	const uint64_t zero = 0;
	const uint32_t slot = setting_word(setting);
	struct user_thread *thread = object, *other;
	uint64_t last = 0;

	if (thread != user_thread_current() || slot >= TLS_SLOTS)
		return STATUS_INVALID_PARAMETER;
	while ((other = process_thread_next(thread->process, last))) {
		/* Who has unmapped his TEB has no slots. */
		NTSTATUS status =
			copy_out(other->teb + TEB_TLS_SLOTS + 8 * slot, &zero, sizeof(zero));

		(void)status;
		last = other->id;
		object_release(other);
	}
	return STATUS_SUCCESS;
}

static NTSTATUS set_hidden(void *object, const struct information_setting *setting)
{
	struct user_thread *thread = object;

	(void)setting;
	mutex_lock(&thread->process->lock);
	thread->is_hidden = true;
	mutex_unlock(&thread->process->lock);
	return STATUS_SUCCESS;
}

static NTSTATUS name_decode(struct information_setting *setting)
{
	struct nt_unicode_string string;

	memcpy(&string, setting->value, sizeof(string));
	if (string.length_bytes > sizeof(setting->text))
		return STATUS_INSUFFICIENT_RESOURCES;
	setting->text_bytes = string.length_bytes;
	return copy_in(setting->text, string.buffer, string.length_bytes);
}
_Static_assert(SETTING_TEXT_CHARS == THREAD_NAME_CHARS, "a name fits where it will be");

static NTSTATUS set_name(void *object, const struct information_setting *setting)
{
	struct user_thread *thread = object;

	mutex_lock(&thread->process->lock);
	memcpy(thread->name, setting->text, setting->text_bytes);
	thread->name_bytes = setting->text_bytes;
	mutex_unlock(&thread->process->lock);
	return STATUS_SUCCESS;
}

static const struct setting_class thread_settings[] = {
	{THREAD_PRIORITY_CLASS, {4, 0}, THREAD_SET_INFORMATION, NULL, set_priority},
	{THREAD_BASE_PRIORITY_CLASS, {4, 0}, THREAD_SET_INFORMATION, NULL, set_base_priority},
	{THREAD_AFFINITY_CLASS, {8, 0}, THREAD_SET_INFORMATION, NULL, set_affinity},
	{THREAD_START_ADDRESS_CLASS, {8, 0}, THREAD_SET_INFORMATION, NULL, set_start_address},
	{THREAD_ZERO_TLS_CELL_CLASS, {4, 0}, THREAD_SET_INFORMATION, NULL, set_tls_cell_zero},
	{THREAD_PRIORITY_BOOST_CLASS, {4, 0}, THREAD_SET_INFORMATION, NULL, set_nothing},
	{THREAD_HIDE_FROM_DEBUGGER_CLASS, {0, 0}, THREAD_SET_INFORMATION, NULL, set_hidden},
	{THREAD_NAME_CLASS,
	 {sizeof(struct nt_unicode_string), 0},
	 THREAD_SET_INFORMATION,
	 name_decode,
	 set_name},
};

NTSTATUS NtSetInformationThread(const uint64_t *arguments)
{
	static const struct setting_classes classes = {
		.type = &thread_type,
		.classes = thread_settings,
		.count = sizeof(thread_settings) / sizeof(thread_settings[0]),
	};

	return information_change(arguments, &classes);
}
