/*
 * sweep_places.h - which instructions of the kernel have been interrupted.
 */
#pragma once

#include "sweep.h"

/* Forgets the path's, not the program's. */
void places_start_path(void);
void places_note(enum sweep_kind kind, const struct quire_sweep_result *shot);

/* What the path showed, if every instruction was tried with both kinds. */
struct places_summary {
	unsigned interrupted; /* instructions that an NMI came before */
	unsigned enabled;     /* of them with interrupts enabled */
	unsigned missed;      /* of those: where no interrupt came */
};
struct places_summary places_end_path(const char *path, bool lists_missed);

/* All that an NMI has come before since the start, as lines "# places: ..." of offsets in hex. */
void places_print(void);
