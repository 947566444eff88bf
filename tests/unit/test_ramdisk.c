/*
 * test_ramdisk.c - the RAM disk: mounting, finding, and the bytes of files against arrays of bytes.
 */
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

#define DISK_MAX_BYTES (8u << 20)
#define NT_TIME_OF_ARCHIVE ((0x12345678 + 11644473600ull) * 10000000)

static uint8_t *disk;
static struct cpio_builder archive;
static char message[256];

static int setup(void **state)
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

static int teardown(void **state)
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
static NTSTATUS mount(unsigned free_blocks)
{
	uint64_t end;

	cpio_trailer(&archive);
	end = page_round_up(archive.size) + pages_to_bytes(free_blocks);
	assert_true(end <= DISK_MAX_BYTES);
	return ramdisk_mount(disk, archive.size, end, message, sizeof(message));
}

static struct ramdisk_statistics statistics(void)
{
	struct ramdisk_statistics result;

	ramdisk_statistics_read(&result);
	return result;
}

static struct file_node *find(const char *path)
{
	struct file_node *node = NULL;

	assert_int_equal(file_lookup(file_root(), path, &node), STATUS_SUCCESS);
	file_release(node); /* the tree keeps it */
	return node;
}

static NTSTATUS lookup_status(const char *path)
{
	struct file_node *node;
	NTSTATUS status = file_lookup(file_root(), path, &node);

	if (NT_SUCCESS(status))
		file_release(node);
	return status;
}

static void assert_content(struct file_node *node, const void *expected, uint64_t size)
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

/* ---- mounting ---- */

static void test_tree_of_an_archive(void **state)
{
	struct ramdisk_statistics numbers;

	(void)state;
	cpio_directory(&archive, ".");
	cpio_directory(&archive, "bin");
	cpio_file(&archive, "bin/a.exe", "AAAA", 4);
	cpio_file(&archive, "deep/down/b", "BB", 2); /* parents made */
	cpio_directory(&archive, "deep");	     /* and now named */
	cpio_file(&archive, "empty", NULL, 0);
	assert_int_equal(mount(7), STATUS_SUCCESS);
	numbers = statistics();
	assert_int_equal(numbers.files, 3);
	assert_int_equal(numbers.directories, 4);
	assert_int_equal(numbers.blocks_free, 7);
	assert_int_equal(numbers.blocks_total, 8);
	assert_content(find("bin\\a.exe"), "AAAA", 4);
	assert_content(find("deep\\down\\b"), "BB", 2);
	assert_content(find("empty"), "", 0);
	assert_int_equal(find("bin\\a.exe")->modified_time, NT_TIME_OF_ARCHIVE);
	assert_int_equal(find("deep")->modified_time, NT_TIME_OF_ARCHIVE);
	assert_int_equal(find("deep")->kind, FILE_KIND_DIRECTORY);
	assert_int_equal(file_size(find("deep")), 0);
	assert_true(find("bin")->index != find("deep")->index);
}

static void test_paths(void **state)
{
	static const struct {
		const char *path;
		NTSTATUS status;
	} rows[] = {
		{"", STATUS_SUCCESS},
		{"\\", STATUS_SUCCESS},
		{"bin", STATUS_SUCCESS},
		{"\\bin", STATUS_SUCCESS},
		{"/bin/", STATUS_SUCCESS},
		{"bin\\hello.exe", STATUS_SUCCESS},
		{"BIN/Hello.EXE", STATUS_SUCCESS},
		{"bin\\hello", STATUS_OBJECT_NAME_NOT_FOUND},
		{"bin\\hello.exe2", STATUS_OBJECT_NAME_NOT_FOUND},
		{"missing", STATUS_OBJECT_NAME_NOT_FOUND},
		{"missing\\", STATUS_OBJECT_PATH_NOT_FOUND},
		{"missing\\x", STATUS_OBJECT_PATH_NOT_FOUND},
		{"bin\\hello.exe\\x", STATUS_OBJECT_NAME_NOT_FOUND},
		{"bin\\hello.exe\\x\\y", STATUS_OBJECT_PATH_NOT_FOUND},
		{"bin\\hello.exe\\", STATUS_OBJECT_NAME_INVALID},
		{"\\\\bin", STATUS_OBJECT_NAME_INVALID},
		{"bin\\\\hello.exe", STATUS_OBJECT_NAME_INVALID},
		{"bin\\\\", STATUS_OBJECT_NAME_INVALID},
		{"bin\\.\\hello.exe", STATUS_OBJECT_NAME_INVALID},
		{"bin\\..\\bin", STATUS_OBJECT_NAME_INVALID},
		{"..", STATUS_OBJECT_NAME_INVALID},
		{"bin\\*.exe", STATUS_OBJECT_NAME_INVALID},
		{"bin\\a:b", STATUS_OBJECT_NAME_INVALID},
		{"bin\\a\tb", STATUS_OBJECT_NAME_INVALID},
		{"nowhere\\a?b", STATUS_OBJECT_NAME_INVALID},
	};
	char long_path[300];

	(void)state;
	cpio_file(&archive, "bin/hello.exe", "1", 1);
	assert_int_equal(mount(0), STATUS_SUCCESS);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		NTSTATUS status = lookup_status(rows[i].path);

		if (status != rows[i].status)
			fail_msg("\"%s\": %#x, not %#x", rows[i].path, (unsigned)status,
				 (unsigned)rows[i].status);
	}
	memset(long_path, 'n', sizeof(long_path));
	long_path[256] = '\0';
	assert_int_equal(lookup_status(long_path), STATUS_OBJECT_NAME_INVALID);
	long_path[255] = '\0';
	assert_int_equal(lookup_status(long_path), STATUS_OBJECT_NAME_NOT_FOUND);
}

