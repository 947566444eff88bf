/*
 * device.c - see device.h.
 *
 * The queue is three numbers: how many requests have come, how many have been served, and when the
 * last one that has come will have been. A request takes a number, sleeps until its own time, and
 * then until it is its turn: a thread of low priority may be late, and those behind it wait.
 */
#include "device.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "arch/pte.h"
#include "kernel/core/fail.h"
#include "kernel/core/lock.h"
#include "kernel/core/thread.h"
#include "kernel/lib/string.h"

#define TIME_UNITS_PER_US 10u

/* (C) while attached, (L) device_lock, (A) atomic */
static struct {
	uint8_t *base;		      /* (C) */
	atomic_bool is_busy;	      /* (A) written under (L): not the direct path */
	struct quire_disk settings;   /* (L) */
	uint64_t since_configured[2]; /* (L) requests, by direction */
	uint64_t arrived, served;     /* (L) requests that took, or take, their turn */
	uint64_t free_at;	      /* (L) time_now() when all that arrived have been served */
	atomic_uint_fast64_t requests[2]; /* (A) by direction */
	atomic_uint_fast64_t pages[2];	  /* (A) */
	atomic_uint_fast64_t errors;	  /* (A) */
} device;

static struct spinlock device_lock = SPINLOCK_INIT("disk device", RANK_DEVICE);

/* ---- settings ---- */

static void busy_update_locked(void) REQUIRES(device_lock)
{
	const struct quire_disk *is = &device.settings;
	bool is_plain = !is->request_us && !is->page_us && !is->fail_read && !is->fail_write &&
			!is->bad_count && !is->end_short;

	atomic_store_explicit(&device.is_busy, !is_plain || device.arrived != device.served,
			      memory_order_relaxed);
}

void device_attach(void *base)
{
	spin_lock(&device_lock);
	KASSERT(device.arrived == device.served);
	device.base = base;
	device.arrived = device.served = device.free_at = 0;
	for (unsigned i = 0; i < 2; i++) {
		atomic_store(&device.requests[i], 0);
		atomic_store(&device.pages[i], 0);
	}
	atomic_store(&device.errors, 0);
	spin_unlock(&device_lock);
}

NTSTATUS device_configure(const struct quire_disk *settings)
{
	if (settings->request_us > QUIRE_DISK_MAX_US || settings->page_us > QUIRE_DISK_MAX_US)
		return STATUS_INVALID_PARAMETER;
	spin_lock(&device_lock);
	device.settings = *settings;
	memset(device.since_configured, 0, sizeof(device.since_configured));
	busy_update_locked();
	spin_unlock(&device_lock);
	return STATUS_SUCCESS;
}

void device_settings_read(struct quire_disk *settings)
{
	spin_lock(&device_lock);
	*settings = device.settings;
	spin_unlock(&device_lock);
}

/* ---- moving bytes ---- */

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

/* The first `limit` bytes, or all if they are fewer. */
static void move_bytes(const struct disk_request *request, size_t limit)
{
	size_t position = 0;

	for (size_t i = 0; i < request->extent_count; i++) {
		const struct disk_extent *extent = &request->extents[i];

		for (size_t done = 0, piece; done < extent->size_bytes && position < limit;
		     done += piece) {
			piece = PAGE_SIZE - page_offset(position);
			if (piece > extent->size_bytes - done)
				piece = extent->size_bytes - done;
			if (piece > limit - position)
				piece = limit - position;
			move_piece(request, extent->offset + done, position, piece);
			position += piece;
		}
	}
}

static size_t half_of(const struct disk_request *request)
{
	size_t bytes = 0;

	if (request->page_count > 1)
		return pages_to_bytes(request->page_count / 2);
	for (size_t i = 0; i < request->extent_count; i++)
		bytes += request->extents[i].size_bytes;
	return bytes / 2;
}

/* ---- a request that takes time, or may fail ---- */

static bool touches_bad_block(const struct disk_request *request) REQUIRES(device_lock)
{
	uint64_t bad = device.settings.bad_block, count = device.settings.bad_count;

	for (size_t i = 0; i < request->extent_count; i++) {
		const struct disk_extent *extent = &request->extents[i];
		uint64_t first = page_of(extent->offset);
		uint64_t end = bytes_to_pages(extent->offset + extent->size_bytes);

		if (extent->size_bytes && bad < end && (bad >= first || first - bad < count) &&
		    count > 0)
			return true;
	}
	return false;
}

