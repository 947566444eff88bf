/*
 * capture.c - object attributes and names: one copy each, checks on the copy.
 */
#include "capture.h"

#include "kernel/core/pool.h"
#include "kernel/mm/user_memory.h"
#include "kernel/process/process.h"

/* The buffer for texts beyond POOL_MAX_BYTES, for one holder at a time. */
static struct spinlock long_text_lock = SPINLOCK_INIT("long text", RANK_OBJECT);
static bool long_text_taken;
static uint16_t long_text[NAME_MAX_BYTES / sizeof(uint16_t)];

static NTSTATUS long_text_take(void)
{
	NTSTATUS status = STATUS_SUCCESS;

	spin_lock(&long_text_lock);
	while (long_text_taken && status == STATUS_SUCCESS)
		status = thread_sleep_for(QUIRE_WAIT_LONG_TEXT, &long_text_taken, &long_text_lock,
					  TIME_FOREVER, true);
	if (status == STATUS_SUCCESS)
		long_text_taken = true;
	spin_unlock(&long_text_lock);
	return status;
}

static void long_text_give_back(void)
{
	spin_lock(&long_text_lock);
	long_text_taken = false;
	thread_wake(&long_text_taken);
	spin_unlock(&long_text_lock);
}

NTSTATUS text_reserve(struct captured_text *text, size_t size_bytes)
{
	NTSTATUS status;

	KASSERT(size_bytes <= NAME_MAX_BYTES);
	text->size_bytes = size_bytes;
	if (size_bytes <= POOL_MAX_BYTES) {
		text->characters = pool_alloc(size_bytes);
		return text->characters ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
	}
	status = long_text_take();
	if (NT_SUCCESS(status))
		text->characters = long_text;
	return status;
}

void text_release(struct captured_text *text)
{
	if (text->characters == long_text)
		long_text_give_back();
	else
		pool_free(text->characters, text->size_bytes);
	text->characters = NULL;
}

NTSTATUS text_capture(vaddr_t address, size_t size_bytes, struct captured_text *text)
{
	NTSTATUS status;

	*text = (struct captured_text){0};
	if (address & 1)
		return STATUS_DATATYPE_MISALIGNMENT;
	if ((size_bytes & 1) || size_bytes > NAME_MAX_BYTES)
		return STATUS_OBJECT_NAME_INVALID;
	status = text_reserve(text, size_bytes);
	if (!NT_SUCCESS(status))
		return status;
	status = copy_in(text->characters, address, size_bytes);
	if (!NT_SUCCESS(status))
		text_release(text);
	return status;
}

/* Rows 5 and 7 to 10: the UNICODE_STRING at `address`. */
static NTSTATUS name_capture(vaddr_t address, struct captured_attributes *result)
{
	static const uint16_t empty[] = {0};
	struct nt_unicode_string string;
	NTSTATUS status = copy_in(&string, address, sizeof(string));

	if (!NT_SUCCESS(status))
		return status;
	result->name.text = empty;
	if (string.length_bytes == 0)
		return STATUS_SUCCESS;
	status = text_capture(string.buffer, string.length_bytes, &result->text);
	if (!NT_SUCCESS(status))
		return status;
	result->name.text = result->text.characters;
	result->name.chars = string.length_bytes / sizeof(uint16_t);
	return STATUS_SUCCESS;
}

/* Rows 3 to 6: what a name that is missing or empty means; else the root directory. */
static NTSTATUS name_resolve(const struct nt_object_attributes *attributes, enum capture_mode mode,
			     struct captured_attributes *result)
{
	NTSTATUS status;

	if (!attributes->object_name && attributes->root_directory)
		return STATUS_OBJECT_NAME_INVALID;
	if (!result->name.chars && mode == CAPTURE_CREATE)
		return STATUS_SUCCESS;
	if (!result->name.chars && !attributes->root_directory)
		return STATUS_OBJECT_PATH_SYNTAX_BAD;
	if (attributes->root_directory) {
		status = process_reference_by_handle(attributes->root_directory, NULL, 0,
						     &result->name.root, NULL);
		if (!NT_SUCCESS(status))
			return status;
	}
	result->is_named = true;
	return STATUS_SUCCESS;
}

NTSTATUS attributes_capture(vaddr_t address, enum capture_mode mode,
			    struct captured_attributes *result)
{
	struct nt_object_attributes attributes;
	NTSTATUS status;

	*result = (struct captured_attributes){0};
	if (!address)
		return mode == CAPTURE_CREATE ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
	status = copy_in(&attributes, address, sizeof(attributes));
	if (!NT_SUCCESS(status))
		return status;
	if (attributes.length_bytes != sizeof(attributes))
		return STATUS_INVALID_PARAMETER;
	if (mode == CAPTURE_CREATE && (attributes.attributes & OBJ_PERMANENT))
		return STATUS_PRIVILEGE_NOT_HELD;
	result->name.attributes = attributes.attributes;
	if (attributes.object_name)
		status = name_capture(attributes.object_name, result);
	if (NT_SUCCESS(status))
		status = name_resolve(&attributes, mode, result);
	if (!NT_SUCCESS(status))
		attributes_release(result);
	return status;
}

void attributes_release(struct captured_attributes *attributes)
{
	text_release(&attributes->text);
	if (attributes->name.root)
		object_release(attributes->name.root);
	attributes->name.root = NULL;
}
