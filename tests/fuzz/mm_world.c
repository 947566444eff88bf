/*
 * mm_world.c - see mm_world.h: the input, words, and the judging of statuses.
 */
#include "mm_world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel/io/device.h"
#include "kernel/io/file.h"
#include "kernel/io/pagefile.h"
#include "kernel/mm/commit.h"
#include "kernel/mm/frame.h"

struct world world;

/* ---- input ---- */

static struct {
	const uint8_t *at, *end;
} input;

void input_begin(const uint8_t *data, size_t size)
{
	input.at = data;
	input.end = data + size;
}

bool input_is_empty(void)
{
	return input.at == input.end;
}

uint8_t take(void)
{
	return input_is_empty() ? 0 : *input.at++;
}

uint16_t take_two(void)
{
	uint16_t high = take();

	return (uint16_t)(high << 8 | take());
}

unsigned take_space(void)
{
	return take() % ORACLE_SPACES;
}

static const struct oracle_view *nth_view(const struct oracle_space *space, unsigned n)
{
	n %= oracle_view_count(space);
	for (const struct oracle_view *view = space->views;; view++)
		if (view->end && n-- == 0)
			return view;
}

/* Where page tables begin and end, the borders of user space, and places beyond them. */
static vaddr_t take_far_address(void)
{
	static const vaddr_t places[] = {
		0x50000000,
		0x10000,
		0x1F0000,
		0x3FFF0000,
		0x7FFFFF0000,
		USER_LIMIT - 0x20000,
		0x50000000,
		0x12340000,
		0xF000,
		0,
		USER_LIMIT,
		0xFFFF800000000000,
		UINT64_MAX & ~0xFFFull,
		USER_LIMIT - PAGE_SIZE,
	};
	vaddr_t place = TAKE_FROM(places);

	return place + take() % 4 * ALLOCATION_GRANULARITY;
}

vaddr_t take_address(unsigned space)
{
	static const uint16_t offsets[] = {0, 0, 0, 1, 0xFFF, 0x7F8, 0xFFC, 0x123};
	const struct oracle_space *side = &world.oracle_spaces[space];
	uint8_t way = take();
	const struct oracle_view *view;
	uint64_t page;

	if (way >= 232 || !oracle_view_count(side))
		return take_far_address() + TAKE_FROM(offsets);
	view = nth_view(side, way);
	page = oracle_view_pages(view) > 200 ? take_two() : take();
	page %= oracle_view_pages(view) < ORACLE_PAGES ? oracle_view_pages(view) + 1 : ORACLE_PAGES;
	return view->start + pages_to_bytes(page) + TAKE_FROM(offsets);
}

uint64_t take_size(void)
{
	static const uint64_t sizes[] = {
		PAGE_SIZE,
		1,
		2 * PAGE_SIZE,
		3 * PAGE_SIZE,
		5 * PAGE_SIZE,
		8 * PAGE_SIZE,
		16 * PAGE_SIZE,
		17 * PAGE_SIZE,
		PAGE_SIZE + 1,
		33 * PAGE_SIZE,
		60 * PAGE_SIZE,
		0,
		24 * PAGE_SIZE,
		100 * PAGE_SIZE,
		200,
		4 * PAGE_SIZE - 1,
		PAGE_SIZE - 1,
		7 * PAGE_SIZE,
		520 * PAGE_SIZE,
		1100 * PAGE_SIZE,
		1ull << 40,
		USER_LIMIT,
		UINT64_MAX,
		3 * PAGE_SIZE,
	};

	return TAKE_FROM(sizes);
}

uint32_t take_protection(void)
{
	static const uint32_t protections[] = {
		PAGE_READWRITE,
		PAGE_READONLY,
		PAGE_WRITECOPY,
		PAGE_READWRITE,
		PAGE_EXECUTE_READWRITE,
		PAGE_NOACCESS,
		PAGE_READWRITE | PAGE_GUARD,
		PAGE_EXECUTE_READ,
		PAGE_WRITECOPY,
		PAGE_EXECUTE_WRITECOPY,
		PAGE_EXECUTE,
		PAGE_READONLY | PAGE_GUARD,
		PAGE_READWRITE,
		PAGE_WRITECOPY | PAGE_GUARD,
		PAGE_READWRITE | PAGE_NOCACHE,
		PAGE_READONLY,
		PAGE_READWRITE,
		PAGE_EXECUTE_READWRITE | PAGE_GUARD,
		PAGE_READWRITE,
		PAGE_WRITECOPY,
		PAGE_READONLY | PAGE_READWRITE, /* these are not valid */
		0,
		PAGE_NOACCESS | PAGE_GUARD,
		PAGE_READWRITE | PAGE_GUARD | PAGE_NOCACHE,
		UINT32_MAX,
	};

	return TAKE_FROM(protections);
}

