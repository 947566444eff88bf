/*
 * sys_object_information.c - NtQueryObject, NtSetInformationObject (nt-semantics 6.3, 6.4).
 */
#include "syscall.h"

#include "file_object.h"
#include "information.h"
#include "kernel/lib/string.h"
#include "kernel/mm/user_memory.h"
#include "nt/ntob.h"
#include "object_name.h"

struct object_query {
	handle_t handle;
	vaddr_t buffer, return_length;
	uint32_t length_bytes;
	struct object *object; /* a reference; NULL for the class that needs none */
	access_mask_t granted;
};

/* What the table says of a handle; pseudo handles are in none and have no attributes. */
static uint32_t handle_attributes(handle_t handle)
{
	struct handle_information information;

	if (!NT_SUCCESS(handle_query(&process_current()->handles, handle, &information)))
		return 0;
	return information.attributes;
}

static uint64_t name_bytes(size_t chars)
{
	if (!chars)
		return sizeof(struct nt_unicode_string);
	return sizeof(struct nt_unicode_string) + (chars + 1) * sizeof(uint16_t);
}

static uint64_t type_bytes(const struct object_type *type)
{
	return sizeof(struct nt_object_type_information) +
	       (strlen(type->name) + 1) * sizeof(uint16_t);
}

/* ---- class 0 ---- */

static NTSTATUS query_basic(const struct object_query *query)
{
	struct object *object = query->object;
	struct nt_object_basic_information information;
	struct captured_text text;
	size_t chars;
	NTSTATUS status;

	if (query->length_bytes != sizeof(information))
		return STATUS_INFO_LENGTH_MISMATCH;
	status = object_name_read(object, &text, &chars);
	if (!NT_SUCCESS(status))
		return status;
	text_release(&text);
	information = (struct nt_object_basic_information){
		.attributes = handle_attributes(query->handle) | namespace_flags(object),
		.granted_access = query->granted,
		.handle_count = atomic_load(&object->handle_count),
		.pointer_count = atomic_load(&object->reference_count) - 1, /* less this call's */
		.name_info_size = chars ? (uint32_t)name_bytes(chars) : 0,
		.type_info_size = (uint32_t)type_bytes(object->type),
	};
	return query_result(query->buffer, &information, sizeof(information), query->return_length,
			    4);
}

/* ---- class 1 ---- */

static NTSTATUS name_write(const struct object_query *query, const uint16_t *text, size_t chars)
{
	static const struct nt_unicode_string none;
	const struct information_query answer = {
		.buffer = query->buffer,
		.length_bytes = query->length_bytes,
		.return_length = query->return_length,
	};

	if (!chars)
		return query_result(query->buffer, &none, sizeof(none), query->return_length, 4);
	return answer_text(&answer, text, (uint16_t)(chars * sizeof(uint16_t)));
}

static NTSTATUS query_name(const struct object_query *query)
{
	bool is_file = query->object->type == &file_type;
	struct captured_text text;
	size_t chars;
	NTSTATUS status = object_name_read(query->object, &text, &chars);

	if (!NT_SUCCESS(status))
		return status;
	if (query->length_bytes >= name_bytes(chars))
		status = name_write(query, text.characters, chars);
	else if (is_file && query->length_bytes >= sizeof(struct nt_unicode_string))
		status = query_length(STATUS_BUFFER_OVERFLOW, name_bytes(chars),
				      query->return_length, 4);
	else
		status = query_length(STATUS_INFO_LENGTH_MISMATCH, name_bytes(chars),
				      query->return_length, 4);
	text_release(&text);
	return status;
}

/* ---- classes 2 and 3 ---- */

struct type_record {
	struct nt_object_type_information information;
	uint16_t name[16];
};

/* Writes what is known of a type to `address`, the name behind it. */
static NTSTATUS type_write(const struct object_type *type, uint8_t index, vaddr_t address)
{
	size_t chars = strlen(type->name);
	struct type_record record = {
		.information =
			{
				.type_name =
					{
						.length_bytes = (uint16_t)(chars * 2),
						.maximum_length_bytes = (uint16_t)(chars * 2 + 2),
						.buffer = address + sizeof(record.information),
					},
				.object_count = (uint32_t)atomic_load(&type->object_count),
				.highest_object_count = (uint32_t)atomic_load(&type->object_count),
				.generic_read = type->generic_read,
				.generic_write = type->generic_write,
				.generic_execute = type->generic_execute,
				.generic_all = type->generic_all,
				.valid_access = type->valid_access,
				.maintains_handle_count = true,
				.type_index = index,
			},
	};

	KASSERT(chars < sizeof(record.name) / sizeof(record.name[0]));
	for (size_t i = 0; i < chars; i++)
		record.name[i] = (uint8_t)type->name[i];
	return copy_out(address, &record, type_bytes(type));
}

