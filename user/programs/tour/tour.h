/*
 * tour.h - the parts of the tour, in the order in which main.c calls them.
 */
#pragma once

#include "native.h"

/* The file that is toured, and what is mapped of it. */
struct tour {
	HANDLE file, section;
	uint64_t bytes, pages;
	char *view, *second_view, *third_view; /* NULL: not mapped */
	char *copy_view;
	uint64_t lines; /* as counted first */
};

/* steps.c: mapping, reading, mapping again */
void tour_map(struct tour *tour);
void tour_touch_some(struct tour *tour);
void tour_count_lines(struct tour *tour);
void tour_second_view(struct tour *tour);
void tour_unmap_and_return(struct tour *tour);
void tour_copy_on_write(struct tour *tour);
void tour_close_handles(struct tour *tour);
void tour_unmap(struct tour *tour);

/* share.c: two processes and one section */
void tour_share(void);
/* What `tour.exe child NAME` does. => returns: its exit status. */
NTSTATUS tour_child(const char *section_name);

/* costs.c: ticks per fault, by class */
void tour_costs(const char *path);

/* pages.c: what the parts share */
char *view_map(HANDLE section, ULONG protection, const char *what);
void view_unmap(char *view);
/*
 * Reads the first byte of every `step`-th page. Returns their sum, so that nothing is optimised
 * away.
 */
unsigned pages_read(const char *view, uint64_t page_count, uint64_t step);
/* Writes `value` to the first byte of each page. */
void pages_write(char *view, uint64_t page_count, char value);
