/*
 * main.c - start-up: from the loader's hand-over to the first process, and the end when that has
 * ended.
 *
 *   kernel_main      on the boot stack: machine, memory, names, disk, clock; then it becomes an
 *   idle thread
 *   init_main        a kernel thread: runs init, waits for its end, powers the machine off
 */
#include "arch/arch.h"
#include "boot/boot_info.h"
#include "kernel/core/cmdline.h"
#include "kernel/core/log.h"
#include "kernel/core/sanitize/sanitize.h"
#include "kernel/core/symbols.h"
#include "kernel/io/device.h"
#include "kernel/io/file.h"
#include "kernel/io/pagefile.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/print.h"
#include "kernel/lib/string.h"
#include "kernel/mm/balancer.h"
#include "kernel/mm/mm.h"
#include "kernel/object/namespace.h"
#include "kernel/object/synchronization.h"
#include "kernel/process/process.h"
#include "kernel/syscall/file_object.h"
#include "kernel/syscall/system_text.h"

#define TIMER_HZ 100
#define MESSAGE_BYTES 512
#define MIB ((uint64_t)1 << 20)
#define LEAST_FREE_BYTES (4 * MIB)

void kernel_main(const struct boot_info *info);

/* The loader's own copy goes back to the free memory. */
static struct boot_info boot;
static struct thread init_thread;

/* The machine cannot start; the runner and the human are told why. */
static _Noreturn void start_failed(const char *message)
{
	char mark[MESSAGE_BYTES + 16];

	log_line("%s", message);
	format_text(mark, sizeof(mark), "error %s", message);
	arch_mark(mark);
	arch_power_off();
}

static void command_line_read(void)
{
	char message[MESSAGE_BYTES];

	if (!cmdline_parse(boot.cmdline, &knobs, message, sizeof(message)))
		start_failed(message);
	arch_console_select(knobs.stdio);
	format_text(system_text.command_line, sizeof(system_text.command_line), "%s", boot.cmdline);
}

/* ---- room for new data on the RAM disk ---- */

/* The range of the archive, or NULL when the loader gave none. */
static struct boot_memory_range *ramdisk_range(void)
{
	for (uint64_t i = 0; i < boot.range_count; i++) {
		if (boot.ranges[i].kind == BOOT_MEMORY_RAMDISK)
			return &boot.ranges[i];
	}
	return NULL;
}

/* Bytes of `range` that the disk may take: the rest of the system keeps at least half of it. */
static uint64_t range_spare(const struct boot_memory_range *range)
{
	return range->kind == BOOT_MEMORY_USABLE ? page_round_down(range->size_bytes / 2) : 0;
}

static struct boot_memory_range *largest_usable_range(void)
{
	struct boot_memory_range *largest = &boot.ranges[0];

	for (uint64_t i = 1; i < boot.range_count; i++) {
		if (range_spare(&boot.ranges[i]) > range_spare(largest))
			largest = &boot.ranges[i];
	}
	return largest;
}

/*
 * Makes the last `size_bytes` of a usable range a range of their own, which the archive is moved
 * to.
 */
static void ramdisk_move(struct boot_memory_range *disk, struct boot_memory_range *home,
			 uint64_t size_bytes)
{
	struct boot_memory_range *place = home + 1;
	uint64_t base = home->base + home->size_bytes - size_bytes;

	memcpy(phys_to_virt(base), phys_to_virt(boot.ramdisk_base), boot.ramdisk_size_bytes);
	disk->kind = BOOT_MEMORY_USABLE;
	home->size_bytes -= size_bytes;
	memmove(place + 1, place,
		(size_t)(boot.ranges + boot.range_count - place) * sizeof(*place));
	boot.range_count++;
	*place = (struct boot_memory_range){
		.base = base,
		.size_bytes = size_bytes,
		.kind = BOOT_MEMORY_RAMDISK,
	};
	boot.ramdisk_base = base;
}

/*
 * The disk is one region: the archive, then free space. Takes what is wanted from free memory right
 * after the archive; if that is too little, moves the archive to the end of the largest free range.
 * Before mm_init sees the ranges.
 */
