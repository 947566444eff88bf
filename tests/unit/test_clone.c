/*
 * test_clone.c - space_clone: what a copy of an address space has, and the original that goes on
 * meanwhile.
 */
#include "vm_fixture.h"

#include "kernel/core/cmdline.h"
#include "kernel/core/thread.h"
#include "kernel/io/pagefile.h"
#include "kernel/mm/large.h"
#include "kernel/mm/placeholder.h"
#include "kernel/mm/view.h"

#define COMMITTED (MEM_RESERVE | MEM_COMMIT)
#define PAGES 6u

static uint64_t bytes(uint64_t pages)
{
	return pages_to_bytes(pages);
}

static struct address_space *clone(void)
{
	struct address_space *copy = sim_space_create();

	ok(space_clone(space, copy));
	mm_check();
	return copy;
}

/* One byte of the copy, or -1. */
static int look(struct address_space *copy, vaddr_t va)
{
	uint8_t value;

	return NT_SUCCESS(space_read(copy, va, &value, 1, NULL)) ? value : -1;
}

static vaddr_t map_with(struct section *section, enum section_inherit inherit, uint32_t protection)
{
	struct map_request request = {
		.section = section, .inherit = inherit, .protection = protection};

	ok(view_map(space, &request));
	return request.base;
}

static void store(struct address_space *copy, vaddr_t va, uint8_t value)
{
	ok(space_write(copy, va, &value, 1, NULL));
}

/* catches: pages shared between the two, regions or protections that are lost */
static void test_private_memory_is_copied(void **state)
{
	vaddr_t base = allocate(PAGES, MEM_RESERVE, PAGE_READWRITE);
	struct nt_memory_basic_information seen;
	struct address_space *copy;

	(void)state;
	ok(try_commit(base, 4, PAGE_READWRITE));
	for (unsigned i = 0; i < 3; i++)
		ok(sim_poke(base + bytes(i), (uint8_t)(i + 1)));
	ok(try_protect(base + bytes(1), 1, PAGE_NOACCESS, NULL));
	ok(try_protect(base + bytes(2), 1, PAGE_READWRITE | PAGE_GUARD, NULL));
	copy = clone();
	assert_int_equal(copy->commit_pages, 4);
	assert_int_equal(commit_used(), 8);
	assert_int_equal(look(copy, base), 1);
	assert_int_equal(look(copy, base + bytes(3)), 0);
	assert_int_equal(look(copy, base + bytes(4)), -1);
	ok(memory_query(copy, base + bytes(1), &seen));
	assert_int_equal(seen.protect, PAGE_NOACCESS);
	ok(memory_query(copy, base + bytes(2), &seen));
	assert_int_equal(seen.protect, PAGE_READWRITE | PAGE_GUARD);
	assert_int_equal(look(copy, base + bytes(2)), -1); /* the guard */
	assert_int_equal(look(copy, base + bytes(2)), 3);
	store(copy, base, 77);
	assert_int_equal(sim_peek(base), 1);
	ok(sim_poke(base, 5));
	assert_int_equal(look(copy, base), 77);
	sim_space_destroy(copy);
	mm_check();
	assert_int_equal(sim_peek(base), 5);
	release(base);
}

/* catches: ViewUnmap that comes along; ViewShare that is copied */
static void test_views_by_their_inheritance(void **state)
{
	struct section *section = section_of(NULL, bytes(2), PAGE_READWRITE, SEC_COMMIT);
	vaddr_t shared = map_with(section, VIEW_SHARE, PAGE_READWRITE);
	vaddr_t unmapped = map_with(section, VIEW_UNMAP, PAGE_READWRITE);
	struct address_space *copy;

	(void)state;
	ok(sim_poke(shared, 1));
	copy = clone();
	assert_int_equal(copy->view_count, 1);
	assert_int_equal(look(copy, shared), 1);
	assert_int_equal(look(copy, unmapped), -1);
	store(copy, shared + bytes(1), 9);
	assert_int_equal(sim_peek(unmapped + bytes(1)), 9);
	assert_int_equal(commit_used(), 2);
	object_release(section);
	ok(view_unmap(space, shared));
	ok(view_unmap(space, unmapped));
	assert_int_equal(look(copy, shared), 1); /* the copy's view keeps the segment */
	sim_space_destroy(copy);
}

