/*
 * sweep.h - interrupts at chosen instructions, for tests (QUIRE_SYSTEM_SWEEP). Debug kernel only.
 */
#pragma once

#include "system_query.h"

#ifdef QUIRE_DEBUG
/* NtSetSystemInformation's; the buffer is probed. */
NTSTATUS sweep_arm(vaddr_t buffer, uint32_t length_bytes) MUST_CHECK;
/* NtQuerySystemInformation's. */
NTSTATUS query_sweep(const struct system_query *query) MUST_CHECK;
#endif
