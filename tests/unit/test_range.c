/*
 * test_range.c - the arithmetic that decides about memory: kernel/lib/range.h at all its edges, and
 * the conversions of arch/pte.h.
 *
 * The model computes with 128 bits, where nothing overflows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arch/pte.h"
#include "kernel/lib/range.h"

typedef unsigned __int128 wide_t;

/*
 * Where mistakes live: 0, pages, the user limit, the sign bits, the end; each with its neighbours.
 */
static const uint64_t edges[] = {
	0,
	1,
	2,
	4095,
	4096,
	4097,
	8191,
	8192,
	0xFFFF,
	0x10000,
	0x10001,
	0x7FFFFFFF,
	0x80000000,
	0x80000001,
	0xFFFFFFFF,
	0x100000000,
	0x7FFFFFFEFFFF,
	0x7FFFFFFF0000,
	0x7FFFFFFF0001,
	0x7FFFFFFFFFFF,
	0x800000000000,
	0x7FFFFFFFFFFFFFFF,
	0x8000000000000000,
	0x8000000000000001,
	0xFFFF800000000000,
	0xFFFFFFFFFFFF0000,
	0xFFFFFFFFFFFFF000,
	0xFFFFFFFFFFFFF001,
	0xFFFFFFFFFFFFFFFE,
	0xFFFFFFFFFFFFFFFF,
};
#define EDGES (sizeof(edges) / sizeof(edges[0]))

static void test_range_ok(void **state)
{
	(void)state;
	for (size_t i = 0; i < EDGES; i++)
		for (size_t j = 0; j < EDGES; j++)
			for (size_t k = 0; k < EDGES; k++)
				assert_int_equal(range_ok(edges[i], edges[j], edges[k]),
						 (wide_t)edges[i] + edges[j] <= edges[k]);
}

static void test_range_within(void **state)
{
	(void)state;
	for (size_t i = 0; i < EDGES; i++)
		for (size_t j = 0; j < EDGES; j++)
			for (size_t k = 0; k < EDGES; k++)
				for (size_t l = 0; l < EDGES; l++)
					assert_int_equal(range_within(edges[i], edges[j], edges[k],
								      edges[l]),
							 edges[i] >= edges[k] &&
								 (wide_t)edges[i] + edges[j] <=
									 edges[l]);
}

/* The first place, from the bottom or from the top, that a search over all of them finds. */
static uint64_t place_by_search(uint64_t start, uint64_t end, uint64_t size, uint64_t unit,
				bool is_highest)
{
	uint64_t found = 0;

	for (uint64_t at = start; at + size <= end; at++)
		if (at % unit == 0 && (!found || is_highest))
			found = at;
	return found;
}

static void test_range_place(void **state)
{
	(void)state;
	for (uint64_t start = 1; start < 20; start++)
		for (uint64_t end = 0; end < 24; end++)
			for (uint64_t size = 1; size < 10; size++)
				for (uint64_t unit = 1; unit <= 8; unit *= 2) {
					assert_int_equal(
						range_place(start, end, size, unit, false),
						place_by_search(start, end, size, unit, false));
					assert_int_equal(
						range_place(start, end, size, unit, true),
						place_by_search(start, end, size, unit, true));
				}
	assert_int_equal(range_place(UINT64_MAX - 2, UINT64_MAX, 1, 4096, false), 0);
	assert_int_equal(range_place(1, 4096, UINT64_MAX, 1, true), 0);
}

static void test_rounding(void **state)
{
	(void)state;
	for (size_t i = 0; i < EDGES; i++)
		for (unsigned shift = 0; shift < 64; shift++) {
			uint64_t unit = 1ull << shift, result = 77;
			wide_t up = ((wide_t)edges[i] + unit - 1) / unit * unit;
			bool fits = up <= UINT64_MAX;

			assert_int_equal(round_down(edges[i], unit), edges[i] / unit * unit);
			assert_int_equal(round_up_ok(edges[i], unit, &result), fits);
			assert_int_equal(result, fits ? (uint64_t)up : 77);
		}
}

/* ---- pte.h ---- */

