/*
 * test_kernel_stack.c - stacks of threads in the kernel: all of a stack is mapped, nothing of the
 * other half of its slot is, and a stack given back leaves neither.
 */
#include "vm_fixture.h"

#include "kernel/mm/page_table.h"

#define STACKS 5

static bool is_mapped(vaddr_t va)
{
	const pte_t *slot = pt_slot(arch_kernel_root(), va, 1, NULL);

	return slot && pte_kind(pt_read(slot)) == PTE_VALID;
}

static unsigned mapped_pages(vaddr_t start)
{
	unsigned count = 0;

	for (vaddr_t va = start; va < start + KERNEL_STACK_BYTES; va += PAGE_SIZE)
		count += is_mapped(va);
	return count;
}

static void test_below_each_stack_is_nothing(void **state)
{
	const unsigned pages = KERNEL_STACK_BYTES / PAGE_SIZE;
	void *stacks[STACKS];

	(void)state;
	for (unsigned i = 0; i < STACKS; i++) {
		stacks[i] = kernel_stack_alloc();
		assert_non_null(stacks[i]);
	}
	for (unsigned i = 0; i < STACKS; i++) {
		vaddr_t stack = (vaddr_t)stacks[i];

		assert_int_equal(mapped_pages(stack), pages);
		assert_int_equal(mapped_pages(stack - KERNEL_STACK_BYTES), 0);
	}
	for (unsigned i = 0; i < STACKS; i++) {
		kernel_stack_free(stacks[i]);
		assert_int_equal(mapped_pages((vaddr_t)stacks[i]), 0);
	}
}

static void test_every_page_may_be_missing(void **state)
{
	static struct hoard hoard;
	void *stack = kernel_stack_alloc(); /* its page tables stay */
	uint64_t free_pages = kernel_stack_free_pages();

	(void)state;
	kernel_stack_free(stack);
	for (unsigned pages = 0; pages <= KERNEL_STACK_BYTES / PAGE_SIZE; pages++) {
		uint64_t frames = frame_count(FRAME_KERNEL);

		hoard_begin(&hoard, pages);
		stack = kernel_stack_alloc();
		hoard_end(&hoard);
		assert_int_equal(stack != NULL, pages == KERNEL_STACK_BYTES / PAGE_SIZE);
		if (!stack)
			assert_int_equal(frame_count(FRAME_KERNEL), frames);
	}
	assert_int_equal(kernel_stack_free_pages(), free_pages);
	kernel_stack_free(stack);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_below_each_stack_is_nothing, vm_setup,
						vm_teardown),
		cmocka_unit_test_setup_teardown(test_every_page_may_be_missing, vm_setup,
						vm_teardown),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("kernel stack", tests, NULL, NULL);
}
