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
#define FILE_WRITE_THROUGH 0x00000002u
#define FILE_SEQUENTIAL_ONLY 0x00000004u
#define FILE_NO_INTERMEDIATE_BUFFERING 0x00000008u
#define FILE_SYNCHRONOUS_IO_ALERT 0x00000010u
#define FILE_SYNCHRONOUS_IO_NONALERT 0x00000020u
#define FILE_NON_DIRECTORY_FILE 0x00000040u
#define FILE_COMPLETE_IF_OPLOCKED 0x00000100u
#define FILE_DELETE_ON_CLOSE 0x00001000u
#define FILE_OPEN_BY_FILE_ID 0x00002000u
#define FILE_OPEN_FOR_BACKUP_INTENT 0x00004000u
#define FILE_NO_COMPRESSION 0x00008000u
#define FILE_RESERVE_OPFILTER 0x00100000u
#define FILE_OPEN_REPARSE_POINT 0x00200000u
#define FILE_OPEN_NO_RECALL 0x00400000u
#define FILE_OPEN_FOR_FREE_SPACE_QUERY 0x00800000u
#define FILE_OPTIONS_VALID 0x00FFFFFFu
#define FILE_SYNCHRONOUS_IO (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT)
/* What FileModeInformation tells of the options. */
#define FILE_MODE_OPTIONS \
	(FILE_WRITE_THROUGH | FILE_SEQUENTIAL_ONLY | FILE_NO_INTERMEDIATE_BUFFERING | \
	 FILE_SYNCHRONOUS_IO | FILE_DELETE_ON_CLOSE)
/* What may go with FILE_DIRECTORY_FILE. */
#define FILE_DIRECTORY_OPTIONS \
	(FILE_DIRECTORY_FILE | FILE_WRITE_THROUGH | FILE_SYNCHRONOUS_IO | \
	 FILE_COMPLETE_IF_OPLOCKED | FILE_DELETE_ON_CLOSE | FILE_OPEN_BY_FILE_ID | \
	 FILE_OPEN_FOR_BACKUP_INTENT | FILE_NO_COMPRESSION | FILE_OPEN_REPARSE_POINT | \
	 FILE_OPEN_NO_RECALL | FILE_OPEN_FOR_FREE_SPACE_QUERY)

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
	FILE_INTERNAL_INFORMATION_CLASS = 6,
	FILE_EA_INFORMATION_CLASS = 7,
	FILE_ACCESS_INFORMATION_CLASS = 8,
	FILE_NAME_INFORMATION_CLASS = 9,
	FILE_RENAME_INFORMATION_CLASS = 10,
	FILE_DISPOSITION_INFORMATION_CLASS = 13,
	FILE_POSITION_INFORMATION_CLASS = 14,
	FILE_MODE_INFORMATION_CLASS = 16,
	FILE_ALIGNMENT_INFORMATION_CLASS = 17,
	FILE_ALL_INFORMATION_CLASS = 18,
	FILE_ALLOCATION_INFORMATION_CLASS = 19,
	FILE_END_OF_FILE_INFORMATION_CLASS = 20,
	FILE_NETWORK_OPEN_INFORMATION_CLASS = 34,
	FILE_ATTRIBUTE_TAG_INFORMATION_CLASS = 35,
	FILE_DISPOSITION_INFORMATION_EX_CLASS = 64,
};

#define FILE_ATTRIBUTE_READONLY 0x1u
#define FILE_ATTRIBUTE_HIDDEN 0x2u
#define FILE_ATTRIBUTE_SYSTEM 0x4u
#define FILE_ATTRIBUTE_DIRECTORY 0x10u
#define FILE_ATTRIBUTE_ARCHIVE 0x20u
#define FILE_ATTRIBUTE_NORMAL 0x80u
#define FILE_ATTRIBUTE_TEMPORARY 0x100u
#define FILE_ATTRIBUTE_OFFLINE 0x1000u
#define FILE_ATTRIBUTE_NOT_CONTENT_INDEXED 0x2000u
#define FILE_ATTRIBUTES_VALID 0x7FB7u /* what NtCreateFile and FileBasicInformation take */

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

/* FILE_ALL_INFORMATION; the name follows. */
struct nt_file_all_information {
	struct nt_file_basic_information basic;
	struct nt_file_standard_information standard;
	uint64_t index;
	uint32_t ea_bytes, access;
	struct nt_file_position_information position;
	uint32_t mode, alignment;
	uint32_t name_bytes;
};
_Static_assert(offsetof(struct nt_file_all_information, name_bytes) == 96, "FILE_ALL_INFORMATION");
#define FILE_ALL_INFORMATION_BYTES 104u /* with a character of the name */
#define FILE_NAME_INFORMATION_BYTES 8u

struct nt_file_network_open_information {
	int64_t creation_time, last_access_time, last_write_time, change_time;
	int64_t allocation_size, end_of_file;
	uint32_t attributes, padding;
};
_Static_assert(sizeof(struct nt_file_network_open_information) == 56, "FILE_NETWORK_OPEN_INFO..");

/* FILE_RENAME_INFORMATION up to its name. */
struct nt_file_rename_information {
	uint8_t replace, padding[7];
	uint64_t root_directory;
	uint32_t name_bytes;
	uint16_t name[2];
};
_Static_assert(sizeof(struct nt_file_rename_information) == 24, "FILE_RENAME_INFORMATION");

/* FileDispositionInformationEx */
#define FILE_DISPOSITION_DELETE 0x1u
#define FILE_DISPOSITION_POSIX_SEMANTICS 0x2u
#define FILE_DISPOSITION_FORCE_IMAGE_SECTION_CHECK 0x4u
#define FILE_DISPOSITION_ON_CLOSE 0x8u
#define FILE_DISPOSITION_IGNORE_READONLY_ATTRIBUTE 0x10u

/* NtQueryDirectoryFile */
enum directory_information_class {
	FILE_DIRECTORY_INFORMATION_CLASS = 1,
	FILE_FULL_DIRECTORY_INFORMATION_CLASS = 2,
	FILE_BOTH_DIRECTORY_INFORMATION_CLASS = 3,
	FILE_NAMES_INFORMATION_CLASS = 12,
	FILE_ID_BOTH_DIRECTORY_INFORMATION_CLASS = 37,
	FILE_ID_FULL_DIRECTORY_INFORMATION_CLASS = 38,
};

/* NtQueryVolumeInformationFile */
enum volume_information_class {
	FILE_FS_VOLUME_INFORMATION_CLASS = 1,
	FILE_FS_SIZE_INFORMATION_CLASS = 3,
	FILE_FS_DEVICE_INFORMATION_CLASS = 4,
	FILE_FS_ATTRIBUTE_INFORMATION_CLASS = 5,
	FILE_FS_FULL_SIZE_INFORMATION_CLASS = 7,
};

#define FILE_DEVICE_DISK 0x7u
#define FILE_DEVICE_CONSOLE 0x50u
#define FILE_CASE_PRESERVED_NAMES 0x2u
