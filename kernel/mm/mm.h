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
 * Builds the frame database from the memory map, and the pool on top of it. `frame_limit`: the
 * knob `frames`, the most frames for pages of programs and files; 0: all RAM. Boot only.
 */
void mm_init(const struct boot_info *info, uint64_t frame_limit);
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

/*
 * The rest of the table, in two steps, so that nothing is changed before the name is accepted:
 * section_prepare checks and makes a section that is no longer than its file; section_complete
 * makes the file longer, where that was asked for, and is the last thing that can fail (DISK_FULL).
 * *result: a new object with one reference; no name, no handle. section_create does both.
 */
NTSTATUS section_prepare(const struct section_request *request, struct section **result) MUST_CHECK;
NTSTATUS section_complete(struct section *section,
			  const struct section_request *request) MUST_CHECK;
NTSTATUS section_create(const struct section_request *request, struct section **result) MUST_CHECK;

/* In bytes; an extension may change it at any time. */
uint64_t section_size(struct section *section);

/*
 * NtExtendSection: makes the section *size_bytes long, and its file if that is shorter. What lies
 * in it becomes usable in every extendable view. A size that is not larger changes nothing.
 * *size_bytes: the size afterwards. Not extended are page-file, image, based and read-only sections
 * (a choice: nt-semantics 3.6 gives no statuses).
 * => returns: STATUS_SECTION_NOT_EXTENDED, STATUS_SECTION_TOO_BIG, STATUS_DISK_FULL,
 *    STATUS_INSUFFICIENT_RESOURCES.
 */
NTSTATUS section_extend(struct section *section, uint64_t *size_bytes) MUST_CHECK;

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
	bool is_extended; /* NtMapViewOfSectionEx: placeholders may be replaced */
	/* where it may stand if base is 0; NULL: as zero_bits says */
	const struct memory_requirements *where;
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
/*
 * MEM_PRESERVE_PLACEHOLDER: leaves a placeholder. => returns: also STATUS_CONFLICTING_ADDRESSES
 * (the view did not take the place of one), STATUS_INSUFFICIENT_RESOURCES. (placeholder.c)
 */
NTSTATUS view_unmap_to_placeholder(struct address_space *space, vaddr_t address) MUST_CHECK;

/*
 * NtAreMappedFilesTheSame (3.10). => returns: STATUS_INVALID_ADDRESS, STATUS_CONFLICTING_ADDRESSES,
 * STATUS_NOT_SAME_DEVICE.
 */
NTSTATUS views_compare_files(struct address_space *space, vaddr_t first, vaddr_t second) MUST_CHECK;

/* ---- memory calls (nt-semantics 5.1-5.4). In/out parameters are written on success only. ---- */

NTSTATUS memory_allocate_check(vaddr_t base, uint64_t zero_bits, uint64_t size_bytes, uint32_t type,
			       uint32_t protection) MUST_CHECK;
NTSTATUS memory_allocate(struct address_space *space, vaddr_t *base, uint64_t zero_bits,
			 uint64_t *size_bytes, uint32_t type, uint32_t protection) MUST_CHECK;
/* The same with requirements instead of zero bits; they do not matter where *base is given. */
NTSTATUS memory_allocate_within(struct address_space *space, vaddr_t *base,
				const struct memory_requirements *where, uint64_t *size_bytes,
				uint32_t type, uint32_t protection) MUST_CHECK;
/*
 * The types that only NtAllocateVirtualMemoryEx knows: memory_allocate_within takes them, but
 * memory_allocate_check does not. placeholder_check_type says what may stand beside them.
 * => returns: STATUS_INVALID_PARAMETER (5.1.4). (placeholder.c)
 */
#define MEM_PLACEHOLDERS (MEM_RESERVE_PLACEHOLDER | MEM_REPLACE_PLACEHOLDER)
NTSTATUS placeholder_check_type(uint32_t type, uint32_t protection) MUST_CHECK;
/* Row 1 of table 5.2, before any pointer is touched. */
NTSTATUS memory_free_check_type(uint32_t type) MUST_CHECK;
NTSTATUS memory_free(struct address_space *space, vaddr_t *base, uint64_t *size_bytes,
		     uint32_t type) MUST_CHECK;
NTSTATUS memory_protect(struct address_space *space, vaddr_t *base, uint64_t *size_bytes,
			uint32_t protection, uint32_t *old_protection) MUST_CHECK;
/*
 * Write watches (nt-semantics 5.8). [start, end), whole pages, must lie in one watched allocation:
 * else STATUS_INVALID_PARAMETER. memory_watch_read lists marked pages from *from on, at most
 * `capacity`, and moves *from behind them (`end`: there are no more); memory_watch_reset takes
 * their marks away.
 */
NTSTATUS memory_watch_read(struct address_space *space, vaddr_t *from, vaddr_t end,
			   uint64_t *addresses, uint64_t capacity, uint64_t *count) MUST_CHECK;
