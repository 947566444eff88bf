/*
 * unchanged.c - see unchanged.h.
 */
#include "unchanged.h"

#include "kernel/lib/string.h"

/* What says that somebody else may have changed something. */
static void others_read(struct call_state *state)
{
	state->guard_faults = atomic_load(&process_current()->space->faults[QUIRE_FAULT_GUARD]);
	state->run_ticks = thread_run_ticks(thread_current());
}

void call_state_read(struct call_state *state)
{
	struct process *process = process_current();

	others_read(state);
	state->space = space_hash(process->space);
	state->handles = handle_table_hash(&process->handles);
}

/* Failures that leave something changed by design. */
static bool is_exception(const char *name, const uint64_t *arguments)
{
	/* the source is closed whatever becomes of the duplication (nt-semantics 6.2) */
	return strcmp(name, "NtDuplicateObject") == 0 && (arguments[6] & DUPLICATE_CLOSE_SOURCE);
}

void call_state_check(const struct call_state *before, const char *name, const uint64_t *arguments,
		      NTSTATUS status)
{
	struct call_state after;

	if (NT_SUCCESS(status) || is_exception(name, arguments))
		return;
	call_state_read(&after);
	others_read(&after); /* once more: another thread may have run between the hashes too */
	if (after.run_ticks != before->run_ticks || after.guard_faults != before->guard_faults)
		return;
	if (after.space != before->space)
		panic("%s failed with 0x%x and changed the address space", name, (unsigned)status);
	if (after.handles != before->handles)
		panic("%s failed with 0x%x and changed the handles", name, (unsigned)status);
}
