/*
 * test_delete.c - files that go, and files that get another name: when a name disappears, who may
 * open it meanwhile, what stands in the way. (Wine 8 opens files that are to be deleted, and
 * another open of them does not know.)
 */
#include <string.h>

#include "scratch.h"

#define FILE_PATH "C:\\data\\delete.tmp"
#define OTHER_PATH "C:\\data\\delete.new"
#define FOLDER_PATH "C:\\data\\delete.dir"

static NTSTATUS open_status(const char *path)
{
	return scratch_try(&(struct scratch_open){.path = path,
						  .access = FILE_READ_DATA,
						  .share = SHARE_ALL,
						  .disposition = FILE_OPEN});
}

static NTSTATUS create_status(const char *path)
{
	return scratch_try(&(struct scratch_open){.path = path,
						  .access = FILE_READ_DATA,
						  .share = SHARE_ALL,
						  .disposition = FILE_CREATE});
}

/* catches: a name that goes with the call, or stays after the last handle */
static void test_disposition(void)
{
	HANDLE file = scratch_need(FILE_PATH, FILE_READ_DATA | DELETE, 'd', 100), other;
	FILE_STANDARD_INFORMATION standard;
	char byte = 0;

	scratch_open(FILE_PATH, FILE_READ_DATA, &other);
	tap_is_status(scratch_delete(other, true), STATUS_ACCESS_DENIED, "without the right");
	tap_is_status(scratch_delete(file, true), STATUS_SUCCESS, "the file is marked");
	tap_is_status_or(open_status(FILE_PATH), STATUS_DELETE_PENDING, STATUS_SUCCESS,
			 "nobody opens it");
	tap_is_status_or(create_status(FILE_PATH), STATUS_DELETE_PENDING,
			 STATUS_OBJECT_NAME_COLLISION, "or makes another");
	scratch_query(other, FileStandardInformation, &standard, sizeof(standard));
	tap_ok(standard.DeletePending || system_is_wine(), "it says so");
	tap_is_status(scratch_delete(file, false), STATUS_SUCCESS, "the mark is taken back");
	tap_is_status(open_status(FILE_PATH), STATUS_SUCCESS, "it can be opened again");
	scratch_delete(file, true);
	NtClose(file);
	tap_is_status_or(open_status(FILE_PATH), STATUS_DELETE_PENDING, STATUS_SUCCESS,
			 "another handle keeps it");
	tap_is_status(scratch_read(other, 99, &byte, 1), STATUS_SUCCESS, "and reads it");
	tap_is_number((unsigned char)byte, 'd', "as it was");
	NtClose(other);
	tap_is_status(open_status(FILE_PATH), STATUS_OBJECT_NAME_NOT_FOUND, "then it is gone");
	tap_is_status(create_status(FILE_PATH), STATUS_SUCCESS, "the name is free");
	tap_is_status(scratch_drop(FILE_PATH), STATUS_SUCCESS, "the new one goes too");
}

/* catches: a folder that goes with something in it (files: conform_create_file.c) */
static void test_folders(void)
{
	struct scratch_open folder = {.path = FOLDER_PATH,
				      .access = FILE_LIST_DIRECTORY | DELETE,
				      .share = SHARE_ALL,
				      .disposition = FILE_CREATE,
				      .options = FILE_DIRECTORY_FILE | FILE_DELETE_ON_CLOSE};
	OBJECT_ATTRIBUTES attributes;
	UNICODE_STRING name;
	HANDLE file;

	tap_is_status(scratch_create(&folder, &file), STATUS_SUCCESS, "a folder for a while");
	NtClose(scratch_need(FOLDER_PATH "\\x.tmp", 0, 'x', 1));
	NtClose(file);
	tap_ok(scratch_exists(FOLDER_PATH), "stays if there is something in it");
	RtlInitUnicodeString(&name, L"\\??\\C:\\data\\delete.dir");
	InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
	tap_is_status(NtDeleteFile(&attributes), STATUS_SUCCESS, "NtDeleteFile marks it");
	tap_ok(scratch_exists(FOLDER_PATH), "but it stays");
	scratch_drop(FOLDER_PATH "\\x.tmp");
	tap_is_status(NtDeleteFile(&attributes), STATUS_SUCCESS, "empty");
	tap_ok(!scratch_exists(FOLDER_PATH), "it goes");
}

/* catches: NtDeleteFile of what is open */
static void test_by_name(void)
{
	UNICODE_STRING name;
	OBJECT_ATTRIBUTES attributes;
	HANDLE file = scratch_need(FILE_PATH, FILE_READ_DATA, 'd', 10);

	RtlInitUnicodeString(&name, L"\\??\\C:\\data\\delete.tmp");
	InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
	tap_is_status(NtDeleteFile(&attributes), STATUS_SUCCESS, "NtDeleteFile");
	tap_is_status_or(open_status(FILE_PATH), STATUS_DELETE_PENDING, STATUS_SUCCESS,
			 "an open handle keeps it");
	NtClose(file);
	tap_is_status(NtDeleteFile(&attributes), STATUS_OBJECT_NAME_NOT_FOUND, "then it is gone");
}

/* ---- renaming ---- */

