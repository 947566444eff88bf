/*
 * pe_information.c - SECTION_IMAGE_INFORMATION of an image: NtQuerySection's view of its headers
 * (nt-semantics 3.3.2).
 */
#include "kernel/lib/range.h"
#include "pe_reader.h"

/* Stack sizes are 4 bytes in PE32, 8 in PE32+. */
static uint64_t stack_size(const struct pe_reader *reader, uint32_t offset_32, uint32_t offset)
{
	return reader->is_32 ? read32(reader->optional_header + offset_32)
			     : read64(reader->optional_header + offset);
}

static bool has_com_descriptor(const struct pe_reader *reader)
{
	const uint64_t directories = reader->is_32 ? OPTIONAL_32_DIRECTORIES : OPTIONAL_DIRECTORIES;
	const uint64_t offset = directories + DIRECTORY_COM_DESCRIPTOR * DIRECTORY_BYTES;
	const uint8_t *optional = reader->optional_header;
	uint32_t count = read32(optional + directories - sizeof(uint32_t));
	uint32_t optional_bytes = read16(reader->file_header + FILE_OPTIONAL_HEADER_BYTES);

	if (count <= DIRECTORY_COM_DESCRIPTOR || !range_ok(offset, DIRECTORY_BYTES, optional_bytes))
		return false;
	return read32(optional + offset) != 0 && read32(optional + offset + 4) != 0;
}

static bool contains_code(const struct pe_reader *reader)
{
	const uint8_t *section = reader->section_table;

	if (read32(reader->optional_header + OPTIONAL_CODE_BYTES) != 0 ||
	    read32(reader->optional_header + OPTIONAL_ENTRY) != 0 || pe_is_flat(reader))
		return true;
	for (uint32_t i = 0; i < reader->section_count; i++, section += SECTION_HEADER_BYTES) {
		if (read32(section + SECTION_CHARACTERISTICS) & SCN_MEM_EXECUTE)
			return true;
	}
	return false;
}

static uint8_t image_flags(const struct pe_reader *reader)
{
	uint16_t dll = read16(reader->optional_header + OPTIONAL_DLL_CHARACTERISTICS);
	uint8_t flags = 0;

	if (pe_is_flat(reader))
		flags |= IMAGE_FLAG_MAPPED_FLAT;
	if ((dll & DLL_DYNAMIC_BASE) && contains_code(reader) && !has_com_descriptor(reader))
		flags |= IMAGE_FLAG_DYNAMICALLY_RELOCATED;
	return flags;
}

void pe_information_fill(const struct pe_reader *reader)
{
	const uint8_t *optional = reader->optional_header;

	reader->image->information = (struct nt_section_image_information){
		.transfer_address = reader->image->image_base + reader->image->entry_rva,
		.maximum_stack_size =
			stack_size(reader, OPTIONAL_32_STACK_RESERVE, OPTIONAL_STACK_RESERVE),
		.committed_stack_size =
			stack_size(reader, OPTIONAL_32_STACK_COMMIT, OPTIONAL_STACK_COMMIT),
		.subsystem_type = read16(optional + OPTIONAL_SUBSYSTEM),
		.subsystem_minor_version = read16(optional + OPTIONAL_SUBSYSTEM_MINOR),
		.subsystem_major_version = read16(optional + OPTIONAL_SUBSYSTEM_MAJOR),
		.os_major_version = read16(optional + OPTIONAL_OS_MAJOR),
		.os_minor_version = read16(optional + OPTIONAL_OS_MINOR),
		.image_characteristics = read16(reader->file_header + FILE_CHARACTERISTICS),
		.dll_characteristics = read16(optional + OPTIONAL_DLL_CHARACTERISTICS),
		.machine = read16(reader->file_header + FILE_MACHINE),
		.image_contains_code = contains_code(reader),
		.image_flags = image_flags(reader),
		.loader_flags = has_com_descriptor(reader),
		.check_sum = read32(optional + OPTIONAL_CHECK_SUM),
	};
}
