/*
 * pe.c - reads the headers of a PE32+ image for AMD64, or of a PE32 image for i386, which can be
 * mapped and not run: what the memory manager needs to map it.
 *
 *   DOS header --e_lfanew--> "PE\0\0", file header, optional header, section table
 *
 * The statuses are those of nt-semantics 3.3.1, the mapping is that of 3.3.3. Where that text is
 * silent, the choices are:
 *  - a section's raw data that the file does not have, as far as it would be mapped:
 *    STATUS_INVALID_IMAGE_FORMAT, as Windows answers to an executable that was cut off;
 *  - sections must ascend and not overlap. Windows also refuses gaps between them; here a gap is a
 *    run of PAGE_NOACCESS;
 *  - a section without virtual size and raw size occupies nothing;
 *  - an optional header too short for its fixed fields, alignments that are no powers of two, an
 *    image base that is not a multiple of 64 KiB, and an image of 2 GiB and more are
 *    STATUS_INVALID_IMAGE_FORMAT.
 * What only the program itself relies on (entry point, data directories) is not checked: it faults
 * in user mode.
 */
#include "kernel/lib/range.h"
#include "kernel/lib/string.h"
#include "pe_reader.h"

struct pe_section {
	uint64_t start, end; /* bytes from the image base; virtual size, not rounded */
	uint64_t raw_offset, raw_bytes;
	uint32_t characteristics;
};

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static bool is_power_of_two(uint32_t value)
{
	return value != 0 && (value & (value - 1)) == 0;
}

/* The bytes at an offset of the file that reader_require has found to be there. */
static const uint8_t *reader_at(const struct pe_reader *reader, uint64_t offset)
{
	return reader->header + (offset - reader->header_offset);
}

/*
 * Makes sure that [offset, offset + size_bytes) is in the header bytes.
 * => returns: STATUS_BUFFER_TOO_SMALL when the file has it further on, `beyond` when it has not.
 */
static NTSTATUS reader_require(const struct pe_reader *reader, uint64_t offset, uint64_t size_bytes,
			       NTSTATUS beyond)
{
	if (!range_ok(offset, size_bytes, reader->file_bytes))
		return beyond;
	if (range_within(offset, size_bytes, reader->header_offset,
			 reader->header_offset + reader->header_bytes))
		return STATUS_SUCCESS;
	*reader->needed_bytes = offset + size_bytes;
	return STATUS_BUFFER_TOO_SMALL;
}

/* ---- headers ---- */

/* A 16-bit NE executable: whose? */
static NTSTATUS refuse_ne(const struct pe_reader *reader, uint64_t offset)
{
	/* The target system of a file that ends before it counts as 0. */
	NTSTATUS status =
		reader_require(reader, offset, NE_HEADER_BYTES, STATUS_INVALID_IMAGE_NE_FORMAT);

	if (!NT_SUCCESS(status))
		return status;
	switch (reader_at(reader, offset)[NE_TARGET_SYSTEM]) {
	case NE_SYSTEM_WINDOWS:
		return STATUS_INVALID_IMAGE_WIN_16;
	case NE_SYSTEM_BOSS:
		return STATUS_INVALID_IMAGE_PROTECT;
	}
	return STATUS_INVALID_IMAGE_NE_FORMAT;
}

/* *offset: what the DOS header says of the new one. */
static NTSTATUS dos_header_check(const struct pe_reader *reader, uint64_t *offset)
{
	NTSTATUS status = reader_require(reader, 0, DOS_HEADER_BYTES, STATUS_INVALID_IMAGE_NOT_MZ);

	if (!NT_SUCCESS(status))
		return status;
	if (memcmp(reader->header, "MZ", 2) != 0)
		return STATUS_INVALID_IMAGE_NOT_MZ;
	*offset = pe_new_header_offset(reader->header);
	return STATUS_SUCCESS;
}

static NTSTATUS signature_check(const struct pe_reader *reader, uint64_t offset)
{
	const uint8_t *signature;
	NTSTATUS status =
		reader_require(reader, offset, SIGNATURE_BYTES, STATUS_INVALID_IMAGE_PROTECT);

	if (!NT_SUCCESS(status))
		return status;
	signature = reader_at(reader, offset);
	if (memcmp(signature, "NE", 2) == 0)
		return refuse_ne(reader, offset);
	if (memcmp(signature, "LE", 2) == 0 || memcmp(signature, "LX", 2) == 0)
		return STATUS_INVALID_IMAGE_LE_FORMAT;
	if (memcmp(signature, "PE\0\0", SIGNATURE_BYTES) != 0)
		return STATUS_INVALID_IMAGE_PROTECT;
	return STATUS_SUCCESS;
}

