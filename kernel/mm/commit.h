/*
 * commit.h - the promise of memory: charged at the call, so that a fault never finds it missing.
 *
 * Charged pages: private memory that is committed, copy-on-write pages of views, page-file
 * sections. The limit is the page file and what is left of RAM beside the kernel, its tables and a
 * reserve for the tables that the promised pages will need.
 */
#pragma once

#include "kernel/lib/annotate.h"
#include "nt/ntstatus.h"

/*
 * => returns: STATUS_SUCCESS or STATUS_COMMITMENT_LIMIT (nothing charged). 0 pages always succeed.
 */
NTSTATUS commit_charge(uint64_t pages) MUST_CHECK;
void commit_release(uint64_t pages);

uint64_t commit_used(void);
uint64_t commit_peak(void);
uint64_t commit_limit(void);
