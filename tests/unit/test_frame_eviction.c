/*
 * test_frame_eviction.c - the lists of the frame database, eviction, and what is taken when memory
 * is short.
 */
#include "vm_fixture.h"

#include "kernel/core/cmdline.h"
#include "kernel/mm/writeback.h"

#define FILE_PAGES 8u

static uint8_t file_bytes[FILE_PAGES * 4096];
static struct hoard hoard;

static struct section *file_section(void)
{
	struct section *section;
	struct file_node *file;

	for (size_t i = 0; i < sizeof(file_bytes); i++)
		file_bytes[i] = (uint8_t)(i / 4096 + 1);
	file = disk_with(file_bytes, sizeof(file_bytes), 1 << 20);
	section = section_of(file, 0, PAGE_READWRITE, SEC_COMMIT);
	file_release(file);
	return section;
}

static pte_t word_of(struct section *section, page_index_t index)
{
	pte_t result;

	spin_lock(&frame_lock);
	result = pt_read(segment_word_find_locked(section->segment, index));
	spin_unlock(&frame_lock);
	return result;
}

/* The first page_count pages are cached and mapped nowhere; page i was touched as number i. */
static void make_standby(struct section *section, unsigned page_count)
{
	vaddr_t base = map(section, PAGE_READONLY);

	for (unsigned i = 0; i < page_count; i++)
		assert_int_equal(sim_peek(base + pages_to_bytes(i)), i + 1);
	ok(view_unmap(space, base));
	assert_int_equal(frame_count(FRAME_STANDBY), page_count);
}

/* catches: eviction that forgets the word, the count, the zeroing, or takes the youngest */
static void test_standby_frames_are_taken_oldest_first(void **state)
{
	struct section *section = file_section();

	(void)state;
	make_standby(section, FILE_PAGES);
	hoard_begin(&hoard, 0);
	for (unsigned i = 0; i < FILE_PAGES; i++) {
		pfn_t expected_pfn = pte_pfn(word_of(section, i));
		enum frame_content content = i % 2 ? FRAME_ALL_ZERO : FRAME_ANY_CONTENT;
		pfn_t pfn = frame_alloc(content);
		const uint8_t *bytes = frame_memory(pfn);

		assert_int_equal(pfn, expected_pfn);
		assert_int_equal(pte_kind(word_of(section, i)), PTE_NONE);
		assert_int_equal(section->segment->resident_pages, FILE_PAGES - 1 - i);
		if (content == FRAME_ALL_ZERO)
			assert_true(bytes[0] == 0 && memcmp(bytes, bytes + 1, 4095) == 0);
		mm_check();
		hoard.frames[hoard.count++] = pfn;
	}
	assert_int_equal(frame_alloc(FRAME_ANY_CONTENT), PFN_NONE);
	assert_int_equal(frame_alloc_wait(FRAME_ANY_CONTENT), PFN_NONE);
	hoard_end(&hoard);
	object_release(section);
}

static void assert_standby_order(struct section *section, const char *order)
{
	struct frame *frame;

	spin_lock(&frame_lock);
	frame = frame_first_locked(LIST_STANDBY);
	for (; *order; order++) {
		assert_non_null(frame);
		assert_ptr_equal(frame->owner, section->segment);
		assert_int_equal(frame->index, *order - '0');
		frame = frame_next_locked(frame);
	}
	assert_null(frame);
	spin_unlock(&frame_lock);
	mm_check();
}

/* catches: a list that loses its rest when a frame leaves from its head, middle or end */
static void test_frames_leave_a_list_from_everywhere(void **state)
{
	struct section *section = file_section();
	vaddr_t base;

	(void)state;
	make_standby(section, FILE_PAGES);
	assert_standby_order(section, "01234567");
	base = map(section, PAGE_READONLY);
	assert_int_equal(sim_peek(base + pages_to_bytes(3)), 4);
	assert_standby_order(section, "0124567");
	assert_int_equal(sim_peek(base + pages_to_bytes(0)), 1);
	assert_standby_order(section, "124567");
	assert_int_equal(sim_peek(base + pages_to_bytes(7)), 8);
	assert_standby_order(section, "12456");
	ok(view_unmap(space, base));
	assert_standby_order(section, "12456037");
	object_release(section);
}

