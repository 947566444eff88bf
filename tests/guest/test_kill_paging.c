/*
 * test_kill_paging.c - processes that are terminated while they wait for the disk, at many moments:
 * what they shared with others is whole, and what was theirs is given back.
 *
 * boot: few frames and a disk that takes time, for everybody: alone.
 */
/* boot: frames=400 pagefile=2048 alone */
#include <string.h>

#include "child.h"
#include "guest.h"
#include "scratch.h"

#define OWN_FILE "C:\\data\\killpage.bin"
#define FILE_PAGES 64u
#define SECTION_PAGES 64u
#define PRIVATE_PAGES 400u /* more than there are frames */
#define MOMENTS 24u
#define CHILDREN 2u
#define MICROSECOND 10ll

static HANDLE section; /* of the page file; inherited */
static char *shared, *file_view;

/* What each page of the section and the file has: children write the same again and again. */
static uint64_t word_of(unsigned page, unsigned word)
{
	return 0x9E3779B97F4A7C15ull * (page * 512u + word + 1);
}

static void page_fill(char *page, unsigned number)
{
	uint64_t *words = (uint64_t *)page;

	for (unsigned i = 0; i < PAGE_BYTES / sizeof(uint64_t); i += 64)
		words[i] = word_of(number, i);
}

static bool page_is_right(const char *page, unsigned number)
{
	const uint64_t *words = (const uint64_t *)page;

	for (unsigned i = 0; i < PAGE_BYTES / sizeof(uint64_t); i += 64)
		if (words[i] != word_of(number, i))
			return false;
	return true;
}

static void disk_set(ULONG request_us)
{
	struct quire_disk settings = {.request_us = request_us};

	NtSetSystemInformation((SYSTEM_INFORMATION_CLASS)QUIRE_SYSTEM_DISK, &settings,
			       sizeof(settings));
}

static NTSTATUS map_file(char **view)
{
	HANDLE file = file_need(OWN_FILE, FILE_READ_DATA | FILE_WRITE_DATA | SYNCHRONIZE);
	HANDLE mapping;
	NTSTATUS status = section_make(&mapping, 0, PAGE_READWRITE, SEC_COMMIT, file);

	NtClose(file);
	if (!NT_SUCCESS(status))
		return status;
	status = view_make(mapping, PAGE_READWRITE, view);
	NtClose(mapping);
	return status;
}

/* ---- as a child ---- */

static HANDLE handle_of(const char *digits)
{
	uintptr_t value = 0;

	for (; *digits; digits++)
		value = value * 10 + (uintptr_t)(*digits - '0');
	return (HANDLE)value;
}

/* More memory than there are frames, and all that is shared, for ever. Ends only if it is wrong. */
static NTSTATUS be_child(const char *section_digits)
{
	char *own = memory_need(PRIVATE_PAGES * PAGE_BYTES), *view, *mapped;

	if (view_make(handle_of(section_digits), PAGE_READWRITE, &view) || map_file(&mapped))
		return 1;
	for (unsigned turn = 0;; turn++) {
		for (unsigned i = 0; i < PRIVATE_PAGES; i++) {
			volatile unsigned *word = (unsigned *)(own + i * PAGE_BYTES);

			if (*word != (turn ? turn + i - 1 : 0))
				return 2;
			*word = turn + i;
			if (i < SECTION_PAGES) {
				if (!page_is_right(view + i * PAGE_BYTES, i) ||
				    !page_is_right(mapped + i * PAGE_BYTES, i))
					return 3;
				page_fill(view + i * PAGE_BYTES, i);
				page_fill(mapped + i * PAGE_BYTES, i);
			}
		}
	}
}

/* ---- tests ---- */

static unsigned count_wrong(void)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < SECTION_PAGES; i++)
		wrong += !page_is_right(shared + i * PAGE_BYTES, i);
	for (unsigned i = 0; i < FILE_PAGES; i++)
		wrong += !page_is_right(file_view + i * PAGE_BYTES, i);
	return wrong;
}

/* => returns: how many of the children had ended by themselves. */
static unsigned kill_after(LONGLONG microseconds, const char *arguments)
{
	struct child children[CHILDREN];
	LARGE_INTEGER moment = {.QuadPart = -microseconds * MICROSECOND};
	unsigned other = 0;
	NTSTATUS status;

	for (unsigned i = 0; i < CHILDREN; i++)
		if (!NT_SUCCESS(child_start_self(&children[i], arguments)))
			bail_out("a child", STATUS_UNSUCCESSFUL);
	NtDelayExecution(FALSE, &moment);
	for (unsigned i = 0; i < CHILDREN; i++)
		NtTerminateProcess(children[i].process, 100);
	for (unsigned i = 0; i < CHILDREN; i++) {
		child_wait(&children[i], &status);
		other += status != 100;
		child_close(&children[i]);
	}
	return other;
}

/* catches: a page lost with its reader or its writer; a frame, a slot or a lock that stays */
static void test_kills(const char *arguments)
{
	unsigned other = 0, wrong = 0;

	disk_set(200);
	for (unsigned i = 0; i < MOMENTS; i++) {
		other += kill_after(3000 + i * 1730, arguments);
		wrong += count_wrong();
	}
	disk_set(0);
	tap_is_number(other, 0, "%u times %u children were terminated, none saw a wrong page",
		      MOMENTS, CHILDREN);
	tap_is_number(wrong, 0, "what they shared with us is whole");
}

static void make_shared(void)
{
	OBJECT_ATTRIBUTES attributes = {.Length = sizeof(attributes), .Attributes = OBJ_INHERIT};
	LARGE_INTEGER size = {.QuadPart = SECTION_PAGES * PAGE_BYTES};
	NTSTATUS status = NtCreateSection(&section, SECTION_ALL_ACCESS, &attributes, &size,
					  PAGE_READWRITE, SEC_COMMIT, NULL);

	if (!NT_SUCCESS(status))
		bail_out("NtCreateSection", status);
	shared = view_need(section, PAGE_READWRITE);
	status = map_file(&file_view);
	if (!NT_SUCCESS(status))
		bail_out("the file", status);
	for (unsigned i = 0; i < SECTION_PAGES; i++)
		page_fill(shared + i * PAGE_BYTES, i);
	for (unsigned i = 0; i < FILE_PAGES; i++)
		page_fill(file_view + i * PAGE_BYTES, i);
}

/* "child 123": the handle's digits, without a library. */
static void print_arguments(char *text, HANDLE handle)
{
	uintptr_t value = (uintptr_t)handle, unit = 1;

	memcpy(text, "child ", 6);
	text += 6;
	while (value / unit >= 10)
		unit *= 10;
	for (; unit; unit /= 10)
		*text++ = (char)('0' + value / unit % 10);
	*text = '\0';
}

int program_main(int argc, char **argv)
{
	char arguments[40];

	if (argc > 2)
		return be_child(argv[2]);
	tap_start("kill_paging");
	if (!system_is_quire()) {
		tap_skip(2, "the disk cannot be made slow here");
		return tap_finish();
	}
	NtClose(scratch_need(OWN_FILE, GENERIC_READ | GENERIC_WRITE, 0, FILE_PAGES * PAGE_BYTES));
	make_shared();
	print_arguments(arguments, section);
	test_kills(arguments);
	view_drop(shared);
	view_drop(file_view);
	NtClose(section);
	scratch_drop(OWN_FILE);
	return tap_finish();
}