static void test_page_conversions(void **state)
{
	(void)state;
	for (size_t i = 0; i < EDGES; i++) {
		uint64_t value = edges[i];

		assert_int_equal(bytes_to_pages(value), (uint64_t)(((wide_t)value + 4095) / 4096));
		assert_int_equal(page_of(value), value / 4096);
		assert_int_equal(page_offset(value), value % 4096);
		assert_int_equal(page_round_down(value), value / 4096 * 4096);
		assert_int_equal(page_round_down(value) + page_offset(value), value);
		assert_int_equal(page_part(value, 1), 1);
		assert_int_equal(page_part(value, UINT64_MAX), 4096 - value % 4096);
		if (value <= UINT64_MAX - 4095)
			assert_int_equal(page_round_up(value), bytes_to_pages(value) * 4096);
		if (value < 1ull << 52) {
			assert_int_equal(pages_to_bytes(value), value * 4096);
			assert_int_equal(pfn_of(pfn_address(value)), value);
		}
	}
}

/* An address is the sum of what each level's entry translates. */
static void test_page_table_indices(void **state)
{
	static const vaddr_t addresses[] = {
		0,	    0x1000,	  0x10000,	  0x200000,
		0x40000000, 0x8000000000, 0x7FFFFFFEFFFF, 0x123456789ABC};

	(void)state;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		uint64_t sum = page_offset(addresses[i]);

		for (unsigned level = 1; level <= 4; level++) {
			assert_true(pt_index(addresses[i], level) < PAGE_TABLE_ENTRIES);
			sum += pt_index(addresses[i], level) * pt_entry_span(level);
		}
		assert_int_equal(sum, addresses[i]);
	}
	assert_int_equal(pt_index(0xFFFF800000000000, 4), 256);
	assert_int_equal(pt_entry_span(1), 4096);
	assert_int_equal(pt_entry_span(4), 512ull << 30);
}

/*
 * Each kind is told from the others, and what it carries comes back, up to 40 bits of frame number.
 */
static void test_words(void **state)
{
	static const uint64_t numbers[] = {0, 1, 2, 0x7FF, 0x12345, 0xFFFFFFFF, 0xFFFFFFFFFF};

	(void)state;
	assert_true(pte_is_none(pte_none()));
	assert_int_equal(pte_kind(pte_none()), PTE_NONE);
	assert_int_equal(pte_kind(pte_zero()), PTE_ZERO);
	assert_false(pte_is_none(pte_zero()));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		pte_t frame = pte_in_frame(numbers[i]), slot = pte_in_pagefile(numbers[i]),
		      valid = pte_valid(numbers[i],
					PTE_WRITE | PTE_USER | PTE_NO_EXECUTE | PTE_DIRTY);

		assert_int_equal(pte_kind(frame), PTE_IN_FRAME);
		assert_int_equal(pte_pfn(frame), numbers[i]);
		assert_int_equal(pte_kind(slot), PTE_IN_PAGEFILE);
		assert_int_equal(pte_pagefile_slot(slot), numbers[i]);
		assert_int_equal(pte_kind(valid), PTE_VALID);
		assert_int_equal(pte_pfn(valid), numbers[i]);
		/* The MMU must not take ours for its own. */
		assert_false((frame.bits | slot.bits | pte_zero().bits) & PTE_PRESENT);
	}
}

static void test_word_rights(void **state)
{
	(void)state;
	assert_true(pte_is_writable(pte_valid(5, PTE_WRITE)));
	assert_false(pte_is_writable(pte_valid(5, PTE_USER)));
	assert_true(pte_is_dirty(pte_valid(5, PTE_DIRTY)));
	assert_false(pte_is_dirty(pte_valid(5, PTE_ACCESSED)));
	/*
	 * The kind's bits lie where a valid word has its rights: a word that is not valid has none.
	 */
	assert_false(pte_is_writable(pte_in_frame(5)) || pte_is_writable(pte_in_pagefile(5)) ||
		     pte_is_writable(pte_zero()));
	assert_false(pte_is_dirty(pte_in_frame(~0ull)) || pte_is_dirty(pte_in_pagefile(~0ull)));
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_range_ok),
		cmocka_unit_test(test_range_within),
		cmocka_unit_test(test_range_place),
		cmocka_unit_test(test_rounding),
		cmocka_unit_test(test_page_conversions),
		cmocka_unit_test(test_page_table_indices),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_word_rights),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
