/*
 * main.c - the loader: a UEFI application that reads the kernel and the RAM disk, builds the first
 * page tables, leaves the firmware and enters the kernel (design section 2). In order:
 *
 *   inputs_read      kernel file, RAM disk, command line (input.c)
 *   kernel_check     is it a kernel of ours, and what goes where (elf.c)
 *   handover_prepare memory for the image, page tables, stack and boot_info
 *   ...              the last firmware call: ExitBootServices
 *   kernel_enter     the new tables and stack, and the jump
 *
 * Nothing fails after ExitBootServices: everything is allocated and checked before.
 */
#include <efi.h>
#include <efilib.h>

#include "arch/x86_64/layout.h"
#include "boot_info.h"
#include "elf.h"
#include "input.h"
#include "machine.h"
#include "memory.h"
#include "page_tables.h"
#include "report.h"

#define STACK_BYTES (16ull << 10)
#define JUMP_PAGES 2 /* the jump's code may straddle a page boundary */
#define CPUID_EXTENDED_LEAF 0x80000001u

/* What the two sides of ExitBootServices share. */
struct handover {
	struct kernel_layout layout;
	uint8_t *image; /* physical blocks of the kernel image */
	uint64_t image_block_bytes;
	struct boot_info *info;
	uint8_t *stack;
	struct page_tables tables;
	struct memory_map map;
};

static struct inputs inputs;
static struct handover handover;

/* Machine features that the tables rely on. */
static void cpu_check(void)
{
	if (!(cpu_identify(CPUID_EXTENDED_LEAF).edx & CPUID_EXTENDED_EDX_NX))
		report_fail("this processor has no no-execute pages (NX): use QEMU with -cpu max");
	if (cpu_read_cr4() & CR4_LA57)
		report_fail("the firmware has switched five-level paging on: start QEMU with "
			    "-cpu max,la57=off");
}

/*
 * A cpio archive of the newc format ends with an entry of this name, then zero bytes up to a block
 * size.
 */
static void ramdisk_check(const struct input *ramdisk)
{
	static const char magic[] = "070701", trailer[] = "TRAILER!!!";
	const uint64_t trailer_bytes = sizeof(trailer) - 1;
	const uint8_t *data = ramdisk->file.data;
	uint64_t bytes = ramdisk->file.size_bytes;

	if (bytes == 0)
		report_fail("%a: the RAM disk is empty: build it again (make)", ramdisk->name);
	if (bytes < sizeof(magic) || __builtin_memcmp(data, magic, sizeof(magic) - 1) != 0)
		report_fail("%a: the RAM disk is not a cpio archive of the newc format "
			    "(070701): build it again (make)",
			    ramdisk->name);
	while (bytes && data[bytes - 1] == 0)
		bytes--;
	if (bytes < trailer_bytes ||
	    __builtin_memcmp(data + bytes - trailer_bytes, trailer, trailer_bytes) != 0)
		report_fail("%a: the RAM disk is truncated, its trailer is missing: build it "
			    "again (make)",
			    ramdisk->name);
}

/* Copies the segments to their places; the space between and behind them is zero. */
static void kernel_place(const struct input *kernel)
{
	const struct kernel_layout *layout = &handover.layout;

	handover.image_block_bytes = (layout->size_bytes + BLOCK_BYTES - 1) & ~(BLOCK_BYTES - 1);
	handover.image = blocks_allocate(handover.image_block_bytes, "the kernel image");
	memory_zero(handover.image, layout->size_bytes);
	for (unsigned i = 0; i < layout->segment_count; i++) {
		const struct kernel_segment *segment = &layout->segments[i];

		memory_copy(handover.image + (segment->address - layout->base),
			    kernel->file.data + segment->file_offset, segment->file_bytes);
	}
}

/* A visitor of memory_map_each_ram: the end of RAM, at `argument`. */
static void highest_note(uint64_t base, uint64_t end, void *argument)
{
	uint64_t *highest = argument;

	(void)base;
	if (end > *highest)
		*highest = end;
}

