/*
 * image.c - a PE image in memory: bounds, relocations, exports. See image.h for who has checked
 * what.
 */
#include "image.h"

#include <string.h>

#define MAX_STRING_BYTES 512
#define MAX_SECTIONS 96 /* as the kernel's PE_MAX_SECTIONS */

NTSTATUS image_open(struct image *image, PVOID base)
{
	const IMAGE_DOS_HEADER *dos = base;
	const IMAGE_NT_HEADERS64 *headers;
	uint64_t header_end;

	/*
	 * The kernel maps an image only if e_lfanew lies in its first page or in further pages of
	 * headers.
	 */
	headers = (const void *)((char *)base + (uint32_t)dos->e_lfanew);
	header_end = (uint64_t)(uint32_t)dos->e_lfanew + sizeof(*headers) +
		     headers->FileHeader.NumberOfSections * sizeof(IMAGE_SECTION_HEADER);
	if (dos->e_magic != IMAGE_DOS_SIGNATURE || headers->Signature != IMAGE_NT_SIGNATURE ||
	    header_end > headers->OptionalHeader.SizeOfImage ||
	    headers->FileHeader.NumberOfSections > MAX_SECTIONS)
		return STATUS_INVALID_IMAGE_FORMAT;
	image->base = base;
	image->headers = headers;
	image->bytes = headers->OptionalHeader.SizeOfImage;
	return STATUS_SUCCESS;
}

void *image_range(const struct image *image, uint64_t rva, uint64_t bytes)
{
	if (rva > image->bytes || bytes > image->bytes - rva)
		return NULL;
	return image->base + rva;
}

const char *image_string(const struct image *image, uint64_t rva)
{
	uint64_t limit;

	if (rva >= image->bytes)
		return NULL;
	limit = image->bytes - rva;
	if (limit > MAX_STRING_BYTES)
		limit = MAX_STRING_BYTES;
	return memchr(image->base + rva, 0, limit) ? image->base + rva : NULL;
}

uint32_t image_directory_rva(const struct image *image, unsigned number)
{
	const IMAGE_OPTIONAL_HEADER64 *optional = &image->headers->OptionalHeader;

	if (number >= optional->NumberOfRvaAndSizes || number >= IMAGE_NUMBEROF_DIRECTORY_ENTRIES)
		return 0;
	return optional->DataDirectory[number].VirtualAddress;
}

void *image_directory(const struct image *image, unsigned number, uint32_t *bytes)
{
	uint32_t rva = image_directory_rva(image, number);

	if (!rva)
		return NULL;
	*bytes = image->headers->OptionalHeader.DataDirectory[number].Size;
	return *bytes ? image_range(image, rva, *bytes) : NULL;
}

static const IMAGE_SECTION_HEADER *image_sections(const struct image *image)
{
	return (const void *)((const char *)&image->headers->OptionalHeader +
			      image->headers->FileHeader.SizeOfOptionalHeader);
}

bool image_is_writable(const struct image *image, uint64_t rva)
{
	const IMAGE_SECTION_HEADER *section = image_sections(image);

	for (unsigned i = 0; i < image->headers->FileHeader.NumberOfSections; i++, section++)
		if (rva >= section->VirtualAddress &&
		    rva - section->VirtualAddress < section->Misc.VirtualSize)
			return section->Characteristics & IMAGE_SCN_MEM_WRITE;
	return false;
}

/* ---- relocations ---- */

/*
 * Swaps the protection of each PE section with protections[i]. Empty sections have no pages and are
 * passed over.
 */
static NTSTATUS sections_protect(const struct image *image, ULONG *protections)
{
	const IMAGE_SECTION_HEADER *section = image_sections(image);

	for (unsigned i = 0; i < image->headers->FileHeader.NumberOfSections; i++, section++) {
		PVOID base = image_range(image, section->VirtualAddress, section->Misc.VirtualSize);
		SIZE_T bytes = section->Misc.VirtualSize;
		NTSTATUS status;

		if (!bytes)
			continue;
		if (!base)
			return STATUS_INVALID_IMAGE_FORMAT;
		status = NtProtectVirtualMemory(CURRENT_PROCESS, &base, &bytes, protections[i],
						&protections[i]);
		if (!NT_SUCCESS(status))
			return status;
	}
	return STATUS_SUCCESS;
}

static NTSTATUS relocate_block(const struct image *image, const IMAGE_BASE_RELOCATION *block,
			       uint64_t delta)
{
	const uint16_t *entry = (const uint16_t *)(block + 1);
	uint32_t count = (block->SizeOfBlock - sizeof(*block)) / sizeof(*entry);

	for (; count; count--, entry++) {
		uint64_t *target;

		if (*entry >> 12 == IMAGE_REL_BASED_ABSOLUTE)
			continue;
		target = image_range(image, (uint64_t)block->VirtualAddress + (*entry & 0xFFF),
				     sizeof(*target));
		if (*entry >> 12 != IMAGE_REL_BASED_DIR64 || !target)
			return STATUS_INVALID_IMAGE_FORMAT;
		*target += delta;
	}
	return STATUS_SUCCESS;
}

