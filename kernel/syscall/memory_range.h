/*
 * memory_range.h - the pair of in/out parameters that most memory calls have: base and size.
 */
#pragma once

#include "arch/arch.h"
#include "kernel/lib/annotate.h"
#include "nt/ntstatus.h"

struct memory_range {
	vaddr_t base_address, size_address; /* where the user has them */
	vaddr_t base;
	uint64_t size_bytes;
};

/* Probes both for writing and reads them. */
NTSTATUS range_capture(struct memory_range *range) MUST_CHECK;
NTSTATUS range_write(const struct memory_range *range) MUST_CHECK;
/*
 * The same for what has been done and cannot be undone: if the memory went away since it was
 * probed, the call has succeeded all the same (as NT's handlers of these stores have it).
 */
void range_tell(const struct memory_range *range);
