/*
 * pair_world.h - a process with two threads, and one object that both act on: a page in a view of a
 * section of a file, as far as the kind of the world has these, with a handle, a name and a path.
 * Each operation (pair_operations.def) is what one thread does; pair_explore.h runs any two of them
 * at the same time. Both go through the system calls, as programs do.
 */
#pragma once

#include "kernel/process/process.h"
#include "tests/sim/sim.h"

#define ACTORS 2u
#define PAIR_PAGES 2u	    /* of the view; operations act on the first */
#define PAIR_WRITE_AT 0x30u /* + the number of the actor: the byte that it writes */
#define PAIR_WRITTEN 0x50u  /* + the same number: what it writes there */

enum pair_kind {
	PAIR_PRIVATE, /* private memory with a write watch */
	PAIR_SECTION, /* a view of a page-file section */
	PAIR_FILE,    /* a view of a file */
	PAIR_COPY,    /* a copy-on-write view of a file */
	PAIR_REMOTE,  /* a view of a page-file section in another process */
	PAIR_KINDS
};
enum pair_place {
	PAIR_IN_MEMORY,
	PAIR_ON_DISK,
	PAIR_SHORT, /* in memory, of which there is no more: whoever needs a page takes another's */
};

/* Everything that differs between worlds. */
struct pair_world {
	const char *name;
	enum pair_kind kind;
	enum pair_place place;
};
#define PAIR_WORLDS 14u
extern const struct pair_world pair_worlds[PAIR_WORLDS];

struct actor;
struct operation {
	const char *name;
	void (*run)(struct actor *actor);
	uint32_t worlds;  /* the kinds in which it has an object: bits 1 << enum pair_kind */
	bool is_compound; /* several steps: need not look as if they were one */
};
extern const struct operation pair_operations[];
extern const unsigned pair_operation_count;

struct actor {
	unsigned number;
	const struct operation *operation;
	struct user_thread *thread;
	vaddr_t desk; /* a page of its own, never paged out: arguments and results */
	NTSTATUS status;
	uint64_t value; /* what it saw */
	bool has_begun, has_ended;
};

/* What the operations act on. Handles of the process that the threads are of. */
struct pair_object {
	enum pair_kind kind;
	struct process *process; /* of the threads */
	struct process *owner; /* of the page: the same, or another one, without running threads */
	handle_t target;       /* to it */
	vaddr_t page;
	handle_t section, file, event, mutant;
	uint32_t protection; /* of the view */
};
extern struct pair_object object;
static inline bool pair_is_of_file(void)
{
	return object.kind == PAIR_FILE || object.kind == PAIR_COPY;
}

/* The world `argument`, a struct pair_world, with threads that wait for pair_actors_run. */
void pair_world_set_up(void *argument);
void pair_world_take_down(void *argument);

/* What both saw, and what there is afterwards. */
#define PAIR_STATE_WORDS 12u
struct pair_outcome {
	NTSTATUS status[ACTORS];
	uint64_t value[ACTORS];
	uint64_t state[PAIR_STATE_WORDS];
};
/* Lets both actors run, and returns when they have ended their operations, or their lives. */
void pair_actors_run(const struct operation *const operations[ACTORS],
		     struct pair_outcome *outcome);
/* The rest of it, `state`, afterwards. */
void pair_outcome_read(struct pair_outcome *outcome);
void pair_outcome_print(const char *title, const struct pair_outcome *outcome);

/* ---- for operations: the desk (words, texts, a buffer) and system calls ---- */

#define DESK_WORD(i) (0x80u + 8u * (i)) /* 16 words for in/out parameters */
#define DESK_IO 0x100u
#define DESK_SECTION_NAME 0x140u /* OBJECT_ATTRIBUTES of the section's name */
#define DESK_FILE_NAME 0x200u	 /* of the file's path */
#define DESK_EVENT_NAME 0x2C0u
#define DESK_RENAME 0x380u /* FILE_RENAME_INFORMATION */
#define DESK_BUFFER 0x400u
#define DESK_BUFFER_BYTES 0x200u

void desk_put(struct actor *actor, unsigned word, uint64_t value);
uint64_t desk_get(struct actor *actor, unsigned word);
void desk_read(struct actor *actor, unsigned offset, void *to, size_t size_bytes);
void desk_write(struct actor *actor, unsigned offset, const void *from, size_t size_bytes);
static inline vaddr_t desk_word(const struct actor *actor, unsigned word)
{
	return actor->desk + DESK_WORD(word);
}

enum call_number {
#define SYSCALL(name, argument_count, parameters) CALL_##name,
#include "nt/syscalls.def"
#undef SYSCALL
};
/* => returns: the call's status, which is also the actor's. */
NTSTATUS call_make(struct actor *actor, enum call_number number, const uint64_t *arguments,
		   unsigned count);
#define CALL(actor, name, ...) \
	call_make(actor, CALL_##name, (const uint64_t[]){__VA_ARGS__}, \
		  sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

#define OPERATION(name, worlds, is_compound, title) void operation_##name(struct actor *actor);
#include "pair_operations.def"
#undef OPERATION
