/*
 * mm.h - what the rest of the kernel may ask of the virtual memory. Contracts only; structures are
 * in types.h.
 *
 * Unless said otherwise: no lock may be held on entry, none is held on return, and the function may
 * sleep.
 */
#pragma once

#include "types.h"

struct boot_info;

/*
 * Builds the frame database from the memory map, and the pool on top of it. `frame_cap` 0: all RAM.
 * Boot only.
 */
void mm_init(const struct boot_info *info, uint64_t frame_cap);
/* Gives back the memory of kind BOOT_MEMORY_LOADER; `info` is gone afterwards. Boot only. */
void mm_free_loader_memory(void);

/* ---- address spaces ---- */

NTSTATUS space_create(struct address_space **result) MUST_CHECK;
/* Unmaps everything and frees the tables. No thread runs in the space any more. */
void space_destroy(struct address_space *space);

/*
 * Makes `to`, a new space nobody else knows, a copy of `from`: private memory with its content,
 * views mapped with ViewShare on the same section at the same address with the pages they have
 * copied on write; views mapped with ViewUnmap are left out. Commit is charged view by view before
 * the first page is copied. Which views there are is of one moment, a page's content that of its
 * copy; a page that `from` gives up in between is in `to` as it was born. (clone.c)
 * => locks: none held; `from` may be in use. => returns: STATUS_COMMITMENT_LIMIT, STATUS_NO_MEMORY,
 *    STATUS_INSUFFICIENT_RESOURCES: `to` is then good only for space_destroy.
 */
NTSTATUS space_clone(struct address_space *from, struct address_space *to) MUST_CHECK;

/* ---- sections (nt-semantics 3.1, 3.3) ---- */

extern struct object_type section_type;

struct section_request {
	struct file_node *file; /* NULL: page file */
	access_mask_t
		/* granted to the file handle: FILE_READ_DATA, FILE_WRITE_DATA, FILE_EXECUTE */
		file_access;
	uint64_t size_bytes; /* 0: the file's size */
	uint32_t protection; /* PAGE_* */
	uint32_t attributes; /* SEC_* */
};

/* Steps 1-6 and 9 of table 3.1.1: checks of values alone, made before pointers are probed. */
NTSTATUS section_check_values(uint32_t protection, uint32_t attributes, bool has_file) MUST_CHECK;

/* The rest of the table. *result: a new object with one reference; no name, no handle. */
NTSTATUS section_create(const struct section_request *request, struct section **result) MUST_CHECK;

/* ---- views (nt-semantics 3.4, 3.8) ---- */

struct map_request {
	struct section *section;
	access_mask_t granted; /* of the section handle: gate 4.2 */
	vaddr_t base;	       /* in: 0 = choose; out: where */
	uint64_t zero_bits;
	uint64_t commit_bytes;
	uint64_t offset_bytes;
	uint64_t size_bytes; /* in: 0 = to the end; out: rounded */
	enum section_inherit inherit;
	uint32_t allocation_type;
	uint32_t protection;
};

/*
 * Rows 1-8 of table 3.4.1 that need neither handles nor memory (order: inherit, type, protection,
 * addresses, zero bits).
 */
NTSTATUS map_check_values(const struct map_request *request) MUST_CHECK;
/* Row 10's rights (4.2): those the handle needs for this protection. */
access_mask_t map_required_access(uint32_t protection);
/*
 * Rows 11-20. => returns: also STATUS_IMAGE_NOT_AT_BASE (success). base and size_bytes are written
 * on success only.
 */
NTSTATUS view_map(struct address_space *space, struct map_request *request) MUST_CHECK;
NTSTATUS view_unmap(struct address_space *space, vaddr_t address) MUST_CHECK;

/* ---- memory calls (nt-semantics 5.1-5.4). In/out parameters are written on success only. ---- */

NTSTATUS memory_allocate_check(vaddr_t base, uint64_t zero_bits, uint64_t size_bytes, uint32_t type,
			       uint32_t protection) MUST_CHECK;
NTSTATUS memory_allocate(struct address_space *space, vaddr_t *base, uint64_t zero_bits,
			 uint64_t *size_bytes, uint32_t type, uint32_t protection) MUST_CHECK;
NTSTATUS memory_free(struct address_space *space, vaddr_t *base, uint64_t *size_bytes,
		     uint32_t type) MUST_CHECK;
NTSTATUS memory_protect(struct address_space *space, vaddr_t *base, uint64_t *size_bytes,
			uint32_t protection, uint32_t *old_protection) MUST_CHECK;
/* `address` <= USER_HIGHEST_ADDRESS + 64 KiB; see nt-semantics 5.4 for the order of checks. */
NTSTATUS memory_query(struct address_space *space, vaddr_t address,
		      struct nt_memory_basic_information *result) MUST_CHECK;
