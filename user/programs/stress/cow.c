/*
 * cow.c - a thread's own copy-on-write view of a file that stays as it is. Mapped anew, it shows
 * the file again.
 */
#include "stress.h"

static bool cow_open(struct worker *worker, struct area *area)
{
	area->owner = COPIED_OWNER;
	area->first_version = 1;
	return call_done(worker, "NtOpenFile", file_open_for_stress(&area->file, COPIED_FILE)) &&
	       call_done(worker, "NtCreateSection",
			 NtCreateSection(&area->section, SECTION_ALL_ACCESS, NULL, NULL,
					 PAGE_WRITECOPY, SEC_COMMIT, area->file)) &&
	       area_map(worker, area, PAGE_WRITECOPY) && area_make_versions(worker, area);
}

static void map_anew(struct worker *worker, struct area *area)
{
	if (!area_unmap(worker, area) || !area_map(worker, area, PAGE_WRITECOPY))
		return;
	for (uint64_t i = 0; i < area->pages; i++)
		area->versions[i] = area->first_version;
}

/* Mapping anew loses all copies, so it is rare. */
static void cow_special(struct worker *worker, struct area *area, uint64_t index)
{
	if (!random_below(&worker->random, 16))
		map_anew(worker, area);
	else if (random_below(&worker->random, 2))
		area_protect(worker, area, index, PAGE_WRITECOPY);
	else
		area_read_by_call(worker, area, index);
}

static void cow_close(struct worker *worker, struct area *area)
{
	area_unmap(worker, area);
	NtClose(area->section);
	NtClose(area->file);
}

const struct kind_calls cow_calls = {.open = cow_open, .special = cow_special, .close = cow_close};