static void ramdisk_make_room(struct boot_memory_range *disk, uint64_t wanted_bytes)
{
	struct boot_memory_range *after = disk + 1, *home = largest_usable_range();
	uint64_t needed = disk->size_bytes + wanted_bytes, in_place = 0;

	if (after < boot.ranges + boot.range_count && disk->base + disk->size_bytes == after->base)
		in_place = range_spare(after);
	if (needed > range_spare(home))
		needed = range_spare(home);
	if (wanted_bytes > in_place && needed > disk->size_bytes + in_place &&
	    boot.range_count < BOOT_MAX_RANGES) {
		ramdisk_move(disk, home, needed);
		return;
	}
	if (in_place > wanted_bytes)
		in_place = wanted_bytes;
	if (in_place) {
		disk->size_bytes += in_place;
		after->base += in_place;
		after->size_bytes -= in_place;
	}
}

/*
 * The page file is at the end of the disk. If there is less room than files and page file are to
 * have, files keep at least half of it.
 */
static void pagefile_start(void)
{
	struct ramdisk_statistics statistics;
	uint64_t files = bytes_to_pages(knobs.disk_mib * MIB), slots;

	ramdisk_statistics_read(&statistics);
	if (files > statistics.blocks_free / 2)
		files = statistics.blocks_free / 2;
	slots = statistics.blocks_free - files;
	if (slots > knobs.pagefile)
		slots = knobs.pagefile;
	if (!NT_SUCCESS(pagefile_attach(slots)))
		start_failed("no memory for the page file's map; give a smaller pagefile=");
	if (slots < knobs.pagefile)
		log_line("page file: %lu pages, not %lu: this machine can give no more", slots,
			 knobs.pagefile);
}

/* Reading the archive was no request: the first is that for init. */
static void device_start(void)
{
	const struct quire_disk settings = {
		.request_us = knobs.disk_request_us,
		.page_us = knobs.disk_page_us,
		.fail_read = knobs.disk_fail_read,
		.fail_write = knobs.disk_fail_write,
		.bad_block = knobs.disk_bad_block,
		.bad_count = knobs.disk_bad_count,
		.end_short = knobs.disk_short,
	};
	NTSTATUS status = device_configure(&settings);

	KASSERT(NT_SUCCESS(status)); /* the knobs have the same limits */
}

static void ramdisk_start(void)
{
	const struct boot_memory_range *disk = ramdisk_range();
	struct ramdisk_statistics statistics;
	char message[MESSAGE_BYTES];

	if (!disk)
		start_failed("there is no RAM disk: the loader found no ramdisk.cpio");
	/* cppcheck-suppress nullPointerRedundantCheck ; start_failed does not return */
	if (!NT_SUCCESS(ramdisk_mount(phys_to_virt(boot.ramdisk_base), boot.ramdisk_size_bytes,
				      disk->base + disk->size_bytes - boot.ramdisk_base, message,
				      sizeof(message))))
		start_failed(message);
	pagefile_start();
	device_start();
	ramdisk_statistics_read(&statistics);
	log_line("RAM disk: %lu files in %lu directories, %lu KiB, %lu KiB free; page file %lu KiB",
		 statistics.files, statistics.directories, boot.ramdisk_size_bytes / 1024,
		 pages_to_bytes(statistics.blocks_free) / 1024,
		 pages_to_bytes(pagefile_slots_total()) / 1024);
	if (pages_to_bytes(statistics.blocks_free) < knobs.disk_mib * MIB)
		log_line("RAM disk: disk_mib=%lu is more than this machine can give",
			 knobs.disk_mib);
}

/* ---- memory ---- */

/* What the pages of programs and the kernel's own are in; the RAM disk stands for a device. */
static bool is_main_memory(const struct boot_memory_range *range)
{
	return range->kind != BOOT_MEMORY_RESERVED && range->kind != BOOT_MEMORY_RAMDISK;
}

/*
 * Gives up usable memory, from the highest range down, until memory_mib= is left: a machine smaller
 * than the firmware would start on.
 */
