/*
 * steps.c - the tour through one file: views are mapped, touched, written, left without handles and
 * unmapped.
 *
 * Every expected number follows from one rule: a page is read from the disk once, when it is
 * touched for the first time by anybody, and each view takes one fault per page to learn where it
 * is.
 */
#include <string.h>

#include "path.h"
#include "report.h"
#include "tour.h"

#define STRIDE 16
#define COPIED_PAGES 8 /* read first, then written */
#define READ_BYTES 0x10000u

static uint64_t pages_in_stride(uint64_t pages)
{
	return (pages + STRIDE - 1) / STRIDE;
}

static uint64_t lines_in(const char *text, uint64_t bytes)
{
	uint64_t lines = 0;

	for (const char *end = text + bytes; text < end; text++)
		lines += *text == '\n';
	return lines;
}

void tour_map(struct tour *tour)
{
	step_begin("Map a file: nothing is read",
		   "NtOpenFile, NtCreateSection and NtMapViewOfSection with PAGE_READONLY.",
		   "The view promises the file's bytes; no page of it is in memory yet.");
	measure_start();
	step_need(NtCreateSection(&tour->section, SECTION_ALL_ACCESS, NULL, NULL, PAGE_READONLY,
				  SEC_COMMIT, tour->file),
		  "NtCreateSection");
	tour->view = view_map(tour->section, PAGE_READONLY, "NtMapViewOfSection");
	measure_stop();
	step_say("%'llu bytes, %'llu pages, mapped at %p", (unsigned long long)tour->bytes,
		 (unsigned long long)tour->pages, tour->view);
	step_faults(QUIRE_FAULT_FILE, 0);
	step_disk_reads(0);
	step_other_faults();
	step_counted("pages of the view in memory", pages_resident(tour->view, tour->pages), 0);
}

void tour_touch_some(struct tour *tour)
{
	uint64_t expected = pages_in_stride(tour->pages);

	step_begin("Read one byte of every 16th page",
		   "Each touch finds no translation and faults; the fault handler asks the view, "
		   "the view",
		   "names the section's page, and that page is read from the RAM disk. Only that "
		   "one.");
	measure_start();
	pages_read(tour->view, tour->pages, STRIDE);
	measure_stop();
	step_faults(QUIRE_FAULT_FILE, expected);
	step_disk_reads(expected);
	step_other_faults();
	step_counted("pages of the view in memory", pages_resident(tour->view, tour->pages),
		     expected);
}

/* The file's lines by NtReadFile, in pieces. */
static uint64_t lines_by_reading(const struct tour *tour)
{
	static char buffer[READ_BYTES];
	uint64_t lines = 0;

	memset(buffer, 0, sizeof(buffer)); /* its own faults come now */
	measure_start();
	for (uint64_t at = 0; at < tour->bytes; at += sizeof(buffer)) {
		uint64_t left = tour->bytes - at;
		size_t size = left < sizeof(buffer) ? (size_t)left : sizeof(buffer);

		step_need(file_read_at(tour->file, at, buffer, size), "NtReadFile");
		lines += lines_in(buffer, size);
	}
	measure_stop();
	return lines;
}

void tour_count_lines(struct tour *tour)
{
	uint64_t lines;

	step_begin("Count the lines of the whole file through the view",
		   "The loop sees memory. The pages that step 2 left out are read now, each once.",
		   NULL);
	measure_start();
	tour->lines = lines_in(tour->view, tour->bytes);
	measure_stop();
	step_say("%'llu lines", (unsigned long long)tour->lines);
	step_faults(QUIRE_FAULT_FILE, tour->pages - pages_in_stride(tour->pages));
	step_disk_reads(tour->pages - pages_in_stride(tour->pages));
	step_other_faults();

	step_begin("Count them again with NtReadFile",
		   "Files and views meet in the same page frames: NtReadFile copies out of the "
		   "pages that",
		   "the view brought in, and nothing is read a second time.");
	lines = lines_by_reading(tour);
	step_faults(QUIRE_FAULT_FILE, 0);
	step_disk_reads(0);
	step_other_faults();
	step_value("lines", lines, tour->lines);
}

/* How many of the pages have the same frame in both views. */
static uint64_t frames_in_common(const char *first, const char *second, uint64_t pages)
{
	struct quire_memory_page a, b;
	uint64_t common = 0;

	for (uint64_t at = 0; at < pages * PAGE_BYTES; at += PAGE_BYTES)
		if (page_read(first + at, &a) && page_read(second + at, &b) && a.frame_identity &&
		    a.frame_identity == b.frame_identity)
			common++;
	return common;
}

void tour_second_view(struct tour *tour)
{
	step_begin("Map a second view and read all of it",
		   "Its page tables are empty, so every page faults once more. The section knows "
		   "the frame:",
		   "each fault only writes one page-table entry. (Shared: somebody else maps the "
		   "frame, too.)");
	measure_start();
	tour->second_view = view_map(tour->section, PAGE_READONLY, "NtMapViewOfSection");
	pages_read(tour->second_view, tour->pages, 1);
	measure_stop();
	step_faults(QUIRE_FAULT_SHARED, tour->pages);
	step_faults(QUIRE_FAULT_FILE, 0);
	step_disk_reads(0);
	step_other_faults();
	step_counted("pages whose frame both views map",
		     frames_in_common(tour->view, tour->second_view, tour->pages), tour->pages);
	step_value("bytes that differ between the views",
		   (uint64_t) !!memcmp(tour->view, tour->second_view, tour->bytes), 0);
}

