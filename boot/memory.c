/*
 * memory.c - the firmware's memory (memory.h; UEFI specification 2.10, section 7.2).
 */
#include "memory.h"

#include <efilib.h>

#include "arch/x86_64/layout.h"
#include "page_tables.h"
#include "report.h"

/* The map is read anew at the end, when no memory can be allocated for it any more. */
#define MAP_SLACK_DESCRIPTORS 64 /* room for what our own later allocations split */
#define EXIT_ATTEMPTS 8
#define KIND_NONE 0 /* not RAM */

void *pages_allocate(uint64_t bytes, const char *what)
{
	EFI_PHYSICAL_ADDRESS address = DIRECT_MAP_MAX_BYTES - 1;
	EFI_STATUS status = BS->AllocatePages(AllocateMaxAddress, EfiLoaderData,
					      EFI_SIZE_TO_PAGES(bytes ? bytes : 1), &address);

	if (EFI_ERROR(status))
		report_fail("no memory for %a (%ld KiB): give the machine more (--mem)", what,
			    (bytes + 1023) / 1024);
	return (void *)(uintptr_t)address;
}

/* The firmware aligns to 4 KiB only: so, more than needed, and the rest given back. */
void *blocks_allocate(uint64_t bytes, const char *what)
{
	uint64_t whole = bytes + BLOCK_BYTES - PAGE_BYTES;
	uint64_t start = (uintptr_t)pages_allocate(whole, what);
	uint64_t aligned = (start + BLOCK_BYTES - 1) & ~(BLOCK_BYTES - 1);
	uint64_t before = aligned - start, after = whole - before - bytes;

	if (before)
		BS->FreePages(start, before / PAGE_BYTES);
	if (after)
		BS->FreePages(aligned + bytes, after / PAGE_BYTES);
	return (void *)(uintptr_t)aligned;
}

/* EFI_BUFFER_TOO_SMALL also sets the sizes. */
static EFI_STATUS map_fetch(struct memory_map *map)
{
	UINT32 version;

	map->size_bytes = map->capacity_bytes;
	return BS->GetMemoryMap(&map->size_bytes, (EFI_MEMORY_DESCRIPTOR *)map->descriptors,
				&map->key, &map->step_bytes, &version);
}

void memory_map_read(struct memory_map *map)
{
	EFI_STATUS status;

	map->descriptors = NULL;
	map->capacity_bytes = 0;
	status = map_fetch(map); /* too small: tells the size */
	map->capacity_bytes = map->size_bytes + MAP_SLACK_DESCRIPTORS * map->step_bytes;
	map->descriptors = pages_allocate(map->capacity_bytes, "the memory map");
	status = map_fetch(map);
	if (EFI_ERROR(status))
		report_fail("the firmware gives no memory map (%r)", status);
}

void memory_map_exit(struct memory_map *map, EFI_HANDLE image)
{
	EFI_STATUS status = EFI_ABORTED;

	/*
	 * The key is stale if an event of the firmware allocated memory in between: read again, try
	 * again.
	 */
	for (int attempt = 0; attempt < EXIT_ATTEMPTS && EFI_ERROR(status); attempt++) {
		status = map_fetch(map);
		if (!EFI_ERROR(status))
			status = BS->ExitBootServices(image, map->key);
	}
	if (EFI_ERROR(status))
		report_fail("the firmware does not end its boot services (%r)", status);
}

/*
 * What the kernel may do with memory of this type once the firmware is gone. The loader's own code
 * and data are free then, too; what it hands over is taken out by memory_ranges_make.
 */
static uint64_t kind_of(const EFI_MEMORY_DESCRIPTOR *descriptor)
{
	switch (descriptor->Type) {
	case EfiLoaderCode:
	case EfiLoaderData:
	case EfiBootServicesCode:
	case EfiBootServicesData:
	case EfiConventionalMemory:
		return BOOT_MEMORY_USABLE;
	case EfiRuntimeServicesCode:
	case EfiRuntimeServicesData:
	case EfiACPIReclaimMemory:
	case EfiACPIMemoryNVS:
		return BOOT_MEMORY_RESERVED;
	default: /* registers, faulty memory, what a later specification adds */
		return KIND_NONE;
	}
}

