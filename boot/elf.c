/*
 * elf.c - checks of the kernel file (elf.h; ELF-64 Object File Format, and the x86-64 psABI).
 *
 * Nothing of the file is believed: each number is compared with the file's size or the image's
 * space before it is used, by subtraction, so that no sum can wrap around.
 */
#include "elf.h"

#include <elf.h>
#include <stddef.h>

#include "arch/x86_64/layout.h"

#define PAGE_BYTES 4096ull

/* [offset, offset + bytes) within [0, limit), for any three numbers. */
static bool range_within(uint64_t offset, uint64_t bytes, uint64_t limit)
{
	return offset <= limit && bytes <= limit - offset;
}

/*
 * What is wrong with the file header, or NULL: then the program headers are in the file, aligned.
 */
static const char *header_check(const Elf64_Ehdr *header, uint64_t size_bytes)
{
	if (size_bytes < sizeof(*header))
		return "is too short for an ELF header: it is truncated or not a kernel";
	if (__builtin_memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
		return "does not begin with the ELF magic number: it is not a kernel";
	if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB)
		return "is not a 64-bit little-endian ELF file";
	if (header->e_machine != EM_X86_64)
		return "is not made for x86-64";
	if (header->e_type != ET_EXEC || header->e_version != EV_CURRENT)
		return "is not an executable with fixed addresses (ET_EXEC)";
	if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum == 0)
		return "has no program headers of the known size";
	if (header->e_phoff % 8 != 0 ||
	    !range_within(header->e_phoff, header->e_phnum * sizeof(Elf64_Phdr), size_bytes))
		return "is truncated: its program headers are not in it";
	return NULL;
}

/*
 * What is wrong with one loadable segment by itself, or NULL. The address must begin a page,
 * because rights are given by pages; the offset in the file need not, because the bytes are copied.
 */
static const char *segment_check(const Elf64_Phdr *header, uint64_t size_bytes)
{
	uint64_t offset;

	if (!range_within(header->p_offset, header->p_filesz, size_bytes))
		return "is truncated: a segment ends after the end of the file";
	if (header->p_memsz < header->p_filesz)
		return "has a segment that is larger in the file than in memory";
	if (header->p_vaddr < KERNEL_IMAGE_BASE)
		return "has a segment outside the kernel's addresses: it is not a Quire kernel";
	offset = header->p_vaddr - KERNEL_IMAGE_BASE;
	if (!range_within(offset, header->p_memsz, KERNEL_IMAGE_MAX_BYTES))
		return "has a segment beyond the space for the kernel image";
	if (header->p_vaddr % PAGE_BYTES != 0)
		return "has a segment that does not begin on a page";
	if ((header->p_flags & PF_W) && (header->p_flags & PF_X))
		return "has a segment that is writable and executable";
	return NULL;
}

/* The end of the last page that the segment has a part of. */
static uint64_t segment_end(const struct kernel_segment *segment)
{
	return (segment->address + segment->memory_bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
}

/* Ascending addresses make the test for overlaps one comparison; linkers write them so. */
static const char *segment_add(const Elf64_Phdr *header, struct kernel_layout *layout)
{
	struct kernel_segment *segment = &layout->segments[layout->segment_count];

	if (layout->segment_count == KERNEL_SEGMENTS_MAX)
		return "has more segments than a kernel has";
	if (layout->segment_count > 0 && header->p_vaddr < segment_end(segment - 1))
		return "has segments that are out of order or share a page";
	segment->address = header->p_vaddr;
	segment->file_offset = header->p_offset;
	segment->file_bytes = header->p_filesz;
	segment->memory_bytes = header->p_memsz;
	segment->writable = header->p_flags & PF_W;
	segment->executable = header->p_flags & PF_X;
	layout->segment_count++;
	return NULL;
}

/* In the file's part of a segment: the zeros behind it are executable, but no code. */
static const char *entry_check(const struct kernel_layout *layout)
{
	for (unsigned i = 0; i < layout->segment_count; i++) {
		const struct kernel_segment *segment = &layout->segments[i];

		if (segment->executable && layout->entry >= segment->address &&
		    layout->entry - segment->address < segment->file_bytes)
			return NULL;
	}
	return "has an entry address that is not in its code";
}

const char *kernel_check(const void *file, uint64_t size_bytes, struct kernel_layout *layout)
{
	const Elf64_Ehdr *header = file;
	const char *wrong = header_check(header, size_bytes);
	const Elf64_Phdr *program;

	if (wrong)
		return wrong;
	program = (const Elf64_Phdr *)((const char *)file + header->e_phoff);
	layout->segment_count = 0;
	for (unsigned i = 0; i < header->e_phnum && !wrong; i++) {
		if (program[i].p_type == PT_INTERP)
			return "is a program for another system: it asks for an interpreter";
		if (program[i].p_type != PT_LOAD || program[i].p_memsz == 0)
			continue; /* notes, the stack's rights, an empty .data: nothing to load */
		wrong = segment_check(&program[i], size_bytes);
		if (!wrong)
			wrong = segment_add(&program[i], layout);
	}
	if (wrong)
		return wrong;
	if (layout->segment_count == 0)
		return "has nothing to load";
	layout->base = layout->segments[0].address;
	layout->size_bytes =
		segment_end(&layout->segments[layout->segment_count - 1]) - layout->base;
	layout->entry = header->e_entry;
	return entry_check(layout);
}
