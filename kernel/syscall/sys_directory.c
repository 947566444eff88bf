/*
 * sys_directory.c - NtQueryDirectoryFile: the entries of a directory, a bufferful a call.
 *
 * A scan goes by the children's numbers, so an entry that is added or removed meanwhile may be
 * missed or seen twice, as on other systems.
 */
#include "syscall.h"

#include "capture.h"
#include "file_object.h"
#include "io_status.h"
#include "name_pattern.h"
#include "kernel/core/pool.h"
#include "kernel/lib/string.h"
#include "kernel/mm/user_memory.h"

/*
 * The fields of all classes, in the order of FILE_ID_BOTH_DIRECTORY_INFORMATION; a class shows some
 * of them, and then the name.
 */
struct directory_entry {
	uint32_t next_entry_offset, file_index;
	int64_t creation_time, last_access_time, last_write_time, change_time;
	int64_t end_of_file, allocation_size;
	uint32_t attributes, name_bytes;
	uint32_t ea_bytes;
	uint8_t short_name_bytes, padding;
	uint16_t short_name[12];
	uint64_t file_id;
};
_Static_assert(offsetof(struct directory_entry, ea_bytes) == 64, "FILE_DIRECTORY_INFORMATION");
_Static_assert(offsetof(struct directory_entry, short_name) == 70, "FILE_BOTH_DIRECTORY_INF..");
_Static_assert(offsetof(struct directory_entry, file_id) == 96, "FILE_ID_BOTH_DIRECTORY_INF..");

/* The layout of a class: the bytes before the name, and what of the entry is in them. */
struct directory_layout {
	uint32_t class;
	uint32_t name_offset;
	bool names_alone;  /* the next entry's offset, the index, the name's length */
	bool has_id_early; /* the file id stands where the short name would */
};

static const struct directory_layout layouts[] = {
	{FILE_DIRECTORY_INFORMATION_CLASS, 64, false, false},
	{FILE_FULL_DIRECTORY_INFORMATION_CLASS, 68, false, false},
	{FILE_BOTH_DIRECTORY_INFORMATION_CLASS, 94, false, false},
	{FILE_NAMES_INFORMATION_CLASS, 12, true, false},
	{FILE_ID_BOTH_DIRECTORY_INFORMATION_CLASS, 104, false, false},
	{FILE_ID_FULL_DIRECTORY_INFORMATION_CLASS, 80, false, true},
};

#define NAME_OFFSET_MAX 104u

/* An entry in its layout. */
struct directory_entry_record {
	uint8_t bytes[NAME_OFFSET_MAX + FILE_NAME_MAX_CHARS * sizeof(uint16_t)];
	uint32_t size_bytes;
};

static const struct directory_layout *layout_of(uint32_t class)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (layouts[i].class == class)
			return &layouts[i];
	return NULL;
}

struct directory_query {
	struct file_object *file;
	const struct directory_layout *layout;
	vaddr_t buffer;
	uint32_t length_bytes;
	bool single, restart;
	char pattern[FILE_NAME_MAX_CHARS + 1];
	char name[FILE_NAME_MAX_CHARS + 1]; /* of the child at hand */
	struct directory_entry_record record;
	uint32_t used_bytes; /* of the buffer */
	uint32_t last_entry; /* where its newest entry begins */
};

/* Puts the entry into the layout of the class. */
static void record_arrange(struct directory_query *query, const struct directory_entry *entry)
{
	const struct directory_layout *layout = query->layout;
	uint8_t *bytes = query->record.bytes;

	memset(bytes, 0, layout->name_offset);
	if (layout->names_alone) {
		memcpy(bytes, entry, 8);
		memcpy(bytes + 8, &entry->name_bytes, sizeof(entry->name_bytes));
	} else if (layout->has_id_early) {
		memcpy(bytes, entry, offsetof(struct directory_entry, short_name_bytes));
		memcpy(bytes + 72, &entry->file_id, sizeof(entry->file_id));
	} else {
		memcpy(bytes, entry, layout->name_offset);
	}
}

