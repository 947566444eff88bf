/*
 * test_residence.c - locked pages and flushes, against what happens to the pages meanwhile.
 */
#include "vm_fixture.h"

#include "kernel/mm/residence.h"

#define COMMITTED (MEM_RESERVE | MEM_COMMIT)

static vaddr_t base;
static NTSTATUS lock_status;

static NTSTATUS try_lock(vaddr_t va, uint64_t pages)
{
	uint64_t size = pages_to_bytes(pages);

	return memory_lock(space, &va, &size);
}

static NTSTATUS try_unlock(vaddr_t va, uint64_t pages)
{
	uint64_t size = pages_to_bytes(pages);

	return memory_unlock(space, &va, &size);
}

/* ---- what cannot be locked ---- */

/* catches: a lock that is refused and has taken a guard away before */
static void test_refused_lock_leaves_guards(void **state)
{
	struct section *section;
	vaddr_t view;

	(void)state;
	section = section_of(NULL, 2 * PAGE_SIZE, PAGE_READWRITE, SEC_RESERVE);
	view = map(section, PAGE_READWRITE);
	ok(try_commit(view, 1, PAGE_READWRITE | PAGE_GUARD));
	assert_int_equal(try_lock(view, 2), STATUS_ACCESS_VIOLATION);
	assert_int_equal(try_lock(view, 1), STATUS_GUARD_PAGE_VIOLATION);
	assert_int_equal(try_lock(view, 1), STATUS_SUCCESS);
	ok(view_unmap(space, view));
	object_release(section);
}

/* ---- races ---- */

static void lock_two(void *unused)
{
	(void)unused;
	lock_status = try_lock(base, 2);
}

static void release_all(void *unused)
{
	(void)unused;
	SIM_CHECK(try_free(base, 0, MEM_RELEASE) == STATUS_SUCCESS);
}

static void lock_against_release(void *unused)
{
	(void)unused;
	vm_start(VM_RAM_BYTES);
	base = allocate(2, COMMITTED, PAGE_READWRITE);
	sim_spawn("lock", lock_two, NULL, space);
	sim_spawn("release", release_all, NULL, space);
	sim_run_all();
	SIM_CHECK(lock_status == STATUS_SUCCESS || lock_status == STATUS_ACCESS_VIOLATION);
	SIM_CHECK(space->locked_pages == 0);
	vm_stop();
}

static void hide_first(void *unused)
{
	NTSTATUS status = try_protect(base, 1, PAGE_NOACCESS, NULL);

	(void)unused;
	SIM_CHECK(status == STATUS_SUCCESS || status == STATUS_WAS_UNLOCKED);
}

static void lock_against_protect(void *unused)
{
	(void)unused;
	vm_start(VM_RAM_BYTES);
	base = allocate(2, COMMITTED, PAGE_READWRITE);
	sim_spawn("lock", lock_two, NULL, space);
	sim_spawn("protect", hide_first, NULL, space);
	sim_run_all();
	SIM_CHECK(space->locked_pages == (lock_status == STATUS_SUCCESS));
	mm_check(); /* locked means mapped */
	release(base);
	vm_stop();
}

/* catches: a lock of pages that are gone or hidden by the time it is set */
static void test_lock_races(void **state)
{
	(void)state;
	assert_true(sim_explore(lock_against_release, NULL, 2, 1500) > 30);
	assert_true(sim_explore(lock_against_protect, NULL, 2, 1500) > 30);
}

/* ---- a flush against a store ---- */

static void flush_page(void *unused)
{
	uint64_t size = PAGE_SIZE;
	vaddr_t va = base;
	NTSTATUS io_status;

	(void)unused;
	SIM_CHECK(memory_flush(space, &va, &size, &io_status) == STATUS_SUCCESS);
	SIM_CHECK(io_status == STATUS_SUCCESS);
}

static void store_two(void *unused)
{
	(void)unused;
	SIM_CHECK(sim_poke(base, 2) == STATUS_SUCCESS);
}

