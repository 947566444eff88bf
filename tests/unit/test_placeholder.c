/*
 * test_placeholder.c - placeholders: split, joined, replaced by a view, left behind by one
 * (nt-semantics 3.5, 3.8, 5.1.4).
 */
#include "vm_fixture.h"

#include "kernel/mm/placeholder.h"

#define PAGES 48u

static uint64_t bytes(unsigned pages)
{
	return pages_to_bytes(pages);
}

/* A placeholder of PAGES pages. */
static vaddr_t reserve(void)
{
	struct view_template template;
	struct view *view;
	vaddr_t start;

	mutex_lock(&space->lock);
	start = view_place(space, bytes(PAGES), 0, false);
	template = placeholder_template(start, start + bytes(PAGES));
	ok(view_create(space, &template, &view));
	mutex_unlock(&space->lock);
	return start;
}

static NTSTATUS split(vaddr_t base, unsigned pages)
{
	return try_free(base, bytes(pages), MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER);
}

static NTSTATUS join(vaddr_t base, unsigned pages)
{
	return try_free(base, bytes(pages), MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS);
}

static NTSTATUS replace(struct section *section, vaddr_t base, unsigned offset_pages,
			unsigned pages)
{
	struct map_request request = {.section = section,
				      .base = base,
				      .offset_bytes = bytes(offset_pages),
				      .size_bytes = bytes(pages),
				      .inherit = VIEW_UNMAP,
				      .allocation_type = MEM_REPLACE_PLACEHOLDER,
				      .protection = PAGE_READWRITE,
				      .is_extended = true};

	return view_map(space, &request);
}

/* One placeholder of `pages` pages stands exactly at `base`. */
static void assert_placeholder(vaddr_t base, unsigned pages)
{
	struct nt_memory_basic_information seen = query(base);

	mm_check();
	assert_int_equal(seen.allocation_base, base);
	assert_int_equal(seen.region_size_bytes, bytes(pages));
	assert_int_equal(seen.state, MEM_RESERVE);
	assert_int_equal(seen.allocation_protect, PAGE_NOACCESS);
	assert_int_equal(seen.type, MEM_PRIVATE);
}

/* catches: a split that loses a part, joins what was not asked for, or costs commit */
static void test_split_and_join(void **state)
{
	vaddr_t base = reserve();

	(void)state;
	assert_placeholder(base, PAGES);
	ok(split(base + bytes(5), 3));
	assert_placeholder(base, 5);
	assert_placeholder(base + bytes(5), 3);
	assert_placeholder(base + bytes(8), PAGES - 8);
	assert_int_equal(join(base, 6), STATUS_CONFLICTING_ADDRESSES);
	assert_int_equal(join(base, 5), STATUS_CONFLICTING_ADDRESSES); /* only one */
	assert_int_equal(join(base + bytes(1), 7), STATUS_CONFLICTING_ADDRESSES);
	assert_int_equal(join(base, PAGES + 1), STATUS_CONFLICTING_ADDRESSES);
	ok(join(base, 8));
	assert_placeholder(base, 8);
	assert_placeholder(base + bytes(8), PAGES - 8);
	ok(join(base, PAGES));
	assert_placeholder(base, PAGES);
	assert_int_equal(commit_used(), 0);
	ok(split(base, 1));
	ok(split(base + bytes(PAGES - 1), 1));
	release(base);
	release(base + bytes(1));
	release(base + bytes(PAGES - 1));
	assert_int_equal(space->view_count, 0);
}

