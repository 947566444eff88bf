/*
 * test_segment.c - the table of state words at its borders, what a large section costs, and growing
 * files.
 */
#include "vm_fixture.h"

#define GIB (1ull << 30)
#define TIB (1ull << 40)

/* ---- the table of state words ---- */

static pte_t *word_find(struct segment *segment, page_index_t index)
{
	pte_t *word;

	spin_lock(&frame_lock);
	word = segment_word_find_locked(segment, index);
	spin_unlock(&frame_lock);
	return word;
}

/* The word of a page, with the tables on the way made. */
static pte_t *word_make(struct segment *segment, page_index_t index)
{
	pte_t *word = NULL;

	while (!word) {
		pfn_t spare = frame_alloc(FRAME_ALL_ZERO);

		spin_lock(&frame_lock);
		word = segment_word_make_locked(segment, index, &spare);
		spin_unlock(&frame_lock);
		if (spare != PFN_NONE)
			frame_free(spare);
	}
	return word;
}

/* The next word that is not 0, by the walk that skips missing tables. */
static page_index_t next_set(struct segment *segment, page_index_t from)
{
	pte_t *word;

	spin_lock(&frame_lock);
	while ((word = segment_word_next_locked(segment, &from, segment->page_count)) != NULL &&
	       pte_is_none(pt_read(word)))
		from++;
	spin_unlock(&frame_lock);
	return word ? from : UINT64_MAX;
}

/* Some pages of a segment of page_count pages, ascending: both ends, and both sides of borders. */
static unsigned pick_pages(uint64_t page_count, page_index_t picked[8])
{
	const page_index_t wanted[] = {0, 1, 511, 512, 513, page_count / 2, page_count - 1};
	unsigned count = 0;

	for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (wanted[i] < page_count && (!count || wanted[i] > picked[count - 1]))
			picked[count++] = wanted[i];
	return count;
}

/*
 * Puts a mark into the words of the picked pages, and finds each where it was put and nowhere
 * else.
 */
static void check_table(uint64_t page_count, unsigned levels)
{
	page_index_t picked[8], at = 0;
	unsigned count = pick_pages(page_count, picked);
	struct segment *segment;

	ok(segment_create(SEGMENT_PAGEFILE, page_count, NULL, &segment));
	assert_int_equal(segment->levels, levels);
	assert_int_equal(next_set(segment, 0), UINT64_MAX);
	for (unsigned i = 0; i < count; i++)
		pt_write(word_make(segment, picked[i]), pte_soft(PTE_ZERO, picked[i] + 1));
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(pte_pagefile_slot(*word_find(segment, picked[i])), picked[i] + 1);
		assert_int_equal(next_set(segment, at), picked[i]);
		at = picked[i] + 1;
	}
	assert_int_equal(next_set(segment, at), UINT64_MAX);
	mm_check();
	segment_release(segment);
}

/*
 * catches: an index that is off by one where a table ends; a level too few; a walk that skips a
 * table it should not, or never ends; tables that stay behind when the segment goes
 */
static void test_state_words_at_the_borders(void **state)
{
	(void)state;
	check_table(1, 1);
	check_table(2, 1);
	check_table(511, 1);
	check_table(512, 1);
	check_table(513, 2);
	check_table(GIB / PAGE_SIZE, 2);
	check_table(GIB / PAGE_SIZE + 1, 3);
	check_table(TIB / PAGE_SIZE, 4);
	check_table(USER_LIMIT / PAGE_SIZE, 4);
}

static NTSTATUS try_segment(void *page_count)
{
	struct segment *segment;
	NTSTATUS status = segment_create(SEGMENT_PAGEFILE, *(uint64_t *)page_count, NULL, &segment);

	if (NT_SUCCESS(status))
		segment_release(segment);
	return status;
}

/* catches: a half-made segment that stays, or that is listed, after its table could not be made */
static void test_no_memory_for_a_segment(void **state)
{
	uint64_t small = 1, frame_sized = 512;

	(void)state;
	assert_int_equal(fail_each_allocation(try_segment, &small, STATUS_INSUFFICIENT_RESOURCES),
			 2);
	assert_int_equal(
		fail_each_allocation(try_segment, &frame_sized, STATUS_INSUFFICIENT_RESOURCES), 1);
	assert_int_equal(starve_of_frames(try_segment, &small, STATUS_INSUFFICIENT_RESOURCES), 0);
	assert_int_equal(starve_of_frames(try_segment, &frame_sized, STATUS_INSUFFICIENT_RESOURCES),
			 1);
}

