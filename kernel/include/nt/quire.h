/*
 * quire.h - what Quire adds to NT's information classes. User programs include this file too, so it
 * needs nothing but stdint; on Wine and Windows the classes do not exist
 * (STATUS_INVALID_INFO_CLASS), and programs say so and go on.
 */
#pragma once

#include <stdint.h>

/* The class of a fault: how it ended (design section 8). */
enum quire_fault_class {
	QUIRE_FAULT_DEMAND_ZERO,   /* a page of zeros was made */
	QUIRE_FAULT_FILE,	   /* the page was read from a file or the page file */
	QUIRE_FAULT_COPY_ON_WRITE, /* a private copy was made */
	QUIRE_FAULT_SOFT,	   /* the page was in memory, mapped by nobody (transition) */
	QUIRE_FAULT_SHARED,	   /* the page was in memory, mapped by somebody else */
	QUIRE_FAULT_GUARD,	   /* a guard page */
	QUIRE_FAULT_PROTECTION,	   /* refused by the page's protection */
	QUIRE_FAULT_NO_VIEW,	   /* refused: no view, or not committed */
	/* any of the above, taken while the kernel copied user memory (counted besides) */
	QUIRE_FAULT_KERNEL_COPY,
	QUIRE_FAULT_SPURIOUS,	   /* nothing to do: the translation was already right */
	QUIRE_FAULT_IN_PAGE_ERROR, /* the page could not be read */
	QUIRE_FAULT_LARGE,	   /* a large page was mapped, 512 pages at once */
};
#define QUIRE_FAULT_CLASSES 12

/* NtQueryInformationProcess: faults of a process by class. */
#define QUIRE_PROCESS_FAULT_COUNTS 0x51554900
struct quire_fault_counts {
	uint64_t by_class[QUIRE_FAULT_CLASSES];
	uint64_t resident_pages, table_frames, commit_pages, handles;
};

/* NtQuerySystemInformation: memory by use. All counts of pages unless said otherwise. */
#define QUIRE_SYSTEM_MEMORY 0x51554901
struct quire_memory {
	uint64_t frames_total,
		frames_kernel_start; /* RAM; frames in use when the first program started */
	uint64_t free, zeroed, held, reading, active, standby, modified, writing, table,
		kernel; /* sum = frames_total */
	uint64_t commit, commit_limit, commit_peak;
	uint64_t pool_bytes, pool_pages, pool_blocks;
	uint64_t views, segments, handles, processes, threads;
	uint64_t page_reads, page_writes; /* transfers of the RAM disk */
	uint64_t faults[QUIRE_FAULT_CLASSES];
};

/* NtQuerySystemInformation: the processes, an array. */
#define QUIRE_SYSTEM_PROCESSES 0x51554902
struct quire_process_entry {
	uint64_t id, parent_id;
	uint64_t threads, handles, views, resident_pages, commit_pages, faults;
	uint64_t run_ticks; /* TSC */
	char name[32];	    /* last part of the image's path */
};

/* NtQueryInformationProcess: its handles, an array (the shell's `handles`). */
#define QUIRE_PROCESS_HANDLES 0x51554903
struct quire_handle_entry {
	uint64_t handle;
	uint32_t granted_access, attributes;
	char type[16];
	char name[104];
};

/*
 * NtQuerySystemInformation: runs mm_check; the buffer receives the frames, pool, handles and commit
 * in use. It waits till all other threads wait or are stopped, 0.1 s at most: STATUS_DEVICE_BUSY.
 */
#define QUIRE_SYSTEM_CHECK 0x51554904
struct quire_balance {
	uint64_t frames_in_use; /* all but free, zeroed, standby, and those of the kernel's pool */
	uint64_t pool_bytes;
	uint64_t handles; /* of all processes */
	uint64_t commit_pages;
};

/* NtQuerySystemInformation: the kernel command line, as text. */
#define QUIRE_SYSTEM_COMMAND_LINE 0x51554905

