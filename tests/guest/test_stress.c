/*
 * test_stress.c - more pages than frames: stress.exe verifies every page of memory of all kinds,
 * under each replacement policy, with a disk that takes time, and with eager reads and writes.
 *
 * Each boot is a run of its own. A longer one: tools/quire run stress.exe --checks 10000000 ...
 */
/* boot: frames=600 pagefile=2500 replace=clock alone */
/* boot: frames=600 pagefile=2500 replace=fifo alone */
/* boot: frames=600 pagefile=2500 replace=lru2 alone */
/* boot: frames=600 pagefile=2500 replace=random alone */
/* boot: frames=600 pagefile=2500 replace=wsclock alone */
/* boot: frames=600 pagefile=2500 disk_request_us=100 disk_page_us=20 alone */
/* boot: frames=600 pagefile=2500 writeback=eager around=8 ahead=8 alone */
#include "child.h"
#include "guest.h"
#include "launch.h"

#define CHECKS "6000" /* of each run; there are two in each boot */

#define LEAST 300u	      /* transfers in each direction */
#define BYSTANDERS_SLOTS 128u /* more than init and this program can have in the page file */

/* The exit status, or what kept it from running. */
static NTSTATUS run(const char *line)
{
	struct child child;
	NTSTATUS exit_status, status = launch(&child, line);

	if (!NT_SUCCESS(status))
		return status;
	status = child_wait(&child, &exit_status);
	child_close(&child);
	return NT_SUCCESS(status) ? exit_status : status;
}

/*
 * catches: a page that is lost, old or another's after it left; a wait that nobody ends. The counts
 * tell that pages left at all.
 */
static void test_pressure(const char *line, const char *what)
{
	struct quire_paging before, after;

	paging_read(&before);
	tap_is_status(run(line), STATUS_SUCCESS, "%s: every page is right", what);
	paging_read(&after);
	tap_ok(after.pages_out - before.pages_out > LEAST, "%s: pages were written to the disk",
	       what);
	tap_ok(after.pages_in - before.pages_in > LEAST, "%s: and read again", what);
	tap_ok(after.pagefile_peak > BYSTANDERS_SLOTS && after.pagefile_used < BYSTANDERS_SLOTS,
	       "%s: the page file was used, and is given back", what);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("more pages than frames");
	if (system_is_quire()) {
		test_pressure("stress.exe --factor 2 --checks " CHECKS, "twice the frames");
		test_pressure("stress.exe --factor 4 --checks " CHECKS, "four times");
	} else {
		tap_is_status(run("stress.exe --checks " CHECKS), STATUS_SUCCESS,
			      "every page is right");
		tap_skip(7, "transfers of pages are counted on Quire");
	}
	return tap_finish();
}