uint64_t take_zero_bits(void)
{
	static const uint64_t values[] = {0,  0,  0,  0,  0,  0,  1,	      3,
					  12, 20, 21, 22, 31, 32, 0x1AAAAAAA, UINT64_MAX};

	return TAKE_FROM(values);
}

/* ---- words ---- */

void say(const char *format, ...)
{
	static int is_wanted = -1;
	va_list arguments;

	if (is_wanted < 0)
		is_wanted = getenv("QUIRE_FUZZ_WORDS") != NULL;
	if (!is_wanted)
		return;
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
}

const char *protection_words(uint32_t protection)
{
	static const char *const names[] = {"NA", "RO", "RW", "WC", "X", "XR", "XRW", "XWC"};
	static char text[4][32];
	static unsigned turn;
	char *result = text[turn++ % 4];
	uint32_t base = protection & 0xFF;

	if (!base || (base & (base - 1)))
		snprintf(result, 32, "%#x", protection);
	else
		snprintf(result, 32, "%s%s%s%s", names[__builtin_ctz(base)],
			 protection & PAGE_GUARD ? "|GUARD" : "",
			 protection & PAGE_NOCACHE ? "|NOCACHE" : "",
			 protection & PAGE_WRITECOMBINE ? "|WRITECOMBINE" : "");
	return result;
}

const char *file_name(unsigned file)
{
	static const char *const names[FILES] = {"data/large", "data/small", "data/empty",
						 "bin/image.exe"};

	return names[file];
}

void mismatch(const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	panic("oracle: %s", text);
}

/* ---- shortage ---- */

static pfn_t held[1100];
static unsigned held_count;

uint64_t frames_available(void)
{
	struct quire_memory memory;

	mm_memory_information(&memory);
	return memory.free + memory.zeroed + memory.standby;
}

void frames_hold(uint64_t left)
{
	while (frames_available() > left && held_count < sizeof(held) / sizeof(held[0]))
		held[held_count++] = frame_alloc(FRAME_ANY_CONTENT);
}

void frames_release(void)
{
	while (held_count)
		frame_free(held[--held_count]);
}

/* ---- judging ---- */

#define SHORT_FRAMES 8	 /* as many as a call may take and give back again before it gives up */
#define SCARCE_FRAMES 64 /* as many as any call takes */
#define LIMIT_SLACK 8	 /* the limit of commit moves with the tables that a call makes */

static struct {
	uint64_t allocations, transfers;
	uint64_t available, room, disk_blocks, errors;
	uint64_t locked; /* pages, of all spaces */
	bool over_promised;
} before;
static struct {
	uint64_t allocation, transfer; /* counted from the start; 0: not armed */
	bool device;
} failure;

static uint64_t device_errors(void)
{
	struct device_statistics statistics;

	device_statistics_read(&statistics);
	return statistics.errors;
}

static uint64_t locked_pages(void)
{
	uint64_t pages = 0;

	for (unsigned space = 0; space < ORACLE_SPACES; space++)
		pages += world.spaces[space]->locked_pages;
	return pages;
}

/*
 * A page that was committed has a frame or a slot of the page file, as long as nobody else has
 * frames that were promised: the fuzzer itself, and locked pages (of files).
 */
static bool is_over_promised(void)
{
	uint64_t limit = commit_limit(), taken = held_count + locked_pages();

	return taken + commit_used() > limit || taken > limit - pagefile_slots_total();
}

static uint64_t commit_room(void)
{
	struct quire_memory memory;

	mm_memory_information(&memory);
	return memory.commit < memory.commit_limit ? memory.commit_limit - memory.commit : 0;
}

