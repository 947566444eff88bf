/*
 * Processes and threads as user programs see them: NT's constants and structures (x86-64).
 */
#pragma once

#include "ntdef.h"

#define PROCESS_TERMINATE 0x0001u
#define PROCESS_CREATE_THREAD 0x0002u
#define PROCESS_VM_OPERATION 0x0008u
#define PROCESS_VM_READ 0x0010u
#define PROCESS_VM_WRITE 0x0020u
#define PROCESS_DUP_HANDLE 0x0040u
#define PROCESS_CREATE_PROCESS 0x0080u
#define PROCESS_SET_QUOTA 0x0100u
#define PROCESS_SET_INFORMATION 0x0200u
#define PROCESS_QUERY_INFORMATION 0x0400u
#define PROCESS_SUSPEND_RESUME 0x0800u
#define PROCESS_QUERY_LIMITED_INFORMATION 0x1000u
#define PROCESS_ALL_ACCESS 0x001FFFFFu

#define THREAD_TERMINATE 0x0001u
#define THREAD_SUSPEND_RESUME 0x0002u
#define THREAD_ALERT 0x0004u
#define THREAD_GET_CONTEXT 0x0008u
#define THREAD_SET_CONTEXT 0x0010u
#define THREAD_SET_INFORMATION 0x0020u
#define THREAD_QUERY_INFORMATION 0x0040u
#define THREAD_QUERY_LIMITED_INFORMATION 0x0800u
#define THREAD_ALL_ACCESS 0x001FFFFFu
#define THREAD_SUSPEND_COUNT_MAX 127u

/* NtCreateThreadEx and NtCreateUserProcess flags */
#define THREAD_CREATE_FLAGS_CREATE_SUSPENDED 0x1u
#define PROCESS_CREATE_FLAGS_INHERIT_HANDLES 0x4u

enum process_information_class {
	PROCESS_BASIC_INFORMATION_CLASS = 0,
	PROCESS_QUOTA_LIMITS_CLASS = 1,
	PROCESS_VM_COUNTERS_CLASS = 3,
	PROCESS_TIMES_CLASS = 4,
	PROCESS_DEBUG_PORT_CLASS = 7,
	PROCESS_HARD_ERROR_MODE_CLASS = 12,
	PROCESS_PRIORITY_CLASS_CLASS = 18,
	PROCESS_HANDLE_COUNT_CLASS = 20,
	PROCESS_AFFINITY_CLASS = 21,
	PROCESS_PRIORITY_BOOST_CLASS = 22,
	PROCESS_SESSION_CLASS = 24,
	PROCESS_WOW64_CLASS = 26,
	PROCESS_IMAGE_FILE_NAME_CLASS = 27,
	PROCESS_DEBUG_OBJECT_CLASS = 30,
	PROCESS_DEBUG_FLAGS_CLASS = 31,
	PROCESS_EXECUTE_FLAGS_CLASS = 34,
	PROCESS_COOKIE_CLASS = 36,
	PROCESS_IMAGE_INFORMATION_CLASS = 37,
	PROCESS_IMAGE_FILE_NAME_WIN32_CLASS = 43,
};

enum thread_information_class {
	THREAD_BASIC_INFORMATION_CLASS = 0,
	THREAD_TIMES_CLASS = 1,
	THREAD_PRIORITY_CLASS = 2,
	THREAD_BASE_PRIORITY_CLASS = 3,
	THREAD_AFFINITY_CLASS = 4,
	THREAD_START_ADDRESS_CLASS = 9,
	THREAD_ZERO_TLS_CELL_CLASS = 10,
	THREAD_IS_LAST_CLASS = 12,
	THREAD_PRIORITY_BOOST_CLASS = 14,
	THREAD_HIDE_FROM_DEBUGGER_CLASS = 17,
	THREAD_IS_TERMINATED_CLASS = 20,
	THREAD_SUSPEND_COUNT_CLASS = 35,
	THREAD_NAME_CLASS = 38,
};

/* PROCESS_PRIORITY_CLASS, in the order of the numbers */
enum priority_class {
	PRIORITY_CLASS_UNKNOWN,
	PRIORITY_CLASS_IDLE,
	PRIORITY_CLASS_NORMAL,
	PRIORITY_CLASS_HIGH,
	PRIORITY_CLASS_REALTIME,
	PRIORITY_CLASS_BELOW_NORMAL,
	PRIORITY_CLASS_ABOVE_NORMAL,
};
struct nt_priority_class {
	uint8_t foreground, class;
};

/* MEM_EXECUTE_OPTION_*: data is never executable, and that cannot be changed */
#define EXECUTE_OPTION_DISABLE 0x1u
#define EXECUTE_OPTION_DISABLE_THUNKS 0x4u
#define EXECUTE_OPTION_PERMANENT 0x8u

/* 100 ns units; creation and exit since 1601, exit 0 while it runs */
struct nt_times {
	uint64_t creation, exit, kernel, user;
};

struct nt_thread_basic_information {
	NTSTATUS exit_status; /* STATUS_PENDING while it runs */
	uint32_t padding;
	uint64_t teb;
	struct nt_client_id client_id;
	uint64_t affinity_mask;
	int32_t priority;
	int32_t base_priority;
};
_Static_assert(sizeof(struct nt_thread_basic_information) == 48, "THREAD_BASIC_INFORMATION");

