/*
 * pe_format.h - where things are in a PE file (Microsoft, "PE Format"), and reading them.
 * Private to kernel/io.
 */
#pragma once

#include <stdint.h>

#include "kernel/lib/string.h"

/* Offsets in the headers, bytes */
#define DOS_HEADER_BYTES 64
#define DOS_NEW_HEADER 60 /* e_lfanew */
#define SIGNATURE_BYTES 4
#define NE_TARGET_SYSTEM 0x36
#define NE_HEADER_BYTES 0x40
#define FILE_HEADER_BYTES 20
#define FILE_MACHINE 0
#define FILE_SECTION_COUNT 2
#define FILE_OPTIONAL_HEADER_BYTES 16
#define FILE_CHARACTERISTICS 18
#define OPTIONAL_MAGIC 0
#define OPTIONAL_CODE_BYTES 4
#define OPTIONAL_ENTRY 16
#define OPTIONAL_IMAGE_BASE 24
#define OPTIONAL_SECTION_ALIGNMENT 32
#define OPTIONAL_FILE_ALIGNMENT 36
#define OPTIONAL_OS_MAJOR 40
#define OPTIONAL_OS_MINOR 42
#define OPTIONAL_SUBSYSTEM_MAJOR 48
#define OPTIONAL_SUBSYSTEM_MINOR 50
#define OPTIONAL_IMAGE_BYTES 56
#define OPTIONAL_HEADERS_BYTES 60
#define OPTIONAL_CHECK_SUM 64
#define OPTIONAL_SUBSYSTEM 68
#define OPTIONAL_DLL_CHARACTERISTICS 70
#define OPTIONAL_STACK_RESERVE 72
#define OPTIONAL_STACK_COMMIT 80
#define OPTIONAL_DIRECTORIES 112 /* end of the fixed part; their number stands before it */
/* PE32: what stands elsewhere, and is shorter */
#define OPTIONAL_32_IMAGE_BASE 28
#define OPTIONAL_32_STACK_RESERVE 72
#define OPTIONAL_32_STACK_COMMIT 76
#define OPTIONAL_32_DIRECTORIES 96
#define DIRECTORY_BYTES 8
#define DIRECTORY_COM_DESCRIPTOR 14
#define SECTION_HEADER_BYTES 40
#define SECTION_VIRTUAL_SIZE 8
#define SECTION_VIRTUAL_ADDRESS 12
#define SECTION_RAW_BYTES 16
#define SECTION_RAW_OFFSET 20
#define SECTION_CHARACTERISTICS 36

#define MAGIC_PE32 0x10b
#define MAGIC_PE32_PLUS 0x20b
#define DLL_DYNAMIC_BASE 0x0040u
#define SCN_MEM_SHARED 0x10000000u
#define SCN_MEM_EXECUTE 0x20000000u
#define SCN_MEM_READ 0x40000000u
#define SCN_MEM_WRITE 0x80000000u
#define NE_SYSTEM_WINDOWS 2
#define NE_SYSTEM_BOSS 5 /* Borland's DOS extender */

#define FILE_SECTOR_BYTES 512 /* raw data starts and ends at these */
#define IMAGE_BASE_ALIGNMENT 0x10000
#define IMAGE_FLAG_DYNAMICALLY_RELOCATED 0x4
#define IMAGE_FLAG_MAPPED_FLAT 0x8

/* Numbers in the file are little-endian and need not be aligned; so are ours. */
static inline uint16_t read16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline uint32_t read32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline uint64_t read64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}
