/*
 * process.h - process = address space + handle table + threads; creation, exit, waiting.
 *
 * Life of a process: process_create (address space, ntdll and image mapped, PEB written) -> first
 * thread -> runs -> the last thread out closes the handles, destroys the space and signals the
 * object -> the object lives on while handles name it. A thread ends only itself: others ask
 * (thread_request_termination), and it leaves on its way to user mode. README.md has the protocol
 * in full.
 *
 * Field letters: (C) constant once the process is known to others, (P) process.lock, (L) process
 * list lock, (K) space pin lock (process.c), (T) only the thread itself, (A) atomic.
 */
#pragma once

#include "kernel/core/thread.h"
#include "nt/ntcontext.h"
#include "nt/ntps.h"
#include "kernel/mm/mm.h"
#include "kernel/object/handle.h"
#include "kernel/object/waitable.h"

struct file_node;
struct parameter_block;

#define PROCESS_NAME_CHARS 32
#define PROCESS_PATH_CHARS 128
#define THREAD_NAME_CHARS 64
#define PROCESS_MAX_THREADS 1024

struct process {
	struct object header;
	struct waitable waitable; /* signaled when every thread has left and all is given back */
	uint64_t id, parent_id;	  /* (C) multiples of 4, never 0, not reused */
	char name[PROCESS_NAME_CHARS]; /* (C) last part of the image path */
	struct mutex lock;	       /* (P) RANK_PROCESS */
	struct address_space *space;   /* (K) NULL once torn down */
	unsigned space_pins;	       /* (K) calls of other processes that work in the space */
	bool space_closed;	       /* (K) no new pins */
	struct handle_table handles;
	TAILQ_HEAD(, user_thread) threads; /* (P) */
	uint32_t thread_count;		   /* (P) linked in threads */
	bool exiting;			   /* (P) no new threads */
	NTSTATUS exit_status;		   /* (P) STATUS_PENDING while it runs */
	uint64_t gone_run_ticks;	   /* (P) of the threads that have left */
	bool listed;			   /* (L) on the process list */
	bool delisted;			   /* (L) torn down: never to be listed again */
	bool loader_pending;		   /* (P) the next thread goes through LdrInitializeThunk */
	char path[PROCESS_PATH_CHARS];	   /* (C) of the image, from the root; cut */
	uint64_t create_time;		   /* (C) NT time */
	uint64_t exit_time;		   /* (P) 0 while it runs */
	uint32_t cookie;		   /* (C) a number hard to guess */
	uint32_t hard_error_mode;	   /* (P) kept for the program */
	enum priority_class priority_class;	   /* (P) */
	vaddr_t peb;				   /* (C) */
	vaddr_t ntdll_base;			   /* (C) */
	vaddr_t image_base, image_entry;	   /* (C) */
	struct nt_section_image_information image; /* (C) */
	TAILQ_ENTRY(process) all;		   /* (L) */
};

/* A call that somebody has queued to a thread (apc.c). */
struct user_apc {
	vaddr_t routine;
	uint64_t arguments[3];
	TAILQ_ENTRY(user_apc) link; /* (P) */
};
#define THREAD_APCS_MAX 4096u

/* A thread object: the core thread and what NT adds. */
struct user_thread {
	struct object header;
	struct waitable waitable; /* signaled once it has left */
	struct thread thread;
	struct process *process;  /* (C) reference */
	uint64_t id;		  /* (C) */
	vaddr_t teb;		  /* (C) */
	vaddr_t stack_allocation; /* (C) lowest address of the user stack's reservation */
	struct user_entry entry;  /* (C) where it starts */
	bool started;		  /* (P) thread_start was called; until then it is suspended */
	uint8_t suspend_count;	  /* (P) more than 0: it does not run in user mode */
	bool gone;	       /* (P) not on the process' list: exit_status is final, or not yet */
	bool is_last;	       /* (T) it took the process down */
	NTSTATUS exit_status;  /* (P) STATUS_PENDING while it runs */
	uint64_t create_time;  /* (C) NT time */
	uint64_t exit_time;    /* (P) 0 while it runs */
	vaddr_t start_address; /* (P) what it was created to run, unless set */
	int32_t priority_increment;	    /* (P) on the priority of its process */
	bool is_hidden;			    /* (P) from debuggers, of which there are none */
	uint16_t name_bytes;		    /* (P) */
	uint16_t name[THREAD_NAME_CHARS];   /* (P) UTF-16 */
	TAILQ_HEAD(, user_apc) apcs;	    /* (P) */
	uint32_t apc_count;		    /* (P) */
	TAILQ_ENTRY(user_thread) link;	    /* (P) */
	struct nt_exception_frame exchange; /* (T) where it puts a CONTEXT together */
};

