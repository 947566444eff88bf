/*
 * mm_oracle.h - what memory must do, as flat arrays: the second opinion that fuzz_mm holds
 * kernel/mm against.
 *
 * Written from nt-semantics.md (the numbers in the comments are its sections), not from the kernel.
 * There are no frames, page tables, regions or faults here: every page of every view has an entry
 * of its own, and so has every page of whatever a section maps. Bytes are kept as plain pages, NULL
 * being zeros.
 *
 * Each call of mm.h has two functions here: oracle_expect_* says with which status the call must
 * end and how much memory it must promise, oracle_* is what the call does when it succeeds.
 */
#pragma once

#include "kernel/mm/mm.h"

#define ORACLE_SPACES 2
#define ORACLE_VIEWS 24
/*
 * Pages of a view or section that have an entry. Those above stay as they were born; nobody asks
 * for them.
 */
#define ORACLE_PAGES 1200u

/*
 * A program (3.3.3): the protection of each page of a fresh view. Plain writable pages are shared
 * by all.
 */
struct oracle_image {
	vaddr_t base;
	uint64_t page_count;
	const uint32_t *protections;
};

/* What sections map: a file, a file as an image, or memory of the page file. */
struct oracle_content {
	unsigned references; /* sections and views */
	bool is_file;
	const struct oracle_image *image; /* NULL: bytes as they are */
	bool is_reserve;		  /* pages have to be committed first */
	uint64_t size_bytes;		  /* page file: whole pages */
	uint8_t *bytes[ORACLE_PAGES];
	bool committed[ORACLE_PAGES]; /* is_reserve */
};

struct oracle_section {
	struct oracle_content *content; /* NULL: closed */
	uint64_t size_bytes;
	uint32_t protection;
	bool is_nocache;
	vaddr_t based; /* SEC_BASED: where the system says it is; else 0 */
};

struct oracle_page {
	uint32_t protection; /* as set last; of no meaning while it is reserved */
	bool is_committed;   /* private memory; a mapped page is what its section says */
	bool is_private;     /* mapped: copied on write. bytes are the view's own */
	uint8_t *bytes;
	bool is_marked;		 /* written to since it was watched, or reset (5.8) */
	bool may_be_marked;	 /* a store to it failed half-way */
	uint16_t uncertain_from; /* copied from the end of a file: see oracle_certain_bytes */
};

struct oracle_view {
	vaddr_t start, end;		/* end 0: free entry */
	struct oracle_content *content; /* NULL: private memory */
	page_index_t first_page;
	uint32_t allocation_protect;
	bool is_stack;
	bool is_physical;
	bool is_watched;
	bool is_placeholder;  /* keeps the place */
	bool was_placeholder; /* took the place of one */
	bool is_frozen;	      /* MEM_NO_CHANGE */
	bool was_copy; /* has had a page that is copied on write: the promise may cover all of it */
	struct oracle_page *pages;
};

struct oracle_space {
	struct oracle_view views[ORACLE_VIEWS];
};

/* How a call must end. */
struct oracle_expectation {
	NTSTATUS status;
	NTSTATUS other; /* as good as status: where nt-semantics.md leaves the order open */
	uint64_t charge_min, charge_max; /* pages of commit that success takes */
	uint64_t disk_blocks;		 /* of the RAM disk */
};

/* ---- look-up ---- */

struct oracle_view *oracle_find(struct oracle_space *space, vaddr_t va);
uint64_t oracle_view_pages(const struct oracle_view *view);
unsigned oracle_view_count(const struct oracle_space *space);
bool oracle_is_free(struct oracle_space *space, vaddr_t start, vaddr_t end);
/* A place for a view below `limit`, the lowest or the highest, or 0. */
vaddr_t oracle_place(struct oracle_space *space, uint64_t size, vaddr_t limit, bool top_down);
/* True when all of [start, end) has entries, so that the oracle can tell its pages apart. */
bool oracle_knows(struct oracle_space *space, vaddr_t start, vaddr_t end);
/* 3.4.3: addresses must be below *limit; false: not a legal value. */
bool oracle_zero_bits(uint64_t zero_bits, vaddr_t *limit);

/* ---- sections and files ---- */

/* image: what the file is if it is a program. */
struct oracle_expectation oracle_expect_section(const struct section_request *request,
						const struct oracle_content *file,
						const struct oracle_image *image);
/* file: the file's content or its image's; NULL: of the page file. */
void oracle_section_created(struct oracle_section *section, const struct section_request *request,
			    struct oracle_content *file);
