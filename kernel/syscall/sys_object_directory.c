/*
 * sys_object_directory.c - NtCreateDirectoryObject, NtOpenDirectoryObject, NtQueryDirectoryObject,
 * NtCreateSymbolicLinkObject, NtOpenSymbolicLinkObject, NtQuerySymbolicLinkObject.
 */
#include "syscall.h"

#include "kernel/lib/string.h"
#include "kernel/mm/user_memory.h"
#include "named.h"
#include "nt/ntob.h"

/* ---- directories ---- */

NTSTATUS NtCreateDirectoryObject(const uint64_t *arguments)
{
	struct creation creation;
	struct object *directory = NULL;
	NTSTATUS status = creation_capture(arguments, &directory_type, &creation);

	if (!NT_SUCCESS(status))
		return status;
	status = directory_make(&directory);
	return creation_finish(&creation, status, directory);
}

NTSTATUS NtOpenDirectoryObject(const uint64_t *arguments)
{
	return object_open(arguments, &directory_type);
}

/* ---- what is in a directory ---- */

/*
 * The buffer: an array of heads, an empty one behind it, then the texts of each: name, NUL, type,
 * NUL. So the number of entries comes before the place of the first text.
 */
struct listing {
	struct object *directory;
	vaddr_t buffer;
	uint32_t length_bytes;
	bool single;
	uint32_t first;	     /* index of the first entry */
	uint32_t count;	     /* that fit */
	uint64_t used_bytes; /* by them and the empty head; single: also by one that does not fit */
	uint64_t text_position; /* where the next text goes */
};

#define HEAD_BYTES sizeof(struct nt_object_directory_information)

static uint64_t item_text_bytes(const struct namespace_item *item)
{
	return (item->chars + 1 + strlen(item->type->name) + 1) * sizeof(uint16_t);
}

/* Finds out how many entries fit. */
static NTSTATUS listing_measure(struct listing *listing)
{
	struct namespace_item item;
	bool is_full = false;

	listing->used_bytes = HEAD_BYTES;
	while (!is_full && !(listing->single && listing->count == 1) &&
	       namespace_item(listing->directory, listing->first + listing->count, NULL, 0,
			      &item)) {
		uint64_t size_bytes = HEAD_BYTES + item_text_bytes(&item);

		is_full = size_bytes + listing->used_bytes > listing->length_bytes;
		if (!is_full)
			listing->count++;
		if (!is_full || listing->single)
			listing->used_bytes += size_bytes;
	}
	if (is_full)
		return listing->single ? STATUS_BUFFER_TOO_SMALL : STATUS_MORE_ENTRIES;
	return listing->count ? STATUS_SUCCESS : STATUS_NO_MORE_ENTRIES;
}

/* Writes text and a NUL to the place of the next text, and says in *string where it is. */
static NTSTATUS listing_write_text(struct listing *listing, const uint16_t *text, size_t chars,
				   struct nt_unicode_string *string)
{
	static const uint16_t end;
	vaddr_t address = listing->buffer + listing->text_position;
	size_t size_bytes = chars * sizeof(uint16_t);
	NTSTATUS status = copy_out(address, text, size_bytes);

	if (NT_SUCCESS(status))
		status = copy_out(address + size_bytes, &end, sizeof(end));
	*string = (struct nt_unicode_string){
		.length_bytes = (uint16_t)size_bytes,
		.maximum_length_bytes = (uint16_t)(size_bytes + sizeof(end)),
		.buffer = address,
	};
	listing->text_position += size_bytes + sizeof(end);
	return status;
}

static NTSTATUS listing_write_item(struct listing *listing, uint32_t position,
				   const struct namespace_item *item, const uint16_t *name)
{
	struct nt_object_directory_information head;
	uint16_t type_name[32];
	size_t type_chars = strlen(item->type->name);
	NTSTATUS status = listing_write_text(listing, name, item->chars, &head.name);

	KASSERT(type_chars < sizeof(type_name) / sizeof(type_name[0]));
	for (size_t i = 0; i < type_chars; i++)
		type_name[i] = (uint8_t)item->type->name[i];
	if (NT_SUCCESS(status))
		status = listing_write_text(listing, type_name, type_chars, &head.type_name);
	if (NT_SUCCESS(status))
		status = copy_out(listing->buffer + position * HEAD_BYTES, &head, sizeof(head));
	return status;
}

/*
 * Entry number `position` of the listing. The directory may have changed since it was measured:
 * *is_end when it is not there any more, or does not fit any more.
 */
static NTSTATUS listing_write_entry(struct listing *listing, uint32_t position, bool *is_end)
{
	struct captured_text text = {0};
	struct namespace_item item;
	size_t capacity;
	NTSTATUS status;

	*is_end = !namespace_item(listing->directory, listing->first + position, NULL, 0, &item);
	if (*is_end)
		return STATUS_SUCCESS;
	capacity = item.chars;
	status = text_reserve(&text, capacity * sizeof(uint16_t));
	if (!NT_SUCCESS(status))
		return status;
	*is_end = !namespace_item(listing->directory, listing->first + position, text.characters,
				  capacity, &item) ||
		  item.chars > capacity ||
		  listing->text_position + item_text_bytes(&item) > listing->length_bytes;
	if (!*is_end)
		status = listing_write_item(listing, position, &item, text.characters);
	text_release(&text);
	return status;
}

