/*
 * sys_memory_query.c - NtQueryVirtualMemory (nt-semantics 5.4): the order of its checks, and the
 * shapes of its classes.
 */
#include "syscall.h"

#include "kernel/core/pool.h"
#include "kernel/mm/user_memory.h"

struct memory_query_call {
	struct address_space *space;
	vaddr_t address;
	vaddr_t buffer;
	uint64_t length_bytes;
	vaddr_t return_length; /* 0: not wanted */
};

/* The answer of a class of one size. */
static NTSTATUS answer(const struct memory_query_call *query, NTSTATUS status, const void *data,
		       size_t size_bytes)
{
	if (!NT_SUCCESS(status))
		return status;
	return query_result(query->buffer, data, size_bytes, query->return_length,
			    sizeof(uint64_t));
}

static NTSTATUS query_basic(const struct memory_query_call *query)
{
	struct nt_memory_basic_information basic;

	if (query->length_bytes < sizeof(basic))
		return STATUS_INFO_LENGTH_MISMATCH;
	return answer(query, memory_query(query->space, query->address, &basic), &basic,
		      sizeof(basic));
}

static NTSTATUS query_page(const struct memory_query_call *query)
{
	struct quire_memory_page page;

	if (query->length_bytes < sizeof(page))
		return STATUS_INFO_LENGTH_MISMATCH;
	return answer(query, memory_query_page(query->space, query->address, &page), &page,
		      sizeof(page));
}

/* The structure has grown: who asks for less gets the fields that fit whole. */
static NTSTATUS query_region(const struct memory_query_call *query)
{
	struct nt_memory_region_information region;
	size_t size = offsetof(struct nt_memory_region_information, commit_size_bytes);

	if (query->length_bytes < size)
		return STATUS_INFO_LENGTH_MISMATCH;
	if (query->length_bytes >= sizeof(region))
		size = sizeof(region);
	else if (query->length_bytes >= offsetof(struct nt_memory_region_information, partition_id))
		size = offsetof(struct nt_memory_region_information, partition_id);
	return answer(query, memory_query_region(query->space, query->address, &region), &region,
		      size);
}

static NTSTATUS query_image(const struct memory_query_call *query)
{
	struct nt_memory_image_information image;

	if (query->length_bytes < sizeof(image))
		return STATUS_INFO_LENGTH_MISMATCH;
	return answer(query, memory_query_image(query->space, query->address, &image), &image,
		      sizeof(image));
}

static NTSTATUS query_shared_commit(const struct memory_query_call *query)
{
	uint64_t pages;

	if (query->length_bytes < sizeof(pages))
		return STATUS_INFO_LENGTH_MISMATCH;
	pages = memory_query_shared_commit(query->space);
	return answer(query, STATUS_SUCCESS, &pages, sizeof(pages));
}

/* ---- the file's name: a UNICODE_STRING, and the characters behind it ---- */

#define NAME_CAPACITY (POOL_MAX_BYTES / sizeof(uint16_t))

static NTSTATUS name_write(const struct memory_query_call *query, const char *name, size_t length,
			   uint16_t *wide)
{
	struct nt_unicode_string string = {.length_bytes = (uint16_t)(length * sizeof(*wide)),
					   .maximum_length_bytes =
						   (uint16_t)((length + 1) * sizeof(*wide)),
					   .buffer = query->buffer + sizeof(string)};
	uint64_t needed = sizeof(string) + string.maximum_length_bytes;
	NTSTATUS status;

	if (query->length_bytes < needed)
		return query_length(query->length_bytes < sizeof(string)
					    ? STATUS_INFO_LENGTH_MISMATCH
					    : STATUS_BUFFER_OVERFLOW,
				    needed, query->return_length, sizeof(uint64_t));
	for (size_t i = 0; i <= length; i++)
		wide[i] = (unsigned char)name[i];
	status = copy_out(string.buffer, wide, string.maximum_length_bytes);
	if (NT_SUCCESS(status))
		status = copy_out(query->buffer, &string, sizeof(string));
	if (NT_SUCCESS(status))
		status = query_length(status, needed, query->return_length, sizeof(uint64_t));
	return status;
}

static NTSTATUS query_file_name(const struct memory_query_call *query)
{
	char *name = pool_alloc(NAME_CAPACITY);
	uint16_t *wide = pool_alloc(NAME_CAPACITY * sizeof(*wide));
	NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;
	size_t length;

	if (name && wide)
		status = memory_query_file_name(query->space, query->address, name, NAME_CAPACITY,
						&length);
	if (NT_SUCCESS(status))
		status = length < NAME_CAPACITY ? name_write(query, name, length, wide)
						: STATUS_NAME_TOO_LONG;
	pool_free(name, NAME_CAPACITY);
	pool_free(wide, NAME_CAPACITY * sizeof(*wide));
	return status;
}