static uint8_t type_index(const struct object_type *type)
{
	uint8_t index = 0;

	while (object_type_at(index) != type)
		index++;
	return index;
}

static NTSTATUS query_type(const struct object_query *query)
{
	const struct object_type *type = query->object->type;
	NTSTATUS status = STATUS_INFO_LENGTH_MISMATCH;

	if (query->length_bytes >= type_bytes(type))
		status = type_write(type, type_index(type), query->buffer);
	if (!NT_SUCCESS(status) && status != STATUS_INFO_LENGTH_MISMATCH)
		return status;
	return query_length(status, type_bytes(type), query->return_length, 4);
}

/* The count, in 8 bytes, then the types, each one aligned to 8. */
static NTSTATUS query_types(const struct object_query *query)
{
	const struct object_type *type;
	uint64_t position = sizeof(uint64_t), count = 0;
	NTSTATUS status = STATUS_SUCCESS;

	while ((type = object_type_at((unsigned)count))) {
		uint64_t size_bytes = type_bytes(type);

		if (position + size_bytes > query->length_bytes)
			status = STATUS_INFO_LENGTH_MISMATCH;
		if (NT_SUCCESS(status))
			status = type_write(type, (uint8_t)count, query->buffer + position);
		position += (size_bytes + 7) & ~7ull;
		count++;
	}
	if (NT_SUCCESS(status))
		status = copy_out(query->buffer, &count, sizeof(count));
	if (!NT_SUCCESS(status) && status != STATUS_INFO_LENGTH_MISMATCH)
		return status;
	return query_length(status, position, query->return_length, 4);
}

/* ---- class 4 ---- */

static NTSTATUS query_handle_flags(const struct object_query *query)
{
	uint32_t attributes = handle_attributes(query->handle);
	struct nt_object_handle_flag_information information = {
		.inherit = (attributes & OBJ_INHERIT) != 0,
		.protect_from_close = (attributes & OBJ_PROTECT_CLOSE) != 0,
	};

	if (query->length_bytes != sizeof(information))
		return STATUS_INFO_LENGTH_MISMATCH;
	return query_result(query->buffer, &information, sizeof(information), query->return_length,
			    4);
}

/* ---- the calls ---- */

static NTSTATUS query_class(enum object_information_class class, const struct object_query *query)
{
	switch (class) {
	case OBJECT_BASIC_INFORMATION_CLASS:
		return query_basic(query);
	case OBJECT_NAME_INFORMATION_CLASS:
		return query_name(query);
	case OBJECT_TYPE_INFORMATION_CLASS:
		return query_type(query);
	case OBJECT_TYPES_INFORMATION_CLASS:
		return query_types(query);
	case OBJECT_HANDLE_FLAG_INFORMATION_CLASS:
		break;
	}
	return query_handle_flags(query);
}

NTSTATUS NtQueryObject(const uint64_t *arguments)
{
	uint32_t class = (uint32_t)arguments[1];
	struct object_query query = {
		.handle = arguments[0],
		.buffer = arguments[2],
		.length_bytes = (uint32_t)arguments[3],
		.return_length = arguments[4],
	};
	NTSTATUS status;

	if (class >= OBJECT_INFORMATION_CLASSES)
		return STATUS_INVALID_INFO_CLASS;
	status = query_probe(query.buffer, query.length_bytes, query.return_length, 4);
	if (NT_SUCCESS(status) && class != OBJECT_TYPES_INFORMATION_CLASS)
		status = process_reference_by_handle(query.handle, NULL, 0, &query.object,
						     &query.granted);
	if (!NT_SUCCESS(status))
		return status;
	status = query_class((enum object_information_class) class, &query);
	if (query.object)
		object_release(query.object);
	return status;
}

NTSTATUS NtSetInformationObject(const uint64_t *arguments)
{
	struct nt_object_handle_flag_information information;
	NTSTATUS status;

	if ((uint32_t)arguments[1] != OBJECT_HANDLE_FLAG_INFORMATION_CLASS)
		return STATUS_INVALID_INFO_CLASS;
	if ((uint32_t)arguments[3] != sizeof(information))
		return STATUS_INFO_LENGTH_MISMATCH;
	status = copy_in(&information, arguments[2], sizeof(information));
	if (!NT_SUCCESS(status))
		return status;
	return handle_set_attributes(
		&process_current()->handles, arguments[0],
		(information.inherit ? OBJ_INHERIT : 0) |
			(information.protect_from_close ? OBJ_PROTECT_CLOSE : 0));
}
