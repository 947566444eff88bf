/*
 * shared.c - memory of all processes: a page-file section, and a file that is also read, written
 * and flushed by calls. Every thread has views of its own, so that it may unmap them.
 */
#include "path.h"
#include "stress.h"

static bool section_open(struct worker *worker, struct area *area)
{
	area->owner = SECTION_OWNER;
	area->shared = worker->control->shared;
	area->section = worker->shared_section;
	return area_map(worker, area, PAGE_READWRITE);
}

static void map_again(struct worker *worker, struct area *area)
{
	if (area_unmap(worker, area))
		area_map(worker, area, PAGE_READWRITE);
}

static void section_special(struct worker *worker, struct area *area, uint64_t index)
{
	switch (random_below(&worker->random, 3)) {
	case 0:
		map_again(worker, area);
		break;
	case 1:
		area_protect(worker, area, index, PAGE_READWRITE);
		break;
	default:
		area_read_by_call(worker, area, index);
		break;
	}
}

static bool file_open_area(struct worker *worker, struct area *area)
{
	area->owner = FILE_OWNER;
	area->shared = worker->control->shared + worker->control->pages[KIND_SECTION];
	return call_done(worker, "NtOpenFile", file_open_for_stress(&area->file, SHARED_FILE)) &&
	       call_done(worker, "NtCreateSection",
			 NtCreateSection(&area->section, SECTION_ALL_ACCESS, NULL, NULL,
					 PAGE_READWRITE, SEC_COMMIT, area->file)) &&
	       area_map(worker, area, PAGE_READWRITE);
}

static void file_flush(struct worker *worker, struct area *area, uint64_t index)
{
	PVOID base = area_page(area, index);
	SIZE_T bytes = PAGE_BYTES;
	IO_STATUS_BLOCK io;

	call_done(worker, "NtFlushVirtualMemory",
		  NtFlushVirtualMemory(CURRENT_PROCESS, &base, &bytes, &io));
	area_verify(worker, area, index, area_page(area, index), "flushed");
}

static void file_special(struct worker *worker, struct area *area, uint64_t index)
{
	uint64_t offset = index * PAGE_BYTES;

	switch (random_below(&worker->random, 5)) {
	case 0:
		map_again(worker, area);
		break;
	case 1:
		if (call_done(worker, "NtReadFile",
			      file_read_at(area->file, offset, worker->copy, PAGE_BYTES)))
			area_verify(worker, area, index, worker->copy, "read by NtReadFile");
		break;
	case 2:
		area_write_next(area, index, worker->copy);
		call_done(worker, "NtWriteFile",
			  file_write_at(area->file, offset, worker->copy, PAGE_BYTES));
		area_verify(worker, area, index, area_page(area, index), "after NtWriteFile");
		break;
	case 3:
		area_read_by_call(worker, area, index);
		break;
	default:
		file_flush(worker, area, index);
		break;
	}
}

static void file_close(struct worker *worker, struct area *area)
{
	area_unmap(worker, area);
	NtClose(area->section);
	NtClose(area->file);
}

static void section_close(struct worker *worker, struct area *area)
{
	area_unmap(worker, area);
}

const struct kind_calls section_calls = {
	.open = section_open, .special = section_special, .close = section_close};
const struct kind_calls file_calls = {
	.open = file_open_area, .special = file_special, .close = file_close};
