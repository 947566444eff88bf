/*
 * test_replace.c - who goes next: each replacement policy against sequences worked out by hand,
 * through its rank function and through space_trim.
 */
#include "vm_fixture.h"

#include "kernel/core/cmdline.h"
#include "kernel/mm/replace.h"
#include "kernel/mm/trim.h"

#define PAGES 32u
#define COMMITTED (MEM_RESERVE | MEM_COMMIT)

extern const struct replace_policy replace_lru2, replace_wsclock;

static vaddr_t base;

static void start(const char *policy)
{
	vm_start(VM_RAM_BYTES);
	assert_true(replace_select(policy));
	base = allocate(PAGES, COMMITTED, PAGE_READWRITE);
}

static void stop(void)
{
	mm_check();
	release(base);
	vm_stop();
	assert_true(replace_select("clock"));
}

static void read_page(unsigned page)
{
	assert_int_equal(sim_peek(base + pages_to_bytes(page)), 0);
}

static void read_pages(unsigned first, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		read_page(first + i);
}

static bool is_mapped(unsigned page)
{
	struct quire_memory_page seen;

	ok(memory_query_page(space, base + pages_to_bytes(page), &seen));
	return seen.is_valid;
}

/* Trims one page. => returns: which. */
static unsigned next_victim(void)
{
	bool before[PAGES];
	unsigned victim = PAGES;

	for (unsigned i = 0; i < PAGES; i++)
		before[i] = is_mapped(i);
	assert_int_equal(space_trim(space, 1), 1);
	for (unsigned i = 0; i < PAGES; i++) {
		if (before[i] == is_mapped(i))
			continue;
		assert_int_equal(victim, PAGES);
		victim = i;
	}
	assert_true(victim < PAGES);
	return victim;
}

#define assert_victims(...) \
	do { \
		const unsigned order[] = {__VA_ARGS__}; \
		for (unsigned i_ = 0; i_ < sizeof(order) / sizeof(order[0]); i_++) \
			assert_int_equal(next_victim(), order[i_]); \
	} while (0)

/* ---- fifo ---- */

/* catches: use that matters; a page that comes back in the place of one that went, out of turn */
static void test_fifo_is_exact(void **state)
{
	(void)state;
	start("fifo");
	read_pages(0, 8);
	read_page(0); /* no matter */
	assert_victims(0, 1, 2);
	read_page(2);
	read_page(0);
	read_page(1);
	assert_victims(3, 4);
	read_page(4);
	assert_victims(5, 6, 7, 2, 0, 1, 4);
	assert_int_equal(space_trim(space, 1), 0);
	stop();
}

/* ---- clock ---- */

/* catches: a used page that goes before an unused one; accessed bits that are not cleared */
static void test_clock_gives_a_second_chance(void **state)
{
	(void)state;
	start("clock");
	read_pages(0, 4);
	assert_victims(0); /* all were used: the oldest */
	read_page(1);
	assert_victims(2, 3, 1);
	stop();
}

/* ---- lru2 ---- */

static uint32_t look(uint32_t *note, uint64_t now, bool was_accessed)
{
	struct replace_page page = {.was_accessed = was_accessed, .note = *note, .now = now};
	uint32_t rank = replace_lru2.rank(&page);

	assert_true(page.note <= REPLACE_NOTE_MASK);
	*note = page.note;
	return rank;
}

/* catches: the access that brought a page counted as its second use */
static void test_lru2_ranks_pages_used_once_first(void **state)
{
	uint32_t once = replace_lru2.enter(0), twice = once, again = once;
	uint32_t scanned = replace_lru2.enter(152), rank_of_twice;

	(void)state;
	look(&once, 80, true);
	look(&twice, 80, true);
	look(&again, 80, true);
	rank_of_twice = look(&twice, 160, true);
	assert_true(look(&once, 160, false) < rank_of_twice);
	assert_true(look(&scanned, 160, true) < rank_of_twice);
	assert_true(look(&once, 160, false) < look(&scanned, 160, false)); /* the longest unused */
	/* of pages used twice: whose last use but one is longest ago */
	look(&again, 160, true);
	look(&again, 240, true);
	assert_true(look(&twice, 240, false) < look(&again, 240, false));
}

