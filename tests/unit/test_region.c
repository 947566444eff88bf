/*
 * test_region.c - the tree of regions against a model that is one array entry per page.
 *
 * The address space here is a bare tree: no page tables, not known to mm_check. The window of pages
 * that the model has begins at the lowest user address; everything above it is free.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/core/pool.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/region.h"
#include "tests/sim/sim.h"

#define BLOCK_PAGES (ALLOCATION_GRANULARITY / PAGE_SIZE)
#define WINDOW_PAGES (24 * BLOCK_PAGES)
#define WINDOW_END (USER_LOWEST_ADDRESS + pages_to_bytes(WINDOW_PAGES))
#define VIEWS 8u
#define STEPS 3000

/* What the model knows of a page. Reserved pages have protection 0: theirs has no meaning. */
struct page {
	uint8_t owner; /* 0: free; else index of the view + 1 */
	uint8_t is_committed;
	uint8_t protection;
};

static struct page model[WINDOW_PAGES];
static struct address_space *tree;
static struct view *views[VIEWS];
static uint64_t random_state;

static uint64_t random_below(uint64_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % limit;
}

static vaddr_t address(uint64_t page)
{
	return USER_LOWEST_ADDRESS + pages_to_bytes(page);
}

static uint64_t page_at(vaddr_t va)
{
	return page_of(va - USER_LOWEST_ADDRESS);
}

