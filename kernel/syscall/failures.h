/*
 * failures.h - QUIRE_SYSTEM_FAILURES: plans of failures for threads, and what became of them
 * (kernel/core/fail.h). The class exists in debug kernels only.
 */
#pragma once

#include "system_query.h"

#ifdef QUIRE_DEBUG
/* NtSetSystemInformation's arguments. => returns: STATUS_INFO_LENGTH_MISMATCH, ... */
NTSTATUS failures_set(const uint64_t *arguments) MUST_CHECK;
NTSTATUS query_failures(const struct system_query *query) MUST_CHECK;
#endif
