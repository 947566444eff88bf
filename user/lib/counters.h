/*
 * counters.h - what a stretch of a program cost: faults by class, pages moved, instructions. Tools
 * read the line that counters_print writes (tools/quire sweep).
 */
#pragma once

#include "native.h"

struct counters {
	uint64_t faults[QUIRE_FAULT_CLASSES];
	struct quire_paging paging; /* of the whole system */
	uint64_t ticks;		    /* of the time-stamp counter: instructions under -icount */
	bool has_faults, has_paging;
};

/* The caller's faults, and the pages that the system has moved. Where nobody counts: zeros. */
void counters_start(struct counters *counters);
/* *counters is then what was counted since counters_start. */
void counters_stop(struct counters *counters);
/* All that the system has counted since it started. */
void counters_read_system(struct counters *counters);

/*
 * One line of words: `label`, `extra` (more words, or ""), then key=value for each count. What
 * nobody counts on this system is left out.
 */
void counters_print(const char *label, const char *extra, const struct counters *counters);