/*
 * The next range of RAM behind *offset, cut off at the end of the direct map. The firmware's map
 * need not be sorted, and its descriptors may be larger than the structure that we know.
 */
static bool map_next(const struct memory_map *map, UINTN *offset, struct boot_memory_range *range)
{
	while (*offset + sizeof(EFI_MEMORY_DESCRIPTOR) <= map->size_bytes) {
		const EFI_MEMORY_DESCRIPTOR *descriptor =
			(const EFI_MEMORY_DESCRIPTOR *)(map->descriptors + *offset);

		*offset += map->step_bytes;
		range->kind = kind_of(descriptor);
		range->base = descriptor->PhysicalStart;
		range->size_bytes = descriptor->NumberOfPages * PAGE_BYTES;
		if (range->kind == KIND_NONE || range->base >= DIRECT_MAP_MAX_BYTES)
			continue;
		if (range->size_bytes > DIRECT_MAP_MAX_BYTES - range->base)
			range->size_bytes = DIRECT_MAP_MAX_BYTES - range->base;
		if (range->size_bytes)
			return true;
	}
	return false;
}

void memory_map_each_ram(const struct memory_map *map,
			 void (*visit)(uint64_t base, uint64_t end, void *argument), void *argument)
{
	struct boot_memory_range range;

	for (UINTN offset = 0; map_next(map, &offset, &range);)
		visit(range.base, range.base + range.size_bytes, argument);
}

static uint64_t range_end(const struct boot_memory_range *range)
{
	return range->base + range->size_bytes;
}

static void range_insert(struct boot_info *info, uint64_t at, const struct boot_memory_range *range)
{
	for (uint64_t i = info->range_count; i > at; i--)
		info->ranges[i] = info->ranges[i - 1];
	info->ranges[at] = *range;
	info->range_count++;
}

static void range_remove(struct boot_info *info, uint64_t at)
{
	info->range_count--;
	for (uint64_t i = at; i < info->range_count; i++)
		info->ranges[i] = info->ranges[i + 1];
}

/* Joins the range at `at` with the one after it if they touch and are of one kind. */
static bool range_merge(struct boot_info *info, uint64_t at)
{
	struct boot_memory_range *range = &info->ranges[at];

	if (at + 1 >= info->range_count || range_end(range) != range[1].base ||
	    range->kind != range[1].kind)
		return false;
	range->size_bytes += range[1].size_bytes;
	range_remove(info, at + 1);
	return true;
}

/*
 * Adds a range that overlaps no other, in ascending order, if the table then holds at most `limit`.
 */
static void range_add(struct boot_info *info, const struct boot_memory_range *range, uint64_t limit)
{
	uint64_t at = 0;

	if (info->range_count >= limit)
		return;
	while (at < info->range_count && info->ranges[at].base < range->base)
		at++;
	range_insert(info, at, range);
	range_merge(info, at);
	if (at > 0)
		range_merge(info, at - 1);
}

/* Gives a part of one range another kind: the range becomes up to three. */
static void range_take(struct boot_info *info, const struct boot_memory_range *taken)
{
	struct boot_memory_range whole, rest;
	uint64_t at = 0;

	while (at < info->range_count && range_end(&info->ranges[at]) <= taken->base)
		at++;
	if (at == info->range_count || info->ranges[at].base > taken->base ||
	    range_end(&info->ranges[at]) < range_end(taken))
		return;
	whole = info->ranges[at];
	range_remove(info, at);
	rest = whole;
	rest.size_bytes = taken->base - whole.base;
	if (rest.size_bytes)
		range_add(info, &rest, BOOT_MAX_RANGES);
	range_add(info, taken, BOOT_MAX_RANGES);
	rest.base = range_end(taken);
	rest.size_bytes = range_end(&whole) - rest.base;
	if (rest.size_bytes)
		range_add(info, &rest, BOOT_MAX_RANGES);
}

void memory_ranges_make(const struct memory_map *map, const struct boot_memory_range *taken,
			unsigned taken_count, struct boot_info *info)
{
	struct boot_memory_range range;

	info->range_count = 0;
	for (UINTN offset = 0; map_next(map, &offset, &range);)
		range_add(info, &range, BOOT_MAX_RANGES - 2 * taken_count);
	for (unsigned i = 0; i < taken_count; i++)
		range_take(info, &taken[i]);
}