static void memory_limit(uint64_t limit_bytes)
{
	uint64_t bytes = 0, excess, spare;

	for (uint64_t i = 0; i < boot.range_count; i++)
		bytes += is_main_memory(&boot.ranges[i]) ? boot.ranges[i].size_bytes : 0;
	excess = bytes > limit_bytes ? bytes - limit_bytes : 0;
	for (uint64_t i = boot.range_count; i > 0 && excess > 0; i--) {
		struct boot_memory_range *range = &boot.ranges[i - 1];

		if (range->kind != BOOT_MEMORY_USABLE)
			continue;
		spare = range->size_bytes < excess ? range->size_bytes : excess;
		range->size_bytes -= spare;
		excess -= spare;
	}
	if (range_spare(largest_usable_range()) < LEAST_FREE_BYTES / 2)
		start_failed("memory_mib= leaves less than 4 MiB to start with; give more");
}

static void memory_start(void)
{
	struct boot_memory_range *disk = ramdisk_range();

	if (disk)
		ramdisk_make_room(disk, knobs.disk_mib * MIB + pages_to_bytes(knobs.pagefile));
	if (knobs.memory_mib)
		memory_limit(knobs.memory_mib * MIB);
	mm_init(&boot, knobs.frames);
}

/* "The rest" is what the kernel costs: its image, boot page tables, stacks, pool. */
static void memory_report(void)
{
	const struct boot_memory_range *disk = ramdisk_range();
	uint64_t disk_frames = disk ? bytes_to_pages(disk->size_bytes) : 0;
	uint64_t database_frames = bytes_to_pages(mm_frame_database_bytes());
	struct quire_memory memory = {0};

	mm_memory_information(&memory);
	system_text.code_pages = bytes_to_pages((uint64_t)(kernel_text_end - kernel_image_start));
	system_text.frames_at_start =
		memory.frames_total - memory.free - memory.zeroed - memory.standby;
	log_line("memory: %lu MiB, %lu frames; %lu free, %lu RAM disk, %lu frame database, "
		 "%lu the rest (%lu KiB)",
		 pages_to_bytes(memory.frames_total) / MIB, memory.frames_total,
		 memory.free + memory.zeroed, disk_frames, database_frames,
		 system_text.frames_at_start - disk_frames - database_frames,
		 pages_to_bytes(system_text.frames_at_start - disk_frames - database_frames) /
			 1024);
}

/* ---- init ---- */

static struct file_object *console_open(void)
{
	struct file_open open = {
		.access = FILE_GENERIC_READ | FILE_GENERIC_WRITE,
		.share = FILE_SHARE_READ | FILE_SHARE_WRITE,
		.disposition = FILE_OPEN,
		.options = FILE_SYNCHRONOUS_IO_NONALERT,
	};
	struct file_object *file;

	if (!NT_SUCCESS(file_open_console(&open, &file)))
		start_failed("no memory for the console");
	return file;
}

static void init_main(void *argument)
{
	struct file_object *input = console_open(), *output = console_open();
	char message[MESSAGE_BYTES];
	NTSTATUS exit_status;

	(void)argument;
	selftest_run();
	log_stage("init");
	if (!process_run_init(&input->header, &output->header, &exit_status, message,
			      sizeof(message)))
		start_failed(message);
	log_line("init ended with status 0x%x; power off", (unsigned)exit_status);
	format_text(message, sizeof(message), "exit %u", (unsigned)exit_status);
	arch_mark(message);
	arch_power_off();
}

static void init_start(void)
{
	void *stack = kernel_stack_alloc();

	if (!stack)
		start_failed("no memory for the first kernel thread");
	thread_init(&init_thread, "init", THREAD_PRIORITY_NORMAL, stack, KERNEL_STACK_BYTES,
		    init_main, NULL);
	thread_start(&init_thread);
}

void kernel_main(const struct boot_info *info)
{
	arch_init(info);
	boot = *info;
	sanitize_start(&boot);
	thread_system_init();
	command_line_read();
	log_stage("kernel");
	arch_init_timers();
	cmdline_print(&knobs);
	memory_start();
	namespace_init();
	synchronization_init();
	process_system_init();
	ramdisk_start();
	if (!NT_SUCCESS(file_object_system_init()))
		start_failed("no memory for the devices");
	mm_free_loader_memory();
	if (!balancer_start())
		start_failed("no memory for the balancer's stack");
	memory_report();
	arch_timer_start(TIMER_HZ);
	init_start();
	thread_idle_loop();
}
