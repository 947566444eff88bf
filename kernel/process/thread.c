/*
 * thread.c - user threads: stack, TEB, start, and the way out.
 */
#include "process_private.h"

#include "kernel/core/log.h"
#include "kernel/core/upcall.h"
#include "kernel/lib/range.h"

#define STACK_RESERVE_DEFAULT 0x100000u /* NT's, for an image that names none */
#define STACK_COMMIT_DEFAULT 0x1000u
/*
 * As if a call had pushed its return address: RSP % 16 == 8, with the caller's four home slots
 * above.
 */
#define STACK_ENTRY_BYTES 0x28u

static void thread_delete(struct object *object);

struct object_type thread_type = {
	.name = "Thread",
	.body_bytes = sizeof(struct user_thread),
	.valid_access = THREAD_ALL_ACCESS,
	.generic_read = STANDARD_RIGHTS_READ | THREAD_GET_CONTEXT | THREAD_QUERY_INFORMATION |
			THREAD_QUERY_LIMITED_INFORMATION,
	.generic_write = STANDARD_RIGHTS_WRITE | THREAD_TERMINATE | THREAD_SUSPEND_RESUME |
			 THREAD_SET_CONTEXT | THREAD_SET_INFORMATION,
	.generic_execute = STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE | THREAD_QUERY_LIMITED_INFORMATION,
	.generic_all = THREAD_ALL_ACCESS,
	.waitable = true,
	.delete = thread_delete,
};

static void thread_delete(struct object *object)
{
	struct user_thread *thread = (struct user_thread *)object;

	if (thread->process)
		object_release(thread->process);
}

struct user_thread *user_thread_current(void)
{
	struct thread *thread = thread_current();

	KASSERT(thread->process);
	return (struct user_thread *)((char *)thread - offsetof(struct user_thread, thread));
}

/* ---- creation ---- */

/* The words of the TEB that the kernel fills, up to the last of its first group. */
struct teb_head {
	uint64_t exception_list, stack_base, stack_limit, subsystem_tib, fiber_data, user_pointer,
		self;
	uint64_t environment;
	struct nt_client_id client_id;
	uint64_t rpc_handle, local_storage;
	uint64_t peb;
};
_Static_assert(offsetof(struct teb_head, stack_base) == TEB_STACK_BASE, "TEB");
_Static_assert(offsetof(struct teb_head, stack_limit) == TEB_STACK_LIMIT, "TEB");
_Static_assert(offsetof(struct teb_head, self) == TEB_SELF, "TEB");
_Static_assert(offsetof(struct teb_head, client_id) == TEB_CLIENT_ID, "TEB");
_Static_assert(offsetof(struct teb_head, peb) == TEB_PEB, "TEB");

static NTSTATUS teb_create(struct user_thread *thread, struct address_space *space,
			   vaddr_t stack_limit, vaddr_t stack_base)
{
	uint64_t size_bytes = TEB_BYTES;
	vaddr_t teb = 0;
	struct teb_head head = {
		.stack_base = stack_base,
		.stack_limit = stack_limit,
		.client_id = {thread->process->id, thread->id},
		.peb = thread->process->peb,
	};
	NTSTATUS status = memory_allocate(space, &teb, 0, &size_bytes,
					  MEM_RESERVE | MEM_COMMIT | MEM_TOP_DOWN, PAGE_READWRITE);

	if (!NT_SUCCESS(status))
		return status;
	head.self = teb;
	status = space_write(space, teb, &head, sizeof(head), NULL);
	if (NT_SUCCESS(status))
		status = space_write(space, teb + TEB_DEALLOCATION_STACK, &thread->stack_allocation,
				     sizeof(thread->stack_allocation), NULL);
	/* The caller frees it with the stack in either case. */
	thread->teb = teb;
	return status;
}

/*
 * Frees the user stack and the TEB. A program that freed them itself has spoilt only its own
 * memory.
 */
