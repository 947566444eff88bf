/*
 * kasan_report.c - a forbidden access in words: what it hit, and who allocated or freed that.
 */
#include "kasan_private.h"

#ifdef QUIRE_KASAN

#include <stdarg.h>

#include "arch/arch.h"
#include "arch/shadow.h"
#include "kernel/core/panic.h"
#include "kernel/core/pool.h"
#include "kernel/lib/print.h"
#include "kernel/lib/string.h"
#include "report.h"

#define TEXT_BYTES 440u
#define SYMBOL_BYTES 64u
#define NULL_PAGE_BYTES 4096u
#define KERNEL_HALF ((uintptr_t)1 << 63)
#define FRAME_MAGIC 0x41B58AB3u /* gcc's, at the start of a stack frame that it watches */
#define FRAME_SEARCH_BYTES 1024u

static bool is_reporting;
static char text[TEXT_BYTES];
static size_t text_length;

static void add(const char *format, ...) PRINTF_LIKE(1, 2);

static void add(const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = format_text_v(text + text_length, sizeof(text) - text_length, format, arguments);
	va_end(arguments);
	text_length += (size_t)length;
	if (text_length >= sizeof(text))
		text_length = sizeof(text) - 1;
}

static void add_callers(const char *what, const struct callers *callers)
{
	char symbol[SYMBOL_BYTES];

	add("\n  %s", what);
	for (unsigned i = 0; i < KASAN_CALLERS && callers->addresses[i]; i++) {
		/* The image lies in the last 2 GiB. */
		symbol_format(symbol, sizeof(symbol),
			      (uint64_t)(int64_t)(int32_t)callers->addresses[i]);
		add("%s%s", i ? " < " : "", symbol);
	}
}

static void add_freed(uintptr_t address)
{
	const struct freed *freed = freed_at(address);
	char what[48];

	if (!freed)
		return;
	format_text(what, sizeof(what), "freed by thread %s: ", freed->thread);
	add_callers(what, &freed->callers);
}

/* ---- the pool ---- */

static void add_block(const struct bad_access *access)
{
	struct pool_block block;
	uintptr_t at = access->address;

	if (!pool_block_near((const void *)at, &block)) {
		add("outside the blocks of the pool");
		return;
	}
	if (at < block.start)
		add("%lu bytes before", block.start - at);
	else if (at < block.start + block.size_bytes)
		add("byte %lu of", at - block.start);
	else
		add("%lu bytes after", at - block.start - block.size_bytes);
	add(" the block of %zu bytes at 0x%lx", block.size_bytes, block.start);
	add_callers("allocated by ", &block.callers);
	if (at - block.start < block.size_bytes)
		add_freed(at);
}

/* ---- stacks and global variables ---- */

/* Below the variables of a frame gcc puts a magic number and a text, "1 32 4 1 x": count, then for
 * each offset, size, length of the name, name. */
static void add_stack(const struct bad_access *access)
{
	uintptr_t at = access->address / 32 * 32, lowest = at - FRAME_SEARCH_BYTES;
	const uint64_t *frame = (const uint64_t *)at;

	while (at > lowest && has_shadow(at) &&
	       !(*shadow_of(at) == (int8_t)SHADOW_STACK_LEFT && *frame == FRAME_MAGIC))
		frame = (const uint64_t *)(at -= SHADOW_GRANULE);
	if (at > lowest && has_shadow(at))
		add("frame offset %lu of variables \"%s\" (offset size name-length name)",
		    access->address - at, (const char *)frame[1]);
	else
		add("the frame of no function");
}

static void add_global(const struct bad_access *access)
{
	const struct global *global = global_at(access->address);

	if (global)
		add("%lu bytes after the %zu bytes of %s (%s)",
		    access->address - global->start - global->size_bytes, global->size_bytes,
		    global->name, global->module);
}

/* ---- kinds ---- */

static const char *kind_words(const struct bad_access *access, int mark)
{
	if (access->address < NULL_PAGE_BYTES)
		return "null pointer";
	if (access->address < KERNEL_HALF)
		return "user memory outside the copy functions";
	switch (mark) {
	case SHADOW_STACK_LEFT:
	case SHADOW_STACK_MIDDLE:
	case SHADOW_STACK_RIGHT:
		return "stack overrun";
	case SHADOW_STACK_SCOPE:
		return "stack variable out of scope";
	case SHADOW_GLOBAL:
		return "global overrun";
	case SHADOW_POOL:
		return "pool overrun";
	case SHADOW_POOL_FREED:
		return "pool block used after free";
	case SHADOW_FRAME_FREE:
		return "free frame used";
	case SHADOW_STACK_FREED:
		return "kernel stack used after free";
	default:
		return "memory overrun";
	}
}

/* The mark of the granule; behind the last bytes of a variable or block it is in the next one. */
static int mark_at(uintptr_t address)
{
	uint8_t mark;

	if (!has_shadow(address))
		return 0;
	mark = (uint8_t)*shadow_of(address);
	return mark < SHADOW_GRANULE ? (uint8_t)*shadow_of(address + SHADOW_GRANULE) : mark;
}

static void add_place(const struct bad_access *access, int mark)
{
	switch (mark) {
	case SHADOW_STACK_LEFT:
	case SHADOW_STACK_MIDDLE:
	case SHADOW_STACK_RIGHT:
	case SHADOW_STACK_SCOPE:
		add_stack(access);
		break;
	case SHADOW_GLOBAL:
		add_global(access);
		break;
	case SHADOW_POOL:
	case SHADOW_POOL_FREED:
		add_block(access);
		break;
	default:
		add("shadow 0x%x", (unsigned)mark);
		add_freed(access->address);
	}
}

void kasan_report(const struct bad_access *access)
{
	int mark = access->address < KERNEL_HALF ? 0 : mark_at(access->address);
	char place[SYMBOL_BYTES];

	if (is_reporting)
		return;
	is_reporting = true;
	text_length = 0;
	symbol_format(place, sizeof(place), access->place - 1);
	add("kasan: %s: %s of %zu bytes in %s meets 0x%lx, ", kind_words(access, mark),
	    access->is_write ? "write" : "read", access->size_bytes, place, access->address);
	add_place(access, mark);
	sanitize_report("%s", text);
	is_reporting = false;
}

#endif