/* ---- cost ---- */

static uint64_t kernel_memory_bytes(void)
{
	struct pool_statistics pool;

	pool_statistics_read(&pool);
	return pool.bytes_used + pages_to_bytes(frame_count(FRAME_TABLE));
}

static vaddr_t touched_page(void)
{
	vaddr_t base = allocate(1, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);

	ok(sim_poke(base, 1));
	return base;
}

/* catches: memory in proportion to the size of a section instead of what is touched of it */
static void test_a_large_section_costs_what_is_touched(void **state)
{
	vaddr_t other = touched_page(); /* the working set has its list before */
	uint64_t before = kernel_memory_bytes();
	struct section *section = section_of(NULL, TIB, PAGE_READWRITE, SEC_RESERVE);
	vaddr_t base = map(section, PAGE_READWRITE), touched = base + TIB / 2 + 5 * PAGE_SIZE;

	(void)state;
	assert_true(kernel_memory_bytes() - before < 4096);
	assert_int_equal(commit_used(), 1);
	assert_query(base, TIB / PAGE_SIZE, MEM_RESERVE, 0);
	ok(try_commit(touched, 1, PAGE_READWRITE));
	ok(sim_poke(touched, 9));
	assert_int_equal(commit_used(), 2);
	assert_query(touched, 1, MEM_COMMIT, PAGE_READWRITE);
	assert_query(base, (touched - base) / PAGE_SIZE, MEM_RESERVE, 0);
	printf("# 1 TiB, one page touched: %llu bytes of kernel memory\n",
	       (unsigned long long)(kernel_memory_bytes() - before));
	assert_true(kernel_memory_bytes() - before < 32 << 10);
	mm_check();
	ok(view_unmap(space, base));
	object_release(section);
	assert_int_equal(kernel_memory_bytes(), before);
	release(other);
}

/*
 * catches: work in proportion to the size of a range when little of it is there: this test takes
 * minutes then
 */
static void test_the_largest_reservation_comes_and_goes(void **state)
{
	vaddr_t last = USER_LIMIT - PAGE_SIZE;

	(void)state;
	for (int i = 0; i < 100; i++) {
		vaddr_t base = allocate(page_of(USER_LIMIT - USER_LOWEST_ADDRESS), MEM_RESERVE,
					PAGE_READWRITE);

		assert_int_equal(base, USER_LOWEST_ADDRESS);
		ok(try_commit(base, 1, PAGE_READWRITE));
		ok(try_commit(last, 1, PAGE_READWRITE));
		ok(sim_poke(base, 1));
		ok(sim_poke(last, 2));
		assert_int_equal(space->resident_pages, 2);
		release(base);
		assert_int_equal(space->table_frames, 1);
	}
	mm_check();
}

/* ---- a file that grows ---- */

#define OLD_PAGES 511u

static uint8_t file_bytes[OLD_PAGES * 4096];

static int file_byte(struct file_node *file, uint64_t offset)
{
	uint8_t byte;

	return NT_SUCCESS(file_read(file, offset, &byte, 1)) ? byte : -1;
}

/*
 * catches: state words lost, or moved under frames that name them, when a level is put on top; a
 * new page that is not zero; a page written back to a wrong place
 */
