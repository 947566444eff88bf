/*
 * memory_parameters.h - arrays of MEM_EXTENDED_PARAMETER, copied from the user and judged
 * (nt-semantics 3.2, 3.5, 5.1.4).
 */
#pragma once

#include "kernel/mm/types.h"

/* What an array says, with every field filled in, also for an empty one. */
struct memory_parameters {
	struct memory_requirements where;
	/* some address requirement is not zero: does not go with an address of the caller's */
	bool is_placed;
};

/*
 * The parameters of NtAllocateVirtualMemoryEx and NtMapViewOfSectionEx. Of the address
 * requirements, all are honoured; there is one NUMA node, 0; partitions, physical pages, attribute
 * flags and foreign machines do not exist.
 * => returns: STATUS_INVALID_PARAMETER (no array; type 0, unknown, or given twice; reserved bits;
 *    requirements that contradict each other), STATUS_ACCESS_VIOLATION, STATUS_NOT_SUPPORTED.
 */
NTSTATUS memory_parameters_capture(vaddr_t array, uint32_t count,
				   struct memory_parameters *result) MUST_CHECK;

/*
 * The parameters of NtCreateSectionEx: they are only checked, since none changes what a section is
 * here. => returns: as above.
 */
NTSTATUS section_parameters_check(vaddr_t array, uint32_t count) MUST_CHECK;
