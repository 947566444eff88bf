/*
 * sim_io.c - between the VM and the disk: switch points, delays and failures on purpose.
 *
 * Host tests are linked with --wrap=disk_transfer (tests/tests.mk), so every request that the
 * kernel makes comes here first, and neither side knows.
 */
#include "sim_internal.h"

#include <string.h>

#include "arch/pte.h"
#include "kernel/io/device.h"

#define GARBAGE 0xEE /* what a failed read leaves in its buffer */

NTSTATUS __real_disk_transfer(const struct disk_request *request);
NTSTATUS __wrap_disk_transfer(const struct disk_request *request);

static uint64_t transfers, fail_at, delay_100ns;
static NTSTATUS fail_status;

void sim_io_begin(void)
{
	transfers = fail_at = delay_100ns = 0;
}

void sim_fail_nth_io(uint64_t n, NTSTATUS status)
{
	fail_at = n ? transfers + n : 0;
	fail_status = status;
}

uint64_t sim_io_count(void)
{
	return transfers;
}

void sim_set_io_delay(uint64_t time_100ns)
{
	delay_100ns = time_100ns;
}

static void check_locks(const char *what)
{
	const struct thread *thread = thread_current();

	for (unsigned i = 0; i < thread->lock_depth; i++) {
		if (thread->lock_ranks[i] >= RANK_ADDRESS_SPACE)
			panic("%s while %s is held", what, thread->lock_names[i]);
	}
}

/* The time that the disk takes. => returns: what the transfer is to end with. */
static NTSTATUS transfer(const char *what)
{
	bool fails;

	check_locks(what);
	fails = ++transfers == fail_at;
	sim_switch_point(what);
	if (delay_100ns && !thread_current()->lock_depth)
		(void)thread_sleep(&transfers, NULL, time_now() + delay_100ns, false);
	return fails ? fail_status : STATUS_SUCCESS;
}

/* As a device that fails half-way through a page leaves the buffers. */
static void fill_with_garbage(const struct disk_request *request)
{
	size_t left = 0;

	for (size_t i = 0; i < request->extent_count; i++)
		left += request->extents[i].size_bytes;
	for (size_t i = 0; i < request->page_count; i++) {
		size_t part = left < PAGE_SIZE ? left : PAGE_SIZE;

		memset(request->pages[i], GARBAGE, part);
		left -= part;
	}
}

NTSTATUS __wrap_disk_transfer(const struct disk_request *request)
{
	bool is_read = request->direction == DISK_READ;
	NTSTATUS status =
		thread_current() ? transfer(is_read ? "disk read" : "disk write") : STATUS_SUCCESS;

	if (NT_SUCCESS(status))
		status = __real_disk_transfer(request);
	else if (is_read)
		fill_with_garbage(request);
	sim_switch_point(is_read ? "disk read done" : "disk write done");
	return status;
}