/* catches: an evicted private page whose slot still names the frame, or is still counted */
static void test_an_evicted_private_page_is_zero_again(void **state)
{
	vaddr_t base = allocate(2, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
	pfn_t pfn;

	(void)state;
	assert_int_equal(sim_peek(base), 0);
	ok(sim_poke(base + 4096, 5));
	ok(try_protect(base, 2, PAGE_NOACCESS, NULL)); /* unmaps both, and keeps what they hold */
	assert_int_equal(frame_count(FRAME_STANDBY), 1);
	assert_int_equal(frame_count(FRAME_MODIFIED), 1);
	hoard_begin(&hoard, 0);
	pfn = frame_alloc(FRAME_ANY_CONTENT);
	memset(frame_memory(pfn), 0x55, PAGE_SIZE);
	mm_check();
	assert_int_equal(frame_alloc_wait(FRAME_ANY_CONTENT), PFN_NONE); /* not the other one */
	frame_free(pfn);
	hoard_end(&hoard);
	ok(try_protect(base, 2, PAGE_READWRITE, NULL));
	assert_int_equal(sim_peek(base), 0);
	assert_int_equal(sim_peek(base + 4096), 5);
	release(base);
}

/* catches: an evicted page that is not read again, or read from the wrong place of the file */
static void test_an_evicted_page_comes_back_from_its_file(void **state)
{
	struct section *section = file_section();
	uint64_t reads;
	vaddr_t base;

	(void)state;
	make_standby(section, FILE_PAGES);
	hoard_begin(&hoard, 0);
	frame_free(frame_alloc(FRAME_ANY_CONTENT)); /* evicts page 0 */
	hoard_end(&hoard);
	reads = sim_io_count();
	base = map(section, PAGE_READONLY);
	for (unsigned i = 0; i < FILE_PAGES; i++)
		assert_int_equal(sim_peek(base + pages_to_bytes(i) + 77), i + 1);
	assert_int_equal(sim_io_count() - reads, 1);
	ok(view_unmap(space, base));
	object_release(section);
}

/* catches: a program that starves beside a cache that could be taken */
static void test_a_fault_lives_on_standby_frames_alone(void **state)
{
	struct section *section = file_section();
	vaddr_t base;

	(void)state;
	make_standby(section, FILE_PAGES);
	base = allocate(2, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
	hoard_begin(&hoard, 0);
	ok(sim_poke(base, 1)); /* three page tables and the page */
	assert_int_equal(sim_peek(base + 1), 0);
	assert_int_equal(section->segment->resident_pages, FILE_PAGES - 4);
	hoard_end(&hoard);
	release(base);
	object_release(section);
}

/* catches: dirty pages that memory is never taken from, or that are taken unwritten */
static void test_modified_pages_are_written_before_they_are_taken(void **state)
{
	struct section *section = file_section();
	vaddr_t base = map(section, PAGE_READWRITE);
	struct file_node *file = section->segment->file;
	uint8_t byte;
	pfn_t pfn;

	(void)state;
	ok(sim_poke(base + 4096, 0x77));
	ok(view_unmap(space, base));
	assert_int_equal(frame_count(FRAME_MODIFIED), 1);
	hoard_begin(&hoard, 0);
	assert_int_equal(frame_alloc(FRAME_ANY_CONTENT), PFN_NONE);
	pfn = frame_alloc_wait(FRAME_ANY_CONTENT);
	assert_int_not_equal(pfn, PFN_NONE);
	ok(file_read(file, 4096, &byte, 1));
	assert_int_equal(byte, 0x77);
	frame_free(pfn);
	hoard_end(&hoard);
	object_release(section);
}

/* catches: a dirty page counted as clean, and lost, after its write failed; no second attempt */
static void test_a_failed_write_leaves_the_page_modified(void **state)
{
	struct section *section = file_section();
	vaddr_t base = map(section, PAGE_READWRITE);
	uint64_t failures;
	pfn_t pfn;

	(void)state;
	ok(sim_poke(base, 0x77));
	ok(view_unmap(space, base));
	hoard_begin(&hoard, 0);
	sim_fail_nth_io(1, STATUS_IO_DEVICE_ERROR);
	assert_int_equal(segment_write_back(section->segment), STATUS_IO_DEVICE_ERROR);
	assert_int_equal(frame_count(FRAME_MODIFIED), 1);
	failures = writeback_failures();
	sim_fail_nth_io(1, STATUS_IO_DEVICE_ERROR);
	pfn = frame_alloc_wait(FRAME_ANY_CONTENT);
	assert_int_equal(writeback_failures(), failures + 1);
	assert_int_not_equal(pfn, PFN_NONE);
	frame_free(pfn);
	hoard_end(&hoard);
	base = map(section, PAGE_READONLY);
	assert_int_equal(sim_peek(base), 0x77);
	ok(view_unmap(space, base));
	object_release(section);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, vm_setup, vm_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_standby_frames_are_taken_oldest_first),
		TEST(test_frames_leave_a_list_from_everywhere),
		TEST(test_an_evicted_private_page_is_zero_again),
		TEST(test_an_evicted_page_comes_back_from_its_file),
		TEST(test_a_fault_lives_on_standby_frames_alone),
		TEST(test_modified_pages_are_written_before_they_are_taken),
		TEST(test_a_failed_write_leaves_the_page_modified),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