static bool same(const struct page *a, const struct page *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* ---- the tree against the model ---- */

static void compare_page(uint64_t i)
{
	struct region *region = region_find(tree, address(i) + random_below(PAGE_SIZE));

	if (!model[i].owner) {
		assert_null(region);
		return;
	}
	assert_non_null(region);
	assert_ptr_equal(region->view, views[model[i].owner - 1]);
	assert_int_equal(region->state == REGION_COMMITTED, model[i].is_committed);
	if (model[i].is_committed)
		assert_int_equal(region->protection, model[i].protection);
}

/* Regions are the longest runs of equal pages: nothing is left unmerged, nothing merged too far. */
static void compare_runs(void)
{
	struct region *region = region_at_or_after(tree, 0);
	uint64_t i = 0;

	while (i < WINDOW_PAGES) {
		uint64_t end = i + 1;

		while (end < WINDOW_PAGES && same(&model[i], &model[end]))
			end++;
		if (model[i].owner) {
			assert_non_null(region);
			assert_int_equal(region->start, address(i));
			assert_int_equal(region->end, address(end));
			region = region_next(region);
		}
		i = end;
	}
	assert_null(region);
}

static void compare_gaps(void)
{
	vaddr_t free_from = USER_LOWEST_ADDRESS;
	uint64_t largest = 0;

	for (struct region *region = region_at_or_after(tree, 0); region;
	     region = region_next(region)) {
		uint64_t gap = region->start > free_from ? region->start - free_from : 0;

		assert_int_equal(region->gap, gap);
		if (gap > largest)
			largest = gap;
		free_from = (region->end + ALLOCATION_GRANULARITY - 1) / ALLOCATION_GRANULARITY *
			    ALLOCATION_GRANULARITY;
	}
	if (RB_ROOT(&tree->regions))
		assert_int_equal(RB_ROOT(&tree->regions)->largest_gap, largest);
}

static bool model_is_free(vaddr_t start, vaddr_t end)
{
	for (uint64_t i = page_at(start); i < WINDOW_PAGES && address(i) < end; i++)
		if (model[i].owner)
			return false;
	return true;
}

static vaddr_t model_find_gap(uint64_t size, const struct memory_requirements *where, bool top_down)
{
	vaddr_t first = where->lowest < USER_LOWEST_ADDRESS ? USER_LOWEST_ADDRESS : where->lowest;
	vaddr_t limit = where->limit > USER_LIMIT ? USER_LIMIT : where->limit;
	uint64_t alignment = where->alignment_bytes, best = 0;

	first = (first + alignment - 1) & ~(alignment - 1);
	if (limit < size)
		return 0;
	/* above the window everything is free: the highest place there is known */
	if (top_down && ((limit - size) & ~(alignment - 1)) >= WINDOW_END)
		return (limit - size) & ~(alignment - 1);
	for (vaddr_t at = first; at <= limit - size && at < WINDOW_END + alignment; at += alignment)
		if (model_is_free(at, at + size) && (top_down || !best))
			best = at;
	return best;
}

static void compare_queries(void)
{
	vaddr_t start = address(random_below(WINDOW_PAGES));
	vaddr_t end = start + pages_to_bytes(1 + random_below(40));
	uint64_t size = pages_to_bytes(1 + random_below(60));
	bool top_down = random_below(2);
	struct memory_requirements where = {
		.lowest = random_below(4) ? pages_to_bytes(random_below(WINDOW_PAGES)) : 0,
		.limit = random_below(4) ? pages_to_bytes(random_below(WINDOW_PAGES + 64))
					 : USER_LIMIT,
		.alignment_bytes = ALLOCATION_GRANULARITY << random_below(5),
	};

	assert_int_equal(region_range_is_free(tree, start, end), model_is_free(start, end));
	assert_int_equal(region_find_gap(tree, size, &where, top_down),
			 model_find_gap(size, &where, top_down));
}

static vaddr_t find_gap(uint64_t size, vaddr_t low, vaddr_t high, bool top_down)
{
	struct memory_requirements where = {
		.lowest = low, .limit = high, .alignment_bytes = ALLOCATION_GRANULARITY};

	return region_find_gap(tree, size, &where, top_down);
}

static void compare_all(void)
{
	for (uint64_t i = 0; i < WINDOW_PAGES; i++)
		compare_page(i);
	compare_runs();
	compare_gaps();
	compare_queries();
}

/* ---- the operations ---- */

static void set_pages(vaddr_t start, vaddr_t end, struct page page)
{
	for (uint64_t i = page_at(start); i < page_at(end); i++)
		model[i] = page;
}

static void view_insert(unsigned slot)
{
	uint64_t size = pages_to_bytes(1 + random_below(3 * BLOCK_PAGES));
	vaddr_t start = find_gap(size, 0, WINDOW_END, random_below(2));
	struct view *view;

	if (!start)
		return;
	view = pool_alloc(sizeof(*view));
	assert_non_null(view);
	view->first.view = view;
	view->first.start = start;
	view->first.end = start + size;
	view->first.state = REGION_COMMITTED;
	view->first.protection = PAGE_READWRITE;
	region_insert(tree, &view->first);
	views[slot] = view;
	set_pages(start, start + size, (struct page){(uint8_t)(slot + 1), 1, PAGE_READWRITE});
}

static void remove_range(vaddr_t start, vaddr_t end)
{
	struct region *region = region_at_or_after(tree, start);

	while (region && region->start < end) {
		struct region *next = region_next(region);

		region_remove(tree, region);
		region_discard(region);
		region = next;
	}
	set_pages(start, end, (struct page){0});
}

static void view_remove_all(unsigned slot)
{
	for (uint64_t i = 0; i < WINDOW_PAGES; i++)
		if (model[i].owner == slot + 1)
			remove_range(address(i), address(i + 1));
	pool_free(views[slot], sizeof(*views[slot]));
	views[slot] = NULL;
}

/* A random range of pages of one view, without holes; false: the random page is free. */
static bool random_range(vaddr_t *start, vaddr_t *end)
{
	uint64_t first = random_below(WINDOW_PAGES), last = first + 1;
	uint8_t owner = model[first].owner;

	if (!owner)
		return false;
	while (first > 0 && model[first - 1].owner == owner && random_below(6))
		first--;
	while (last < WINDOW_PAGES && model[last].owner == owner && random_below(6))
		last++;
	*start = address(first);
	*end = address(last);
	return true;
}

static void change(vaddr_t start, vaddr_t end)
{
	static const uint8_t protections[] = {PAGE_NOACCESS, PAGE_READONLY, PAGE_READWRITE};
	uint8_t protection = protections[random_below(3)];
	bool commit = random_below(3);
	struct page page = {model[page_at(start)].owner, commit, commit ? protection : 0};
	struct region_spares spares;

	assert_int_equal(region_spares_alloc(&spares), STATUS_SUCCESS);
	region_change(tree, start, end, commit ? REGION_COMMITTED : REGION_RESERVED, protection,
		      &spares);
	region_spares_free(&spares);
	set_pages(start, end, page);
}

/* Makes a hole in a view. */
static void cut(vaddr_t start, vaddr_t end)
{
	struct region_spares spares;
	struct region *first;

	assert_int_equal(region_spares_alloc(&spares), STATUS_SUCCESS);
	first = region_isolate(tree, start, end, &spares);
	assert_int_equal(first->start, start);
	region_spares_free(&spares);
	remove_range(start, end);
}

static void step(void)
{
	unsigned slot = (unsigned)random_below(VIEWS);
	vaddr_t start, end;

	switch (random_below(8)) {
	case 0:
	case 1:
		if (views[slot])
			view_remove_all(slot);
		else
			view_insert(slot);
		break;
	case 2:
		if (random_range(&start, &end))
			cut(start, end);
		break;
	default:
		if (random_range(&start, &end))
			change(start, end);
	}
}

/* ---- tests ---- */

static int setup(void **state)
{
	(void)state;
	sim_start(1 << 20, 0);
	tree = pool_alloc(sizeof(*tree));
	assert_non_null(tree);
	mutex_init(&tree->lock, "address space", RANK_ADDRESS_SPACE);
	RB_INIT(&tree->regions);
	memset(model, 0, sizeof(model));
	memset(views, 0, sizeof(views));
	mutex_lock(&tree->lock);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned slot = 0; slot < VIEWS; slot++)
		if (views[slot])
			view_remove_all(slot);
	assert_null(RB_ROOT(&tree->regions));
	mutex_unlock(&tree->lock);
	pool_free(tree, sizeof(*tree));
	mm_check();
	sim_stop();
	return 0;
}

