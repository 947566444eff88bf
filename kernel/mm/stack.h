/*
 * stack.h - guard pages, and stacks that grow over them (nt-semantics 5.9, 5.10).
 */
#pragma once

#include "types.h"

/*
 * Takes PAGE_GUARD off the page. Needs the space's lock. => returns: STATUS_INSUFFICIENT_RESOURCES
 * when the region cannot be split.
 */
NTSTATUS guard_remove(struct address_space *space, vaddr_t va) MUST_CHECK;

/*
 * The guard page of a stack was touched: it becomes an ordinary page and the page below it the
 * guard. Needs the space's lock. *limit: the new StackLimit, 0 if it is as before. => returns:
 * STATUS_STACK_OVERFLOW when only the lowest page is left below that (there is no guard then, and
 * both pages are a handler's), or when memory is short (nothing changed).
 */
NTSTATUS stack_grow(struct address_space *space, vaddr_t va, vaddr_t *limit) MUST_CHECK;

/*
 * Writes the new lowest address into the current thread's TEB (StackLimit), if the space is its
 * own. No lock held.
 */
void stack_limit_publish(struct address_space *space, vaddr_t limit);
