/*
 * pte.h - the one 64-bit format of page-table slots and section state words, and the only page
 * shifts.
 *
 * A word with bit 0 set is what the MMU reads (Intel SDM vol. 3, 4.5). A word with bit 0 clear is
 * ours: the MMU ignores it, and it says where the content of the page is. The same format serves
 * page-table slots (private pages) and the state words of a segment, so one classifier, pte_kind,
 * is the only way to look inside.
 *
 * The format stands beside arch.h because both implementations of the machine (x86_64, host) share
 * it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/lib/range.h"

typedef uint64_t paddr_t;      /* physical address, bytes */
typedef uint64_t vaddr_t;      /* virtual address, bytes */
typedef uint64_t pfn_t;	       /* page frame number: physical address in pages */
typedef uint64_t page_index_t; /* page number within a segment or an address space */

#define PAGE_SHIFT 12
#define PAGE_SIZE ((size_t)1 << PAGE_SHIFT)
#define PAGE_TABLE_ENTRIES 512u
#define PFN_NONE ((pfn_t)0)

/* A large page: a leaf of level 2, 512 frames that lie together, aligned to their size. */
#define LARGE_PAGE_LEVEL 2u
#define LARGE_PAGE_PAGES 512u
#define LARGE_PAGE_BYTES ((uint64_t)LARGE_PAGE_PAGES << PAGE_SHIFT)

typedef struct {
	uint64_t bits;
} pte_t;

enum pte_kind {
	/* all zero: slot: ask the view. State word: ask the segment what the page was born as */
	PTE_NONE,
	PTE_VALID, /* the MMU translates it */
	/* state word only: committed page of a SEC_RESERVE section that was never touched */
	PTE_ZERO,
	PTE_IN_FRAME,	 /* a frame has the content; the frame's state says the rest */
	PTE_IN_PAGEFILE, /* a page-file slot has the content */
};

/* Hardware bits (valid form) */
#define PTE_PRESENT (1ull << 0)
#define PTE_WRITE (1ull << 1)
#define PTE_USER (1ull << 2)
#define PTE_WRITE_THROUGH (1ull << 3)
#define PTE_CACHE_DISABLE (1ull << 4)
/*
 * Memory types other than write-back, by these two bits: the entry of the PAT that they choose
 * (Intel SDM vol. 3, 12.12.3). Entry 3 is uncacheable from reset; entry 1 is made write-combining.
 */
#define PTE_UNCACHED (PTE_WRITE_THROUGH | PTE_CACHE_DISABLE)
#define PTE_WRITE_COMBINE PTE_WRITE_THROUGH
#define PTE_ACCESSED (1ull << 5)
#define PTE_DIRTY (1ull << 6)
#define PTE_LARGE (1ull << 7)
#define PTE_NO_EXECUTE (1ull << 63)
#define PTE_ADDRESS_MASK 0x000FFFFFFFFFF000ull

/*
 * The ten bits of a valid word that the machine leaves to us (9-11, 52-58): which entry of the
 * working set the mapping has (kernel/mm/working_set.h).
 */
#define PTE_STAMP_LOW_SHIFT 9
#define PTE_STAMP_HIGH_SHIFT 52
#define PTE_STAMP_LOW_BITS 3
#define PTE_STAMP_MASK ((0x7ull << PTE_STAMP_LOW_SHIFT) | (0x7Full << PTE_STAMP_HIGH_SHIFT))
#define PTE_STAMPS 1024u

/* Not-valid form: bits 1-3 hold the kind, bits 12-51 a frame number or a page-file slot */
#define PTE_SOFT_KIND_SHIFT 1
#define PTE_SOFT_KIND_MASK 0x7ull

static inline pfn_t pfn_of(paddr_t address)
{
	return address >> PAGE_SHIFT;
}

static inline paddr_t pfn_address(pfn_t pfn)
{
	return pfn << PAGE_SHIFT;
}

/* Bytes of `pages` pages. The caller has checked that the product fits (range.h). */
static inline uint64_t pages_to_bytes(uint64_t pages)
{
	return pages << PAGE_SHIFT;
}

/* Whole pages that `bytes` cover, rounded up; correct for every value up to 2^64 - 1. */
/*@ assigns \nothing;
    ensures \result == (bytes + PAGE_SIZE - 1) / PAGE_SIZE; */
static inline uint64_t bytes_to_pages(uint64_t bytes)
{
	return bytes / PAGE_SIZE + (bytes % PAGE_SIZE != 0);
}

/* Number of the page that contains byte `offset`. */
/*@ assigns \nothing;
    ensures \result * PAGE_SIZE <= offset < (\result + 1) * PAGE_SIZE; */
static inline page_index_t page_of(uint64_t offset)
{
	return offset / PAGE_SIZE;
}

/*@ assigns \nothing;
    ensures \result == value / PAGE_SIZE * PAGE_SIZE;
    ensures \result <= value < \result + PAGE_SIZE; */
static inline uint64_t page_round_down(uint64_t value)
{
	return round_down(value, PAGE_SIZE);
}

