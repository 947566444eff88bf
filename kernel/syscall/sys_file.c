/*
 * sys_file.c - NtCreateFile, NtOpenFile, NtReadFile, NtWriteFile.
 *
 * Every transfer is complete when its call returns, so its event is signaled by then.
 */
#include "syscall.h"

#include "capture.h"
#include "console.h"
#include "file_object.h"
#include "io_status.h"
#include "kernel/mm/user_memory.h"

/* ---- open ---- */

#define SHARE_VALID (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

/* Options that exclude each other, or ask for rights. */
static NTSTATUS open_check_options(const struct file_open *open, access_mask_t desired)
{
	uint32_t options = open->options;

	if ((options & FILE_DIRECTORY_FILE) && (options & FILE_NON_DIRECTORY_FILE))
		return STATUS_INVALID_PARAMETER;
	if ((options & FILE_DIRECTORY_FILE) &&
	    ((options & ~FILE_DIRECTORY_OPTIONS) ||
	     (open->disposition != FILE_CREATE && open->disposition != FILE_OPEN &&
	      open->disposition != FILE_OPEN_IF)))
		return STATUS_INVALID_PARAMETER;
	if ((options & FILE_SYNCHRONOUS_IO) == FILE_SYNCHRONOUS_IO)
		return STATUS_INVALID_PARAMETER;
	/*
	 * A synchronous file is waited for, also by the system itself. (NT looks at the word as
	 * given.)
	 */
	if ((options & FILE_SYNCHRONOUS_IO) && !(desired & SYNCHRONIZE))
		return STATUS_INVALID_PARAMETER;
	if ((options & FILE_DELETE_ON_CLOSE) && !(desired & DELETE_ACCESS))
		return STATUS_INVALID_PARAMETER;
	if ((options & FILE_COMPLETE_IF_OPLOCKED) && (options & FILE_RESERVE_OPFILTER))
		return STATUS_INVALID_PARAMETER;
	if ((options & FILE_NO_INTERMEDIATE_BUFFERING) && (desired & FILE_APPEND_DATA))
		return STATUS_INVALID_PARAMETER;
	return STATUS_SUCCESS;
}

static NTSTATUS open_check_values(struct file_open *open, access_mask_t desired)
{
	NTSTATUS status;

	if (open->attributes & ~FILE_ATTRIBUTES_VALID)
		return STATUS_INVALID_PARAMETER;
	if (open->share & ~SHARE_VALID)
		return STATUS_INVALID_PARAMETER;
	if ((uint32_t)open->disposition > FILE_OVERWRITE_IF)
		return STATUS_INVALID_PARAMETER;
	if (open->options & ~FILE_OPTIONS_VALID)
		return STATUS_INVALID_PARAMETER;
	status = open_check_options(open, desired);
	return NT_SUCCESS(status) ? object_map_access(&file_type, desired, &open->access) : status;
}

/* Where the user has the parameters; the last two: 0 is none. */
struct open_addresses {
	vaddr_t handle, attributes, io, allocation_size, extended_attributes;
};

/*
 * The results of an open. It counts as having a handle from the start, so that the open lasts until
 * it is known whether a new file is to stay.
 */
static NTSTATUS open_publish(struct file_object *file, const struct file_open *open,
			     uint32_t attributes, const struct open_addresses *at)
{
	NTSTATUS status;

	object_handle_opened(file);
	/* The block first: a handle that was given can be used at once. */
	status = io_status_write(at->io, STATUS_SUCCESS, open->result);
	if (NT_SUCCESS(status))
		status = handle_give(file, open->access, attributes & OBJ_INHERIT, at->handle);
	if (!NT_SUCCESS(status)) /* nobody ever saw it; an older file stays whatever was asked */
		file->deletes_on_close = open->result == FILE_CREATED;
	object_handle_closed(file);
	return status;
}

