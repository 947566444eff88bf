/*
 * data.c - the bytes of files: how many there are, where they are, and moving them.
 *
 *   bytes of a file 0 .. archive_size_bytes .. size_bytes where they are in the archive, in place
 *   in blocks, at the same offset in the page
 *
 * Growing takes blocks for the pages that need one and zeroes the new bytes in them; the page in
 * which the archive's part ends keeps its head there. Cutting gives blocks back, and the whole
 * blocks inside what was cut off the archive's part.
 */
#include "file.h"

#include "kernel/core/fail.h"
#include "kernel/core/thread.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "block_map.h"
#include "device.h"
#include "disk.h"
#include "node.h"

/*
 * Pages at any offset in the file: the archive's part, and the blocks, of which the first and the
 * last may be touched in part.
 */
#define EXTENTS_MAX (FILE_PAGES_MAX + 2)

/* ---- size ---- */

uint64_t file_size(struct file_node *node)
{
	return atomic_load(&node->size_bytes);
}

/*
 * Takes a zeroed block for every page in [first, end) that has none. All or, when memory is short,
 * an arbitrary part.
 */
static NTSTATUS blocks_take(struct file_node *node, page_index_t first, page_index_t end)
{
	for (page_index_t page = first; page < end; page++) {
		uint32_t *slot = block_map_slot(&node->blocks, page, true);

		if (!slot)
			return STATUS_INSUFFICIENT_RESOURCES;
		if (*slot != DISK_BLOCK_NONE)
			continue; /* of an earlier attempt; it is zero */
		*slot = disk_block_take();
		disk_block_zero(*slot, 0, PAGE_SIZE);
	}
	return STATUS_SUCCESS;
}

/* The first page that has no room yet, given where the file ends. */
static page_index_t room_end(const struct file_node *node, uint64_t size_bytes)
{
	page_index_t end = bytes_to_pages(size_bytes);

	return end > node->reserved_pages ? end : node->reserved_pages;
}

/*
 * Gives every page from the end of what has room up to `end` a zeroed block. All or nothing. The
 * blocks that a file has beyond its end are always zero.
 */
static NTSTATUS room_make_locked(struct file_node *node, uint64_t old_bytes, page_index_t end)
{
	page_index_t first = room_end(node, old_bytes);
	uint64_t missing = end > first ? end - first : 0;
	NTSTATUS status;

	if (missing > disk_blocks_free() || (missing && fail_point(QUIRE_FAIL_BLOCK)))
		return STATUS_DISK_FULL;
	status = blocks_take(node, first, end);
	if (!NT_SUCCESS(status))
		block_map_cut(&node->blocks, first);
	return status;
}

/*
 * The page in which the file ends: behind the end its block may have what is of an earlier, longer
 * file. It has no block if the archive has all of the page that there is.
 */
static NTSTATUS grow_locked(struct file_node *node, uint64_t old_bytes, uint64_t size_bytes)
{
	page_index_t last = page_of(old_bytes), end = bytes_to_pages(size_bytes);
	bool is_partial = page_offset(old_bytes) != 0;
	uint32_t *partial = is_partial ? block_map_slot(&node->blocks, last, true) : NULL;
	bool needs_block = partial && *partial == DISK_BLOCK_NONE;
	NTSTATUS status = STATUS_SUCCESS;

	if (is_partial && !partial)
		return STATUS_INSUFFICIENT_RESOURCES;
	if (needs_block && (!disk_blocks_free() || fail_point(QUIRE_FAIL_BLOCK)))
		status = STATUS_DISK_FULL;
	needs_block = needs_block && NT_SUCCESS(status);
	if (needs_block)
		*partial = disk_block_take();
	if (NT_SUCCESS(status))
		status = room_make_locked(node, old_bytes, end);
	if (!NT_SUCCESS(status)) {
		if (needs_block) {
			disk_block_free(*partial);
			*partial = DISK_BLOCK_NONE;
		}
		if (needs_block && !node->reserved_pages)
			block_map_cut(&node->blocks, last); /* the tables */
		return status;
	}
	if (needs_block)
		disk_block_zero(*partial, 0, PAGE_SIZE);
	else if (partial)
		disk_block_zero(*partial, page_offset(old_bytes),
				PAGE_SIZE - page_offset(old_bytes));
	atomic_store(&node->size_bytes, size_bytes);
	return STATUS_SUCCESS;
}

