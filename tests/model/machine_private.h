/*
 * machine_private.h - what machine.c and machine_calls.c share: the program's memory for a call.
 */
#pragma once

#include "arch/arch.h"
#include "machine.h"

/* A page with the block, the names and the words from the fifth argument on; then what is moved. */
#define SCRATCH 0x10000000ull
#define SCRATCH_BYTES (MODEL_PAGE + MACHINE_BUFFER_BYTES)
#define WORDS_AT (SCRATCH + 0x200)
#define ATTRIBUTES_AT (SCRATCH + 0x300)
#define NAMES_AT (SCRATCH + 0x400) /* NAME_BYTES each: the UNICODE_STRING and the text */
#define NAME_BYTES 0x80ull
#define BUFFER_AT (SCRATCH + MODEL_PAGE)

#define NAME_OF_FILE 7 /* names from here on are of files, the ones before of sections */

/* Makes the program's process the current one. */
void machine_enter(unsigned program);
/* The current program stores. */
void machine_put(vaddr_t at, const void *bytes, size_t size);
/* Pages promised since the start. */
uint64_t machine_promised(void);
