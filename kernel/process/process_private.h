/*
 * process_private.h - what the files of kernel/process share and nobody else uses.
 */
#pragma once

#include "process.h"

/* The next process or thread id: they come from one sequence. */
uint64_t client_id_next(void);

/*
 * The current thread's process ends with the exception's code, after a report on the log. The
 * thread itself ends on its way back to user mode. (exception.c)
 */
void exception_end(const struct nt_exception_record *record, vaddr_t stack_pointer);

/* Sleeps while the current thread is suspended and not asked to end. (suspend.c) */
void user_thread_stop(void);

/*
 * apc.c: the first queued call of the current thread goes on its stack; drops all of a thread that
 * has left.
 */
void user_apc_deliver(void);
void user_apcs_discard(struct user_thread *thread);

/*
 * Makes the process, which has a thread, visible to process_reference_next and _by_id. Does nothing
 * if it is, or was, visible.
 */
void process_list_insert(struct process *process);

/*
 * Closes the handles, destroys the space (after the last pin is gone) and takes the process off the
 * list. Once per process: by its last thread, which must have left the space already, or by
 * process_abandon.
 */
void process_tear_down(struct process *process);

/*
 * Fills a process that is a copy of request->parent: address space, what the kernel knows of its
 * image and PEB, inheritable handles if asked. (bare.c)
 * => returns: space_clone's statuses, STATUS_PROCESS_IS_TERMINATING.
 */
NTSTATUS process_populate_clone(struct process *process,
				const struct process_request *request) MUST_CHECK;
/*
 * Ends a process that has no thread and never had one: it is torn down and signaled, by the caller
 * or by whoever is doing that to another one. No lock held; may sleep. (bare.c)
 * => returns: false, nothing done, for any other process.
 */
bool process_end_bare(struct process *process, NTSTATUS status);

/*
 * Addresses in ntdll where threads start; offsets from its base. Filled by the first
 * process_create.
 */
struct ntdll_entries {
	uint32_t first_thread;	       /* LdrInitializeThunk */
	uint32_t later_thread;	       /* RtlUserThreadStart */
	uint32_t exception_dispatcher; /* KiUserExceptionDispatcher */
	uint32_t apc_dispatcher;       /* KiUserApcDispatcher */
};
extern struct ntdll_entries ntdll_entries;

/*
 * Makes the ntdll section and finds its entries, before the first process. False: *message says
 * what is wrong.
 */
#define NTDLL_PATH "\\system32\\ntdll.dll"
bool ntdll_load(char *message, size_t message_capacity);
void ntdll_unload(void); /* tests: no process may be left */
