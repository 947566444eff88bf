/*
 * information.c - see information.h: finding a class, the checks before it, and its answers.
 */
#include "information.h"

#include "kernel/lib/string.h"
#include "kernel/mm/user_memory.h"

static bool length_is_right(struct information_lengths lengths, uint32_t length_bytes)
{
	if (lengths.other == LENGTH_OR_MORE)
		return length_bytes >= lengths.bytes;
	return length_bytes == lengths.bytes || (lengths.other && length_bytes == lengths.other);
}

/* ---- querying ---- */

static const struct query_class *query_class_find(const struct query_classes *classes,
						  uint32_t class)
{
	for (size_t i = 0; i < classes->count; i++) {
		if (classes->classes[i].class == class)
			return &classes->classes[i];
	}
	return NULL;
}

static NTSTATUS query_reference(handle_t handle, const struct query_classes *classes, void **object)
{
	NTSTATUS status = process_reference_by_handle(handle, classes->type, classes->rights[0],
						      object, NULL);

	if (status == STATUS_ACCESS_DENIED)
		status = process_reference_by_handle(handle, classes->type, classes->rights[1],
						     object, NULL);
	return status;
}

NTSTATUS information_tell(const uint64_t *arguments, const struct query_classes *classes)
{
	const struct query_class *class = query_class_find(classes, (uint32_t)arguments[1]);
	struct information_query query = {
		.buffer = arguments[2],
		.length_bytes = (uint32_t)arguments[3],
		.return_length = arguments[4],
	};
	NTSTATUS status;

	if (!class)
		return STATUS_INVALID_INFO_CLASS;
	if (class->lengths.bytes && !length_is_right(class->lengths, query.length_bytes))
		return STATUS_INFO_LENGTH_MISMATCH;
	status = query_probe(query.buffer, query.length_bytes, query.return_length, 4);
	if (NT_SUCCESS(status))
		status = query_reference(arguments[0], classes, &query.object);
	if (!NT_SUCCESS(status))
		return status;
	status = class->query(&query);
	object_release(query.object);
	return status;
}

NTSTATUS answer(const struct information_query *query, const void *data, size_t size_bytes)
{
	return query_result(query->buffer, data, size_bytes, query->return_length, 4);
}

NTSTATUS answer_word(const struct information_query *query, uint32_t value)
{
	return answer(query, &value, sizeof(value));
}

NTSTATUS answer_pointer(const struct information_query *query, uint64_t value)
{
	return answer(query, &value, sizeof(value));
}

NTSTATUS answer_text(const struct information_query *query, const uint16_t *text,
		     uint16_t text_bytes)
{
	static const uint16_t end;
	uint64_t size_bytes = sizeof(struct nt_unicode_string) + text_bytes + sizeof(end);
	struct nt_unicode_string string = {
		.length_bytes = text_bytes,
		.maximum_length_bytes = (uint16_t)(text_bytes + sizeof(end)),
		.buffer = query->buffer + sizeof(string),
	};
	NTSTATUS status;

	if (query->length_bytes < size_bytes)
		return query_length(STATUS_INFO_LENGTH_MISMATCH, size_bytes, query->return_length,
				    4);
	status = copy_out(string.buffer, text, text_bytes);
	if (NT_SUCCESS(status))
		status = copy_out(string.buffer + text_bytes, &end, sizeof(end));
	if (NT_SUCCESS(status))
		status = copy_out(query->buffer, &string, sizeof(string));
	return NT_SUCCESS(status)
		       ? query_length(STATUS_SUCCESS, size_bytes, query->return_length, 4)
		       : status;
}

/* ---- setting ---- */

static const struct setting_class *setting_class_find(const struct setting_classes *classes,
						      uint32_t class)
{
	for (size_t i = 0; i < classes->count; i++) {
		if (classes->classes[i].class == class)
			return &classes->classes[i];
	}
	return NULL;
}

NTSTATUS information_change(const uint64_t *arguments, const struct setting_classes *classes)
{
	const struct setting_class *class = setting_class_find(classes, (uint32_t)arguments[1]);
	struct information_setting setting = {.length_bytes = (uint32_t)arguments[3]};
	void *object;
	NTSTATUS status;

	if (!class)
		return STATUS_INVALID_INFO_CLASS;
	if (!length_is_right(class->lengths, setting.length_bytes))
		return STATUS_INFO_LENGTH_MISMATCH;
	KASSERT(setting.length_bytes <= sizeof(setting.value));
	status = copy_in(setting.value, arguments[2], setting.length_bytes);
	if (NT_SUCCESS(status) && class->decode)
		status = class->decode(&setting);
	if (NT_SUCCESS(status))
		status = process_reference_by_handle(arguments[0], classes->type, class->right,
						     &object, NULL);
	if (!NT_SUCCESS(status))
		return status;
	status = class->set(object, &setting);
	object_release(object);
	return status;
}

uint32_t setting_word(const struct information_setting *setting)
{
	return (uint32_t)setting_pointer(setting);
}

uint64_t setting_pointer(const struct information_setting *setting)
{
	uint64_t value;

	memcpy(&value, setting->value, sizeof(value));
	return value;
}
