/*
 * sim_io.c - between the VM and the disk: switch points, delays and failures on purpose.
 *
 * Host tests are linked with --wrap=disk_transfer and --wrap=pagefile_write (tests/tests.mk), so
 * every request that the kernel makes comes here first, and neither side knows.
 */
#include "sim_internal.h"

#include <string.h>

#include "arch/pte.h"
#include "kernel/io/device.h"

#define GARBAGE 0xEE /* what a failed read leaves in its buffer */

NTSTATUS __real_disk_transfer(const struct disk_request *request);
NTSTATUS __wrap_disk_transfer(const struct disk_request *request);
NTSTATUS __real_pagefile_write(uint64_t slot, void *const *pages, size_t count);
NTSTATUS __wrap_pagefile_write(uint64_t slot, void *const *pages, size_t count);

static uint64_t transfers, fail_at;
static NTSTATUS fail_status;

void sim_io_begin(void)
{
	transfers = fail_at = 0;
	sim_set_io_delay(0);
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
	const struct quire_disk settings = {.request_us = time_100ns / 10};
	NTSTATUS status = device_configure(&settings);

	SIM_CHECK(NT_SUCCESS(status) && time_100ns % 10 == 0);
}

/* => returns: what the transfer is to end with. */
static NTSTATUS transfer(const char *what)
{
	bool fails = ++transfers == fail_at;

	lock_assert_none_held();
	sim_point(SIM_POINT_IO_START, what);
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
	sim_point(SIM_POINT_IO_END, is_read ? "disk read done" : "disk write done");
	return status;
}

/* What the page file's slots get. */
NTSTATUS __wrap_pagefile_write(uint64_t slot, void *const *pages, size_t count)
{
	NTSTATUS status;

	sim_point(SIM_POINT_SLOT_WRITE, "slot write");
	status = __real_pagefile_write(slot, pages, count);
	sim_point(SIM_POINT_SLOT_WRITE, "slot write done");
	return status;
}