/* catches: modifiers of the free call taken with any type, any size, any memory */
static void test_what_is_refused(void **state)
{
	vaddr_t base = reserve(), memory = allocate(4, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
	static const uint32_t types[] = {MEM_PRESERVE_PLACEHOLDER, MEM_COALESCE_PLACEHOLDERS,
					 MEM_DECOMMIT | MEM_PRESERVE_PLACEHOLDER,
					 MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER |
						 MEM_COALESCE_PLACEHOLDERS};

	(void)state;
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		assert_int_equal(try_free(base, bytes(1), types[i]), STATUS_INVALID_PARAMETER_4);
	assert_int_equal(split(base, 0), STATUS_INVALID_PARAMETER_3);
	assert_int_equal(join(base, 0), STATUS_INVALID_PARAMETER_3);
	assert_int_equal(split(base, PAGES), STATUS_CONFLICTING_ADDRESSES);
	assert_int_equal(split(base, PAGES + 1), STATUS_UNABLE_TO_FREE_VM);
	assert_int_equal(split(memory, 1), STATUS_CONFLICTING_ADDRESSES);
	assert_int_equal(join(memory, 4), STATUS_CONFLICTING_ADDRESSES);
	assert_int_equal(view_unmap_to_placeholder(space, memory), STATUS_NOT_MAPPED_VIEW);
	assert_int_equal(view_unmap_to_placeholder(space, 1ull << 40), STATUS_NOT_MAPPED_VIEW);
	ok(split(base, 16));
	assert_int_equal(join(base, PAGES + 1), STATUS_CONFLICTING_ADDRESSES);
	assert_int_equal(join(base, PAGES - 1), STATUS_CONFLICTING_ADDRESSES);
	assert_int_equal(join(base + bytes(1), PAGES - 1), STATUS_CONFLICTING_ADDRESSES);
	ok(join(base, PAGES));
	assert_int_equal(try_commit(base, 1, PAGE_READWRITE), STATUS_CONFLICTING_ADDRESSES);
	assert_placeholder(base, PAGES);
	release(memory);
	release(base);
}

/* catches: a view put over part of a placeholder, or of something else; one that leaves nothing */
static void test_replace_by_a_view(void **state)
{
	vaddr_t base = reserve(), memory = allocate(16, MEM_RESERVE, PAGE_READWRITE), plain;
	struct section *section = section_of(NULL, bytes(PAGES), PAGE_READWRITE, SEC_COMMIT);

	(void)state;
	plain = map(section, PAGE_READWRITE);
	assert_int_equal(replace(section, base, 0, PAGES - 1), STATUS_CONFLICTING_ADDRESSES);
	assert_int_equal(replace(section, base + bytes(1), 0, PAGES - 1),
			 STATUS_CONFLICTING_ADDRESSES);
	assert_int_equal(replace(section, memory, 0, 16), STATUS_INVALID_PARAMETER);
	assert_int_equal(replace(section, 0, 0, PAGES), STATUS_INVALID_PARAMETER);
	assert_int_equal(replace(section, base + (1ull << 40), 0, 1), STATUS_INVALID_PARAMETER);
	ok(split(base, 3));
	ok(replace(section, base + bytes(3), 1, PAGES - 3)); /* pages will do for both */
	ok(sim_poke(base + bytes(4), 77));
	assert_int_equal(sim_peek(plain + bytes(2)), 77);
	mm_check();
	assert_int_equal(view_unmap_to_placeholder(space, plain), STATUS_CONFLICTING_ADDRESSES);
	assert_int_equal(view_unmap_to_placeholder(space, memory), STATUS_NOT_MAPPED_VIEW);
	ok(view_unmap_to_placeholder(space, base + bytes(9)));
	assert_placeholder(base + bytes(3), PAGES - 3);
	assert_int_equal(sim_peek(base + bytes(4)), -1);
	ok(join(base, PAGES));
	ok(replace(section, base, 0, PAGES));
	assert_int_equal(sim_peek(base + bytes(2)), 77);
	ok(view_unmap(space, base));
	assert_int_equal(query(base).state, MEM_FREE);
	ok(view_unmap(space, plain));
	release(memory);
	object_release(section);
}

/* catches: memory in a placeholder's place that gives its pages or charge back only in part */
static void test_memory_becomes_a_placeholder(void **state)
{
	vaddr_t base = reserve();
	struct view_template template = {.kind = VIEW_PRIVATE,
					 .start = base,
					 .end = base + bytes(PAGES),
					 .protection = PAGE_READWRITE,
					 .state = REGION_COMMITTED,
					 .inherit = VIEW_UNMAP,
					 .commit_pages = PAGES};
	struct view *view;

	(void)state;
	ok(commit_charge(PAGES));
	mutex_lock(&space->lock);
	ok(placeholder_find(space, base, template.end, &template.replaced));
	ok(view_create(space, &template, &view));
	view_free(template.replaced);
	mutex_unlock(&space->lock);
	for (unsigned i = 0; i < PAGES; i++)
		ok(sim_poke(base + bytes(i), 1));
	ok(split(base + bytes(16), 16));
	assert_placeholder(base + bytes(16), 16);
	assert_int_equal(commit_used(), PAGES - 16);
	assert_int_equal(space->resident_pages, PAGES - 16);
	ok(split(base, 16));
	ok(split(base + bytes(32), 16));
	assert_int_equal(commit_used(), 0);
	ok(join(base, PAGES));
	assert_placeholder(base, PAGES);
	release(base);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, vm_setup, vm_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_split_and_join),
		TEST(test_what_is_refused),
		TEST(test_replace_by_a_view),
		TEST(test_memory_becomes_a_placeholder),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
