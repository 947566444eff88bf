/*
 * sim_machine.c - a machine with memory management on it, and user memory as tests see it.
 */
#include "sim_internal.h"

#include <stdio.h>
#include <string.h>

#include "boot/boot_info.h"
#include "kernel/core/cmdline.h"
#include "kernel/core/pool.h"
#include "kernel/mm/frame.h"
#include "kernel/mm/mm.h"
#include "sim_ramdisk.h"

#define LOADER_FRAMES bytes_to_pages(sizeof(struct boot_info))
#define HOLE_FRAMES 16
#define FIRMWARE_FRAMES 4

/* kernel/core/wait.c's: nobody counts here. */
uint64_t threads_ended_asleep[QUIRE_WAIT_REASONS];

static struct mm_balance balance_at_start;
static struct pool_statistics pool_at_start;

static void range_add(struct boot_info *info, uint64_t *next_frame, uint64_t frame_count,
		      enum boot_memory_kind kind)
{
	info->ranges[info->range_count++] = (struct boot_memory_range){
		.base = pfn_address(*next_frame),
		.size_bytes = pages_to_bytes(frame_count),
		.kind = kind,
	};
	*next_frame += frame_count;
}

/*
 * The memory map: firmware | page tables | boot_info | usable | hole | firmware | usable. The hole
 * is in no range and is no memory; firmware is memory that is not to be used.
 */
static void map_build(struct boot_info *info, uint64_t usable_frames)
{
	uint64_t frame = 0;

	*info = (struct boot_info){.magic = BOOT_INFO_MAGIC, .page_table_root = arch_kernel_root()};
	range_add(info, &frame, HOST_ROOT_FRAME, BOOT_MEMORY_RESERVED);
	range_add(info, &frame, HOST_FIRST_FRAME - HOST_ROOT_FRAME, BOOT_MEMORY_TABLES);
	range_add(info, &frame, LOADER_FRAMES, BOOT_MEMORY_LOADER);
	range_add(info, &frame, usable_frames / 2, BOOT_MEMORY_USABLE);
	host_ram_hole(frame, HOLE_FRAMES);
	frame += HOLE_FRAMES;
	range_add(info, &frame, FIRMWARE_FRAMES, BOOT_MEMORY_RESERVED);
	range_add(info, &frame, usable_frames - usable_frames / 2, BOOT_MEMORY_USABLE);
}

void sim_start(uint64_t ram_bytes, uint64_t seed)
{
	uint64_t usable_frames = bytes_to_pages(ram_bytes);
	struct boot_info *info;

	host_start(HOST_FIRST_FRAME + LOADER_FRAMES + HOLE_FRAMES + FIRMWARE_FRAMES +
		   usable_frames);
	sim_core_start(seed);
	sim_io_begin();
	info = phys_to_virt(pfn_address(HOST_FIRST_FRAME));
	map_build(info, usable_frames);
	mm_init(info, knobs.frames);
	mm_free_loader_memory();
	mm_check();
	mm_balance_read(&balance_at_start);
	pool_statistics_read(&pool_at_start);
}

static void balance_check(const char *what, uint64_t now, uint64_t before)
{
	if (now != before)
		panic("sim_stop: %s: %llu now, %llu at the start", what, (unsigned long long)now,
		      (unsigned long long)before);
}

/* A free frame that was written to meanwhile: through a translation that should have gone. */
static void poison_check(void)
{
	for (pfn_t pfn = 1; pfn < frame_highest(); pfn++) {
		const uint64_t *words;

		if (!host_ram.is_touched[pfn] || !(frame_of(pfn)->flags & FRAME_POISONED))
			continue;
		words = phys_to_virt(pfn_address(pfn));
		if (memcmp(words, words + 1, PAGE_SIZE - sizeof(*words)) != 0)
			panic("frame 0x%llx was written to while it was free",
			      (unsigned long long)pfn);
	}
}

void sim_check_leaks(void)
{
	struct mm_balance now;
	struct pool_statistics pool;

	sim_enter_space(NULL);
	sim_ramdisk_unmount();
	mm_check();
	poison_check();
	mm_balance_read(&now);
	pool_statistics_read(&pool);
	balance_check("views", now.views, balance_at_start.views);
	balance_check("segments", now.segments, balance_at_start.segments);
	balance_check("committed pages", now.commit_pages, balance_at_start.commit_pages);
	balance_check("frames in use", now.frames_in_use, balance_at_start.frames_in_use);
	balance_check("pool blocks", pool.blocks_used, pool_at_start.blocks_used);
	balance_check("pool bytes", pool.bytes_used, pool_at_start.bytes_used);
}

void sim_stop(void)
{
	if (!sim_has_panicked())
		sim_check_leaks();
	sim_core_stop();
	sim_ramdisk_forget();
	host_stop();
}

/* ---- spaces ---- */

struct address_space *sim_space_create(void)
{
	struct address_space *space;
	NTSTATUS status = space_create(&space);

	SIM_CHECK(status == STATUS_SUCCESS);
	return space;
}

void sim_space_destroy(struct address_space *space)
{
	if (thread_current()->space == space)
		sim_enter_space(NULL);
	space_destroy(space);
}

void sim_enter_space(struct address_space *space)
{
	struct thread *thread = thread_current();

	thread->space = space;
	thread->space_root = space ? space->root : 0;
	arch_space_activate(thread->space_root);
}

/* ---- user instructions ---- */

NTSTATUS sim_read(vaddr_t va, void *buffer, size_t size_bytes)
{
	SIM_CHECK(host_active_root() == thread_current()->space_root);
	return host_user_access(va, ACCESS_READ, buffer, size_bytes, NULL);
}

NTSTATUS sim_write(vaddr_t va, const void *buffer, size_t size_bytes)
{
	SIM_CHECK(host_active_root() == thread_current()->space_root);
	/* The MMU only reads the buffer of a write. */
	return host_user_access(va, ACCESS_WRITE, (void *)(uintptr_t)buffer, size_bytes, NULL);
}

NTSTATUS sim_execute(vaddr_t va)
{
	uint8_t opcode;

	return host_user_access(va, ACCESS_EXECUTE, &opcode, 1, NULL);
}

int sim_peek(vaddr_t va)
{
	uint8_t value;

	return NT_SUCCESS(sim_read(va, &value, 1)) ? value : -1;
}

NTSTATUS sim_poke(vaddr_t va, uint8_t value)
{
	return sim_write(va, &value, 1);
}
