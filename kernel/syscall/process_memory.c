/*
 * process_memory.c - the memory of a process: its counters, and the limits of its working set.
 */
#include "process_memory.h"

#include "kernel/lib/string.h"

/* A smaller minimum is raised to this (SetProcessWorkingSetSize). */
#define MINIMUM_AT_LEAST_PAGES 20u

/* ---- counters ---- */

/* Of a process that is gone, all of them are 0; no pool is charged to any process. */
NTSTATUS query_vm_counters(const struct information_query *query)
{
	struct process *process = query->object;
	struct space_counters counters = {0};
	struct nt_vm_counters_ex result = {0};
	struct address_space *space;

	if (NT_SUCCESS(process_space_pin(process, &space))) {
		mm_space_counters(space, &counters);
		process_space_unpin(process);
	}
	result.private_usage = pages_to_bytes(counters.commit_pages);
	result.counters = (struct nt_vm_counters){
		.peak_virtual_size = counters.peak_virtual_bytes,
		.virtual_size = counters.virtual_bytes,
		.page_fault_count = (uint32_t)counters.faults,
		.peak_working_set_size = pages_to_bytes(counters.peak_resident_pages),
		.working_set_size = pages_to_bytes(counters.resident_pages),
		.pagefile_usage = pages_to_bytes(counters.commit_pages),
		.peak_pagefile_usage = pages_to_bytes(counters.peak_commit_pages),
	};
	return answer(query, &result, query->length_bytes);
}

NTSTATUS query_fault_counts(const struct information_query *query)
{
	struct process *process = query->object;
	struct quire_fault_counts counts = {0};
	struct address_space *space;

	if (NT_SUCCESS(process_space_pin(process, &space))) {
		mm_space_information(space, &counts);
		process_space_unpin(process);
	}
	counts.handles = handle_count(&process->handles);
	return answer(query, &counts, sizeof(counts));
}

/* ---- the working set ---- */

NTSTATUS query_quota_limits(const struct information_query *query)
{
	struct process *process = query->object;
	struct working_set_limits limits;
	struct address_space *space;
	struct nt_quota_limits_ex result = {0};
	NTSTATUS status = process_space_pin(process, &space);

	if (!NT_SUCCESS(status))
		return status;
	space_read_limits(space, &limits);
	process_space_unpin(process);
	result.limits = (struct nt_quota_limits){
		.paged_pool_limit = UINT64_MAX,
		.non_paged_pool_limit = UINT64_MAX,
		.minimum_working_set_size = pages_to_bytes(limits.minimum_pages),
		.maximum_working_set_size = pages_to_bytes(limits.maximum_pages),
		.pagefile_limit = UINT64_MAX,
		.time_limit = UINT64_MAX,
	};
	result.flags = limits.hard_minimum ? QUOTA_LIMITS_HARDWS_MIN_ENABLE
					   : QUOTA_LIMITS_HARDWS_MIN_DISABLE;
	result.flags |= limits.hard_maximum ? QUOTA_LIMITS_HARDWS_MAX_ENABLE
					    : QUOTA_LIMITS_HARDWS_MAX_DISABLE;
	return answer(query, &result, query->length_bytes);
}

/* The value may be the short structure; what it lacks is 0. */
static struct nt_quota_limits_ex quota_limits(const struct information_setting *setting)
{
	struct nt_quota_limits_ex limits;

	_Static_assert(sizeof(limits) <= SETTING_BYTES, "QUOTA_LIMITS_EX fits");
	memcpy(&limits, setting->value, sizeof(limits));
	return limits;
}

NTSTATUS quota_limits_decode(struct information_setting *setting)
{
	const uint32_t minimum = QUOTA_LIMITS_HARDWS_MIN_ENABLE | QUOTA_LIMITS_HARDWS_MIN_DISABLE;
	const uint32_t maximum = QUOTA_LIMITS_HARDWS_MAX_ENABLE | QUOTA_LIMITS_HARDWS_MAX_DISABLE;
	const struct nt_quota_limits_ex limits = quota_limits(setting);

	if ((limits.flags & ~(minimum | maximum)) || (limits.flags & minimum) == minimum ||
	    (limits.flags & maximum) == maximum)
		return STATUS_INVALID_PARAMETER;
	if (limits.working_set_limit || limits.reserved[0] || limits.reserved[1] ||
	    limits.reserved[2] || limits.cpu_rate_limit)
		return STATUS_INVALID_PARAMETER;
	return STATUS_SUCCESS;
}

/* *value: changed by the flags that turn it on and off, if one is there. */
static void hardness_change(bool *value, uint32_t flags, uint32_t enable, uint32_t disable)
{
	*value = (flags & enable) || (*value && !(flags & disable));
}

/* => returns: STATUS_WORKING_SET_LIMIT_RANGE, a success: a limit was not as asked for. */
static NTSTATUS limits_bound(struct working_set_limits *limits)
{
	struct quire_memory memory = {0};
	NTSTATUS status = STATUS_SUCCESS;

	if (limits->minimum_pages > limits->maximum_pages)
		return STATUS_BAD_WORKING_SET_LIMIT;
	mm_memory_information(&memory);
	if (limits->maximum_pages > memory.frames_total) {
		limits->maximum_pages = memory.frames_total;
		status = STATUS_WORKING_SET_LIMIT_RANGE;
	}
	if (limits->minimum_pages < MINIMUM_AT_LEAST_PAGES) {
		limits->minimum_pages = MINIMUM_AT_LEAST_PAGES;
		status = STATUS_WORKING_SET_LIMIT_RANGE;
	}
	if (limits->minimum_pages > limits->maximum_pages) {
		limits->minimum_pages = limits->maximum_pages;
		status = STATUS_WORKING_SET_LIMIT_RANGE;
	}
	return status;
}

static NTSTATUS limits_change(struct address_space *space, const struct nt_quota_limits_ex *asked)
{
	struct working_set_limits limits;
	NTSTATUS bound_status, status;

	space_read_limits(space, &limits);
	limits.minimum_pages = page_of(asked->limits.minimum_working_set_size);
	limits.maximum_pages = page_of(asked->limits.maximum_working_set_size);
	hardness_change(&limits.hard_minimum, asked->flags, QUOTA_LIMITS_HARDWS_MIN_ENABLE,
			QUOTA_LIMITS_HARDWS_MIN_DISABLE);
	hardness_change(&limits.hard_maximum, asked->flags, QUOTA_LIMITS_HARDWS_MAX_ENABLE,
			QUOTA_LIMITS_HARDWS_MAX_DISABLE);
	bound_status = limits_bound(&limits);
	if (!NT_SUCCESS(bound_status))
		return bound_status;
	status = space_set_limits(space, &limits);
	return NT_SUCCESS(status) ? bound_status : status;
}

/* Of the quotas only the working set's may be set: nobody has the privilege that others need. */
NTSTATUS set_quota_limits(void *object, const struct information_setting *setting)
{
	const struct nt_quota_limits_ex asked = quota_limits(setting);
	const uint64_t minimum = asked.limits.minimum_working_set_size;
	const uint64_t maximum = asked.limits.maximum_working_set_size;
	struct process *process = object;
	struct address_space *space;
	NTSTATUS status;

	if (!minimum || !maximum)
		return STATUS_PRIVILEGE_NOT_HELD;
	status = process_space_pin(process, &space);
	if (!NT_SUCCESS(status))
		return status;
	if (minimum == UINT64_MAX && maximum == UINT64_MAX)
		space_empty(space);
	else
		status = limits_change(space, &asked);
	process_space_unpin(process);
	return status;
}
