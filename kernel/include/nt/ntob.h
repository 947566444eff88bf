/*
 * Objects, and what one synchronizes with, as user programs see them: NT's constants and structures
 * (x86-64).
 */
#pragma once

#include "ntdef.h"

#define EVENT_QUERY_STATE 0x1u
#define EVENT_MODIFY_STATE 0x2u
#define EVENT_ALL_ACCESS 0x001F0003u
#define SEMAPHORE_QUERY_STATE 0x1u
#define SEMAPHORE_MODIFY_STATE 0x2u
#define SEMAPHORE_ALL_ACCESS 0x001F0003u
#define MUTANT_QUERY_STATE 0x1u
#define MUTANT_ALL_ACCESS 0x001F0001u

enum event_kind { NOTIFICATION_EVENT, SYNCHRONIZATION_EVENT };

/* The one class that NtQueryEvent, NtQuerySemaphore and NtQueryMutant have. */
#define SYNCHRONIZATION_BASIC_INFORMATION_CLASS 0u

struct nt_event_basic_information {
	uint32_t event_type; /* enum event_kind */
	int32_t event_state;
};
_Static_assert(sizeof(struct nt_event_basic_information) == 8, "EVENT_BASIC_INFORMATION");

struct nt_semaphore_basic_information {
	uint32_t current_count, maximum_count;
};
_Static_assert(sizeof(struct nt_semaphore_basic_information) == 8, "SEMAPHORE_BASIC_INFORMATION");

struct nt_mutant_basic_information {
	int32_t current_count;
	uint8_t owned_by_caller, abandoned_state;
	uint16_t padding;
};
_Static_assert(sizeof(struct nt_mutant_basic_information) == 8, "MUTANT_BASIC_INFORMATION");

/* NtQueryObject */
enum object_information_class {
	OBJECT_BASIC_INFORMATION_CLASS,
	OBJECT_NAME_INFORMATION_CLASS,
	OBJECT_TYPE_INFORMATION_CLASS,
	OBJECT_TYPES_INFORMATION_CLASS,
	OBJECT_HANDLE_FLAG_INFORMATION_CLASS,
};
#define OBJECT_INFORMATION_CLASSES 5u

struct nt_object_basic_information {
	uint32_t attributes; /* OBJ_*, of the handle and of the object */
	access_mask_t granted_access;
	uint32_t handle_count, pointer_count;
	uint32_t paged_pool_charge, non_paged_pool_charge, reserved[3];
	uint32_t name_info_size, type_info_size, security_descriptor_size;
	int64_t creation_time;
};
_Static_assert(sizeof(struct nt_object_basic_information) == 56, "OBJECT_BASIC_INFORMATION");

struct nt_object_type_information {
	struct nt_unicode_string type_name;
	uint32_t object_count, handle_count;
	uint32_t pool_usage[4]; /* paged, non-paged, names, handle tables */
	uint32_t highest_object_count, highest_handle_count;
	uint32_t highest_pool_usage[4];
	uint32_t invalid_attributes;
	access_mask_t generic_read, generic_write, generic_execute, generic_all, valid_access;
	uint8_t security_required, maintains_handle_count, type_index, reserved;
	uint32_t pool_type, default_paged_pool_charge, default_non_paged_pool_charge;
};
_Static_assert(sizeof(struct nt_object_type_information) == 104, "OBJECT_TYPE_INFORMATION");

struct nt_object_handle_flag_information {
	uint8_t inherit, protect_from_close;
};

/* NtQueryDirectoryObject: an array of these, an empty one at its end, then the texts. */
struct nt_object_directory_information {
	struct nt_unicode_string name, type_name;
};
_Static_assert(sizeof(struct nt_object_directory_information) == 32,
	       "OBJECT_DIRECTORY_INFORMATION");
