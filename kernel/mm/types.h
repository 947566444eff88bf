/*
 * types.h - the structures of the virtual memory, their states, locks and invariants.
 *
 * tour of a page fault: 3 of 6; next: fault.c
 *
 *   handle -> struct section     what NtCreateSection returns: size, maximum protection, attributes
 *                  |             (several sections of one file share one segment)
 *                  v
 *             struct segment     the shared truth: page count, state words, subsections, source
 *                  |  word(i)    0 = as born (zero, in the file, or not committed) | ZERO
 *                  |             | IN_FRAME pfn | IN_PAGEFILE slot
 *                  v
 *             struct frame       the frame database entry of a page frame
 *                  ^
 *                  |  slot       0 = ask the view | VALID (hardware)
 *                  |             | IN_FRAME pfn | IN_PAGEFILE slot (private pages only)
 *   process -> struct address_space -> tree of struct region -> struct view
 *                                view -> segment + first page, or private (NtAllocateVirtualMemory)
 *
 * A view is what one call mapped: unmapped as a whole, charged as a whole. A region is a run of its
 * pages that have the same state and protection; NtProtectVirtualMemory and MEM_COMMIT split and
 * merge regions, so page-table slots say only where the content is, and a change of protection over
 * 1 TiB costs no page table. (NT keeps protection in the page-table entries instead; README.md says
 * why we do not.)
 *
 *   frame states
 *     clean life    FREE/ZEROED -> HELD -> ACTIVE <-> STANDBY -> FREE
 *     page-in                      HELD -> READING -> STANDBY        (then a soft fault: -> ACTIVE)
 *     dirty life                           ACTIVE <-> MODIFIED -> WRITING -> STANDBY
 *     TABLE (page tables, state-word tables) and KERNEL stand outside the cycle
 *
 * Lock order: handle table -> address_space.lock -> segment.lock -> frame_lock -> leaves. The first
 * three may sleep. frame_lock is a spinlock and guards every frame entry, list and counter, and
 * every state word and slot. No VM lock is held while a thread does I/O, waits for memory or waits
 * for a frame.
 *
 * Field letters: (S) address_space.lock, (G) segment.lock, (F) frame_lock, (P) the lock of the list
 * of spaces, (C) constant after creation, (A) atomic; two letters: either to read, both to write.
 */
#pragma once

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <stdatomic.h>

#include "arch/arch.h"
#include "kernel/core/lock.h"
#include "kernel/core/upcall.h"
#include "nt/ntmm.h"
#include "nt/ntstatus.h"
#include "nt/quire.h"
#include "kernel/object/object.h"

struct file_node;
struct view;

/*
 * Where new memory may stand: MEM_ADDRESS_REQUIREMENTS, or what ZeroBits says, with every field
 * filled in.
 */
struct memory_requirements {
	vaddr_t lowest;		  /* first address allowed, at least USER_LOWEST_ADDRESS */
	vaddr_t limit;		  /* first address not allowed, at most USER_LIMIT */
	uint64_t alignment_bytes; /* a power of two, at least ALLOCATION_GRANULARITY */
};

/* ---- frames ---- */

enum frame_state {
	/* not ours to give: firmware, kernel image, boot tables, pool, kernel stacks. On no list */
	FRAME_KERNEL,
	FRAME_FREE,   /* free list; content undefined (poisoned in debug builds) */
	FRAME_ZEROED, /* zeroed list; content all zero */
	FRAME_HELD,   /* taken by a thread, nobody names it yet; on no list */
	/*
	 * a word names it, its content is not there yet; pinned by the reader, mapped nowhere; on
	 * no list
	 */
	FRAME_READING,
	FRAME_ACTIVE,	/* mapped (shares > 0) or pinned (pins > 0); on no list */
	FRAME_STANDBY,	/* standby list: cached, equal to its backing store, mapped nowhere */
	FRAME_MODIFIED, /* modified list: the only copy, mapped nowhere */
	FRAME_WRITING,	/* being written out, pinned by the writer, mapped nowhere; on no list */
	FRAME_TABLE,	/* page table or state-word table; shares = entries in use; on no list */
};
#define FRAME_STATES 10

/* Frame flags */
#define FRAME_DIRTY 0x1u /* content differs from what `original` names */
/* The owner is an address space and `word` a page-table slot; else a segment and its state word. */
#define FRAME_PRIVATE 0x2u
#define FRAME_POISONED 0x4u /* debug builds: free, and filled with a pattern */
/* ACTIVE, and named by no word: its page went while it was pinned. The last pin frees it. */
#define FRAME_ORPHAN 0x8u
#define FRAME_AWAITED 0x10u /* somebody sleeps until nobody pins it (file_change.c) */
/*
 * One of the 512 of a large page: 512 frames together, aligned, ACTIVE for as long as their segment
 * lives, each with one pin of its. Slots that map the large page are counted by its first frame.
 */