static void record_fill(struct directory_query *query, struct file_node *node, const char *name,
			unsigned index)
{
	struct directory_entry entry = {.file_index = index};
	struct file_properties properties;
	size_t length = strlen(name);

	file_properties_read(node, &properties);
	entry.creation_time = (int64_t)properties.times.creation;
	entry.last_access_time = (int64_t)properties.times.last_access;
	entry.last_write_time = (int64_t)properties.times.last_write;
	entry.change_time = (int64_t)properties.times.change;
	entry.end_of_file = (int64_t)properties.size_bytes;
	entry.allocation_size = (int64_t)properties.allocation_bytes;
	entry.attributes = properties.attributes;
	entry.name_bytes = (uint32_t)(length * sizeof(uint16_t));
	entry.file_id = properties.index;
	record_arrange(query, &entry);
	for (size_t i = 0; i < length; i++) {
		uint16_t character = (uint8_t)name[i];

		memcpy(query->record.bytes + query->layout->name_offset + i * sizeof(character),
		       &character, sizeof(character));
	}
	query->record.size_bytes = query->layout->name_offset + entry.name_bytes;
}

/* Appends the record to the user's buffer and chains it to the one before. */
static NTSTATUS record_append(struct directory_query *query)
{
	uint32_t start = (query->used_bytes + 7) & ~7u, distance = start - query->last_entry;
	uint32_t size_bytes = query->record.size_bytes;
	NTSTATUS status;

	if (start > query->length_bytes || size_bytes > query->length_bytes - start)
		return STATUS_BUFFER_OVERFLOW;
	status = copy_out(query->buffer + start, &query->record, size_bytes);
	if (NT_SUCCESS(status) && query->used_bytes)
		status = copy_out(query->buffer + query->last_entry, &distance, sizeof(distance));
	if (!NT_SUCCESS(status))
		return status;
	query->last_entry = start;
	query->used_bytes = start + size_bytes;
	return STATUS_SUCCESS;
}

/* Entry `index`: first "." and "..", except in the root, then the children. With a reference. */
static struct file_node *entry_at(struct file_node *directory, unsigned index, char *name)
{
	struct file_node *parent = file_parent(directory);

	if (!parent)
		return file_child_named(directory, index, name);
	if (index == 1) {
		memcpy(name, "..", sizeof(".."));
		return parent;
	}
	file_release(parent);
	if (index > 0)
		return file_child_named(directory, index - 2, name);
	memcpy(name, ".", sizeof("."));
	file_reference(directory);
	return directory;
}

/* Fills the buffer from entry *index on; *index ends at the first one that is not in it. */
static NTSTATUS directory_fill(struct directory_query *query, unsigned *index)
{
	NTSTATUS status = STATUS_SUCCESS;

	for (;; (*index)++) {
		char *name = query->name;
		struct file_node *node = entry_at(query->file->node, *index, name);
		bool matches;

		if (!node)
			return query->used_bytes ? STATUS_SUCCESS : STATUS_NO_MORE_FILES;
		matches = !query->file->pattern[0] || name_matches(query->file->pattern, name);
		if (matches)
			record_fill(query, node, name, *index);
		file_release(node);
		if (!matches)
			continue;
		status = record_append(query);
		if (status == STATUS_BUFFER_OVERFLOW && query->used_bytes)
			return STATUS_SUCCESS; /* the next call goes on here */
		if (!NT_SUCCESS(status))
			return status;
		if (query->single) {
			(*index)++;
			return STATUS_SUCCESS;
		}
	}
}

/*
 * Between file_io_begin and file_io_end. The pattern is that of the first call after the open, as
 * on NT and Wine.
 */
