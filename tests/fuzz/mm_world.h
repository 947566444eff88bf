/*
 * mm_world.h - fuzz_mm's two sides, the kernel and the oracle, and what its operations share.
 *
 * An input is a string of bytes. Each operation takes a byte that names it and as many as it has
 * parameters; a string that ends early goes on with zeros. A parameter is mostly an index into a
 * table of values worth trying, or into what exists by then (views, sections), so that nearly every
 * string is a sensible program.
 */
#pragma once

#include "mm_oracle.h"
#include "tests/sim/sim.h"

#define SECTIONS 6
#define FILES 4
#define IMAGE_FILE 3 /* a program; nobody writes to it */

struct world {
	/* the kernel's side */
	struct address_space *spaces[ORACLE_SPACES];
	unsigned current; /* index of the space that user accesses go to */
	struct section *sections[SECTIONS];
	struct file_node *nodes[FILES];
	struct segment *opens[FILES]; /* NULL: not open */

	/* the oracle's side */
	struct oracle_space oracle_spaces[ORACLE_SPACES];
	struct oracle_section oracle_sections[SECTIONS];
	struct oracle_content *oracle_files[FILES];
};
extern struct world world;

/* ---- input ---- */

void input_begin(const uint8_t *data, size_t size);
bool input_is_empty(void);
uint8_t take(void);
uint16_t take_two(void);
#define TAKE_FROM(table) ((table)[take() % (sizeof(table) / sizeof((table)[0]))])

unsigned take_space(void);
/* Mostly in or near a view of the space. */
vaddr_t take_address(unsigned space);
uint64_t take_size(void);
uint32_t take_protection(void);
uint64_t take_zero_bits(void);

/* ---- words: what happens, for people. Silent unless QUIRE_FUZZ_WORDS is set ---- */

void say(const char *format, ...) PRINTF_LIKE(1, 2);
const char *protection_words(uint32_t protection);
const char *file_name(unsigned file);

/* ---- judging ---- */

/* The next call is about to be made: notes what is free and which failures on purpose are armed. */
void call_begin(void);
/* Failures on purpose since call_begin. */
bool call_lost_allocation(void);
bool call_lost_transfer(void);
/* Memory was, or is, so short that the call may have failed for it. */
bool call_was_short(void);
/* More was promised than there is: a committed page may lack a frame. */
bool call_lacked_memory(void);
/* There was no room, or hardly any, to promise so many pages. */
bool call_promised_too_much(uint64_t pages);
/* Any of these, or no page was left to promise: the call may have stopped in the middle. */
bool call_met_failure(void);
/* Failures on purpose are to come, or memory is scarce: the next call may stop in the middle. */
bool failures_are_near(void);
void fail_allocation_after(unsigned count);
void fail_transfer_after(unsigned count);
void failures_disarm(void);
struct quire_disk;
/* How the device is, and fails, until failures_disarm; its times stay. */
void device_set(const struct quire_disk *settings);

/* ---- shortage: frames that somebody else has ---- */

/* Frames that an allocation can have at once. */
uint64_t frames_available(void);
/* Leaves so few that the next operations have to evict, to write back, to do without. */
void frames_hold(uint64_t left);
void frames_release(void);

/*
 * Ends the run unless `status` is what the oracle wants, or there is a reason for it. => returns:
 * NT_SUCCESS(status).
 */
bool judge(const struct oracle_expectation *want, NTSTATUS status);
_Noreturn void mismatch(const char *format, ...) PRINTF_LIKE(1, 2);

/* ---- the program (mm_image.c) ---- */

const void *image_file_begin(size_t *size);
const struct oracle_image *image_of_file(unsigned file);
/* What image sections map: the one in use, or a fresh one. */
struct oracle_content *image_content(void);

#define TRANSFER_BYTES (20 * PAGE_SIZE) /* the most that one operation moves */

static inline struct oracle_space *oracle_of(unsigned space)
{
	return &world.oracle_spaces[space];
}

static inline struct oracle_space *current_oracle(void)
{
	return oracle_of(world.current);
}

/* Room for two more views: a release in the middle makes one of one. */
static inline bool has_room(unsigned space)
{
	return oracle_view_count(oracle_of(space)) + 2 <= ORACLE_VIEWS;
}

/* The kernel gave up in the middle of an access to a guard page: how far had it come? */
void settle_guard(unsigned space, vaddr_t va);

/* A new view or reservation: its place was free (as the oracle had it) and on a 64 KiB boundary. */
void check_place(unsigned space, bool was_free, vaddr_t start, uint64_t size);
/* "Anywhere" must obey the zero bits, and MEM_TOP_DOWN is the highest place. */
void check_chosen(unsigned space, vaddr_t start, uint64_t size, uint64_t zero_bits, bool top_down);

/* Pages of the space that space_trim would take. */
uint64_t space_pages_to_trim(unsigned space);
/* Ends the run unless the bytes are the oracle's (`page`, NULL: zeros), as far as it knows them. */
void compare_bytes(struct oracle_space *side, vaddr_t va, const uint8_t *seen, const uint8_t *page,
		   size_t size);

/* ---- a machine that pages (mm_paging.c) ---- */

/* Before sim_start: takes knobs from the input. => returns: bytes of disk for the page file. */
uint64_t paging_begin(void);
void paging_attach(void); /* once the disk is there */
void paging_end(void);

/* ---- operations: mm_calls.c, mm_memory.c, mm_watch.c, mm_bytes.c, mm_files.c,
 * mm_paging.c, mm_clone.c ---- */

void create_section(void);
void close_section(void);
void map_view(void);
void unmap_view(void);
void allocate_memory(void);
void free_memory(void);
void protect_memory(void);
void query_memory(void);
void allocate_stack(void);
void recreate_space(void);
void enter_space(void);

void read_watch(void);
void reset_watch(void);

void change_device(void);
void trim_pages(void);
void write_some(void);
void set_limits(void);
void lock_memory(void);
void unlock_memory(void);
void prefetch_pages(void);
void flush_view(void);
void clone_space(void);

void access_memory(void);
void fill_pages(void);
void use_stack(void);
void copy_other_space(void);
void open_or_close_file(void);
void transfer_file(void);
/* Reads every page that both sides can see and compares. */
void verify_bytes(void);
/* Files that nobody uses: their bytes on the disk must be the oracle's. */
void verify_files(void);
/*
 * A write-back failed on purpose while the last user of a file left: takes over what is on the
 * disk.
 */
void forgive_lost_pages(void);
