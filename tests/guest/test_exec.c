/*
 * test_exec.c - executables that are wrong: their status as an image section and as a program
 * (3.3.1; P6.113-117, P6.127). None may be taken for good, and none may hurt the kernel.
 *
 * Each is a real program with a few bytes changed, written to a file on the disk.
 */
#include <string.h>

#include "child.h"
#include "guest.h"
#include "path.h"

#define VICTIM_FILE "C:\\data\\scratch5.bin"	/* empty at first; this test's own */
#define TRUNCATED_FILE "C:\\data\\scratch6.bin" /* empty at first: grows byte by byte */
#define PROGRAM_BYTES_MAX 0x8000u

static char good[PROGRAM_BYTES_MAX], bad[PROGRAM_BYTES_MAX];
static size_t good_bytes;

static IMAGE_NT_HEADERS64 *headers_of(char *image)
{
	return (void *)(image + ((IMAGE_DOS_HEADER *)image)->e_lfanew);
}

static IMAGE_SECTION_HEADER *section_of(char *image, unsigned index)
{
	return IMAGE_FIRST_SECTION(headers_of(image)) + index;
}

static void good_read(void)
{
	HANDLE file = file_need(IMAGE_FILE, FILE_READ_DATA);
	uint64_t bytes = 0;

	file_size(file, &bytes);
	if (bytes > sizeof(good) || !NT_SUCCESS(file_read_at(file, 0, good, (size_t)bytes)))
		bail_out(IMAGE_FILE, STATUS_UNSUCCESSFUL);
	good_bytes = (size_t)bytes;
	NtClose(file);
}

static void file_put(const char *path, const char *contents, size_t bytes)
{
	HANDLE file = file_need(path, FILE_WRITE_DATA);
	NTSTATUS status = bytes ? file_write_at(file, 0, contents, bytes) : STATUS_SUCCESS;

	NtClose(file);
	if (!NT_SUCCESS(status))
		bail_out(path, status);
}

static NTSTATUS image_try(const char *path)
{
	HANDLE file = file_need(path, FILE_READ_DATA | FILE_EXECUTE);
	NTSTATUS status = section_try(0, PAGE_READONLY, SEC_IMAGE, file);

	NtClose(file);
	return status;
}

/* Starts the file as a program; one that really runs is ended at once. */
static NTSTATUS program_try(const char *path)
{
	struct path name;
	struct child child;
	NTSTATUS status = path_parse(&name, NULL, path);

	if (NT_SUCCESS(status))
		status = child_start_with(&child, &name.name, "scratch", 0,
					  THREAD_CREATE_FLAGS_CREATE_SUSPENDED);
	if (!NT_SUCCESS(status))
		return status;
	NtTerminateProcess(child.process, STATUS_SUCCESS);
	NtWaitForSingleObject(child.process, FALSE, NULL);
	child_close(&child);
	return STATUS_SUCCESS;
}

/* ---- one thing wrong ---- */

static void not_mz(void)
{
	bad[0] = 'N';
}

static void header_far(void)
{
	((IMAGE_DOS_HEADER *)bad)->e_lfanew = 0x10000000;
}

static void header_negative(void)
{
	((IMAGE_DOS_HEADER *)bad)->e_lfanew = -4;
}

static void signature_garbage(void)
{
	headers_of(bad)->Signature = 0x12345678;
}

static void signature_ne_windows(void)
{
	char *header = (char *)headers_of(bad);

	memcpy(header, "NE\0\0", 4);
	header[0x36] = 2;
}

static void signature_ne_other(void)
{
	char *header = (char *)headers_of(bad);

	memcpy(header, "NE\0\0", 4);
	header[0x36] = 1;
}

static void machine_unknown(void)
{
	headers_of(bad)->FileHeader.Machine = 0xDEAD;
}

static void machine_i386(void)
{
	headers_of(bad)->FileHeader.Machine = IMAGE_FILE_MACHINE_I386;
}

static void magic_unknown(void)
{
	headers_of(bad)->OptionalHeader.Magic = 0x777;
}

static void magic_32(void)
{
	headers_of(bad)->OptionalHeader.Magic = 0x10b;
}

static void image_empty(void)
{
	headers_of(bad)->OptionalHeader.SizeOfImage = 0;
}

