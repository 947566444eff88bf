/*
 * map_rules.h - what the kernel half of the page tables must never say. Pure: the tables come
 * through `peek`, so each rule is tested with tables that break it (tests/unit/test_map_rules.c).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "arch/pte.h"

struct map_rules {
	vaddr_t text, text_end;		      /* the only executable pages, and read-only */
	paddr_t text_frames, text_frames_end; /* which nobody else may map */
	vaddr_t read_only, read_only_end;     /* data that is never written */
	vaddr_t stacks, stacks_end;	      /* slots: the lower part of each is never mapped */
	uint64_t stack_slot_bytes, stack_guard_bytes;
	const vaddr_t *guards; /* single pages that are not mapped */
	size_t guard_count;
	/* The entry of the level for `va`; false if there is no such table. */
	bool (*peek)(vaddr_t va, unsigned level, pte_t *entry);
};

/*
 * Walks the kernel half, all levels.
 * => returns: what is wrong, and where (*at); NULL if nothing is.
 */
const char *map_rules_check(const struct map_rules *rules, vaddr_t *at);
