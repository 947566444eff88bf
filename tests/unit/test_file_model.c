/*
 * test_file_model.c - files on a small disk against arrays of bytes, and two files under every
 * schedule.
 */
#include "ramdisk_fixture.h"

#define MODEL_FILES 5
#define MODEL_MAX_BYTES (40 * PAGE_SIZE)
#define MODEL_BLOCKS 60
#define MODEL_STEPS 20000

static struct model {
	struct file_node *node;
	uint64_t archive_start, archive_end; /* where its first node had its bytes */
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
		models[i].archive_start = models[i].node->archive_offset;
		models[i].archive_end = models[i].node->archive_end;
	}
}

/* The file's name is deleted, its node goes, and a new one takes its place. */
static void model_replace(struct model *model)
{
	static const struct file_use use = {1, 7};
	unsigned index = (unsigned)(model - models);
	char name[8];

	snprintf(name, sizeof(name), "f%u", index);
	assert_int_equal(file_open_enter(model->node, &use, 0), STATUS_SUCCESS);
	assert_int_equal(file_set_deleted(model->node, true, false), STATUS_SUCCESS);
	file_reference(model->node);
	assert_true(file_open_leave(model->node, &use));
	assert_int_equal(lookup_status(name), STATUS_OBJECT_NAME_NOT_FOUND);
	file_release(model->node);
	assert_int_equal(
		file_create(file_root(), name, strlen(name), FILE_KIND_FILE, 0, &use, &model->node),
		STATUS_SUCCESS);
	assert_false(file_open_leave(model->node, &use));
	file_release(model->node);
	model->size = 0;
	memset(model->bytes, 0, sizeof(model->bytes));
}

/* Moves the file to another name and back: its bytes stay. */
static void model_rename(struct model *model)
{
	char name[8];

	snprintf(name, sizeof(name), "f%u", (unsigned)(model - models));
	assert_int_equal(file_rename(model->node, file_root(), "moved", 5, false, NULL),
			 STATUS_SUCCESS);
	assert_ptr_equal(find("MOVED"), model->node);
	assert_int_equal(file_rename(model->node, file_root(), name, strlen(name), false, NULL),
			 STATUS_SUCCESS);
}

/* Room makes no byte, and what the disk has not is refused. */
static void model_reserve(struct model *model)
{
	uint64_t room = random_below(MODEL_MAX_BYTES), free_blocks = statistics().blocks_free;
	uint64_t have = file_allocation(model->node);
	NTSTATUS status = file_reserve(model->node, room);

	room = page_round_up(room);
	if (room > have && bytes_to_pages(room - have) > free_blocks) {
		assert_int_equal(status, STATUS_DISK_FULL);
		room = have;
	}
	assert_int_equal(file_allocation(model->node), room > have ? room : have);
	assert_int_equal(file_size(model->node), model->size);
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
		uint64_t first = bytes_to_pages(models[i].archive_start);
		uint64_t end = page_of(models[i].archive_end);

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
		uint64_t what = random_below(8), rare = random_below(64);

		if (rare == 0)
			model_replace(model);
		else if (rare == 1)
			model_rename(model);
		else if (rare == 2)
			model_reserve(model);
		else if (what == 0)
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
		TEST(test_files_against_arrays),
		TEST(test_two_files_under_preemption),
	};

	return cmocka_run_group_tests_name("file_model", tests, NULL, NULL);
}