static void test_relative_lookup_children_and_paths(void **state)
{
	struct file_node *node, *bin;
	char path[64];

	(void)state;
	cpio_file(&archive, "bin/one", "1", 1);
	cpio_file(&archive, "bin/two", "2", 1);
	cpio_file(&archive, "bin/sub/three", "3", 1);
	assert_int_equal(mount(0), STATUS_SUCCESS);
	bin = find("bin");
	assert_int_equal(file_lookup(bin, "sub\\three", &node), STATUS_SUCCESS);
	assert_int_equal(node->reference_count, 2);
	assert_int_equal(file_path(node, path, sizeof(path)), 14);
	assert_string_equal(path, "\\bin\\sub\\three");
	assert_int_equal(file_path(node, path, 8), 14);
	assert_string_equal(path, "\\bin\\su");
	assert_int_equal(file_path(node, path, 1), 14);
	assert_string_equal(path, "");
	assert_int_equal(file_path(node, path, 15), 14);
	assert_string_equal(path, "\\bin\\sub\\three");
	file_release(node);
	assert_int_equal(file_path(file_root(), path, sizeof(path)), 1);
	assert_string_equal(path, "\\");
	for (unsigned i = 0; i < 3; i++) {
		static const char *const names[] = {"one", "two", "sub"};

		node = file_child(bin, i);
		assert_string_equal(node->name, names[i]);
		file_release(node);
	}
	assert_null(file_child(bin, 3));
	assert_null(file_child(find("bin\\one"), 0));
}

static void refuse(const char *part_of_message)
{
	assert_int_equal(mount(1), STATUS_DISK_CORRUPT_ERROR);
	assert_null(file_root());
	if (!strstr(message, part_of_message))
		fail_msg("\"%s\" is not in \"%s\"", part_of_message, message);
	archive.size = 0;
}

static void test_archives_that_are_refused(void **state)
{
	(void)state;
	cpio_file(&archive, "a/b", "1", 1);
	cpio_file(&archive, "a/b", "2", 1);
	refuse("\"a/b\": the name is there already");
	cpio_file(&archive, "a/b", "1", 1);
	cpio_file(&archive, "a/B", "2", 1);
	refuse("\"a/B\": the name is there already");
	cpio_directory(&archive, "dir");
	cpio_directory(&archive, "DIR");
	refuse("\"DIR\"");
	cpio_directory(&archive, "x");
	cpio_file(&archive, "x", "1", 1);
	refuse("\"x\"");
	cpio_file(&archive, "x", "1", 1);
	cpio_directory(&archive, "x");
	refuse("\"x\"");
	cpio_file(&archive, "x", "1", 1);
	cpio_file(&archive, "x/y", "1", 1);
	refuse("\"x/y\": a file stands");
	cpio_file(&archive, "a/what?", "1", 1);
	refuse("NT allows none of");
	cpio_file(&archive, "a/../b", "1", 1);
	refuse("..");
}