/* The caller has checked that value + PAGE_SIZE - 1 does not overflow. */
/*@ requires value + PAGE_SIZE - 1 <= UINT64_MAX;
    assigns \nothing;
    ensures \result == (value + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
    ensures value <= \result < value + PAGE_SIZE; */
static inline uint64_t page_round_up(uint64_t value)
{
	return round_down(value + (PAGE_SIZE - 1), PAGE_SIZE);
}

/*@ assigns \nothing;
    ensures \result == value % PAGE_SIZE;
    ensures \result + value / PAGE_SIZE * PAGE_SIZE == value; */
static inline size_t page_offset(uint64_t value)
{
	return value % PAGE_SIZE;
}

/* How many of `size` bytes from `offset` lie in the page of `offset`. */
/*@ assigns \nothing;
    ensures \result <= size;
    ensures \result <= PAGE_SIZE - offset % PAGE_SIZE;
    ensures \result == size || offset % PAGE_SIZE + \result == PAGE_SIZE;
    ensures size > 0 ==> \result > 0; */
static inline size_t page_part(uint64_t offset, uint64_t size)
{
	size_t part = PAGE_SIZE - page_offset(offset);

	return part < size ? part : (size_t)size;
}

/* Index into the page table of `level` (1 = page table ... 4 = root) for `va`. */
static inline unsigned pt_index(vaddr_t va, unsigned level)
{
	return (unsigned)(va >> (PAGE_SHIFT + 9 * (level - 1))) & (PAGE_TABLE_ENTRIES - 1);
}

/* Bytes that one entry of the table at `level` translates: 4 KiB, 2 MiB, 1 GiB, 512 GiB. */
static inline uint64_t pt_entry_span(unsigned level)
{
	return 1ull << (PAGE_SHIFT + 9 * (level - 1));
}

static inline pte_t pte_none(void)
{
	return (pte_t){0};
}

static inline pte_t pte_soft(enum pte_kind kind, uint64_t number)
{
	return (pte_t){(number << PAGE_SHIFT) | ((uint64_t)kind << PTE_SOFT_KIND_SHIFT)};
}

static inline pte_t pte_zero(void)
{
	return pte_soft(PTE_ZERO, 0);
}

static inline pte_t pte_in_frame(pfn_t pfn)
{
	return pte_soft(PTE_IN_FRAME, pfn);
}

static inline pte_t pte_in_pagefile(uint64_t slot)
{
	return pte_soft(PTE_IN_PAGEFILE, slot);
}

/* A valid word; `hardware_bits` is any of PTE_WRITE, PTE_USER, PTE_NO_EXECUTE, PTE_ACCESSED, ... */
static inline pte_t pte_valid(pfn_t pfn, uint64_t hardware_bits)
{
	return (pte_t){pfn_address(pfn) | hardware_bits | PTE_PRESENT};
}

static inline enum pte_kind pte_kind(pte_t word)
{
	if (word.bits & PTE_PRESENT)
		return PTE_VALID;
	return (enum pte_kind)((word.bits >> PTE_SOFT_KIND_SHIFT) & PTE_SOFT_KIND_MASK);
}

/* A valid word of level 2 that translates 2 MiB. Words of level 1 never have the bit. */
static inline bool pte_is_large(pte_t word)
{
	return (word.bits & (PTE_PRESENT | PTE_LARGE)) == (PTE_PRESENT | PTE_LARGE);
}

/* The bits of a valid word for a stamp below PTE_STAMPS, and the stamp of a word. */
static inline uint64_t pte_stamp_bits(unsigned stamp)
{
	return ((uint64_t)(stamp & 0x7) << PTE_STAMP_LOW_SHIFT) |
	       ((uint64_t)(stamp >> PTE_STAMP_LOW_BITS) << PTE_STAMP_HIGH_SHIFT);
}

static inline unsigned pte_stamp(pte_t word)
{
	return (unsigned)((word.bits >> PTE_STAMP_LOW_SHIFT) & 0x7) |
	       (unsigned)((word.bits >> PTE_STAMP_HIGH_SHIFT) & 0x7F) << PTE_STAMP_LOW_BITS;
}

static inline bool pte_is_none(pte_t word)
{
	return word.bits == 0;
}

/* Frame that a PTE_VALID or PTE_IN_FRAME word names. */
static inline pfn_t pte_pfn(pte_t word)
{
	return (word.bits & PTE_ADDRESS_MASK) >> PAGE_SHIFT;
}

/* Page-file slot that a PTE_IN_PAGEFILE word names. */
static inline uint64_t pte_pagefile_slot(pte_t word)
{
	return (word.bits & PTE_ADDRESS_MASK) >> PAGE_SHIFT;
}

static inline bool pte_is_writable(pte_t word)
{
	return (word.bits & (PTE_PRESENT | PTE_WRITE)) == (PTE_PRESENT | PTE_WRITE);
}

static inline bool pte_is_accessed(pte_t word)
{
	return (word.bits & (PTE_PRESENT | PTE_ACCESSED)) == (PTE_PRESENT | PTE_ACCESSED);
}

static inline bool pte_is_dirty(pte_t word)
{
	return (word.bits & (PTE_PRESENT | PTE_DIRTY)) == (PTE_PRESENT | PTE_DIRTY);
}
