/*
 * kasan.h - which memory of the kernel may be touched: the hooks of the allocators.
 *
 * A kernel built with SAN=kasan keeps a byte of shadow for eight bytes of memory and has the
 * compiler look at it before each access. All other kernels, and the host, have empty functions
 * here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct boot_info;

/* Why bytes may not be touched. The first four are gcc's. */
enum shadow_mark {
	SHADOW_STACK_LEFT = 0xF1,
	SHADOW_STACK_MIDDLE = 0xF2,
	SHADOW_STACK_RIGHT = 0xF3,
	SHADOW_STACK_SCOPE = 0xF8, /* a variable whose block has ended */
	SHADOW_GLOBAL = 0xF9,
	SHADOW_POOL = 0xFA, /* around blocks of the pool */
	SHADOW_POOL_FREED = 0xFB,
	SHADOW_FRAME_FREE = 0xFC,
	SHADOW_STACK_FREED = 0xFD,
};

/* Callers that are kept of an allocation or a release: low halves of kernel addresses. */
#define KASAN_CALLERS 6u
struct callers {
	uint32_t addresses[KASAN_CALLERS]; /* 0: no more */
};

#ifdef QUIRE_KASAN

/*
 * Makes room for the shadow in the memory that `info` describes, and checks accesses from now on.
 * => order: before anything else looks at the ranges. Boot only.
 */
void kasan_init(struct boot_info *info);

/* `start` is a multiple of 8. Forbids whole bytes of shadow; allows exactly `size_bytes`. */
void kasan_forbid(const void *start, size_t size_bytes, enum shadow_mark mark);
void kasan_allow(const void *start, size_t size_bytes);

/*
 * A block of the pool begins its life: of `capacity_bytes`, the first `size_bytes` may be touched.
 * Who asked for it is noted in the last bytes, if there is room.
 */
void kasan_block(void *block, size_t capacity_bytes, size_t size_bytes);

/* A page-sized, page-aligned frame belongs to nobody (on a list of free frames), or again to
 * somebody. */
void kasan_frame(const void *memory, bool is_free);

/* Notes who frees these bytes now, for later reports. */
void kasan_note_free(const void *start, size_t size_bytes);

/*
 * Takes a block that the pool's user frees into quarantine, where nobody gets it.
 * => returns: false if there is room for it; else *block and *size_bytes are the block that has
 *    been there longest and is to be freed now.
 */
bool kasan_quarantine(void **block, size_t *size_bytes);

/* Frees all that are in quarantine. */
void kasan_quarantine_empty(void (*block_free)(void *block, size_t size_bytes));

#else

static inline void kasan_init(struct boot_info *info)
{
	(void)info;
}
static inline void kasan_forbid(const void *start, size_t size_bytes, enum shadow_mark mark)
{
	(void)start;
	(void)size_bytes;
	(void)mark;
}
static inline void kasan_allow(const void *start, size_t size_bytes)
{
	(void)start;
	(void)size_bytes;
}
static inline void kasan_block(void *block, size_t capacity_bytes, size_t size_bytes)
{
	(void)block;
	(void)capacity_bytes;
	(void)size_bytes;
}
static inline void kasan_frame(const void *memory, bool is_free)
{
	(void)memory;
	(void)is_free;
}
static inline void kasan_note_free(const void *start, size_t size_bytes)
{
	(void)start;
	(void)size_bytes;
}
static inline bool kasan_quarantine(void **block, size_t *size_bytes)
{
	(void)block;
	(void)size_bytes;
	return true;
}
static inline void kasan_quarantine_empty(void (*block_free)(void *block, size_t size_bytes))
{
	(void)block_free;
}

#endif
