/*
 * test_file_entries.c - names that come and go on the RAM disk: making, deleting, renaming, and
 * sharing.
 */
#include "nt/ntio.h"
#include "ramdisk_fixture.h"

static const struct file_use reader = {FILE_READ_DATA,
				       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE};

static bool allow(struct file_node *node)
{
	(void)node;
	return true;
}

static bool forbid(struct file_node *node)
{
	(void)node;
	return false;
}

static NTSTATUS create(const char *path, enum file_kind kind, struct file_node **result)
{
	struct file_node *directory;
	const char *last;
	size_t length;
	NTSTATUS status = file_lookup_parent(file_root(), path, &directory, &last, &length);

	if (!NT_SUCCESS(status))
		return status;
	status = file_create(directory, last, length, kind, 0, &reader, result);
	file_release(directory);
	return status;
}

static struct file_node *make(const char *path, enum file_kind kind)
{
	struct file_node *node = NULL;

	assert_int_equal(create(path, kind, &node), STATUS_SUCCESS);
	return node;
}

/* Closes the open that made it. */
static void close_node(struct file_node *node)
{
	file_open_leave(node, &reader);
	file_release(node);
}

static void test_lifetime(void **state)
{
	struct file_node *node, *again;
	struct ramdisk_statistics before;
	struct pool_statistics pool, after;

	(void)state;
	assert_int_equal(mount(4), STATUS_SUCCESS);
	before = statistics();
	pool_statistics_read(&pool);
	node = make("new.txt", FILE_KIND_FILE);
	assert_int_equal(statistics().node_bytes - before.node_bytes, sizeof(*node));
	assert_int_equal(create("NEW.TXT", FILE_KIND_FILE, &again), STATUS_OBJECT_NAME_COLLISION);
	assert_int_equal(file_set_size(node, 3 * PAGE_SIZE), STATUS_SUCCESS);
	assert_int_equal(file_set_deleted(node, true, false), STATUS_SUCCESS);
	assert_int_equal(create("new.txt", FILE_KIND_FILE, &again), STATUS_DELETE_PENDING);
	assert_int_equal(file_open_enter(node, &reader, 0), STATUS_DELETE_PENDING);
	assert_true(file_open_leave(node, &reader));
	assert_int_equal(lookup_status("new.txt"), STATUS_OBJECT_NAME_NOT_FOUND);
	assert_int_equal(statistics().blocks_free, 1);
	assert_int_equal(statistics().node_bytes, before.node_bytes);
	close_node(make("new.txt", FILE_KIND_FILE));
	assert_content(node, (uint8_t[3 * PAGE_SIZE]){0}, 3 * PAGE_SIZE);
	file_release(node); /* the last one: now the bytes go */
	assert_int_equal(statistics().blocks_free, 4);
	node = find("new.txt");
	assert_int_equal(file_open_enter(node, &reader, 0), STATUS_SUCCESS);
	assert_int_equal(file_set_deleted(node, true, false), STATUS_SUCCESS);
	file_reference(node);
	close_node(node);
	pool_statistics_read(&after);
	assert_int_equal(after.blocks_used, pool.blocks_used);
}

/* A file of the archive: its blocks in there become free. */
static void test_archive_file(void **state)
{
	static uint8_t bytes[5 * PAGE_SIZE];
	struct file_node *node;
	uint64_t blocks;

	(void)state;
	cpio_file(&archive, "a", bytes, sizeof(bytes));
	assert_int_equal(mount(1), STATUS_SUCCESS);
	node = find("a");
	blocks = page_of(node->archive_end) - bytes_to_pages(node->archive_offset);
	assert_int_equal(file_open_enter(node, &reader, 0), STATUS_SUCCESS);
	assert_int_equal(file_set_deleted(node, true, false), STATUS_SUCCESS);
	file_reference(node);
	close_node(node);
	assert_int_equal(statistics().blocks_free, 1 + blocks);
	assert_int_equal(lookup_status("a"), STATUS_OBJECT_NAME_NOT_FOUND);
}

