/*
 * trim.h - taking pages out of the memory of processes.
 */
#pragma once

#include "types.h"

/*
 * Takes up to `wanted` pages from the space, chosen by the replacement policy (replace.h). Their
 * frames become STANDBY or MODIFIED, unless others map them. Locked pages and large pages stay.
 * => locks: below RANK_ADDRESS_SPACE. => may sleep: for the space's lock. => returns: how many.
 */
unsigned space_trim(struct address_space *space, unsigned wanted);

/*
 * The same, but for one page (its first address), which a fault has just brought: taken before it
 * is used, it would be brought again, and again.
 */
unsigned space_trim_but(struct address_space *space, unsigned wanted, vaddr_t spared);

/*
 * The same from all spaces in turn, from each in proportion to what it has above its minimum.
 * => locks: none may be held. => returns: how many; 0: no process has a page that can be taken.
 */
unsigned spaces_trim(unsigned wanted);

/* Pages trimmed since the start. */
uint64_t trim_total(void);
