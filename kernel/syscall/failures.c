/*
 * failures.c - see failures.h. The calls pause the caller's plan: they meet no points themselves.
 */
#include "failures.h"

#ifdef QUIRE_DEBUG

#include "kernel/core/fail.h"
#include "kernel/core/panic.h"
#include "kernel/lib/print.h"
#include "kernel/lib/string.h"
#include "kernel/mm/user_memory.h"

static NTSTATUS plan_give(const struct quire_failure_plan *plan)
{
	struct user_thread *thread;
	NTSTATUS status;

	if (!plan->thread) {
		fail_plan_set(thread_current(), plan->kinds, plan->first, plan->second);
		return STATUS_SUCCESS;
	}
	status = process_reference_by_handle(plan->thread, &thread_type, 0, &thread, NULL);
	if (!NT_SUCCESS(status))
		return status;
	fail_plan_set(&thread->thread, plan->kinds, plan->first, plan->second);
	object_release(thread);
	return STATUS_SUCCESS;
}

/* The end of the caller's plan leaves what there is to see of it. */
static NTSTATUS plan_set(const struct quire_failure_plan *plan)
{
	static bool is_recording;

	if (plan->forget || !is_recording)
		fail_record();
	is_recording = true;
	if (plan->kinds || plan->thread)
		return plan_give(plan);
	thread_current()->fail.kinds = 0;
	return STATUS_SUCCESS;
}

NTSTATUS failures_set(const uint64_t *arguments)
{
	struct fail_plan *own = &thread_current()->fail;
	struct quire_failure_plan plan;
	NTSTATUS status;

	if ((uint32_t)arguments[2] != sizeof(plan))
		return STATUS_INFO_LENGTH_MISMATCH;
	own->is_paused = true;
	status = copy_in(&plan, arguments[1], sizeof(plan));
	if (NT_SUCCESS(status))
		status = plan_set(&plan);
	own->is_paused = false;
	return status;
}

/* ---- what became of it ---- */

static void calls_format(const struct fail_chain *chain, char *text, unsigned capacity)
{
	unsigned length = 0;

	for (unsigned i = 0; i < FAIL_CALLS && chain->addresses[i] && length + 1 < capacity; i++) {
		if (i > 0)
			text[length++] = ' ';
		symbol_format(text + length, capacity - length, chain->addresses[i] - 1);
		length += (unsigned)strlen(text + length);
	}
}

/* The chains that never failed go to the buffer at `offset`, as many as fit. */
static NTSTATUS chains_tell(const struct system_query *query, uint64_t offset,
			    struct quire_failures *result)
{
	struct quire_failure_chain told;
	struct fail_chain chain;
	NTSTATUS status = STATUS_SUCCESS;
	uint32_t index = 0;

	while (fail_chain_next(&index, &chain)) {
		result->chains_seen++;
		result->chains_failed += chain.failed != 0;
		if (chain.failed || offset + sizeof(told) > query->length_bytes ||
		    !NT_SUCCESS(status))
			continue;
		told = (struct quire_failure_chain){.kind = chain.kind, .seen = chain.seen};
		calls_format(&chain, told.calls, sizeof(told.calls));
		status = copy_out(query->buffer + offset, &told, sizeof(told));
		offset += sizeof(told);
	}
	return status;
}

NTSTATUS query_failures(const struct system_query *query)
{
	struct fail_plan *plan = &thread_current()->fail;
	struct quire_failures result = {
		.reached = plan->reached,
		.failed = plan->failed,
		.fresh = plan->fresh,
		.kinds = plan->failed_kinds,
		.total = fail_count(),
		.chains_lost = fail_chains_lost(),
	};
	NTSTATUS status;

	plan->is_paused = true;
	status = chains_tell(query, sizeof(result), &result);
	if (NT_SUCCESS(status))
		status = copy_out(query->buffer, &result, sizeof(result));
	plan->is_paused = false;
	return query_length(status, sizeof(result), query->return_length, 4);
}

#endif