static void test_directories(void **state)
{
	struct file_node *directory, *node;
	char path[40];

	(void)state;
	assert_int_equal(mount(1), STATUS_SUCCESS);
	directory = make("d", FILE_KIND_DIRECTORY);
	node = make("d\\f", FILE_KIND_FILE);
	assert_int_equal(file_set_deleted(directory, true, false), STATUS_DIRECTORY_NOT_EMPTY);
	assert_int_equal(file_set_deleted(file_root(), true, true), STATUS_CANNOT_DELETE);
	assert_int_equal(file_set_deleted(node, true, false), STATUS_SUCCESS);
	assert_true(file_open_leave(node, &reader));
	assert_int_equal(file_set_deleted(directory, true, false), STATUS_SUCCESS);
	assert_int_equal(create("d\\g", FILE_KIND_FILE, &node), STATUS_DELETE_PENDING);
	close_node(directory);
	/* the orphan keeps its path, and its directory's node */
	assert_int_equal(file_path(node, path, sizeof(path)), 4);
	assert_string_equal(path, "\\d\\f");
	assert_int_equal(statistics().directories, 1);
	file_release(node);
}

static void test_names(void **state)
{
	struct file_node *node;

	(void)state;
	assert_int_equal(mount(1), STATUS_SUCCESS);
	assert_int_equal(create("a*b", FILE_KIND_FILE, &node), STATUS_OBJECT_NAME_INVALID);
	assert_int_equal(create("..", FILE_KIND_FILE, &node), STATUS_OBJECT_NAME_INVALID);
	assert_int_equal(create("", FILE_KIND_FILE, &node), STATUS_OBJECT_NAME_INVALID);
	assert_int_equal(create("none\\x", FILE_KIND_FILE, &node), STATUS_OBJECT_PATH_NOT_FOUND);
	sim_fail_nth_allocation(1);
	assert_int_equal(create("x", FILE_KIND_FILE, &node), STATUS_INSUFFICIENT_RESOURCES);
	sim_fail_nth_allocation(0);
	assert_int_equal(lookup_status("x"), STATUS_OBJECT_NAME_NOT_FOUND);
}

static void test_rename(void **state)
{
	struct file_node *one, *two, *directory, *below;

	(void)state;
	assert_int_equal(mount(2), STATUS_SUCCESS);
	one = make("one", FILE_KIND_FILE);
	two = make("two", FILE_KIND_FILE);
	directory = make("d", FILE_KIND_DIRECTORY);
	below = make("d\\e", FILE_KIND_DIRECTORY);
	assert_int_equal(file_set_size(two, 2 * PAGE_SIZE), STATUS_SUCCESS);
	assert_int_equal(file_rename(one, file_root(), "TWO", 3, false, allow),
			 STATUS_OBJECT_NAME_COLLISION);
	assert_int_equal(file_rename(one, file_root(), "TWO", 3, true, allow),
			 STATUS_ACCESS_DENIED); /* open */
	close_node(two);
	assert_int_equal(file_rename(one, file_root(), "TWO", 3, true, forbid),
			 STATUS_ACCESS_DENIED);
	assert_int_equal(file_rename(one, file_root(), "TWO", 3, true, allow), STATUS_SUCCESS);
	assert_int_equal(statistics().blocks_free, 2);
	assert_ptr_equal(find("two"), one);
	assert_string_equal(one->name, "TWO");
	assert_int_equal(lookup_status("one"), STATUS_OBJECT_NAME_NOT_FOUND);
	assert_int_equal(file_rename(one, directory, "x", 1, false, allow), STATUS_SUCCESS);
	assert_ptr_equal(find("d\\x"), one);
	assert_int_equal(file_rename(one, one, "x", 1, false, allow), STATUS_OBJECT_PATH_NOT_FOUND);
	assert_int_equal(file_rename(directory, below, "x", 1, false, allow),
			 STATUS_INVALID_PARAMETER);
	assert_int_equal(file_rename(file_root(), below, "x", 1, false, allow),
			 STATUS_INVALID_PARAMETER);
	assert_int_equal(file_rename(directory, file_root(), "q", 1, false, allow),
			 STATUS_ACCESS_DENIED); /* something below is open */
	close_node(one);
	close_node(below);
	assert_int_equal(file_rename(directory, file_root(), "q", 1, false, allow), STATUS_SUCCESS);
	assert_int_equal(lookup_status("q\\e"), STATUS_SUCCESS);
	close_node(directory);
}

