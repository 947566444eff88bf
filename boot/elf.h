/*
 * elf.h - is this file a kernel of ours, and what of it goes where? A pure function of the bytes:
 * it needs no firmware, so that it can be tested and fuzzed on the host.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define KERNEL_SEGMENTS_MAX 8
#define KERNEL_IMAGE_MAX_BYTES (64ull << 20)

struct kernel_segment {
	uint64_t address; /* virtual, page aligned */
	uint64_t file_offset, file_bytes;
	uint64_t memory_bytes; /* >= file_bytes; the rest is zero */
	bool writable, executable;
};

struct kernel_layout {
	uint64_t base;	     /* lowest virtual address, page aligned */
	uint64_t size_bytes; /* from base to the end of the last segment, whole pages */
	uint64_t entry;
	unsigned segment_count;
	struct kernel_segment segments[KERNEL_SEGMENTS_MAX]; /* ascending, no page in common */
};

/*
 * Checks all that the loader relies on: ELF64, x86-64, little-endian, executable with fixed
 * addresses, headers and segments within the file, addresses in the kernel's part of the address
 * space, no segment both writable and executable, no page with two owners, and the entry inside
 * executable bytes.
 * => returns: NULL and *layout, or what is wrong with the file (a sentence's end: "the file ...").
 */
const char *kernel_check(const void *file, uint64_t size_bytes, struct kernel_layout *layout);
