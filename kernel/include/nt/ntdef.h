/*
 * Base types and structures that user programs see: layouts of NT on x86-64.
 *
 * A pointer inside these structures is a user address, so it is a uint64_t: the kernel reaches it
 * only through copy_in and copy_out (kernel/mm/user_memory.h). The same files serve the kernel and
 * the host tests; user programs take mingw's own headers instead.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int32_t NTSTATUS;
typedef uint32_t access_mask_t; /* NT's ACCESS_MASK */
typedef uint64_t handle_t;	/* NT's HANDLE: a multiple of 4, or a pseudo handle */

#define NT_SUCCESS(status) ((NTSTATUS)(status) >= 0)
#define NT_ERROR(status) ((uint32_t)(status) >> 30 == 3) /* warnings are not */

#define CURRENT_PROCESS ((handle_t)-1)
#define CURRENT_THREAD ((handle_t)-2)

struct nt_unicode_string {
	uint16_t length_bytes;
	uint16_t maximum_length_bytes;
	uint32_t padding;
	uint64_t buffer; /* user address of UTF-16 text, not terminated */
};
_Static_assert(sizeof(struct nt_unicode_string) == 16, "UNICODE_STRING");

struct nt_object_attributes {
	uint32_t length_bytes; /* 48 */
	uint32_t padding0;
	handle_t root_directory;
	uint64_t object_name; /* user address of a nt_unicode_string, or 0 */
	uint32_t attributes;  /* OBJ_* */
	uint32_t padding1;
	uint64_t security_descriptor;
	uint64_t security_quality_of_service;
};
_Static_assert(sizeof(struct nt_object_attributes) == 48, "OBJECT_ATTRIBUTES");

struct nt_client_id {
	uint64_t process;
	uint64_t thread;
};

struct nt_io_status_block {
	uint64_t status; /* an NTSTATUS in the low half */
	uint64_t information;
};

/* Object attributes */
#define OBJ_PROTECT_CLOSE 0x00000001u
#define OBJ_INHERIT 0x00000002u
#define OBJ_PERMANENT 0x00000010u
#define OBJ_EXCLUSIVE 0x00000020u
#define OBJ_CASE_INSENSITIVE 0x00000040u
#define OBJ_OPENIF 0x00000080u
#define OBJ_OPENLINK 0x00000100u
#define OBJ_KERNEL_HANDLE 0x00000200u

/* Access masks */
#define DELETE_ACCESS 0x00010000u /* NT's DELETE */
#define READ_CONTROL 0x00020000u
#define WRITE_DAC 0x00040000u
#define WRITE_OWNER 0x00080000u
#define SYNCHRONIZE 0x00100000u
#define STANDARD_RIGHTS_REQUIRED 0x000F0000u
#define STANDARD_RIGHTS_READ READ_CONTROL
#define STANDARD_RIGHTS_WRITE READ_CONTROL
#define STANDARD_RIGHTS_EXECUTE READ_CONTROL
#define MAXIMUM_ALLOWED 0x02000000u
#define GENERIC_ALL 0x10000000u
#define GENERIC_EXECUTE 0x20000000u
#define GENERIC_WRITE 0x40000000u
#define GENERIC_READ 0x80000000u

#define DUPLICATE_CLOSE_SOURCE 0x1u
#define DUPLICATE_SAME_ACCESS 0x2u
#define DUPLICATE_SAME_ATTRIBUTES 0x4u
