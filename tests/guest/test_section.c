/*
 * test_section.c - NtCreateSection and NtQuerySection: parameters, sizes, attributes (3.1, 3.9;
 * P1.1-14).
 */
#include "guest.h"

#include "path.h"

/* SECTION_BASIC_INFORMATION of a new section, or the status that refused one of the two calls. */
static NTSTATUS make_and_query(uint64_t bytes, ULONG protection, ULONG attributes, HANDLE file,
			       SECTION_BASIC_INFORMATION *information)
{
	HANDLE section;
	NTSTATUS status = section_make(&section, bytes, protection, attributes, file);

	if (!NT_SUCCESS(status))
		return status;
	status = NtQuerySection(section, SectionBasicInformation, information, sizeof(*information),
				NULL);
	NtClose(section);
	return status;
}

/*
 * catches: a size kept in bytes for page-file sections, or rounded for files; SEC_COMMIT reported
 * for a file
 */
static void test_sizes(void)
{
	static const struct {
		uint64_t bytes, seen;
		ULONG attributes, seen_attributes;
		bool is_file;
	} rows[] = {
		{0x123, 0x1000, SEC_COMMIT, SEC_COMMIT, false},
		{4090, 0x1000, SEC_COMMIT, SEC_COMMIT, false},
		{0x3452, 0x4000, SEC_COMMIT, SEC_COMMIT, false},
		{0x1001, 0x2000, SEC_RESERVE, SEC_RESERVE, false},
		{0x1000, 0x1000, SEC_COMMIT | SEC_NOCACHE, SEC_COMMIT | SEC_NOCACHE, false},
		{0x1000, 0x1000, SEC_RESERVE | SEC_WRITECOMBINE, SEC_RESERVE | SEC_WRITECOMBINE,
		 false},
		{0, ODD_BYTES, SEC_COMMIT | SEC_NOCACHE, SEC_FILE | SEC_NOCACHE, true},
		{0, ODD_BYTES, SEC_COMMIT, SEC_FILE, true},
		{36, 36, SEC_COMMIT, SEC_FILE, true},
		{1, 1, SEC_RESERVE, SEC_FILE, true},
		{ODD_BYTES, ODD_BYTES, SEC_COMMIT, SEC_FILE, true},
	};
	HANDLE file = file_need(ODD_FILE, FILE_READ_DATA);

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		SECTION_BASIC_INFORMATION information = {.Attributes = 0};
		NTSTATUS status = make_and_query(
			rows[i].bytes, rows[i].is_file ? PAGE_READONLY : PAGE_READWRITE,
			rows[i].attributes, rows[i].is_file ? file : NULL, &information);

		tap_is_status(status, STATUS_SUCCESS, "P1.1-3: %s section of 0x%llx bytes",
			      rows[i].is_file ? "file" : "page-file",
			      (unsigned long long)rows[i].bytes);
		tap_is_number((uint64_t)information.Size.QuadPart, rows[i].seen, "its size");
		tap_is_number(information.Attributes, rows[i].seen_attributes, "its attributes");
		tap_ok(!information.BaseAddress, "it has no address of its own");
	}
	NtClose(file);
}

/* catches: a flag mask that lets two kinds of section be asked for at once */
static void test_flags(void)
{
	static const ULONG bad[] = {
		0,
		SEC_NOCACHE,
		SEC_LARGE_PAGES,
		SEC_COMMIT | SEC_RESERVE,
		SEC_COMMIT | SEC_RESERVE | SEC_NOCACHE,
		SEC_IMAGE | SEC_COMMIT,
		SEC_IMAGE | SEC_RESERVE,
		SEC_RESERVE | SEC_LARGE_PAGES,
		SEC_WRITECOMBINE,
		SEC_FILE,
		SEC_FILE | SEC_COMMIT,
		SEC_FILE | SEC_RESERVE,
		SEC_IMAGE | SEC_FILE,
		SEC_IMAGE | SEC_LARGE_PAGES,
		SEC_IMAGE | SEC_WRITECOMBINE,
		0xFFFFFFFF,
	};

	for (unsigned i = 0; i < COUNT_OF(bad); i++)
		tap_is_bad_parameter(section_try(0x1000, PAGE_READWRITE, bad[i], NULL),
				     STATUS_INVALID_PARAMETER_6, "P1.9-11: attributes 0x%08x",
				     (unsigned)bad[i]);
	tap_is_bad_parameter(section_try(0, PAGE_READWRITE, SEC_COMMIT, NULL),
			     STATUS_INVALID_PARAMETER_4, "P1.4: no file and no size");
	tap_is_status(section_try(0, PAGE_READONLY, SEC_IMAGE, NULL),
		      STATUS_INVALID_FILE_FOR_SECTION, "P1.12: an image needs a file");
}

