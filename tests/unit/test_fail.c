/*
 * test_fail.c - failures on purpose: the plans themselves, and what is made of memory with every
 * failure on the way, and with every pair of two.
 *
 *   QUIRE_FAIL_PAIRS=1 build/host/unit/test_fail      all pairs; the last line counts (long)
 */
#include "kernel/core/fail.h"
#include "vm_fixture.h"

#define ALL ((1u << QUIRE_FAIL_KINDS) - 1)
#define PAGES 4u
#define POINTS_MOST 400u

static struct fail_plan *plan(void)
{
	return &thread_current()->fail;
}

static void plan_begin(uint32_t kinds, uint32_t first, uint32_t second)
{
	fail_plan_set(thread_current(), kinds, first, second);
}

static void plan_end(void)
{
	plan()->kinds = 0;
}

/* ---- plans ---- */

static unsigned meet(unsigned times)
{
	unsigned failures = 0;

	while (times--)
		failures += fail_point(QUIRE_FAIL_POOL);
	return failures;
}

/* catches: a count that is off by one, a plan that goes on failing, kinds that are not asked for */
static void test_the_nth_point_fails(void **state)
{
	(void)state;
	fail_record();
	plan_begin(1u << QUIRE_FAIL_POOL, 3, 0);
	assert_false(fail_point(QUIRE_FAIL_COMMIT));
	assert_int_equal(meet(2), 0);
	assert_false(fail_point(QUIRE_FAIL_COMMIT));
	assert_int_equal(meet(1), 1);
	assert_int_equal(meet(100), 0);
	plan_end();
	assert_int_equal(plan()->failed, 1);
	assert_int_equal(plan()->reached, 103);
	assert_int_equal(plan()->failed_kinds, 1u << QUIRE_FAIL_POOL);
}

/* catches: a second failure that counts from the start */
static void test_the_second_counts_from_the_first(void **state)
{
	(void)state;
	plan_begin(ALL, 2, 3);
	assert_int_equal(meet(2), 1);
	assert_int_equal(meet(2), 0);
	assert_int_equal(meet(1), 1);
	assert_int_equal(meet(50), 0);
	plan_end();
	assert_int_equal(plan()->failed, 2);
}

/* Two chains of calls. => returns: how often it failed. */
static __attribute__((noinline)) unsigned meet_here(unsigned times)
{
	unsigned failures = 0;

	while (times--)
		failures += fail_point(QUIRE_FAIL_FRAME);
	return failures;
}

static __attribute__((noinline)) unsigned meet_there(unsigned times)
{
	unsigned failures = 0;

	while (times--)
		failures += fail_point(QUIRE_FAIL_FRAME);
	return failures;
}

static uint32_t chains(bool failed)
{
	struct fail_chain chain;
	uint32_t index = 0, count = 0;

	while (fail_chain_next(&index, &chain))
		count += (chain.failed > 0) == failed;
	return count;
}

/* catches: chains that are taken for one another, or for new ones; counts that are lost */
static void test_chains_are_told_apart(void **state)
{
	(void)state;
	fail_record();
	assert_int_equal(chains(false) + chains(true), 0);
	for (unsigned round = 0; round < 2; round++) {
		plan_begin(ALL, round ? QUIRE_FAIL_FRESH : 1, 0);
		assert_int_equal(meet_here(3), round == 0);
		assert_int_equal(meet_there(3), round == 1);
		plan_end();
		assert_int_equal(chains(true), round + 1);
		assert_int_equal(chains(false), 1 - round);
		assert_int_equal(plan()->fresh, round ? 0 : 3);
	}
}

static void meet_in_another_thread(void *result)
{
	*(unsigned *)result = meet(10);
}

/* catches: a plan that is everybody's */
static void test_a_plan_is_one_thread_s(void **state)
{
	unsigned others = 99;

	(void)state;
	plan_begin(ALL, 2, 0);
	sim_spawn("another", meet_in_another_thread, &others, NULL);
	sim_run_all();
	assert_int_equal(others, 0);
	assert_int_equal(plan()->reached, 0);
	assert_int_equal(meet(2), 1);
	plan_end();
}

