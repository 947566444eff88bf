/*
 * System information as user programs see it: NT's constants and structures (x86-64).
 */
#pragma once

#include "ntdef.h"

enum system_information_class {
	SYSTEM_BASIC_INFORMATION_CLASS = 0,
	SYSTEM_PERFORMANCE_INFORMATION_CLASS = 2,
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
 * The leading fields of SYSTEM_PERFORMANCE_INFORMATION; the rest of the 312 bytes (Windows 7 form)
 * is zero.
 */
#define SYSTEM_PERFORMANCE_INFORMATION_BYTES 312
struct nt_system_performance_information {
	int64_t idle_time, io_read_transfer_count, io_write_transfer_count, io_other_transfer_count;
	uint32_t io_read_operation_count, io_write_operation_count, io_other_operation_count;
	uint32_t available_pages, committed_pages, commit_limit, peak_commitment;
	uint32_t page_fault_count, copy_on_write_count, transition_count, cache_transition_count,
		demand_zero_count;
	uint32_t page_read_count, page_read_io_count, cache_read_count, cache_io_count;
	uint32_t dirty_pages_write_count, dirty_write_io_count, mapped_pages_write_count,
		mapped_write_io_count;
};

enum shutdown_action { SHUTDOWN_NO_REBOOT, SHUTDOWN_REBOOT, SHUTDOWN_POWER_OFF };