static void test_disk_too_small_or_too_large(void **state)
{
	(void)state;
	cpio_trailer(&archive);
	assert_int_equal(ramdisk_mount(disk, archive.size, archive.size - 1, message, 256),
			 STATUS_DISK_FULL);
	assert_int_equal(ramdisk_mount(disk, archive.size, (64ull << 30) + 4096, message, 256),
			 STATUS_NOT_SUPPORTED);
	assert_null(file_root());
	assert_int_equal(ramdisk_mount(disk, archive.size, archive.size, message, 256),
			 STATUS_SUCCESS);
	assert_int_equal(statistics().blocks_free, 0);
}

/* Every allocation of a mount may fail; nothing is left then. */
static void test_mount_without_memory(void **state)
{
	NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;
	struct pool_statistics pool;
	unsigned nth;

	(void)state;
	cpio_file(&archive, "a/b/c", "1", 1);
	cpio_directory(&archive, "d");
	cpio_trailer(&archive);
	for (nth = 1; !NT_SUCCESS(status); nth++) {
		pool_statistics_read(&pool);
		assert_int_equal(pool.blocks_used, 0);
		sim_fail_nth_allocation(nth);
		status = ramdisk_mount(disk, archive.size, DISK_MAX_BYTES, message, 256);
		assert_true(NT_SUCCESS(status) || status == STATUS_INSUFFICIENT_RESOURCES);
	}
	sim_fail_nth_allocation(0);
	assert_int_equal(nth, 8); /* bitmap, root, a, b, c, d, and one that did not fail */
}

static void look_up_and_unmount(void *argument)
{
	struct file_node *node;

	if (NT_SUCCESS(file_lookup(file_root(), argument, &node)))
		ramdisk_unmount();
}

static void test_unmount_with_a_file_in_use(void **state)
{
	(void)state;
	cpio_file(&archive, "a", "1", 1);
	assert_int_equal(mount(0), STATUS_SUCCESS);
	assert_non_null(sim_expect_panic(look_up_and_unmount, "a"));
}

/* ---- bytes ---- */

static void test_directory_has_no_bytes(void **state)
{
	uint8_t byte = 0;

	(void)state;
	cpio_directory(&archive, "dir");
	assert_int_equal(mount(1), STATUS_SUCCESS);
	assert_int_equal(file_read(find("dir"), 0, &byte, 1), STATUS_FILE_IS_A_DIRECTORY);
	assert_int_equal(file_write(find("dir"), 0, &byte, 1), STATUS_FILE_IS_A_DIRECTORY);
	assert_int_equal(file_set_size(find("dir"), 1), STATUS_FILE_IS_A_DIRECTORY);
}

static void test_reading_and_writing_at_the_end(void **state)
{
	uint8_t page[PAGE_SIZE];
	uint64_t time;

	(void)state;
	cpio_file(&archive, "a", "0123456789", 10);
	cpio_file(&archive, "b", "next", 4);
	assert_int_equal(mount(0), STATUS_SUCCESS);
	memset(page, 0xAA, sizeof(page));
	assert_int_equal(file_read(find("a"), 7, page, 8), STATUS_SUCCESS);
	assert_memory_equal(page, "789\0\0\0\0\0\xAA", 9);
	assert_int_equal(file_read(find("a"), 10, page, 1), STATUS_END_OF_FILE);
	assert_int_equal(file_read(find("a"), UINT64_MAX, page, 1), STATUS_END_OF_FILE);
	assert_int_equal(file_read(find("a"), 3, page, 0), STATUS_SUCCESS);
	time = find("a")->modified_time;
	assert_int_equal(file_write(find("a"), 8, "xyzw", 4), STATUS_SUCCESS);
	assert_true(find("a")->modified_time > time);
	assert_int_equal(file_write(find("a"), 10, "w", 1), STATUS_END_OF_FILE);
	assert_content(find("a"), "01234567xy", 10);
	assert_content(find("b"), "next", 4);
	assert_true(statistics().pages_written == 1 && statistics().pages_read > 2);
}

