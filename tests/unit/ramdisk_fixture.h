/*
 * ramdisk_fixture.h - a disk for each test, and an archive to fill and mount.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/core/pool.h"
#include "kernel/io/file.h"
#include "tests/sim/sim.h"
#include "cpio_builder.h"

#define DISK_MAX_BYTES (20u << 20)
#define NT_TIME_OF_ARCHIVE ((0x12345678 + 11644473600ull) * 10000000)

static uint8_t *disk;
static struct cpio_builder archive;
static char message[256];

static inline int setup(void **state)
{
	(void)state;
	sim_core_start(0);
	disk = malloc(DISK_MAX_BYTES);
	assert_non_null(disk);
	memset(disk, 0xEE, DISK_MAX_BYTES);
	archive = (struct cpio_builder){disk, 0, DISK_MAX_BYTES};
	message[0] = '\0';
	return 0;
}

static inline int teardown(void **state)
{
	struct pool_statistics pool;

	(void)state;
	if (file_root())
		ramdisk_unmount();
	assert_null(file_root());
	pool_statistics_read(&pool);
	assert_int_equal(pool.blocks_used, 0);
	free(disk);
	sim_core_stop();
	return 0;
}

/* Ends the archive and mounts it with so many whole blocks behind it. */
static inline NTSTATUS mount(unsigned free_blocks)
{
	uint64_t end;

	cpio_trailer(&archive);
	end = page_round_up(archive.size) + pages_to_bytes(free_blocks);
	assert_true(end <= DISK_MAX_BYTES);
	return ramdisk_mount(disk, archive.size, end, message, sizeof(message));
}

static inline struct ramdisk_statistics statistics(void)
{
	struct ramdisk_statistics result;

	ramdisk_statistics_read(&result);
	return result;
}

static inline struct file_node *find(const char *path)
{
	struct file_node *node = NULL;

	assert_int_equal(file_lookup(file_root(), path, &node), STATUS_SUCCESS);
	file_release(node); /* the tree keeps it */
	return node;
}

static inline NTSTATUS lookup_status(const char *path)
{
	struct file_node *node;
	NTSTATUS status = file_lookup(file_root(), path, &node);

	if (NT_SUCCESS(status))
		file_release(node);
	return status;
}

static inline void assert_content(struct file_node *node, const void *expected, uint64_t size)
{
	uint8_t page[PAGE_SIZE];

	assert_int_equal(file_size(node), size);
	for (uint64_t offset = 0; offset < size; offset += PAGE_SIZE) {
		size_t part = size - offset < PAGE_SIZE ? (size_t)(size - offset) : PAGE_SIZE;

		assert_int_equal(file_read(node, offset, page, PAGE_SIZE), STATUS_SUCCESS);
		assert_memory_equal(page, (const uint8_t *)expected + offset, part);
		for (size_t i = part; i < PAGE_SIZE; i++)
			assert_int_equal(page[i], 0);
	}
	assert_int_equal(file_read(node, size, page, 1), STATUS_END_OF_FILE);
}