static void image_small(void)
{
	headers_of(bad)->OptionalHeader.SizeOfImage = 0x1000;
}

static void image_huge(void)
{
	headers_of(bad)->OptionalHeader.SizeOfImage = 0xFFFFF000;
}

static void alignment_small(void)
{
	headers_of(bad)->OptionalHeader.SectionAlignment = 0x100;
}

static void alignment_odd(void)
{
	headers_of(bad)->OptionalHeader.SectionAlignment = 0x1001;
}

static void alignment_none(void)
{
	headers_of(bad)->OptionalHeader.SectionAlignment = 0;
	headers_of(bad)->OptionalHeader.FileAlignment = 0;
}

static void headers_huge(void)
{
	headers_of(bad)->OptionalHeader.SizeOfHeaders = 0xFFFFFFFF;
}

static void base_odd(void)
{
	headers_of(bad)->OptionalHeader.ImageBase = 0x140001000;
}

static void sections_many(void)
{
	headers_of(bad)->FileHeader.NumberOfSections = 0xFFFF;
}

static void section_overlap(void)
{
	section_of(bad, 1)->VirtualAddress = section_of(bad, 0)->VirtualAddress;
}

static void section_unaligned(void)
{
	section_of(bad, 0)->VirtualAddress += 0x10;
}

static void section_beyond(void)
{
	section_of(bad, 0)->Misc.VirtualSize = 0x7FFFFFFF;
}

static void section_wraps(void)
{
	section_of(bad, 0)->VirtualAddress = 0xFFFFF000;
	section_of(bad, 0)->Misc.VirtualSize = 0x2000;
}

static void section_on_headers(void)
{
	section_of(bad, 0)->VirtualAddress = 0;
}

static void raw_beyond(void)
{
	section_of(bad, 0)->PointerToRawData = 0x10000000;
}

static void raw_wraps(void)
{
	section_of(bad, 0)->PointerToRawData = 0xFFFFFE00;
	section_of(bad, 0)->SizeOfRawData = 0x1000;
}

#define SAME ((NTSTATUS)1) /* no status of any call here */

struct defect {
	const char *text;
	void (*make)(void);
	NTSTATUS expected;
	NTSTATUS wine; /* what Wine 8.0 answers to the section where it differs */
};

static const struct defect defects[] = {
	{"P6.113: no MZ", not_mz, STATUS_INVALID_IMAGE_NOT_MZ, SAME},
	{"P6.114: e_lfanew past the end", header_far, STATUS_INVALID_IMAGE_PROTECT, SAME},
	{"e_lfanew -4", header_negative, STATUS_INVALID_IMAGE_PROTECT, SAME},
	{"P6.115: a garbage signature", signature_garbage, STATUS_INVALID_IMAGE_PROTECT, SAME},
	{"P6.116: NE for Windows", signature_ne_windows, STATUS_INVALID_IMAGE_WIN_16, SAME},
	{"3.3.1: NE for another system", signature_ne_other, STATUS_INVALID_IMAGE_NE_FORMAT, SAME},
	{"P6.117: an unknown machine", machine_unknown, STATUS_INVALID_IMAGE_FORMAT, SAME},
	{"3.3.1: a 64-bit image for i386", machine_i386, STATUS_INVALID_IMAGE_FORMAT, SAME},
	{"3.3.1: an unknown magic", magic_unknown, STATUS_INVALID_IMAGE_FORMAT, SAME},
	{"3.3.1: a 32-bit header for AMD64", magic_32, STATUS_INVALID_IMAGE_FORMAT, SAME},
	{"3.3.1: SizeOfImage 0", image_empty, STATUS_INVALID_IMAGE_FORMAT,
	 STATUS_INVALID_FILE_FOR_SECTION},
	{"3.3.1: SizeOfImage too small", image_small, STATUS_INVALID_IMAGE_FORMAT, STATUS_SUCCESS},
	{"SizeOfImage near 4 GiB", image_huge, STATUS_INVALID_IMAGE_FORMAT, STATUS_SUCCESS},
	{"3.3.1: SectionAlignment below FileAlignment", alignment_small,
	 STATUS_INVALID_IMAGE_FORMAT, STATUS_SUCCESS},
	{"SectionAlignment 0x1001", alignment_odd, STATUS_INVALID_IMAGE_FORMAT, STATUS_SUCCESS},
	{"alignments 0", alignment_none, STATUS_INVALID_IMAGE_FORMAT, STATUS_SUCCESS},
	{"SizeOfHeaders 4 GiB", headers_huge, STATUS_INVALID_IMAGE_FORMAT, STATUS_SUCCESS},
	{"an unaligned ImageBase", base_odd, STATUS_INVALID_IMAGE_FORMAT, STATUS_SUCCESS},
	{"65535 sections", sections_many, STATUS_INVALID_IMAGE_FORMAT, STATUS_SUCCESS},
	{"two sections at one place", section_overlap, STATUS_INVALID_IMAGE_FORMAT, STATUS_SUCCESS},
	{"an unaligned section", section_unaligned, STATUS_INVALID_IMAGE_FORMAT, STATUS_SUCCESS},
	{"a section beyond the image", section_beyond, STATUS_INVALID_IMAGE_FORMAT, STATUS_SUCCESS},
	{"a section that wraps", section_wraps, STATUS_INVALID_IMAGE_FORMAT, STATUS_SUCCESS},
	{"a section over the headers", section_on_headers, STATUS_INVALID_IMAGE_FORMAT,
	 STATUS_SUCCESS},
	{"data beyond the file", raw_beyond, STATUS_INVALID_IMAGE_FORMAT, STATUS_SUCCESS},
	{"data that wraps", raw_wraps, STATUS_INVALID_IMAGE_FORMAT, STATUS_SUCCESS},
};

