/*
 * process.c - the process object: identity, the list, termination and tear-down.
 *
 * Creation is in create.c, threads are in thread.c. README.md tells the whole protocol; the rules
 * that this file keeps:
 *   - `threads` holds every thread that can still run in the space, suspended ones too. Whoever
 *     takes the last one out tears the process down; nobody else touches handles, space or list.
 *   - A call that works in another process' space pins it (process_space_pin); tear-down waits for
 *     the pins.
 */
#include "process_private.h"

#include "kernel/lib/string.h"

static struct mutex list_lock; /* RANK_PROCESS; never together with a process' lock */
static TAILQ_HEAD(process_list, process) processes = TAILQ_HEAD_INITIALIZER(processes); /* by id */

/*
 * (K): pins and the closing of spaces. The address of `space_pins` is the channel of who waits for
 * the last unpin.
 */
static struct spinlock pin_lock = SPINLOCK_INIT("space pins", RANK_OBJECT);

static atomic_uint_fast64_t last_id;

static void process_delete(struct object *object);
static void process_handle_closed(struct object *object, uint32_t remaining);

struct object_type process_type = {
	.name = "Process",
	.body_bytes = sizeof(struct process),
	.valid_access = PROCESS_ALL_ACCESS,
	.generic_read = STANDARD_RIGHTS_READ | PROCESS_VM_READ | PROCESS_QUERY_INFORMATION |
			PROCESS_QUERY_LIMITED_INFORMATION,
	.generic_write = STANDARD_RIGHTS_WRITE | PROCESS_CREATE_PROCESS | PROCESS_CREATE_THREAD |
			 PROCESS_VM_OPERATION | PROCESS_VM_WRITE | PROCESS_DUP_HANDLE |
			 PROCESS_SET_INFORMATION | PROCESS_SUSPEND_RESUME,
	.generic_execute = STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE | PROCESS_TERMINATE |
			   PROCESS_QUERY_LIMITED_INFORMATION,
	.generic_all = PROCESS_ALL_ACCESS,
	.waitable = true,
	.delete = process_delete,
	.close = process_handle_closed,
};

static void process_delete(struct object *object)
{
	struct process *process = (struct process *)object;

	KASSERT(!process->space && TAILQ_EMPTY(&process->threads) && !process->listed);
}

/* Nobody can give it a thread any more. */
static void process_handle_closed(struct object *object, uint32_t remaining)
{
	if (remaining == 0)
		process_end_bare((struct process *)object, STATUS_SUCCESS);
}

void process_system_init(void)
{
	mutex_init(&list_lock, "process list", RANK_PROCESS);
	object_type_register(&process_type);
	object_type_register(&thread_type);
}

uint64_t client_id_next(void)
{
	return 4 * (atomic_fetch_add(&last_id, 1) + 1);
}

/* ---- the list ---- */

void process_list_insert(struct process *process)
{
	struct process *other;

	mutex_lock(&list_lock);
	if (process->listed || process->delisted) {
		mutex_unlock(&list_lock);
		return;
	}
	/*
	 * Ids are given before the image is mapped, so a younger process may have been listed
	 * first.
	 */
	TAILQ_FOREACH_REVERSE(other, &processes, process_list, all)
	{
		if (other->id < process->id)
			break;
	}
	if (other)
		TAILQ_INSERT_AFTER(&processes, other, process, all);
	else
		TAILQ_INSERT_HEAD(&processes, process, all);
	process->listed = true;
	mutex_unlock(&list_lock);
}

static void process_list_remove(struct process *process)
{
	mutex_lock(&list_lock);
	if (process->listed)
		TAILQ_REMOVE(&processes, process, all);
	process->listed = false;
	process->delisted = true;
	mutex_unlock(&list_lock);
}

struct process *process_reference_next(uint64_t id)
{
	struct process *process;

	mutex_lock(&list_lock);
	TAILQ_FOREACH (process, &processes, all) {
		if (process->id > id)
			break;
	}
	/* Listed: its threads hold references, so the count is not zero. */
	if (process)
		object_reference(process);
	mutex_unlock(&list_lock);
	return process;
}

NTSTATUS process_reference_by_id(uint64_t id, struct process **result)
{
	struct process *process;

	if (id == 0)
		return STATUS_INVALID_CID;
	process = process_reference_next(id - 1);
	if (!process)
		return STATUS_INVALID_CID;
	if (process->id != id) {
		object_release(process);
		return STATUS_INVALID_CID;
	}
	*result = process;
	return STATUS_SUCCESS;
}

NTSTATUS process_reference_by_handle(handle_t handle, const struct object_type *type,
				     access_mask_t desired, void *object_out,
				     access_mask_t *granted)
{
	struct object *object;
	access_mask_t all;

	if (handle == CURRENT_PROCESS) {
		object = &process_current()->header;
		all = PROCESS_ALL_ACCESS;
	} else if (handle == CURRENT_THREAD) {
		object = &user_thread_current()->header;
		all = THREAD_ALL_ACCESS;
	} else {
		return handle_reference(&process_current()->handles, handle, type, desired,
					object_out, granted);
	}
	if (type && object->type != type)
		return STATUS_OBJECT_TYPE_MISMATCH;
	if (desired & ~all)
		return STATUS_ACCESS_DENIED;
	object_reference(object);
	*(void **)object_out = object;
	if (granted)
		*granted = all;
	return STATUS_SUCCESS;
}

/* ---- the address space of a process that may be leaving ---- */

NTSTATUS process_space_pin(struct process *process, struct address_space **space)
{
	bool closed;

	spin_lock(&pin_lock);
	closed = process->space_closed;
	if (!closed)
		process->space_pins++;
	spin_unlock(&pin_lock);
	if (closed)
		return STATUS_PROCESS_IS_TERMINATING;
	*space = process->space;
	return STATUS_SUCCESS;
}

