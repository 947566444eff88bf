/*
 * model.h - what sections, views, private memory and handles do, as arrays and loops: an executable
 * nt-semantics.md, whose sections the comments number. "chosen" marks what it leaves open and our
 * manual pages decide. Nothing but NT's constants is shared with the kernel.
 *
 * The addresses of a process are an array of pages, the arena; all others are taken, but for the
 * low 64 KiB, which are free. The content of a page is the bytes at a few offsets. Counts and
 * lifetimes are not kept but looked up: a section lives while a handle or a view names it.
 */
#pragma once

#include "nt/ntmm.h"
#include "nt/ntob.h"
#include "nt/ntps.h"
#include "nt/ntstatus.h"

#define MODEL_PAGE 0x1000ull
#define MODEL_GRANULE 0x10000ull
#define MODEL_HIGHEST 0x7FFFFFFEFFFFull /* the last address of a process */
#define MODEL_ARENA 0x1FFC0000ull	/* crosses 0x20000000, the limit of three zero bits */
#define MODEL_PAGES 192
#define MODEL_ARENA_END (MODEL_ARENA + MODEL_PAGES * MODEL_PAGE)
#define MODEL_OFFSETS 5	 /* bytes of a page that have a value here */
#define MODEL_ANY 0x100u /* a byte that nobody promises */
#define MODEL_PROCESSES 3
#define MODEL_CLONE 2 /* the process that comes and goes */
#define MODEL_HANDLES 32
#define MODEL_FILES 3
#define MODEL_SECTIONS 96
#define MODEL_SECTION_PAGES 24
#define MODEL_COMMIT_LIMIT (1ull << 32) /* bytes: more than any machine under test can promise */

/* Names of sections: 0 is none, 1 to 3 are good ones, and these. */
enum { NAME_OF_DIRECTORY = 4, NAME_WITHOUT_PARENT, NAME_WITHOUT_BACKSLASH };

struct model_bytes {
	uint16_t at[MODEL_OFFSETS];
};

/* What views of a section show: zeros of its own, or a file. */
struct model_content {
	uint64_t size;
	struct model_bytes page[MODEL_SECTION_PAGES];
	bool committed[MODEL_SECTION_PAGES]; /* of SEC_RESERVE */
};

struct model_section {
	uint32_t name, protect, attributes;
	int file; /* -1: none */
	uint64_t size;
	struct model_content own;
};

struct model_page {
	int owner;	     /* the first page of its allocation; -1: free */
	bool committed;	     /* private memory; in a view the section decides */
	bool copied, locked; /* copied: a page of a view that was copied on write */
	uint32_t protect;
	struct model_bytes own; /* of private memory and copied pages */
};

struct model_allocation {
	int page_count, section, section_page; /* section -1: private memory */
	int promised;			       /* pages, for copies on write */
	uint32_t protect;		       /* as asked for */
	bool inherited, frozen, grows;	       /* ViewShare, SEC_NO_CHANGE, MEM_RESERVE */
};

enum model_type { TYPE_NONE, TYPE_PROCESS, TYPE_SECTION, TYPE_FILE };

struct model_handle {
	enum model_type type; /* TYPE_NONE: an empty place */
	uint64_t value;
	int object, file; /* number of the process, the section, the opening; of its file */
	uint32_t access, attributes;
};

extern struct model {
	struct model_process {
		struct model_page page[MODEL_PAGES];
		struct model_allocation made[MODEL_PAGES]; /* at the number of its first page */
		struct model_handle handle[MODEL_HANDLES];
	} process[MODEL_PROCESSES];
	struct model_section section[MODEL_SECTIONS];
	struct model_content file[MODEL_FILES];
	int openings;
} model;
extern const uint16_t model_offsets[MODEL_OFFSETS];

/*
 * The system calls, by the functions that model them. access: the program's own load, store or
 * fetch; copy: NtReadVirtualMemory, NtWriteVirtualMemory; their type is one of MODEL_READS, ...
 */
enum { MODEL_READS = 1, MODEL_WRITES = 2, MODEL_EXECUTES = 4 };
#define MODEL_CALLS(CALL) \
	CALL(create_section) \
	CALL(open_section) \
	CALL(query_section) \
	CALL(extend_section) \
	CALL(close) \
	CALL(duplicate) \
	CALL(query_handle) \
	CALL(open_file) \
	CALL(read_file) \
	CALL(write_file) \
	CALL(cut_file) \
	CALL(map) \
	CALL(unmap) \
	CALL(allocate) \
	CALL(free) \
	CALL(protect) \
	CALL(lock) \
	CALL(unlock) \
	CALL(query) \
	CALL(clone) \
	CALL(access) \
	CALL(copy) \
	CALL(promised)

#define CALL(name) CALL_##name,
enum model_kind { MODEL_CALLS(CALL) MODEL_KINDS };
#undef CALL

struct model_call {
	enum model_kind kind;
	unsigned caller;	  /* the number of the calling process */
	uint64_t handle, process; /* of a section, a file, what is duplicated; whose memory */
	uint64_t other;		  /* target process, file of a section */
	uint64_t base, size;	  /* in, out; size is also the length of a query's buffer */
	uint64_t offset, zero_bits, commit;
	uint32_t access, attributes, type, protect, number; /* number: name, file, class, inherit */
	/* What the system under test chose, where NT leaves a choice: an address, a handle. */
	uint64_t chosen;
	uint64_t answer[6]; /* out */
};

/* Files of these sizes, whose bytes are model_file_byte, and processes with nothing. */
void model_reset(const uint64_t file_sizes[MODEL_FILES]);
uint8_t model_file_byte(uint64_t offset);
/* => returns: what NT would; base, size and answer as NT would leave them. */
NTSTATUS model_run(struct model_call *call);
/* The byte at that place; MODEL_ANY where there is none. */
uint16_t model_byte(unsigned process, uint64_t address);
uint16_t model_file_byte_now(int file, uint64_t offset);
struct model_handle *model_handle_find(unsigned process, uint64_t value);

/* ---- between the model's files ---- */

/* One rule a line, in the order in which they are asked. */
#define REFUSE(status, condition) \
	do { \
		if (condition) \
			return status; \
	} while (0)
#define TRY(call) \
	do { \
		NTSTATUS status_ = call; \
		if (!NT_SUCCESS(status_)) \
			return status_; \
	} while (0)
#define CALL(name) NTSTATUS model_##name(struct model_call *call);
MODEL_CALLS(CALL)
#undef CALL
NTSTATUS model_resolve(struct model_call *call, uint64_t value, enum model_type type,
		       uint32_t access, int *object);
NTSTATUS model_give(int process, struct model_handle handle);
bool model_section_lives(int section);
void model_process_clear(int process);
/* Bytes [from, end) of a page. */
void model_fill(struct model_bytes *page, uint64_t from, uint64_t end, uint16_t byte);

/* The pages that a range touches, and the allocation (NULL: none) that holds the first one. */
struct model_range {
	struct model_process *process;
	struct model_page *page;
	struct model_allocation *made;
	int first, end; /* the end may lie behind the arena */
	int made_first, made_end;
};

struct model_range model_range_of(int process, uint64_t base, uint64_t size);
NTSTATUS model_range_find(struct model_call *call, uint32_t access, struct model_range *range);
void model_answer_range(struct model_call *call, const struct model_range *range);
bool model_goes_beyond(const struct model_call *call);
unsigned model_rights(uint32_t protect);
bool model_copies(uint32_t protect);
uint32_t model_protection(const struct model_page *page);
struct model_content *model_content_of(struct model_process *process, int i, int *at);
bool model_is_committed(struct model_process *process, int i);