static NTSTATUS directory_scan(struct directory_query *query)
{
	struct file_object *file = query->file;
	bool is_first = !file->has_pattern || query->restart;
	unsigned index = is_first ? 0 : file->directory_index;
	NTSTATUS status;

	if (!file->has_pattern)
		memcpy(file->pattern, query->pattern, sizeof(file->pattern));
	file->has_pattern = true;
	status = directory_fill(query, &index);
	if (status == STATUS_NO_MORE_FILES && is_first)
		status = STATUS_NO_SUCH_FILE;
	if (NT_SUCCESS(status) || status == STATUS_NO_MORE_FILES)
		file->directory_index = index;
	return status;
}

/* The mask, a UNICODE_STRING; "*" and none mean everything. */
static NTSTATUS pattern_capture(vaddr_t address, struct directory_query *query)
{
	struct nt_unicode_string string;
	struct captured_text text;
	NTSTATUS status;

	if (!address)
		return STATUS_SUCCESS;
	status = copy_in(&string, address, sizeof(string));
	if (!NT_SUCCESS(status) || !string.length_bytes)
		return status;
	if (string.length_bytes / sizeof(uint16_t) >= sizeof(query->pattern))
		return STATUS_OBJECT_NAME_INVALID;
	status = text_capture(string.buffer, string.length_bytes, &text);
	if (!NT_SUCCESS(status))
		return status;
	utf16_to_ascii(query->pattern, sizeof(query->pattern), text.characters,
		       string.length_bytes / sizeof(uint16_t));
	text_release(&text);
	return STATUS_SUCCESS;
}

/* With a reference to the file. */
static NTSTATUS directory_query_transfer(struct directory_query *query)
{
	NTSTATUS status;

	if (query->file->kind != FILE_OBJECT_DIRECTORY)
		return STATUS_INVALID_PARAMETER;
	status = file_io_begin(query->file);
	if (!NT_SUCCESS(status))
		return status;
	status = directory_scan(query);
	file_io_end(query->file);
	return status;
}

static NTSTATUS directory_query_perform(const uint64_t *arguments, struct directory_query *query)
{
	struct io_completion completion = {.status_address = arguments[4]};
	NTSTATUS status;

	query->buffer = arguments[5];
	query->length_bytes = (uint32_t)arguments[6];
	query->single = (uint8_t)arguments[8];
	query->restart = (uint8_t)arguments[10];
	status = pattern_capture(arguments[9], query);
	if (NT_SUCCESS(status))
		status = process_reference_by_handle(arguments[0], &file_type, FILE_READ_DATA,
						     &query->file, NULL);
	if (!NT_SUCCESS(status))
		return status;
	status = io_begin(&completion, arguments[1]);
	if (NT_SUCCESS(status)) {
		status = directory_query_transfer(query);
		status = io_end(&completion, status, query->used_bytes);
	}
	object_release(query->file);
	return status;
}

NTSTATUS NtQueryDirectoryFile(const uint64_t *arguments)
{
	uint32_t length_bytes = (uint32_t)arguments[6];
	const struct directory_layout *layout = layout_of((uint32_t)arguments[7]);
	struct directory_query *query;
	NTSTATUS status;

	if (!layout)
		return STATUS_INVALID_INFO_CLASS;
	if (length_bytes < layout->name_offset)
		return STATUS_INFO_LENGTH_MISMATCH;
	status = probe_write(arguments[4], sizeof(struct nt_io_status_block));
	if (NT_SUCCESS(status))
		status = probe_write(arguments[5], length_bytes);
	if (!NT_SUCCESS(status))
		return status;
	if (arguments[2])
		return STATUS_NOT_IMPLEMENTED; /* APC routine */
	query = pool_alloc(sizeof(*query));
	if (!query)
		return STATUS_INSUFFICIENT_RESOURCES;
	query->layout = layout;
	status = directory_query_perform(arguments, query);
	pool_free(query, sizeof(*query));
	return status;
}
