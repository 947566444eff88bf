/*
 * test_fileinfo.c - NtQueryInformationFile and NtSetInformationFile: every class, its length and
 * its right; writes and their places; directories and volumes; attributes by name.
 */
#include <string.h>

#include "scratch.h"

#define FILE_PATH "C:\\data\\info.tmp"
#define FOLDER_PATH "C:\\data\\info.dir"

static HANDLE open_with(ACCESS_MASK access)
{
	HANDLE file = NULL;

	scratch_open(FILE_PATH, access, &file);
	return file;
}

/* ---- lengths and rights ---- */

struct class_row {
	ULONG class;
	ULONG bytes;
	ACCESS_MASK access;
	const char *name;
};

/* catches: a length taken on trust; a right not asked for */
static void test_query_classes(void)
{
	static const struct class_row rows[] = {
		{FileBasicInformation, 40, FILE_READ_ATTRIBUTES, "basic"},
		{FileStandardInformation, 24, 0, "standard"},
		{FileInternalInformation, 8, 0, "internal"},
		{FileEaInformation, 4, 0, "ea"},
		{FileAccessInformation, 4, 0, "access"},
		{FileNameInformation, 8, 0, "name"},
		{FilePositionInformation, 8, 0, "position"},
		{FILE_MODE_CLASS, 4, 0, "mode"},
		{FileAlignmentInformation, 4, 0, "alignment"},
		{FileAllInformation, 104, FILE_READ_ATTRIBUTES, "all"},
		{FILE_NETWORK_OPEN_CLASS, 56, FILE_READ_ATTRIBUTES, "network open"},
		{FILE_ATTRIBUTE_TAG_CLASS, 8, FILE_READ_ATTRIBUTES, "attribute tag"},
	};
	HANDLE file = open_with(FILE_READ_ATTRIBUTES | FILE_READ_DATA);
	HANDLE mute = open_with(FILE_WRITE_DATA);
	uint64_t buffer[80];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		/* Wine knows no mode and no alignment */
		NTSTATUS wine = rows[i].class == FILE_MODE_CLASS ||
						rows[i].class == FileAlignmentInformation
					? STATUS_NOT_IMPLEMENTED
					: STATUS_SUCCESS;

		tap_is_status_or(scratch_query(file, rows[i].class, buffer, sizeof(buffer)),
				 STATUS_SUCCESS, wine, "query %s", rows[i].name);
		if (!system_is_wine())
			tap_is_status(scratch_query(file, rows[i].class, buffer, rows[i].bytes - 1),
				      STATUS_INFO_LENGTH_MISMATCH, "query %s: a byte too little",
				      rows[i].name);
		if (rows[i].access) /* Wine asks for none */
			tap_is_status_or(scratch_query(mute, rows[i].class, buffer, sizeof(buffer)),
					 STATUS_ACCESS_DENIED, wine, "query %s: no right",
					 rows[i].name);
	}
	tap_is_status(scratch_query(file, 3333, buffer, sizeof(buffer)), STATUS_INVALID_INFO_CLASS,
		      "a class that does not exist");
	tap_is_status_or(scratch_query(file, FILE_END_OF_FILE_CLASS, buffer, sizeof(buffer)),
			 STATUS_INVALID_INFO_CLASS, STATUS_SUCCESS, "a class that can only be set");
	NtClose(file);
	NtClose(mute);
}

/* catches: a change by a handle without the right to make it */
static void test_set_classes(void)
{
	static const struct class_row rows[] = {
		{FileBasicInformation, 40, FILE_WRITE_ATTRIBUTES, "basic"},
		{FileRenameInformation, 24, DELETE, "rename"},
		{FileDispositionInformation, 1, DELETE, "disposition"},
		{FILE_DISPOSITION_EX_CLASS, 4, DELETE, "disposition ex"},
		{FilePositionInformation, 8, 0, "position"},
		{FILE_MODE_CLASS, 4, 0, "mode"},
		{FILE_ALLOCATION_CLASS, 8, FILE_WRITE_DATA, "allocation"},
		{FILE_END_OF_FILE_CLASS, 8, FILE_WRITE_DATA, "end of file"},
	};
	HANDLE mute = open_with(FILE_READ_DATA);
	uint64_t buffer[8] = {0};

	if (system_is_wine()) {
		tap_skip(COUNT_OF(rows) * 2 - 2, "Wine checks in another order");
	} else {
		for (size_t i = 0; i < COUNT_OF(rows); i++) {
			tap_is_status(scratch_set(mute, rows[i].class, buffer, rows[i].bytes - 1),
				      STATUS_INFO_LENGTH_MISMATCH, "set %s: a byte too little",
				      rows[i].name);
			if (rows[i].access)
				tap_is_status(
					scratch_set(mute, rows[i].class, buffer, rows[i].bytes),
					STATUS_ACCESS_DENIED, "set %s: no right", rows[i].name);
		}
	}
	tap_is_status_or(scratch_set(mute, FileStandardInformation, buffer, 24),
			 STATUS_INVALID_INFO_CLASS, STATUS_NOT_IMPLEMENTED,
			 "a class that can only be asked for");
	NtClose(mute);
}

