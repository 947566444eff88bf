/*
 * test_map_rules.c - arch/x86_64/map_rules.c with tables that break each rule once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86_64/map_rules.h"

#define TEXT 0xFFFFFFFF80000000ull
#define READ_ONLY 0xFFFFFFFF80002000ull
#define DATA 0xFFFFFFFF80004000ull
#define GUARD 0xFFFFFFFF80006000ull
#define STACKS 0xFFFFC00000000000ull
#define DIRECT 0xFFFF800000000000ull
#define TEXT_FRAMES 0x100000ull
#define DATA_FRAME 0x900000ull
#define TABLE (PTE_PRESENT | PTE_WRITE)

/* The pages that are mapped; bits of a leaf, and of the tables above it. */
struct page {
	vaddr_t va;
	unsigned level;
	uint64_t leaf, tables;
};

static struct page pages[8];
static unsigned page_count;

static bool peek(vaddr_t va, unsigned level, pte_t *entry)
{
	bool has_table = level == 4;

	*entry = (pte_t){0};
	for (unsigned i = 0; i < page_count; i++) {
		const struct page *page = &pages[i];

		if (level < page->level)
			continue;
		has_table = has_table ||
			    (va ^ page->va) < pt_entry_span(level < 3 ? level + 1 : 4) * 512;
		if ((va & ~(pt_entry_span(level) - 1)) != (page->va & ~(pt_entry_span(level) - 1)))
			continue;
		entry->bits = level == page->level ? page->leaf : page->tables;
		return true;
	}
	return has_table;
}

static const vaddr_t guards[] = {GUARD};

static const char *check(void)
{
	const struct map_rules rules = {
		.text = TEXT,
		.text_end = TEXT + 0x2000,
		.text_frames = TEXT_FRAMES,
		.text_frames_end = TEXT_FRAMES + 0x2000,
		.read_only = READ_ONLY,
		.read_only_end = READ_ONLY + 0x1000,
		.stacks = STACKS,
		.stacks_end = TEXT,
		.stack_slot_bytes = 0x8000,
		.stack_guard_bytes = 0x4000,
		.guards = guards,
		.guard_count = 1,
		.peek = peek,
	};
	vaddr_t at;

	return map_rules_check(&rules, &at);
}

static void map(vaddr_t va, uint64_t frame, uint64_t bits)
{
	pages[page_count++] = (struct page){va, 1, frame | PTE_PRESENT | bits, TABLE};
}

/* A kernel as it should be: text, read-only data, data, a stack, a large page of the direct map. */
static void start(void)
{
	page_count = 0;
	map(TEXT, TEXT_FRAMES, 0);
	map(READ_ONLY, DATA_FRAME, PTE_NO_EXECUTE);
	map(DATA, DATA_FRAME + 0x1000, PTE_WRITE | PTE_NO_EXECUTE);
	map(STACKS + 0x4000, DATA_FRAME + 0x2000, PTE_WRITE | PTE_NO_EXECUTE);
	map(DIRECT, 0x400000, PTE_WRITE | PTE_NO_EXECUTE | PTE_LARGE);
	pages[page_count - 1].level = 2;
}

static void user_page(void)
{
	pages[2].leaf |= PTE_USER;
}

static void user_table(void)
{
	pages[3].tables |= PTE_USER;
}

static void writable_text(void)
{
	pages[0].leaf |= PTE_WRITE;
}

static void executable_data(void)
{
	pages[1].leaf &= ~PTE_NO_EXECUTE;
}

static void text_that_is_none(void)
{
	pages[0].leaf |= PTE_NO_EXECUTE;
}

static void writable_constants(void)
{
	pages[1].leaf |= PTE_WRITE;
}

static void text_seen_twice(void)
{
	pages[4].leaf &= ~0x400000ull;
}

static void stack_without_guard(void)
{
	map(STACKS + 0x3000, DATA_FRAME + 0x3000, PTE_WRITE | PTE_NO_EXECUTE);
}

static void large_page_over_guards(void)
{
	pages[3].level = 2;
	pages[3].leaf |= PTE_LARGE;
}

static void guard_page_mapped(void)
{
	map(GUARD, DATA_FRAME + 0x3000, PTE_WRITE | PTE_NO_EXECUTE);
}

/* catches: a rule that cannot fail, a level that is not looked at */
static void test_each_rule(void **state)
{
	static const struct {
		void (*violate)(void);
		const char *fault;
	} cases[] = {
		{user_page, "is open to user mode"},
		{user_table, "is open to user mode"},
		{writable_text, "is writable and executable"},
		{executable_data, "is executable and no text"},
		{text_that_is_none, "is text and not executable"},
		{writable_constants, "is read-only data and writable"},
		{text_seen_twice, "is a second address of kernel text"},
		{stack_without_guard, "is the guard below a kernel stack and mapped"},
		{large_page_over_guards, "is the guard below a kernel stack and mapped"},
		{guard_page_mapped, "is a guard page and mapped"},
	};

	(void)state;
	start();
	assert_null(check());
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start();
		cases[i].violate();
		assert_string_equal(check() ? check() : "nothing", cases[i].fault);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_rule),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
