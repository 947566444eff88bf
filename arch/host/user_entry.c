/*
 * user_entry.c - the way into user mode, and the registers of a user thread: user code is a C
 * function here, and has none but a stack pointer.
 */
#include "host.h"

#include "kernel/core/thread.h"
#include "kernel/lib/assert.h"
#include "nt/ntcontext.h"

void (*host_user_code)(const struct user_entry *entry);
vaddr_t host_user_stack_pointer;
void (*host_user_redirected)(vaddr_t instruction_pointer, vaddr_t stack_pointer);

void arch_user_prepare(struct thread *thread, const struct user_entry *entry)
{
	thread->user_gs_base = entry->teb;
}

void arch_context_read(struct thread *thread, struct nt_context *context)
{
	(void)thread;
	context->rsp = host_user_stack_pointer;
}

void arch_context_write(struct thread *thread, const struct nt_context *context)
{
	(void)thread;
	(void)context;
}

void arch_user_redirect(vaddr_t instruction_pointer, vaddr_t stack_pointer)
{
	if (host_user_redirected)
		host_user_redirected(instruction_pointer, stack_pointer);
}

void arch_user_result(NTSTATUS status)
{
	(void)status;
}

_Noreturn void arch_enter_user(const struct user_entry *entry)
{
	upcall_return_to_user();
	if (!host_user_code)
		panic("arch_enter_user: no host_user_code to run");
	host_user_code(entry);
	panic("host_user_code returned");
}
