/*
 * boot_info.h - what the loader hands the kernel. All addresses are physical; the structure itself
 * lies in RAM of kind BOOT_MEMORY_LOADER, reachable through the direct map.
 *
 * The state in which the kernel's entry is reached, as a call kernel_entry(info):
 *   rdi  the address of struct boot_info in the direct map
 *   rsp  a stack of 16 KiB in the direct map (BOOT_MEMORY_LOADER), aligned as after a call; rbp = 0
 *   cr3  page_table_root: the kernel image with its segments' permissions, all RAM at
 *        DIRECT_MAP_BASE (2 MiB pages, writable, no execute, without the kernel's image),
 *        and, in the user half, one or two pages of the loader that the jump needed: drop them
 *   interrupts are off; EFER.NXE is on; CR0 and CR4 are as the firmware left them; the descriptor
 *   tables are the firmware's, in memory that is now usable, so the kernel loads its own first
 * Ranges say what RAM is; a direct-map page may reach past the end of the last one.
 */
#pragma once

#include <stdint.h>

#define BOOT_INFO_MAGIC 0x3145524955510001ull /* "QUIRE1" and a version */
#define BOOT_MAX_RANGES 256
#define BOOT_CMDLINE_BYTES 2048

enum boot_memory_kind {
	BOOT_MEMORY_USABLE = 1, /* free RAM */
	BOOT_MEMORY_LOADER =
		2, /* this structure, boot stack: free once the kernel has copied what it needs */
	BOOT_MEMORY_TABLES = 3,	  /* page tables in use */
	BOOT_MEMORY_KERNEL = 4,	  /* kernel image; not in the direct map */
	BOOT_MEMORY_RAMDISK = 5,  /* the archive */
	BOOT_MEMORY_RESERVED = 6, /* firmware, ACPI: in the direct map, never used as RAM */
};

struct boot_memory_range { /* page aligned, ascending, not overlapping */
	uint64_t base;
	uint64_t size_bytes;
	uint64_t kind;
};

struct boot_framebuffer {
	uint64_t base; /* 0: none */
	uint32_t width, height, pitch_bytes;
	uint32_t is_bgr; /* 32 bits per pixel; 1: blue in the lowest byte */
};

struct boot_info {
	uint64_t magic;
	uint64_t range_count;
	struct boot_memory_range ranges[BOOT_MAX_RANGES];
	uint64_t kernel_base, kernel_size_bytes;
	uint64_t ramdisk_base, ramdisk_size_bytes;
	uint64_t page_table_root;
	uint64_t rsdp; /* ACPI 2.0 root pointer, 0: none */
	struct boot_framebuffer framebuffer;
	char cmdline[BOOT_CMDLINE_BYTES]; /* terminated */
};
