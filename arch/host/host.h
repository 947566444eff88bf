/*
 * host.h - the machine as a host process: what tests may ask of it beyond arch.h.
 *
 * RAM is one array; a physical address is an offset into it. Page tables stand in that RAM in the
 * very format of arch/pte.h, and a software MMU walks them. There is one CPU and no interrupts:
 * what would be preemption is a call of host_preempt, which tests/sim sets.
 */
#pragma once

#include "arch/arch.h"
#include "kernel/core/upcall.h"
#include "kernel/lib/annotate.h"
#include "nt/ntstatus.h"

/* ---- life of the machine (ram.c) ---- */

/*
 * The first frames are the machine's own; a test's memory map calls them reserved or page tables.
 */
#define HOST_POOL_FRAME ((pfn_t)1) /* virt_to_phys of every pool block: see host_is_pool_block */
#define HOST_ROOT_FRAME ((pfn_t)2) /* arch_kernel_root */
#define HOST_FIRST_FRAME ((pfn_t)3)

/*
 * A machine with frames [0, frame_count), all of them RAM with content 0xA5. Everything of an
 * earlier one is gone.
 */
void host_start(uint64_t frame_count);
void host_stop(void);
/*
 * Makes frames [first, first + count) a hole: phys_to_virt refuses them, and touching them is a
 * host fault.
 */
void host_ram_hole(pfn_t first, uint64_t count);
bool host_frame_exists(pfn_t frame);

/*
 * Where the pool of a test takes its blocks from the host: tells which pointers are such blocks.
 * NULL: none are.
 */
extern bool (*host_is_pool_block)(const void *pointer);

/* ---- the MMU (soft_mmu.c) ---- */

/*
 * One access by the CPU to [va, va + size_bytes), which must lie in one page, through the active
 * space. Sets accessed and dirty bits. => returns: false when it faults; then nothing was
 * transferred.
 */
bool host_mmu_access(vaddr_t va, enum access access, void *buffer, size_t size_bytes);
paddr_t host_active_root(void); /* what arch_space_activate was given last */

struct host_mmu_statistics {
	uint64_t hits, walks, faults, page_flushes, full_flushes;
};
extern struct host_mmu_statistics host_mmu_statistics;
void host_mmu_reset(void);

/* ---- user instructions (user_access.c) ---- */

/*
 * What a user program's load, store or instruction fetch does: access, page fault, upcall, retry,
 * page by page. *done (may be NULL): bytes transferred.
 * => returns: STATUS_SUCCESS or the status that the program would get as an exception.
 */
NTSTATUS host_user_access(vaddr_t va, enum access access, void *buffer, size_t size_bytes,
			  size_t *done) MUST_CHECK;

/* ---- user mode (user_entry.c) ---- */

/*
 * What arch_enter_user runs in place of user code; it must not return. NULL: entering user mode is
 * a panic.
 */
extern void (*host_user_code)(const struct user_entry *entry);
/* The stack pointer in the registers of every user thread, where exceptions and calls are put. */
extern vaddr_t host_user_stack_pointer;
/* Is told where user code would go on instead. NULL: nobody is. */
extern void (*host_user_redirected)(vaddr_t instruction_pointer, vaddr_t stack_pointer);

/* ---- stacks (fiber.c) ---- */

/* Makes the running host stack the stack of `thread`, which becomes the current thread. */
void host_thread_adopt(struct thread *thread);
/*
 * Frees the host stack of a thread that does not run and never will again, or takes the adopted one
 * away.
 */
void host_thread_release(struct thread *thread);

/* ---- going back (snapshot.c) ---- */

/*
 * A snapshot holds the machine's RAM, the program's variables, `heap_bytes` at `heap`, and the
 * stacks of all threads but the current one. Restoring it puts all of them back, on the thread that
 * took it and below the function that did. What is malloc'ed is not in it, nor are variables marked
 * HOST_KEPT. Not under AddressSanitizer, whose shadow is not in it either.
 */
#define HOST_KEPT __attribute__((section("host_kept")))
bool host_snapshot_is_possible(void);
void host_snapshot_take(void *heap, size_t heap_bytes);
void host_snapshot_restore(void);
void host_snapshot_drop(void);

/* For snapshot.c: the RAM (ram.c). A frame is touched when its address was asked for. */
struct host_ram {
	uint8_t *base;
	uint64_t frame_count;
	uint8_t *is_hole, *is_touched; /* one per frame */
	void *stacks;
};
extern struct host_ram host_ram;

/* Likewise (fiber.c): copies the stacks into `to`, or back; => returns: how many bytes. */
size_t host_stacks_copy(uint8_t *store, bool restore);

/* ---- devices (devices.c) ---- */

/*
 * Called where an interrupt could preempt the CPU, before what the point is about; interrupts may
 * be off. NULL: no preemption.
 */
enum host_point {
	HOST_POINT_ACCESS, /* a user program's load, store or fetch */
	HOST_POINT_COPY,   /* the kernel copies from or to the user, a page at a time */
	HOST_POINT_FLUSH,  /* a translation is flushed */
	HOST_POINT_PAGE,   /* a page is zeroed or copied */
};
extern void (*host_preempt)(enum host_point point);

void host_devices_reset(void);
void host_time_advance(uint64_t ticks);
#define HOST_TICKS_PER_SECOND 1000000000ull

/* What was written since the reset, terminated. Only the last 64 KiB are kept. */
const char *host_console_text(enum console_port port);
void host_console_type(enum console_port port,
		       const char *text); /* what arch_console_read returns */
const char *host_last_mark(void);

/* What trap_* read on the host. */
struct trap_frame {
	vaddr_t instruction_pointer, stack_pointer;
};
