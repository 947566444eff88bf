/*
 * Sections, views and virtual memory as user programs see them: NT's constants and structures
 * (x86-64).
 */
#pragma once

#include "ntdef.h"

/* Section access rights */
#define SECTION_QUERY 0x0001u
#define SECTION_MAP_WRITE 0x0002u
#define SECTION_MAP_READ 0x0004u
#define SECTION_MAP_EXECUTE 0x0008u
#define SECTION_EXTEND_SIZE 0x0010u
#define SECTION_MAP_EXECUTE_EXPLICIT 0x0020u
#define SECTION_ALL_ACCESS 0x000F001Fu

/* Section attributes (AllocationAttributes of NtCreateSection) */
#define SEC_BASED 0x00200000u
#define SEC_NO_CHANGE 0x00400000u
#define SEC_FILE 0x00800000u
#define SEC_IMAGE 0x01000000u
#define SEC_PROTECTED_IMAGE 0x02000000u
#define SEC_RESERVE 0x04000000u
#define SEC_COMMIT 0x08000000u
#define SEC_NOCACHE 0x10000000u
#define SEC_IMAGE_NO_EXECUTE 0x11000000u
#define SEC_WRITECOMBINE 0x40000000u
#define SEC_LARGE_PAGES 0x80000000u

/* Page protection: exactly one of the low eight, and at most one modifier (nt-semantics C8) */
#define PAGE_NOACCESS 0x01u
#define PAGE_READONLY 0x02u
#define PAGE_READWRITE 0x04u
#define PAGE_WRITECOPY 0x08u
#define PAGE_EXECUTE 0x10u
#define PAGE_EXECUTE_READ 0x20u
#define PAGE_EXECUTE_READWRITE 0x40u
#define PAGE_EXECUTE_WRITECOPY 0x80u
#define PAGE_GUARD 0x100u
#define PAGE_NOCACHE 0x200u
#define PAGE_WRITECOMBINE 0x400u

/* Allocation types and states */
#define MEM_COALESCE_PLACEHOLDERS 0x00000001u
#define MEM_PRESERVE_PLACEHOLDER 0x00000002u
#define MEM_UNMAP_WITH_TRANSIENT_BOOST 0x00000001u
#define MEM_COMMIT 0x00001000u
#define MEM_RESERVE 0x00002000u
#define MEM_REPLACE_PLACEHOLDER 0x00004000u
#define MEM_DECOMMIT 0x00004000u
#define MEM_RELEASE 0x00008000u
#define MEM_FREE 0x00010000u
#define MEM_PRIVATE 0x00020000u
#define MEM_RESERVE_PLACEHOLDER 0x00040000u
#define MEM_MAPPED 0x00040000u
#define MEM_RESET 0x00080000u
#define MEM_TOP_DOWN 0x00100000u
#define MEM_WRITE_WATCH 0x00200000u
#define MEM_PHYSICAL 0x00400000u
#define MEM_IMAGE 0x01000000u
#define MEM_RESET_UNDO 0x01000000u /* as an allocation type; MEM_IMAGE is a state */
#define MEM_LARGE_PAGES 0x20000000u
#define MEM_DIFFERENT_IMAGE_BASE_OK 0x00800000u

enum section_inherit { VIEW_SHARE = 1, VIEW_UNMAP = 2 };

/* MEM_EXTENDED_PARAMETER: what NtAllocateVirtualMemoryEx and NtMapViewOfSectionEx take more */
enum memory_parameter_type {
	MEMORY_PARAMETER_NONE,
	MEMORY_PARAMETER_ADDRESS_REQUIREMENTS,
	MEMORY_PARAMETER_NUMA_NODE,
	MEMORY_PARAMETER_PARTITION,
	MEMORY_PARAMETER_USER_PHYSICAL,
	MEMORY_PARAMETER_ATTRIBUTE_FLAGS,
	MEMORY_PARAMETER_IMAGE_MACHINE,
	MEMORY_PARAMETER_TYPES
};
/* The same array has types of its own in NtCreateSectionEx. */
enum section_parameter_type {
	SECTION_PARAMETER_NONE,
	SECTION_PARAMETER_USER_PHYSICAL_FLAGS,
	SECTION_PARAMETER_NUMA_NODE,
	SECTION_PARAMETER_SIGNING_LEVEL,
	SECTION_PARAMETER_TYPES
};
#define NUMA_NO_PREFERRED_NODE 0xFFFFFFFFu

struct nt_memory_extended_parameter {
	uint64_t type; /* low eight bits; the others are reserved */
	uint64_t value;
};
_Static_assert(sizeof(struct nt_memory_extended_parameter) == 16, "MEM_EXTENDED_PARAMETER");

struct nt_memory_address_requirements {
	uint64_t lowest_starting_address;
	uint64_t highest_ending_address; /* the last byte allowed */
	uint64_t alignment_bytes;
};
_Static_assert(sizeof(struct nt_memory_address_requirements) == 24, "MEM_ADDRESS_REQUIREMENTS");

