/*
 * file.c - files: finding them, their size, and their bytes.
 *
 *   bytes of a file 0 .. archive_size_bytes .. size_bytes where they are in the archive, in place
 *   in blocks, at the same offset in the page
 *
 * Growing takes blocks for the pages that need one and zeroes the new bytes in them; the page in
 * which the archive's part ends keeps its head there. Cutting gives blocks back, and the whole
 * blocks inside what was cut off the archive's part.
 */
#include "file.h"

#include "kernel/core/thread.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "block_map.h"
#include "disk.h"
#include "tree.h"

/* A transfer of at most a page can touch the archive's part and two blocks. */
#define EXTENTS_MAX 3

/* ---- finding ---- */

struct file_node *file_root(void)
{
	return tree_root();
}

void file_reference(struct file_node *node)
{
	unsigned old = atomic_fetch_add(&node->reference_count, 1);

	KASSERT(old > 0 && old < UINT32_MAX);
}

void file_release(struct file_node *node)
{
	unsigned old = atomic_fetch_sub(&node->reference_count, 1);

	/* The tree's own reference stays: there is no deletion yet. */
	KASSERT(old > 1);
}

/* Every part of the path is a name; one separator may stand at the start and one at the end. */
static bool path_is_valid(const char *path)
{
	if (*path == '\\' || *path == '/')
		path++;
	while (*path) {
		size_t length = name_part_length(path);

		if (!name_part_is_valid(path, length))
			return false;
		path += length;
		if (*path)
			path++;
	}
	return true;
}

static NTSTATUS lookup_locked(struct file_node *node, const char *path, struct file_node **result)
{
	if (*path == '\\' || *path == '/')
		path++;
	while (*path) {
		size_t length = name_part_length(path);
		const char *rest = path + length;
		struct file_node *child;

		if (node->kind != FILE_KIND_DIRECTORY)
			return STATUS_OBJECT_PATH_NOT_FOUND;
		child = tree_find(node, path, length);
		if (!child)
			return *rest ? STATUS_OBJECT_PATH_NOT_FOUND : STATUS_OBJECT_NAME_NOT_FOUND;
		if (*rest && !rest[1] && child->kind != FILE_KIND_DIRECTORY)
			return STATUS_OBJECT_NAME_INVALID;
		node = child;
		path = *rest ? rest + 1 : rest;
	}
	file_reference(node);
	*result = node;
	return STATUS_SUCCESS;
}

NTSTATUS file_lookup(struct file_node *from, const char *path, struct file_node **result)
{
	NTSTATUS status;

	if (!path_is_valid(path))
		return STATUS_OBJECT_NAME_INVALID;
	mutex_lock(&disk_lock);
	status = lookup_locked(from, path, result);
	mutex_unlock(&disk_lock);
	return status;
}

struct file_node *file_child(struct file_node *directory, unsigned n)
{
	struct file_node *node;

	mutex_lock(&disk_lock);
	node = LIST_FIRST(&directory->children);
	for (; node && n > 0; n--)
		node = LIST_NEXT(node, sibling);
	if (node)
		file_reference(node);
	mutex_unlock(&disk_lock);
	return node;
}

size_t file_path(struct file_node *node, char *buffer, size_t capacity)
{
	size_t length = 0, position;

	for (struct file_node *up = node; up->parent; up = up->parent)
		length += 1 + strlen(up->name);
	if (length == 0)
		length = 1; /* "\" */
	if (capacity == 0)
		return length;
	/* From the end to the start; what does not fit is left out. */
	buffer[length < capacity ? length : capacity - 1] = '\0';
	if (capacity > 1)
		buffer[0] = '\\';
	for (position = length; node->parent; node = node->parent) {
		size_t chars = strlen(node->name);

		for (size_t i = chars; i-- > 0;) {
			if (--position < capacity - 1)
				buffer[position] = node->name[i];
		}
		if (--position < capacity - 1)
			buffer[position] = '\\';
	}
	return length;
}

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
		KASSERT(*slot == DISK_BLOCK_NONE);
		*slot = disk_block_take();
		disk_block_zero(*slot, 0, PAGE_SIZE);
	}
	return STATUS_SUCCESS;
}