/* ---- pages in memory ---- */

#define CHUNK 32u /* pages at a time */

/* Each entry has an address, and gets its attributes. */
static NTSTATUS query_residence(const struct memory_query_call *query)
{
	struct nt_memory_working_set_ex_information entry;
	uint64_t count = query->length_bytes / sizeof(entry);
	NTSTATUS status = STATUS_SUCCESS;

	if (!count)
		return STATUS_INFO_LENGTH_MISMATCH;
	for (uint64_t i = 0; NT_SUCCESS(status) && i < count; i++) {
		vaddr_t at = query->buffer + i * sizeof(entry);

		status = copy_in(&entry, at, sizeof(entry));
		if (!NT_SUCCESS(status))
			break;
		entry.attributes = memory_query_residence(query->space, entry.virtual_address);
		status = copy_out(at, &entry, sizeof(entry));
	}
	if (NT_SUCCESS(status))
		status = query_length(status, count * sizeof(entry), query->return_length,
				      sizeof(uint64_t));
	return status;
}

/*
 * The number of pages, then a block for each. Where not all fit, the number is told all the same,
 * for the next attempt.
 */
static NTSTATUS query_working_set(const struct memory_query_call *query)
{
	uint64_t blocks[CHUNK], total = 0, count = CHUNK;
	uint64_t capacity = query->length_bytes / sizeof(*blocks);
	NTSTATUS status = STATUS_SUCCESS;
	vaddr_t from = 0;

	if (capacity < 2)
		return STATUS_INFO_LENGTH_MISMATCH;
	while (NT_SUCCESS(status) && count == CHUNK) {
		count = memory_list_residents(query->space, &from, blocks, CHUNK);
		if (total + count < capacity)
			status = copy_out(query->buffer + (1 + total) * sizeof(*blocks), blocks,
					  count * sizeof(*blocks));
		total += count;
	}
	if (NT_SUCCESS(status))
		status = copy_out(query->buffer, &total, sizeof(total));
	if (!NT_SUCCESS(status))
		return status;
	if (total >= capacity)
		return STATUS_INFO_LENGTH_MISMATCH;
	return query_length(status, (1 + total) * sizeof(*blocks), query->return_length,
			    sizeof(uint64_t));
}

/* ---- the call ---- */

/* Either right will do (C6). */
static NTSTATUS target_open_query(handle_t handle, struct target *target)
{
	NTSTATUS status = target_open(handle, PROCESS_QUERY_LIMITED_INFORMATION, target);

	if (status == STATUS_ACCESS_DENIED)
		status = target_open(handle, PROCESS_QUERY_INFORMATION, target);
	return status;
}

static NTSTATUS query_class(const struct memory_query_call *query, uint32_t class)
{
	switch (class) {
	case MEMORY_BASIC_INFORMATION_CLASS:
	case MEMORY_BASIC_INFORMATION_CAPPED_CLASS:
		return query_basic(query);
	case MEMORY_WORKING_SET_INFORMATION_CLASS:
		return query_working_set(query);
	case MEMORY_MAPPED_FILENAME_CLASS:
		return query_file_name(query);
	case MEMORY_REGION_INFORMATION_CLASS:
	case MEMORY_REGION_INFORMATION_EX_CLASS:
		return query_region(query);
	case MEMORY_WORKING_SET_EX_INFORMATION_CLASS:
		return query_residence(query);
	case MEMORY_SHARED_COMMIT_INFORMATION_CLASS:
		return query_shared_commit(query);
	case MEMORY_IMAGE_INFORMATION_CLASS:
		return query_image(query);
	case QUIRE_MEMORY_PAGE:
		return query_page(query);
	}
	return STATUS_INVALID_INFO_CLASS;
}

NTSTATUS NtQueryVirtualMemory(const uint64_t *arguments)
{
	struct memory_query_call query = {.address = arguments[1],
					  .buffer = arguments[3],
					  .length_bytes = arguments[4],
					  .return_length = arguments[5]};
	struct target target;
	NTSTATUS status;

	if (query.address > USER_HIGHEST_ADDRESS)
		return STATUS_INVALID_PARAMETER;
	status = query_probe(query.buffer, query.length_bytes, query.return_length, 8);
	if (NT_SUCCESS(status))
		status = target_open_query(arguments[0], &target);
	if (!NT_SUCCESS(status))
		return status;
	query.space = target.space;
	status = query_class(&query, (uint32_t)arguments[2]);
	target_close(&target);
	return status;
}