/* catches: a protection check that looks for set bits instead of exactly one */
static void test_protections(void)
{
	static const ULONG bad[] = {
		0,
		0xFFFFFFFF,
		PAGE_READONLY | PAGE_READWRITE,
		PAGE_EXECUTE_READ | PAGE_READWRITE,
		PAGE_WRITECOPY | PAGE_READONLY,
	};
	static const ULONG bad_here[] = {PAGE_NOACCESS, PAGE_READWRITE | PAGE_GUARD,
					 PAGE_READWRITE | PAGE_NOCACHE,
					 PAGE_READWRITE | PAGE_WRITECOMBINE};

	for (unsigned i = 0; i < COUNT_OF(bad); i++)
		tap_is_status(section_try(0x1000, bad[i], SEC_COMMIT, NULL),
			      STATUS_INVALID_PAGE_PROTECTION, "P1.13: protection 0x%x",
			      (unsigned)bad[i]);
	for (unsigned i = 0; i < COUNT_OF(bad_here); i++)
		tap_is_status_or(section_try(0x1000, bad_here[i], SEC_COMMIT, NULL),
				 STATUS_INVALID_PAGE_PROTECTION, STATUS_SUCCESS,
				 "3.1.1 row 6: protection 0x%x", (unsigned)bad_here[i]);
	if (system_is_wine())
		tap_skip(1, "Wine takes PAGE_NOACCESS (B4)");
	else
		tap_is_status(section_try(512ull << 30, PAGE_NOACCESS, SEC_COMMIT, NULL),
			      STATUS_INVALID_PAGE_PROTECTION,
			      "P1.14: a bad protection is told before an impossible size");
	for (unsigned i = 1; i < PROTECTIONS; i++)
		tap_is_status(section_try(0x1000, protections[i].value, SEC_COMMIT, NULL),
			      STATUS_SUCCESS, "PAGE_%s is accepted", protections[i].name);
}

/* catches: commit promised without looking at the limit; a size whose rounding wraps to 0 */
static void test_impossible_sizes(void)
{
	if (!system_is_quire()) {
		tap_skip(3, "depends on the system's memory");
		return;
	}
	tap_is_status(section_try(512ull << 30, PAGE_READWRITE, SEC_COMMIT, NULL),
		      STATUS_COMMITMENT_LIMIT, "P4.91: 512 GiB committed");
	tap_is_status(section_try(UINT64_MAX, PAGE_READWRITE, SEC_COMMIT, NULL),
		      STATUS_SECTION_TOO_BIG, "3.1.1 row 20: size -1");
	tap_is_status(section_try(8ull << 30, PAGE_READWRITE, SEC_RESERVE, NULL), STATUS_SUCCESS,
		      "P4.90: 8 GiB reserved cost nothing");
}

