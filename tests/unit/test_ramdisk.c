/*
 * test_ramdisk.c - the RAM disk: mounting, and finding files.
 */
#include "ramdisk_fixture.h"

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
	assert_int_equal(find("bin\\a.exe")->times.last_write, NT_TIME_OF_ARCHIVE);
	assert_int_equal(find("deep")->times.last_write, NT_TIME_OF_ARCHIVE);
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
		{"bin\\hello.exe\\x", STATUS_OBJECT_PATH_NOT_FOUND},
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
		/*
		 * Last: the disk stays mounted, with its lock held, after the panic that is
		 * expected.
		 */
		cmocka_unit_test_setup(test_unmount_with_a_file_in_use, setup),
	};

	return cmocka_run_group_tests_name("ramdisk", tests, NULL, NULL);
}
