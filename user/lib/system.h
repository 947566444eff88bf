/*
 * system.h - which system runs us, and what Quire tells about itself. Elsewhere its classes do not
 * exist.
 */
#pragma once

#include "native.h"

/* True where our information classes are answered. */
bool system_is_quire(void);
/* True under Wine, whose known differences (nt-semantics section 9) tests accept. */
bool system_is_wine(void);
const char *system_name(void); /* "Quire", "Wine" or "Windows" */

/* The caller's own counters. All zeros, and false, where they do not exist. */
bool fault_counts_read(struct quire_fault_counts *counts);
bool memory_read(struct quire_memory *memory);
bool paging_read(struct quire_paging *paging);
/*
 * The frame behind an address of this process. False where the class does not exist or nothing is
 * mapped.
 */
bool page_read(const void *address, struct quire_memory_page *page);
/* How many of the pages at `start` have a frame: resident for somebody, or mapped here. */
size_t pages_resident(const void *start, size_t page_count);

/* Short names of enum quire_fault_class, for tables. */
extern const char *const fault_class_names[QUIRE_FAULT_CLASSES];

/* The name of a status ("STATUS_ACCESS_VIOLATION"), or NULL for one that this table lacks. */
const char *status_name(NTSTATUS status);

static inline uint64_t ticks_read(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
	return (uint64_t)high << 32 | low;
}
