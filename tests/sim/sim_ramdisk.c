/*
 * sim_ramdisk.c - builds a newc cpio archive in memory, as `find | cpio -o -H newc` would, and
 * mounts it.
 *
 * The disk is one block of exactly its capacity, so AddressSanitizer sees a byte too far.
 */
#include "sim_ramdisk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/io/file.h"
#include "sim_internal.h"

#define HEADER_BYTES 110
#define ALIGNMENT 4
#define PATH_BYTES 256
#define MODE_DIRECTORY 0040755u
#define MODE_FILE 0100644u
#define MODIFIED_SECONDS 1600000000u

static struct {
	uint8_t *bytes;
	size_t length, capacity;
	unsigned entry_count;
	bool is_mounted;
} disk;

static uint8_t *archive_extend(size_t size_bytes)
{
	size_t start = disk.length;

	if (start + size_bytes > disk.capacity) {
		disk.capacity = 2 * (start + size_bytes);
		disk.bytes = realloc(disk.bytes, disk.capacity);
		KASSERT(disk.bytes);
	}
	disk.length += size_bytes;
	return disk.bytes + start;
}

static void archive_append(const void *bytes, size_t size_bytes)
{
	size_t padding = (ALIGNMENT - (disk.length + size_bytes) % ALIGNMENT) % ALIGNMENT;
	uint8_t *to = archive_extend(size_bytes + padding);

	if (size_bytes)
		memcpy(to, bytes, size_bytes);
	memset(to + size_bytes, 0, padding);
}

static void entry_append(const char *name, unsigned mode, const void *bytes, size_t size_bytes)
{
	char header[HEADER_BYTES + PATH_BYTES];
	int length = snprintf(header, sizeof(header),
			      "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X%s",
			      ++disk.entry_count, mode, 0u, 0u, 1u, MODIFIED_SECONDS, size_bytes,
			      0u, 0u, 0u, 0u, strlen(name) + 1, 0u, name);

	KASSERT(length > 0 && (size_t)length < sizeof(header));
	archive_append(header, (size_t)length + 1);
	archive_append(bytes, size_bytes);
}

static bool was_given(const struct sim_file *files, size_t count, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < count; i++) {
		if (strncmp(files[i].name, name, length) == 0 && files[i].name[length] == '/')
			return true;
	}
	return false;
}

/* The directories above files[i] that no earlier file has. */
static void parents_append(const struct sim_file *files, size_t i)
{
	char path[PATH_BYTES];

	for (const char *slash = strchr(files[i].name, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		size_t length = (size_t)(slash - files[i].name);

		KASSERT(length < sizeof(path));
		memcpy(path, files[i].name, length);
		path[length] = '\0';
		if (!was_given(files, i, path))
			entry_append(path, MODE_DIRECTORY, NULL, 0);
	}
}

void sim_ramdisk(const struct sim_file *files, size_t count, uint64_t free_bytes)
{
	char message[256] = "";
	uint8_t *exact;
	NTSTATUS status;

	KASSERT(!disk.bytes);
	for (size_t i = 0; i < count; i++) {
		parents_append(files, i);
		if (files[i].name[strlen(files[i].name) - 1] != '/')
			entry_append(files[i].name, MODE_FILE, files[i].bytes, files[i].size_bytes);
	}
	entry_append("TRAILER!!!", 0, NULL, 0);
	exact = sim_heap_alloc(disk.length + free_bytes);
	memcpy(exact, disk.bytes, disk.length);
	free(disk.bytes);
	disk.bytes = exact;
	disk.capacity = disk.length + free_bytes;
	status = ramdisk_mount(disk.bytes, disk.length, disk.capacity, message, sizeof(message));
	if (!NT_SUCCESS(status))
		panic("ramdisk_mount: status %#x, %s", (unsigned)status, message);
	disk.is_mounted = true;
}

void sim_ramdisk_unmount(void)
{
	if (disk.is_mounted)
		ramdisk_unmount();
	disk.is_mounted = false;
}

void sim_ramdisk_forget(void)
{
	if (disk.bytes)
		sim_heap_free(disk.bytes, disk.capacity);
	memset(&disk, 0, sizeof(disk));
}
