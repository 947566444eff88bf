/*
 * vm_fixture.h - a machine, an address space and the calls of kernel/mm in short form, for the
 * tests of kernel/mm. Assertions of cmocka: for the test's own stack only, not for fibers.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/core/pool.h"
#include "kernel/io/file.h"
#include "kernel/mm/commit.h"
#include "kernel/mm/frame.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/segment.h"
#include "nt/ntio.h"
#include "tests/sim/sim.h"

#define VM_RAM_BYTES (4u << 20)

static struct address_space *space;

static inline void ok(NTSTATUS status)
{
	assert_int_equal(status, STATUS_SUCCESS);
}

/* ---- start and stop ---- */

static inline void vm_start(uint64_t ram_bytes)
{
	sim_start(ram_bytes, 0);
	space = sim_space_create();
	sim_enter_space(space);
}

static inline void vm_stop(void)
{
	mm_check();
	assert_int_equal(frame_count(FRAME_HELD), 0);
	sim_enter_space(NULL);
	sim_space_destroy(space);
	space = NULL;
	mm_check();
	sim_stop(); /* panics if anything is left */
}

static inline int vm_setup(void **state)
{
	(void)state;
	vm_start(VM_RAM_BYTES);
	return 0;
}

static inline int vm_teardown(void **state)
{
	(void)state;
	vm_stop();
	return 0;
}

/* A disk with one file, and a reference to it. */
static inline struct file_node *disk_with(const void *bytes, size_t size_bytes, uint64_t free_bytes)
{
	const struct sim_file files[] = {{"data/a.bin", bytes, size_bytes}};
	struct file_node *file;

	sim_ramdisk(files, 1, free_bytes);
	ok(file_lookup(file_root(), "data/a.bin", &file));
	return file;
}

/* ---- sections and views ---- */

static inline NTSTATUS try_section(struct file_node *file, uint64_t size_bytes, uint32_t protection,
				   uint32_t attributes, struct section **result)
{
	struct section_request request = {.file = file,
					  .file_access = FILE_ALL_ACCESS,
					  .size_bytes = size_bytes,
					  .protection = protection,
					  .attributes = attributes};

	return section_create(&request, result);
}

static inline struct section *section_of(struct file_node *file, uint64_t size_bytes,
					 uint32_t protection, uint32_t attributes)
{
	struct section *section;

	ok(try_section(file, size_bytes, protection, attributes, &section));
	return section;
}

static inline NTSTATUS try_map(struct section *section, uint32_t protection, vaddr_t *base)
{
	struct map_request request = {
		.section = section, .inherit = VIEW_UNMAP, .protection = protection};
	NTSTATUS status = view_map(space, &request);

	if (NT_SUCCESS(status))
		*base = request.base;
	return status;
}

static inline vaddr_t map(struct section *section, uint32_t protection)
{
	vaddr_t base = 0;

	ok(try_map(section, protection, &base));
	return base;
}

/* ---- private memory ---- */

static inline vaddr_t allocate(uint64_t pages, uint32_t type, uint32_t protection)
{
	uint64_t size = pages_to_bytes(pages);
	vaddr_t base = 0;

	ok(memory_allocate(space, &base, 0, &size, type, protection));
	return base;
}

static inline NTSTATUS try_commit(vaddr_t base, uint64_t pages, uint32_t protection)
{
	uint64_t size = pages_to_bytes(pages);

	return memory_allocate(space, &base, 0, &size, MEM_COMMIT, protection);
}

static inline NTSTATUS try_free(vaddr_t base, uint64_t size_bytes, uint32_t type)
{
	return memory_free(space, &base, &size_bytes, type);
}

static inline void release(vaddr_t base)
{
	ok(try_free(base, 0, MEM_RELEASE));
}

/* *old may be NULL. */
static inline NTSTATUS try_protect(vaddr_t base, uint64_t pages, uint32_t protection, uint32_t *old)
{
	uint64_t size = pages_to_bytes(pages);
	uint32_t previous;
	NTSTATUS status = memory_protect(space, &base, &size, protection, &previous);

	if (old && NT_SUCCESS(status))
		*old = previous;
	return status;
}

static inline struct nt_memory_basic_information query(vaddr_t va)
{
	struct nt_memory_basic_information result;

	ok(memory_query(space, va, &result));
	return result;
}