/* catches: a field of the headers used before it is checked, or another status for it */
static void test_defects(void)
{
	for (size_t i = 0; i < COUNT_OF(defects); i++) {
		const struct defect *defect = &defects[i];

		memcpy(bad, good, good_bytes);
		defect->make();
		file_put(VICTIM_FILE, bad, good_bytes);
		tap_is_status_or(image_try(VICTIM_FILE), defect->expected,
				 defect->wine == SAME ? defect->expected : defect->wine,
				 "%s, as a section", defect->text);
		if (system_is_quire())
			tap_is_status(program_try(VICTIM_FILE), defect->expected,
				      "%s, as a program", defect->text);
		else
			tap_skip(1, "Wine looks for another system's loader");
	}
	memcpy(bad, good, good_bytes);
	file_put(VICTIM_FILE, bad, good_bytes);
	tap_is_status(image_try(VICTIM_FILE), STATUS_SUCCESS, "the program itself is good");
	tap_is_status(program_try(VICTIM_FILE), STATUS_SUCCESS, "and it can be started");
}

/* catches: headers read behind the end of the file; a size checked by the page */
static void test_truncated(void)
{
	const IMAGE_NT_HEADERS64 *headers = headers_of(good);
	const size_t header_start = (size_t)((const char *)headers - good);
	const struct {
		size_t bytes;
		NTSTATUS expected, wine;
	} rows[] = {
		{1, STATUS_INVALID_IMAGE_NOT_MZ, SAME},
		{2, STATUS_INVALID_IMAGE_NOT_MZ, SAME},
		{63, STATUS_INVALID_IMAGE_NOT_MZ, SAME},
		{64, STATUS_INVALID_IMAGE_PROTECT, SAME},
		{header_start, STATUS_INVALID_IMAGE_PROTECT, SAME},
		{header_start + 3, STATUS_INVALID_IMAGE_PROTECT, SAME},
		{header_start + 4, STATUS_INVALID_IMAGE_FORMAT, STATUS_INVALID_IMAGE_PROTECT},
		{header_start + 23, STATUS_INVALID_IMAGE_FORMAT, STATUS_INVALID_IMAGE_PROTECT},
		{header_start + 24, STATUS_INVALID_IMAGE_FORMAT, SAME},
		{header_start + sizeof(*headers), STATUS_INVALID_IMAGE_FORMAT,
		 STATUS_INVALID_FILE_FOR_SECTION},
		{headers->OptionalHeader.SizeOfHeaders, STATUS_INVALID_IMAGE_FORMAT,
		 STATUS_SUCCESS},
		{good_bytes - 0x200, STATUS_INVALID_IMAGE_FORMAT, STATUS_SUCCESS},
		{good_bytes, STATUS_SUCCESS, SAME},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		file_put(TRUNCATED_FILE, good, rows[i].bytes);
		tap_is_status_or(image_try(TRUNCATED_FILE), rows[i].expected,
				 rows[i].wine == SAME ? rows[i].expected : rows[i].wine,
				 "a program of which %u bytes are there", (unsigned)rows[i].bytes);
	}
}

