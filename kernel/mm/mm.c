/*
 * mm.c - start of the virtual memory: from the loader's memory map to a frame database and a pool.
 */
#include "mm.h"

#include "boot/boot_info.h"
#include "commit.h"
#include "frame.h"
#include "kernel/core/cmdline.h"
#include "kernel/core/fail.h"
#include "kernel/core/pool.h"
#include "kernel/core/thread.h"
#include "replace.h"
#include "zero_pool.h"

#define MAX_LOADER_RANGES 32

static struct boot_memory_range loader_ranges[MAX_LOADER_RANGES];
static unsigned loader_range_count;

static void *supply_page(void)
{
	pfn_t pfn = fail_point(QUIRE_FAIL_POOL_PAGE) ? PFN_NONE : frame_alloc_kernel();

	return pfn == PFN_NONE ? NULL : frame_memory(pfn);
}

static void return_page(void *page)
{
	frame_free_kernel(pfn_of(virt_to_phys(page)));
}

static const struct page_supply supply = {.page_alloc = supply_page, .page_free = return_page};

static enum boot_memory_kind kind_of(const struct boot_memory_range *range)
{
	return (enum boot_memory_kind)range->kind;
}

static bool is_ram(const struct boot_memory_range *range)
{
	return kind_of(range) != BOOT_MEMORY_RESERVED;
}

/* One above the highest page of RAM. */
static pfn_t count_entries(const struct boot_info *info)
{
	uint64_t end = 0;

	for (uint64_t i = 0; i < info->range_count; i++)
		if (is_ram(&info->ranges[i]))
			end = info->ranges[i].base + info->ranges[i].size_bytes;
	return page_of(end);
}

/* A range whose first pages can hold the frame database. */
static const struct boot_memory_range *find_home(const struct boot_info *info, uint64_t bytes)
{
	for (uint64_t i = 0; i < info->range_count; i++) {
		const struct boot_memory_range *range = &info->ranges[i];

		if (kind_of(range) == BOOT_MEMORY_USABLE && range->size_bytes >= bytes &&
		    range->base)
			return range;
	}
	panic("mm: no range of memory can hold the frame database (%llu KiB): give the machine "
	      "more memory",
	      (unsigned long long)bytes / 1024);
}

/* Adds a usable range, of which the first `taken_bytes` hold the database. */
static void add_usable(const struct boot_memory_range *range, uint64_t taken_bytes)
{
	pfn_t first = pfn_of(range->base);
	uint64_t taken = page_of(taken_bytes), pages = page_of(range->size_bytes);
	uint64_t skipped = first == PFN_NONE && !taken; /* frame 0 means "none" */

	if (taken)
		frame_system_add(first, taken, false);
	frame_system_add(first + taken + skipped, pages - taken - skipped, true);
}

static void remember_loader_range(const struct boot_memory_range *range)
{
	if (loader_range_count < MAX_LOADER_RANGES)
		loader_ranges[loader_range_count++] = *range;
}

uint64_t mm_frame_database_bytes(void)
{
	return page_round_up(frame_highest() * sizeof(struct frame));
}

void mm_init(const struct boot_info *info, uint64_t frame_limit)
{
	pfn_t entries = count_entries(info);
	uint64_t bytes = page_round_up(entries * sizeof(struct frame));
	const struct boot_memory_range *home = find_home(info, bytes);

	loader_range_count = 0;
	frame_system_init(phys_to_virt(home->base), entries, frame_limit);
	for (uint64_t i = 0; i < info->range_count; i++) {
		const struct boot_memory_range *range = &info->ranges[i];

		if (kind_of(range) == BOOT_MEMORY_USABLE)
			add_usable(range, range == home ? bytes : 0);
		else if (is_ram(range))
			frame_system_add(pfn_of(range->base), page_of(range->size_bytes), false);
		if (kind_of(range) == BOOT_MEMORY_LOADER)
			remember_loader_range(range);
	}
	if (!replace_select(knobs.replace))
		panic("mm: there is no replacement policy '%s'", knobs.replace);
	pool_init(&supply);
	object_type_register(&section_type);
	thread_set_idle_work(zero_pool_work);
}

void mm_free_loader_memory(void)
{
	for (unsigned i = 0; i < loader_range_count; i++) {
		pfn_t first = pfn_of(loader_ranges[i].base);
		uint64_t count = page_of(loader_ranges[i].size_bytes);

		for (pfn_t pfn = first; pfn < first + count; pfn++)
			if (pfn != PFN_NONE)
				frame_free_kernel(pfn);
	}
	loader_range_count = 0;
}