static void test_growing_takes_blocks_and_moves_nothing(void **state)
{
	static uint8_t content[3 * PAGE_SIZE];
	struct file_node *a;

	(void)state;
	cpio_file(&archive, "a", "0123456789", 10);
	cpio_file(&archive, "b", "next", 4);
	assert_int_equal(mount(4), STATUS_SUCCESS);
	a = find("a");
	memcpy(content, "0123456789", 10);
	assert_int_equal(file_set_size(a, 11), STATUS_SUCCESS);
	assert_int_equal(statistics().blocks_free, 3); /* the page's tail */
	assert_content(a, content, 11);
	assert_int_equal(file_set_size(a, PAGE_SIZE), STATUS_SUCCESS);
	assert_int_equal(statistics().blocks_free, 3);
	assert_int_equal(file_set_size(a, 2 * PAGE_SIZE + 1), STATUS_SUCCESS);
	assert_int_equal(statistics().blocks_free, 1);
	assert_content(a, content, 2 * PAGE_SIZE + 1);
	/* One transfer over the archive's part and two blocks. */
	memset(content + 5, 'z', PAGE_SIZE);
	assert_int_equal(file_write(a, 5, content + 5, PAGE_SIZE), STATUS_SUCCESS);
	assert_content(a, content, 2 * PAGE_SIZE + 1);
	assert_content(find("b"), "next", 4);
	assert_int_equal(file_set_size(a, 7), STATUS_SUCCESS);
	assert_int_equal(statistics().blocks_free, 4);
	assert_content(a, content, 7);
}

static void test_new_bytes_are_zero(void **state)
{
	static uint8_t ones[4 * PAGE_SIZE], content[4 * PAGE_SIZE];
	struct file_node *a;

	(void)state;
	memset(ones, 1, sizeof(ones));
	cpio_file(&archive, "a", ones, 2 * PAGE_SIZE);
	assert_int_equal(mount(4), STATUS_SUCCESS);
	a = find("a");
	/* Cut inside the archive's part, and in a block. */
	assert_int_equal(file_set_size(a, 100), STATUS_SUCCESS);
	assert_int_equal(file_set_size(a, 3 * PAGE_SIZE), STATUS_SUCCESS);
	memset(content, 1, 100);
	assert_content(a, content, 3 * PAGE_SIZE);
	assert_int_equal(file_write(a, 2 * PAGE_SIZE, ones, PAGE_SIZE), STATUS_SUCCESS);
	assert_int_equal(file_set_size(a, 2 * PAGE_SIZE + 5), STATUS_SUCCESS);
	assert_int_equal(file_set_size(a, 3 * PAGE_SIZE + 9), STATUS_SUCCESS);
	memset(content + 2 * PAGE_SIZE, 1, 5);
	assert_content(a, content, 3 * PAGE_SIZE + 9);
}

static void test_disk_full(void **state)
{
	struct file_node *a;

	(void)state;
	cpio_file(&archive, "a", "x", 1);
	assert_int_equal(mount(3), STATUS_SUCCESS);
	a = find("a");
	assert_int_equal(file_set_size(a, 3 * PAGE_SIZE + 1), STATUS_DISK_FULL);
	assert_int_equal(file_set_size(a, UINT64_MAX), STATUS_DISK_FULL);
	assert_int_equal(file_set_size(a, 1ull << 63), STATUS_DISK_FULL);
	assert_content(a, "x", 1);
	assert_int_equal(statistics().blocks_free, 3);
	assert_int_equal(file_set_size(a, 3 * PAGE_SIZE), STATUS_SUCCESS);
	assert_int_equal(statistics().blocks_free, 0);
	assert_int_equal(file_set_size(a, 3 * PAGE_SIZE + 1), STATUS_DISK_FULL);
	assert_int_equal(file_size(a), 3 * PAGE_SIZE);
}

/* A cut gives the whole blocks inside the archive's part back, and they serve another file. */
static void test_archive_space_is_used_again(void **state)
{
	static uint8_t big[10 * PAGE_SIZE], zeros[10 * PAGE_SIZE];
	struct file_node *a;

	(void)state;
	memset(big, 0xB1, sizeof(big));
	cpio_file(&archive, "big", big, sizeof(big));
	cpio_file(&archive, "a", "x", 1);
	assert_int_equal(mount(0), STATUS_SUCCESS);
	assert_int_equal(statistics().blocks_free, 0);
	a = find("a");
	assert_int_equal(file_set_size(a, 9 * PAGE_SIZE), STATUS_DISK_FULL);
	assert_int_equal(file_set_size(find("big"), 100), STATUS_SUCCESS);
	assert_int_equal(statistics().blocks_free,
			 9); /* of ten that overlap, one end on each side */
	assert_int_equal(file_set_size(a, 9 * PAGE_SIZE), STATUS_SUCCESS);
	zeros[0] = 'x';
	assert_content(a, zeros, 9 * PAGE_SIZE);
	assert_content(find("big"), big, 100);
	assert_int_equal(file_set_size(find("big"), 0), STATUS_SUCCESS);
	assert_int_equal(statistics().blocks_free, 0);
	assert_int_equal(file_set_size(a, 0), STATUS_SUCCESS);
	assert_int_equal(statistics().blocks_free, 9);
}