static void user_stack_free(struct user_thread *thread, struct address_space *space)
{
	vaddr_t blocks[] = {thread->teb, thread->stack_allocation};

	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		vaddr_t base = blocks[i];
		uint64_t size_bytes = 0;
		NTSTATUS status = STATUS_SUCCESS;

		if (base)
			status = memory_free(space, &base, &size_bytes, MEM_RELEASE);
		if (!NT_SUCCESS(status))
			log_event("thread %lu: its stack or TEB was freed already: 0x%x",
				  thread->id, (unsigned)status);
	}
}

static NTSTATUS user_stack_create(struct user_thread *thread, struct address_space *space,
				  const struct thread_request *request)
{
	const struct nt_section_image_information *image = &thread->process->image;
	uint64_t reserve = request->stack_reserve_bytes, commit = request->stack_commit_bytes;
	vaddr_t limit, base;
	NTSTATUS status;

	if (!reserve)
		reserve = image->maximum_stack_size ? image->maximum_stack_size
						    : STACK_RESERVE_DEFAULT;
	if (!commit)
		commit = image->committed_stack_size ? image->committed_stack_size
						     : STACK_COMMIT_DEFAULT;
	/* NT: a commit size beyond the reservation raises the reservation to the next MiB. */
	if (commit >= reserve && !round_up_ok(commit, 0x100000, &reserve))
		return STATUS_NO_MEMORY;
	status = stack_allocate(space, reserve, commit, &thread->stack_allocation, &limit, &base);
	if (!NT_SUCCESS(status))
		return status;
	thread->entry.stack_pointer = base - STACK_ENTRY_BYTES;
	return teb_create(thread, space, limit, base);
}

/* True once in the life of a process: its first thread loads what the image needs. */
static bool loader_claim(struct process *process)
{
	bool claimed;

	mutex_lock(&process->lock);
	claimed = process->loader_pending;
	process->loader_pending = false;
	mutex_unlock(&process->lock);
	return claimed;
}

static void entry_fill(struct user_thread *thread, const struct thread_request *request)
{
	struct process *process = thread->process;
	struct user_entry *entry = &thread->entry;

	if (loader_claim(process)) {
		entry->instruction_pointer = process->ntdll_base + ntdll_entries.first_thread;
		entry->argument1 = process->peb;
		entry->argument2 = request->is_first ? process->image_entry : request->start;
	} else {
		entry->instruction_pointer = process->ntdll_base + ntdll_entries.later_thread;
		entry->argument1 = request->start;
		entry->argument2 = request->argument;
	}
	entry->teb = thread->teb;
}

/* First code of a user thread, in the kernel. */
static void user_thread_main(void *argument)
{
	struct user_thread *thread = argument;

	arch_enter_user(&thread->entry);
}

/* Past this nothing fails: the thread belongs to its process. */
static NTSTATUS thread_link(struct user_thread *thread, struct address_space *space, void *stack)
{
	struct process *process = thread->process;
	struct thread *core = &thread->thread;
	NTSTATUS status = STATUS_SUCCESS;

	mutex_lock(&process->lock);
	if (process->exiting) {
		status = STATUS_PROCESS_IS_TERMINATING;
	} else if (process->thread_count >= PROCESS_MAX_THREADS) {
		status = STATUS_INSUFFICIENT_RESOURCES;
	} else {
		thread_init(core, process->name, priority_of_class(process->priority_class), stack,
			    KERNEL_STACK_BYTES, user_thread_main, thread);
		core->space = space;
		core->space_root = space->root;
		core->process = process;
		arch_user_prepare(core, &thread->entry);
		core->id = thread->id;
		thread->gone = false;
		thread->suspend_count = 1;
		TAILQ_INSERT_TAIL(&process->threads, thread, link);
		process->thread_count++;
		object_reference(thread); /* dropped by user_thread_finish */
	}
	mutex_unlock(&process->lock);
	return status;
}