#define assert_query(va, pages, state_wanted, protection_wanted) \
	do { \
		struct nt_memory_basic_information seen = query(va); \
		assert_int_equal(seen.region_size_bytes, pages_to_bytes(pages)); \
		assert_int_equal(seen.state, state_wanted); \
		assert_int_equal(seen.protect, protection_wanted); \
	} while (0)

/* ---- what must be as before ---- */

struct vm_snapshot {
	struct mm_balance balance;
	struct pool_statistics pool;
	uint64_t free_frames, resident_pages, space_commit, space_views, space_bytes;
};

static inline struct vm_snapshot snapshot_take(void)
{
	struct vm_snapshot now;

	memset(&now, 0, sizeof(now));
	mm_check();
	mm_balance_read(&now.balance);
	pool_statistics_read(&now.pool);
	now.free_frames = frame_count(FRAME_FREE) + frame_count(FRAME_ZEROED);
	now.resident_pages = space->resident_pages;
	now.space_commit = space->commit_pages;
	now.space_views = space->view_count;
	now.space_bytes = space->virtual_bytes;
	return now;
}

/* Nothing changed and nothing leaked. */
static inline void assert_as_before(const struct vm_snapshot *before)
{
	struct vm_snapshot now = snapshot_take();

	assert_int_equal(now.balance.frames_in_use, before->balance.frames_in_use);
	assert_int_equal(now.balance.pool_bytes, before->balance.pool_bytes);
	assert_int_equal(now.balance.commit_pages, before->balance.commit_pages);
	assert_int_equal(now.balance.views, before->balance.views);
	assert_int_equal(now.balance.segments, before->balance.segments);
	assert_int_equal(now.pool.blocks_used, before->pool.blocks_used);
	assert_int_equal(now.free_frames, before->free_frames);
	assert_memory_equal(&now, before, sizeof(now));
}

/*
 * Runs attempt(context) with allocation 1, 2, 3, ... failing, until it succeeds. Each failure must
 * have this status and leave everything as it was. => returns: how many attempts failed.
 */
static inline unsigned fail_each_allocation(NTSTATUS (*attempt)(void *context), void *context,
					    NTSTATUS status)
{
	struct vm_snapshot before = snapshot_take();
	unsigned failures = 0;
	NTSTATUS seen;

	for (;;) {
		sim_fail_nth_allocation(failures + 1);
		seen = attempt(context);
		sim_fail_nth_allocation(0);
		if (NT_SUCCESS(seen))
			return failures;
		assert_int_equal(seen, status);
		assert_as_before(&before);
		failures++;
		assert_true(failures < 100);
	}
}

/* ---- shortage of frames ---- */

struct hoard {
	pfn_t frames[VM_RAM_BYTES / 4096];
	size_t count;
};

/* Takes every free frame but `spared`; frames in use or on standby stay. */
static inline void hoard_begin(struct hoard *hoard, uint64_t spared)
{
	hoard->count = 0;
	while (frame_count(FRAME_FREE) + frame_count(FRAME_ZEROED) > spared) {
		pfn_t pfn = frame_alloc(FRAME_ANY_CONTENT);

		assert_true(pfn != PFN_NONE);
		hoard->frames[hoard->count++] = pfn;
	}
}

static inline void hoard_end(struct hoard *hoard)
{
	while (hoard->count)
		frame_free(hoard->frames[--hoard->count]);
}

/*
 * The same as fail_each_allocation for frames: 0, 1, 2, ... are free, until the attempt succeeds.
 * What nobody needs may have left memory meanwhile.
 */
static inline unsigned starve_of_frames(NTSTATUS (*attempt)(void *context), void *context,
					NTSTATUS status)
{
	static struct hoard hoard;
	struct vm_snapshot before = snapshot_take();
	unsigned failures = 0;
	NTSTATUS seen;

	for (;;) {
		hoard_begin(&hoard, failures);
		seen = attempt(context);
		hoard_end(&hoard);
		if (NT_SUCCESS(seen))
			return failures;
		assert_int_equal(seen, status);
		assert_true(snapshot_take().free_frames >= before.free_frames);
		before.free_frames = snapshot_take().free_frames;
		before.resident_pages = space->resident_pages;
		assert_as_before(&before);
		failures++;
		assert_true(failures < 100);
	}
}
