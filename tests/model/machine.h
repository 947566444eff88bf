/*
 * machine.h - the kernel under test: a machine with two programs, and the model's calls made there
 * as system calls.
 */
#pragma once

#include "model.h"

#define MACHINE_PROGRAMS 2
#define MACHINE_BUFFER_BYTES (4 * MODEL_PAGE) /* the most that one call moves */

struct machine_shape {
	uint64_t frames, page_file; /* 0: all memory; slots */
};

/*
 * Two processes whose addresses are taken but for the arena and the low 64 KiB, and the three files
 * of these sizes (see model_reset). others: the handle that each has to the other one.
 */
void machine_start(const struct machine_shape *shape, const uint64_t file_sizes[MODEL_FILES],
		   uint64_t others[MACHINE_PROGRAMS]);
/* Ends the processes. Panics if anything was lost. */
void machine_stop(void);

/*
 * Makes the call. base, size, chosen and answer become what the kernel left there; what was read
 * is in machine_buffer.
 */
NTSTATUS machine_run(struct model_call *call);
/* Pages that a clone promises beside what is in the arena. */
uint64_t machine_clone_pages(void);
extern uint8_t machine_buffer[MACHINE_BUFFER_BYTES];