/* NtQueryVirtualMemory: the frame behind a page, for tests of sharing. */
#define QUIRE_MEMORY_PAGE 0x51554906
struct quire_memory_page {
	uint64_t
		/*
		 * equal for two addresses exactly when they share a frame; 0: not resident. Not an
		 * address
		 */
		frame_identity;
	uint32_t is_valid, is_writable, is_private, shares;
	uint32_t is_uncached, is_write_combining;
	uint32_t is_large, reserved; /* part of a large page: shares are then its */
};

/* NtQuerySystemInformation: pages between memory and the disk, since the start. */
#define QUIRE_SYSTEM_PAGING 0x51554907
struct quire_paging {
	uint64_t trimmed; /* pages taken out of working sets */
	uint64_t evicted; /* frames taken away from the page they cached */
	uint64_t pagefile_slots, pagefile_used, pagefile_peak;
	uint64_t pages_in;		  /* read, of files and of the page file */
	uint64_t pages_read_ahead;	  /* of them: not asked for, neighbours of one that was */
	uint64_t pages_out;		  /* written, to files and to the page file */
	uint64_t collided;		  /* faults that waited for somebody else's read */
	uint64_t write_failures;	  /* pages that could not be written, and were kept */
	uint64_t disk_reads, disk_writes; /* requests to the disk */
	uint64_t disk_pages_read, disk_pages_written;
	uint64_t disk_errors;  /* requests that failed */
	uint64_t zeroed_idle;  /* pages zeroed while the CPU was idle */
	uint64_t zeroed_found; /* pages of zeros asked for that had been zeroed before */
};

/*
 * Failures on purpose, in the debug kernel alone. A point is a place in the kernel where something
 * may be refused.
 */
enum quire_fail_kind {
	QUIRE_FAIL_POOL,	  /* a block of the kernel's pool */
	QUIRE_FAIL_POOL_PAGE,	  /* a page for the pool: then no block either */
	QUIRE_FAIL_FRAME,	  /* a page frame (page tables are frames), after all was tried */
	QUIRE_FAIL_FRAME_AT_ONCE, /* a page frame at the first look: its user can go on otherwise */
	QUIRE_FAIL_COMMIT,	  /* a charge of commit */
	QUIRE_FAIL_HANDLE,	  /* an entry of a handle table */
	QUIRE_FAIL_SLOT,	  /* slots of the page file */
	QUIRE_FAIL_BLOCK,	  /* a block of the disk, for a file that grows */
	QUIRE_FAIL_COPY_IN,	  /* a copy from the user's memory */
	QUIRE_FAIL_COPY_OUT,	  /* a copy to it */
	QUIRE_FAIL_READ,	  /* a request to the disk: STATUS_DEVICE_DATA_ERROR */
	QUIRE_FAIL_WRITE,
	QUIRE_FAIL_SHORT, /* either: half of it moved, and STATUS_UNEXPECTED_IO_ERROR */
};
#define QUIRE_FAIL_KINDS 13

/*
 * NtSetSystemInformation: a plan of failures for a thread. Counts begin at 1 with the next point of
 * these kinds that the thread meets. The first plan starts the recording of call chains for all
 * threads of programs. These calls themselves meet no points.
 */
#define QUIRE_SYSTEM_FAILURES 0x51554909
#define QUIRE_FAIL_FRESH 0xFFFFFFFFu /* first, second: the next in a call chain that never failed */
struct quire_failure_plan {
	uint64_t thread;	/* a handle, of a thread that does not run; 0: the caller */
	uint32_t kinds;		/* a bit for each; 0: the plan ends, and can be looked at */
	uint32_t first, second; /* second: counted from the first; 0: none */
	uint32_t forget;	/* 1: the recording begins anew */
};
/* NtQuerySystemInformation: this, and behind it as many chains that never failed as fit. */
struct quire_failures {
	uint32_t reached; /* the caller's plan: points met */
	uint32_t failed;  /* of them */
	uint32_t fresh;	  /* met after the last failure, in call chains that never failed */
	uint32_t kinds;	  /* of the failures: a bit for each */
	uint64_t total;	  /* failures of all threads since the start */
	uint32_t chains_seen, chains_failed;
	uint32_t chains_lost, reserved; /* there was no room to record them */
};
struct quire_failure_chain {
	uint32_t kind, seen;
	char calls[248]; /* functions, the innermost first */
};