/*
 * Cuts the archive's part. The whole blocks behind it that are in the file's extent become free.
 * Those behind the old part already are; the block in which the old part ended was not, and counts
 * now.
 */
static void archive_cut_locked(struct file_node *node, uint64_t size_bytes)
{
	uint64_t old_end = node->archive_offset + node->archive_size_bytes;
	uint64_t end = page_round_up(old_end);

	disk_range_free(node->archive_offset + size_bytes,
			end < node->archive_end ? end : node->archive_end);
	node->archive_size_bytes = size_bytes;
}

static void cut_locked(struct file_node *node)
{
	uint64_t size_bytes = atomic_load(&node->size_bytes);

	if (size_bytes <= node->archive_size_bytes) {
		block_map_cut(&node->blocks, 0);
		archive_cut_locked(node, size_bytes);
	} else {
		block_map_cut(&node->blocks, bytes_to_pages(size_bytes));
	}
	node->reserved_pages = 0;
}

void data_discard_locked(struct file_node *node)
{
	KASSERT(mutex_is_held(&disk_lock));
	atomic_store(&node->size_bytes, 0);
	cut_locked(node);
}

void file_cut_begin(struct file_node *node, uint64_t size_bytes)
{
	uint64_t now = time_system();

	KASSERT(node->kind == FILE_KIND_FILE);
	mutex_lock(&disk_lock);
	KASSERT(size_bytes <= atomic_load(&node->size_bytes));
	atomic_store(&node->size_bytes, size_bytes);
	node->times.last_write = node->times.change = now;
	mutex_unlock(&disk_lock);
}

void file_cut_end(struct file_node *node)
{
	mutex_lock(&disk_lock);
	cut_locked(node);
	mutex_unlock(&disk_lock);
}

NTSTATUS file_set_size(struct file_node *node, uint64_t size_bytes)
{
	uint64_t now = time_system(), old_bytes;
	NTSTATUS status = STATUS_SUCCESS;

	if (node->kind == FILE_KIND_DIRECTORY)
		return STATUS_FILE_IS_A_DIRECTORY;
	mutex_lock(&disk_lock);
	old_bytes = atomic_load(&node->size_bytes);
	if (size_bytes > old_bytes) {
		status = grow_locked(node, old_bytes, size_bytes);
	} else {
		atomic_store(&node->size_bytes, size_bytes);
		cut_locked(node);
	}
	if (NT_SUCCESS(status))
		node->times.last_write = node->times.change = now;
	mutex_unlock(&disk_lock);
	return status;
}

NTSTATUS file_reserve(struct file_node *node, uint64_t size_bytes)
{
	page_index_t end = bytes_to_pages(size_bytes);
	NTSTATUS status;

	if (node->kind == FILE_KIND_DIRECTORY)
		return STATUS_FILE_IS_A_DIRECTORY;
	mutex_lock(&disk_lock);
	status = room_make_locked(node, atomic_load(&node->size_bytes), end);
	if (NT_SUCCESS(status) && end > room_end(node, atomic_load(&node->size_bytes)))
		node->reserved_pages = end;
	mutex_unlock(&disk_lock);
	return status;
}

uint64_t file_allocation(struct file_node *node)
{
	uint64_t pages;

	if (node->kind == FILE_KIND_DIRECTORY)
		return 0;
	mutex_lock(&disk_lock);
	pages = room_end(node, atomic_load(&node->size_bytes));
	mutex_unlock(&disk_lock);
	return pages_to_bytes(pages);
}

/* ---- transfers ---- */

/* The bytes at `offset`, as far as they lie together and at most size_bytes. The file has them. */
static struct disk_extent locate(struct file_node *node, uint64_t offset, uint64_t size_bytes)
{
	struct disk_extent extent;
	uint64_t together;
	uint32_t *slot;