static NTSTATUS machine_check(struct pe_reader *reader)
{
	switch (read16(reader->file_header + FILE_MACHINE)) {
	case MACHINE_NATIVE:
		reader->is_32 = false;
		return STATUS_SUCCESS;
	case MACHINE_I386:
		reader->is_32 = true;
		return STATUS_SUCCESS;
	}
	return STATUS_INVALID_IMAGE_FORMAT;
}

/* Finds the headers behind the signature; only their places and the machine are checked. */
static NTSTATUS headers_locate(struct pe_reader *reader, uint64_t offset)
{
	const NTSTATUS beyond = STATUS_INVALID_IMAGE_FORMAT;
	uint64_t optional, optional_bytes, table;
	NTSTATUS status = reader_require(reader, offset, FILE_HEADER_BYTES, beyond);

	if (!NT_SUCCESS(status))
		return status;
	reader->file_header = reader_at(reader, offset);
	status = machine_check(reader);
	if (!NT_SUCCESS(status))
		return status;
	optional = offset + FILE_HEADER_BYTES;
	optional_bytes = read16(reader->file_header + FILE_OPTIONAL_HEADER_BYTES);
	if (optional_bytes < (reader->is_32 ? OPTIONAL_32_DIRECTORIES : OPTIONAL_DIRECTORIES))
		return STATUS_INVALID_IMAGE_FORMAT;
	reader->section_count = read16(reader->file_header + FILE_SECTION_COUNT);
	if (reader->section_count > PE_MAX_SECTIONS)
		return STATUS_INVALID_IMAGE_FORMAT;
	table = optional + optional_bytes;
	status = reader_require(reader, optional,
				optional_bytes + reader->section_count * SECTION_HEADER_BYTES,
				beyond);
	if (!NT_SUCCESS(status))
		return status;
	reader->optional_header = reader_at(reader, optional);
	reader->section_table = reader_at(reader, table);
	return STATUS_SUCCESS;
}

static NTSTATUS alignment_check(const struct pe_reader *reader)
{
	uint32_t section = reader->section_alignment, file = reader->file_alignment;

	if (!is_power_of_two(section) || !is_power_of_two(file) || section < file)
		return STATUS_INVALID_IMAGE_FORMAT;
	/*
	 * Below a page the image is mapped as it is in the file, so places must be the same in
	 * both.
	 */
	if (pe_is_flat(reader) ? section != file : file < FILE_SECTOR_BYTES)
		return STATUS_INVALID_IMAGE_FORMAT;
	return STATUS_SUCCESS;
}

static NTSTATUS optional_header_check(struct pe_reader *reader)
{
	const uint8_t *optional = reader->optional_header;
	struct pe_image *image = reader->image;
	uint32_t image_bytes = read32(optional + OPTIONAL_IMAGE_BYTES);
	uint32_t headers_bytes = read32(optional + OPTIONAL_HEADERS_BYTES);

	if (read16(optional + OPTIONAL_MAGIC) != (reader->is_32 ? MAGIC_PE32 : MAGIC_PE32_PLUS))
		return STATUS_INVALID_IMAGE_FORMAT;
	reader->section_alignment = read32(optional + OPTIONAL_SECTION_ALIGNMENT);
	reader->file_alignment = read32(optional + OPTIONAL_FILE_ALIGNMENT);
	if (image_bytes == 0 || image_bytes >= PE_MAX_IMAGE_BYTES)
		return STATUS_INVALID_IMAGE_FORMAT;
	if (headers_bytes == 0 || headers_bytes > image_bytes)
		return STATUS_INVALID_IMAGE_FORMAT;
	image->image_base = reader->is_32 ? read32(optional + OPTIONAL_32_IMAGE_BASE)
					  : read64(optional + OPTIONAL_IMAGE_BASE);
	if (image->image_base % IMAGE_BASE_ALIGNMENT != 0)
		return STATUS_INVALID_IMAGE_FORMAT;
	image->image_bytes = page_round_up(image_bytes);
	image->entry_rva = read32(optional + OPTIONAL_ENTRY);
	return alignment_check(reader);
}