/* ---- what the classes say ---- */

/* catches: times that do not move, or that closing the file moves */
static void test_basic(void)
{
	FILE_BASIC_INFORMATION before, after,
		wanted = {.LastWriteTime.QuadPart = 0x1D0000000000000,
			  .FileAttributes = FILE_ATTRIBUTE_HIDDEN};
	LARGE_INTEGER moment = {.QuadPart = -200000};
	HANDLE file = open_with(FILE_READ_DATA | FILE_WRITE_DATA | FILE_READ_ATTRIBUTES |
				FILE_WRITE_ATTRIBUTES);

	scratch_query(file, FileBasicInformation, &before, sizeof(before));
	NtDelayExecution(FALSE, &moment);
	scratch_write(file, 0, "b", 1);
	scratch_query(file, FileBasicInformation, &after, sizeof(after));
	tap_ok(after.LastWriteTime.QuadPart > before.LastWriteTime.QuadPart,
	       "a write moves the time of the last write");
	tap_ok(after.CreationTime.QuadPart == before.CreationTime.QuadPart || system_is_wine(),
	       "but not that of creation");
	tap_is_status(scratch_set(file, FileBasicInformation, &wanted, sizeof(wanted)),
		      STATUS_SUCCESS, "a time is set");
	NtClose(file);
	file = open_with(FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES);
	scratch_query(file, FileBasicInformation, &after, sizeof(after));
	tap_is_number((uint64_t)after.LastWriteTime.QuadPart, 0x1D0000000000000,
		      "it stays, and the close does not move it");
	if (!system_is_wine()) {
		tap_is_number(after.FileAttributes, FILE_ATTRIBUTE_HIDDEN, "so does the attribute");
		tap_is_number((uint64_t)after.CreationTime.QuadPart,
			      (uint64_t)before.CreationTime.QuadPart, "0 leaves a time as it is");
		wanted = (FILE_BASIC_INFORMATION){.FileAttributes = FILE_ATTRIBUTE_DIRECTORY};
		tap_is_status(scratch_set(file, FileBasicInformation, &wanted, sizeof(wanted)),
			      STATUS_INVALID_PARAMETER, "a file is made no directory");
		wanted = (FILE_BASIC_INFORMATION){.CreationTime.QuadPart = -100};
		tap_is_status(scratch_set(file, FileBasicInformation, &wanted, sizeof(wanted)),
			      STATUS_INVALID_PARAMETER, "a negative time");
	}
	wanted = (FILE_BASIC_INFORMATION){.FileAttributes = FILE_ATTRIBUTE_NORMAL};
	scratch_set(file, FileBasicInformation, &wanted, sizeof(wanted));
	NtClose(file);
}

