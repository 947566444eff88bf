/*
 * operation.h - one step of a test: a call whose handles are named by slots, so that a list of
 * steps keeps its meaning when some are left out.
 */
#pragma once

#include "machine.h"

#define OPERATION_SLOTS 16
/* A handle argument: a slot of the caller (what is duplicated: of its process), or one of these. */
enum { HANDLE_ZERO = 0x100, HANDLE_CURRENT_PROCESS, HANDLE_JUNK };

struct operation {
	struct model_call call; /* handle, process and other are names */
	unsigned slot;		/* where a new handle goes */
};

/* What a slot of a process holds: the last value that was put there, closed or not. */
uint64_t operation_handle(unsigned process, uint64_t name);
/* The process that the caller's handle of that name leads to; the caller if it leads to none. */
unsigned operation_process(unsigned caller, uint64_t name);
bool operation_slot_is_empty(unsigned process, unsigned slot);
bool operation_clone_lives(void);

/* ---- a run (run.c) ---- */

/* Starts both sides. */
void run_start(const struct machine_shape *shape);
/*
 * Makes the step on both sides; one that neither should see (a file longer than the model can hold,
 * a second clone) is left out. => returns: false: they differ; run_difference() says how.
 */
bool run_step(const struct operation *operation);
/* Compares everything that is left, closes all and stops the machine. => returns: as run_step. */
bool run_end(void);
const char *run_difference(void);

/* ---- words (words.c): "A map handle=3 base=0x1ffd0000 ..." ---- */

#define WORDS_BYTES 512
void operation_print(const struct operation *operation, char text[WORDS_BYTES]);
/* => returns: false: this is no operation. */
bool operation_parse(const char *text, struct operation *operation);

/* ---- chance (generate.c) ---- */

/* A stream of bytes, or of pseudo-random numbers. */
struct source {
	uint64_t state; /* of the numbers, if there are no bytes */
	const uint8_t *bytes;
	size_t left;
	bool is_bytes;
};
uint64_t source_below(struct source *source, uint64_t limit);
/* A step that mostly makes sense now. */
void operation_generate(struct source *source, struct operation *operation);
void shape_generate(struct source *source, struct machine_shape *shape);