static void flush_against_store(void *unused)
{
	static char content[PAGE_SIZE];
	struct file_node *file;
	struct section *section;
	char byte;

	(void)unused;
	vm_start(VM_RAM_BYTES);
	file = disk_with(content, sizeof(content), 1 << 20);
	section = section_of(file, 0, PAGE_READWRITE, SEC_COMMIT);
	base = map(section, PAGE_READWRITE);
	object_release(section);
	ok(sim_poke(base, 1));
	sim_spawn("flush", flush_page, NULL, space);
	sim_spawn("flush too", flush_page, NULL, space);
	sim_spawn("store", store_two, NULL, space);
	sim_run_all();
	ok(view_unmap(space, base)); /* the last writes back what is dirty */
	ok(file_read(file, 0, &byte, 1));
	SIM_CHECK(byte == 2);
	file_release(file);
	vm_stop();
}

/* catches: a store that is forgotten because it came while its page was written */
static void test_flush_races(void **state)
{
	(void)state;
	assert_true(sim_explore(flush_against_store, NULL, 1, 400) > 30);
}

/* ---- alone ---- */

/* catches: regions left in pieces; a count that drifts */
static void test_regions_of_locks(void **state)
{
	(void)state;
	base = allocate(16, COMMITTED, PAGE_READWRITE);
	for (unsigned i = 0; i < 16; i += 2)
		ok(try_lock(base + pages_to_bytes(i), 1));
	mm_check();
	assert_int_equal(space->locked_pages, 8);
	assert_query(base, 16, MEM_COMMIT, PAGE_READWRITE); /* nobody sees the pieces */
	assert_int_equal(try_lock(base, 16), STATUS_WAS_LOCKED);
	ok(try_protect(base + pages_to_bytes(4), 4, PAGE_READONLY, NULL));
	assert_int_equal(space->locked_pages, 16);
	assert_int_equal(
		try_protect(base + pages_to_bytes(4), 4, PAGE_READWRITE | PAGE_GUARD, NULL),
		STATUS_WAS_UNLOCKED);
	assert_int_equal(space->locked_pages, 12);
	ok(try_free(base + pages_to_bytes(10), pages_to_bytes(2), MEM_RELEASE));
	mm_check();
	assert_int_equal(space->locked_pages, 10);
	assert_int_equal(try_unlock(base, 5), STATUS_NOT_LOCKED);
	ok(try_unlock(base, 4));
	assert_int_equal(space->locked_pages, 6);
	release(base);
	release(base + pages_to_bytes(12));
	assert_int_equal(space->locked_pages, 0);
}

/* catches: a quota counted twice for pages that are locked already */
static void test_quota(void **state)
{
	(void)state;
	base = allocate(LOCKED_PAGES_MAX + 1, COMMITTED, PAGE_READWRITE);
	ok(try_lock(base, LOCKED_PAGES_MAX));
	assert_int_equal(try_lock(base, LOCKED_PAGES_MAX), STATUS_WAS_LOCKED);
	assert_int_equal(try_lock(base + pages_to_bytes(LOCKED_PAGES_MAX), 1),
			 STATUS_WORKING_SET_QUOTA);
	ok(try_unlock(base, 1));
	ok(try_lock(base + pages_to_bytes(LOCKED_PAGES_MAX), 1));
	release(base);
}

/* catches: physical memory locked like any other */
static void test_physical(void **state)
{
	(void)state;
	base = allocate(2, MEM_RESERVE | MEM_PHYSICAL, PAGE_READWRITE);
	assert_int_equal(try_lock(base, 1), STATUS_INCOMPATIBLE_FILE_MAP);
	assert_int_equal(try_commit(base, 1, PAGE_READWRITE), STATUS_CONFLICTING_ADDRESSES);
	assert_int_equal(sim_peek(base), -1);
	assert_query(base, 2, MEM_RESERVE, 0);
	release(base);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, vm_setup, vm_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_refused_lock_leaves_guards),
		TEST(test_regions_of_locks),
		TEST(test_quota),
		TEST(test_physical),
		cmocka_unit_test(test_lock_races),
		cmocka_unit_test(test_flush_races),
	};

	return cmocka_run_group_tests_name("residence", tests, NULL, NULL);
}
