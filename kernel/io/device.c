/*
 * device.c - see device.h.
 */
#include "device.h"

#include <stdatomic.h>

#include "arch/pte.h"
#include "kernel/core/lock.h"
#include "kernel/lib/string.h"

/* (C) while attached, (A) atomic */
static struct {
	uint8_t *base;			  /* (C) */
	atomic_uint_fast64_t requests[2]; /* (A) by direction */
	atomic_uint_fast64_t pages[2];	  /* (A) */
} device;

void device_attach(void *base)
{
	memset(&device, 0, sizeof(device));
	device.base = base;
}

/* Moves bytes of an extent that belong in one page. */
static void move_piece(const struct disk_request *request, uint64_t offset, size_t position,
		       size_t size_bytes)
{
	uint8_t *place = device.base + offset;
	uint8_t *page = (uint8_t *)request->pages[page_of(position)] + page_offset(position);

	if (request->direction == DISK_READ)
		memcpy(page, place, size_bytes);
	else
		memcpy(place, page, size_bytes);
}

static void move_bytes(const struct disk_request *request)
{
	size_t position = 0;

	for (size_t i = 0; i < request->extent_count; i++) {
		const struct disk_extent *extent = &request->extents[i];

		for (size_t done = 0, piece; done < extent->size_bytes; done += piece) {
			piece = PAGE_SIZE - page_offset(position);
			if (piece > extent->size_bytes - done)
				piece = extent->size_bytes - done;
			move_piece(request, extent->offset + done, position, piece);
			position += piece;
		}
	}
}

NTSTATUS disk_transfer(const struct disk_request *request)
{
	lock_assert_none_held();
	atomic_fetch_add(&device.requests[request->direction], 1);
	atomic_fetch_add(&device.pages[request->direction], request->page_count);
	move_bytes(request);
	return STATUS_SUCCESS;
}

uint64_t device_requests(enum disk_direction direction)
{
	return atomic_load(&device.requests[direction]);
}

uint64_t device_pages(enum disk_direction direction)
{
	return atomic_load(&device.pages[direction]);
}