/* catches: sizes of the wrong file; a name that is not the file's; a cut name called whole */
static void test_contents(void)
{
	struct {
		ULONG bytes;
		WCHAR text[60];
	} name;
	uint64_t all[64];
	const FILE_STANDARD_INFORMATION *standard = (void *)((char *)all + 40);
	ULONG value = 0;
	HANDLE file = open_with(FILE_READ_DATA | FILE_WRITE_DATA | FILE_READ_ATTRIBUTES);

	scratch_query(file, FileAccessInformation, &value, sizeof(value));
	tap_is_number(value, FILE_READ_DATA | FILE_WRITE_DATA | FILE_READ_ATTRIBUTES | SYNCHRONIZE,
		      "the rights of the handle");
	tap_is_status(scratch_query(file, FileAllInformation, all, sizeof(all)), STATUS_SUCCESS,
		      "all of it");
	tap_ok(standard->EndOfFile.QuadPart == 100 && !standard->Directory, "with the size");
	if (system_is_wine())
		tap_skip(6, "the path is Quire's");
	else {
		tap_is_status(scratch_query(file, FileNameInformation, &name, sizeof(name)),
			      STATUS_SUCCESS, "the name");
		tap_ok(name.bytes == 28 && !memcmp(name.text, L"\\data\\info.tmp", 28),
		       "is the path on the device");
		tap_is_status(scratch_query(file, FileNameInformation, &name, 14),
			      STATUS_BUFFER_OVERFLOW, "a buffer for five characters");
		tap_is_number(name.bytes, 28, "tells how many there are");
		scratch_query(file, FILE_MODE_CLASS, &value, sizeof(value));
		tap_is_number(value, FILE_SYNCHRONOUS_IO_NONALERT, "the mode");
		value = 0;
		tap_is_status(scratch_set(file, FILE_MODE_CLASS, &value, sizeof(value)),
			      STATUS_INVALID_PARAMETER, "a synchronous handle stays so");
	}
	NtClose(file);
}

/* catches: sizes that are not what was set; zeros that are missing */
static void test_sizes(void)
{
	HANDLE file = open_with(FILE_READ_DATA | FILE_WRITE_DATA);
	FILE_STANDARD_INFORMATION standard;
	uint64_t room = 0x8000;
	char bytes[8];

	tap_is_status(scratch_set_size(file, 0x2000), STATUS_SUCCESS, "a larger size");
	tap_is_status(scratch_read(file, 0x1FFC, bytes, 8), STATUS_SUCCESS, "its end");
	tap_ok(scratch_io.Information == 4 && !bytes[0] && !bytes[3], "is zeros");
	tap_is_status(scratch_set_size(file, (uint64_t)-1), STATUS_INVALID_PARAMETER,
		      "a negative size");
	if (!system_is_wine()) {
		tap_is_status(scratch_set(file, FILE_ALLOCATION_CLASS, &room, sizeof(room)),
			      STATUS_SUCCESS, "room for more");
		scratch_query(file, FileStandardInformation, &standard, sizeof(standard));
		tap_ok(standard.AllocationSize.QuadPart == 0x8000 &&
			       standard.EndOfFile.QuadPart == 0x2000,
		       "is room, not size");
		room = 50;
		scratch_set(file, FILE_ALLOCATION_CLASS, &room, sizeof(room));
		tap_is_number(scratch_size(file), 50, "room for less cuts the file");
	}
	tap_is_status(scratch_set_size(file, 0), STATUS_SUCCESS, "no size");
	tap_is_status(scratch_read(file, 0, bytes, 1), STATUS_END_OF_FILE, "is empty");
	tap_is_status(scratch_write(file, 0x1001, "w", 1), STATUS_SUCCESS,
		      "a write behind the end");
	tap_is_number(scratch_size(file), 0x1002, "lengthens it");
	scratch_read(file, 0xFFC, bytes, 6);
	tap_ok(!bytes[0] && !bytes[4] && bytes[5] == 'w', "with zeros in between");
	scratch_set_size(file, 100);
	NtClose(file);
}

/* catches: appends that overwrite; positions that are not kept */
static void test_places(void)
{
	HANDLE file = open_with(FILE_APPEND_DATA),
	       both = open_with(FILE_READ_DATA | FILE_WRITE_DATA);
	FILE_POSITION_INFORMATION position;
	LARGE_INTEGER special = {.QuadPart = -1};
	IO_STATUS_BLOCK io;
	char byte = 0;

	tap_is_status(scratch_write(file, 0, "a", 1), STATUS_SUCCESS,
		      "a handle that may append writes at 0");
	tap_is_number(scratch_size(both), 101, "and appends");
	scratch_read(both, 100, &byte, 1);
	tap_is_number((unsigned char)byte, 'a', "there it is");
	tap_is_status(NtWriteFile(both, NULL, NULL, NULL, &io, "b", 1, &special, NULL),
		      STATUS_SUCCESS, "FILE_WRITE_TO_END_OF_FILE");
	scratch_query(both, FilePositionInformation, &position, sizeof(position));
	tap_is_number((uint64_t)position.CurrentByteOffset.QuadPart, 102,
		      "moves the position to the new end");
	position.CurrentByteOffset.QuadPart = 3;
	tap_is_status(scratch_set(both, FilePositionInformation, &position, sizeof(position)),
		      STATUS_SUCCESS, "the position is set");
	special.QuadPart = -2;
	tap_is_status(NtWriteFile(both, NULL, NULL, NULL, &io, "cd", 2, &special, NULL),
		      STATUS_SUCCESS, "FILE_USE_FILE_POINTER_POSITION");
	scratch_read(both, 4, &byte, 1);
	tap_is_number((unsigned char)byte, 'd', "is the position");
	tap_is_status(scratch_write(both, 0x5000, "", 0), STATUS_SUCCESS, "no bytes far behind");
	tap_is_number(scratch_size(both), 102, "lengthen nothing");
	tap_is_status(NtFlushBuffersFile(both, &io), STATUS_SUCCESS, "flushed");
	NtClose(file);
	scratch_set_size(both, 100);
	NtClose(both);
}

