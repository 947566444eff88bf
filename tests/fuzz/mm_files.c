/*
 * mm_files.c - the operations of fuzz_mm that read and write files through their data segment.
 */
#include "mm_world.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/io/file.h"

void open_or_close_file(void)
{
	unsigned file = take() % FILES;
	const struct oracle_expectation want = {0};

	call_begin();
	if (!world.opens[file]) {
		say("%s: open", file_name(file));
		(void)judge(&want, file_segment_acquire(world.nodes[file], &world.opens[file]));
		return;
	}
	say("%s: close\n", file_name(file));
	segment_release(world.opens[file]);
	world.opens[file] = NULL;
	forgive_lost_pages();
}

struct transfer {
	unsigned file;
	bool is_write;
	uint64_t offset, size;
	vaddr_t buffer;
};

/* Pieces lie in one page of the file, parts of them in one page of the buffer, too. */
static size_t part_at(const struct transfer *transfer, uint64_t done)
{
	size_t in_file = PAGE_SIZE - page_offset(transfer->offset + done);
	size_t in_buffer = PAGE_SIZE - page_offset(transfer->buffer + done);
	size_t part = in_file < in_buffer ? in_file : in_buffer;

	return part < transfer->size - done ? part : (size_t)(transfer->size - done);
}

/* True when a part would be copied from a frame to itself. */
static bool meets_itself(const struct transfer *transfer)
{
	for (uint64_t done = 0; done < transfer->size; done += part_at(transfer, done)) {
		vaddr_t va = transfer->buffer + done;
		const struct oracle_view *view = oracle_find(current_oracle(), va);

		if (view && view->content == world.oracle_files[transfer->file] &&
		    view->first_page + page_of(va - view->start) ==
			    page_of(transfer->offset + done))
			return true;
	}
	return false;
}

/* The buffer's part of the transfer: how far it can go. => returns: bytes in whole pieces. */
static uint64_t expect_transfer(const struct transfer *transfer, NTSTATUS *status)
{
	enum access access = transfer->is_write ? ACCESS_READ : ACCESS_WRITE;
	uint64_t done = 0, pieces = 0;

	*status = STATUS_SUCCESS;
	while (done < transfer->size) {
		if (oracle_expect_access(current_oracle(), transfer->buffer + done, access)) {
			*status = STATUS_ACCESS_VIOLATION;
			return pieces;
		}
		done += part_at(transfer, done);
		if (page_offset(transfer->offset + done) == 0 || done == transfer->size)
			pieces = done;
	}
	return pieces;
}

/* The oracle makes the transfer, up to `limit` bytes or the first access that fails. */
static void transferred(const struct transfer *transfer, uint64_t limit)
{
	enum access access = transfer->is_write ? ACCESS_READ : ACCESS_WRITE;
	struct oracle_content *file = world.oracle_files[transfer->file];

	for (uint64_t done = 0; done < limit;) {
		vaddr_t va = transfer->buffer + done;
		size_t part = part_at(transfer, done);
		NTSTATUS status = oracle_expect_access(current_oracle(), va, access);
		uint8_t *user = oracle_accessed(current_oracle(), va, access, status);
		uint8_t *bytes = oracle_content_page(file, page_of(transfer->offset + done), true);
		size_t at = page_offset(transfer->offset + done);

		if (!NT_SUCCESS(status))
			return;
		if (!transfer->is_write)
			memcpy(user + page_offset(va), bytes + at, part);
		else if (user)
			memcpy(bytes + at, user + page_offset(va), part);
		else
			memset(bytes + at, 0, part);
		done += part;
	}
}

static NTSTATUS make_transfer(const struct transfer *transfer, uint64_t *done)
{
	struct segment *segment = world.opens[transfer->file];

	return transfer->is_write ? file_segment_write(segment, transfer->offset, transfer->buffer,
						       transfer->size, done)
				  : file_segment_read(segment, transfer->offset, transfer->buffer,
						      transfer->size, done);
}

/* After a call that met a shortage or a failure on purpose: takes over how far it came. */
static void forgive_transfer(const struct transfer *transfer, uint64_t done)
{
	if (!call_met_failure())
		mismatch("a transfer stopped after %#llx bytes", (unsigned long long)done);
	transferred(transfer, done);
	for (uint64_t at = done; at < transfer->size; at += part_at(transfer, at))
		settle_guard(world.current, transfer->buffer + at);
}

/*
 * Reads end at the end of the file; writes lengthen it first. `inside` becomes the part within the
 * file.
 */
static struct oracle_expectation expect_file(const struct transfer *asked, struct transfer *inside,
					     uint64_t *done)
{
	uint64_t file_bytes = world.oracle_files[asked->file]->size_bytes;
	uint64_t end = asked->offset + asked->size;
	struct oracle_expectation want = {0};

	*inside = *asked;
	if (!asked->is_write && end > file_bytes)
		inside->size = asked->offset < file_bytes ? file_bytes - asked->offset : 0;
	if (asked->is_write && asked->size && end > file_bytes)
		want.disk_blocks = bytes_to_pages(end) - bytes_to_pages(file_bytes);
	*done = expect_transfer(inside, &want.status);
	if (!asked->is_write && asked->size && asked->offset >= file_bytes)
		want.status = STATUS_END_OF_FILE;
	want.other = want.status;
	return want;
}

static void judge_transfer(const struct transfer *asked)
{
	struct oracle_content *file = world.oracle_files[asked->file];
	struct oracle_expectation want;
	struct transfer inside;
	uint64_t done = 1, done_wanted, size;
	NTSTATUS status;

	want = expect_file(asked, &inside, &done_wanted);
	call_begin();
	status = make_transfer(asked, &done);
	if (status == STATUS_ACCESS_VIOLATION && call_met_failure())
		want.other = status; /* the kernel's copy met it */
	(void)judge(&want, status);
	size = file_size(world.nodes[asked->file]);
	if (asked->is_write && size > file->size_bytes && size == asked->offset + asked->size)
		oracle_file_resized(file, size);
	if (status == want.status && done == done_wanted && (!status || !call_met_failure()))
		transferred(&inside, inside.size);
	else if (status != STATUS_DISK_FULL || done)
		forgive_transfer(&inside, done);
}

void transfer_file(void)
{
	struct transfer transfer = {.file = take() % FILES, .is_write = take() & 1};
	struct oracle_content *file = world.oracle_files[transfer.file];

	transfer.offset = take_two() * 16 % (file->size_bytes + 2 * PAGE_SIZE);
	transfer.size = take_size();
	transfer.buffer = take_address(world.current);
	if (!world.opens[transfer.file] || transfer.size > TRANSFER_BYTES ||
	    (transfer.is_write && transfer.file == IMAGE_FILE))
		return;
	/* a part that fails must be a whole piece, or nobody can tell what became of the rest */
	if (failures_are_near())
		transfer.buffer = page_round_down(transfer.buffer) + page_offset(transfer.offset);
	if (meets_itself(&transfer) || page_of(transfer.offset + transfer.size) >= ORACLE_PAGES)
		return;
	say("space %u: %s %s at %#llx, %#llx bytes, buffer %#llx", world.current,
	    transfer.is_write ? "write to" : "read from", file_name(transfer.file),
	    (unsigned long long)transfer.offset, (unsigned long long)transfer.size,
	    (unsigned long long)transfer.buffer);
	judge_transfer(&transfer);
}
