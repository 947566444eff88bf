/*
 * device.h - the RAM disk as a device: requests, and what they cost and how they fail. Private to
 * kernel/io but for the settings and the counts.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernel/lib/annotate.h"
#include "nt/ntstatus.h"

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

/* The region, or NULL: there is none. Counts begin at 0. */
void device_attach(void *base);

/*
 * One request to the device. This is the one place where the device is used; what it costs and how
 * it fails belongs here. => locks: none may be held. => may sleep: yes.
 */
NTSTATUS disk_transfer(const struct disk_request *request) MUST_CHECK;

/* Since device_attach, by direction. */
uint64_t device_requests(enum disk_direction direction);
uint64_t device_pages(enum disk_direction direction);
