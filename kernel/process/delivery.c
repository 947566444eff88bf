/*
 * delivery.c - how exceptions reach a program: the kernel stores what happened on the user stack
 * and lets the thread go on in ntdll's KiUserExceptionDispatcher (README.md, "Exceptions").
 *
 * The thread's own `exchange` is where a CONTEXT is put together, because 1,232 bytes are too many
 * for a kernel stack and an exception must not fail for want of pool memory.
 */
#include "process_private.h"

#include "kernel/core/upcall.h"
#include "kernel/lib/string.h"
#include "kernel/mm/user_memory.h"

#define FRAME_ALIGNMENT 16u
/*
 * After a stack overflow there is no more stack than two pages (kernel/mm/stack.c), less if the
 * program put its guard page lower. With less than this below the frame ntdll would run into the
 * end, and that exception would hide the overflow.
 */
#define OVERFLOW_ROOM_BYTES 1024u

/* CONTEXT_EX: the offsets count from itself. */
static void context_parts_fill(struct nt_exception_frame *frame)
{
	const int32_t context = -(int32_t)offsetof(struct nt_exception_frame, context_parts);
	const int32_t parts[8] = {
		context, (int32_t)sizeof(frame->context) + 24, /* all of it */
		context, (int32_t)sizeof(frame->context),      /* what everybody knows */
		24,	 0,				       /* extended state: none */
	};

	memcpy(frame->context_parts, parts, sizeof(parts));
}

/* Stores exchange below `stack_pointer`. => returns: STATUS_ACCESS_VIOLATION if it has no room. */
static NTSTATUS exception_store(const struct nt_exception_frame *frame, vaddr_t stack_pointer,
				vaddr_t *at)
{
	NTSTATUS status = STATUS_SUCCESS;

	if (stack_pointer < sizeof(*frame) + OVERFLOW_ROOM_BYTES)
		return STATUS_ACCESS_VIOLATION;
	*at = (stack_pointer - sizeof(*frame)) & ~(vaddr_t)(FRAME_ALIGNMENT - 1);
	if (frame->record.code == STATUS_STACK_OVERFLOW)
		status = probe_write(*at - OVERFLOW_ROOM_BYTES, OVERFLOW_ROOM_BYTES);
	return NT_SUCCESS(status) ? copy_out(*at, frame, sizeof(*frame)) : status;
}

/*
 * Stores the thread's registers and exchange.record on its stack and redirects it. A stack that
 * cannot take them is the end of the process, with the exception's code.
 */
static void exception_deliver(struct user_thread *thread)
{
	struct nt_exception_frame *frame = &thread->exchange;
	const struct nt_context *context = &frame->context;
	vaddr_t at;

	frame->context.context_flags = CONTEXT_ALL;
	arch_context_read(&thread->thread, &frame->context);
	context_parts_fill(frame);
	frame->rip = context->rip;
	frame->cs = context->cs;
	frame->rflags = context->eflags;
	frame->rsp = context->rsp;
	frame->ss = context->ss;
	if (NT_SUCCESS(exception_store(frame, context->rsp, &at)))
		arch_user_redirect(thread->process->ntdll_base + ntdll_entries.exception_dispatcher,
				   at);
	else
		exception_end(&frame->record, context->rsp);
}

void upcall_user_exception(NTSTATUS code, unsigned parameter_count, const uint64_t *parameters,
			   struct trap_frame *frame)
{
	struct user_thread *thread = user_thread_current();
	struct nt_exception_record *record = &thread->exchange.record;

	KASSERT(parameter_count <= EXCEPTION_PARAMETERS_MAX);
	if (atomic_load(&thread->thread.terminate))
		return; /* it ends on its way back */
	memset(&thread->exchange, 0, sizeof(thread->exchange));
	record->code = code;
	record->address = trap_instruction_pointer(frame);
	record->parameter_count = parameter_count;
	for (unsigned i = 0; i < parameter_count; i++)
		record->parameters[i] = parameters[i];
	exception_deliver(thread);
}

NTSTATUS user_exception_raise(vaddr_t record_address, vaddr_t context_address, bool first_chance)
{
	struct user_thread *thread = user_thread_current();
	struct nt_exception_record *record = &thread->exchange.record;
	struct nt_context *context = &thread->exchange.context;
	NTSTATUS status = copy_in(record, record_address, sizeof(*record));

	if (NT_SUCCESS(status))
		status = copy_in(context, context_address, sizeof(*context));
	if (!NT_SUCCESS(status))
		return status;
	if (record->parameter_count > EXCEPTION_PARAMETERS_MAX)
		return STATUS_INVALID_PARAMETER;
	if (!first_chance) {
		exception_end(record, context->rsp);
		return STATUS_SUCCESS;
	}
	/* Without general registers in the CONTEXT, rax is this call's status. */
	arch_user_result(STATUS_SUCCESS);
	arch_context_write(&thread->thread, context);
	exception_deliver(thread);
	return STATUS_SUCCESS;
}

NTSTATUS user_context_continue(vaddr_t context_address)
{
	struct user_thread *thread = user_thread_current();
	struct nt_context *context = &thread->exchange.context;
	NTSTATUS status = copy_in(context, context_address, sizeof(*context));

	if (NT_SUCCESS(status))
		arch_context_write(&thread->thread, context);
	return status;
}