/*
 * NtSetSystemInformation: how the disk behaves from now on. The meanings are those of the knobs;
 * counts begin at 1 with the next request. NtQuerySystemInformation: what was set last.
 */
#define QUIRE_SYSTEM_DISK 0x51554908
#define QUIRE_DISK_MAX_US 10000000u /* ten seconds: the longest of either time */
struct quire_disk {
	uint64_t request_us, page_us;	/* of virtual time */
	uint64_t fail_read, fail_write; /* 0: none */
	uint64_t bad_block, bad_count;	/* in blocks of 4 KiB from the start of the disk */
	uint64_t end_short;		/* of reads and writes together; 0: none */
};

/*
 * An interrupt at a chosen instruction, with the debug kernel under -icount.
 * NtSetSystemInformation: it is to come after so many instructions. NtQuerySystemInformation: where
 * it came; one that has not come yet will not come any more.
 */
#define QUIRE_SYSTEM_SWEEP 0x5155490A
struct quire_sweep {
	uint32_t after;	 /* instructions from the middle of this call on; above 0 */
	uint32_t is_nmi; /* 0: an interrupt, which waits until it is enabled */
	uint64_t event;	 /* handle of one that the interrupt sets; 0: none. No NMI sets any */
};
/* What a thread in the kernel sleeps for. */
enum quire_wait_reason {
	QUIRE_WAIT_UNNAMED, /* nothing in the kernel: tests of the scheduler */
	QUIRE_WAIT_OBJECT,
	QUIRE_WAIT_TIME,
	QUIRE_WAIT_ALERT,	/* NtWaitForAlertByThreadId */
	QUIRE_WAIT_STOPPED,	/* suspended */
	QUIRE_WAIT_FILE_OBJECT, /* its turn to transfer through a file handle */
	QUIRE_WAIT_LONG_TEXT,	/* the one buffer for long names */
	QUIRE_WAIT_MUTEX,
	QUIRE_WAIT_PAGE,       /* that somebody else reads or writes */
	QUIRE_WAIT_CUT_PAGE,   /* the same, of a file that is made shorter */
	QUIRE_WAIT_FRAMES,     /* any free frame */
	QUIRE_WAIT_FILE,       /* a file that somebody else changes */
	QUIRE_WAIT_DISK_TIME,  /* a transfer of its own */
	QUIRE_WAIT_DISK_TURN,  /* an earlier request's end */
	QUIRE_WAIT_SPACE_PINS, /* the last thread of a process: others in its address space */
	QUIRE_WAIT_WORK,       /* a thread of the kernel: something to do */
};
#define QUIRE_WAIT_REASONS 16

struct quire_sweep_result {
	uint32_t has_come, from_user, irq_enabled, reserved;
	uint64_t ticks; /* from the arming to the handler, or to this call */
	uint64_t place; /* next instruction: its address; in the kernel, from its text's start */
	/* since the start: threads that were asleep when they were asked to end, by reason */
	uint64_t ended_asleep[QUIRE_WAIT_REASONS];
};

/*
 * NtQuery- and NtSetSystemInformation, debug kernel alone: with `stacks` each system call starts
 * on a stack that is filled with a marker below it. Freed memory has markers always. What a call
 * returns must have none of them: they are here, four bytes each, for who looks.
 */
#define QUIRE_SYSTEM_MARKERS 0x5155490B
struct quire_markers {
	uint32_t stacks; /* 1: on */
	uint32_t reserved;
};
#define QUIRE_MARKER_POOL 0xDFDFDFDFu  /* a freed block */
#define QUIRE_MARKER_GUARD 0xBDBDBDBDu /* behind a block in use */
#define QUIRE_MARKER_FRAME 0xDEADF4A3u /* a freed frame: every other word of it */
#define QUIRE_MARKER_STACK 0xC5C5C5C5u /* a kernel stack where nothing has been yet */
