/*
 * sys_thread_information.c - NtOpenThread, NtQueryInformationThread, NtSetInformationThread.
 */
#include "process_query.h"

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

struct thread_query {
	struct user_thread *thread;
	vaddr_t buffer, return_length;
	uint32_t length_bytes;
};

static NTSTATUS query_basic(const struct thread_query *query)
{
	struct user_thread *thread = query->thread;
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
	return query_result(query->buffer, &basic, sizeof(basic), query->return_length, 4);
}

static NTSTATUS query_thread_times(const struct thread_query *query)
{
	struct user_thread *thread = query->thread;
	struct nt_times times = {.creation = thread->create_time};

	mutex_lock(&thread->process->lock);
	times.exit = thread->exit_time;
	times.user = time_from_ticks(thread->thread.run_ticks, arch_ticks_per_second());
	mutex_unlock(&thread->process->lock);
	return query_result(query->buffer, &times, sizeof(times), query->return_length, 4);
}

static NTSTATUS query_start_address(const struct thread_query *query)
{
	struct user_thread *thread = query->thread;
	uint64_t address;

	mutex_lock(&thread->process->lock);
	address = thread->start_address;
	mutex_unlock(&thread->process->lock);
	return query_result(query->buffer, &address, sizeof(address), query->return_length, 4);
}

static NTSTATUS query_word(const struct thread_query *query, uint32_t value)
{
	return query_result(query->buffer, &value, sizeof(value), query->return_length, 4);
}

static NTSTATUS query_is_last(const struct thread_query *query)
{
	struct process *process = query->thread->process;
	bool is_last;

	mutex_lock(&process->lock);
	is_last = process->thread_count == 1;
	mutex_unlock(&process->lock);
	return query_word(query, is_last);
}

static NTSTATUS query_is_terminated(const struct thread_query *query)
{
	return query_word(query, atomic_load(&query->thread->thread.terminate));
}

static NTSTATUS query_suspend_count(const struct thread_query *query)
{
	return query_word(query, user_thread_suspend_count(query->thread));
}

static NTSTATUS query_no_boost(const struct thread_query *query)
{
	return query_word(query, 0);
}

static NTSTATUS query_hidden(const struct thread_query *query)
{
	uint8_t hidden;

	mutex_lock(&query->thread->process->lock);
	hidden = query->thread->is_hidden;
	mutex_unlock(&query->thread->process->lock);
	return query_result(query->buffer, &hidden, sizeof(hidden), query->return_length, 4);
}

static NTSTATUS query_name(const struct thread_query *query)
{
	struct user_thread *thread = query->thread;
	uint16_t name[THREAD_NAME_CHARS], name_bytes;

	mutex_lock(&thread->process->lock);
	name_bytes = thread->name_bytes;
	memcpy(name, thread->name, sizeof(name));
	mutex_unlock(&thread->process->lock);
	return query_text(query->buffer, query->length_bytes, query->return_length, name,
			  name_bytes);
}

static const struct thread_class {
	uint32_t class;
	uint32_t size_bytes; /* exactly; 0: any */
	NTSTATUS (*query)(const struct thread_query *query);
} classes[] = {
	{THREAD_BASIC_INFORMATION_CLASS, sizeof(struct nt_thread_basic_information), query_basic},
	{THREAD_TIMES_CLASS, sizeof(struct nt_times), query_thread_times},
	{THREAD_START_ADDRESS_CLASS, 8, query_start_address},
	{THREAD_IS_LAST_CLASS, 4, query_is_last},
	{THREAD_PRIORITY_BOOST_CLASS, 4, query_no_boost},
	{THREAD_HIDE_FROM_DEBUGGER_CLASS, 1, query_hidden},
	{THREAD_IS_TERMINATED_CLASS, 4, query_is_terminated},
	{THREAD_SUSPEND_COUNT_CLASS, 4, query_suspend_count},
	{THREAD_NAME_CLASS, 0, query_name},
};

static const struct thread_class *thread_class_find(uint32_t class)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (classes[i].class == class)
			return &classes[i];
	}
	return NULL;
}

/* Either right will do. */
static NTSTATUS thread_open_query(handle_t handle, struct user_thread **thread)
{
	NTSTATUS status = process_reference_by_handle(
		handle, &thread_type, THREAD_QUERY_LIMITED_INFORMATION, thread, NULL);

	if (status == STATUS_ACCESS_DENIED)
		status = process_reference_by_handle(handle, &thread_type, THREAD_QUERY_INFORMATION,
						     thread, NULL);
	return status;
}

NTSTATUS NtQueryInformationThread(const uint64_t *arguments)
{
	const struct thread_class *class = thread_class_find((uint32_t)arguments[1]);
	struct thread_query query = {
		.buffer = arguments[2],
		.length_bytes = (uint32_t)arguments[3],
		.return_length = arguments[4],
	};
	NTSTATUS status = query_probe(query.buffer, query.length_bytes, query.return_length, 4);

	if (!NT_SUCCESS(status))
		return status;
	if (!class)
		return STATUS_INVALID_INFO_CLASS;
	if (class->size_bytes && query.length_bytes != class->size_bytes)
		return STATUS_INFO_LENGTH_MISMATCH;
	status = thread_open_query(arguments[0], &query.thread);
	if (!NT_SUCCESS(status))
		return status;
	status = class->query(&query);
	object_release(query.thread);
	return status;
}