void process_space_unpin(struct process *process)
{
	spin_lock(&pin_lock);
	KASSERT(process->space_pins > 0);
	process->space_pins--;
	if (process->space_pins == 0)
		thread_wake(&process->space_pins);
	spin_unlock(&pin_lock);
}

/* Waits until nobody works in the space any more; the caller destroys it. */
static struct address_space *process_space_close(struct process *process)
{
	struct address_space *space;

	spin_lock(&pin_lock);
	KASSERT(!process->space_closed);
	process->space_closed = true;
	while (process->space_pins) {
		NTSTATUS status =
			thread_sleep(&process->space_pins, &pin_lock, TIME_FOREVER, false);

		KASSERT(status == STATUS_SUCCESS);
	}
	space = process->space;
	process->space = NULL;
	spin_unlock(&pin_lock);
	return space;
}

/* ---- the end ---- */

void process_tear_down(struct process *process)
{
	struct address_space *space;

	KASSERT(TAILQ_EMPTY(&process->threads));
	KASSERT(!process->space || thread_current()->space != process->space);
	handle_table_destroy(&process->handles);
	space = process_space_close(process);
	if (space)
		space_destroy(space);
	process_list_remove(process);
}

void process_abandon(struct process *process)
{
	process_end_bare(process, STATUS_PROCESS_IS_TERMINATING);
	object_release(process);
}

/* Marks `thread`; one that never ran is started, for a thread ends only itself. */
static void thread_condemn_locked(struct user_thread *thread, NTSTATUS status)
{
	KASSERT(mutex_is_held(&thread->process->lock));
	thread_request_termination(&thread->thread, status);
	if (!thread->started) {
		thread->started = true;
		thread_start(&thread->thread);
	}
}

NTSTATUS process_terminate(struct process *process, NTSTATUS status)
{
	struct user_thread *thread;
	bool has_ended;

	if (process_end_bare(process, status))
		return STATUS_SUCCESS;
	mutex_lock(&process->lock);
	has_ended = process->thread_count == 0;
	if (!process->exiting && !has_ended) {
		process->exiting = true;
		process->exit_status = status;
		TAILQ_FOREACH (thread, &process->threads, link)
			thread_condemn_locked(thread, status);
	}
	mutex_unlock(&process->lock);
	return has_ended ? STATUS_PROCESS_IS_TERMINATING : STATUS_SUCCESS;
}

/* Condemns all but `self`; one of them with a reference, or NULL when self is alone. */
static struct user_thread *threads_condemn_but(struct user_thread *self, NTSTATUS status)
{
	struct process *process = self->process;
	struct user_thread *thread, *other = NULL;

	mutex_lock(&process->lock);
	TAILQ_FOREACH (thread, &process->threads, link) {
		if (thread == self)
			continue;
		thread_condemn_locked(thread, status);
		other = thread;
	}
	if (other)
		object_reference(other);
	mutex_unlock(&process->lock);
	return other;
}

NTSTATUS process_terminate_others(NTSTATUS status)
{
	struct user_thread *other;
	NTSTATUS wait_status = STATUS_SUCCESS;

	/* Others may create threads until they notice, hence the loop. */
	while (wait_status == STATUS_SUCCESS &&
	       (other = threads_condemn_but(user_thread_current(), status))) {
		wait_status = waitable_wait(&other->header, NULL);
		object_release(other);
	}
	return wait_status;
}

NTSTATUS user_thread_terminate(struct user_thread *thread, NTSTATUS status)
{
	struct process *process = thread->process;
	bool has_ended;

	mutex_lock(&process->lock);
	has_ended = thread->gone;
	if (!has_ended)
		thread_condemn_locked(thread, status);
	mutex_unlock(&process->lock);
	return has_ended ? STATUS_THREAD_IS_TERMINATING : STATUS_SUCCESS;
}

/* ---- threads by id ---- */

struct user_thread *process_thread_next(struct process *process, uint64_t id)
{
	struct user_thread *thread, *result = NULL;

	mutex_lock(&process->lock);
	TAILQ_FOREACH (thread, &process->threads, link) {
		if (thread->id > id && (!result || thread->id < result->id))
			result = thread;
	}
	if (result)
		object_reference(result);
	mutex_unlock(&process->lock);
	return result;
}

/* => returns: with a reference, or NULL. */
static struct user_thread *process_thread_find(struct process *process, uint64_t id)
{
	struct user_thread *thread = id ? process_thread_next(process, id - 1) : NULL;

	if (thread && thread->id != id) {
		object_release(thread);
		thread = NULL;
	}
	return thread;
}

NTSTATUS user_thread_reference_by_id(uint64_t process_id, uint64_t id, struct user_thread **result)
{
	struct user_thread *thread = NULL;
	struct process *process;
	uint64_t last = process_id ? process_id - 1 : 0;

	do {
		process = process_reference_next(last);
		if (!process)
			break;
		last = process->id;
		if (!process_id || process->id == process_id)
			thread = process_thread_find(process, id);
		object_release(process);
	} while (!thread && !process_id);
	if (!thread)
		return STATUS_INVALID_CID;
	*result = thread;
	return STATUS_SUCCESS;
}

uint64_t process_run_ticks(struct process *process)
{
	struct user_thread *thread;
	uint64_t ticks;

	mutex_lock(&process->lock);
	ticks = process->gone_run_ticks;
	TAILQ_FOREACH (thread, &process->threads, link)
		ticks += thread_run_ticks(&thread->thread);
	mutex_unlock(&process->lock);
	return ticks;
}