static void test_growing_without_memory(void **state)
{
	struct file_node *a;
	NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;
	struct pool_statistics before, after;
	const unsigned blocks = 1100; /* two leaves and a table above them */
	unsigned nth;

	(void)state;
	cpio_file(&archive, "a", "x", 1);
	assert_int_equal(mount(blocks), STATUS_SUCCESS);
	a = find("a");
	pool_statistics_read(&before);
	for (nth = 1; !NT_SUCCESS(status); nth++) {
		sim_fail_nth_allocation(nth);
		status = file_set_size(a, (uint64_t)blocks * PAGE_SIZE);
		pool_statistics_read(&after);
		if (NT_SUCCESS(status))
			break;
		assert_int_equal(status, STATUS_INSUFFICIENT_RESOURCES);
		assert_content(a, "x", 1);
		assert_int_equal(statistics().blocks_free, blocks);
		assert_int_equal(after.blocks_used, before.blocks_used);
	}
	sim_fail_nth_allocation(0);
	assert_int_equal(nth, 4);
	assert_int_equal(file_set_size(a, 1030 * PAGE_SIZE), STATUS_SUCCESS);
	assert_int_equal(file_set_size(a, 1000 * PAGE_SIZE), STATUS_SUCCESS);
	assert_int_equal(statistics().blocks_free, blocks - 1000);
	assert_int_equal(file_set_size(a, 0), STATUS_SUCCESS);
	pool_statistics_read(&after);
	assert_int_equal(after.blocks_used, before.blocks_used);
}

/* ---- against a model ---- */

#define MODEL_FILES 5
#define MODEL_MAX_BYTES (40 * PAGE_SIZE)
#define MODEL_BLOCKS 60
#define MODEL_STEPS 20000

static struct model {
	struct file_node *node;
	uint64_t size;
	uint8_t bytes[MODEL_MAX_BYTES];
} models[MODEL_FILES];

static uint64_t random_state;

static uint64_t random_below(uint64_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % limit;
}

static void model_mount(uint64_t seed)
{
	/* The odd sizes put the files at all kinds of places in their blocks. */
	static const size_t sizes[MODEL_FILES] = {0, 1, 5000, 3 * PAGE_SIZE, 30 * PAGE_SIZE + 77};
	char name[8];

	random_state = seed;
	for (unsigned i = 0; i < MODEL_FILES; i++) {
		memset(&models[i], 0, sizeof(models[i]));
		models[i].size = sizes[i];
		for (size_t j = 0; j < sizes[i]; j++)
			models[i].bytes[j] = (uint8_t)random_below(256);
		snprintf(name, sizeof(name), "f%u", i);
		cpio_file(&archive, name, models[i].bytes, sizes[i]);
	}
	assert_int_equal(mount(MODEL_BLOCKS), STATUS_SUCCESS);
	for (unsigned i = 0; i < MODEL_FILES; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		models[i].node = find(name);
	}
}

/* True if the disk had room. */
static bool model_resize(struct model *model)
{
	uint64_t size = random_below(4) ? random_below(MODEL_MAX_BYTES)
					: PAGE_SIZE * random_below(MODEL_MAX_BYTES / PAGE_SIZE);
	NTSTATUS status = file_set_size(model->node, size);

	if (status == STATUS_DISK_FULL && size > model->size)
		return false;
	assert_int_equal(status, STATUS_SUCCESS);
	if (size < model->size)
		memset(model->bytes + size, 0, MODEL_MAX_BYTES - size);
	model->size = size;
	return true;
}

static void model_transfer(struct model *model, bool is_write)
{
	uint64_t offset = random_below(MODEL_MAX_BYTES - PAGE_SIZE);
	size_t size = (size_t)random_below(PAGE_SIZE + 1);
	NTSTATUS expected = offset < model->size ? STATUS_SUCCESS : STATUS_END_OF_FILE;
	uint8_t buffer[PAGE_SIZE];

	if (!is_write) {
		assert_int_equal(file_read(model->node, offset, buffer, size), expected);
		if (NT_SUCCESS(expected))
			assert_memory_equal(buffer, model->bytes + offset, size);
		return;
	}
	for (size_t i = 0; i < size; i++)
		buffer[i] = (uint8_t)random_below(256);
	assert_int_equal(file_write(model->node, offset, buffer, size), expected);
	for (size_t i = 0; i < size && offset + i < model->size; i++)
		model->bytes[offset + i] = buffer[i];
}