NTSTATUS memory_query_page(struct address_space *space, vaddr_t address,
			   struct quire_memory_page *result) MUST_CHECK;
/*
 * The file mapped at `address` ("\bin\hello.exe") and the offset from the view's start; false if
 * there is none. For reports.
 */
bool memory_describe(struct address_space *space, vaddr_t address, char *name, size_t capacity,
		     uint64_t *offset);

/* A valid PAGE_* word: one base bit, at most one modifier (C8). */
bool protection_is_valid(uint32_t protection);

/* ---- page faults: see fault.c ---- */

NTSTATUS mm_fault(struct address_space *space, vaddr_t address, enum access access,
		  bool from_user) MUST_CHECK;

/* ---- files through their data segment: NtReadFile and NtWriteFile ---- */

/*
 * Opens the file's data segment for as long as the caller keeps it: every open file object holds
 * one, so that reads and views meet in the same frames. Release writes dirty pages back when it is
 * the last reference.
 */
NTSTATUS file_segment_acquire(struct file_node *file, struct segment **result) MUST_CHECK;
void segment_reference(struct segment *segment);
void segment_release(struct segment *segment);

/*
 * Copies between the file at offset_bytes and user memory of the current process. *transferred is
 * always written.
 * => returns: STATUS_SUCCESS (reads may be short at the end of the file), STATUS_END_OF_FILE (read
 *    at or beyond the end),
 *    STATUS_ACCESS_VIOLATION (buffer), STATUS_IN_PAGE_ERROR, STATUS_DISK_FULL.
 */
NTSTATUS file_segment_read(struct segment *segment, uint64_t offset_bytes, vaddr_t buffer,
			   uint64_t size_bytes, uint64_t *transferred) MUST_CHECK;
NTSTATUS file_segment_write(struct segment *segment, uint64_t offset_bytes, vaddr_t buffer,
			    uint64_t size_bytes, uint64_t *transferred) MUST_CHECK;
/* The same into kernel memory, at most PAGE_SIZE bytes, zeros beyond the end. */
NTSTATUS file_segment_read_kernel(struct segment *segment, uint64_t offset_bytes, void *buffer,
				  size_t size_bytes) MUST_CHECK;

/*
 * Copies between kernel memory and user memory of any space (it need not be current), faulting
 * pages in. For process start and the read/write-memory calls. The range must lie in user space.
 * => returns: STATUS_SUCCESS, STATUS_PARTIAL_COPY (*done tells how far, may be NULL).
 */
NTSTATUS space_read(struct address_space *space, vaddr_t from, void *to, size_t size_bytes,
		    size_t *done) MUST_CHECK;
NTSTATUS space_write(struct address_space *space, vaddr_t to, const void *from, size_t size_bytes,
		     size_t *done) MUST_CHECK;

/*
 * A user stack: reserve_bytes reserved, the top commit_bytes committed, a guard page below them
 * that moves down as the stack grows (nt-semantics 5.10). Sizes are rounded. Outputs: the lowest
 * address of the reservation, the lowest committed address, and the end.
 */
NTSTATUS stack_allocate(struct address_space *space, uint64_t reserve_bytes, uint64_t commit_bytes,
			vaddr_t *allocation_base, vaddr_t *limit, vaddr_t *base) MUST_CHECK;

/* ---- kernel stacks ---- */

#define KERNEL_STACK_BYTES (4 * PAGE_SIZE)
/* Lowest usable byte of a stack with an unmapped guard page below it, or NULL. */
void *kernel_stack_alloc(void);
void kernel_stack_free(void *stack);
/* Page tables of the stacks' area: they stay once made, so a balance leaves them out. */
uint64_t kernel_stack_table_frames(void);

/* ---- accounting ---- */

void mm_memory_information(
	struct quire_memory *result); /* the fields that the VM knows; others stay */
void mm_space_information(struct address_space *space,
			  struct quire_fault_counts *result); /* all but handles */

/* Bytes of RAM that hold the frame database. */
uint64_t mm_frame_database_bytes(void);

/* What a leak would change: compared before and after each test program. */
struct mm_balance {
	uint64_t frames_in_use; /* all but free, zeroed and standby */
	uint64_t pool_bytes, commit_pages, views, segments;
};
void mm_balance_read(struct mm_balance *balance);

/*
 * A number of all that a program can observe of the space but the content of memory: views,
 * regions, protections, commit. Equal spaces have equal numbers. (space_hash.c)
 */
uint64_t space_hash(struct address_space *space);

/* Recounts everything and panics with the number of the invariant that does not hold (check.c). */
void mm_check(void);
