/*
 * bare.c - processes that were made without a thread: a copy of another one, or an image waiting
 * for NtCreateThreadEx. How they come to be, and how they end if they never get a thread.
 *
 * A bare process is on no list and runs nowhere; handles are all that leads to it. When the last
 * one is closed, or it is terminated, there is no last thread to take it down, so the closer does.
 * Taking it down closes its own handles, which may be the last ones of other bare processes: these
 * queue up instead of going one inside the other.
 */
#include "process_private.h"

static struct mutex doomed_lock = MUTEX_INIT("bare processes", RANK_PROCESS);
/* (doomed_lock) linked by `all`, with a reference each; `draining`: somebody is at it */
static TAILQ_HEAD(doomed_list, process) doomed = TAILQ_HEAD_INITIALIZER(doomed);
static bool draining;

/* ---- the copy of a process ---- */

NTSTATUS process_populate_clone(struct process *process, const struct process_request *request)
{
	struct process *parent = request->parent;
	struct address_space *space;
	NTSTATUS status = space_create(&process->space);

	if (NT_SUCCESS(status))
		status = process_space_pin(parent, &space);
	if (!NT_SUCCESS(status))
		return status;
	status = space_clone(space, process->space);
	process_space_unpin(parent);
	process->peb = parent->peb;
	process->ntdll_base = parent->ntdll_base;
	process->image_base = parent->image_base;
	process->image_entry = parent->image_entry;
	process->image = parent->image;
	if (NT_SUCCESS(status) && request->inherit_handles)
		status = handle_table_inherit(&parent->handles, &process->handles);
	return status;
}

/* ---- the end ---- */

/* From here on it gets no thread. False: it has one, had one, or ends already. */
static bool claim(struct process *process, NTSTATUS status)
{
	bool claimed;

	mutex_lock(&process->lock);
	claimed = !process->exiting && process->thread_count == 0;
	if (claimed) {
		process->exiting = true;
		process->exit_status = status;
	}
	mutex_unlock(&process->lock);
	return claimed;
}

static struct process *doomed_next(void)
{
	struct process *process;

	mutex_lock(&doomed_lock);
	process = TAILQ_FIRST(&doomed);
	if (process)
		TAILQ_REMOVE(&doomed, process, all);
	else
		draining = false;
	mutex_unlock(&doomed_lock);
	return process;
}

bool process_end_bare(struct process *process, NTSTATUS status)
{
	bool is_mine;

	if (!claim(process, status))
		return false;
	object_reference(process);
	mutex_lock(&doomed_lock);
	KASSERT(!process->listed);
	TAILQ_INSERT_TAIL(&doomed, process, all);
	is_mine = !draining;
	draining = true;
	mutex_unlock(&doomed_lock);
	while (is_mine && (process = doomed_next()) != NULL) {
		process_tear_down(process);
		waitable_signal_and_release(&process->header);
	}
	return true;
}