NTSTATUS memory_watch_reset(struct address_space *space, vaddr_t start, vaddr_t end) MUST_CHECK;
/*
 * Pages that must stay in memory (nt-semantics 5.6). base and size_bytes are rounded outward, on
 * success.
 * => locks: none. => returns: STATUS_WAS_LOCKED (success), STATUS_INVALID_PARAMETER,
 *    STATUS_ACCESS_VIOLATION, STATUS_INCOMPATIBLE_FILE_MAP, STATUS_WORKING_SET_QUOTA,
 *    STATUS_GUARD_PAGE_VIOLATION and other statuses of a fault; unlocking: STATUS_NOT_LOCKED.
 *    Nothing is locked or unlocked then.
 */
NTSTATUS memory_lock(struct address_space *space, vaddr_t *base, uint64_t *size_bytes) MUST_CHECK;
NTSTATUS memory_unlock(struct address_space *space, vaddr_t *base, uint64_t *size_bytes) MUST_CHECK;
/*
 * Writes the dirty pages of a range of a file's view to the file (nt-semantics 5.5); size 0: to the
 * end of the view. => returns: STATUS_INVALID_PARAMETER_2, STATUS_NOT_MAPPED_VIEW; else *io_status
 * is that of the writes.
 */
NTSTATUS memory_flush(struct address_space *space, vaddr_t *base, uint64_t *size_bytes,
		      NTSTATUS *io_status) MUST_CHECK;
/*
 * Brings pages of files that the range maps into memory, mapping none, as long as memory is plenty.
 * What is not such a page is passed over.
 */
void memory_prefetch(struct address_space *space, vaddr_t start, uint64_t size_bytes);
/* `address` <= USER_HIGHEST_ADDRESS + 64 KiB; see nt-semantics 5.4 for the order of checks. */
NTSTATUS memory_query(struct address_space *space, vaddr_t address,
		      struct nt_memory_basic_information *result) MUST_CHECK;
NTSTATUS memory_query_page(struct address_space *space, vaddr_t address,
			   struct quire_memory_page *result) MUST_CHECK;
/*
 * The further classes of nt-semantics 5.4 (query_view.c, query_residence.c); `address` is of user
 * space. STATUS_INVALID_ADDRESS: nothing that the class is about is there.
 */
NTSTATUS memory_query_region(struct address_space *space, vaddr_t address,
			     struct nt_memory_region_information *result) MUST_CHECK;
NTSTATUS memory_query_image(struct address_space *space, vaddr_t address,
			    struct nt_memory_image_information *result) MUST_CHECK;
/*
 * The file mapped at `address`, "\Device\RamDisk\bin\hello.exe", cut at the capacity (bytes, with
 * the final 0); *length is that of the whole. STATUS_FILE_INVALID: a view of the page file.
 */
NTSTATUS memory_query_file_name(struct address_space *space, vaddr_t address, char *name,
				size_t capacity, size_t *length) MUST_CHECK;
/* The MEMORY_WORKING_SET_* attributes of a page; 0 where nothing is. */
uint64_t memory_query_residence(struct address_space *space, vaddr_t address);
/*
 * Pages in memory from *from on, as MEMORY_WORKING_SET_BLOCKs, at most `capacity`; *from moves
 * behind them. => returns: how many; less than `capacity` at the end of the space.
 */
uint64_t memory_list_residents(struct address_space *space, vaddr_t *from, uint64_t *blocks,
			       uint64_t capacity);
/* Pages of page-file sections that the space's views see and that are committed. */
uint64_t memory_query_shared_commit(struct address_space *space);
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
/* The same at the end of the file, wherever that is then: *offset_bytes. */
NTSTATUS file_segment_append(struct segment *segment, vaddr_t buffer, uint64_t size_bytes,
			     uint64_t *offset_bytes, uint64_t *transferred) MUST_CHECK;

/*
 * Makes the file of a data segment longer (the new bytes are zero); does nothing when it is as long
 * already. For NtExtendSection too: the section's own size is the caller's. (file_change.c)
 * => returns: STATUS_DISK_FULL, STATUS_INSUFFICIENT_RESOURCES, STATUS_SUCCESS.
 */
NTSTATUS file_segment_extend(struct segment *segment, uint64_t size_bytes) MUST_CHECK;

/*
 * Gives the file this size (8.4). The same size and a larger one are always possible.
 * => returns: STATUS_USER_MAPPED_FILE (smaller, while there is a section or view of the file),
 *    STATUS_INVALID_PARAMETER (negative), as file_segment_extend.
 */
NTSTATUS file_segment_resize(struct segment *segment, uint64_t size_bytes) MUST_CHECK;
/* The same for a caller that holds the file (file_hold). */
NTSTATUS file_resize_held(struct segment *segment, uint64_t size_bytes) MUST_CHECK;
/* Writes what is dirty to the disk. => returns: the first error. */
NTSTATUS file_segment_flush(struct segment *segment) MUST_CHECK;

