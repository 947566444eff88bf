/*
 * residence.h - pages that are locked in memory (nt-semantics 5.6), for the files of kernel/mm.
 */
#pragma once

#include "types.h"

/* The pages that one process may have locked: 1 MiB. Beyond: STATUS_WORKING_SET_QUOTA. */
#define LOCKED_PAGES_MAX 256u

/* Locked pages of [start, end). Needs the space's lock. */
uint64_t residence_count(struct address_space *space, vaddr_t start, vaddr_t end);