/* catches: a read-only section larger than its file; write access gained through a section */
static void test_files(void)
{
	HANDLE readable = file_need(ODD_FILE, FILE_READ_DATA);
	HANDLE mute = file_need(ODD_FILE, FILE_READ_ATTRIBUTES);
	HANDLE empty = file_need(EMPTY_FILE, FILE_READ_DATA);
	HANDLE event_like = section_need(0x1000);

	tap_is_status(section_try(ODD_BYTES + 1, PAGE_READONLY, SEC_COMMIT, readable),
		      STATUS_SECTION_TOO_BIG, "P1.8: one byte more than the file");
	tap_is_status(section_try(0, PAGE_READWRITE, SEC_COMMIT, readable), STATUS_ACCESS_DENIED,
		      "P2.51: READWRITE of a file opened for reading");
	tap_is_status(section_try(0, PAGE_WRITECOPY, SEC_COMMIT, readable), STATUS_SUCCESS,
		      "P2.52: WRITECOPY needs only reading");
	tap_is_status_or(section_try(0, PAGE_EXECUTE_READ, SEC_COMMIT, readable),
			 STATUS_ACCESS_DENIED, STATUS_SUCCESS,
			 "P2.53: EXECUTE_READ of a file opened without execute");
	tap_is_status(section_try(0, PAGE_READONLY, SEC_COMMIT, mute), STATUS_ACCESS_DENIED,
		      "P2.54: a file handle without data rights");
	tap_is_status(section_try(0, PAGE_READONLY, SEC_COMMIT, empty),
		      STATUS_MAPPED_FILE_SIZE_ZERO, "P1.5: an empty file");
	tap_is_status(section_try(0, PAGE_READONLY, SEC_IMAGE, empty),
		      STATUS_INVALID_FILE_FOR_SECTION, "P1.6: an empty file as an image");
	tap_is_status(section_try(0, PAGE_READONLY, SEC_IMAGE, readable),
		      STATUS_INVALID_IMAGE_NOT_MZ, "P6.113: a text file as an image");
	tap_is_bad_parameter(section_try(0, PAGE_READONLY, SEC_COMMIT | SEC_LARGE_PAGES, readable),
			     STATUS_INVALID_PARAMETER_6, "3.1.1 row 11: large pages of a file");
	tap_is_status(section_try(ODD_BYTES + 1, PAGE_READONLY, SEC_IMAGE, readable),
		      STATUS_INVALID_IMAGE_NOT_MZ, "3.3.1: the format before the size");
	if (system_is_wine())
		tap_skip(2, "Wine's order and limits differ (B5, B6)");
	else {
		tap_is_status(section_try(UINT64_MAX, PAGE_READONLY, SEC_COMMIT, readable),
			      STATUS_SECTION_TOO_BIG, "3.1.1 row 20: size -1 of a file");
		tap_is_status(section_try(0, PAGE_READONLY, SEC_COMMIT,
					  process_parameters()->standard_output),
			      STATUS_INVALID_FILE_FOR_SECTION, "3.1.1 row 15: a device");
	}
	tap_is_status(section_try(0, PAGE_READONLY, SEC_COMMIT, (HANDLE)(uintptr_t)0x7770),
		      STATUS_INVALID_HANDLE, "3.1.1 row 12: no such file handle");
	tap_is_status(section_try(0, PAGE_READONLY, SEC_COMMIT, event_like),
		      STATUS_OBJECT_TYPE_MISMATCH, "3.1.1 row 12: a section as the file");
	NtClose(event_like);
	NtClose(empty);
	NtClose(mute);
	NtClose(readable);
}

/* catches: classes of images answered for data, or with the wrong number of bytes */
static void test_query_image_classes(HANDLE data)
{
	static const struct {
		ULONG class, bytes;
	} rows[] = {{SectionRelocationInformation, 8},
		    {SectionOriginalBaseInformation, 8},
		    {SectionInternalImageInformation, 72}};
	HANDLE file = file_need(IMAGE_FILE, FILE_READ_DATA | FILE_EXECUTE), image;
	uint64_t words[9];
	SIZE_T length = 0;

	if (system_is_wine()) {
		tap_skip(15, "Wine has classes 0 and 1 only (B24)");
		NtClose(file);
		return;
	}
	section_make(&image, 0, PAGE_READONLY, SEC_IMAGE, file);
	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		tap_is_status(NtQuerySection(data, rows[i].class, words, rows[i].bytes, NULL),
			      STATUS_SECTION_NOT_IMAGE, "3.9: class %u of data",
			      (unsigned)rows[i].class);
		tap_is_status(NtQuerySection(image, rows[i].class, words, rows[i].bytes - 1, NULL),
			      STATUS_INFO_LENGTH_MISMATCH, "3.9: a byte too few");
		tap_is_status(NtQuerySection(image, rows[i].class, words, sizeof(words), &length),
			      STATUS_SUCCESS, "3.9: of an image");
		tap_is_number(length, rows[i].bytes, "its length");
	}
	tap_is_number(words[8], 0, "class 4: no more flags");
	NtQuerySection(image, SectionOriginalBaseInformation, words, sizeof(words), NULL);
	tap_is_number(words[0], 0x140000000, "class 3: where hello.exe is linked");
	NtQuerySection(image, SectionRelocationInformation, words, sizeof(words), NULL);
	tap_is_number(words[0], 0, "class 2: nobody moved it");
	NtClose(image);
	NtClose(file);
}

