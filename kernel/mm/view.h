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
	bool is_stack, is_placeholder, was_placeholder, is_extendable, is_frozen, is_no_execute,
		is_physical;
	bool is_writer; /* of a section of a file that was made writable */
	/*
	 * NULL, or the view that has exactly this range now and gives it up; the caller frees it
	 * when no lock is held
	 */
	struct view *replaced;
	struct watch *watch;	 /* NULL, or a reference that the view takes over */
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
 * The same in two halves, for who must free the range in between: memory for the view, and the
 * view, which cannot fail. Only the first half may be called without the space's lock.
 */
struct view_memory {
	struct view *view;
	struct region *chain; /* the regions after the first */
	unsigned region_count;
};
NTSTATUS view_memory_alloc(const struct view_template *template,
			   struct view_memory *memory) MUST_CHECK;
void view_memory_free(struct view_memory *memory);
struct view *view_insert(struct address_space *space, const struct view_template *template,
			 struct view_memory *memory);

/*
 * Takes a view out of the space: its pages, regions and commit charge. The view itself is left for
 * view_free.
 */
void view_remove(struct address_space *space, struct view *view);
/*
 * Drops the segment's reference and the memory of a removed view. No lock held, unless the view is
 * private: may write the file back.
 */
void view_free(struct view *view);

/* The view's charge changed by `pages` (the global charge is commit.h's). */
void view_charge(struct view *view, int64_t pages);

/* The view's range or charge has changed: so has the number of page tables it may need. */
void view_promise_tables(struct view *view);

/* The view that contains the address, or NULL. */
struct view *view_find(struct address_space *space, vaddr_t va);

/* A committed region of the view may hold pages that are not committed all the same. */
static inline bool view_has_uncommitted_pages(const struct view *view)
{
	return view->segment && (view->segment->is_reserve || view->is_extendable);
}

/* Links and unlinks a view and its segment (takes segment->lock); for splitting a view. */
void view_attach_segment(struct view *view, struct segment *segment);

/*
 * A free place for a view of size_bytes that satisfies `where`: the lowest, or the highest if
 * top_down. => returns: 0 when there is none.
 */
vaddr_t view_place_within(struct address_space *space, uint64_t size_bytes,
			  const struct memory_requirements *where, bool top_down);
/* The same for zero_bits (3.4.3). */
vaddr_t view_place(struct address_space *space, uint64_t size_bytes, uint64_t zero_bits,
		   bool top_down);

/* What the base and the offset of a view of the segment are multiples of, in bytes. */
uint64_t view_alignment(const struct segment *segment);

/* The highest address + 1 that zero_bits allows; false: the value is invalid (22..31). */
bool zero_bits_limit(uint64_t zero_bits, vaddr_t *limit);
/* What zero_bits says as requirements; false as above. */
bool zero_bits_requirements(uint64_t zero_bits, struct memory_requirements *where);

/*
 * Whether all pages of [start, end), a part of `view`, are committed. => locks: the space's.
 * (protect.c)
 */
bool view_range_is_committed(struct view *view, vaddr_t start, vaddr_t end);

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
