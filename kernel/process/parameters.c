/*
 * parameters.c - process parameters: capture from the creator, checks, writing to the child.
 */
#include "parameters.h"

#include "kernel/core/pool.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/range.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/user_memory.h"

/*
 * Offsets of the UNICODE_STRINGs of the structure: the four we name, and the window's four that
 * follow.
 */
static const uint16_t string_offsets[] = {
	offsetof(struct nt_user_process_parameters, current_directory_path),
	offsetof(struct nt_user_process_parameters, dll_path),
	offsetof(struct nt_user_process_parameters, image_path_name),
	offsetof(struct nt_user_process_parameters, command_line),
	0xB0,
	0xC0,
	0xD0,
	0xE0,
};
#define STRING_COUNT (sizeof(string_offsets) / sizeof(string_offsets[0]))

static size_t block_page_count(const struct parameter_block *block)
{
	return bytes_to_pages(block->size_bytes);
}

void parameters_free(struct parameter_block *block)
{
	for (size_t i = 0; i < block_page_count(block); i++)
		pool_free(block->pages[i], PAGE_SIZE);
	block->size_bytes = 0;
}

static NTSTATUS block_alloc(struct parameter_block *block, size_t size_bytes)
{
	*block = (struct parameter_block){.size_bytes = size_bytes};
	for (size_t i = 0; i < block_page_count(block); i++) {
		block->pages[i] = pool_alloc(PAGE_SIZE);
		if (!block->pages[i]) {
			parameters_free(block);
			return STATUS_INSUFFICIENT_RESOURCES;
		}
	}
	return STATUS_SUCCESS;
}

struct nt_user_process_parameters *parameters_header(struct parameter_block *block)
{
	return block->pages[0];
}

/*
 * The string at place i of the table, or NULL when the block is too short to have it. All lie in
 * the first page.
 */
static struct nt_unicode_string *block_string(struct parameter_block *block, size_t i)
{
	size_t offset = string_offsets[i];

	if (!range_ok(offset, sizeof(struct nt_unicode_string), block->size_bytes))
		return NULL;
	return (struct nt_unicode_string *)((char *)block->pages[0] + offset);
}

/* Turns pointers relative to `base` (0: they are offsets already) into checked offsets. */
static NTSTATUS block_check(struct parameter_block *block, vaddr_t base)
{
	struct nt_user_process_parameters *header = parameters_header(block);

	for (size_t i = 0; i < STRING_COUNT; i++) {
		struct nt_unicode_string *string = block_string(block, i);

		if (!string)
			continue;
		if (string->buffer && !string->length_bytes && !string->maximum_length_bytes)
			string->buffer = 0;
		if (!string->buffer) {
			if (string->length_bytes)
				return STATUS_INVALID_PARAMETER;
			continue;
		}
		string->buffer -= base;
		if (string->length_bytes > string->maximum_length_bytes ||
		    !range_ok(string->buffer, string->maximum_length_bytes, block->size_bytes))
			return STATUS_INVALID_PARAMETER;
	}
	header->environment = header->environment ? header->environment - base : 0;
	if (header->environment >= block->size_bytes)
		header->environment = 0;
	header->current_directory_handle = 0;
	return STATUS_SUCCESS;
}

NTSTATUS parameters_capture(vaddr_t user, struct parameter_block *block)
{
	struct nt_user_process_parameters header;
	NTSTATUS status = copy_in(&header, user, sizeof(header));

	if (!NT_SUCCESS(status))
		return status;
	if (header.length_bytes < sizeof(header) ||
	    header.length_bytes > pages_to_bytes(PARAMETER_BLOCK_PAGES))
		return STATUS_INVALID_PARAMETER;
	status = block_alloc(block, header.length_bytes);
	if (!NT_SUCCESS(status))
		return status;
	for (size_t i = 0; NT_SUCCESS(status) && i < block_page_count(block); i++) {
		size_t done = pages_to_bytes(i), left = block->size_bytes - done;

		status = copy_in(block->pages[i], user + done, left < PAGE_SIZE ? left : PAGE_SIZE);
	}
	if (NT_SUCCESS(status)) {
		/*
		 * The header just copied may differ from the one measured: the measure counts, the
		 * rest is checked.
		 */
		parameters_header(block)->length_bytes = header.length_bytes;
		parameters_header(block)->maximum_length_bytes = header.length_bytes;
		status = block_check(
			block,
			parameters_header(block)->flags & PROCESS_PARAMETERS_NORMALIZED ? user : 0);
	}
	if (!NT_SUCCESS(status))
		parameters_free(block);
	return status;
}

/* Appends the terminated text as UTF-16 at *end, an offset in the first page. */
static bool text_append(struct parameter_block *block, struct nt_unicode_string *string,
			const char *text, size_t *end)
{
	size_t length_bytes = 2 * strlen(text);
	uint16_t *to = (uint16_t *)((char *)block->pages[0] + *end);

	if (!range_ok(*end, length_bytes + 2, PAGE_SIZE))
		return false;
	for (size_t i = 0; text[i]; i++)
		to[i] = (uint8_t)text[i];
	*string = (struct nt_unicode_string){
		.length_bytes = (uint16_t)length_bytes,
		.maximum_length_bytes = (uint16_t)(length_bytes + 2),
		.buffer = *end,
	};
	*end += length_bytes + 2;
	return true;
}

NTSTATUS parameters_build(const char *image_path, const char *command_line,
			  struct parameter_block *block)
{
	NTSTATUS status = block_alloc(block, PAGE_SIZE);
	struct nt_user_process_parameters *header;
	size_t end = 0x400; /* beyond the whole structure as Windows 7 has it */

	if (!NT_SUCCESS(status))
		return status;
	header = parameters_header(block);
	header->length_bytes = header->maximum_length_bytes = (uint32_t)PAGE_SIZE;
	if (!text_append(block, &header->current_directory_path, "C:\\", &end) ||
	    !text_append(block, &header->image_path_name, image_path, &end) ||
	    !text_append(block, &header->command_line, command_line, &end)) {
		parameters_free(block);
		return STATUS_NAME_TOO_LONG;
	}
	return STATUS_SUCCESS;
}

NTSTATUS parameters_write(struct parameter_block *block, struct address_space *space, vaddr_t base)
{
	struct nt_user_process_parameters *header = parameters_header(block);
	NTSTATUS status = STATUS_SUCCESS;

	for (size_t i = 0; i < STRING_COUNT; i++) {
		struct nt_unicode_string *string = block_string(block, i);

		if (string && string->buffer)
			string->buffer += base;
	}
	if (header->environment)
		header->environment += base;
	header->flags |= PROCESS_PARAMETERS_NORMALIZED;
	for (size_t i = 0; NT_SUCCESS(status) && i < block_page_count(block); i++) {
		size_t done = pages_to_bytes(i), left = block->size_bytes - done;

		status = space_write(space, base + done, block->pages[i],
				     left < PAGE_SIZE ? left : PAGE_SIZE, NULL);
	}
	return status;
}