/* What the image leaves of its last block is ordinary memory, mapped page by page. */
static void direct_map_add_rest(uint64_t block, uint64_t image_end)
{
	for (uint64_t at = block; at < block + BLOCK_BYTES; at += PAGE_BYTES)
		if (at >= image_end)
			page_tables_map(&handover.tables, DIRECT_MAP_BASE + at, at, MAP_WRITABLE);
}

/* Large pages: the neighbourhood of a range within 2 MiB is mapped with it. */
static void direct_map_add(uint64_t base, uint64_t end, void *argument)
{
	uint64_t image = (uintptr_t)handover.image;

	(void)argument;
	for (base &= ~(BLOCK_BYTES - 1); base < end; base += BLOCK_BYTES) {
		if (base >= image && base - image < handover.image_block_bytes) {
			/* no writable second address for the kernel */
			direct_map_add_rest(base, image + handover.layout.size_bytes);
			continue;
		}
		page_tables_map(&handover.tables, DIRECT_MAP_BASE + base, base,
				MAP_WRITABLE | MAP_LARGE);
	}
}

static void kernel_map(void)
{
	const struct kernel_layout *layout = &handover.layout;

	for (unsigned i = 0; i < layout->segment_count; i++) {
		const struct kernel_segment *segment = &layout->segments[i];
		unsigned flags = (segment->writable ? MAP_WRITABLE : 0) |
				 (segment->executable ? MAP_EXECUTABLE : 0);

		for (uint64_t at = 0; at < segment->memory_bytes; at += PAGE_BYTES) {
			uint64_t va = segment->address + at;

			page_tables_map(&handover.tables, va,
					(uintptr_t)handover.image + (va - layout->base), flags);
		}
	}
}

/*
 * Not inlined: tables_build maps the page that this code is on, so that it outlives the change of
 * tables.
 */
static _Noreturn __attribute__((noinline)) void kernel_enter(uint64_t root, uint64_t stack_top,
							     uint64_t entry, uint64_t info)
{
	cpu_jump(root, stack_top, entry, info);
}

/*
 * The pool is counted first, so that mapping cannot run out of tables. The direct map is counted
 * from address 0 to the end of RAM: the tables of a hole in it are a page for each GiB, and stay
 * unused.
 */
static void tables_build(void)
{
	const struct kernel_layout *layout = &handover.layout;
	uint64_t jump = (uintptr_t)kernel_enter & ~(PAGE_BYTES - 1);
	uint64_t highest = 0, count;

	memory_map_each_ram(&handover.map, highest_note, &highest);
	count = 1 + page_tables_needed(DIRECT_MAP_BASE, highest, true) +
		page_tables_needed(layout->base, layout->size_bytes, false) +
		handover.image_block_bytes / BLOCK_BYTES +
		page_tables_needed(jump, JUMP_PAGES * PAGE_BYTES, false);
	page_tables_init(&handover.tables, pages_allocate(count * PAGE_BYTES, "page tables"),
			 count);
	memory_map_each_ram(&handover.map, direct_map_add, NULL);
	kernel_map();
	for (uint64_t at = jump; at < jump + JUMP_PAGES * PAGE_BYTES; at += PAGE_BYTES)
		page_tables_map(&handover.tables, at, at, MAP_EXECUTABLE);
}

static uint64_t rsdp_find(void)
{
	EFI_GUID acpi2 = ACPI_20_TABLE_GUID;
	void *table;

	if (EFI_ERROR(LibGetSystemConfigurationTable(&acpi2, &table)))
		return 0;
	return (uintptr_t)table;
}

/* Only what a simple console can draw on: 32 bits a pixel in memory that it can map. */
static void framebuffer_find(struct boot_framebuffer *framebuffer)
{
	EFI_GRAPHICS_OUTPUT_PROTOCOL *output;
	EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *mode;

	if (EFI_ERROR(BS->LocateProtocol(&GraphicsOutputProtocol, NULL, (void **)&output)))
		return;
	if (!output->Mode || !output->Mode->Info)
		return;
	mode = output->Mode->Info;
	if (mode->PixelFormat != PixelRedGreenBlueReserved8BitPerColor &&
	    mode->PixelFormat != PixelBlueGreenRedReserved8BitPerColor)
		return; /* no linear memory, or masks that nobody uses */
	framebuffer->base = output->Mode->FrameBufferBase;
	framebuffer->width = mode->HorizontalResolution;
	framebuffer->height = mode->VerticalResolution;
	framebuffer->pitch_bytes = mode->PixelsPerScanLine * 4;
	framebuffer->is_bgr = mode->PixelFormat == PixelBlueGreenRedReserved8BitPerColor;
}