static NTSTATUS open_perform(const struct open_addresses *at, struct file_open *open)
{
	struct captured_attributes attributes;
	struct file_object *file;
	NTSTATUS status = attributes_capture(at->attributes, CAPTURE_OPEN, &attributes);

	if (!NT_SUCCESS(status))
		return status;
	status = namespace_lookup(&attributes.name, &file_type, open, (struct object **)&file);
	if (NT_SUCCESS(status)) {
		status = open_publish(file, open, attributes.name.attributes, at);
		object_release(file);
	}
	attributes_release(&attributes);
	return status;
}

static NTSTATUS open_file(const struct open_addresses *at, access_mask_t desired,
			  struct file_open *open)
{
	NTSTATUS status = open_check_values(open, desired);

	if (NT_SUCCESS(status))
		status = probe_write(at->handle, sizeof(handle_t));
	if (NT_SUCCESS(status))
		status = probe_write(at->io, sizeof(struct nt_io_status_block));
	if (NT_SUCCESS(status) && at->allocation_size)
		status = copy_in(&open->allocation_bytes, at->allocation_size,
				 sizeof(open->allocation_bytes));
	if (!NT_SUCCESS(status))
		return status;
	if ((int64_t)open->allocation_bytes < 0)
		return STATUS_INVALID_PARAMETER;
	if (at->extended_attributes)
		return STATUS_NOT_SUPPORTED; /* the disk has none */
	return open_perform(at, open);
}

NTSTATUS NtOpenFile(const uint64_t *arguments)
{
	const struct open_addresses at = {
		.handle = arguments[0], .attributes = arguments[2], .io = arguments[3]};
	struct file_open open = {
		.share = (uint32_t)arguments[4],
		.disposition = FILE_OPEN,
		.options = (uint32_t)arguments[5],
	};

	return open_file(&at, (access_mask_t)arguments[1], &open);
}

NTSTATUS NtCreateFile(const uint64_t *arguments)
{
	const struct open_addresses at = {
		.handle = arguments[0],
		.attributes = arguments[2],
		.io = arguments[3],
		.allocation_size = arguments[4],
		.extended_attributes = arguments[9],
	};
	struct file_open open = {
		.attributes = (uint32_t)arguments[5],
		.share = (uint32_t)arguments[6],
		.disposition = (enum file_disposition)(uint32_t)arguments[7],
		.options = (uint32_t)arguments[8],
	};

	return open_file(&at, (access_mask_t)arguments[1], &open);
}

/* ---- read, write ---- */

struct transfer {
	struct file_object *file;
	bool is_write;
	bool appends; /* the handle may only append */
	vaddr_t buffer;
	uint64_t size_bytes;
	bool has_offset;
	uint64_t offset; /* as given, special values included */
	uint64_t transferred;
};

static bool is_append(const struct transfer *transfer)
{
	return transfer->is_write &&
	       (transfer->appends ||
		(transfer->has_offset && transfer->offset == FILE_WRITE_TO_END_OF_FILE));
}