/* IoCheckShareAccess, all pairs. */
static void test_sharing(void **state)
{
	static const uint32_t accesses[] = {FILE_READ_ATTRIBUTES, FILE_READ_DATA,   FILE_EXECUTE,
					    FILE_WRITE_DATA,	  FILE_APPEND_DATA, DELETE_ACCESS};
	static const uint32_t needed[] = {0, 1, 1, 2, 2, 4};
	struct file_node *node;

	(void)state;
	assert_int_equal(mount(1), STATUS_SUCCESS);
	node = make("a", FILE_KIND_FILE);
	file_open_leave(node, &reader);
	for (unsigned i = 0; i < 6 * 8 * 6 * 8; i++) {
		struct file_use first = {accesses[i % 6], i / 6 % 8};
		struct file_use second = {accesses[i / 48 % 6], i / 288};
		uint32_t does = needed[i % 6], then = needed[i / 48 % 6];
		bool allowed =
			!does || !then || (!(then & ~first.share) && !(does & ~second.share));

		assert_int_equal(file_open_enter(node, &first, 0), STATUS_SUCCESS);
		assert_int_equal(file_open_enter(node, &second, 0),
				 allowed ? STATUS_SUCCESS : STATUS_SHARING_VIOLATION);
		if (allowed)
			file_open_leave(node, &second);
		file_open_leave(node, &first);
		assert_int_equal(node->share.opens, 0);
	}
	/* what overwriting needs is checked, and not kept */
	assert_int_equal(file_open_enter(node, &(struct file_use){FILE_READ_DATA, 1}, 0), 0);
	assert_int_equal(file_open_enter(node, &reader, FILE_WRITE_DATA), STATUS_SHARING_VIOLATION);
	assert_int_equal(file_open_enter(node, &reader, 0), STATUS_SUCCESS);
	assert_int_equal(node->share.writers, 0);
	file_open_leave(node, &reader);
	file_open_leave(node, &(struct file_use){FILE_READ_DATA, 1});
	file_release(node);
}

static void test_reserve(void **state)
{
	struct file_node *node;

	(void)state;
	assert_int_equal(mount(8), STATUS_SUCCESS);
	node = make("a", FILE_KIND_FILE);
	assert_int_equal(file_reserve(node, 9 * PAGE_SIZE), STATUS_DISK_FULL);
	assert_int_equal(file_reserve(node, 5 * PAGE_SIZE), STATUS_SUCCESS);
	assert_int_equal(file_reserve(node, PAGE_SIZE), STATUS_SUCCESS);
	assert_int_equal(file_allocation(node), 5 * PAGE_SIZE);
	assert_int_equal(statistics().blocks_free, 3);
	assert_int_equal(file_set_size(node, 4 * PAGE_SIZE + 1), STATUS_SUCCESS);
	assert_int_equal(statistics().blocks_free, 3);
	assert_int_equal(file_set_size(node, 6 * PAGE_SIZE), STATUS_SUCCESS);
	assert_int_equal(statistics().blocks_free, 2);
	assert_content(node, (uint8_t[6 * PAGE_SIZE]){0}, 6 * PAGE_SIZE);
	assert_int_equal(file_set_size(node, PAGE_SIZE), STATUS_SUCCESS);
	assert_int_equal(statistics().blocks_free, 7);
	assert_int_equal(file_allocation(node), PAGE_SIZE);
	close_node(node);
}

/* ---- several threads ---- */

static unsigned created;

/* Opens or makes "f", and deletes it: one name, one file at a time. */
static void come_and_go(void *argument)
{
	struct file_node *node;
	NTSTATUS status = create("f", FILE_KIND_FILE, &node);

	(void)argument;
	SIM_CHECK(NT_SUCCESS(status) || status == STATUS_OBJECT_NAME_COLLISION ||
		  status == STATUS_DELETE_PENDING);
	if (!NT_SUCCESS(status))
		return;
	created++;
	SIM_CHECK(NT_SUCCESS(file_set_size(node, PAGE_SIZE)));
	file_hold(node);
	SIM_CHECK(NT_SUCCESS(file_set_deleted(node, true, false)));
	SIM_CHECK(file_open_leave(node, &reader));
	file_unhold(node);
	file_release(node);
}

static void race_body(void *argument)
{
	(void)argument;
	created = 0;
	sim_spawn("a", come_and_go, NULL, NULL);
	sim_spawn("b", come_and_go, NULL, NULL);
	sim_run_all();
	SIM_CHECK(created > 0 && statistics().blocks_free == 2);
	SIM_CHECK(lookup_status("f") == STATUS_OBJECT_NAME_NOT_FOUND);
}

static void test_one_name_under_preemption(void **state)
{
	(void)state;
	assert_int_equal(mount(2), STATUS_SUCCESS);
	assert_true(sim_explore(race_body, NULL, 2, 20000) > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_lifetime),	TEST(test_archive_file),
		TEST(test_directories), TEST(test_names),
		TEST(test_rename),	TEST(test_sharing),
		TEST(test_reserve),	TEST(test_one_name_under_preemption),
	};

	return cmocka_run_group_tests_name("file_entries", tests, NULL, NULL);
}
