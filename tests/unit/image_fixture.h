/*
 * image_fixture.h - a small program on the disk, behind an image section, for each test.
 *
 * The image: headers | .text 0x1000 | .rdata 0x2000 | .data 0x3000, two pages, one and a quarter in
 * the file | .bss 0x5000, two pages | .share 0x7000, writable and shared. Base 0x140000000.
 */
#pragma once

#include "vm_fixture.h"

#include "kernel/core/cmdline.h"
#include "pe_builder.h"

#define IMAGE_BASE 0x140000000ull
#define IMAGE_PAGES 8u
#define TEXT 0x1000u
#define RDATA 0x2000u
#define DATA 0x3000u
#define BSS 0x5000u
#define SHARED 0x7000u

static struct pe_builder pe;
static struct file_node *file;
static struct section *section;

static void pe_make(void)
{
	pe_start(&pe, 0x8000);
	pe_section(&pe, 0x5A0, TEXT, 0x600, 0x400, SCN_CODE);
	pe_section(&pe, 0x120, RDATA, 0x200, 0xA00, SCN_READ);
	pe_section(&pe, 0x1800, DATA, 0x1400, 0xC00, SCN_DATA);
	pe_section(&pe, 0x1F00, BSS, 0, 0, 0xC0000080);
	pe_section(&pe, 0x100, SHARED, 0x200, 0x2000, SCN_DATA | SCN_SHARED);
	pe.size = 0x2200;
	memset(pe.bytes + 0x400, 'T', 0x600);
	memset(pe.bytes + 0xA00, 'R', 0x200);
	memset(pe.bytes + 0xC00, 'D', 0x1000);
	memset(pe.bytes + 0x1C00, 'E', 0x400);
	memset(pe.bytes + 0x2000, 'S', 0x200);
}

static int setup(void **state)
{
	vm_setup(state);
	pe_make();
	file = disk_with(pe.bytes, pe.size, 1 << 20);
	section = section_of(file, 0, PAGE_READONLY, SEC_IMAGE);
	return 0;
}

static int teardown(void **state)
{
	uint8_t seen[sizeof(pe.bytes)];

	if (section)
		object_release(section);
	section = NULL;
	for (size_t at = 0; at < pe.size; at += 4096) /* no store into a view reaches the file */
		ok(file_read(file, at, seen + at, 4096));
	assert_memory_equal(seen, pe.bytes, pe.size);
	file_release(file);
	return vm_teardown(state);
}

static NTSTATUS map_image(struct address_space *into, vaddr_t *base)
{
	struct map_request request = {
		.section = section, .inherit = VIEW_UNMAP, .protection = PAGE_READONLY};
	NTSTATUS status = view_map(into, &request);

	if (NT_SUCCESS(status)) {
		assert_int_equal(request.size_bytes, pages_to_bytes(IMAGE_PAGES));
		*base = request.base;
	}
	return status;
}

static vaddr_t image(void)
{
	vaddr_t base = 0;

	ok(map_image(space, &base));
	assert_int_equal(base, IMAGE_BASE);
	return base;
}
