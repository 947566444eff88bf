/*
 * fuzz_cpio.c - an input is an archive: the parser walks it, the RAM disk mounts it, and every file
 * is read, grown and cut.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/core/pool.h"
#include "kernel/io/cpio.h"
#include "kernel/io/file.h"
#include "tests/sim/sim.h"

#define FREE_BYTES (4 * PAGE_SIZE + 100) /* behind the archive; not whole blocks */
#define FILES_MAX 64

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	sim_core_start(0);
	return 0;
}

static void check_name(const char *name)
{
	size_t part = 0;

	if (strcmp(name, ".") == 0)
		return;
	SIM_CHECK(strlen(name) <= CPIO_NAME_MAX);
	for (;; name++) {
		if (*name == '/' || *name == '\0') {
			SIM_CHECK(part > 0 && part <= CPIO_NAME_PART_MAX);
			SIM_CHECK(!(part == 2 && name[-1] == '.' && name[-2] == '.'));
			SIM_CHECK(!(part == 1 && name[-1] == '.'));
			part = 0;
		} else {
			SIM_CHECK(*name >= ' ' && *name <= '~' && *name != '\\');
			part++;
		}
		if (*name == '\0')
			return;
	}
}

/* => returns: the number of entries, or -1 if the archive is refused. */
static long walk(const uint8_t *archive, size_t size)
{
	uint64_t offset = 0, before;
	struct cpio_entry entry;
	char message[128] = "";
	long entries = 0;
	NTSTATUS status;

	for (;; entries++) {
		before = offset;
		status = cpio_next(archive, size, &offset, &entry, message, sizeof(message));
		if (!NT_SUCCESS(status))
			break;
		SIM_CHECK(offset > before && offset <= size);
		SIM_CHECK(entry.data_offset <= size &&
			  entry.size_bytes <= size - entry.data_offset);
		check_name(entry.name);
	}
	SIM_CHECK(offset == before);
	SIM_CHECK(status == STATUS_NO_MORE_ENTRIES || status == STATUS_DISK_CORRUPT_ERROR);
	SIM_CHECK((status == STATUS_DISK_CORRUPT_ERROR) == (message[0] != '\0'));
	return status == STATUS_NO_MORE_ENTRIES ? entries : -1;
}

/* Reads the whole file; its bytes must be those of the archive up to `kept`, then zero. */
static void check_bytes(struct file_node *node, const uint8_t *archive, uint64_t kept)
{
	uint8_t page[PAGE_SIZE];

	for (uint64_t offset = 0; offset < file_size(node); offset += sizeof(page)) {
		SIM_CHECK(NT_SUCCESS(file_read(node, offset, page, sizeof(page))));
		for (size_t i = 0; i < sizeof(page); i++) {
			uint64_t at = offset + i;
			uint8_t expected = at < kept ? archive[node->archive_offset + at] : 0;

			SIM_CHECK(page[i] == expected);
		}
	}
}

static void check_file(struct file_node *node, const uint8_t *archive)
{
	struct ramdisk_statistics before, after;
	uint64_t size = file_size(node);
	uint8_t page[PAGE_SIZE];

	check_bytes(node, archive, size);
	ramdisk_statistics_read(&before);
	SIM_CHECK(NT_SUCCESS(file_set_size(node, size + PAGE_SIZE + 1)));
	check_bytes(node, archive, size);
	memset(page, 0xFF, sizeof(page));
	SIM_CHECK(NT_SUCCESS(file_write(node, size, page, sizeof(page))));
	SIM_CHECK(NT_SUCCESS(file_set_size(node, size)));
	check_bytes(node, archive, size);
	ramdisk_statistics_read(&after);
	SIM_CHECK(after.blocks_free == before.blocks_free);
	SIM_CHECK(NT_SUCCESS(file_set_size(node, size / 2)));
	if (file_set_size(node, size) != STATUS_DISK_FULL)
		check_bytes(node, archive, size / 2);
	/* The next file finds at least as many free blocks. */
	SIM_CHECK(NT_SUCCESS(file_set_size(node, 0)));
	ramdisk_statistics_read(&after);
	SIM_CHECK(after.blocks_free >= before.blocks_free);
}

/* Every file below `directory` can be found by its path. `depth` bounds what is looked at. */
static void check_directory(struct file_node *directory, const uint8_t *archive, unsigned depth)
{
	char path[2 * CPIO_NAME_MAX];
	struct file_node *child, *found;

	for (unsigned i = 0; i < FILES_MAX && (child = file_child(directory, i)); i++) {
		SIM_CHECK(file_path(child, path, sizeof(path)) < sizeof(path));
		SIM_CHECK(NT_SUCCESS(file_lookup(file_root(), path, &found)) && found == child);
		if (child->kind == FILE_KIND_FILE)
			check_file(child, archive);
		else if (depth > 0)
			check_directory(child, archive, depth - 1);
		file_release(found);
		file_release(child);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	uint8_t *archive = malloc(size + 1), *disk = malloc(size + FREE_BYTES);
	struct pool_statistics pool;
	char message[128];
	long entries;

	SIM_CHECK(archive && disk);
	memcpy(disk, bytes, size);
	archive = realloc(archive, size ? size : 1); /* exact, for AddressSanitizer */
	memcpy(archive, bytes, size);
	entries = walk(archive, size);
	if (NT_SUCCESS(ramdisk_mount(disk, size, size + FREE_BYTES, message, sizeof(message)))) {
		SIM_CHECK(entries >= 0);
		check_directory(file_root(), archive, 8);
		ramdisk_unmount();
	}
	SIM_CHECK(!file_root());
	pool_statistics_read(&pool);
	SIM_CHECK(pool.blocks_used == 0);
	free(archive);
	free(disk);
	return 0;
}