/*
 * catches: a gap that still counts a removed node; a rotation that leaves a stale largest_gap; a
 * merge across views; a split that loses an attribute
 */
static void test_tree_agrees_with_an_array_of_pages(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		random_state = seed * 0x9E3779B97F4A7C15ull;
		for (int i = 0; i < STEPS; i++) {
			step();
			compare_all();
		}
	}
}

static void view_at(unsigned slot, uint64_t first_page, uint64_t page_count)
{
	struct view *view = pool_alloc(sizeof(*view));

	assert_non_null(view);
	view->first.view = view;
	view->first.start = address(first_page);
	view->first.end = address(first_page + page_count);
	region_insert(tree, &view->first);
	views[slot] = view;
	set_pages(view->first.start, view->first.end, (struct page){(uint8_t)(slot + 1), 0, 0});
}

/* catches: a view placed into the last, half used block of another; a limit taken as inclusive */
static void test_gaps_between_two_views(void **state)
{
	static const struct {
		uint64_t pages, low_page, high_page; /* pages of the window */
		bool top_down;
		int64_t found_page; /* -1: none */
	} rows[] = {
		/*
		 * the views are pages 0..16 (one page into block 1) and 64..80: blocks 2 and 3 are
		 * free
		 */
		{1, 0, WINDOW_PAGES, false, 32},
		{32, 0, WINDOW_PAGES, false, 32},
		{33, 0, WINDOW_PAGES, false, 80},
		{1, 0, 64, true, 48},
		{17, 0, 64, true, 32},
		{32, 0, 64, true, 32},
		{33, 0, 64, true, -1},
		{16, 0, 48, false, 32}, /* high is the first page that is not allowed */
		{16, 0, 47, false, -1},
		{16, 33, 64, false, 48}, /* low is rounded up to a block */
		{17, 33, 64, false, -1},
		{1, 80, WINDOW_PAGES, true, WINDOW_PAGES - 16},
		{16, 80, WINDOW_PAGES, true, WINDOW_PAGES - 16},
		{17, 80, WINDOW_PAGES, true, WINDOW_PAGES - 32},
		{1, 40, 40, false, -1},
		{1, 48, 40, true, -1}, /* an empty range */
	};

	(void)state;
	view_at(0, 0, 17);
	view_at(1, 64, 16);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		vaddr_t found = find_gap(pages_to_bytes(rows[i].pages), address(rows[i].low_page),
					 address(rows[i].high_page), rows[i].top_down);
		vaddr_t want = rows[i].found_page < 0 ? 0 : address((uint64_t)rows[i].found_page);

		if (found != want)
			fail_msg("row %zu: %#llx, not %#llx", i, (unsigned long long)found,
				 (unsigned long long)want);
	}
}

/* catches: an empty tree, or all of user space asked for, that is off by a block */
static void test_gaps_of_an_empty_space(void **state)
{
	uint64_t all = USER_LIMIT - USER_LOWEST_ADDRESS;

	(void)state;
	assert_int_equal(find_gap(PAGE_SIZE, 0, USER_LIMIT, false), USER_LOWEST_ADDRESS);
	assert_int_equal(find_gap(PAGE_SIZE, 0, USER_LIMIT, true),
			 USER_LIMIT - ALLOCATION_GRANULARITY);
	assert_int_equal(find_gap(all, 0, USER_LIMIT, true), USER_LOWEST_ADDRESS);
	assert_int_equal(find_gap(all + PAGE_SIZE, 0, USER_LIMIT, true), 0);
	assert_int_equal(find_gap(UINT64_MAX, 0, USER_LIMIT, false), 0);
}

/* catches: the first spare leaked when there is no memory for the second */
static void test_spares_are_both_or_none(void **state)
{
	struct region_spares spares;
	struct pool_statistics before, after;

	(void)state;
	pool_statistics_read(&before);
	for (uint64_t n = 1; n <= 2; n++) {
		sim_fail_nth_allocation(n);
		assert_int_equal(region_spares_alloc(&spares), STATUS_INSUFFICIENT_RESOURCES);
	}
	sim_fail_nth_allocation(0);
	pool_statistics_read(&after);
	assert_int_equal(after.blocks_used, before.blocks_used);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tree_agrees_with_an_array_of_pages),
		TEST(test_gaps_between_two_views),
		TEST(test_gaps_of_an_empty_space),
		TEST(test_spares_are_both_or_none),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