extern struct object_type process_type, thread_type;

/* Registers the object types. */
void process_system_init(void);

static inline struct process *process_current(void)
{
	return thread_current()->process;
}

/* The thread object around the current thread, which must be a user thread. */
struct user_thread *user_thread_current(void);

struct process_request {
	struct file_node *image; /* the .exe; NULL: a copy of the parent (space_clone) */
	struct process *parent;	 /* NULL for init */
	bool inherit_handles;
	/* its pointers and standard handles are adjusted; NULL: none, the PEB names none */
	struct parameter_block *parameters;
	struct object *standard[3]; /* without parent: input, output, error; NULL: none */
};

/*
 * A process with its image, ntdll, PEB and parameters in place and no thread. Nobody else can find
 * it by its id before it has its first thread. A process that gets none must be given to
 * process_abandon, unless handles name it: then it goes when the last one is closed.
 * => returns: the image's status (nt-semantics 3.3.1), STATUS_NO_MEMORY, STATUS_COMMITMENT_LIMIT,
 *    ...; a reference in *result.
 */
NTSTATUS process_create(const struct process_request *request, struct process **result) MUST_CHECK;
/* Tears down a process if it never had a thread, and drops the caller's reference. */
void process_abandon(struct process *process);

struct thread_request {
	struct process *process;
	/* of the process' first thread, unless is_first: LdrInitializeThunk calls start(PEB) */
	vaddr_t start, argument;
	uint64_t stack_reserve_bytes, stack_commit_bytes; /* 0: the image's */
	bool is_first;					  /* starts at the image's entry */
	/*
	 * Told of the thread when all that it needs is there, before it belongs to the process: who
	 * refuses it, or cannot tell anybody about it, leaves nothing behind. May be NULL.
	 */
	NTSTATUS (*publish)(struct user_thread *thread, void *context);
	void *context;
};
/*
 * A thread with stack and TEB, suspended: user_thread_resume lets it run.
 * => returns: STATUS_PROCESS_IS_TERMINATING, STATUS_INSUFFICIENT_RESOURCES (PROCESS_MAX_THREADS,
 *    kernel memory), memory statuses, those of request->publish; a reference in *result.
 */
NTSTATUS user_thread_create(const struct thread_request *request,
			    struct user_thread **result) MUST_CHECK;

/*
 * Suspension counts (suspend.c). A thread with a count above 0 executes no user instruction; it
 * stops on its way back to user mode, so what it does in the kernel goes on. A new thread's count
 * is 1. *previous_count: the count before.
 * => returns: STATUS_THREAD_IS_TERMINATING (it has ended, or will),
 *    STATUS_SUSPEND_COUNT_EXCEEDED (it is THREAD_SUSPEND_COUNT_MAX).
 */
NTSTATUS user_thread_suspend(struct user_thread *thread, uint32_t *previous_count) MUST_CHECK;
/* One less; at 0 it runs. A count of 0 stays, and a thread that has ended has 0. */
void user_thread_resume(struct user_thread *thread, uint32_t *previous_count);
uint32_t user_thread_suspend_count(struct user_thread *thread);
/*
 * The same for every thread that the process has now; a count that cannot be raised is left as it
 * is. => returns: STATUS_PROCESS_IS_TERMINATING.
 */
NTSTATUS process_suspend(struct process *process) MUST_CHECK;
NTSTATUS process_resume(struct process *process) MUST_CHECK;

/*
 * Registers of a thread, which need not be suspended: then they are those of some moment. The
 * groups of context->context_flags; the rest of *context stays.
 * => returns: STATUS_UNSUCCESSFUL once it has ended, as NT has it.
 */
NTSTATUS user_thread_context_read(struct user_thread *thread,
				  struct nt_context *context) MUST_CHECK;
NTSTATUS user_thread_context_write(struct user_thread *thread,
				   const struct nt_context *context) MUST_CHECK;

/*
 * For the current thread, on its way out of a system call (delivery.c). An exception that a program
 * raises: first chance, its handlers are asked, in the state that the CONTEXT describes; otherwise
 * the process ends.
 * => returns: STATUS_ACCESS_VIOLATION, STATUS_INVALID_PARAMETER (more than 15 parameters).
 */
NTSTATUS user_exception_raise(vaddr_t record_address, vaddr_t context_address,
			      bool first_chance) MUST_CHECK;
/* The thread goes on with the CONTEXT's registers. => returns: STATUS_ACCESS_VIOLATION. */
NTSTATUS user_context_continue(vaddr_t context_address) MUST_CHECK;