/* ---- sections ---- */

static uint32_t section_protection(uint32_t characteristics)
{
	bool is_shared = characteristics & SCN_MEM_SHARED;

	switch (characteristics & (SCN_MEM_EXECUTE | SCN_MEM_READ | SCN_MEM_WRITE)) {
	case SCN_MEM_READ:
		return PAGE_READONLY;
	case SCN_MEM_WRITE:
	case SCN_MEM_WRITE | SCN_MEM_READ:
		return is_shared ? PAGE_READWRITE : PAGE_WRITECOPY;
	case SCN_MEM_EXECUTE:
		return PAGE_EXECUTE;
	case SCN_MEM_EXECUTE | SCN_MEM_READ:
		return PAGE_EXECUTE_READ;
	case SCN_MEM_EXECUTE | SCN_MEM_WRITE:
	case SCN_MEM_EXECUTE | SCN_MEM_WRITE | SCN_MEM_READ:
		return is_shared ? PAGE_EXECUTE_READWRITE : PAGE_EXECUTE_WRITECOPY;
	}
	return PAGE_NOACCESS;
}

/*
 * Where the section's bytes are in the file. Windows reads whole sectors: the start is rounded
 * down, and what lies between the end of the data and the end of its file-aligned block is mapped
 * too.
 */
static NTSTATUS section_locate_raw(const struct pe_reader *reader, const uint8_t *header,
				   struct pe_section *section)
{
	uint64_t pointer = read32(header + SECTION_RAW_OFFSET);
	uint64_t size = read32(header + SECTION_RAW_BYTES);
	uint64_t mapped = page_round_up(section->end - section->start), block;

	section->raw_offset = section->raw_bytes = 0;
	if (pointer == 0 || size == 0)
		return STATUS_SUCCESS;
	section->raw_offset = round_down(pointer, FILE_SECTOR_BYTES);
	size += pointer - section->raw_offset;
	if (!range_ok(section->raw_offset, smaller(size, mapped), reader->file_bytes))
		return STATUS_INVALID_IMAGE_FORMAT;
	block = round_down(size + reader->file_alignment - 1, reader->file_alignment);
	section->raw_bytes =
		smaller(smaller(block, mapped), reader->file_bytes - section->raw_offset);
	return STATUS_SUCCESS;
}

/* Reads entry `index` of the section table and checks what concerns it alone. */
static NTSTATUS section_read(const struct pe_reader *reader, uint32_t index,
			     struct pe_section *section)
{
	const uint8_t *header = reader->section_table + index * SECTION_HEADER_BYTES;
	uint64_t size = read32(header + SECTION_VIRTUAL_SIZE);

	if (size == 0)
		size = read32(header + SECTION_RAW_BYTES);
	section->start = read32(header + SECTION_VIRTUAL_ADDRESS);
	section->end = section->start + size;
	section->characteristics = read32(header + SECTION_CHARACTERISTICS);
	if (section->start % reader->section_alignment != 0)
		return STATUS_INVALID_IMAGE_FORMAT;
	if (section->end > reader->image->image_bytes)
		return STATUS_INVALID_IMAGE_FORMAT;
	return section_locate_raw(reader, header, section);
}

static uint64_t covered_bytes(const struct pe_image *image)
{
	const struct pe_subsection *last = &image->subsections[image->subsection_count - 1];

	return pages_to_bytes(last->first_page + last->page_count);
}

/* Adds the run of pages from what is covered up to `end`. False: the table is full. */
static bool subsection_add(struct pe_image *image, uint64_t end, const struct pe_section *section)
{
	uint64_t start = image->subsection_count ? covered_bytes(image) : 0;
	uint32_t protection = section_protection(section->characteristics);

	if (image->subsection_count == PE_MAX_SECTIONS + 1)
		return false;
	image->subsections[image->subsection_count++] = (struct pe_subsection){
		.first_page = (uint32_t)page_of(start),
		.page_count = (uint32_t)bytes_to_pages(end - start),
		.file_offset = section->raw_offset,
		.raw_bytes = (uint32_t)section->raw_bytes,
		.protection = protection,
		.is_shared = protection == PAGE_READWRITE || protection == PAGE_EXECUTE_READWRITE,
	};
	return true;
}

/* Covers the pages from the last subsection to `end` with one that nobody may touch. */
static bool gap_add(struct pe_image *image, uint64_t end)
{
	const struct pe_section gap = {0};

	return covered_bytes(image) == end || subsection_add(image, end, &gap);
}

