/*
 * ramdisk.c - mounts the RAM disk: an archive becomes a tree of files.
 */
#include "kernel/core/thread.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/print.h"
#include "kernel/lib/string.h"
#include "block_map.h"
#include "cpio.h"
#include "device.h"
#include "disk.h"
#include "file.h"
#include "pagefile.h"
#include "tree.h"

#define SECONDS_1601_TO_1970 11644473600ull
#define NT_TIME_PER_SECOND 10000000ull

/* Where complaints go. */
struct complaint {
	char *message;
	size_t capacity;
};

static NTSTATUS refuse(const struct complaint *complaint, const struct cpio_entry *entry,
		       NTSTATUS status, const char *what)
{
	format_text(complaint->message, complaint->capacity,
		    "RAM disk archive: entry \"%.80s\": %s", entry->name, what);
	return status;
}

static NTSTATUS refuse_memory(const struct complaint *complaint, const struct cpio_entry *entry)
{
	return refuse(complaint, entry, STATUS_INSUFFICIENT_RESOURCES, "no memory for it");
}

/*
 * Finds the directory that the last part of the entry's name is in, and makes what is missing.
 * *last: that part.
 */
static NTSTATUS parent_find(const struct cpio_entry *entry, const struct complaint *complaint,
			    struct file_node **parent, const char **last)
{
	struct file_node *node = tree_root(), *child;
	const char *part = entry->name;

	for (;; node = child) {
		size_t length = name_part_length(part);

		if (!name_part_is_valid(part, length))
			return refuse(
				complaint, entry, STATUS_DISK_CORRUPT_ERROR,
				"NT allows none of \" * : < > ? | in a name; rename the file");
		if (!part[length])
			break;
		child = tree_find(node, part, length);
		if (!child)
			child = tree_add(node, part, length, FILE_KIND_DIRECTORY);
		if (!child)
			return refuse_memory(complaint, entry);
		if (child->kind != FILE_KIND_DIRECTORY)
			return refuse(complaint, entry, STATUS_DISK_CORRUPT_ERROR,
				      "a file stands where its directory should be");
		part += length + 1;
	}
	*parent = node;
	*last = part;
	return STATUS_SUCCESS;
}

static NTSTATUS entry_add(const struct cpio_entry *entry, const struct complaint *complaint)
{
	bool is_directory = (entry->mode & CPIO_MODE_KIND) == CPIO_MODE_DIRECTORY;
	struct file_node *node, *parent;
	const char *name;
	uint64_t time;
	NTSTATUS status;

	if (strcmp(entry->name, ".") == 0)
		return STATUS_SUCCESS;
	status = parent_find(entry, complaint, &parent, &name);
	if (!NT_SUCCESS(status))
		return status;
	node = tree_find(parent, name, strlen(name));
	/* A directory may have been made because something in it came before it. */
	if (node &&
	    (!is_directory || node->kind != FILE_KIND_DIRECTORY || strcmp(node->name, name) != 0))
		return refuse(
			complaint, entry, STATUS_DISK_CORRUPT_ERROR,
			"the name is there already (names that differ only in case are the same)");
	if (!node)
		node = tree_add(parent, name, strlen(name),
				is_directory ? FILE_KIND_DIRECTORY : FILE_KIND_FILE);
	if (!node)
		return refuse_memory(complaint, entry);
	atomic_store(&node->size_bytes, entry->size_bytes);
	node->archive_offset = entry->data_offset;
	node->archive_end = entry->data_offset + entry->size_bytes;
	node->archive_size_bytes = entry->size_bytes;
	time = (entry->modified_seconds + SECONDS_1601_TO_1970) * NT_TIME_PER_SECOND;
	node->times = (struct file_times){time, time, time, time};
	return STATUS_SUCCESS;
}

static NTSTATUS attach(void *base, uint64_t size_bytes, uint64_t capacity_bytes,
		       const struct complaint *complaint)
{
	NTSTATUS status = disk_attach(base, size_bytes, capacity_bytes);

	if (NT_SUCCESS(status))
		status = tree_create();
	if (!NT_SUCCESS(status))
		format_text(complaint->message, complaint->capacity,
			    "RAM disk: an archive of %llu bytes on a disk of %llu: status 0x%x",
			    (unsigned long long)size_bytes, (unsigned long long)capacity_bytes,
			    (unsigned)status);
	return status;
}

NTSTATUS ramdisk_mount(void *base, uint64_t size_bytes, uint64_t capacity_bytes, char *message,
		       size_t message_capacity)
{
	const struct complaint complaint = {message, message_capacity};
	struct cpio_entry entry;
	uint64_t offset = 0;
	NTSTATUS status;

	KASSERT(!tree_root());
	mutex_lock(&disk_lock);
	status = attach(base, size_bytes, capacity_bytes, &complaint);
	while (NT_SUCCESS(status)) { /* STATUS_NO_MORE_ENTRIES is none */
		status = cpio_next(base, size_bytes, &offset, &entry, message, message_capacity);
		if (NT_SUCCESS(status))
			status = entry_add(&entry, &complaint);
	}
	mutex_unlock(&disk_lock);
	if (status == STATUS_NO_MORE_ENTRIES)
		return STATUS_SUCCESS;
	ramdisk_unmount();
	return status;
}

void ramdisk_unmount(void)
{
	mutex_lock(&disk_lock);
	tree_destroy();
	pagefile_detach();
	disk_detach();
	mutex_unlock(&disk_lock);
}

void ramdisk_statistics_read(struct ramdisk_statistics *statistics)
{
	struct device_statistics device;

	device_statistics_read(&device);
	mutex_lock(&disk_lock);
	*statistics = (struct ramdisk_statistics){
		.files = tree_count(FILE_KIND_FILE),
		.directories = tree_count(FILE_KIND_DIRECTORY),
		.blocks_total = disk_blocks_total(),
		.blocks_free = disk_blocks_free(),
		.pages_read = device.pages[DISK_READ],
		.pages_written = device.pages[DISK_WRITE],
		.read_requests = device.requests[DISK_READ],
		.write_requests = device.requests[DISK_WRITE],
		.errors = device.errors,
		.table_bytes = block_map_bytes_all(),
		.node_bytes = (tree_count(FILE_KIND_FILE) + tree_count(FILE_KIND_DIRECTORY)) *
			      sizeof(struct file_node),
	};
	mutex_unlock(&disk_lock);
}