/* Where it begins, unless it appends. Between file_io_begin and file_io_end. */
static NTSTATUS transfer_place(const struct transfer *transfer, uint64_t *offset)
{
	struct file_object *file = transfer->file;

	if (transfer->has_offset && transfer->offset != FILE_USE_FILE_POINTER_POSITION)
		*offset = transfer->offset;
	else if (file->is_synchronous)
		*offset = file->position;
	else
		return STATUS_INVALID_PARAMETER;
	return (int64_t)*offset < 0 ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

static NTSTATUS transfer_pages(struct transfer *transfer, uint64_t *offset)
{
	struct segment *segment = transfer->file->segment;
	NTSTATUS status;

	if (is_append(transfer))
		return file_segment_append(segment, transfer->buffer, transfer->size_bytes, offset,
					   &transfer->transferred);
	status = transfer_place(transfer, offset);
	if (!NT_SUCCESS(status))
		return status;
	return transfer->is_write ? file_segment_write(segment, *offset, transfer->buffer,
						       transfer->size_bytes, &transfer->transferred)
				  : file_segment_read(segment, *offset, transfer->buffer,
						      transfer->size_bytes, &transfer->transferred);
}

static NTSTATUS transfer_file(struct transfer *transfer)
{
	struct file_object *file = transfer->file;
	uint64_t offset;
	NTSTATUS status = file_io_begin(file);

	if (!NT_SUCCESS(status))
		return status;
	status = transfer_pages(transfer, &offset);
	if (NT_SUCCESS(status) && file->is_synchronous)
		file->position = offset + transfer->transferred;
	if (transfer->transferred)
		file_touch(file->node, transfer->is_write);
	file_io_end(file);
	return status;
}

static NTSTATUS transfer_perform(struct transfer *transfer)
{
	switch (transfer->file->kind) {
	case FILE_OBJECT_FILE:
		return transfer_file(transfer);
	case FILE_OBJECT_DIRECTORY:
		return STATUS_INVALID_DEVICE_REQUEST;
	case FILE_OBJECT_CONSOLE:
		return transfer->is_write ? console_write(transfer->buffer, transfer->size_bytes,
							  &transfer->transferred)
					  : console_read(transfer->buffer, transfer->size_bytes,
							 &transfer->transferred);
	}
	return STATUS_INVALID_DEVICE_REQUEST;
}

/*
 * Probes and captures what the two calls have in common: (File, Event, Apc, Context, IoStatus,
 * Buffer, Length, Offset, Key).
 */
static NTSTATUS transfer_capture(const uint64_t *arguments, struct transfer *transfer)
{
	vaddr_t io_address = arguments[4], offset_address = arguments[7],
		key_address = arguments[8];
	uint32_t key;
	NTSTATUS status = probe_write(io_address, sizeof(struct nt_io_status_block));

	transfer->buffer = arguments[5];
	transfer->size_bytes = (uint32_t)arguments[6];
	if (NT_SUCCESS(status))
		status = transfer->is_write ? probe_read(transfer->buffer, transfer->size_bytes)
					    : probe_write(transfer->buffer, transfer->size_bytes);
	if (NT_SUCCESS(status) && offset_address) {
		transfer->has_offset = true;
		status = copy_in(&transfer->offset, offset_address, sizeof(transfer->offset));
	}
	if (NT_SUCCESS(status) && key_address) /* of byte-range locks, which do not exist */
		status = copy_in(&key, key_address, sizeof(key));
	return status;
}

static NTSTATUS transfer_open(handle_t handle, handle_t event, struct transfer *transfer,
			      struct io_completion *completion)
{
	access_mask_t granted, needed;
	NTSTATUS status =
		process_reference_by_handle(handle, &file_type, 0, &transfer->file, &granted);

	if (!NT_SUCCESS(status))
		return status;
	needed = transfer->is_write ? FILE_WRITE_DATA | FILE_APPEND_DATA : FILE_READ_DATA;
	transfer->appends = !(granted & FILE_WRITE_DATA);
	status = granted & needed ? io_begin(completion, event) : STATUS_ACCESS_DENIED;
	if (!NT_SUCCESS(status))
		object_release(transfer->file);
	return status;
}

static NTSTATUS transfer_call(const uint64_t *arguments, bool is_write)
{
	struct transfer transfer = {.is_write = is_write};
	struct io_completion completion = {.status_address = arguments[4]};
	NTSTATUS status = transfer_capture(arguments, &transfer);

	if (!NT_SUCCESS(status))
		return status;
	if (arguments[2])
		return STATUS_NOT_IMPLEMENTED; /* APC routine */
	status = transfer_open(arguments[0], arguments[1], &transfer, &completion);
	if (!NT_SUCCESS(status))
		return status;
	if (!is_write) /* all of the buffer counts as written, however much is read (5.8) */
		note_write(transfer.buffer, transfer.size_bytes);
	status = transfer_perform(&transfer);
	object_release(transfer.file);
	return io_end(&completion, status, transfer.transferred);
}

NTSTATUS NtReadFile(const uint64_t *arguments)
{
	return transfer_call(arguments, false);
}

NTSTATUS NtWriteFile(const uint64_t *arguments)
{
	return transfer_call(arguments, true);
}