/* ---- by name, folders, the volume ---- */

/* catches: answers about another file; a folder told as a file */
static void test_by_name(void)
{
	FILE_NETWORK_OPEN_INFORMATION network;
	FILE_BASIC_INFORMATION basic;
	OBJECT_ATTRIBUTES attributes;
	UNICODE_STRING name;

	RtlInitUnicodeString(&name, L"\\??\\C:\\data\\info.tmp");
	InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
	tap_is_status(NtQueryFullAttributesFile(&attributes, &network), STATUS_SUCCESS,
		      "all attributes by name");
	tap_is_number((uint64_t)network.EndOfFile.QuadPart, 100, "the size");
	RtlInitUnicodeString(&name, L"\\??\\C:\\data");
	tap_is_status(NtQueryAttributesFile(&attributes, &basic), STATUS_SUCCESS,
		      "attributes by name");
	tap_ok(basic.FileAttributes & FILE_ATTRIBUTE_DIRECTORY, "of a folder");
	RtlInitUnicodeString(&name, L"\\??\\C:\\data\\info.none");
	tap_is_status(NtQueryAttributesFile(&attributes, &basic), STATUS_OBJECT_NAME_NOT_FOUND,
		      "of nothing");
}

/* One entry of the folder that matches; its name's length, or the status. */
static NTSTATUS entry_read(HANDLE folder, ULONG class, const WCHAR *pattern, void *buffer,
			   ULONG bytes)
{
	UNICODE_STRING mask;

	RtlInitUnicodeString(&mask, pattern);
	return NtQueryDirectoryFile(folder, NULL, NULL, NULL, &scratch_io, buffer, bytes, class,
				    TRUE, &mask, TRUE);
}

/* Is there one of the wildcards that only the native interface has? */
static bool has_dos_wildcard(const WCHAR *pattern)
{
	for (; *pattern; pattern++)
		if (*pattern == L'<' || *pattern == L'>' || *pattern == L'"')
			return true;
	return false;
}

/* catches: wildcards that mean something else than on NT */
static void test_patterns(const struct scratch_open *open)
{
	static const struct {
		const WCHAR *pattern;
		bool matches;
	} rows[] = {{L"*.txt", true},
		    {L"ALPHA.TXT", true},
		    {L"?lpha.???", true},
		    {L"?lpha.??", false},
		    {L"*", true},
		    {L"*a*x*", true},
		    {L"<.txt", true},
		    {L"alpha\"txt", true},
		    {L"alpha>>.txt", true},
		    {L"alph.*", false},
		    {L"\x00E9lpha.txt", false}};
	static uint64_t buffer[80];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		HANDLE folder;
		NTSTATUS status;
		bool found;

		scratch_create(open, &folder);
		status = entry_read(folder, 12, rows[i].pattern, buffer, sizeof(buffer));
		found = NT_SUCCESS(status);
		if (has_dos_wildcard(rows[i].pattern) && system_is_wine())
			tap_skip(1, "Wine knows * and ? only");
		else
			tap_ok(found == rows[i].matches && (found || status == STATUS_NO_SUCH_FILE),
			       "pattern %u", (unsigned)i);
		NtClose(folder);
	}
}