void call_begin(void)
{
	struct ramdisk_statistics disk;

	ramdisk_statistics_read(&disk);
	before.allocations = sim_allocation_count();
	before.transfers = sim_io_count();
	before.available = frames_available();
	before.room = commit_room();
	before.disk_blocks = disk.blocks_free;
	before.errors = device_errors();
	before.locked = locked_pages();
	before.over_promised = is_over_promised();
}

static bool happened(uint64_t at, uint64_t from, uint64_t to)
{
	return at && at > from && at <= to;
}

bool call_lost_allocation(void)
{
	return happened(failure.allocation, before.allocations, sim_allocation_count());
}

bool call_lost_transfer(void)
{
	return happened(failure.transfer, before.transfers, sim_io_count()) ||
	       device_errors() > before.errors;
}

bool call_was_short(void)
{
	return before.available < SHORT_FRAMES || frames_available() < SHORT_FRAMES;
}

bool call_lacked_memory(void)
{
	return before.over_promised || is_over_promised() || call_lost_transfer();
}

bool call_promised_too_much(uint64_t pages)
{
	return pages && pages + LIMIT_SLACK > before.room;
}

bool call_met_failure(void)
{
	return call_lacked_memory() || call_lost_allocation() || call_lost_transfer() ||
	       call_was_short() || before.room < LIMIT_SLACK;
}

bool failures_are_near(void)
{
	return failure.allocation > sim_allocation_count() || failure.transfer > sim_io_count() ||
	       failure.device || is_over_promised() || frames_available() < SCARCE_FRAMES ||
	       commit_room() < SCARCE_FRAMES;
}

void fail_allocation_after(unsigned count)
{
	sim_fail_nth_allocation(count);
	failure.allocation = count ? sim_allocation_count() + count : 0;
}

void fail_transfer_after(unsigned count)
{
	sim_fail_nth_io(count, STATUS_DEVICE_DATA_ERROR);
	failure.transfer = count ? sim_io_count() + count : 0;
}

void device_set(const struct quire_disk *settings)
{
	if (!NT_SUCCESS(device_configure(settings)))
		mismatch("the device does not take its settings");
	failure.device = settings->fail_read || settings->fail_write || settings->end_short ||
			 settings->bad_count;
}

void failures_disarm(void)
{
	struct quire_disk settings;

	device_settings_read(&settings);
	device_set(&(struct quire_disk){.request_us = settings.request_us,
					.page_us = settings.page_us});
	fail_allocation_after(0);
	fail_transfer_after(0);
}

/* A status that has to do with what there is, not with what was asked. */
static bool has_reason(const struct oracle_expectation *want, NTSTATUS status)
{
	switch ((uint32_t)status) {
	case (uint32_t)STATUS_COMMITMENT_LIMIT:
		return call_promised_too_much(want->charge_max);
	case (uint32_t)STATUS_DISK_FULL:
		return want->disk_blocks && want->disk_blocks + 1 > before.disk_blocks;
	case (uint32_t)STATUS_INSUFFICIENT_RESOURCES:
		return call_lost_allocation() || call_was_short();
	case (uint32_t)STATUS_WAS_UNLOCKED: /* by a change of protection */
		return NT_SUCCESS(want->status) && locked_pages() < before.locked;
	case (uint32_t)STATUS_NO_MEMORY:
		return call_lacked_memory();
	case (uint32_t)STATUS_IN_PAGE_ERROR:
	case (uint32_t)STATUS_DEVICE_DATA_ERROR:
		return call_lost_transfer() || call_was_short();
	}
	return false;
}

bool judge(const struct oracle_expectation *want, NTSTATUS status)
{
	say(" -> %#x\n", (unsigned)status);
	if (status != want->status && status != want->other && !has_reason(want, status))
		mismatch("status %#x, not %#x or %#x (charge %llu..%llu, room %llu)",
			 (unsigned)status, (unsigned)want->status, (unsigned)want->other,
			 (unsigned long long)want->charge_min, (unsigned long long)want->charge_max,
			 (unsigned long long)before.room);
	if (NT_SUCCESS(status) && want->charge_min > before.room + LIMIT_SLACK)
		mismatch("%llu pages were promised, there is room for %llu",
			 (unsigned long long)want->charge_min, (unsigned long long)before.room);
	return NT_SUCCESS(status);
}