#define FRAME_LARGE 0x20u
/* A write of its content is under way: pinned by the writer, WRITING or, mapped again, ACTIVE. */
#define FRAME_BEING_WRITTEN 0x40u

/* One entry of the frame database, 48 bytes, index = pfn. All (F). */
struct frame {
	uint8_t state; /* enum frame_state */
	uint8_t flags;
	uint16_t pins;	 /* transfers and kernel borrows in progress */
	uint32_t shares; /* valid user slots that name the frame; TABLE: entries in use */
	pte_t *word;	 /* the one word that owns the frame (a slot if private) */
	/* what to write into *word when the frame is taken: eviction is this store */
	pte_t original;
	void *owner;		 /* struct segment, or struct address_space if private */
	uint64_t index;		 /* page index in the segment, or virtual page number */
	uint32_t next, previous; /* list links by pfn, 0 = end */
};
_Static_assert(sizeof(struct frame) == 48, "frame database entry");

extern struct spinlock frame_lock;

/* ---- segments and sections ---- */

enum segment_kind {
	SEGMENT_PAGEFILE, /* born zero (SEC_COMMIT) or not committed (SEC_RESERVE) */
	SEGMENT_FILE,  /* born in the file; one per file, also behind NtReadFile and NtWriteFile */
	SEGMENT_IMAGE, /* born in the file or zero, by subsection; one per file */
};

struct subsection {
	page_index_t first_page;
	uint64_t page_count;
	uint64_t file_offset; /* bytes */
	uint64_t raw_bytes;   /* from the file; the rest is zero */
	uint32_t protection;  /* image: PAGE_* of a fresh view */
	bool is_shared;
};

struct segment {
	struct mutex lock;
	enum segment_kind kind;	     /* (C) */
	bool is_reserve;	     /* (C) page file: pages are born not committed */
	bool is_large;		     /* (C) page file: large pages, all there from the start */
	atomic_uint reference_count; /* (A) sections, views, open files, page-ins; 0 destroys */
	uint64_t page_count;	     /* (GF) of its table; a file may be shorter: segment_end */
	unsigned levels;	     /* (F) of the state-word table: 1 = root holds words */
	uint32_t root_entries;	     /* (F) */
	pte_t *root;		     /* (F) pool block of root_entries words */
	struct file_node *file;	     /* (C) reference; NULL: page file */
	struct subsection
		*subsections;	   /* (C) image: subsection_count of them, ascending, no gaps */
	uint32_t subsection_count; /* (C) */
	struct nt_section_image_information image; /* (C) image */
	uint64_t image_base;			   /* (C) image */
	uint64_t commit_pages;			   /* (G) charged for the segment itself */
	LIST_HEAD(, view) views;		   /* (G) */
	uint64_t view_count;			   /* (G) */
	uint64_t section_count;	 /* (G) file: sections, and views being cloned; with the views,
				 * who maps the file */
	uint64_t writer_count;	 /* (G) file: writable sections, and views of such */
	uint64_t resident_pages; /* (F) frames its words name */
	uint64_t table_frames;	 /* (F) frames of the state-word table below the root */
	atomic_uint_fast64_t faults[QUIRE_FAULT_CLASSES]; /* (A) */
	LIST_ENTRY(segment) all;			  /* (F) */
};

/* The addresses of a SEC_BASED section; start 0: it is not based. (based.c) */
struct based_range {
	vaddr_t start, end;
	LIST_ENTRY(based_range) link; /* under based.c's lock */
};

struct section {
	struct object header;
	struct segment *segment;  /* (C) reference */
	uint64_t size_bytes;	  /* (G) page file: whole pages; file: to the byte */
	uint32_t protection;	  /* (C) PAGE_* at creation: the most a view may have */
	uint32_t attributes;	  /* (C) SEC_* as NtQuerySection reports them */
	bool is_no_execute;	  /* (C) SEC_IMAGE_NO_EXECUTE, which is not reported */
	struct based_range based; /* (C) SEC_BASED: its addresses in every process */
};

/* ---- address spaces ---- */

enum region_state { REGION_RESERVED, REGION_COMMITTED };