/* How the request is to end. It counts from here on. */
static NTSTATUS outcome_locked(const struct disk_request *request) REQUIRES(device_lock)
{
	const struct quire_disk *settings = &device.settings;
	uint64_t *counts = device.since_configured;
	uint64_t fails =
		request->direction == DISK_READ ? settings->fail_read : settings->fail_write;

	if (++counts[request->direction] == fails || touches_bad_block(request))
		return STATUS_DEVICE_DATA_ERROR;
	if (counts[DISK_READ] + counts[DISK_WRITE] == settings->end_short)
		return STATUS_UNEXPECTED_IO_ERROR;
	return STATUS_SUCCESS;
}

/* => returns: when the request will have been served. */
static uint64_t service_end_locked(const struct disk_request *request) REQUIRES(device_lock)
{
	uint64_t now = time_now();
	uint64_t us = device.settings.request_us + device.settings.page_us * request->page_count;

	if (device.free_at < now)
		device.free_at = now;
	device.free_at += us * TIME_UNITS_PER_US;
	return device.free_at;
}

/* For failures on purpose: as the settings make them. */
static NTSTATUS outcome_on_purpose(enum disk_direction direction)
{
	if (fail_point(direction == DISK_READ ? QUIRE_FAIL_READ : QUIRE_FAIL_WRITE))
		return STATUS_DEVICE_DATA_ERROR;
	return fail_point(QUIRE_FAIL_SHORT) ? STATUS_UNEXPECTED_IO_ERROR : STATUS_SUCCESS;
}

/* Comes back when it is the request's turn and its time is over. => returns: how it is to end. */
static NTSTATUS turn_begin(const struct disk_request *request, NTSTATUS outcome)
{
	uint64_t number, end;
	NTSTATUS as_set;

	spin_lock(&device_lock);
	as_set = outcome_locked(request);
	if (NT_SUCCESS(outcome))
		outcome = as_set;
	number = device.arrived++;
	end = service_end_locked(request);
	busy_update_locked();
	while (time_now() < end)
		(void)thread_sleep(request, &device_lock, end, false);
	while (device.served != number)
		(void)thread_sleep(&device.served, &device_lock, TIME_FOREVER, false);
	spin_unlock(&device_lock);
	return outcome;
}

static void turn_end(void)
{
	spin_lock(&device_lock);
	device.served++;
	busy_update_locked();
	if (device.served != device.arrived)
		thread_wake(&device.served);
	spin_unlock(&device_lock);
}

/* outcome: how it ends if the settings have nothing against it. */
static NTSTATUS transfer_in_turn(const struct disk_request *request, NTSTATUS outcome)
{
	NTSTATUS status = turn_begin(request, outcome);

	if (NT_SUCCESS(status))
		move_bytes(request, SIZE_MAX);
	else if (status == STATUS_UNEXPECTED_IO_ERROR)
		move_bytes(request, half_of(request));
	turn_end();
	return status;
}

/* ---- the interface ---- */

NTSTATUS disk_transfer(const struct disk_request *request)
{
	NTSTATUS status = outcome_on_purpose(request->direction);

	lock_assert_none_held();
	atomic_fetch_add_explicit(&device.requests[request->direction], 1, memory_order_relaxed);
	if (!NT_SUCCESS(status) || atomic_load_explicit(&device.is_busy, memory_order_relaxed))
		status = transfer_in_turn(request, status);
	else
		move_bytes(request, SIZE_MAX);
	if (NT_SUCCESS(status))
		atomic_fetch_add_explicit(&device.pages[request->direction], request->page_count,
					  memory_order_relaxed);
	else
		atomic_fetch_add_explicit(&device.errors, 1, memory_order_relaxed);
	return status;
}

void device_statistics_read(struct device_statistics *statistics)
{
	for (unsigned i = 0; i < 2; i++) {
		statistics->requests[i] = atomic_load(&device.requests[i]);
		statistics->pages[i] = atomic_load(&device.pages[i]);
	}
	statistics->errors = atomic_load(&device.errors);
}