/* ---- memory ---- */

static struct section *section;
static struct file_node *file;
static vaddr_t base;

static NTSTATUS make_private(void)
{
	uint64_t size = pages_to_bytes(PAGES);

	base = 0;
	return memory_allocate(space, &base, 0, &size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}

static NTSTATUS make_watched(void)
{
	uint64_t size = pages_to_bytes(PAGES);

	base = 0;
	return memory_allocate(space, &base, 0, &size, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH,
			       PAGE_READWRITE);
}

static NTSTATUS make_view(struct file_node *from, uint32_t section_protection, uint32_t attributes,
			  uint32_t protection)
{
	NTSTATUS status = try_section(from, from ? 0 : pages_to_bytes(PAGES), section_protection,
				      attributes, &section);

	if (!NT_SUCCESS(status))
		return status;
	status = try_map(section, protection, &base);
	object_release(section);
	return status;
}

static NTSTATUS make_shared(void)
{
	return make_view(NULL, PAGE_READWRITE, SEC_COMMIT, PAGE_READWRITE);
}

static NTSTATUS make_reserved(void)
{
	return make_view(NULL, PAGE_READWRITE, SEC_RESERVE, PAGE_READWRITE);
}

static NTSTATUS make_copied(void)
{
	return make_view(NULL, PAGE_READWRITE, SEC_COMMIT, PAGE_WRITECOPY);
}

static NTSTATUS make_file(void)
{
	return make_view(file, PAGE_READWRITE, SEC_COMMIT, PAGE_READWRITE);
}

static NTSTATUS make_file_copied(void)
{
	return make_view(file, PAGE_WRITECOPY, SEC_COMMIT, PAGE_WRITECOPY);
}

static const struct kind {
	const char *name;
	NTSTATUS (*make)(void);
	bool is_private, is_reserved, is_of_file;
} kinds[] = {
	{"private", make_private, true, false, false},
	{"watched", make_watched, true, false, false},
	{"shared", make_shared, false, false, false},
	{"reserved", make_reserved, false, true, false},
	{"copied", make_copied, false, false, false},
	{"a file", make_file, false, false, true},
	{"a file, copied", make_file_copied, false, false, true},
};

static const struct kind *kind;

static NTSTATUS do_commit(void)
{
	return kind->is_reserved ? try_commit(base + PAGE_SIZE, 2, PAGE_READWRITE) : STATUS_SUCCESS;
}

static NTSTATUS do_read(void)
{
	uint8_t byte;

	return sim_read(base + PAGE_SIZE, &byte, 1);
}

static NTSTATUS do_write(void)
{
	return sim_poke(base + PAGE_SIZE + 5, 7);
}

static NTSTATUS do_protect(void)
{
	return kind->is_reserved ? STATUS_SUCCESS
				 : try_protect(base + PAGE_SIZE, 1, PAGE_READONLY, NULL);
}

static NTSTATUS do_protect_nothing(void)
{
	return kind->is_reserved ? STATUS_SUCCESS
				 : try_protect(base + PAGE_SIZE, 2, PAGE_NOACCESS, NULL);
}

static NTSTATUS do_decommit(void)
{
	return kind->is_private ? try_free(base + PAGE_SIZE, PAGE_SIZE, MEM_DECOMMIT)
				: STATUS_SUCCESS;
}

static NTSTATUS do_clone(void)
{
	struct address_space *copy;
	NTSTATUS status = space_create(&copy);

	if (!NT_SUCCESS(status))
		return status;
	status = space_clone(space, copy);
	space_destroy(copy);
	return status;
}

static NTSTATUS do_lock(void)
{
	vaddr_t at = base;
	uint64_t size = PAGE_SIZE;

	return kind->is_reserved ? STATUS_SUCCESS : memory_lock(space, &at, &size);
}

static NTSTATUS do_copy(void)
{
	static uint8_t buffer[2 * PAGE_SIZE];

	return kind->is_reserved ? STATUS_SUCCESS
				 : space_read(space, base + 100, buffer, sizeof(buffer), NULL);
}

static NTSTATUS (*const acts[])(void) = {
	NULL /* it is made */, do_commit,   do_read,  do_write, do_protect,
	do_protect_nothing,    do_decommit, do_clone, do_lock,	do_copy,
};
#define ACTS (sizeof(acts) / sizeof(acts[0]))

static bool is_documented(NTSTATUS status)
{
	return status == STATUS_NO_MEMORY || status == STATUS_INSUFFICIENT_RESOURCES ||
	       status == STATUS_COMMITMENT_LIMIT || status == STATUS_IN_PAGE_ERROR;
}

/* Once, in a machine of its own; it ends with the books balanced. => returns: it failed. */
static unsigned run(NTSTATUS (*act)(void), uint32_t first, uint32_t second)
{
	static uint8_t bytes[PAGES * PAGE_SIZE];
	struct vm_snapshot before;
	unsigned failed;
	uint64_t hash;
	NTSTATUS status;

	vm_start(VM_RAM_BYTES);
	file = disk_with(bytes, sizeof(bytes), 1 << 20);
	if (act)
		ok(kind->make());
	if (act && kind->is_reserved && act != do_commit)
		ok(do_commit());
	before = snapshot_take();
	hash = space_hash(space);
	plan_begin(ALL, first, second);
	status = act ? act() : kind->make();
	plan_end();
	mm_check();
	if (!NT_SUCCESS(status)) {
		assert_true(plan()->failed && is_documented(status));
		assert_int_equal(space_hash(space), hash);
		assert_int_equal(snapshot_take().balance.commit_pages, before.balance.commit_pages);
		if (!kind->is_of_file) /* its data stay in memory as long as it is there */
			assert_int_equal(snapshot_take().pool.blocks_used, before.pool.blocks_used);
	}
	if (act || NT_SUCCESS(status))
		ok(kind->is_private ? try_free(base, 0, MEM_RELEASE) : view_unmap(space, base));
	file_release(file);
	failed = plan()->failed;
	vm_stop();
	return failed;
}

static uint64_t scenarios, tried;

static void sweep_pairs(NTSTATUS (*act)(void), uint32_t first)
{
	uint32_t second = 1;

	while (run(act, first, second) == 2 && second < POINTS_MOST) {
		tried++;
		second++;
	}
}

/* catches: a status nobody expects, a charge or a block that stays, a change that is half made */
static void test_memory_with_every_failure(void **state)
{
	bool in_pairs = getenv("QUIRE_FAIL_PAIRS") != NULL;

	(void)state;
	fail_record();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		for (size_t j = 0; j < ACTS; j++) {
			uint32_t first = 1;

			kind = &kinds[i];
			for (; run(acts[j], first, 0) && first < POINTS_MOST; first++) {
				tried++;
				if (in_pairs)
					sweep_pairs(acts[j], first);
			}
			assert_true(first < POINTS_MOST);
			scenarios++;
		}
	assert_true(scenarios == sizeof(kinds) / sizeof(kinds[0]) * ACTS && tried > scenarios);
}

static int core_setup(void **state)
{
	(void)state;
	sim_core_start(0);
	return 0;
}

static int core_teardown(void **state)
{
	(void)state;
	sim_core_stop();
	return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, core_setup, core_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_nth_point_fails),
		TEST(test_the_second_counts_from_the_first),
		TEST(test_chains_are_told_apart),
		TEST(test_a_plan_is_one_thread_s),
		cmocka_unit_test(test_memory_with_every_failure),
	};
	int failed;

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (getenv("QUIRE_FAIL_PAIRS"))
		printf("%llu failures tried, %d failed\n", (unsigned long long)tried, failed);
	return failed;
}