/* catches: contents or handles lost; a target replaced that was not to be */
static void test_rename(void)
{
	HANDLE file = scratch_need(FILE_PATH, FILE_READ_DATA | DELETE, 'r', 10), other;
	char byte = 0;

	scratch_drop(OTHER_PATH);
	tap_is_status(scratch_rename(file, NULL, L"\\??\\C:\\data\\delete.new", false),
		      STATUS_SUCCESS, "a new name");
	tap_is_status(open_status(FILE_PATH), STATUS_OBJECT_NAME_NOT_FOUND, "the old one is gone");
	tap_is_status(scratch_open(OTHER_PATH, FILE_READ_DATA, &other), STATUS_SUCCESS,
		      "the new one is there");
	tap_ok(NT_SUCCESS(scratch_read(other, 9, &byte, 1)) && byte == 'r', "with its bytes");
	NtClose(other);
	other = scratch_need(FILE_PATH, DELETE, 'o', 5);
	tap_is_status(scratch_rename(file, NULL, L"\\??\\C:\\data\\delete.tmp", false),
		      STATUS_OBJECT_NAME_COLLISION, "a name that is taken");
	tap_is_status(scratch_rename(file, NULL, L"\\??\\C:\\data\\delete.tmp", true),
		      STATUS_ACCESS_DENIED, "is not replaced while it is open");
	NtClose(other);
	tap_is_status(scratch_rename(file, NULL, L"\\??\\C:\\data\\delete.tmp", true),
		      STATUS_SUCCESS, "but closed");
	tap_is_number(scratch_size(file), 10, "the handle is that of the same file");
	tap_is_status(open_status(OTHER_PATH), STATUS_OBJECT_NAME_NOT_FOUND, "one name is left");
	tap_is_status(scratch_rename(file, NULL, L"\\??\\C:\\none\\delete.tmp", false),
		      STATUS_OBJECT_PATH_NOT_FOUND, "into a folder that is not there");
	tap_is_status(scratch_rename(file, NULL, L"\\??\\C:\\data\\Delete.TMP", false),
		      STATUS_SUCCESS, "the case of its own name");
	NtClose(file);
	tap_is_status(scratch_drop(FILE_PATH), STATUS_SUCCESS, "it goes");
}

/* catches: a folder moved into itself; a name relative to a handle looked up elsewhere */
static void test_rename_folder(void)
{
	struct scratch_open open = {.path = FOLDER_PATH,
				    .access = FILE_LIST_DIRECTORY | DELETE,
				    .share = SHARE_ALL,
				    .disposition = FILE_CREATE,
				    .options = FILE_DIRECTORY_FILE | SYNCHRONOUS};
	HANDLE folder, file;

	scratch_create(&open, &folder);
	file = scratch_need(FILE_PATH, DELETE, 'r', 1);
	tap_is_status(scratch_rename(file, folder, L"inside.tmp", false), STATUS_SUCCESS,
		      "into a folder by its handle");
	tap_is_status(open_status(FOLDER_PATH "\\inside.tmp"), STATUS_SUCCESS, "there it is");
	tap_is_status_or(scratch_rename(folder, NULL, L"\\??\\C:\\data\\delete.two", false),
			 STATUS_ACCESS_DENIED, STATUS_SUCCESS,
			 "a folder with something open in it stays");
	NtClose(file);
	if (!system_is_wine()) {
		tap_is_status(scratch_rename(folder, NULL, L"\\??\\C:\\data\\delete.dir\\x", false),
			      STATUS_INVALID_PARAMETER, "a folder does not go into itself");
		tap_is_status(scratch_rename(folder, NULL, L"delete.two", false), STATUS_SUCCESS,
			      "a plain name stays in the folder it was in");
	} else
		tap_skip(2, "Wine has moved it; it takes a plain name for one below the current "
			    "directory");
	NtClose(folder);
	tap_is_status(scratch_drop("C:\\data\\delete.two\\inside.tmp"), STATUS_SUCCESS,
		      "what is in it came along");
	tap_is_status(scratch_drop("C:\\data\\delete.two"), STATUS_SUCCESS, "and goes");
}

/* catches: space or memory of deleted files that does not come back; a disk that fills */
static void test_space(void)
{
	struct {
		LARGE_INTEGER total, available;
		ULONG sectors, bytes;
	} before, during, after;
	IO_STATUS_BLOCK io;
	HANDLE file, folder;

	scratch_create(&(struct scratch_open){.path = "C:\\data",
					      .access = FILE_LIST_DIRECTORY | SYNCHRONIZE,
					      .share = SHARE_ALL,
					      .disposition = FILE_OPEN,
					      .options = FILE_DIRECTORY_FILE | SYNCHRONOUS},
		       &folder);
	tap_is_status(NtQueryVolumeInformationFile(folder, &io, &before, sizeof(before), 3),
		      STATUS_SUCCESS, "the space on the disk");
	if (system_is_wine()) {
		tap_skip(5, "Wine's disk is others' too");
		NtClose(folder);
		return;
	}
	file = scratch_need(FILE_PATH, DELETE, 's', 0x10000);
	NtQueryVolumeInformationFile(folder, &io, &during, sizeof(during), 3);
	tap_is_number((uint64_t)(before.available.QuadPart - during.available.QuadPart), 16,
		      "64 KiB are 16 units");
	tap_is_status(scratch_set_size(file, 1ull << 40), STATUS_DISK_FULL, "a TiB is too much");
	tap_is_number(scratch_size(file), 0x10000, "and changes nothing");
	tap_is_status(scratch_delete(file, true), STATUS_SUCCESS, "deleted");
	NtClose(file);
	NtQueryVolumeInformationFile(folder, &io, &after, sizeof(after), 3);
	tap_is_number((uint64_t)after.available.QuadPart, (uint64_t)before.available.QuadPart,
		      "all of it comes back");
	NtClose(folder);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("deleting and renaming files");
	test_disposition();
	test_folders();
	test_by_name();
	test_rename();
	test_rename_folder();
	test_space();
	return tap_finish();
}
