/*
 * fuzz.h - what the files of fuzz share.
 *
 *   main.c      options, the control section, starting processes again, checks, the verdict
 *   report.c    what was found, which calls were made
 *   tidy.c      processes and files that are left at the end
 *   process.c   one of the processes: its threads, and who is woken or ended when it is stuck
 *   worker.c    a thread: step after step, each of which makes a call
 *   generate.c  arguments of a call; hints.c, classes.c what syscalls.def does not say of them;
 *               content.c what the pointers point to; value.c numbers, addresses, bad pointers
 *   stock.c     handles: live, closed, of the wrong type, junk
 *   steer.c     what is kept from ending or stopping the fuzzer, and why
 *   scan.c      marker bytes and addresses of the kernel in what a call returned
 *   guard.S     a step survives its exceptions; a call with all registers known
 */
#pragma once

#include "call_table.h"
#include "random.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define MAX_PROCESSES 8u
#define MAX_THREADS 8u
#define MAX_CALLS 192u /* of syscalls.def */
#define RECORDS 8u
#define FOLDER L"\\??\\C:\\data\\fuzz"

struct options {
	uint64_t calls, seed, processes, threads, check_every, life; /* life: calls of a thread */
	uint64_t table;
};

/* A call as the report shows it. */
struct record {
	uint64_t number; /* of the thread's calls, from 1; 0: none */
	uint32_t call;
	NTSTATUS status;
	uint32_t is_done;
	uint64_t arguments[CALL_ARGUMENTS];
};

enum slot_state { SLOT_IDLE, SLOT_RUNNING, SLOT_LIFE_OVER, SLOT_DONE };

/* What a thread did, over all its lives: in the control section. */
struct slot {
	uint64_t calls, hash, thrown;
	uint32_t state, starts; /* enum slot_state; how often a thread began here */
	struct record records[RECORDS];
};

#define FINDINGS 8u
struct finding {
	uint32_t process, thread, argument;
	uint64_t number, value, offset;
	char what[40];
	struct record record;
};

struct control {
	struct options options;
	uint32_t pause; /* 1: threads make no calls, the system is checked */
	uint32_t finding_count;
	struct finding findings[FINDINGS];
	uint64_t tried[MAX_CALLS], succeeded[MAX_CALLS];
	struct slot slots[MAX_PROCESSES][MAX_THREADS];
};

/* ---- one thread ---- */

#define SLOT_BYTES 0x2000u /* of arena behind each argument */
#define ADDRESSES 16u
#define STOCK 40u
#define STALE 16u

struct stock_entry {
	HANDLE handle;
	uint8_t type; /* enum object_type */
};

/* The registers around a call, as guard.S stores them (offsets are asserted in worker.c). */
struct registers {
	uint64_t rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15;
};

struct perform {
	call_entry entry;
	uint64_t arguments[CALL_ARGUMENTS];
	struct registers before, after;
	uint8_t saved[512] __attribute__((aligned(16)));
	uint8_t pattern[512] __attribute__((aligned(16)));
	uint8_t seen[512] __attribute__((aligned(16)));
	uint64_t with_xmm; /* 0: the call is made with the XMM registers as they are */
};

struct worker {
	uint64_t guard_rsp; /* guard.S: where guarded() goes on after an exception */
	struct control *control;
	struct slot *slot;
	unsigned process, thread;
	HANDLE handle;
	uint64_t id, life_calls, life_end, share;
	unsigned thrown_in_a_row;
	struct random random;
	char *arena;
	uint64_t addresses[ADDRESSES];
	struct stock_entry stock[STOCK];
	HANDLE stale[STALE];
	unsigned stock_count, stale_count;
	struct process_parameters *parameters; /* of the victims that it starts */
	uint64_t setters;		       /* scan.c: before the call */
	size_t output_bytes[CALL_ARGUMENTS]; /* prefilled behind each argument; 0: not an output */
	struct perform perform;
};

static inline char *arena_slot(const struct worker *worker, unsigned argument)
{
	return worker->arena + argument * SLOT_BYTES;
}

static inline bool one_in(struct worker *worker, unsigned n)
{
	return random_below(&worker->random, n) == 0;
}

/* ---- process.c, worker.c ---- */

/* `fuzz child PROCESS LIFE CONTROL`. */
NTSTATUS process_main(unsigned process, unsigned life, HANDLE control);
/* Makes calls until the life is over or all are made. */
void worker_run(struct worker *worker);
/* The calls as a table that is parsed once. */
extern struct call call_list[MAX_CALLS];
extern size_t call_list_count;
void call_list_init(void);

/* ---- guard.S ---- */

/* steps(worker); => returns: 0, or 1 if an exception ended it (process.c resumes it here). */
int guarded(struct worker *worker, void (*steps)(struct worker *worker));
extern const char guarded_resume[];
NTSTATUS perform_call(struct perform *perform);

/* ---- generate.c, hints.c, content.c ---- */

/* Fills worker->perform.arguments, and what they point to. */
void arguments_generate(struct worker *worker, const struct call *call);
void hints_init(void);
/* A letter for argument `index` (hints.c explains them); '.' if nothing is known. */
char hint_of(const struct call *call, unsigned index);
/* A class with its length, most of the time (classes.c). */
void class_fill(struct worker *worker, const struct call *call);
uint64_t value_by_hint(struct worker *worker, char hint);
/* What stands behind a pointer of so many bytes. */
void content_by_hint(struct worker *worker, char hint, char *at, size_t bytes);
void attributes_make(struct worker *worker, char *at, bool of_file);
void create_user_process_fill(struct worker *worker);

/* ---- value.c ---- */

uint64_t value_any(struct worker *worker);
uint64_t value_address(struct worker *worker); /* memory that calls may change */
uint64_t value_size(struct worker *worker);
uint64_t value_bad_pointer(struct worker *worker, unsigned argument);
void address_note(struct worker *worker, uint64_t address);
/* Is it an address of the kernel that was put in as an argument? */
bool value_is_ours(uint64_t value);
void bad_pages_make(struct worker *worker);

/* ---- stock.c ---- */

HANDLE handle_pick(struct worker *worker, const char *type);
/* The call succeeded: handles that it gave or closed. */
void stock_learn(struct worker *worker, const struct call *call);
void stock_init(struct worker *worker);

/* ---- steer.c ---- */

void steer_init(void);
/* Changes arguments that would end or stop the fuzzer. */
void steer(struct worker *worker, const struct call *call);
void steer_print(void);

/* ---- scan.c ---- */

/* Marks the outputs before a call; looks at them and at the registers after it. */
void scan_prepare(struct worker *worker, const struct call *call);
void scan_after(struct worker *worker, const struct call *call);
/* Registers that the call must leave alone. */
void registers_prepare(struct worker *worker, const struct call *call);

/* ---- report.c, tidy.c ---- */

void finding_add(struct worker *worker, const char *what, unsigned argument, uint64_t offset,
		 uint64_t value);
void report_table(const struct control *control);
/* The last calls of each thread, in order. */
void report_threads(const struct control *control);
/* => returns: findings, which are printed. */
unsigned report_findings(const struct control *control);
/* Processes that were not there before tidy_begin are ended, and all below FOLDER is deleted. */
NTSTATUS tidy_begin(void);
/* What a process of the fuzzer started and has outlived it. */
void tidy_children_of(uint64_t parent_id);
void tidy_end(void);
