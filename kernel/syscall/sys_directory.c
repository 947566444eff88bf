/*
 * sys_directory.c - NtQueryDirectoryFile with FileDirectoryInformation: the entries of a directory,
 * a bufferful a call.
 *
 * A scan goes by the children's numbers, so an entry that is added or removed meanwhile may be
 * missed or seen twice, as on other systems. "." and ".." are not listed.
 */
#include "syscall.h"

#include "capture.h"
#include "file_object.h"
#include "io_status.h"
#include "kernel/core/pool.h"
#include "kernel/lib/string.h"
#include "kernel/mm/user_memory.h"

/* FILE_DIRECTORY_INFORMATION: the head, the name follows. Entries are aligned to 8. */
struct directory_entry_head {
	uint32_t next_entry_offset, file_index;
	int64_t creation_time, last_access_time, last_write_time, change_time;
	int64_t end_of_file, allocation_size;
	uint32_t attributes, name_bytes;
};
_Static_assert(sizeof(struct directory_entry_head) == 64, "FILE_DIRECTORY_INFORMATION");

struct directory_entry_record {
	struct directory_entry_head head;
	uint16_t name[FILE_NAME_MAX_CHARS];
};

struct directory_query {
	struct file_object *file;
	vaddr_t buffer;
	uint32_t length_bytes;
	bool single, restart;
	char pattern[FILE_NAME_MAX_CHARS + 1];
	struct directory_entry_record record;
	uint32_t used_bytes; /* of the buffer */
	uint32_t last_entry; /* where its newest entry begins */
};

static char ascii_upcase(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/*
 * '*' any characters, '?' one; case is ignored. After a mismatch the last '*' takes one character
 * more.
 */
static bool name_matches(const char *pattern, const char *name)
{
	const char *star = NULL, *retry = NULL;

	while (*name) {
		if (*pattern == '*') {
			star = ++pattern;
			retry = name;
		} else if (*pattern == '?' || ascii_upcase(*pattern) == ascii_upcase(*name)) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star;
			name = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

static void record_fill(struct directory_query *query, struct file_node *node, unsigned index)
{
	struct directory_entry_head *head = &query->record.head;
	bool is_directory = node->kind == FILE_KIND_DIRECTORY;
	uint64_t size_bytes = is_directory ? 0 : file_size(node);
	int64_t time = (int64_t)node->modified_time;
	size_t length = strlen(node->name);

	*head = (struct directory_entry_head){
		.file_index = index,
		.creation_time = time,
		.last_access_time = time,
		.last_write_time = time,
		.change_time = time,
		.end_of_file = (int64_t)size_bytes,
		.allocation_size = (int64_t)pages_to_bytes(bytes_to_pages(size_bytes)),
		.attributes = is_directory ? FILE_ATTRIBUTE_DIRECTORY : FILE_ATTRIBUTE_NORMAL,
		.name_bytes = (uint32_t)(length * sizeof(uint16_t)),
	};
	for (size_t i = 0; i < length; i++)
		query->record.name[i] = (uint8_t)node->name[i];
}

/* Appends the record to the user's buffer and chains it to the one before. */
static NTSTATUS record_append(struct directory_query *query)
{
	uint32_t start = (query->used_bytes + 7) & ~7u, distance = start - query->last_entry;
	uint32_t size_bytes = (uint32_t)sizeof(query->record.head) + query->record.head.name_bytes;
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

/* Fills the buffer from child *index on; *index ends at the first child that is not in it. */
static NTSTATUS directory_fill(struct directory_query *query, unsigned *index)
{
	NTSTATUS status = STATUS_SUCCESS;

	for (;; (*index)++) {
		struct file_node *node = file_child(query->file->node, *index);
		bool matches;

		if (!node)
			return query->used_bytes ? STATUS_SUCCESS : STATUS_NO_MORE_FILES;
		matches =
			!query->file->pattern[0] || name_matches(query->file->pattern, node->name);
		if (matches)
			record_fill(query, node, *index);
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

static NTSTATUS directory_query_open(handle_t handle, handle_t event, struct directory_query *query)
{
	NTSTATUS status =
		process_reference_by_handle(handle, &file_type, FILE_READ_DATA, &query->file, NULL);

	if (!NT_SUCCESS(status))
		return status;
	status = io_event_check(event);
	if (NT_SUCCESS(status) && query->file->kind != FILE_OBJECT_DIRECTORY)
		status = STATUS_INVALID_PARAMETER;
	if (!NT_SUCCESS(status))
		object_release(query->file);
	return status;
}

static NTSTATUS directory_query_perform(const uint64_t *arguments, struct directory_query *query)
{
	vaddr_t io_address = arguments[4];
	NTSTATUS status, io_status;

	query->buffer = arguments[5];
	query->length_bytes = (uint32_t)arguments[6];
	query->single = (uint8_t)arguments[8];
	query->restart = (uint8_t)arguments[10];
	status = pattern_capture(arguments[9], query);
	if (NT_SUCCESS(status))
		status = directory_query_open(arguments[0], arguments[1], query);
	if (!NT_SUCCESS(status))
		return status;
	status = file_io_begin(query->file);
	if (NT_SUCCESS(status)) {
		status = directory_scan(query);
		file_io_end(query->file);
	}
	object_release(query->file);
	io_status = io_status_write(io_address, status, query->used_bytes);
	io_event_signal(arguments[1]);
	return NT_SUCCESS(io_status) ? status : io_status;
}

NTSTATUS NtQueryDirectoryFile(const uint64_t *arguments)
{
	uint32_t length_bytes = (uint32_t)arguments[6], class = (uint32_t)arguments[7];
	struct directory_query *query;
	NTSTATUS status;

	if (class != FILE_DIRECTORY_INFORMATION_CLASS)
		return STATUS_INVALID_INFO_CLASS;
	if (length_bytes < sizeof(struct directory_entry_head))
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
	status = directory_query_perform(arguments, query);
	pool_free(query, sizeof(*query));
	return status;
}