/* catches: NtQuerySection that trusts the length, or answers without SECTION_QUERY */
static void test_query(void)
{
	struct {
		SECTION_IMAGE_INFORMATION image;
		char more[16];
	} buffer;
	HANDLE section = section_need(0x1000), mute;
	SIZE_T length = 0;

	tap_is_status(NtQuerySection(section, SectionBasicInformation, &buffer, 23, NULL),
		      STATUS_INFO_LENGTH_MISMATCH, "3.9: basic, 23 bytes");
	tap_is_status(NtQuerySection(section, SectionBasicInformation, &buffer, 40, &length),
		      STATUS_SUCCESS, "3.9: basic, more than enough");
	tap_is_number(length, 24, "24 bytes are returned");
	tap_is_status(NtQuerySection(section, SectionImageInformation, &buffer, 63, NULL),
		      STATUS_INFO_LENGTH_MISMATCH, "P6.126: image, 63 bytes of a data section");
	tap_is_status(NtQuerySection(section, SectionImageInformation, &buffer, 64, NULL),
		      STATUS_SECTION_NOT_IMAGE, "P6.126: image, 64 bytes of a data section");
	test_query_image_classes(section);
	tap_is_status(NtQuerySection(section, SectionBasicInformation, NULL, 24, NULL),
		      STATUS_ACCESS_VIOLATION, "3.9: no buffer");
	tap_is_status(NtQuerySection(NULL, SectionBasicInformation, &buffer, 24, NULL),
		      STATUS_INVALID_HANDLE, "3.9: no handle");
	tap_is_status_or(NtQuerySection(section, 99, &buffer, sizeof(buffer), NULL),
			 STATUS_INVALID_INFO_CLASS, STATUS_NOT_IMPLEMENTED, "3.9: no such class");
	NtDuplicateObject(CURRENT_PROCESS, section, CURRENT_PROCESS, &mute, SECTION_MAP_READ, 0, 0);
	tap_is_status(NtQuerySection(mute, SectionBasicInformation, &buffer, 24, NULL),
		      STATUS_ACCESS_DENIED, "P2.50: a handle without SECTION_QUERY");
	NtClose(mute);
	NtClose(section);
}

/* catches: pages of a section made when it is created or mapped instead of when touched */
static void test_nothing_at_creation(void)
{
	struct quire_memory before, after;
	HANDLE section;

	if (!memory_read(&before)) {
		tap_skip(3, "frame counts are Quire's");
		return;
	}
	memory_read(&before);
	section = section_need(4 << 20);
	memory_read(&after);
	tap_is_number(after.commit - before.commit, 1024, "4 MiB are promised");
	tap_ok(after.frames_total - after.free - after.zeroed - after.standby <
		       before.frames_total - before.free - before.zeroed - before.standby + 8,
	       "and no frames taken but a few of the kernel's");
	NtClose(section);
	memory_read(&after);
	tap_is_number(after.commit, before.commit, "closing it gives the promise back");
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("sections: creation and queries");
	test_sizes();
	test_flags();
	test_protections();
	test_impossible_sizes();
	test_files();
	test_query();
	test_nothing_at_creation();
	return tap_finish();
}