/*
 * Whole blocks inside what the archive had of the files: however they were cut, all of them must
 * come back.
 */
static uint64_t model_archive_blocks(void)
{
	uint64_t blocks = 0;

	for (unsigned i = 0; i < MODEL_FILES; i++) {
		uint64_t first = bytes_to_pages(models[i].node->archive_offset);
		uint64_t end = page_of(models[i].node->archive_end);

		blocks += end > first ? end - first : 0;
	}
	assert_true(blocks >= 31);
	return blocks;
}

static void model_run(uint64_t seed)
{
	unsigned refused = 0;

	model_mount(seed);
	for (unsigned step = 0; step < MODEL_STEPS; step++) {
		struct model *model = &models[random_below(MODEL_FILES)];
		uint64_t what = random_below(8);

		if (what == 0)
			refused += !model_resize(model);
		else
			model_transfer(model, what < 4);
		if (step % 500 == 0)
			for (unsigned i = 0; i < MODEL_FILES; i++)
				assert_content(models[i].node, models[i].bytes, models[i].size);
	}
	assert_true(refused > 0);
	for (unsigned i = 0; i < MODEL_FILES; i++)
		assert_int_equal(file_set_size(models[i].node, 0), STATUS_SUCCESS);
	assert_int_equal(statistics().blocks_free, MODEL_BLOCKS + model_archive_blocks());
	ramdisk_unmount();
	archive.size = 0;
}

static void test_files_against_arrays(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 8; seed++)
		model_run(seed * 0x9E3779B97F4A7C15ull);
}

/* ---- several threads ---- */

/* Each has a file of its own; they compete for the blocks. */
static void resize_and_check(void *argument)
{
	struct file_node *node = argument;
	uint8_t mark = (uint8_t)node->index, page[PAGE_SIZE], seen[PAGE_SIZE];

	memset(page, mark, sizeof(page));
	for (int i = 0; i < 2; i++) {
		if (!NT_SUCCESS(file_set_size(node, 2 * PAGE_SIZE)))
			continue;
		SIM_CHECK(NT_SUCCESS(file_write(node, PAGE_SIZE, page, PAGE_SIZE)));
		SIM_CHECK(NT_SUCCESS(file_read(node, PAGE_SIZE, seen, PAGE_SIZE)));
		SIM_CHECK(memcmp(seen, page, PAGE_SIZE) == 0);
		SIM_CHECK(NT_SUCCESS(file_set_size(node, 0)));
	}
}

static void race_body(void *argument)
{
	(void)argument;
	sim_spawn("a", resize_and_check, find("a"), NULL);
	sim_spawn("b", resize_and_check, find("b"), NULL);
	sim_run_all();
	SIM_CHECK(statistics().blocks_free == 3);
}

static void test_two_files_under_preemption(void **state)
{
	(void)state;
	cpio_file(&archive, "a", NULL, 0);
	cpio_file(&archive, "b", NULL, 0);
	assert_int_equal(mount(3), STATUS_SUCCESS);
	assert_true(sim_explore(race_body, NULL, 2, 20000) > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_tree_of_an_archive),
		TEST(test_paths),
		TEST(test_relative_lookup_children_and_paths),
		TEST(test_archives_that_are_refused),
		TEST(test_disk_too_small_or_too_large),
		TEST(test_mount_without_memory),
		TEST(test_directory_has_no_bytes),
		TEST(test_reading_and_writing_at_the_end),
		TEST(test_growing_takes_blocks_and_moves_nothing),
		TEST(test_new_bytes_are_zero),
		TEST(test_disk_full),
		TEST(test_archive_space_is_used_again),
		TEST(test_growing_without_memory),
		TEST(test_files_against_arrays),
		TEST(test_two_files_under_preemption),
		/*
		 * Last: the disk stays mounted, with its lock held, after the panic that is
		 * expected.
		 */
		cmocka_unit_test_setup(test_unmount_with_a_file_in_use, setup),
	};

	return cmocka_run_group_tests_name("ramdisk", tests, NULL, NULL);
}
