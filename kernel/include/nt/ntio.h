/*
 * Files as user programs see them: NT's constants and structures (x86-64).
 */
#pragma once

#include "ntdef.h"

#define FILE_READ_DATA 0x0001u
#define FILE_LIST_DIRECTORY 0x0001u
#define FILE_WRITE_DATA 0x0002u
#define FILE_APPEND_DATA 0x0004u
#define FILE_READ_EA 0x0008u
#define FILE_WRITE_EA 0x0010u
#define FILE_EXECUTE 0x0020u
#define FILE_READ_ATTRIBUTES 0x0080u
#define FILE_WRITE_ATTRIBUTES 0x0100u
#define FILE_ALL_ACCESS 0x001F01FFu
#define FILE_GENERIC_READ 0x00120089u
#define FILE_GENERIC_WRITE 0x00120116u
#define FILE_GENERIC_EXECUTE 0x001200A0u

#define FILE_SHARE_READ 0x1u
#define FILE_SHARE_WRITE 0x2u
#define FILE_SHARE_DELETE 0x4u

enum file_disposition {
	FILE_SUPERSEDE,
	FILE_OPEN,
	FILE_CREATE,
	FILE_OPEN_IF,
	FILE_OVERWRITE,
	FILE_OVERWRITE_IF
};

#define FILE_DIRECTORY_FILE 0x00000001u
#define FILE_SYNCHRONOUS_IO_ALERT 0x00000010u
#define FILE_SYNCHRONOUS_IO_NONALERT 0x00000020u
#define FILE_NON_DIRECTORY_FILE 0x00000040u
#define FILE_DELETE_ON_CLOSE 0x00001000u

/* IO_STATUS_BLOCK.Information of NtCreateFile */
enum file_create_result {
	FILE_SUPERSEDED,
	FILE_OPENED,
	FILE_CREATED,
	FILE_OVERWRITTEN,
	FILE_EXISTS,
	FILE_DOES_NOT_EXIST
};

/* ByteOffset special values */
#define FILE_WRITE_TO_END_OF_FILE 0xFFFFFFFFFFFFFFFFull
#define FILE_USE_FILE_POINTER_POSITION 0xFFFFFFFFFFFFFFFEull

enum file_information_class {
	FILE_BASIC_INFORMATION_CLASS = 4,
	FILE_STANDARD_INFORMATION_CLASS = 5,
	FILE_NAME_INFORMATION_CLASS = 9,
	FILE_POSITION_INFORMATION_CLASS = 14,
};

#define FILE_ATTRIBUTE_DIRECTORY 0x10u
#define FILE_ATTRIBUTE_NORMAL 0x80u

struct nt_file_basic_information {
	int64_t creation_time, last_access_time, last_write_time, change_time;
	uint32_t attributes, padding;
};

struct nt_file_standard_information {
	int64_t allocation_size, end_of_file;
	uint32_t number_of_links;
	uint8_t delete_pending, directory, padding[2];
};
_Static_assert(sizeof(struct nt_file_standard_information) == 24, "FILE_STANDARD_INFORMATION");

struct nt_file_position_information {
	int64_t current_byte_offset;
};

/* NtQueryDirectoryFile: FILE_DIRECTORY_INFORMATION */
#define FILE_DIRECTORY_INFORMATION_CLASS 1
