/*
 * protection.h - PAGE_* words: which are valid, what each allows, which hardware bits they mean.
 */
#pragma once

#include "types.h"

#define RIGHT_READ 0x1u
#define RIGHT_WRITE 0x2u /* writing is allowed, to the page itself or to a private copy */
#define RIGHT_EXECUTE 0x4u

#define PAGE_BASE_MASK 0xFFu
#define PAGE_CACHE_MASK (PAGE_NOCACHE | PAGE_WRITECOMBINE)
#define PAGE_MODIFIER_MASK (PAGE_GUARD | PAGE_CACHE_MASK)
#define PAGE_EXECUTE_MASK \
	(PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY)

/* What an access may do under `protection`; modifiers are not looked at. */
unsigned protection_rights(uint32_t protection);

/* The first write makes a private copy. */
static inline bool protection_is_copy(uint32_t protection)
{
	return (protection & (PAGE_WRITECOPY | PAGE_EXECUTE_WRITECOPY)) != 0;
}

/*
 * The bits of a valid slot. is_private: the frame belongs to this space alone, so a copy-on-write
 * protection allows the write directly.
 */
uint64_t protection_hardware_bits(uint32_t protection, bool is_private);

/*
 * PAGE_WRITECOPY -> PAGE_READWRITE and the like: what a page's protection reads as once it is
 * private.
 */
uint32_t protection_after_copy(uint32_t protection);
/* The reverse: how PAGE_READWRITE is stored on an image page. */
uint32_t protection_before_copy(uint32_t protection);

/* The same without the right to execute, for SEC_IMAGE_NO_EXECUTE. */
uint32_t protection_without_execute(uint32_t protection);

/*
 * PAGE_NOCACHE and PAGE_WRITECOMBINE belong to the allocation: its pages keep them, whatever is
 * asked for them later, and others do not get them (nt-semantics 3.4.7, 5.1.2).
 */
uint32_t protection_in_allocation(uint32_t allocation_protect, uint32_t protection);

/* Gate 4.1: a view with `view` may be made of a section created with `section`. */
bool protection_section_allows(uint32_t section, uint32_t view);
/* Rule 4.3: a page of a view mapped with `initial` may get `wanted`. */
bool protection_view_allows(uint32_t initial, uint32_t wanted);
/* The section protections that let a file grow and be written. */
bool protection_is_writable(uint32_t protection);
