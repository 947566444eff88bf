/*
 * process_memory.h - the classes of NtQueryInformationProcess and NtSetInformationProcess that are
 * about memory (process_memory.c); sys_process_information.c has the tables.
 */
#pragma once

#include "information.h"

NTSTATUS query_vm_counters(const struct information_query *query) MUST_CHECK;
NTSTATUS query_fault_counts(const struct information_query *query) MUST_CHECK;
NTSTATUS query_quota_limits(const struct information_query *query) MUST_CHECK;

/*
 * Flags that contradict each other or are unknown, and reserved fields that are not 0, are
 * STATUS_INVALID_PARAMETER. (ReactOS' tests and code; nt-semantics has no such call.)
 */
NTSTATUS quota_limits_decode(struct information_setting *setting) MUST_CHECK;
NTSTATUS set_quota_limits(void *object, const struct information_setting *setting) MUST_CHECK;
