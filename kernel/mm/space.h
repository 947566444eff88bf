/*
 * space.h - an address space's own bookkeeping, for the files of kernel/mm.
 */
#pragma once

#include "types.h"

/*
 * The space's charge changed by `pages` (the global charge is commit.h's). Needs the space's lock.
 */
void space_commit_changed(struct address_space *space, int64_t pages);

/* Every address space, for mm_check. Calls visit with the list locked; visit may lock the space. */
void space_for_each(void (*visit)(struct address_space *space, void *context), void *context);

/*
 * Visits the spaces in turn, from where the last call ended, each once, until `visit` returns
 * false. Locks as above.
 */
void space_visit_in_turn(bool (*visit)(struct address_space *space, void *context), void *context);