/* catches: a private page of a view that is shared, or forgotten; a charge that is not made */
static void test_pages_copied_on_write_are_copied(void **state)
{
	struct section *section = section_of(NULL, bytes(3), PAGE_READWRITE, SEC_COMMIT);
	vaddr_t writer = map_with(section, VIEW_UNMAP, PAGE_READWRITE);
	vaddr_t view = map_with(section, VIEW_SHARE, PAGE_WRITECOPY);
	struct address_space *copy;

	(void)state;
	ok(sim_poke(writer, 1));
	ok(sim_poke(view + bytes(1), 2));
	copy = clone();
	assert_int_equal(commit_used(), 9);
	ok(sim_poke(view + bytes(1), 3));
	assert_int_equal(look(copy, view + bytes(1)), 2);
	ok(sim_poke(writer, 4));
	assert_int_equal(look(copy, view), 4);
	store(copy, view, 5);
	assert_int_equal(sim_peek(view), 4);
	sim_space_destroy(copy);
	ok(view_unmap(space, view));
	ok(view_unmap(space, writer));
	object_release(section);
}

static int setup_large(void **state)
{
	(void)state;
	vm_start(16u << 20);
	return 0;
}

static void test_large_memory_is_copied(void **state)
{
	uint64_t size = LARGE_PAGE_BYTES;
	struct address_space *copy;
	vaddr_t base = 0;

	(void)state;
	ok(memory_allocate(space, &base, 0, &size, COMMITTED | MEM_LARGE_PAGES, PAGE_READWRITE));
	for (uint64_t at = 0; at < size; at += PAGE_SIZE)
		ok(sim_poke(base + at, (uint8_t)(at >> 12) | 1));
	copy = clone();
	ok(sim_poke(base, 200));
	for (uint64_t at = 0; at < size; at += PAGE_SIZE)
		assert_int_equal(look(copy, base + at), (uint8_t)(at >> 12) | 1);
	assert_int_equal(copy->resident_pages, LARGE_PAGE_PAGES);
	sim_space_destroy(copy);
	release(base);
}

/* ---- failures ---- */

static NTSTATUS attempt(void *context)
{
	struct address_space *copy;
	NTSTATUS status = space_create(&copy);

	(void)context;
	if (!NT_SUCCESS(status))
		return status;
	status = space_clone(space, copy);
	space_destroy(copy);
	return status;
}

static void test_each_failure_leaves_nothing(void **state)
{
	struct section *section = section_of(NULL, bytes(3), PAGE_READWRITE, SEC_COMMIT);
	vaddr_t view = map_with(section, VIEW_SHARE, PAGE_WRITECOPY);
	vaddr_t base = allocate(PAGES, COMMITTED, PAGE_READWRITE);

	(void)state;
	ok(sim_poke(view, 1));
	ok(sim_poke(base, 2));
	ok(sim_poke(base + bytes(4), 3));
	ok(try_protect(base + bytes(2), 1, PAGE_READONLY, NULL));
	assert_true(fail_each_allocation(attempt, NULL, STATUS_INSUFFICIENT_RESOURCES) > 8);
	assert_true(starve_of_frames(attempt, NULL, STATUS_NO_MEMORY) > 3);
	release(base);
	ok(view_unmap(space, view));
	object_release(section);
}

static void test_commit_is_charged_first(void **state)
{
	uint64_t pages = commit_limit() / 2 + 10;
	vaddr_t base = allocate(pages, COMMITTED, PAGE_READWRITE);
	struct vm_snapshot before;

	(void)state;
	ok(sim_poke(base, 1));
	before = snapshot_take();
	assert_int_equal(attempt(NULL), STATUS_COMMITMENT_LIMIT);
	assert_as_before(&before);
	release(base);
}

/* catches: a placeholder that is plain memory in the copy; a view that forgets it replaced one */
static void test_placeholders(void **state)
{
	struct section *section = section_of(NULL, bytes(1), PAGE_READWRITE, SEC_COMMIT);
	struct map_request request = {.section = section,
				      .size_bytes = bytes(1),
				      .inherit = VIEW_SHARE,
				      .allocation_type = MEM_REPLACE_PLACEHOLDER,
				      .protection = PAGE_READWRITE,
				      .is_extended = true};
	struct address_space *copy;
	struct view_template template;
	struct view *view;
	vaddr_t base;
	uint64_t size = bytes(1);

	(void)state;
	mutex_lock(&space->lock);
	base = view_place(space, bytes(PAGES), 0, false);
	template = placeholder_template(base, base + bytes(PAGES));
	ok(view_create(space, &template, &view));
	mutex_unlock(&space->lock);
	ok(try_free(base, size, MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER));
	request.base = base;
	ok(view_map(space, &request));
	copy = clone();
	assert_int_equal(copy->view_count, 2);
	ok(view_unmap_to_placeholder(copy, base));
	size = bytes(PAGES);
	ok(memory_free(copy, &base, &size, MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS));
	assert_int_equal(copy->view_count, 1);
	mm_check();
	sim_space_destroy(copy);
	ok(view_unmap(space, request.base));
	release(request.base + bytes(1));
	object_release(section);
}