/* The folder lists itself and its parent, and then what is in it: "Alpha.txt". */
static void check_dots(HANDLE folder)
{
	static const WCHAR *const names[] = {L".", L"..", L"Alpha.txt"};
	static uint64_t buffer[80];
	const FILE_NAMES_INFORMATION *entry = (const void *)buffer;
	NTSTATUS status = STATUS_SUCCESS;
	unsigned right = 0;

	for (unsigned i = 0; i < COUNT_OF(names); i++) {
		status = NtQueryDirectoryFile(folder, NULL, NULL, NULL, &scratch_io, buffer,
					      sizeof(buffer), 12, TRUE, NULL, i == 0);
		right += NT_SUCCESS(status) && entry->FileNameLength == wcslen(names[i]) * 2 &&
			 !memcmp(entry->FileName, names[i], entry->FileNameLength);
	}
	tap_is_number(right, COUNT_OF(names), "itself, its parent, its file");
}

/* catches: a name at the wrong place of an entry; a pattern of an earlier scan */
static void test_folder(void)
{
	static const struct {
		ULONG class, name_offset, length_offset;
	} rows[] = {{1, 64, 60}, {2, 68, 60},	{3, 94, 60},
		    {12, 12, 8}, {37, 104, 60}, {38, 80, 60}};
	struct scratch_open open = {.path = FOLDER_PATH,
				    .access = FILE_LIST_DIRECTORY | DELETE,
				    .share = SHARE_ALL,
				    .disposition = FILE_OPEN_IF,
				    .options = FILE_DIRECTORY_FILE | SYNCHRONOUS};
	static uint64_t buffer[80];
	HANDLE folder;

	scratch_create(&open, &folder);
	NtClose(scratch_need(FOLDER_PATH "\\Alpha.txt", 0, 'a', 7));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *bytes = (const char *)buffer;
		ULONG length = 0;

		memset(buffer, 0xEE, sizeof(buffer));
		tap_is_status(entry_read(folder, rows[i].class, L"alpha*", buffer, sizeof(buffer)),
			      STATUS_SUCCESS, "directory class %u", (unsigned)rows[i].class);
		memcpy(&length, bytes + rows[i].length_offset, sizeof(length));
		tap_ok(length == 18 && !memcmp(bytes + rows[i].name_offset, L"Alpha.txt", 18),
		       "directory class %u: the name", (unsigned)rows[i].class);
		if (rows[i].class != 12)
			tap_is_number(buffer[5], 7, "directory class %u: the size",
				      (unsigned)rows[i].class);
	}
	tap_is_status(entry_read(folder, 99, L"*", buffer, sizeof(buffer)),
		      STATUS_INVALID_INFO_CLASS, "a directory class that does not exist");
	NtClose(folder);
	scratch_create(&open, &folder); /* the pattern of the first scan would stay */
	check_dots(folder);
	NtClose(folder);
	test_patterns(&open);
	scratch_drop(FOLDER_PATH "\\Alpha.txt");
	tap_is_status(scratch_drop(FOLDER_PATH), STATUS_SUCCESS, "the folder goes");
}

/* catches: a volume of no size; a length taken on trust */
static void test_volume(void)
{
	static const struct class_row rows[] = {{1, 24, 0, "volume"},
						{3, 24, 0, "size"},
						{4, 8, 0, "device"},
						{5, 16, 0, "attribute"},
						{7, 32, 0, "full size"}};
	HANDLE file = open_with(FILE_READ_DATA);
	uint64_t buffer[40];
	IO_STATUS_BLOCK io;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		NTSTATUS wine = rows[i].class == 7 ? STATUS_NOT_IMPLEMENTED : STATUS_SUCCESS;

		tap_is_status_or(NtQueryVolumeInformationFile(file, &io, buffer, sizeof(buffer),
							      rows[i].class),
				 STATUS_SUCCESS, wine, "volume class %s", rows[i].name);
		if (rows[i].class == 3)
			tap_ok(buffer[0] >= buffer[1] && buffer[0], "there is space");
		if (!system_is_wine())
			tap_is_status(NtQueryVolumeInformationFile(
					      file, &io, buffer, rows[i].bytes - 1, rows[i].class),
				      STATUS_INFO_LENGTH_MISMATCH,
				      "volume class %s: a byte too little", rows[i].name);
	}
	NtClose(file);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("what files say of themselves");
	NtClose(scratch_need(FILE_PATH, 0, 'i', 100));
	test_query_classes();
	test_set_classes();
	test_basic();
	test_contents();
	test_sizes();
	test_places();
	test_by_name();
	test_folder();
	test_volume();
	scratch_drop(FILE_PATH);
	return tap_finish();
}
