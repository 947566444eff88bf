/*
 * test_file.c - the bytes of files: where they are, growing and cutting, a full disk.
 */
#include "ramdisk_fixture.h"

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
	time = find("a")->times.last_write;
	assert_int_equal(file_write(find("a"), 8, "xyzw", 4), STATUS_SUCCESS);
	assert_true(find("a")->times.last_write == time);
	assert_int_equal(file_write(find("a"), 10, "w", 1), STATUS_END_OF_FILE);
	assert_content(find("a"), "01234567xy", 10);
	assert_content(find("b"), "next", 4);
	assert_true(statistics().pages_written == 1 && statistics().pages_read > 2);
}

/* Whole pages: behind the end of the file they are zero, not what the frames held. */
static void test_reading_pages_over_the_end(void **state)
{
	static uint8_t bytes[2 * PAGE_SIZE];
	void *pages[] = {bytes, bytes + PAGE_SIZE};

	(void)state;
	cpio_file(&archive, "a", "0123456789", 10);
	assert_int_equal(mount(0), STATUS_SUCCESS);
	memset(bytes, 0xAA, sizeof(bytes));
	assert_int_equal(file_read_pages(find("a"), 0, sizeof(bytes), pages, 2), STATUS_SUCCESS);
	assert_memory_equal(bytes, "0123456789", 10);
	for (size_t i = 10; i < sizeof(bytes); i++)
		assert_int_equal(bytes[i], 0);
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
	assert_int_equal(statistics().table_bytes, 0);
	assert_int_equal(file_set_size(a, 11), STATUS_SUCCESS);
	assert_int_equal(statistics().table_bytes, 4096);
	assert_true(a->times.last_write > NT_TIME_OF_ARCHIVE);
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
	assert_int_equal(a->times.last_write, NT_TIME_OF_ARCHIVE);
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
	assert_int_equal(statistics().table_bytes, 2 * 4096);
	assert_int_equal(file_set_size(a, 0), STATUS_SUCCESS);
	assert_int_equal(statistics().table_bytes, 0);
	pool_statistics_read(&after);
	assert_int_equal(after.blocks_used, before.blocks_used);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_directory_has_no_bytes),
		TEST(test_reading_and_writing_at_the_end),
		TEST(test_reading_pages_over_the_end),
		TEST(test_growing_takes_blocks_and_moves_nothing),
		TEST(test_new_bytes_are_zero),
		TEST(test_disk_full),
		TEST(test_archive_space_is_used_again),
		TEST(test_growing_without_memory),
	};

	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