void oracle_section_closed(struct oracle_section *section);
void oracle_file_resized(struct oracle_content *file, uint64_t size_bytes);
/* The page's bytes to write to, or (for reading) maybe NULL: zeros. */
uint8_t *oracle_content_page(struct oracle_content *content, page_index_t page, bool write);

/* ---- views and memory ---- */

struct oracle_expectation oracle_expect_map(struct oracle_space *space,
					    const struct oracle_section *section,
					    const struct map_request *request);
void oracle_mapped(struct oracle_space *space, const struct oracle_section *section,
		   const struct map_request *request, vaddr_t start, uint64_t size);
void oracle_unmapped(struct oracle_view *view);

struct oracle_expectation oracle_expect_allocate(struct oracle_space *space, vaddr_t base,
						 uint64_t zero_bits, uint64_t size, uint32_t type,
						 uint32_t protection);
/* With MEM_REPLACE_PLACEHOLDER it takes the place of what stands there. */
void oracle_reserved(struct oracle_space *space, vaddr_t start, uint64_t size, uint32_t type,
		     uint32_t protection);
void oracle_committed(struct oracle_view *view, vaddr_t start, vaddr_t end, uint32_t protection);
struct oracle_expectation oracle_expect_free(struct oracle_space *space, vaddr_t base,
					     uint64_t size, uint32_t type);
void oracle_decommitted(struct oracle_view *view, vaddr_t start, vaddr_t end);
void oracle_released(struct oracle_space *space, struct oracle_view *view, vaddr_t start,
		     vaddr_t end);
/* MEM_PRESERVE_PLACEHOLDER: what is left of `view`, and a placeholder in the range. */
void oracle_preserved(struct oracle_space *space, struct oracle_view *view, vaddr_t start,
		      vaddr_t end);
/* MEM_COALESCE_PLACEHOLDERS */
void oracle_coalesced(struct oracle_space *space, vaddr_t start, vaddr_t end);
struct oracle_expectation oracle_expect_protect(struct oracle_space *space, vaddr_t base,
						uint64_t size, uint32_t protection);
void oracle_protected(struct oracle_view *view, vaddr_t start, vaddr_t end, uint32_t protection);
/* What NtProtectVirtualMemory and NtQueryVirtualMemory say of a committed page. */
uint32_t oracle_protection(const struct oracle_view *view, vaddr_t va);
NTSTATUS oracle_query(struct oracle_space *space, vaddr_t va,
		      struct nt_memory_basic_information *result);
/* 5.8: the range lies in one watched allocation. */
struct oracle_expectation oracle_expect_watch(struct oracle_space *space, vaddr_t start,
					      vaddr_t end);
/* 5.10. limit: the lowest committed byte. */
void oracle_stack_allocated(struct oracle_space *space, vaddr_t start, vaddr_t limit, vaddr_t end);
void oracle_space_destroyed(struct oracle_space *space);

/* Pages that the calls so far must have promised, and may have. */
void oracle_commit(struct oracle_space *spaces, const struct oracle_section *sections,
		   size_t section_count, uint64_t *lowest, uint64_t *highest);

/* ---- bytes: accesses within one page ---- */

/* The status a program gets. Changes nothing. */
NTSTATUS oracle_expect_access(struct oracle_space *space, vaddr_t va, enum access access);
/*
 * The access was made and ended with `status`: a guard goes, a stack grows, a write makes its copy.
 * => returns: after success the page's bytes; NULL is zeros, only when reading.
 */
uint8_t *oracle_accessed(struct oracle_space *space, vaddr_t va, enum access access,
			 NTSTATUS status);
/*
 * How many bytes of the page are known. Behind the end of a file a view shows zeros, or what was
 * stored there, until the page leaves memory (8.1).
 */
size_t oracle_certain_bytes(struct oracle_space *space, vaddr_t va);
/* A store that failed for want of something may have left its mark (5.8). */
void oracle_may_mark(struct oracle_space *space, vaddr_t va, enum access access);
/* The page will tell of the next access; on a stack it grows silently. */
bool oracle_is_guard(struct oracle_space *space, vaddr_t va);

/* ---- for the files of the oracle ---- */

/* Pages of a view that the oracle keeps account of. */
uint64_t oracle_known_pages(const struct oracle_view *view);
struct oracle_page *oracle_page_at(const struct oracle_view *view, vaddr_t va);
bool oracle_is_copy(uint32_t protection);