static NTSTATUS relocate_all(const struct image *image, const char *directory, uint32_t bytes,
			     uint64_t delta)
{
	while (bytes) {
		const IMAGE_BASE_RELOCATION *block = (const void *)directory;
		NTSTATUS status;

		if (bytes < sizeof(*block) || block->SizeOfBlock < sizeof(*block) ||
		    block->SizeOfBlock > bytes)
			return STATUS_INVALID_IMAGE_FORMAT;
		status = relocate_block(image, block, delta);
		if (!NT_SUCCESS(status))
			return status;
		directory += block->SizeOfBlock;
		bytes -= block->SizeOfBlock;
	}
	return STATUS_SUCCESS;
}

NTSTATUS image_relocate(const struct image *image)
{
	uint64_t delta =
		(uint64_t)(uintptr_t)image->base - image->headers->OptionalHeader.ImageBase;
	ULONG protections[MAX_SECTIONS];
	const char *directory;
	uint32_t bytes;
	NTSTATUS status;

	if (!delta)
		return STATUS_SUCCESS;
	if (image->headers->FileHeader.Characteristics & IMAGE_FILE_RELOCS_STRIPPED)
		return STATUS_CONFLICTING_ADDRESSES;
	directory = image_directory(image, IMAGE_DIRECTORY_ENTRY_BASERELOC, &bytes);
	if (!directory) /* no addresses in it: nothing to change, unless the directory lies */
		return image_directory_rva(image, IMAGE_DIRECTORY_ENTRY_BASERELOC)
			       ? STATUS_INVALID_IMAGE_FORMAT
			       : STATUS_SUCCESS;
	for (unsigned i = 0; i < MAX_SECTIONS; i++)
		protections[i] = PAGE_READWRITE;
	status = sections_protect(image, protections);
	if (!NT_SUCCESS(status))
		return status;
	status = relocate_all(image, directory, bytes, delta);
	if (!NT_SUCCESS(status))
		return status;
	return sections_protect(image, protections);
}

/* ---- exports ---- */

/* The tables of the export directory, each checked to lie inside the image. */
struct export_tables {
	uint32_t rva, bytes; /* of the directory: an address inside it is a forwarder */
	uint32_t ordinal_base, function_count, name_count;
	const uint32_t *functions, *names;
	const uint16_t *ordinals;
};

static NTSTATUS exports_open(const struct image *image, struct export_tables *tables)
{
	const IMAGE_EXPORT_DIRECTORY *directory =
		image_directory(image, IMAGE_DIRECTORY_ENTRY_EXPORT, &tables->bytes);

	if (!directory || tables->bytes < sizeof(*directory))
		return STATUS_INVALID_IMAGE_FORMAT;
	tables->rva = image_directory_rva(image, IMAGE_DIRECTORY_ENTRY_EXPORT);
	tables->ordinal_base = directory->Base;
	tables->function_count = directory->NumberOfFunctions;
	tables->name_count = directory->NumberOfNames;
	tables->functions = image_range(image, directory->AddressOfFunctions,
					(uint64_t)tables->function_count * sizeof(uint32_t));
	tables->names = image_range(image, directory->AddressOfNames,
				    (uint64_t)tables->name_count * sizeof(uint32_t));
	tables->ordinals = image_range(image, directory->AddressOfNameOrdinals,
				       (uint64_t)tables->name_count * sizeof(uint16_t));
	if (!tables->functions || !tables->names || !tables->ordinals)
		return STATUS_INVALID_IMAGE_FORMAT;
	return STATUS_SUCCESS;
}

/*
 * The index of the function with this name: the linker's hint first, then a search in the sorted
 * table of names.
 */
static NTSTATUS exports_find_name(const struct image *image, const struct export_tables *tables,
				  const char *name, uint32_t hint, uint32_t *index)
{
	uint32_t low = 0, high = tables->name_count;
	uint32_t middle = hint < high ? hint : high / 2;

	for (; low < high; middle = low + (high - low) / 2) {
		const char *candidate = image_string(image, tables->names[middle]);
		int order;

		if (!candidate)
			return STATUS_INVALID_IMAGE_FORMAT;
		order = strcmp(name, candidate);
		if (!order) {
			*index = tables->ordinals[middle];
			return STATUS_SUCCESS;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return STATUS_ENTRYPOINT_NOT_FOUND;
}

NTSTATUS image_find_export(const struct image *image, const char *name, uint32_t hint,
			   uint32_t ordinal, struct image_export *result)
{
	struct export_tables tables;
	uint32_t index, rva;
	NTSTATUS missing = name ? STATUS_ENTRYPOINT_NOT_FOUND : STATUS_ORDINAL_NOT_FOUND;
	NTSTATUS status;

	if (!image_directory_rva(image, IMAGE_DIRECTORY_ENTRY_EXPORT))
		return missing;
	status = exports_open(image, &tables);
	if (!NT_SUCCESS(status))
		return status;
	index = ordinal - tables.ordinal_base;
	if (name) {
		status = exports_find_name(image, &tables, name, hint, &index);
		if (!NT_SUCCESS(status))
			return status;
	}
	if (index >= tables.function_count || !tables.functions[index])
		return missing;
	rva = tables.functions[index];
	*result = (struct image_export){.address = image_range(image, rva, 1)};
	if (rva - tables.rva < tables.bytes)
		result->forward = image_string(image, rva);
	return result->address ? STATUS_SUCCESS : STATUS_INVALID_IMAGE_FORMAT;
}