void tour_unmap_and_return(struct tour *tour)
{
	step_begin("Unmap both views, map one again",
		   "Between the two no process maps a page of the file. The frames are on the "
		   "standby list,",
		   "ready to be given away, and still hold the data: soft faults, no reading.");
	measure_start();
	view_unmap(tour->second_view);
	tour->second_view = NULL;
	view_unmap(tour->view);
	tour->view = view_map(tour->section, PAGE_READONLY, "NtMapViewOfSection");
	pages_read(tour->view, tour->pages, 1);
	measure_stop();
	step_faults(QUIRE_FAULT_SOFT, tour->pages);
	step_faults(QUIRE_FAULT_FILE, 0);
	step_disk_reads(0);
	step_other_faults();
}

/* How many of the first `pages` pages begin with `value` in the file, asked through NtReadFile. */
static uint64_t file_pages_with(const struct tour *tour, uint64_t pages, char value)
{
	uint64_t found = 0;
	char byte;

	for (uint64_t page = 0; page < pages; page++) {
		step_need(file_read_at(tour->file, page * PAGE_BYTES, &byte, 1), "NtReadFile");
		found += byte == value;
	}
	return found;
}

static uint64_t view_pages_with(const char *view, uint64_t pages, char value)
{
	uint64_t found = 0;

	for (uint64_t page = 0; page < pages; page++)
		found += view[page * PAGE_BYTES] == value;
	return found;
}

static void copy_on_write_contents(const struct tour *tour)
{
	const uint64_t written = 2 * COPIED_PAGES;

	step_value("written bytes seen in this view",
		   view_pages_with(tour->copy_view, written, '\1'), written);
	step_value("written bytes seen in the other view",
		   view_pages_with(tour->view, written, '\1'), 0);
	step_value("written bytes seen in the file", file_pages_with(tour, written, '\1'), 0);
	step_counted("written pages that still share a frame",
		     frames_in_common(tour->view, tour->copy_view, written), 0);
}

void tour_copy_on_write(struct tour *tour)
{
	step_begin(
		"Copy on write: a PAGE_WRITECOPY view, 8 pages read and then written, 8 only "
		"written",
		"Reading maps the section's frame; the first write gives the page a private copy.",
		"A page that was not read before goes there in one fault.");
	measure_start();
	tour->copy_view = view_map(tour->section, PAGE_WRITECOPY, "NtMapViewOfSection");
	pages_read(tour->copy_view, COPIED_PAGES, 1);
	pages_write(tour->copy_view, 2 * COPIED_PAGES, '\1');
	measure_stop();
	step_faults(QUIRE_FAULT_SHARED, COPIED_PAGES);
	step_faults(QUIRE_FAULT_COPY_ON_WRITE, 2 * COPIED_PAGES);
	step_disk_reads(0);
	step_other_faults();
	copy_on_write_contents(tour);
}

void tour_close_handles(struct tour *tour)
{
	uint64_t lines;

	step_begin("Close every handle and go on",
		   "A view keeps its section, and the section keeps its file. A third view, mapped "
		   "before",
		   "the handles went, is touched only now.");
	tour->third_view = view_map(tour->section, PAGE_READONLY, "NtMapViewOfSection");
	measure_start();
	step_need(NtClose(tour->section), "NtClose(section)");
	step_need(NtClose(tour->file), "NtClose(file)");
	lines = lines_in(tour->third_view, tour->bytes);
	measure_stop();
	step_faults(QUIRE_FAULT_SHARED, tour->pages);
	step_faults(QUIRE_FAULT_FILE, 0);
	step_disk_reads(0);
	step_other_faults();
	step_value("lines", lines, tour->lines);
	step_value("written bytes still in the private copy",
		   view_pages_with(tour->copy_view, 2 * COPIED_PAGES, '\1'), 2 * COPIED_PAGES);
}

static uint64_t state_of(const void *address)
{
	MEMORY_BASIC_INFORMATION region = {.State = 0};

	step_need(NtQueryVirtualMemory(CURRENT_PROCESS, address, MemoryBasicInformation, &region,
				       sizeof(region), NULL),
		  "NtQueryVirtualMemory");
	return region.State;
}

void tour_unmap(struct tour *tour)
{
	struct quire_fault_counts before, after;

	step_begin("Unmap the last views",
		   "With the last view the section, its page states and its frames are gone.",
		   NULL);
	fault_counts_read(&after);
	fault_counts_read(&before);
	measure_start();
	view_unmap(tour->view);
	view_unmap(tour->third_view);
	view_unmap(tour->copy_view);
	measure_stop();
	fault_counts_read(&after);
	step_other_faults();
	step_counted("pages this process has less", before.resident_pages - after.resident_pages,
		     2 * tour->pages + 2 * COPIED_PAGES);
	step_value("state of the address (MEM_FREE)", state_of(tour->view), MEM_FREE);
}