struct nt_process_basic_information {
	NTSTATUS exit_status; /* STATUS_PENDING while it runs */
	uint32_t padding;
	uint64_t peb;
	uint64_t affinity_mask;
	int32_t base_priority;
	uint32_t padding1;
	uint64_t process_id;
	uint64_t parent_process_id;
};
_Static_assert(sizeof(struct nt_process_basic_information) == 48, "PROCESS_BASIC_INFORMATION");

struct nt_vm_counters {
	uint64_t peak_virtual_size, virtual_size;
	uint32_t page_fault_count, padding;
	uint64_t peak_working_set_size, working_set_size;
	uint64_t quota_peak_paged_pool, quota_paged_pool, quota_peak_non_paged_pool,
		quota_non_paged_pool;
	uint64_t pagefile_usage, peak_pagefile_usage;
};
_Static_assert(sizeof(struct nt_vm_counters) == 88, "VM_COUNTERS");

struct nt_vm_counters_ex {
	struct nt_vm_counters counters;
	uint64_t private_usage;
};
_Static_assert(sizeof(struct nt_vm_counters_ex) == 96, "VM_COUNTERS_EX");

#define QUOTA_LIMITS_HARDWS_MIN_ENABLE 0x1u
#define QUOTA_LIMITS_HARDWS_MIN_DISABLE 0x2u
#define QUOTA_LIMITS_HARDWS_MAX_ENABLE 0x4u
#define QUOTA_LIMITS_HARDWS_MAX_DISABLE 0x8u

/* Sizes in bytes; UINT64_MAX: no limit. */
struct nt_quota_limits {
	uint64_t paged_pool_limit, non_paged_pool_limit;
	uint64_t minimum_working_set_size, maximum_working_set_size;
	uint64_t pagefile_limit, time_limit;
};
_Static_assert(sizeof(struct nt_quota_limits) == 48, "QUOTA_LIMITS");

struct nt_quota_limits_ex {
	struct nt_quota_limits limits;
	uint64_t working_set_limit, reserved[3];
	uint32_t flags, cpu_rate_limit;
};
_Static_assert(sizeof(struct nt_quota_limits_ex) == 88, "QUOTA_LIMITS_EX");

/* PS_ATTRIBUTE_LIST of NtCreateUserProcess and NtCreateThreadEx */
#define PS_ATTRIBUTE_NUMBER_MASK 0x0000FFFFu
enum ps_attribute_number {
	PS_ATTRIBUTE_PARENT_PROCESS = 0,
	PS_ATTRIBUTE_CLIENT_ID = 3,
	PS_ATTRIBUTE_TEB_ADDRESS = 4,
	PS_ATTRIBUTE_IMAGE_NAME = 5,
	PS_ATTRIBUTE_IMAGE_INFO = 6,
	PS_ATTRIBUTE_STD_HANDLE_INFO = 10,
	PS_ATTRIBUTE_HANDLE_LIST = 11,
};

struct nt_ps_attribute {
	uint64_t attribute; /* number | flags */
	uint64_t size_bytes;
	uint64_t value;		/* value, or address of it */
	uint64_t return_length; /* address, or 0 */
};

/* RTL_USER_PROCESS_PARAMETERS, the fields Quire reads. Offsets are Windows'. */
struct nt_user_process_parameters {
	uint32_t maximum_length_bytes;
	uint32_t length_bytes;
	uint32_t flags; /* bit 0: normalised (pointers, not offsets) */
	uint32_t debug_flags;
	handle_t console_handle;
	uint32_t console_flags;
	uint32_t padding;
	handle_t standard_input;
	handle_t standard_output;
	handle_t standard_error;
	struct nt_unicode_string current_directory_path;
	handle_t current_directory_handle;
	struct nt_unicode_string dll_path;
	struct nt_unicode_string image_path_name;
	struct nt_unicode_string command_line;
	uint64_t environment;
};
_Static_assert(offsetof(struct nt_user_process_parameters, image_path_name) == 0x60,
	       "RTL_USER_PROCESS_PARAMETERS");
_Static_assert(offsetof(struct nt_user_process_parameters, environment) == 0x80,
	       "RTL_USER_PROCESS_PARAMETERS");
#define PROCESS_PARAMETERS_NORMALIZED 0x1u

/* PEB and TEB: offsets of the fields the kernel writes */
#define PEB_IMAGE_BASE 0x10
#define PEB_LDR 0x18
#define PEB_PROCESS_PARAMETERS 0x20
#define PEB_PROCESS_HEAP 0x30
#define PEB_NUMBER_OF_PROCESSORS 0xB8
#define PEB_OS_MAJOR 0x118
#define PEB_OS_MINOR 0x11C
#define PEB_OS_BUILD 0x120 /* 16 bits; the upper half of the word is the service pack, 0 */
#define PEB_OS_PLATFORM 0x124
#define PEB_IMAGE_SUBSYSTEM 0x128
#define PEB_IMAGE_SUBSYSTEM_MAJOR 0x12C
#define PEB_IMAGE_SUBSYSTEM_MINOR 0x130
#define PEB_BYTES 0x1000

#define TEB_STACK_BASE 0x08
#define TEB_STACK_LIMIT 0x10
#define TEB_SELF 0x30
#define TEB_CLIENT_ID 0x40
#define TEB_PEB 0x60
#define TEB_DEALLOCATION_STACK 0x1478
#define TEB_TLS_SLOTS 0x1480
#define TLS_SLOTS 64u
#define TEB_BYTES 0x2000

#define USER_SHARED_DATA_ADDRESS 0x7FFE0000ull
