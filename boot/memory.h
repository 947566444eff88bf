/*
 * memory.h - memory from the firmware, and the firmware's memory map turned into the ranges of
 * boot_info.
 */
#pragma once

#include <efi.h>
#include <stdbool.h>
#include <stdint.h>

#include "boot_info.h"

/*
 * The firmware's map. It changes with every allocation, so it is read again at the end, into the
 * same buffer.
 */
struct memory_map {
	uint8_t *descriptors;
	UINTN size_bytes, capacity_bytes, key, step_bytes;
};

/*
 * Pages below 512 GiB, the end of the direct map, as EfiLoaderData: usable by the kernel unless a
 * range of boot_info says otherwise. `what` names the purpose when there is no memory, which fails
 * the start-up.
 */
void *pages_allocate(uint64_t bytes, const char *what);

/* The same, aligned to 2 MiB; bytes is a multiple of that. */
void *blocks_allocate(uint64_t bytes, const char *what);

/* Reads the map for the first time and keeps room for it to grow. */
void memory_map_read(struct memory_map *map);

/*
 * Calls visit for the parts of RAM, in any order, that the direct map covers: all that the firmware
 * calls memory, also what it keeps (ACPI tables among it), but no device registers.
 */
void memory_map_each_ram(const struct memory_map *map,
			 void (*visit)(uint64_t base, uint64_t end, void *argument),
			 void *argument);

/* Leaves boot services, with the map as it was at that moment. No firmware call may follow. */
void memory_map_exit(struct memory_map *map, EFI_HANDLE image);

/*
 * Fills info->ranges: the firmware's map with `taken` on top of it. Each of `taken` came from
 * pages_allocate, or is the first page. Ranges beyond the table's capacity are left out: memory
 * lost, not damage done.
 */
void memory_ranges_make(const struct memory_map *map, const struct boot_memory_range *taken,
			unsigned taken_count, struct boot_info *info);
