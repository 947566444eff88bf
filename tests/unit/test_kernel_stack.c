/*
 * test_kernel_stack.c - kernel stacks: their pages, the guard pages between, and what is left when
 * memory or addresses end in the middle of making one.
 */
#include "vm_fixture.h"

#include "arch/arch.h"

#define STACK_PAGES bytes_to_pages(KERNEL_STACK_BYTES)
#define MANY 5000u

static pte_t word_of(vaddr_t va)
{
	pte_t *slot = pt_slot(arch_kernel_root(), va, 1, NULL);

	return slot ? pt_read(slot) : pte_none();
}

static uint64_t free_frames(void)
{
	return frame_count(FRAME_FREE) + frame_count(FRAME_ZEROED);
}

/* catches: a guard page that is mapped; pages that stay when the stack goes */
static void test_pages_and_guards(void **state)
{
	uint64_t pages = kernel_stack_free_pages();
	uint8_t *first = kernel_stack_alloc(), *second = kernel_stack_alloc();

	(void)state;
	assert_non_null(first);
	assert_non_null(second);
	for (unsigned i = 0; i < STACK_PAGES; i++)
		assert_int_equal(pte_kind(word_of((vaddr_t)first + pages_to_bytes(i))), PTE_VALID);
	for (unsigned i = 1; i <= STACK_PAGES; i++) /* the other half of its slot */
		assert_int_not_equal(pte_kind(word_of((vaddr_t)first - pages_to_bytes(i))),
				     PTE_VALID);
	assert_int_not_equal(pte_kind(word_of((vaddr_t)first + KERNEL_STACK_BYTES)), PTE_VALID);
	assert_int_equal(kernel_stack_free_pages(), pages - 2 * STACK_PAGES);
	kernel_stack_free(first);
	assert_int_not_equal(pte_kind(word_of((vaddr_t)first)), PTE_VALID);
	assert_ptr_equal(kernel_stack_alloc(), first);
	kernel_stack_free(first);
	kernel_stack_free(second);
	assert_int_equal(kernel_stack_free_pages(), pages);
}

/* catches: frames, or the place, lost when a stack could be made in part only */
static void test_shortage_of_frames(void **state)
{
	static struct hoard hoard;
	uint64_t pages = kernel_stack_free_pages(), before = free_frames();
	uint64_t tables = kernel_stack_table_frames();
	unsigned failures = 0;
	void *stack = NULL;

	(void)state;
	for (; !stack; failures++) {
		hoard_begin(&hoard, failures);
		stack = kernel_stack_alloc();
		hoard_end(&hoard);
		if (stack)
			break;
		assert_int_equal(kernel_stack_free_pages(), pages);
		assert_int_equal(free_frames() + kernel_stack_table_frames(), before + tables);
		mm_check();
	}
	assert_true(failures >= STACK_PAGES);
	kernel_stack_free(stack);
	assert_int_equal(free_frames() + kernel_stack_table_frames(), before + tables);
}

/* catches: a stack beyond the last place, or two in the last one */
static void test_shortage_of_addresses(void **state)
{
	static void *stacks[MANY];
	unsigned count = 0;

	(void)state;
	while (count < MANY && (stacks[count] = kernel_stack_alloc()) != NULL)
		count++;
	assert_true(count > 0 && count < MANY);
	assert_int_equal(kernel_stack_free_pages(), 0);
	for (unsigned i = 0; i < count; i++)
		kernel_stack_free(stacks[i]);
}

static int large_setup(void **state)
{
	(void)state;
	vm_start(96u << 20);
	return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, vm_setup, vm_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_pages_and_guards),
		TEST(test_shortage_of_frames),
		cmocka_unit_test_setup_teardown(test_shortage_of_addresses, large_setup,
						vm_teardown),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