static void test_a_file_grows_over_the_border_of_a_table(void **state)
{
	struct section *small, *large;
	struct file_node *file;
	vaddr_t old_view, new_view;

	(void)state;
	memset(file_bytes, 0x11, sizeof(file_bytes));
	file = disk_with(file_bytes, sizeof(file_bytes), 4 << 20);
	small = section_of(file, 0, PAGE_READWRITE, SEC_COMMIT);
	old_view = map(small, PAGE_READWRITE);
	ok(sim_poke(old_view, 0xA0));
	ok(sim_poke(old_view + pages_to_bytes(510), 0xA1));
	assert_int_equal(small->segment->levels, 1);

	large = section_of(file, pages_to_bytes(514), PAGE_READWRITE, SEC_COMMIT);
	assert_ptr_equal(large->segment, small->segment);
	assert_int_equal(large->segment->levels, 2);
	assert_int_equal(small->size_bytes, sizeof(file_bytes)); /* as before */
	mm_check();
	new_view = map(large, PAGE_READWRITE);
	assert_int_equal(sim_peek(new_view), 0xA0);
	assert_int_equal(sim_peek(new_view + pages_to_bytes(510)), 0xA1);
	assert_int_equal(sim_peek(new_view + pages_to_bytes(509)), 0x11);
	for (unsigned page = 511; page < 514; page++) {
		assert_int_equal(sim_peek(new_view + pages_to_bytes(page)), 0);
		ok(sim_poke(new_view + pages_to_bytes(page), (uint8_t)page));
	}
	mm_check();
	ok(view_unmap(space, old_view));
	ok(view_unmap(space, new_view));
	object_release(small);
	object_release(large); /* the last one: everything is written back */
	assert_int_equal(file_size(file), pages_to_bytes(514));
	assert_int_equal(file_byte(file, 0), 0xA0);
	assert_int_equal(file_byte(file, pages_to_bytes(510)), 0xA1);
	for (unsigned page = 511; page < 514; page++) {
		assert_int_equal(file_byte(file, pages_to_bytes(page)), (uint8_t)page);
		assert_int_equal(file_byte(file, pages_to_bytes(page) + 1), 0);
	}
	file_release(file);
}

static NTSTATUS try_grow(void *segment)
{
	return segment_grow(segment, 513);
}

/* catches: a segment that is larger than its table after a failure */
static void test_no_memory_to_grow(void **state)
{
	struct file_node *file = disk_with("x", 1, 1 << 20);
	struct segment *segment;

	(void)state;
	ok(file_segment_acquire(file, &segment));
	assert_int_equal(segment->page_count, 1);
	assert_int_equal(starve_of_frames(try_grow, segment, STATUS_INSUFFICIENT_RESOURCES), 1);
	assert_int_equal(segment->page_count, 513);
	segment_release(segment);
	file_release(file);
}

static NTSTATUS try_extend(void *segment)
{
	return file_segment_extend(segment, pages_to_bytes(513));
}

/* catches: a file that is longer than its segment */
static void test_no_memory_to_extend_a_file(void **state)
{
	struct file_node *file = disk_with("x", 1, 4 << 20);
	struct segment *segment;

	(void)state;
	ok(file_segment_acquire(file, &segment));
	assert_int_equal(starve_of_frames(try_extend, segment, STATUS_INSUFFICIENT_RESOURCES), 1);
	assert_int_equal(file_size(file), pages_to_bytes(513));
	segment_release(segment);
	file_release(file);
}

/* ---- views of one section ---- */

/* catches: a first touch that makes a page of the view instead of one of the section */
static void test_two_views_see_each_others_first_write(void **state)
{
	struct section *section = section_of(NULL, 4 * PAGE_SIZE, PAGE_READWRITE, SEC_COMMIT);
	vaddr_t a = map(section, PAGE_READWRITE), b = map(section, PAGE_READWRITE);

	(void)state;
	ok(sim_poke(a, 1)); /* written before anybody has read it */
	assert_int_equal(sim_peek(b), 1);
	assert_int_equal(sim_peek(b + 4096), 0); /* read before it is written */
	ok(sim_poke(a + 4096, 2));
	assert_int_equal(sim_peek(b + 4096), 2);
	ok(view_unmap(space, a));
	ok(view_unmap(space, b));
	mm_check();
	a = map(section, PAGE_READONLY); /* nobody mapped it meanwhile */
	assert_int_equal(sim_peek(a), 1);
	ok(view_unmap(space, a));
	object_release(section);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, vm_setup, vm_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_state_words_at_the_borders),
		TEST(test_no_memory_for_a_segment),
		TEST(test_a_large_section_costs_what_is_touched),
		TEST(test_the_largest_reservation_comes_and_goes),
		TEST(test_a_file_grows_over_the_border_of_a_table),
		TEST(test_no_memory_to_grow),
		TEST(test_no_memory_to_extend_a_file),
		TEST(test_two_views_see_each_others_first_write),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
