/*
 * device.h - the RAM disk as a device: requests, how long they take and how they fail.
 *
 * As long as a request takes no time and none is to fail, the caller moves the bytes at once. Else
 * requests are served one at a time, first come, first served, each for a time of the clock
 * (time_now); the caller sleeps, and the bytes move when the time is over. What fails is decided
 * when a request comes, and takes its time all the same:
 *
 *   fail_read, fail_write, bad blocks   nothing is moved; STATUS_DEVICE_DATA_ERROR
 *   end_short                           the first half of the bytes is moved (half of the pages, if
 *                                       they are more than one); STATUS_UNEXPECTED_IO_ERROR
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernel/lib/annotate.h"
#include "nt/ntstatus.h"
#include "nt/quire.h"

enum disk_direction { DISK_READ, DISK_WRITE };

/* Bytes that lie together in the region. */
struct disk_extent {
	uint64_t offset; /* bytes, from the start of the region */
	size_t size_bytes;
};

/*
 * Moves the bytes of the extents, one after the other, from or to the pages: each page but the last
 * takes PAGE_SIZE bytes.
 */
struct disk_request {
	enum disk_direction direction;
	const struct disk_extent *extents;
	size_t extent_count;
	void *const *pages; /* with a single one: any buffer as large as the extents are together */
	size_t page_count;
};

/*
 * The region, or NULL: there is none. No request is under way. The counts of requests begin anew;
 * the settings stay.
 */
void device_attach(void *base);

/*
 * How the device behaves, for requests that come from now on. Requests are counted from here.
 * => locks: none may be held. => returns: STATUS_INVALID_PARAMETER (a time over
 *    QUIRE_DISK_MAX_US), nothing changed.
 */
NTSTATUS device_configure(const struct quire_disk *settings) MUST_CHECK;
/* What was given to device_configure last. */
void device_settings_read(struct quire_disk *settings);

/*
 * One request to the device: the one place where it is used.
 * => locks: none may be held. => may sleep: yes.
 * => returns: STATUS_SUCCESS or, as above, STATUS_DEVICE_DATA_ERROR, STATUS_UNEXPECTED_IO_ERROR.
 */
NTSTATUS disk_transfer(const struct disk_request *request) MUST_CHECK;

/* Since device_attach; by direction. */
struct device_statistics {
	uint64_t requests[2];
	uint64_t pages[2]; /* of requests that did not fail */
	uint64_t errors;   /* requests that failed */
};
void device_statistics_read(struct device_statistics *statistics);