/* With the process' space pinned. */
static NTSTATUS user_thread_build(struct user_thread *thread, struct address_space *space,
				  const struct thread_request *request)
{
	void *stack = kernel_stack_alloc();
	NTSTATUS status;

	if (!stack)
		return STATUS_INSUFFICIENT_RESOURCES;
	status = user_stack_create(thread, space, request);
	if (NT_SUCCESS(status) && request->publish)
		status = request->publish(thread, request->context);
	if (NT_SUCCESS(status)) {
		entry_fill(thread, request);
		status = thread_link(thread, space, stack);
	}
	if (!NT_SUCCESS(status)) {
		user_stack_free(thread, space);
		kernel_stack_free(stack);
	}
	return status;
}

NTSTATUS user_thread_create(const struct thread_request *request, struct user_thread **result)
{
	struct user_thread *thread;
	struct address_space *space;
	NTSTATUS status = object_create(&thread_type, &thread);

	if (!NT_SUCCESS(status))
		return status;
	thread->process = request->process;
	object_reference(thread->process);
	thread->id = client_id_next();
	thread->create_time = time_system();
	thread->exit_status = STATUS_PENDING;
	thread->gone = true; /* whoever guesses its handle finds a thread that does nothing */
	TAILQ_INIT(&thread->apcs);
	thread->start_address = request->is_first ? request->process->image_entry : request->start;
	status = process_space_pin(thread->process, &space);
	if (NT_SUCCESS(status)) {
		status = user_thread_build(thread, space, request);
		process_space_unpin(thread->process);
	}
	if (!NT_SUCCESS(status)) {
		object_release(thread);
		return status;
	}
	process_list_insert(thread->process);
	*result = thread;
	return STATUS_SUCCESS;
}

/* ---- the way out ---- */

/*
 * Runs on another stack than the thread's. Signals come last: whoever waits may then count frames
 * and pool.
 */
static void user_thread_finish(void *argument)
{
	struct user_thread *thread = argument;
	struct process *process = thread->process;
	bool is_last = thread->is_last;

	kernel_stack_free((void *)thread->thread.stack_base);
	object_reference(process);
	waitable_signal_and_release(&thread->header);
	if (is_last)
		waitable_signal_and_release(&process->header);
	else
		object_release(process);
}

/* After this the thread runs on the kernel's own page tables, and its process may go. */
static void thread_leave_space(struct thread *core)
{
	irq_state_t state = arch_irq_save();

	core->space = NULL;
	core->space_root = 0;
	arch_space_activate(0);
	arch_irq_restore(state);
}

/* Takes the thread off its process' list. => returns: it was the last one. */
static bool thread_unlink(struct user_thread *thread)
{
	struct process *process = thread->process;
	bool is_last;

	KASSERT(!thread->thread.space);
	mutex_lock(&process->lock);
	thread->exit_status = thread->thread.exit_status;
	thread->exit_time = time_system();
	thread->gone = true;
	TAILQ_REMOVE(&process->threads, thread, link);
	process->gone_run_ticks += thread_run_ticks(&thread->thread);
	is_last = --process->thread_count == 0;
	if (is_last)
		process->exit_time = thread->exit_time;
	if (is_last && !process->exiting) {
		process->exiting = true;
		process->exit_status = thread->exit_status;
	}
	mutex_unlock(&process->lock);
	return is_last;
}

/* The current thread, which was asked to end and holds nothing, ends. */
static _Noreturn void user_thread_leave(void)
{
	struct user_thread *thread = user_thread_current();
	struct process *process = thread->process;
	bool exiting;

	lock_assert_none_held();
	mutants_abandon();
	mutex_lock(&process->lock);
	exiting = process->exiting;
	mutex_unlock(&process->lock);
	if (!exiting)
		user_stack_free(thread, thread->thread.space);
	thread_leave_space(&thread->thread);
	thread->is_last = thread_unlink(thread);
	user_apcs_discard(thread);
	if (thread->is_last)
		process_tear_down(process);
	thread_exit(user_thread_finish, thread);
}

void upcall_return_to_user(void)
{
	struct thread *thread = thread_current();

	while (thread_is_wanted(thread)) {
		if (atomic_load(&thread->terminate))
			user_thread_leave();
		if (atomic_load(&thread->suspend))
			user_thread_stop();
		else
			user_apc_deliver();
	}
}
