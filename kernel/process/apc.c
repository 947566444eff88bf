/*
 * apc.c - asynchronous procedure calls of user mode: a queue for each thread, and the frame with
 * which ntdll's KiUserApcDispatcher is entered.
 *
 *   queued           thread_mark_user_apc says "not empty": alertable waits end (dispatcher.h)
 *   allowed          apc_allowed; the thread sees it on its way to user mode (thread_is_wanted)
 *   delivered        one call: CONTEXT and routine on the stack; back by NtContinue(alertable),
 *                    which allows the next
 *
 * The queue and its mark change together, under process.lock. Only the thread itself takes calls
 * out, so one that ended a wait is still there when the thread allows it.
 */
#include "process_private.h"

#include "kernel/core/dispatcher.h"
#include "kernel/core/pool.h"
#include "kernel/lib/string.h"
#include "kernel/mm/user_memory.h"

#define FRAME_ALIGNMENT 16u

NTSTATUS user_apc_queue(struct user_thread *thread, vaddr_t routine, const uint64_t arguments[3])
{
	struct user_apc *apc = pool_alloc(sizeof(*apc));
	NTSTATUS status = STATUS_SUCCESS;

	if (!apc)
		return STATUS_NO_MEMORY;
	apc->routine = routine;
	memcpy(apc->arguments, arguments, sizeof(apc->arguments));
	mutex_lock(&thread->process->lock);
	if (thread->gone || atomic_load(&thread->thread.terminate)) {
		status = STATUS_UNSUCCESSFUL;
	} else if (thread->apc_count >= THREAD_APCS_MAX) {
		status = STATUS_INSUFFICIENT_RESOURCES;
	} else {
		TAILQ_INSERT_TAIL(&thread->apcs, apc, link);
		thread->apc_count++;
		thread_mark_user_apc(&thread->thread, true);
	}
	mutex_unlock(&thread->process->lock);
	if (!NT_SUCCESS(status))
		pool_free(apc, sizeof(*apc));
	return status;
}

/* The first one, to be freed by the caller; NULL when there is none. */
static struct user_apc *apc_take(struct user_thread *thread)
{
	struct user_apc *apc;

	mutex_lock(&thread->process->lock);
	apc = TAILQ_FIRST(&thread->apcs);
	if (apc) {
		TAILQ_REMOVE(&thread->apcs, apc, link);
		thread->apc_count--;
	}
	if (TAILQ_EMPTY(&thread->apcs))
		thread_mark_user_apc(&thread->thread, false);
	mutex_unlock(&thread->process->lock);
	return apc;
}

void user_apcs_discard(struct user_thread *thread)
{
	struct user_apc *apc;

	while ((apc = apc_take(thread)))
		pool_free(apc, sizeof(*apc));
}

void user_apc_allow(void)
{
	atomic_store(&thread_current()->apc_allowed, true);
}

NTSTATUS user_wait_result(NTSTATUS status)
{
	if (status == STATUS_USER_APC)
		user_apc_allow();
	return status;
}

/* ---- delivery ---- */

/* A stack without room ends the process, as an exception there would. */
static void stack_overrun(struct user_thread *thread, const struct nt_context *context)
{
	struct nt_exception_record *record = &thread->exchange.record;

	memset(record, 0, sizeof(*record));
	record->code = STATUS_ACCESS_VIOLATION;
	record->address = context->rip;
	record->parameter_count = 2;
	record->parameters[0] = EXCEPTION_ACCESS_WRITE;
	record->parameters[1] = context->rsp;
	exception_end(record, context->rsp);
}

void user_apc_deliver(void)
{
	struct user_thread *thread = user_thread_current();
	struct nt_context *context = &thread->exchange.context;
	struct user_apc *apc;
	vaddr_t at;

	atomic_store(&thread->thread.apc_allowed, false);
	apc = apc_take(thread);
	if (!apc)
		return;
	memset(context, 0, sizeof(*context));
	context->context_flags = CONTEXT_ALL;
	arch_context_read(&thread->thread, context);
	memcpy(context->home, apc->arguments, sizeof(apc->arguments));
	context->home[3] = apc->routine;
	pool_free(apc, sizeof(*apc));
	at = (context->rsp - sizeof(struct nt_apc_frame)) & ~(vaddr_t)(FRAME_ALIGNMENT - 1);
	if (context->rsp >= sizeof(struct nt_apc_frame) &&
	    NT_SUCCESS(copy_out(at, context, sizeof(*context))))
		arch_user_redirect(thread->process->ntdll_base + ntdll_entries.apc_dispatcher, at);
	else
		stack_overrun(thread, context);
}
