/*
 * main.c - the tour: sections, views and faults, shown on one file, each number beside the one that
 * was expected.
 *
 *   tour.exe [FILE]       FILE: \data\text.txt of the RAM disk unless given; at least 256 KiB long
 *   tour.exe child NAME   what the tour starts itself, see share.c
 *
 * Runs unchanged on Wine and Windows. There nothing counts faults, and only what can be seen from
 * contents is compared. The exit status is 0 exactly when every row was as expected.
 */
#include <string.h>

#include "path.h"
#include "program.h"
#include "report.h"
#include "touch.h"
#include "tour.h"

#define DEFAULT_FILE "C:\\data\\text.txt"
#define MINIMUM_BYTES (256u * 1024)

static void introduce(const struct tour *tour, const char *path)
{
	print("A tour of virtual memory\n"
	      "========================\n"
	      "A section is a thing that can be mapped. A process maps views of it; nothing is in "
	      "memory until\n"
	      "it is touched; the first touch faults, and the fault handler brings the page.\n\n");
	print("file    %s, %'llu bytes = %'llu pages\n", path, (unsigned long long)tour->bytes,
	      (unsigned long long)tour->pages);
	print("system  %s%s\n", system_name(),
	      system_is_quire()
		      ? ", which counts every fault by its class"
		      : ", which does not count faults by class: contents are compared, no counts");
}

static void tour_open(struct tour *tour, const char *path)
{
	step_need(file_open_text(&tour->file, path, FILE_READ_DATA), path);
	step_need(file_size(tour->file, &tour->bytes), "the file's size");
	tour->pages = (tour->bytes + PAGE_BYTES - 1) / PAGE_BYTES;
	introduce(tour, path);
	if (tour->bytes < MINIMUM_BYTES) {
		print("\nThe file is shorter than %'u bytes: too short for a tour.\n",
		      MINIMUM_BYTES);
		RtlExitUserProcess(STATUS_INVALID_PARAMETER);
	}
}

int program_main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : DEFAULT_FILE;
	struct tour tour = {.file = NULL};

	touch_own_pages();
	if (argc == 3 && !strcmp(argv[1], "child"))
		return tour_child(argv[2]);
	tour_open(&tour, path);
	tour_map(&tour);
	tour_touch_some(&tour);
	tour_count_lines(&tour);
	tour_second_view(&tour);
	tour_unmap_and_return(&tour);
	tour_share();
	tour_copy_on_write(&tour);
	tour_close_handles(&tour);
	tour_unmap(&tour);
	tour_costs(path);
	return tour_end();
}