/*
 * Calls queued to threads. They run in user mode, one after the other, when the thread lets them:
 * in an alertable wait, which ends with STATUS_USER_APC, or by user_apc_allow.
 * => returns: STATUS_UNSUCCESSFUL once the thread has ended or is to end, STATUS_NO_MEMORY,
 *    STATUS_INSUFFICIENT_RESOURCES (THREAD_APCS_MAX).
 */
NTSTATUS user_apc_queue(struct user_thread *thread, vaddr_t routine,
			const uint64_t arguments[3]) MUST_CHECK;
/* The current thread runs what is queued on its way to user mode. */
void user_apc_allow(void);
/*
 * For every system call that waits alertably: allows the queued calls if the wait ended because of
 * them. => returns: `status`, which is wait_for's or one of its family's.
 */
NTSTATUS user_wait_result(NTSTATUS status) MUST_CHECK;

/*
 * Asks every thread of the process to end with `status`; the first status stays. The caller's own
 * thread ends in upcall_return_to_user. One that never had a thread is torn down at once.
 * => returns: STATUS_PROCESS_IS_TERMINATING when it has ended already.
 */
NTSTATUS process_terminate(struct process *process, NTSTATUS status);
/*
 * The same for all threads but the current one, of the current process; returns when they have
 * left.
 */
NTSTATUS process_terminate_others(NTSTATUS status) MUST_CHECK;
/* => returns: STATUS_THREAD_IS_TERMINATING when it has ended already. */
NTSTATUS user_thread_terminate(struct user_thread *thread, NTSTATUS status);

/*
 * Alerts a thread of the current process (thread_alert_by_id).
 * => returns: STATUS_SUCCESS, STATUS_ACCESS_DENIED (a thread of another process),
 *    STATUS_INVALID_CID (no thread, or one that has ended).
 */
NTSTATUS user_thread_alert_by_id(uint64_t id) MUST_CHECK;

/*
 * Keeps the address space of a process that may exit meanwhile, for the length of one call. The
 * process must not be waited for in between. => returns: STATUS_PROCESS_IS_TERMINATING once it is
 * being torn down.
 */
NTSTATUS process_space_pin(struct process *process, struct address_space **space) MUST_CHECK;
void process_space_unpin(struct process *process);

/*
 * As handle_reference in the current process' table, and the pseudo handles -1 (process) and -2
 * (thread).
 */
NTSTATUS process_reference_by_handle(handle_t handle, const struct object_type *type,
				     access_mask_t desired, void *object_out,
				     access_mask_t *granted) MUST_CHECK;

/* => returns: STATUS_INVALID_CID, STATUS_SUCCESS with a reference. */
NTSTATUS process_reference_by_id(uint64_t id, struct process **result) MUST_CHECK;
/*
 * The running process with the lowest id above `id` (0: the first), with a reference; NULL at the
 * end.
 */
struct process *process_reference_next(uint64_t id);

/*
 * The thread of the process with the lowest id above `id`, with a reference; NULL at the end.
 */
struct user_thread *process_thread_next(struct process *process, uint64_t id);
/*
 * A thread that has not left, by its id. process_id 0: of any process. => returns:
 * STATUS_INVALID_CID; STATUS_SUCCESS with a reference.
 */
NTSTATUS user_thread_reference_by_id(uint64_t process_id, uint64_t id,
				     struct user_thread **result) MUST_CHECK;

/*
 * Priorities (priority.c): a thread's is that of its process' class plus its increment, within 1 to
 * 15; an increment of +-15 goes to the end of that range.
 * => returns: STATUS_INVALID_PARAMETER; STATUS_PRIVILEGE_NOT_HELD (real time).
 */
NTSTATUS process_set_priority_class(struct process *process, uint8_t class) MUST_CHECK;
NTSTATUS user_thread_set_base_priority(struct user_thread *thread, int32_t increment) MUST_CHECK;
/* The same for a priority as such. */
NTSTATUS user_thread_set_priority(struct user_thread *thread, int32_t priority) MUST_CHECK;
uint8_t priority_of_class(enum priority_class class);

/* TSC ticks that its threads, gone ones included, spent on a CPU. */
uint64_t process_run_ticks(struct process *process);

/*
 * Starts init with the knobs' programs, its standard handles being `console_input` and
 * `console_output`, and waits for its end.
 * => returns: true and its exit status; false and a message that says why it could not be started.
 */
bool process_run_init(struct object *console_input, struct object *console_output,
		      NTSTATUS *exit_status, char *message, size_t message_capacity) MUST_CHECK;