static NTSTATUS grow_locked(struct file_node *node, uint64_t old_bytes, uint64_t size_bytes)
{
	page_index_t first = page_of(old_bytes), end = bytes_to_pages(size_bytes);
	uint32_t *partial = block_map_slot(&node->blocks, first, false);
	NTSTATUS status;

	/*
	 * The page in which the file ends may have a block. What is behind the end in it is of an
	 * earlier, longer file.
	 */
	if (partial && *partial != DISK_BLOCK_NONE) {
		disk_block_zero(*partial, page_offset(old_bytes),
				PAGE_SIZE - page_offset(old_bytes));
		first++;
	}
	if (end > first && end - first > disk_blocks_free())
		return STATUS_DISK_FULL;
	status = blocks_take(node, first, end);
	if (!NT_SUCCESS(status)) {
		block_map_cut(&node->blocks, first);
		return status;
	}
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

static void cut_locked(struct file_node *node, uint64_t size_bytes)
{
	if (size_bytes <= node->archive_size_bytes) {
		block_map_cut(&node->blocks, 0);
		archive_cut_locked(node, size_bytes);
	} else {
		block_map_cut(&node->blocks, bytes_to_pages(size_bytes));
	}
	atomic_store(&node->size_bytes, size_bytes);
}

NTSTATUS file_set_size(struct file_node *node, uint64_t size_bytes)
{
	uint64_t now = time_system(), old_bytes;
	NTSTATUS status = STATUS_SUCCESS;

	if (node->kind == FILE_KIND_DIRECTORY)
		return STATUS_FILE_IS_A_DIRECTORY;
	mutex_lock(&disk_lock);
	old_bytes = atomic_load(&node->size_bytes);
	if (size_bytes > old_bytes)
		status = grow_locked(node, old_bytes, size_bytes);
	else
		cut_locked(node, size_bytes);
	if (NT_SUCCESS(status))
		node->modified_time = now;
	mutex_unlock(&disk_lock);
	return status;
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

/* Where [offset, offset + *size_bytes) is; *size_bytes shrinks to what the file has. */
static NTSTATUS locate_all(struct file_node *node, uint64_t offset, size_t *size_bytes,
			   struct disk_extent extents[EXTENTS_MAX], size_t *extent_count)
{
	uint64_t file_bytes = atomic_load(&node->size_bytes);
	size_t done = 0, count = 0;

	if (offset >= file_bytes)
		return STATUS_END_OF_FILE;
	if (*size_bytes > file_bytes - offset)
		*size_bytes = (size_t)(file_bytes - offset);
	while (done < *size_bytes) {
		KASSERT(count < EXTENTS_MAX);
		extents[count] = locate(node, offset + done, *size_bytes - done);
		done += extents[count++].size_bytes;
	}
	*extent_count = count;
	return STATUS_SUCCESS;
}

NTSTATUS file_read(struct file_node *node, uint64_t offset_bytes, void *buffer, size_t size_bytes)
{
	struct disk_extent extents[EXTENTS_MAX];
	size_t count, present = size_bytes;
	NTSTATUS status;

	KASSERT(size_bytes <= PAGE_SIZE);
	if (node->kind == FILE_KIND_DIRECTORY)
		return STATUS_FILE_IS_A_DIRECTORY;
	mutex_lock(&disk_lock);
	status = locate_all(node, offset_bytes, &present, extents, &count);
	mutex_unlock(&disk_lock);
	if (!NT_SUCCESS(status))
		return status;
	memset((uint8_t *)buffer + present, 0, size_bytes - present);
	return disk_transfer(DISK_READ, extents, count, buffer);
}

NTSTATUS file_write(struct file_node *node, uint64_t offset_bytes, const void *buffer,
		    size_t size_bytes)
{
	struct disk_extent extents[EXTENTS_MAX];
	uint64_t now = time_system();
	size_t count;
	NTSTATUS status;

	KASSERT(size_bytes <= PAGE_SIZE);
	if (node->kind == FILE_KIND_DIRECTORY)
		return STATUS_FILE_IS_A_DIRECTORY;
	mutex_lock(&disk_lock);
	status = locate_all(node, offset_bytes, &size_bytes, extents, &count);
	if (NT_SUCCESS(status))
		node->modified_time = now;
	mutex_unlock(&disk_lock);
	if (!NT_SUCCESS(status))
		return status;
	/* disk_transfer only reads from the buffer then. */
	return disk_transfer(DISK_WRITE, extents, count, (void *)(uintptr_t)buffer);
}
