/*
 * mm_paging.c - the part of fuzz_mm that makes memory short: machines with few frames and a page
 * file of every awkward size, a device that is slow and fails, and the operations that take pages
 * out of memory, or keep them there.
 *
 * None of these operations changes what a program sees, so the oracle hears nothing of most of
 * them: it is the bytes, read afterwards, that tell.
 */
#include "mm_world.h"

#include <stdio.h>

#include "kernel/core/cmdline.h"
#include "kernel/io/device.h"
#include "kernel/io/pagefile.h"
#include "kernel/mm/region.h"
#include "kernel/mm/trim.h"
#include "kernel/mm/working_set.h"
#include "kernel/mm/writeback.h"

/* ---- what can be taken ---- */

/* Mapped pages that are neither locked nor large. */
uint64_t space_pages_to_trim(unsigned space)
{
	struct address_space *seen = world.spaces[space];
	const struct working_set *set = &seen->working_set;
	uint64_t count = 0;

	for (uint32_t index = 0; index < set->used; index++) {
		uint64_t entry = *working_set_entry(set, index);
		vaddr_t va = working_set_page(entry);

		count += va && working_set_slot(seen, entry) && !region_find(seen, va)->is_locked;
	}
	return count;
}

/* ---- the machine ---- */

static struct knobs knobs_before;

uint64_t paging_begin(void)
{
	static const uint16_t frames[] = {0, 32, 0, 64, 40, 256, 100, 128};
	static const uint16_t slots[] = {0, 65, 1, 2, 63, 64, 400, 2000};
	static const char *const policies[] = {"clock", "fifo", "lru2", "random", "wsclock"};
	static const uint8_t trims[] = {16, 1, 4, 64}, clusters[] = {8, 1, 2, 16};

	knobs_before = knobs;
	knobs.frames = TAKE_FROM(frames);
	knobs.pagefile = TAKE_FROM(slots);
	snprintf(knobs.replace, sizeof(knobs.replace), "%s", TAKE_FROM(policies));
	knobs.trim = TAKE_FROM(trims);
	knobs.cluster = TAKE_FROM(clusters);
	knobs.ahead = knobs.cluster;
	say("at most %llu frames, page file of %llu, replace=%s trim=%llu cluster=%llu\n",
	    (unsigned long long)knobs.frames, (unsigned long long)knobs.pagefile, knobs.replace,
	    (unsigned long long)knobs.trim, (unsigned long long)knobs.cluster);
	return pages_to_bytes(knobs.pagefile);
}

void paging_attach(void)
{
	if (!NT_SUCCESS(pagefile_attach(knobs.pagefile)))
		panic("no room for the page file");
}

void paging_end(void)
{
	knobs = knobs_before;
}

/* ---- the device ---- */

void change_device(void)
{
	static const uint16_t times[] = {0, 10, 0, 1000};
	struct quire_disk settings = {.request_us = TAKE_FROM(times), .page_us = TAKE_FROM(times)};
	uint8_t way = take();
	unsigned n = 1 + take() % 8;

	switch (way % 6) {
	case 0:
		settings.fail_read = n;
		break;
	case 1:
		settings.fail_write = n;
		break;
	case 2:
		settings.end_short = n;
		break;
	case 3:
		settings.bad_block = take_two() % 300;
		settings.bad_count = n;
		break;
	}
	say("disk: %llu us and %llu us a page, failing read %llu write %llu short %llu, bad %llu + "
	    "%llu\n",
	    (unsigned long long)settings.request_us, (unsigned long long)settings.page_us,
	    (unsigned long long)settings.fail_read, (unsigned long long)settings.fail_write,
	    (unsigned long long)settings.end_short, (unsigned long long)settings.bad_block,
	    (unsigned long long)settings.bad_count);
	device_set(&settings);
}

/* ---- out of memory ---- */

