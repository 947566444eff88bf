/*
 * paging.h - what the machine part itself asks of the page tables, beside arch.h.
 */
#pragma once

#include "arch/pte.h"

struct boot_info;

/*
 * Takes over the loader's tables: remembers the root, makes the root entries that every address
 * space shares, drops the low identity map, and checks that no kernel page is writable and
 * executable, open to user mode, or a second way to kernel text.
 */
void paging_init(const struct boot_info *info);

/* Panics if the kernel half lets anybody do what they must not (paging_verify.c). */
void paging_verify(void);

/*
 * Maps device registers or a framebuffer, uncached, never unmapped. NULL when the window (1 GiB)
 * is full. Boot only.
 */
void *device_map(paddr_t address, uint64_t size_bytes);

/*
 * Takes a page of the kernel image's data out of the map: what it holds is lost, touching it
 * faults. Boot only.
 */
void paging_unmap_guard(const void *page);

/*
 * The entry of `level` that the current tables have for `va`, in either half; false if a table
 * above it is missing or a large page ends the walk before it. For reports.
 */
bool paging_peek(vaddr_t va, unsigned level, pte_t *entry);

/*
 * True when [address, address + size) is RAM or firmware memory that the loader put into the
 * direct map.
 */
bool direct_map_covers(const struct boot_info *info, paddr_t address, uint64_t size_bytes);

/* Linker symbols (linker.ld) */
extern const char kernel_image_start[], kernel_image_end[];
extern const char kernel_text_start[], kernel_text_end[];
extern const char kernel_rodata_start[], kernel_rodata_end[];
extern const char kernel_data_start[], kernel_data_end[];