/* ---- a parent that goes on ---- */

static vaddr_t raced_memory, raced_view;

static void parent_goes_on(void *unused)
{
	uint64_t size = bytes(2);
	vaddr_t base = raced_memory + bytes(1);
	NTSTATUS status;

	(void)unused;
	SIM_CHECK(NT_SUCCESS(sim_poke(raced_memory, 50)));
	status = memory_free(thread_current()->space, &base, &size, MEM_DECOMMIT);
	SIM_CHECK(NT_SUCCESS(status));
	SIM_CHECK(NT_SUCCESS(view_unmap(thread_current()->space, raced_view)));
	base = raced_memory;
	size = 0;
	SIM_CHECK(NT_SUCCESS(memory_free(thread_current()->space, &base, &size, MEM_RELEASE)));
}

/* A page of the copy is absent, as born, or as it was at some moment. */
static bool is_one_of(int seen, int born, int first, int second)
{
	return seen == -1 || seen == born || seen == first || seen == second;
}

static void clones(void *argument)
{
	struct address_space *from = argument, *copy;

	SIM_CHECK(NT_SUCCESS(space_create(&copy)));
	SIM_CHECK(NT_SUCCESS(space_clone(from, copy)));
	SIM_CHECK(is_one_of(look(copy, raced_memory), 0, 1, 50));
	SIM_CHECK(is_one_of(look(copy, raced_memory + bytes(1)), 0, 2, 2));
	SIM_CHECK(is_one_of(look(copy, raced_view), 0, 3, 3));
	space_destroy(copy);
}

static void race(void *unused)
{
	struct section *section;

	(void)unused;
	vm_start(VM_RAM_BYTES);
	section = section_of(NULL, bytes(2), PAGE_READWRITE, SEC_COMMIT);
	raced_memory = allocate(4, COMMITTED, PAGE_READWRITE);
	raced_view = map_with(section, VIEW_SHARE, PAGE_WRITECOPY);
	object_release(section);
	ok(sim_poke(raced_memory, 1));
	ok(sim_poke(raced_memory + bytes(1), 2));
	ok(sim_poke(raced_view, 3));
	sim_spawn("parent", parent_goes_on, NULL, space);
	sim_spawn("cloner", clones, space, NULL);
	sim_run_all();
	vm_stop();
}

/* catches: a page copied after it was freed; a view or segment used after it went */
static void test_every_schedule_of_a_parent_that_unmaps(void **state)
{
	(void)state;
	assert_true(sim_explore(race, NULL, 1, 2000) > 50);
}

/* catches: a page read in that is taken to make room for its own copy, for ever */
static void test_more_memory_than_there_are_frames(void **state)
{
	const unsigned frames = 40, pages = 2 * frames;
	struct address_space *copy;
	vaddr_t base;

	(void)state;
	knobs.frames = frames;
	knobs.cluster = 1; /* each page that is written makes room for one */
	vm_start(VM_RAM_BYTES);
	file_release(disk_with("text", 4, 4 << 20));
	ok(pagefile_attach(6 * frames));
	base = allocate(pages, COMMITTED, PAGE_READWRITE);
	for (unsigned i = 0; i < pages; i++)
		ok(sim_poke(base + bytes(i), (uint8_t)(i + 1)));
	copy = clone();
	for (unsigned i = 0; i < pages; i++)
		assert_int_equal(look(copy, base + bytes(i)), i + 1);
	sim_space_destroy(copy);
	release(base);
	vm_stop();
	knobs.frames = 0;
	knobs.cluster = 8;
}

int main(int argc, char **argv)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, vm_setup, vm_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_private_memory_is_copied),
		TEST(test_views_by_their_inheritance),
		TEST(test_pages_copied_on_write_are_copied),
		TEST(test_each_failure_leaves_nothing),
		TEST(test_commit_is_charged_first),
		TEST(test_placeholders),
		cmocka_unit_test_setup_teardown(test_large_memory_is_copied, setup_large,
						vm_teardown),
		cmocka_unit_test(test_every_schedule_of_a_parent_that_unmaps),
		cmocka_unit_test(test_more_memory_than_there_are_frames),
	};
#undef TEST

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
