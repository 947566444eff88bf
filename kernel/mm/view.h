/*
 * view.h - making and removing views. All need the space's lock unless said otherwise.
 */
#pragma once

#include "types.h"

/* What a new view is made of. */
struct view_template {
	enum view_kind kind;
	vaddr_t start, end;  /* free, page aligned */
	uint32_t protection; /* AllocationProtect, and that of the first region */
	enum region_state state;
	enum section_inherit inherit;
	bool is_stack;
	struct segment *segment; /* NULL: private; receives a reference */
	page_index_t first_page;
	uint64_t commit_pages; /* charged by the caller; the view releases them */
};

/*
 * A view with one region; image views get one region per subsection.
 * => returns: STATUS_INSUFFICIENT_RESOURCES (nothing changed), STATUS_PROCESS_IS_TERMINATING.
 */
NTSTATUS view_create(struct address_space *space, const struct view_template *template,
		     struct view **result) MUST_CHECK;

/*
 * Takes a view out of the space: its pages, regions and commit charge. The view itself is left for
 * view_free.
 */
void view_remove(struct address_space *space, struct view *view);
/*
 * Drops the segment's reference and the memory of a removed view. No lock held: may write the file
 * back.
 */
void view_free(struct view *view);

/* The view's charge changed by `pages` (the global charge is commit.h's). */
void view_charge(struct view *view, int64_t pages);

/* The view that contains the address, or NULL. */
struct view *view_find(struct address_space *space, vaddr_t va);

/* Links and unlinks a view and its segment (takes segment->lock); for splitting a view. */
void view_attach_segment(struct view *view, struct segment *segment);

/*
 * Where a view of size_bytes may go. base 0: anywhere that satisfies zero_bits (3.4.3); top_down:
 * the highest.
 * => returns: 0 when there is no room.
 */
vaddr_t view_place(struct address_space *space, uint64_t size_bytes, uint64_t zero_bits,
		   bool top_down);

/*
 * The same on a boundary of `alignment` (a power of two, 64 KiB or more). Looks for a gap that
 * holds the view wherever its boundary falls, so one that it would just fill can be passed over.
 */
vaddr_t view_place_aligned(struct address_space *space, uint64_t size_bytes, uint64_t alignment,
			   uint64_t zero_bits, bool top_down);
/* What the base and the offset of a view of the segment are multiples of, in bytes. */
uint64_t view_alignment(const struct segment *segment);

/* The highest address + 1 that zero_bits allows; false: the value is invalid (22..31). */
bool zero_bits_limit(uint64_t zero_bits, vaddr_t *limit);

/*
 * Changes the protection of [start, end), committed pages of `view`: regions, resident pages, and
 * the charge for copy-on-write. => returns: STATUS_COMMITMENT_LIMIT, STATUS_INSUFFICIENT_RESOURCES;
 * nothing changed then. (protect.c)
 */
NTSTATUS view_protect_locked(struct view *view, vaddr_t start, vaddr_t end,
			     uint32_t protection) MUST_CHECK;

/*
 * The protection of one page as NtQueryVirtualMemory reports it: a private copy reads as writable.
 * (protect.c)
 */
uint32_t page_protection(struct region *region, vaddr_t va);

/*
 * The page can be touched: as its region says, and for SEC_RESERVE its section. Takes frame_lock.
 * (query.c)
 */
bool page_is_committed(const struct region *region, vaddr_t va);

uint64_t view_count_all(void); /* views alive, for accounting */
void view_count_changed(int change);
