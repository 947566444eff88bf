/*
 * stress.h - what the files of stress share: the options, the control section, workers and areas.
 *
 *   main.c      options, sizes, starting the processes, the verdict
 *   process.c   one of the processes: its threads
 *   worker.c    a thread: steps, each of which verifies a page
 *   area.c, private.c, shared.c, cow.c, image.c   the kinds of memory
 *   files.c     the two files
 *   page.c      what stands in a page       pick.c   which page is next
 */
#pragma once

#include "native.h"
#include "page.h"
#include "pick.h"

#define MAX_PROCESSES 16u
#define MAX_THREADS 16u
#define SHARED_FILE "C:\\data\\stress1.bin" /* all processes write to it, through views and calls */
#define COPIED_FILE "C:\\data\\stress2.bin" /* nobody writes to it: it is mapped copy-on-write */

/* image: the program's own data, copied when it is written; table: what it only reads */
enum kind { KIND_PRIVATE, KIND_SECTION, KIND_FILE, KIND_COW, KIND_IMAGE, KIND_TABLE, KINDS };
extern const char *const kind_names[KINDS];

struct options {
	uint64_t pages, factor; /* one of them is 0: pages are factor times the frames */
	uint64_t processes, threads, checks, seed;
	uint32_t kinds; /* bit 1 << kind */
};

/* What a thread did. */
struct tally {
	uint64_t verified[KINDS], wrong[KINDS];
	uint64_t calls_failed;
};

/* A page that all processes write to: whoever holds the lock may touch it. */
struct shared_page {
	uint32_t lock, version;
};

/* The control section: all processes map it, the parent fills it in. */
struct control {
	struct options options;
	uint64_t frames; /* that pages compete for, or 0 if unknown */
	/* of one area: shared ones (section, file) are one for all, others one for each thread */
	uint64_t pages[KINDS];
	struct tally tallies[MAX_PROCESSES * MAX_THREADS];
	struct shared_page shared[]; /* the section's pages, then the file's */
};

/* Memory of one kind as a thread sees it. */
struct area {
	enum kind kind;
	uint64_t *base; /* `pages` of PAGE_WORDS words */
	uint64_t pages;
	uint64_t owner, first_index; /* names of the pages: index `first_index` and on */
	bool is_read_only;
	uint32_t *versions;	    /* what each page must hold */
	struct shared_page *shared; /* instead, if it is shared */
	uint32_t first_version;	    /* that a page has when it is mapped anew */
	HANDLE section, file;
	struct pick pick;
};

struct worker {
	struct control *control;
	struct tally *tally;
	unsigned process, thread;
	HANDLE shared_section; /* page-file memory of all processes */
	struct random random;
	struct area areas[KINDS];
	uint64_t *copy; /* a page for system calls to read to and write from */
	unsigned reports;
};

/* ---- process.c, worker.c ---- */

/* `stress child NUMBER CONTROL SECTION`. => returns: success when all threads came to their end. */
NTSTATUS process_main(unsigned process, HANDLE control, HANDLE section);
/* Makes the areas, does its part of the checks, gives the areas back. */
void worker_run(struct worker *worker);

/* ---- area.c ---- */

/* Is the call's status a success? If not it is said and counted; no call here may fail. */
bool call_done(struct worker *worker, const char *call, NTSTATUS status);
static inline uint64_t *area_page(const struct area *area, uint64_t index)
{
	return area->base + index * PAGE_WORDS;
}
uint32_t area_version(const struct area *area, uint64_t index);
/* Verifies the bytes at `page` as page `index` of the area, wherever they were read to. */
void area_verify(struct worker *worker, struct area *area, uint64_t index, const uint64_t *page,
		 const char *how);
/* Writes the next version to `page`, which is the page itself or what a call will put there. */
void area_write_next(struct area *area, uint64_t index, uint64_t *page);
/* Only the holder touches a shared page; others need no lock. */
void area_lock(struct area *area, uint64_t index);
void area_unlock(struct area *area, uint64_t index);
/* Maps all of area->section with `protection`; drops the view. => returns: false if it failed. */
bool area_map(struct worker *worker, struct area *area, ULONG protection);
bool area_unmap(struct worker *worker, struct area *area);
/* Room for the expected versions of an area that is one thread's alone. */
bool area_make_versions(struct worker *worker, struct area *area);
/* Reads the page through NtReadVirtualMemory, or makes it read-only for a moment. */
void area_read_by_call(struct worker *worker, struct area *area, uint64_t index);
void area_protect(struct worker *worker, struct area *area, uint64_t index, ULONG protection);
uint64_t *memory_make(struct worker *worker, uint64_t pages);

/* ---- the kinds ---- */

struct kind_calls {
	/* Makes the area: its pages, owner and section are set. => returns: false if it failed. */
	bool (*open)(struct worker *worker, struct area *area);
	/* Something else than reading and writing, with the page locked. */
	void (*special)(struct worker *worker, struct area *area, uint64_t index);
	void (*close)(struct worker *worker, struct area *area);
};
extern const struct kind_calls private_calls, section_calls, file_calls, cow_calls, image_calls,
	table_calls;

/*
 * Makes both files. In the first, half of the pages are of version 1, the others zeros; in the
 * second all are of version 1.
 */
NTSTATUS files_make(struct control *control);
void files_delete(void);
NTSTATUS file_open_for_stress(HANDLE *file, const char *path);

/* Owners of what all processes see; other pages are owned by kind, process and thread. */
#define SECTION_OWNER 0x5EC710ull
#define FILE_OWNER 0xF11Eull
#define COPIED_OWNER 0xC0B1ull
#define IMAGE_OWNER 0x1346Eull
#define TABLE_OWNER 0x7AB1Eull

#define IMAGE_PAGES 32u /* of each table of the image; a multiple of 16 */

/* ---- options.c, sizes.c ---- */

/* => returns: false after a message. */
bool options_read(struct options *options, int argc, char **argv);
/* Frames for pages, from the system; 0 where it does not tell. */
uint64_t frames_for_pages(void);
/*
 * Divides the pages among the kinds and threads. => returns: false after a message: this system
 * promises less memory than they need.
 */
bool sizes_set(struct control *control);