static NTSTATUS listing_write(struct listing *listing)
{
	static const struct nt_object_directory_information empty;
	NTSTATUS status = STATUS_SUCCESS;
	uint32_t written = 0;
	bool is_end = false;

	listing->text_position = (listing->count + 1) * HEAD_BYTES;
	while (NT_SUCCESS(status) && written < listing->count) {
		status = listing_write_entry(listing, written, &is_end);
		if (is_end)
			break;
		written++;
	}
	listing->count = written;
	if (NT_SUCCESS(status))
		status = copy_out(listing->buffer + written * HEAD_BYTES, &empty, sizeof(empty));
	return status;
}

static NTSTATUS listing_perform(struct listing *listing, vaddr_t context_address,
				vaddr_t return_length)
{
	NTSTATUS status = listing_measure(listing), copy_status = STATUS_SUCCESS;
	uint32_t next;

	/* Nothing fits: the context stays, and the buffer too unless there is room for the end. */
	if (listing->count || (NT_SUCCESS(status) && listing->length_bytes >= HEAD_BYTES))
		copy_status = listing_write(listing);
	next = listing->first + listing->count;
	if (NT_SUCCESS(copy_status) && listing->count)
		copy_status = copy_out(context_address, &next, sizeof(next));
	if (!NT_SUCCESS(copy_status))
		return copy_status;
	return query_length(status, listing->used_bytes, return_length, 4);
}

NTSTATUS NtQueryDirectoryObject(const uint64_t *arguments)
{
	vaddr_t context_address = arguments[5];
	struct listing listing = {
		.buffer = arguments[1],
		.length_bytes = (uint32_t)arguments[2],
		.single = (uint8_t)arguments[3],
	};
	NTSTATUS status = query_probe(listing.buffer, listing.length_bytes, arguments[6], 4);

	if (NT_SUCCESS(status))
		status = probe_write(context_address, sizeof(listing.first));
	if (NT_SUCCESS(status))
		status = copy_in(&listing.first, context_address, sizeof(listing.first));
	if (NT_SUCCESS(status))
		status = process_reference_by_handle(arguments[0], &directory_type, DIRECTORY_QUERY,
						     &listing.directory, NULL);
	if (!NT_SUCCESS(status))
		return status;
	if ((uint8_t)arguments[4])
		listing.first = 0;
	status = listing_perform(&listing, context_address, arguments[6]);
	object_release(listing.directory);
	return status;
}

/* ---- symbolic links ---- */

/* The link itself is made before the name is captured: one long text at a time. */
static NTSTATUS link_make(vaddr_t target_address, struct object **link)
{
	struct nt_unicode_string string;
	struct captured_text text;
	NTSTATUS status = copy_in(&string, target_address, sizeof(string));

	if (!NT_SUCCESS(status))
		return status;
	if (!string.length_bytes || (string.length_bytes & 1) ||
	    string.length_bytes > string.maximum_length_bytes)
		return STATUS_INVALID_PARAMETER;
	status = text_capture(string.buffer, string.length_bytes, &text);
	if (!NT_SUCCESS(status))
		return status;
	status = symbolic_link_make(text.characters, string.length_bytes / sizeof(uint16_t), link);
	text_release(&text);
	return status;
}

NTSTATUS NtCreateSymbolicLinkObject(const uint64_t *arguments)
{
	struct creation creation;
	struct object *link;
	NTSTATUS status = probe_write(arguments[0], sizeof(handle_t));

	if (NT_SUCCESS(status))
		status = link_make(arguments[3], &link);
	if (!NT_SUCCESS(status))
		return status;
	status = creation_capture(arguments, &symbolic_link_type, &creation);
	if (!NT_SUCCESS(status)) {
		object_release(link);
		return status;
	}
	return creation_finish(&creation, STATUS_SUCCESS, link);
}

NTSTATUS NtOpenSymbolicLinkObject(const uint64_t *arguments)
{
	return object_open(arguments, &symbolic_link_type);
}

/* With a place for the length, the text gets a NUL and needs room for it; without, neither. */
static NTSTATUS link_query(const struct object *link, vaddr_t string_address, vaddr_t return_length)
{
	static const uint16_t end;
	struct nt_unicode_string string;
	const uint16_t *text;
	size_t size_bytes = symbolic_link_target(link, &text) * sizeof(uint16_t);
	NTSTATUS status = copy_in(&string, string_address, sizeof(string));

	if (!NT_SUCCESS(status))
		return status;
	if (size_bytes + (return_length ? sizeof(end) : 0) > string.maximum_length_bytes)
		return query_length(STATUS_BUFFER_TOO_SMALL, size_bytes + sizeof(end),
				    return_length, 4);
	status = copy_out(string.buffer, text, size_bytes);
	if (NT_SUCCESS(status) && return_length)
		status = copy_out(string.buffer + size_bytes, &end, sizeof(end));
	string.length_bytes = (uint16_t)size_bytes;
	if (NT_SUCCESS(status))
		status =
			copy_out(string_address, &string.length_bytes, sizeof(string.length_bytes));
	if (!NT_SUCCESS(status))
		return status;
	return query_length(STATUS_SUCCESS, size_bytes + sizeof(end), return_length, 4);
}

NTSTATUS NtQuerySymbolicLinkObject(const uint64_t *arguments)
{
	struct object *link;
	NTSTATUS status =
		query_probe(arguments[1], sizeof(struct nt_unicode_string), arguments[2], 4);

	if (NT_SUCCESS(status))
		status = process_reference_by_handle(arguments[0], &symbolic_link_type,
						     SYMBOLIC_LINK_QUERY, &link, NULL);
	if (!NT_SUCCESS(status))
		return status;
	status = link_query(link, arguments[1], arguments[2]);
	object_release(link);
	return status;
}