/* ---- setting ---- */

/* What NtSetInformationThread has captured. */
struct thread_setting {
	uint64_t value;
	uint16_t name[THREAD_NAME_CHARS], name_bytes;
};

static NTSTATUS set_start_address(struct user_thread *thread, const struct thread_setting *setting)
{
	mutex_lock(&thread->process->lock);
	thread->start_address = setting->value;
	mutex_unlock(&thread->process->lock);
	return STATUS_SUCCESS;
}

static NTSTATUS set_priority(struct user_thread *thread, const struct thread_setting *setting)
{
	return user_thread_set_priority(thread, (int32_t)setting->value);
}

static NTSTATUS set_base_priority(struct user_thread *thread, const struct thread_setting *setting)
{
	return user_thread_set_base_priority(thread, (int32_t)setting->value);
}

static NTSTATUS set_affinity(struct user_thread *thread, const struct thread_setting *setting)
{
	(void)thread;
	return setting->value == 1 ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

static NTSTATUS set_nothing(struct user_thread *thread, const struct thread_setting *setting)
{
	(void)thread;
	(void)setting;
	return STATUS_SUCCESS;
}

/* One slot in the TEB of every thread of the caller's process, and of no other (NT). */
static NTSTATUS set_tls_cell_zero(struct user_thread *thread, const struct thread_setting *setting)
{
	const uint64_t zero = 0;
	struct user_thread *other;
	uint64_t last = 0;

	if (thread != user_thread_current() || setting->value >= TLS_SLOTS)
		return STATUS_INVALID_PARAMETER;
	while ((other = process_thread_next(thread->process, last))) {
		/* Who has unmapped his TEB has no slots. */
		NTSTATUS status = copy_out(other->teb + TEB_TLS_SLOTS + 8 * setting->value, &zero,
					   sizeof(zero));

		(void)status;
		last = other->id;
		object_release(other);
	}
	return STATUS_SUCCESS;
}

static NTSTATUS set_hidden(struct user_thread *thread, const struct thread_setting *setting)
{
	(void)setting;
	mutex_lock(&thread->process->lock);
	thread->is_hidden = true;
	mutex_unlock(&thread->process->lock);
	return STATUS_SUCCESS;
}

static NTSTATUS set_name(struct user_thread *thread, const struct thread_setting *setting)
{
	mutex_lock(&thread->process->lock);
	memcpy(thread->name, setting->name, setting->name_bytes);
	thread->name_bytes = setting->name_bytes;
	mutex_unlock(&thread->process->lock);
	return STATUS_SUCCESS;
}

static const struct settable_class {
	uint32_t class, size_bytes;
	NTSTATUS (*set)(struct user_thread *thread, const struct thread_setting *setting);
} settable[] = {
	{THREAD_PRIORITY_CLASS, 4, set_priority},
	{THREAD_BASE_PRIORITY_CLASS, 4, set_base_priority},
	{THREAD_AFFINITY_CLASS, 8, set_affinity},
	{THREAD_START_ADDRESS_CLASS, 8, set_start_address},
	{THREAD_ZERO_TLS_CELL_CLASS, 4, set_tls_cell_zero},
	{THREAD_PRIORITY_BOOST_CLASS, 4, set_nothing},
	{THREAD_HIDE_FROM_DEBUGGER_CLASS, 0, set_hidden},
	{THREAD_NAME_CLASS, sizeof(struct nt_unicode_string), set_name},
};

static const struct settable_class *settable_find(uint32_t class)
{
	for (size_t i = 0; i < sizeof(settable) / sizeof(settable[0]); i++) {
		if (settable[i].class == class)
			return &settable[i];
	}
	return NULL;
}

static NTSTATUS name_capture(vaddr_t address, struct thread_setting *setting)
{
	struct nt_unicode_string string;
	NTSTATUS status = copy_in(&string, address, sizeof(string));

	if (!NT_SUCCESS(status))
		return status;
	if (string.length_bytes > sizeof(setting->name))
		return STATUS_INSUFFICIENT_RESOURCES;
	setting->name_bytes = string.length_bytes;
	return copy_in(setting->name, string.buffer, string.length_bytes);
}

NTSTATUS NtSetInformationThread(const uint64_t *arguments)
{
	const struct settable_class *class = settable_find((uint32_t)arguments[1]);
	uint32_t length_bytes = (uint32_t)arguments[3];
	struct thread_setting setting = {0};
	struct user_thread *thread;
	NTSTATUS status = probe_read(arguments[2], length_bytes);

	if (!NT_SUCCESS(status))
		return status;
	if (!class)
		return STATUS_INVALID_INFO_CLASS;
	if (length_bytes != class->size_bytes)
		return STATUS_INFO_LENGTH_MISMATCH;
	status = class->set == set_name ? name_capture(arguments[2], &setting)
					: copy_in(&setting.value, arguments[2], length_bytes);
	if (NT_SUCCESS(status))
		status = process_reference_by_handle(arguments[0], &thread_type,
						     THREAD_SET_INFORMATION, &thread, NULL);
	if (!NT_SUCCESS(status))
		return status;
	status = class->set(thread, &setting);
	object_release(thread);
	return status;
}