/* catches: an image made from what the disk has instead of what the cache has */
static void test_cache(void)
{
	HANDLE file = file_need(VICTIM_FILE, FILE_READ_DATA | FILE_WRITE_DATA), section;
	char *view;

	section_make(&section, 0, PAGE_READWRITE, SEC_COMMIT, file);
	view = view_need(section, PAGE_READWRITE);
	view[0] = 'X';
	tap_is_status(section_try(0, PAGE_READONLY, SEC_IMAGE, file), STATUS_INVALID_IMAGE_NOT_MZ,
		      "P6.127: MZ overwritten through a view");
	view[0] = 'M';
	tap_is_status(section_try(0, PAGE_READONLY, SEC_IMAGE, file), STATUS_SUCCESS,
		      "P6.127: and restored");
	view_drop(view);
	NtClose(section);
	NtClose(file);
}

/* ---- anything wrong ---- */

static uint32_t random_state = 1;

static uint32_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

/* Reads a byte of every page that may be read. */
static void view_read(const char *base)
{
	const char *address = base;
	MEMORY_BASIC_INFORMATION region = region_at(address);

	for (; region.AllocationBase == base; region = region_at(address)) {
		if (region.State == MEM_COMMIT &&
		    !(region.Protect & (PAGE_NOACCESS | PAGE_EXECUTE)))
			for (SIZE_T at = 0; at < region.RegionSize && at < 0x100000;
			     at += PAGE_BYTES)
				(void)*(volatile const char *)(address + at);
		address += region.RegionSize;
	}
}

/* As a section that is mapped and read, then as a program that runs a moment. */
static bool mutant_try(void)
{
	HANDLE file = file_need(VICTIM_FILE, FILE_READ_DATA | FILE_EXECUTE), section;
	NTSTATUS status = section_make(&section, 0, PAGE_READONLY, SEC_IMAGE, file);
	char *view;

	NtClose(file);
	if (!NT_SUCCESS(status))
		return false;
	if (NT_SUCCESS(view_make(section, PAGE_READONLY, &view))) {
		view_read(view);
		view_drop(view);
	}
	NtClose(section);
	return true;
}

static void mutant_run(void)
{
	LARGE_INTEGER moment = {.QuadPart = -200000};
	struct path name;
	struct child child;

	if (!NT_SUCCESS(path_parse(&name, NULL, VICTIM_FILE)) ||
	    !NT_SUCCESS(child_start_with(&child, &name.name, "scratch", 0, 0)))
		return;
	if (NtWaitForSingleObject(child.process, FALSE, &moment) == STATUS_TIMEOUT)
		NtTerminateProcess(child.process, STATUS_TIMEOUT);
	NtWaitForSingleObject(child.process, FALSE, NULL);
	child_close(&child);
}

/* catches: what nobody thought of; the same mutants in every run */
static void test_mutants(void)
{
	const unsigned rounds = 300;
	unsigned accepted = 0;

	if (!system_is_quire()) {
		tap_skip(1, "not meant for a hosted system");
		return;
	}
	for (unsigned i = 0; i < rounds; i++) {
		const size_t header_start = (size_t)((char *)headers_of(good) - good);

		memcpy(bad, good, good_bytes);
		for (unsigned changes = 1 + random_next() % 4; changes; changes--) {
			size_t at = header_start + random_next() % 0x200;
			uint32_t value = random_next();

			/* a random byte, or a boundary value in four bytes */
			if (value & 1)
				bad[at] = (char)(value >> 8);
			else
				memcpy(bad + (at & ~3ull), &(uint32_t){0 - (value >> 28) % 3}, 4);
		}
		file_put(VICTIM_FILE, bad, good_bytes);
		if (!mutant_try())
			continue;
		accepted++;
		mutant_run();
	}
	tap_ok(true, "%u damaged programs, %u of them accepted", rounds, accepted);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("bad executables");
	good_read();
	test_defects();
	test_truncated();
	test_cache();
	test_mutants();
	return tap_finish();
}