/* NtQuerySection */
enum section_information_class {
	SECTION_BASIC_INFORMATION_CLASS = 0,
	SECTION_IMAGE_INFORMATION_CLASS = 1,
	SECTION_RELOCATION_INFORMATION_CLASS = 2,    /* by how much the image was moved: uint64_t */
	SECTION_ORIGINAL_BASE_INFORMATION_CLASS = 3, /* the base in the image's header: uint64_t */
	SECTION_INTERNAL_IMAGE_INFORMATION_CLASS = 4
};

/* IMAGE_FILE_MACHINE_*, as in an image's information */
#define MACHINE_NATIVE 0x8664u
#define MACHINE_I386 0x014Cu

struct nt_section_basic_information {
	uint64_t base_address;
	uint32_t attributes;
	uint32_t padding;
	int64_t size_bytes;
};
_Static_assert(sizeof(struct nt_section_basic_information) == 24, "SECTION_BASIC_INFORMATION");

struct nt_section_image_information {
	uint64_t transfer_address;
	uint32_t zero_bits;
	uint32_t padding0;
	uint64_t maximum_stack_size;
	uint64_t committed_stack_size;
	uint32_t subsystem_type;
	uint16_t subsystem_minor_version;
	uint16_t subsystem_major_version;
	uint16_t os_major_version;
	uint16_t os_minor_version;
	uint16_t image_characteristics;
	uint16_t dll_characteristics;
	uint16_t machine;
	uint8_t image_contains_code;
	uint8_t image_flags; /* bit 2 ImageDynamicallyRelocated, bit 3 ImageMappedFlat */
	uint32_t loader_flags;
	uint32_t image_file_size_bytes;
	uint32_t check_sum;
};
_Static_assert(sizeof(struct nt_section_image_information) == 64, "SECTION_IMAGE_INFORMATION");

struct nt_section_internal_image_information {
	struct nt_section_image_information image;
	uint32_t extended_flags; /* none is ever set */
	uint32_t padding;
};
_Static_assert(sizeof(struct nt_section_internal_image_information) == 72, "class 4");

/* NtQueryVirtualMemory */
enum memory_information_class {
	MEMORY_BASIC_INFORMATION_CLASS = 0,
	MEMORY_WORKING_SET_INFORMATION_CLASS = 1,
	MEMORY_MAPPED_FILENAME_CLASS = 2,
	MEMORY_REGION_INFORMATION_CLASS = 3,
	MEMORY_WORKING_SET_EX_INFORMATION_CLASS = 4,
	MEMORY_SHARED_COMMIT_INFORMATION_CLASS = 5,
	MEMORY_IMAGE_INFORMATION_CLASS = 6,
	MEMORY_REGION_INFORMATION_EX_CLASS = 7,
	MEMORY_BASIC_INFORMATION_CAPPED_CLASS = 10
};

/* The sizes at which callers of several ages stop: the first three fields, with CommitSize, all. */
struct nt_memory_region_information {
	uint64_t allocation_base;
	uint32_t allocation_protect;
	uint32_t region_type; /* MEMORY_REGION_* */
	uint64_t region_size_bytes;
	uint64_t commit_size_bytes;
	uint64_t partition_id;
	uint64_t node_preference;
};
_Static_assert(sizeof(struct nt_memory_region_information) == 48, "MEMORY_REGION_INFORMATION");
#define MEMORY_REGION_MAPPED_DATA_FILE 0x02u
#define MEMORY_REGION_MAPPED_IMAGE 0x04u
#define MEMORY_REGION_MAPPED_PHYSICAL 0x10u

struct nt_memory_image_information {
	uint64_t image_base;
	uint64_t size_of_image_bytes;
	uint32_t image_flags; /* bit 0: not all of it is mapped; bit 1: not executable */
	uint32_t padding;
};
_Static_assert(sizeof(struct nt_memory_image_information) == 24, "MEMORY_IMAGE_INFORMATION");

struct nt_memory_working_set_ex_information {
	uint64_t virtual_address;
	uint64_t attributes; /* MEMORY_WORKING_SET_* */
};
_Static_assert(sizeof(struct nt_memory_working_set_ex_information) == 16,
	       "MEMORY_WORKING_SET_EX_INFORMATION");
#define MEMORY_WORKING_SET_VALID 0x1ull
#define MEMORY_WORKING_SET_SHARES_SHIFT 1     /* 3 bits */
#define MEMORY_WORKING_SET_PROTECTION_SHIFT 4 /* 11 bits: PAGE_* */
#define MEMORY_WORKING_SET_SHARED 0x8000ull
#define MEMORY_WORKING_SET_LOCKED 0x400000ull
#define MEMORY_WORKING_SET_LARGE_PAGE 0x800000ull
#define MEMORY_WORKING_SET_SHARES_MAX 7u

struct nt_memory_basic_information {
	uint64_t base_address;
	uint64_t allocation_base;
	uint32_t allocation_protect;
	uint32_t partition_id;
	uint64_t region_size_bytes;
	uint32_t state;	  /* MEM_COMMIT, MEM_RESERVE or MEM_FREE */
	uint32_t protect; /* PAGE_*, 0 for reserved pages */
	uint32_t type;	  /* MEM_PRIVATE, MEM_MAPPED, MEM_IMAGE or 0 */
	uint32_t padding;
};
_Static_assert(sizeof(struct nt_memory_basic_information) == 48, "MEMORY_BASIC_INFORMATION");
