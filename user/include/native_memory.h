/*
 * native_memory.h - what mingw's headers lack of the classes that tell about memory. Part of
 * native.h.
 */
#pragma once

/* NtQuerySystemInformation's classes beside winternl.h's. */
#define SYSTEM_CLASS_PAGE_FILES ((SYSTEM_INFORMATION_CLASS)18)
#define SYSTEM_CLASS_MEMORY_LISTS ((SYSTEM_INFORMATION_CLASS)80)

/* VM_COUNTERS_EX */
struct vm_counters {
	VM_COUNTERS counters;
	SIZE_T private_bytes;
};
_Static_assert(sizeof(struct vm_counters) == 96, "VM_COUNTERS_EX");

/* SYSTEM_PERFORMANCE_INFORMATION with the fields of later versions */
struct system_performance {
	SYSTEM_PERFORMANCE_INFORMATION old;
	uint64_t cache_dirty_pages, cache_dirty_threshold;
	int64_t resident_available_pages;
	uint64_t shared_committed_pages;
};
_Static_assert(sizeof(struct system_performance) == 344, "SYSTEM_PERFORMANCE_INFORMATION");

/* SYSTEM_MEMORY_LIST_INFORMATION; in pages */
struct memory_lists {
	SIZE_T zero, free, modified, modified_no_write, bad;
	SIZE_T standby_by_priority[8], repurposed_by_priority[8];
	SIZE_T modified_page_file; /* of later versions */
};
_Static_assert(sizeof(struct memory_lists) == 176, "SYSTEM_MEMORY_LIST_INFORMATION");