/* catches: a file that is read through once and pushes out what is used again and again */
static void test_lru2_resists_a_scan(void **state)
{
	(void)state;
	start("lru2");
	read_pages(0, 12);
	assert_victims(0);
	read_pages(1, 3); /* again */
	read_pages(12, 8);
	assert_int_equal(space_trim(space, 16), 16);
	for (unsigned i = 1; i < 20; i++)
		assert_int_equal(is_mapped(i), i <= 3);
	stop();
}

/* ---- random ---- */

#define DRAWS 200u

static void draw(uint64_t seed, uint8_t victims[DRAWS])
{
	knobs.seed = seed;
	start("random");
	read_pages(0, 8);
	for (unsigned i = 0; i < DRAWS; i++) {
		victims[i] = (uint8_t)next_victim();
		read_page(victims[i]);
	}
	stop();
	knobs.seed = 1;
}

/* catches: a run that cannot be repeated; pages that are never hit */
static void test_random_hits_every_page_the_same_way_each_time(void **state)
{
	uint8_t first[DRAWS], second[DRAWS];
	unsigned hits[8] = {0};

	(void)state;
	draw(7, first);
	draw(7, second);
	assert_memory_equal(first, second, DRAWS);
	draw(8, second);
	assert_memory_not_equal(first, second, DRAWS);
	for (unsigned i = 0; i < DRAWS; i++)
		hits[first[i]]++;
	for (unsigned i = 0; i < 8; i++)
		assert_in_range(hits[i], 10, 50); /* 25 each on average */
}

/* ---- wsclock ---- */

static uint32_t wsclock_rank(uint32_t *note, uint64_t now, bool was_accessed, bool is_dirty)
{
	struct replace_page page = {.was_accessed = was_accessed,
				    .is_dirty = is_dirty,
				    .note = *note,
				    .now = now,
				    .in_set = 100};
	uint32_t rank = replace_wsclock.rank(&page);

	*note = page.note;
	return rank;
}

/* catches: a page of the working set that goes; a dirty page that goes at once */
static void test_wsclock_ranks(void **state)
{
	uint32_t clean = replace_wsclock.enter(10), dirty = clean, young = clean, used = clean;
	uint32_t rank_of_dirty;

	(void)state;
	assert_int_equal(wsclock_rank(&clean, 111, false, false), 0);
	rank_of_dirty = wsclock_rank(&dirty, 111, false, true);
	assert_true(rank_of_dirty > 0);
	assert_true(wsclock_rank(&young, 110, false, false) > rank_of_dirty);
	assert_true(wsclock_rank(&used, 111, true, false) >
		    wsclock_rank(&young, 110, false, false));
	assert_true(wsclock_rank(&used, 211, false, false) > rank_of_dirty);
	assert_int_equal(wsclock_rank(&used, 212, false, false), 0);
	/* the clock has gone around the note's bits */
	used = replace_wsclock.enter(REPLACE_NOTE_MASK);
	assert_true(wsclock_rank(&used, (uint64_t)REPLACE_NOTE_MASK + 5, false, false) > 1);
}

/* catches: the same where it matters */
static void test_wsclock_takes_old_clean_pages_first(void **state)
{
	(void)state;
	start("wsclock");
	ok(sim_poke(base, 0));
	read_page(1);
	ok(sim_poke(base + 2 * PAGE_SIZE, 0));
	read_page(3);
	assert_victims(0);		 /* all are young: the oldest */
	space->working_set.clock += 100; /* time in which nobody used them */
	assert_victims(1, 3, 2);
	stop();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fifo_is_exact),
		cmocka_unit_test(test_clock_gives_a_second_chance),
		cmocka_unit_test(test_lru2_ranks_pages_used_once_first),
		cmocka_unit_test(test_lru2_resists_a_scan),
		cmocka_unit_test(test_random_hits_every_page_the_same_way_each_time),
		cmocka_unit_test(test_wsclock_ranks),
		cmocka_unit_test(test_wsclock_takes_old_clean_pages_first),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
