/*
 * process.h - process = address space + handle table + threads; creation, exit, waiting.
 *
 * Life of a process: process_create (address space, ntdll and image mapped, PEB written) -> first thread -> runs ->
 * the last thread out closes the handles, destroys the space and signals the object -> the object lives on while
 * handles name it. A thread ends only itself: others ask (thread_request_termination), and it leaves on its way to user mode.
 */
#pragma once

#include "kernel/core/thread.h"
#include "nt/ntps.h"
#include "kernel/mm/mm.h"
#include "kernel/object/handle.h"
#include "waitable.h"

struct file_node;

#define PROCESS_NAME_CHARS 32
#define PROCESS_MAX_THREADS 1024

struct process {
	struct object header;
	struct waitable waitable;      /* signaled once every thread has left */
	uint64_t id, parent_id;	       /* (C) multiples of 4, never 0, not reused */
	char name[PROCESS_NAME_CHARS]; /* (C) last part of the image path */
	struct mutex lock;	       /* (P) RANK_PROCESS */
	struct address_space *space;   /* (P) NULL once torn down */
	struct handle_table handles;
	TAILQ_HEAD(, user_thread) threads;	   /* (P) */
	uint32_t thread_count;			   /* (P) not yet gone */
	bool exiting;				   /* (P) no new threads */
	NTSTATUS exit_status;			   /* (P) STATUS_PENDING while it runs */
	vaddr_t peb;				   /* (C) */
	vaddr_t image_base, image_entry;	   /* (C) */
	struct nt_section_image_information image; /* (C) */
	TAILQ_ENTRY(process) all;		   /* process list lock */
};

/* A thread object: the core thread and what NT adds. */
struct user_thread {
	struct object header;
	struct waitable waitable; /* signaled once it has left */
	struct thread thread;
	struct process *process;       /* (C) reference */
	uint64_t id;		       /* (C) */
	vaddr_t teb;		       /* (C) */
	struct user_entry entry;       /* (C) where it starts */
	uint32_t suspend_count;	       /* (P) */
	bool started;		       /* (P) */
	NTSTATUS exit_status;	       /* (P) STATUS_PENDING while it runs */
	TAILQ_ENTRY(user_thread) link; /* (P) */
};

extern struct object_type process_type, thread_type;

void process_system_init(void);

static inline struct process *process_current(void)
{
	return thread_current()->process;
}

struct process_request {
	struct file_node *image; /* the .exe */
	struct process *parent;	 /* NULL for init */
	bool inherit_handles;
	/* Normalised to offsets (NT's "denormalised" form), parameters_bytes long, in the pool; copied to the new process. */
	const struct nt_user_process_parameters *parameters;
	size_t parameters_bytes;
	handle_t standard[3]; /* init only: written into the copy when parent is NULL */
};

/*
 * A process with its image, ntdll, PEB and parameters in place and no thread.
 * => returns: the image's status (nt-semantics 3.3.1), STATUS_NO_MEMORY, STATUS_COMMITMENT_LIMIT, ...; a reference in *result.
 */
NTSTATUS process_create(const struct process_request *request, struct process **result) MUST_CHECK;

struct thread_request {
	struct process *process;
	vaddr_t start, argument;
	uint64_t stack_reserve_bytes, stack_commit_bytes; /* 0: the image's */
	bool suspended;
	bool is_first;
};
/* A thread with stack and TEB, suspended or running. => returns: STATUS_PROCESS_IS_TERMINATING, memory statuses; a reference. */
NTSTATUS user_thread_create(const struct thread_request *request,
			    struct user_thread **result) MUST_CHECK;
NTSTATUS user_thread_resume(struct user_thread *thread, uint32_t *previous_count) MUST_CHECK;

/* Asks every thread of the process to end with `status`. The caller's own thread ends in upcall_return_to_user. */
NTSTATUS process_terminate(struct process *process, NTSTATUS status) MUST_CHECK;
NTSTATUS user_thread_terminate(struct user_thread *thread, NTSTATUS status) MUST_CHECK;

/* As handle_reference in the current process' table, and the pseudo handles -1 (process) and -2 (thread). */
NTSTATUS process_reference_by_handle(handle_t handle, const struct object_type *type,
				     access_mask_t desired, void *object_out,
				     access_mask_t *granted) MUST_CHECK;

NTSTATUS process_reference_by_id(uint64_t id, struct process **result) MUST_CHECK;
/* Calls visit for each living process, with the list locked. */
void process_for_each(void (*visit)(struct process *process, void *context), void *context);

/* Starts init with the knobs' programs; the machine powers off when it ends. */
void process_start_init(void);