/* A run of pages of one view with equal state and protection. All (S). */
struct region {
	RB_ENTRY(region) node;
	vaddr_t start, end;  /* bytes, page aligned, half-open */
	uint32_t protection; /* PAGE_*, with PAGE_GUARD while armed; of no meaning while reserved */
	enum region_state state;
	bool is_locked; /* its pages are mapped and stay so (residence.c) */
	struct view *view;
	uint64_t gap;	      /* free bytes before this region that a new view could use */
	uint64_t largest_gap; /* the largest gap of the subtree */
};

enum view_kind { VIEW_PRIVATE, VIEW_MAPPED, VIEW_IMAGE };

/*
 * Marks of a MEM_WRITE_WATCH reservation, a bit per page. The views that it is cut into share it.
 * Its blocks' content is (S).
 */
struct watch {
	vaddr_t start;		     /* (C) of the reservation */
	uint64_t page_count;	     /* (C) */
	atomic_uint reference_count; /* (A) views */
	uint64_t *blocks[];	     /* (C) */
};

/* What one call mapped. (S) unless said otherwise. */
struct view {
	vaddr_t start, end;  /* bytes, page aligned, half-open */
	enum view_kind kind; /* (C) */
	uint32_t
		allocation_protect; /* (C) what NtQueryVirtualMemory reports as AllocationProtect */
	enum section_inherit inherit;  /* (C) */
	bool is_stack;		       /* (C) its guard page moves down as it grows */
	bool is_placeholder;	       /* (C) private, only there to be replaced */
	bool was_placeholder;	       /* (C) it took the place of one, and may become one again */
	bool is_extendable;	       /* (C) longer than its section: pages beyond the segment's
					* end are not committed until the segment grows */
	bool is_frozen;		       /* (C) SEC_NO_CHANGE: keeps its protection */
	bool is_no_execute;	       /* (C) SEC_IMAGE_NO_EXECUTE: nothing in it is executable */
	bool is_physical;	       /* (C) MEM_PHYSICAL: reserved for good, nothing commits it */
	struct watch *watch;	       /* (C) reference; NULL: nobody watches writes */
	bool is_writer;		       /* (C) its section was writable, and a file's */
	struct address_space *space;   /* (C) */
	struct segment *segment;       /* (C) reference; NULL: private pages of 4 KiB */
	page_index_t first_page;       /* (C) page of the segment at start */
	uint64_t commit_pages;	       /* charged for private and copy-on-write pages */
	uint64_t table_pages;	       /* page tables that its committed pages may need */
	LIST_ENTRY(view) segment_link; /* (G) */
	struct region first; /* the region it was born with, so a plain view is one allocation */
};

RB_HEAD(region_tree, region);

/*
 * The pages of a space that are in memory and may be taken out of it (working_set.h). All (S) but
 * what is said otherwise.
 */
struct working_set {
	uint64_t *root;	 /* entries, or tables of 512 tables: a frame, as high as `levels` says */
	unsigned levels; /* 0: no root yet; 1: root holds entries */
	uint32_t capacity, used;       /* entries there is room for; up to the last one in use */
	uint32_t hole_count;	       /* entries below `used` that name no page */
	uint32_t hole_head, hole_tail; /* a list through the holes: index + 1; 0: none */
	uint32_t hand;		       /* where the search for the next victim goes on */
	uint32_t sweep;		       /* where the search for entries of pages that went goes on */
	uint64_t clock;		       /* pages entered so far: the process's virtual time */
	uint64_t credit;	       /* (P) what it owes when all spaces are trimmed (trim.c) */
	uint64_t minimum_pages, maximum_pages; /* as set; what a program sees */
	bool is_limited;		       /* set by a program: they count */
	bool hard_minimum, hard_maximum;
};

struct address_space {
	struct mutex lock;
	struct region_tree regions;	  /* (S) */
	uint64_t view_count;		  /* (S) */
	atomic_uint_fast64_t watch_count; /* (A) views with a watch; changes under (S) */
	uint64_t locked_pages;		  /* (S) of the locked regions */
	struct working_set working_set;
	paddr_t root; /* (C) page-table root */
	bool dying;   /* (S) no new views */
	atomic_uint_fast64_t
		active_cpus; /* (A) bit per CPU that runs this space: whom a TLB flush must reach */
	uint64_t resident_pages; /* (F) valid user slots */
	uint64_t table_frames;	 /* (F) page-table pages, the root included */
	uint64_t commit_pages;	 /* (S) sum of the views' charges */
	uint64_t peak_commit_pages, virtual_bytes, peak_virtual_bytes; /* (S) */
	uint64_t peak_resident_pages;				       /* (F) */
	atomic_uint_fast64_t faults[QUIRE_FAULT_CLASSES];	       /* (A) */
	TAILQ_ENTRY(address_space) all;				       /* (P) */
};
