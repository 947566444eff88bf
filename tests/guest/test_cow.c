/*
 * test_cow.c - copy on write: who sees a store, which frame holds it, what a query says (8.2; P3).
 */
#include "guest.h"

#include "path.h"
#include "touch.h"

#define PAGES 4u

static HANDLE file, section;

static char file_byte(uint64_t offset)
{
	char byte = 0;

	file_read_at(file, offset, &byte, 1);
	return byte;
}

/* catches: a store that reaches the file or another view; a fault class other than copy-on-write */
static void test_store(void)
{
	char *other = view_need(section, PAGE_READONLY);
	char *copy = view_need(section, PAGE_WRITECOPY);
	MEMORY_BASIC_INFORMATION region;

	tap_is_number(*(volatile unsigned char *)other + *(volatile unsigned char *)copy, 2 * 'A',
		      "both views show the file");
	if (system_is_quire())
		tap_ok(frame_at(other) && frame_at(other) == frame_at(copy),
		       "read, a copy-on-write page is the section's frame");
	else
		tap_skip(1, "frames are Quire's");
	tap_faults_start();
	*(volatile char *)copy = 'B';
	tap_faults_stop();
	tap_faults_are(QUIRE_FAULT_COPY_ON_WRITE, 1, "the first store");
	tap_no_other_faults("the first store");
	tap_is_number((unsigned char)copy[0], 'B', "P3.63: this view shows the store");
	tap_is_number((unsigned char)copy[1], 'A', "the rest of the page was copied");
	tap_is_number((unsigned char)other[0], 'A', "P3.64: the other view does not show it");
	tap_is_number((unsigned char)file_byte(0), 'A', "P3.63: nor does the file");
	if (system_is_quire())
		tap_ok(frame_at(other) != frame_at(copy), "it has a frame of its own now");
	else
		tap_skip(1, "frames are Quire's");
	tap_faults_start();
	*(volatile char *)copy = 'C';
	tap_faults_stop();
	tap_no_other_faults("the second store");
	region = region_at(copy);
	tap_ok(region.AllocationProtect == PAGE_WRITECOPY && region.Type == MEM_MAPPED,
	       "P3.65: allocation and type are unchanged");
	if (system_is_wine())
		tap_skip(1, "Wine reports WRITECOPY for all of it (W1)");
	else
		tap_ok(region.Protect == PAGE_READWRITE && region.RegionSize == 0x1000,
		       "P3.65: that page is READWRITE, alone");
	tap_is_number(region_at(copy + 0x1000).Protect, PAGE_WRITECOPY, "P3.66: the next is not");
	view_drop(copy);
	view_drop(other);
}

/*
 * catches: a store to an absent page that maps it read-only first, or gets zeros instead of the
 * file
 */
static void test_store_first(void)
{
	char *copy = view_need(section, PAGE_WRITECOPY);

	tap_faults_start();
	for (unsigned i = 0; i < PAGES; i++)
		((volatile char *)copy)[i * PAGE_BYTES + 7] = 'D';
	tap_faults_stop();
	tap_faults_are(QUIRE_FAULT_COPY_ON_WRITE, PAGES, "stores to pages never read");
	tap_no_other_faults("stores to pages never read");
	tap_is_number((unsigned char)copy[6], 'A', "the rest of the page is the file's");
	tap_is_number((unsigned char)copy[3 * PAGE_BYTES + 8], 'A', "of each page");
	view_drop(copy);
	copy = view_need(section, PAGE_WRITECOPY);
	tap_is_number((unsigned char)copy[7], 'A', "8.2: unmapping throws private pages away");
	view_drop(copy);
}

/*
 * catches: a private page that protection changes turn back into the file's, or into a writable
 * shared one
 */
static void test_protect_private(void)
{
	char *copy = view_need(section, PAGE_WRITECOPY);
	ULONG old = 0;

	*(volatile char *)copy = 'E';
	tap_is_status_or(protect(copy, 1, PAGE_READWRITE, NULL), STATUS_SECTION_PROTECTION,
			 STATUS_INVALID_PAGE_PROTECTION, "P3.69: READWRITE stays beyond the view");
	tap_is_status(protect(copy, 1, PAGE_READONLY, &old), STATUS_SUCCESS, "P3.67: READONLY");
	if (system_is_wine())
		tap_skip(1, "Wine reports WRITECOPY (W3)");
	else
		tap_is_number(old, PAGE_READWRITE, "P3.67: it was READWRITE");
	tap_is_status(protect(copy, 1, PAGE_WRITECOPY, NULL), STATUS_SUCCESS, "P3.68: WRITECOPY");
	if (system_is_wine())
		tap_skip(1, "Wine reports WRITECOPY (W4)");
	else
		tap_is_number(region_at(copy).Protect, PAGE_READWRITE,
			      "P3.68: reads back READWRITE");
	tap_is_number((unsigned char)copy[0], 'E', "the private contents stayed");
	tap_faults_start();
	*(volatile char *)copy = 'F';
	tap_faults_stop();
	tap_faults_are(QUIRE_FAULT_COPY_ON_WRITE, 0, "a private page is not copied again");
	tap_is_number((unsigned char)file_byte(0), 'A', "and the file is untouched");
	view_drop(copy);
}

/* catches: stores through a view that became WRITECOPY and still reach the section */
static void test_protect_to_copy(void)
{
	HANDLE memory = section_need(0x1000);
	char *view = view_need(memory, PAGE_READWRITE);
	char *other = view_need(memory, PAGE_READWRITE);

	*(volatile char *)view = 'g';
	tap_is_status(protect(view, 1, PAGE_WRITECOPY, NULL), STATUS_SUCCESS, "P3.71: WRITECOPY");
	*(volatile char *)view = 'h';
	tap_is_number((unsigned char)view[0], 'h', "the store is seen here");
	if (system_is_wine())
		tap_skip(1, "Wine writes through (W6)");
	else
		tap_is_number((unsigned char)other[0], 'g', "P3.71: but not in the other view");
	view_drop(view);
	view_drop(other);
	NtClose(memory);
}

/* catches: commit not charged for the copies a view may need */
static void test_commit(void)
{
	struct quire_memory before, after;
	char *copy;

	if (!memory_read(&before)) {
		tap_skip(2, "commit counts are Quire's");
		return;
	}
	memory_read(&before);
	copy = view_need(section, PAGE_WRITECOPY);
	memory_read(&after);
	tap_is_number(after.commit - before.commit, PAGES,
		      "4.4 of the design: charged when mapped");
	view_drop(copy);
	memory_read(&after);
	tap_is_number(after.commit, before.commit, "given back when unmapped");
}

int program_main(int argc, char **argv)
{
	NTSTATUS status;

	(void)argc;
	(void)argv;
	tap_start("copy on write");
	touch_own_pages();
	file = file_need(SCRATCH_COW_FILE, FILE_READ_DATA);
	status = section_make(&section, PAGES * PAGE_BYTES, PAGE_READONLY, SEC_COMMIT, file);
	if (!NT_SUCCESS(status))
		bail_out("NtCreateSection", status);
	test_store();
	test_store_first();
	test_protect_private();
	test_protect_to_copy();
	test_commit();
	NtClose(section);
	NtClose(file);
	return tap_finish();
}