/* Sections and views of a file, not open handles (8.4). */
struct file_users {
	bool data, image;
	bool writer; /* a section, or a view of one, that was made writable */
};
/*
 * To decide something by it, hold the file: only then no section comes. => locks: below
 * RANK_FILE_SEGMENTS.
 */
struct file_users file_users_read(struct file_node *file);

/* The same into kernel memory, at most PAGE_SIZE bytes, zeros beyond the end. */
NTSTATUS file_segment_read_kernel(struct segment *segment, uint64_t offset_bytes, void *buffer,
				  size_t size_bytes) MUST_CHECK;

/*
 * Copies between kernel memory and user memory of any space (it need not be current), faulting
 * pages in. For process start. The range must lie in user space.
 * => returns: STATUS_SUCCESS, or what the page fault ended with (mm_fault): STATUS_NO_MEMORY,
 *    STATUS_IN_PAGE_ERROR, STATUS_ACCESS_VIOLATION, ... *done tells how far, may be NULL.
 */
NTSTATUS space_read(struct address_space *space, vaddr_t from, void *to, size_t size_bytes,
		    size_t *done) MUST_CHECK;
NTSTATUS space_write(struct address_space *space, vaddr_t to, const void *from, size_t size_bytes,
		     size_t *done) MUST_CHECK;
/*
 * The same with user memory of the current process on the other side (nt-semantics 5.7); `space`
 * may be the current one.
 * => locks: none. => may sleep. => returns: STATUS_SUCCESS; STATUS_PARTIAL_COPY; reading, a bad
 *    local buffer is STATUS_ACCESS_VIOLATION. *done (required) tells how far in every case.
 */
NTSTATUS space_read_to_user(struct address_space *space, vaddr_t from, vaddr_t to,
			    size_t size_bytes, size_t *done) MUST_CHECK;
NTSTATUS space_write_from_user(struct address_space *space, vaddr_t to, vaddr_t from,
			       size_t size_bytes, size_t *done) MUST_CHECK;

/*
 * A user stack: reserve_bytes reserved, the top commit_bytes committed, a guard page below them
 * that moves down as the stack grows (nt-semantics 5.10). Sizes are rounded. Outputs: the lowest
 * address of the reservation, the lowest committed address, and the end.
 */
NTSTATUS stack_allocate(struct address_space *space, uint64_t reserve_bytes, uint64_t commit_bytes,
			vaddr_t *allocation_base, vaddr_t *limit, vaddr_t *base) MUST_CHECK;

/* ---- working sets ---- */

/*
 * How many pages a process is to have in memory. Without `hard`, minimum and maximum say whom to
 * trim first when memory is short; a hard minimum is never gone below, a hard maximum never above:
 * the process gives up a page for each that it gets.
 */
struct working_set_limits {
	uint64_t minimum_pages, maximum_pages; /* minimum <= maximum */
	bool hard_minimum, hard_maximum;
};

/*
 * Sets the limits; what is above a hard maximum is trimmed at once.
 * => returns: STATUS_BAD_WORKING_SET_LIMIT (minimum above maximum, or a maximum too small to run).
 */
NTSTATUS space_set_limits(struct address_space *space,
			  const struct working_set_limits *limits) MUST_CHECK;
void space_read_limits(struct address_space *space, struct working_set_limits *limits);
/* Trims all that can be trimmed (EmptyWorkingSet). => returns: pages. */
uint64_t space_empty(struct address_space *space);

/* ---- kernel stacks ---- */

#define KERNEL_STACK_BYTES (4 * PAGE_SIZE)
/* Lowest usable byte of a stack with an unmapped guard page below it, or NULL. */
void *kernel_stack_alloc(void);
void kernel_stack_free(void *stack);
/* Page tables of the stacks' area: they stay once made, so a balance leaves them out. */
uint64_t kernel_stack_table_frames(void);
/* Pages of addresses that are left for stacks. */
uint64_t kernel_stack_free_pages(void);

/* ---- accounting ---- */

void mm_memory_information(
	struct quire_memory *result); /* the fields that the VM knows; others stay */
void mm_space_information(struct address_space *space,
			  struct quire_fault_counts *result); /* all but handles */

/* What VM_COUNTERS tells of a space, of one moment. */
struct space_counters {
	uint64_t faults; /* of all classes */
	uint64_t resident_pages, peak_resident_pages, commit_pages, peak_commit_pages;
	uint64_t virtual_bytes, peak_virtual_bytes;
};
void mm_space_counters(struct address_space *space, struct space_counters *result);
/* All faults; those of kernel copies are counted besides, by what they did. */
uint64_t faults_sum(const uint64_t by_class[QUIRE_FAULT_CLASSES]);

/* Pages between memory and the disk. */
void mm_paging_information(struct quire_paging *result);

/* Bytes of RAM that hold the frame database. */
uint64_t mm_frame_database_bytes(void);

/* What a leak would change: compared before and after each test program. */
struct mm_balance {
	/* those of the kernel, tables, pages that are pinned; others come and go with pressure */
	uint64_t frames_in_use;
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