void trim_pages(void)
{
	static const unsigned counts[] = {1, 2, 8, 64, UINT32_MAX};
	unsigned space = take_space(), wanted = TAKE_FROM(counts), taken;

	call_begin();
	taken = space_trim(world.spaces[space], wanted);
	say("space %u: trim %u -> %u\n", space, wanted, taken);
	if (taken > wanted)
		mismatch("trimmed %u pages of %u", taken, wanted);
	if (wanted == UINT32_MAX && space_pages_to_trim(space))
		mismatch("%llu pages are left in memory",
			 (unsigned long long)space_pages_to_trim(space));
}

void write_some(void)
{
	unsigned times = 1 + take() % 8;
	bool wrote = true;

	call_begin();
	for (unsigned i = 0; i < times && wrote; i++)
		wrote = writeback_some();
	say("write back %u times%s\n", times, wrote ? "" : ", nothing left");
}

/* ---- limits ---- */

void set_limits(void)
{
	static const uint16_t maximums[] = {13, 345, 20, 60, 12, 13, 14, 1000};
	unsigned space = take_space();
	uint8_t way = take();
	struct working_set_limits limits = {
		.maximum_pages = TAKE_FROM(maximums),
		.hard_minimum = way & 1,
		.hard_maximum = (way & 6) == 6,
	};
	struct oracle_expectation want = {0};

	limits.minimum_pages = take() % 16u * 5;
	if (limits.minimum_pages > limits.maximum_pages || limits.maximum_pages < 13)
		want.status = want.other = STATUS_BAD_WORKING_SET_LIMIT;
	say("space %u: limits %llu to %llu%s%s", space, (unsigned long long)limits.minimum_pages,
	    (unsigned long long)limits.maximum_pages, limits.hard_minimum ? ", hard minimum" : "",
	    limits.hard_maximum ? ", hard maximum" : "");
	call_begin();
	if (!judge(&want, space_set_limits(world.spaces[space], &limits)))
		return;
	if (limits.hard_maximum && space_pages_to_trim(space) &&
	    world.spaces[space]->resident_pages > limits.maximum_pages)
		mismatch("%llu pages are in memory, %llu are allowed",
			 (unsigned long long)world.spaces[space]->resident_pages,
			 (unsigned long long)limits.maximum_pages);
}

/* ---- pages that stay ---- */

static enum access access_to_lock(const struct oracle_view *view, vaddr_t va)
{
	bool is_writable =
		view && !view->content &&
		(oracle_protection(view, va) & (PAGE_READWRITE | PAGE_EXECUTE_READWRITE)) != 0;

	return is_writable ? ACCESS_WRITE : ACCESS_READ;
}

/* => returns: whether all pages of the range can be touched. */
static bool can_be_touched(struct oracle_space *side, vaddr_t start, vaddr_t end)
{
	for (vaddr_t va = start; va < end; va += PAGE_SIZE)
		if (oracle_expect_access(side, va, access_to_lock(oracle_find(side, va), va)))
			return false;
	return true;
}

/* Locking a stack's guard page moves it down, step by step, to below the range. */
static bool moves_a_stack(struct oracle_space *side, vaddr_t start, vaddr_t end)
{
	for (vaddr_t va = start; va < end; va += PAGE_SIZE)
		if (oracle_is_guard(side, va) && oracle_find(side, va)->is_stack)
			return true;
	return false;
}

static void was_locked(unsigned space, vaddr_t start, vaddr_t end)
{
	struct oracle_space *side = oracle_of(space);
	struct quire_memory_page seen;

	for (vaddr_t va = start; va < end; va += PAGE_SIZE) {
		enum access access = access_to_lock(oracle_find(side, va), va);

		(void)oracle_accessed(side, va, access, STATUS_SUCCESS);
		if (!NT_SUCCESS(memory_query_page(world.spaces[space], va, &seen)) ||
		    !seen.is_valid)
			mismatch("%#llx is locked and not mapped", (unsigned long long)va);
	}
}

/* Any number of its pages was touched. */
static void was_not_locked(unsigned space, vaddr_t start, vaddr_t end)
{
	for (vaddr_t va = start; va < end; va += PAGE_SIZE) {
		oracle_may_mark(oracle_of(space), va, ACCESS_WRITE);
		settle_guard(space, va);
	}
}