static void info_fill(void)
{
	struct boot_info *info = handover.info;

	memory_zero(info, sizeof(*info));
	info->magic = BOOT_INFO_MAGIC;
	info->kernel_base = (uintptr_t)handover.image;
	info->kernel_size_bytes = handover.layout.size_bytes;
	info->ramdisk_base = (uintptr_t)inputs.ramdisk.file.data;
	info->ramdisk_size_bytes = inputs.ramdisk.file.size_bytes;
	info->page_table_root = (uintptr_t)handover.tables.root;
	info->rsdp = rsdp_find();
	framebuffer_find(&info->framebuffer);
	memory_copy(info->cmdline, inputs.cmdline, sizeof(info->cmdline));
}

/* Everything that can fail, and everything that needs memory. */
static void handover_prepare(void)
{
	const char *wrong = kernel_check(inputs.kernel.file.data, inputs.kernel.file.size_bytes,
					 &handover.layout);

	if (wrong)
		report_fail("%a: the kernel file %a; build it again (make)", inputs.kernel.name,
			    wrong);
	ramdisk_check(&inputs.ramdisk);
	kernel_place(&inputs.kernel);
	handover.info = pages_allocate(sizeof(*handover.info), "boot information");
	handover.stack = pages_allocate(STACK_BYTES, "the first stack");
	memory_zero(handover.stack, STACK_BYTES);
	memory_map_read(&handover.map);
	tables_build();
	info_fill();
}

/* Whole pages around `bytes` from `base` on; allocations are whole pages. */
static struct boot_memory_range range_of(const void *base, uint64_t bytes,
					 enum boot_memory_kind kind)
{
	struct boot_memory_range range = {
		.base = (uintptr_t)base,
		.size_bytes = (bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1),
		.kind = kind,
	};

	return range;
}

/* What of the memory that was allocated is in use still; all other allocations end here. */
static void ranges_make(void)
{
	const struct boot_memory_range taken[] = {
		range_of(NULL, PAGE_BYTES, BOOT_MEMORY_RESERVED),
		range_of(handover.image, handover.layout.size_bytes, BOOT_MEMORY_KERNEL),
		range_of(handover.tables.pool, handover.tables.page_count * PAGE_BYTES,
			 BOOT_MEMORY_TABLES),
		range_of(handover.info, sizeof(*handover.info), BOOT_MEMORY_LOADER),
		range_of(handover.stack, STACK_BYTES, BOOT_MEMORY_LOADER),
		range_of(inputs.ramdisk.file.data, inputs.ramdisk.file.size_bytes,
			 BOOT_MEMORY_RAMDISK),
	};

	memory_ranges_make(&handover.map, taken, sizeof(taken) / sizeof(taken[0]), handover.info);
}

/* Called by gnu-efi's start-up code, in the calling convention of this compiler, not of UEFI. */
EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system_table);

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system_table)
{
	InitializeLib(image, system_table);
	BS->SetWatchdogTimer(0, 0, 0, NULL); /* the firmware resets after five minutes otherwise */
	cpu_check();
	inputs_read(image, &inputs);
	handover_prepare();
	memory_map_exit(&handover.map, image);
	ranges_make();
	report_stdio_begins();
	report_mark("stage kernel");
	cpu_set_msr_bits(MSR_EFER, EFER_NXE);
	kernel_enter((uintptr_t)handover.tables.root,
		     DIRECT_MAP_BASE + (uintptr_t)handover.stack + STACK_BYTES,
		     handover.layout.entry, DIRECT_MAP_BASE + (uintptr_t)handover.info);
}