static bool headers_add(const struct pe_reader *reader)
{
	uint32_t bytes = read32(reader->optional_header + OPTIONAL_HEADERS_BYTES);
	const struct pe_section headers = {
		.raw_bytes = smaller(bytes, reader->file_bytes),
		.characteristics = SCN_MEM_READ,
	};

	return subsection_add(reader->image, page_round_up(bytes), &headers);
}

static NTSTATUS sections_describe(const struct pe_reader *reader)
{
	struct pe_image *image = reader->image;
	struct pe_section section;

	headers_add(reader);
	for (uint32_t i = 0; i < reader->section_count; i++) {
		NTSTATUS status = section_read(reader, i, &section);

		if (!NT_SUCCESS(status))
			return status;
		if (section.start < covered_bytes(image))
			return STATUS_INVALID_IMAGE_FORMAT;
		if (section.start == section.end)
			continue;
		if (!gap_add(image, section.start) ||
		    !subsection_add(image, page_round_up(section.end), &section))
			return STATUS_INVALID_IMAGE_FORMAT;
	}
	return gap_add(image, image->image_bytes) ? STATUS_SUCCESS : STATUS_INVALID_IMAGE_FORMAT;
}

/*
 * An image whose sections are smaller than pages: the file's bytes as they are, in one
 * copy-on-write run.
 */
static NTSTATUS flat_describe(const struct pe_reader *reader)
{
	struct pe_image *image = reader->image;
	struct pe_section all = {
		.raw_bytes = smaller(reader->file_bytes, image->image_bytes),
		.characteristics = SCN_MEM_READ | SCN_MEM_WRITE | SCN_MEM_EXECUTE,
	};
	struct pe_section section;
	uint64_t covered = read32(reader->optional_header + OPTIONAL_HEADERS_BYTES);

	for (uint32_t i = 0; i < reader->section_count; i++) {
		const uint8_t *header = reader->section_table + i * SECTION_HEADER_BYTES;
		uint32_t raw_offset = read32(header + SECTION_RAW_OFFSET);
		NTSTATUS status = section_read(reader, i, &section);

		if (!NT_SUCCESS(status))
			return status;
		if (section.start < covered)
			return STATUS_INVALID_IMAGE_FORMAT;
		if (section.raw_bytes > 0 && raw_offset != section.start)
			return STATUS_INVALID_IMAGE_FORMAT;
		covered = section.end;
	}
	subsection_add(image, image->image_bytes, &all);
	return STATUS_SUCCESS;
}

uint64_t pe_new_header_offset(const void *header)
{
	return read32((const uint8_t *)header + DOS_NEW_HEADER);
}

/* All but the DOS header. */
static NTSTATUS parse_new_header(struct pe_reader *reader, uint64_t offset)
{
	NTSTATUS status = signature_check(reader, offset);

	*reader->image = (struct pe_image){0};
	if (NT_SUCCESS(status))
		status = headers_locate(reader, offset + SIGNATURE_BYTES);
	if (NT_SUCCESS(status))
		status = optional_header_check(reader);
	if (NT_SUCCESS(status))
		status = pe_is_flat(reader) ? flat_describe(reader) : sections_describe(reader);
	if (NT_SUCCESS(status))
		pe_information_fill(reader);
	return status;
}

NTSTATUS pe_parse(const void *header, uint64_t header_bytes, uint64_t file_bytes,
		  struct pe_image *image, uint64_t *needed_bytes)
{
	struct pe_reader reader = {
		.header = header,
		.header_bytes = smaller(header_bytes, file_bytes),
		.file_bytes = file_bytes,
		.needed_bytes = needed_bytes,
		.image = image,
	};
	uint64_t offset;
	NTSTATUS status = dos_header_check(&reader, &offset);

	return NT_SUCCESS(status) ? parse_new_header(&reader, offset) : status;
}

NTSTATUS pe_parse_from(const void *header, uint64_t header_offset, uint64_t header_bytes,
		       uint64_t file_bytes, struct pe_image *image, uint64_t *needed_bytes)
{
	struct pe_reader reader = {
		.header = header,
		.header_offset = header_offset,
		.header_bytes = header_bytes,
		.file_bytes = file_bytes,
		.needed_bytes = needed_bytes,
		.image = image,
	};

	return parse_new_header(&reader, header_offset);
}