static bool lock_may_fail(NTSTATUS status)
{
	switch ((uint32_t)status) {
	case (uint32_t)STATUS_WORKING_SET_QUOTA: /* more than 256 pages, or than fit */
		return true;
	case (uint32_t)STATUS_NO_MEMORY:
		return call_lacked_memory();
	case (uint32_t)STATUS_IN_PAGE_ERROR:
		return call_lost_transfer();
	case (uint32_t)STATUS_INCOMPATIBLE_FILE_MAP: /* MEM_PHYSICAL */
		return true;
	}
	return call_met_failure();
}

void lock_memory(void)
{
	static const uint8_t pages[] = {1, 1, 2, 3, 8, 20, 60};
	unsigned space = take_space();
	vaddr_t base = take_address(space), start = page_round_down(base), end;
	uint64_t size = pages_to_bytes(TAKE_FROM(pages));
	NTSTATUS status;
	bool can;

	if (base >= USER_LIMIT - size)
		return;
	end = page_round_up(base + size);
	if (moves_a_stack(oracle_of(space), start, end))
		return;
	can = can_be_touched(oracle_of(space), start, end);
	say("space %u: lock %#llx, size %#llx", space, (unsigned long long)base,
	    (unsigned long long)size);
	call_begin();
	status = memory_lock(world.spaces[space], &base, &size);
	say(" -> %#x\n", (unsigned)status);
	if (NT_SUCCESS(status) && (!can || base != start || size != end - start))
		mismatch("%#llx + %#llx was locked", (unsigned long long)start,
			 (unsigned long long)(end - start));
	if (!NT_SUCCESS(status) && can && !lock_may_fail(status))
		mismatch("lock: status %#x", (unsigned)status);
	if (NT_SUCCESS(status))
		was_locked(space, start, end);
	else
		was_not_locked(space, start, end);
}

/* All that is locked of a view, or a range that may not be. */
void unlock_memory(void)
{
	unsigned space = take_space(), pages = 1 + take() % 60;
	vaddr_t va = page_round_down(take_address(space));
	NTSTATUS status = STATUS_SUCCESS;

	call_begin();
	for (unsigned i = 0; i < pages && va < USER_LIMIT; i++, va += PAGE_SIZE) {
		vaddr_t base = va;
		uint64_t size = PAGE_SIZE;

		status = memory_unlock(world.spaces[space], &base, &size);
		if (status && status != STATUS_NOT_LOCKED && !call_met_failure())
			mismatch("unlock: status %#x", (unsigned)status);
	}
	say("space %u: unlock %u pages below %#llx -> %#x\n", space, pages, (unsigned long long)va,
	    (unsigned)status);
}

/* ---- in advance, and at once ---- */

void prefetch_pages(void)
{
	unsigned space = take_space();
	vaddr_t va = take_address(space);
	uint64_t size = pages_to_bytes(take() % 64u);

	if (va >= USER_LIMIT - size)
		return;
	say("space %u: prefetch %#llx, size %#llx\n", space, (unsigned long long)va,
	    (unsigned long long)size);
	call_begin();
	memory_prefetch(world.spaces[space], va, size);
}

void flush_view(void)
{
	unsigned space = take_space();
	vaddr_t base = take_address(space);
	uint64_t size = pages_to_bytes(take() % 8u);
	const struct oracle_view *view = oracle_find(oracle_of(space), base);
	NTSTATUS io_status = STATUS_SUCCESS, status;

	say("space %u: flush %#llx, size %#llx", space, (unsigned long long)base,
	    (unsigned long long)size);
	call_begin();
	status = memory_flush(world.spaces[space], &base, &size, &io_status);
	say(" -> %#x, %#x\n", (unsigned)status, (unsigned)io_status);
	if (NT_SUCCESS(status) && (!view || !view->content))
		mismatch("%#llx was flushed", (unsigned long long)base);
	if (NT_SUCCESS(status) && !NT_SUCCESS(io_status) && !call_lost_transfer())
		mismatch("flush: the disk said %#x", (unsigned)io_status);
}
