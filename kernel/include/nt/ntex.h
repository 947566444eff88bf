/*
 * System information as user programs see it: NT's constants and structures (x86-64).
 */
#pragma once

#include "ntdef.h"

enum system_information_class {
	SYSTEM_BASIC_INFORMATION_CLASS = 0,
	SYSTEM_PERFORMANCE_INFORMATION_CLASS = 2,
	SYSTEM_PAGEFILE_INFORMATION_CLASS = 18,
	SYSTEM_MEMORY_LIST_INFORMATION_CLASS = 80,
};

struct nt_system_basic_information {
	uint32_t reserved, timer_resolution, page_size, number_of_physical_pages,
		lowest_physical_page, highest_physical_page;
	uint32_t allocation_granularity, padding;
	uint64_t minimum_user_address, maximum_user_address, active_processors;
	uint8_t number_of_processors, padding1[7];
};
_Static_assert(sizeof(struct nt_system_basic_information) == 64, "SYSTEM_BASIC_INFORMATION");

/*
 * The fields about a cache of file views (Cc...) are one array here: there is no such cache. The
 * last four fields are Windows 7's and later; a buffer of 312 bytes ends before them.
 */
#define SYSTEM_PERFORMANCE_INFORMATION_OLD_BYTES 312
struct nt_system_performance_information {
	int64_t idle_time, io_read_transfer_count, io_write_transfer_count, io_other_transfer_count;
	uint32_t io_read_operation_count, io_write_operation_count, io_other_operation_count;
	uint32_t available_pages, committed_pages, commit_limit, peak_commitment;
	uint32_t page_fault_count, copy_on_write_count, transition_count, cache_transition_count,
		demand_zero_count;
	uint32_t page_read_count, page_read_io_count, cache_read_count, cache_io_count;
	uint32_t dirty_pages_write_count, dirty_write_io_count, mapped_pages_write_count,
		mapped_write_io_count;
	uint32_t paged_pool_pages, non_paged_pool_pages, paged_pool_allocs, paged_pool_frees,
		non_paged_pool_allocs, non_paged_pool_frees;
	uint32_t free_system_ptes, resident_system_code_page, total_system_driver_pages,
		total_system_code_pages;
	uint32_t non_paged_pool_lookaside_hits, paged_pool_lookaside_hits,
		available_paged_pool_pages;
	uint32_t resident_system_cache_page, resident_paged_pool_page, resident_system_driver_page;
	uint32_t cache_manager[30];
	uint32_t context_switches, first_level_tb_fills, second_level_tb_fills, system_calls;
	uint64_t cc_total_dirty_pages, cc_dirty_page_threshold;
	int64_t resident_available_pages;
	uint64_t shared_committed_pages;
};
_Static_assert(offsetof(struct nt_system_performance_information, cc_total_dirty_pages) ==
		       SYSTEM_PERFORMANCE_INFORMATION_OLD_BYTES,
	       "SYSTEM_PERFORMANCE_INFORMATION");
_Static_assert(sizeof(struct nt_system_performance_information) == 344,
	       "SYSTEM_PERFORMANCE_INFORMATION");

/* One per page file, its name behind it. Sizes in pages. */
struct nt_system_pagefile_information {
	uint32_t next_entry_offset; /* 0: the last one */
	uint32_t total_size, total_in_use, peak_usage;
	struct nt_unicode_string name;
};
_Static_assert(sizeof(struct nt_system_pagefile_information) == 32, "SYSTEM_PAGEFILE_INFORMATION");

/* In pages. The last field is Windows 8's and later; a buffer of 168 bytes ends before it. */
#define SYSTEM_MEMORY_LIST_INFORMATION_OLD_BYTES 168
#define MEMORY_PRIORITIES 8
#define MEMORY_PRIORITY_NORMAL 5
struct nt_system_memory_list_information {
	uint64_t zero, free, modified, modified_no_write, bad;
	uint64_t standby_by_priority[MEMORY_PRIORITIES], repurposed_by_priority[MEMORY_PRIORITIES];
	uint64_t modified_page_file;
};
_Static_assert(sizeof(struct nt_system_memory_list_information) == 176,
	       "SYSTEM_MEMORY_LIST_INFORMATION");

enum shutdown_action { SHUTDOWN_NO_REBOOT, SHUTDOWN_REBOOT, SHUTDOWN_POWER_OFF };
