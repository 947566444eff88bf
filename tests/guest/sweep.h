/*
 * sweep.h - an interrupt at every instruction of a path through the kernel: the paths, and one run
 * of one of them (test_sweep_*, test_kill_*). Quire's debug kernel under -icount only.
 */
#pragma once

#include "calls.h"
#include "guest.h"

/*
 * A way through the kernel that can be taken again and again. Only `run` is interrupted. `look`
 * (NULL: nothing) tells what it left behind; if that differs between two runs without an interrupt
 * it is not compared.
 */
struct sweep_path {
	const char *name;
	void (*prepare)(const struct sweep_path *path); /* NULL: nothing to do; as is undo */
	uint64_t (*run)(const struct sweep_path *path); /* the same result each time */
	uint64_t (*look)(const struct sweep_path *path);
	void (*undo)(const struct sweep_path *path);
	bool is_long;	  /* far more instructions than a call: left to the long form */
	bool is_complete; /* short, and all about entry and exit: every day at every instruction */
	bool varies;	  /* takes one way or another: what memory is free, what the disk does */
	bool needs_partner; /* a thread of this program that answers */
	struct call call;
};

/* Objects and threads that the paths need. Once, before anything else here. */
void sweep_init(void);

#define SWEEP_PATHS_MAX 160
extern struct sweep_path sweep_paths[SWEEP_PATHS_MAX];
extern size_t sweep_paths_count;

/* Each file's: the index-th of its paths; false at the end. */
bool sweep_call_path(size_t index, struct sweep_path *path);
bool sweep_fault_path(size_t index, struct sweep_path *path);
bool sweep_thread_path(size_t index, struct sweep_path *path);
void sweep_faults_init(void);
void sweep_threads_init(void);

enum sweep_kind { SWEEP_NMI, SWEEP_IRQ };
#define SWEEP_KINDS 2
extern const char *const sweep_kind_names[SWEEP_KINDS];

/* What one run showed. */
struct sweep_seen {
	uint64_t result, look;
	struct quire_sweep_result shot;
};

/* Asks for the interrupt. event NULL: it sets none. => returns: false on another system. */
bool sweep_arm(enum sweep_kind kind, uint32_t after, HANDLE event);
/* No interrupt from here on. */
struct quire_sweep_result sweep_disarm(void);
/* prepare, run with the interrupt `after` instructions in, look, undo. */
struct sweep_seen sweep_run(const struct sweep_path *path, enum sweep_kind kind, uint32_t after,
			    HANDLE event);

/* What a run without an interrupt shows, and whether `look` may be compared. */
struct sweep_normal {
	uint64_t result, look, ticks;
	bool has_look;
};
struct sweep_normal sweep_measure(const struct sweep_path *path);
/* NtSetInformationThread: a LONG, -2 to 2. */
#define THREAD_BASE_PRIORITY_CLASS 3u
/* An interrupt that comes long after every path is over. */
#define SWEEP_NEVER 0x7FFFFFFFu
