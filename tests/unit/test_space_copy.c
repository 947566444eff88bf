/*
 * test_space_copy.c - copies between spaces, and what may happen to the pages meanwhile.
 */
#include "vm_fixture.h"

#define COMMITTED (MEM_RESERVE | MEM_COMMIT)

static struct address_space *other; /* the one that copies */
static vaddr_t remote, local;
static NTSTATUS copy_status;
static size_t copied;

static void world_start(void)
{
	vm_start(VM_RAM_BYTES);
	other = sim_space_create();
	sim_enter_space(other);
	local = 0;
	ok(memory_allocate(other, &local, 0, &(uint64_t){PAGE_SIZE}, COMMITTED, PAGE_READWRITE));
	sim_enter_space(space);
}

static void world_stop(void)
{
	vaddr_t base = local;

	ok(memory_free(other, &base, &(uint64_t){0}, MEM_RELEASE));
	sim_space_destroy(other);
	vm_stop();
}

static void read_remote(void *unused)
{
	(void)unused;
	copy_status = space_read_to_user(space, remote + 10, local, 100, &copied);
}

static void write_remote(void *unused)
{
	(void)unused;
	copy_status = space_write_from_user(space, remote + 10, local, 100, &copied);
}

static void release_remote(void *unused)
{
	vaddr_t base = remote;

	(void)unused;
	SIM_CHECK(memory_free(space, &base, &(uint64_t){0}, MEM_RELEASE) == STATUS_SUCCESS);
}

static void hide_then_decommit(void *unused)
{
	vaddr_t base = remote;
	uint64_t size = PAGE_SIZE;
	uint32_t old;

	(void)unused;
	SIM_CHECK(memory_protect(space, &base, &size, PAGE_NOACCESS, &old) == STATUS_SUCCESS);
	SIM_CHECK(memory_free(space, &base, &size, MEM_DECOMMIT) == STATUS_SUCCESS);
}

static void unmap_remote(void *unused)
{
	(void)unused;
	SIM_CHECK(view_unmap(space, remote) == STATUS_SUCCESS);
}

static bool is_a_whole_copy_or_none(void)
{
	if (copy_status == STATUS_SUCCESS)
		return copied == 100;
	return copy_status == STATUS_PARTIAL_COPY && copied == 0;
}

struct race {
	void (*copy)(void *unused);
	void (*disturb)(void *unused);
	bool is_mapped;
};

static void race_body(void *argument)
{
	const struct race *race = argument;

	world_start();
	if (race->is_mapped) {
		struct section *section = section_of(NULL, PAGE_SIZE, PAGE_READWRITE, SEC_COMMIT);

		remote = map(section, PAGE_READWRITE);
		object_release(section); /* the view alone keeps the segment */
	} else {
		remote = allocate(1, COMMITTED, PAGE_READWRITE);
	}
	ok(sim_poke(remote + 10, 0x77));
	sim_spawn("copy", race->copy, NULL, other);
	sim_spawn("disturb", race->disturb, NULL, space);
	sim_run_all();
	SIM_CHECK(is_a_whole_copy_or_none());
	mm_check();
	if (race->disturb == hide_then_decommit)
		release(remote);
	world_stop();
}

static void explore(struct race race)
{
	uint64_t runs = sim_explore(race_body, &race, 2, 1500);

	printf("# %llu schedules\n", (unsigned long long)runs);
	assert_true(runs > 50);
}

/* catches: a frame freed under a copy, or kept for ever afterwards */
static void test_released_during_a_copy(void **state)
{
	(void)state;
	explore((struct race){read_remote, release_remote, false});
	explore((struct race){write_remote, release_remote, false});
}

/* catches: a page that is hidden while it is borrowed, then thrown away */
static void test_decommitted_during_a_copy(void **state)
{
	(void)state;
	explore((struct race){write_remote, hide_then_decommit, false});
}

/* catches: the last view gone, and the segment with it, while its page is copied */
static void test_unmapped_during_a_copy(void **state)
{
	(void)state;
	explore((struct race){read_remote, unmap_remote, true});
	explore((struct race){write_remote, unmap_remote, true});
}

/* catches: a pinned frame of a freed page that nobody frees, or that is reused too early */
static void test_an_abandoned_frame_lives_until_its_last_pin(void **state)
{
	uint64_t free = frame_count(FRAME_FREE) + frame_count(FRAME_ZEROED);
	pfn_t pfn = frame_alloc(FRAME_ANY_CONTENT);
	pte_t word = pte_in_frame(pfn);
	struct frame *frame = frame_of(pfn);

	(void)state;
	spin_lock(&frame_lock);
	frame_own_locked(frame, space, 0, &word, pte_none(), FRAME_PRIVATE);
	frame_share_locked(frame);
	frame_pin_locked(frame);
	frame_pin_locked(frame);
	frame->shares = 0;
	frame_abandon_locked(frame);
	frame_unpin_locked(frame, true);
	spin_unlock(&frame_lock);
	assert_int_equal(frame->state, FRAME_ACTIVE);
	assert_int_equal(frame_count(FRAME_FREE) + frame_count(FRAME_ZEROED), free - 1);
	spin_lock(&frame_lock);
	frame_unpin_locked(frame, true);
	spin_unlock(&frame_lock);
	assert_int_equal(frame_count(FRAME_FREE) + frame_count(FRAME_ZEROED), free);
}

/* catches: a source page counted although the destination failed, or the other way round */
static void test_counts(void **state)
{
	vaddr_t two = allocate(3, MEM_RESERVE, PAGE_READWRITE);
	vaddr_t one = allocate(2, COMMITTED, PAGE_READWRITE);
	size_t done;

	(void)state;
	ok(try_commit(two, 2, PAGE_READWRITE));
	ok(space_read_to_user(space, two + 5, one, PAGE_SIZE, &done));
	assert_int_equal(done, PAGE_SIZE);
	assert_int_equal(space_read_to_user(space, two + PAGE_SIZE, one, PAGE_SIZE + 1, &done),
			 STATUS_PARTIAL_COPY);
	assert_int_equal(done, PAGE_SIZE);
	assert_int_equal(space_read_to_user(space, two, one + PAGE_SIZE, PAGE_SIZE + 1, &done),
			 STATUS_ACCESS_VIOLATION);
	assert_int_equal(done, PAGE_SIZE);
	assert_int_equal(space_write_from_user(space, two, one + PAGE_SIZE, PAGE_SIZE + 1, &done),
			 STATUS_PARTIAL_COPY);
	assert_int_equal(done, PAGE_SIZE);
	assert_int_equal(space_write_from_user(space, 0x1000, one, 1, &done), STATUS_PARTIAL_COPY);
	assert_int_equal(done, 0);
	release(one);
	release(two);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, vm_setup, vm_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_counts),
		TEST(test_an_abandoned_frame_lives_until_its_last_pin),
		cmocka_unit_test(test_released_during_a_copy),
		cmocka_unit_test(test_decommitted_during_a_copy),
		cmocka_unit_test(test_unmapped_during_a_copy),
	};

	return cmocka_run_group_tests_name("space_copy", tests, NULL, NULL);
}