	if (offset < node->archive_size_bytes) {
		together = node->archive_size_bytes - offset;
		extent.offset = node->archive_offset + offset;
	} else {
		slot = block_map_slot(&node->blocks, page_of(offset), false);
		KASSERT(slot && *slot != DISK_BLOCK_NONE);
		together = PAGE_SIZE - page_offset(offset);
		extent.offset = (uint64_t)*slot * DISK_BLOCK_BYTES + page_offset(offset);
	}
	extent.size_bytes = (size_t)(size_bytes < together ? size_bytes : together);
	return extent;
}

/*
 * Where [offset, offset + *size_bytes) is; *size_bytes shrinks to what the file has.
 * => returns: STATUS_END_OF_FILE, STATUS_FILE_IS_A_DIRECTORY.
 */
static NTSTATUS locate_all(struct file_node *node, uint64_t offset, size_t *size_bytes,
			   struct disk_extent extents[EXTENTS_MAX], size_t *extent_count)
{
	uint64_t file_bytes;
	size_t done = 0, count = 0;

	if (node->kind == FILE_KIND_DIRECTORY)
		return STATUS_FILE_IS_A_DIRECTORY;
	mutex_lock(&disk_lock);
	file_bytes = atomic_load(&node->size_bytes);
	if (offset < file_bytes) {
		if (*size_bytes > file_bytes - offset)
			*size_bytes = (size_t)(file_bytes - offset);
		while (done < *size_bytes) {
			KASSERT(count < EXTENTS_MAX);
			extents[count] = locate(node, offset + done, *size_bytes - done);
			done += extents[count++].size_bytes;
		}
	}
	mutex_unlock(&disk_lock);
	*extent_count = count;
	return offset < file_bytes ? STATUS_SUCCESS : STATUS_END_OF_FILE;
}

/* Moves what the file has of the bytes; *size_bytes shrinks to it. */
static NTSTATUS transfer(struct file_node *node, enum disk_direction direction, uint64_t offset,
			 size_t *size_bytes, void *const *pages)
{
	struct disk_extent extents[EXTENTS_MAX];
	struct disk_request request = {direction, extents, 0, pages, 0};
	NTSTATUS status = locate_all(node, offset, size_bytes, extents, &request.extent_count);

	if (!NT_SUCCESS(status))
		return status;
	request.page_count = bytes_to_pages(*size_bytes);
	return disk_transfer(&request);
}

NTSTATUS file_read(struct file_node *node, uint64_t offset_bytes, void *buffer, size_t size_bytes)
{
	size_t present = size_bytes;
	NTSTATUS status;

	KASSERT(size_bytes <= PAGE_SIZE);
	status = transfer(node, DISK_READ, offset_bytes, &present, &buffer);
	if (NT_SUCCESS(status))
		memset((uint8_t *)buffer + present, 0, size_bytes - present);
	return status;
}

NTSTATUS file_write(struct file_node *node, uint64_t offset_bytes, const void *buffer,
		    size_t size_bytes)
{
	void *bytes = (void *)(uintptr_t)buffer; /* the device only reads from it then */

	KASSERT(size_bytes <= PAGE_SIZE);
	return transfer(node, DISK_WRITE, offset_bytes, &size_bytes, &bytes);
}

NTSTATUS file_read_pages(struct file_node *node, uint64_t offset_bytes, size_t size_bytes,
			 void *const *pages, size_t count)
{
	size_t present = size_bytes;
	NTSTATUS status;

	KASSERT(count > 0 && count <= FILE_PAGES_MAX && size_bytes <= pages_to_bytes(count));
	status = transfer(node, DISK_READ, offset_bytes, &present, pages);
	if (!NT_SUCCESS(status))
		return status;
	for (size_t i = page_of(present); i < count; i++) {
		size_t start = i == page_of(present) ? page_offset(present) : 0;

		memset((uint8_t *)pages[i] + start, 0, PAGE_SIZE - start);
	}
	return STATUS_SUCCESS;
}

NTSTATUS file_write_pages(struct file_node *node, uint64_t offset_bytes, size_t size_bytes,
			  void *const *pages, size_t count)
{
	KASSERT(count > 0 && count <= FILE_PAGES_MAX && size_bytes <= pages_to_bytes(count));
	return transfer(node, DISK_WRITE, offset_bytes, &size_bytes, pages);
}
