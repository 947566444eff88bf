/*
 * exports.c - the export directory of a PE32+ image (the kernel needs two addresses in ntdll to
 * start threads).
 */
#include "exports.h"

#include "kernel/lib/range.h"
#include "kernel/lib/string.h"

/* Offsets and values of the PE format */
#define DOS_PE_OFFSET 0x3C
#define PE_OPTIONAL_HEADER 24
#define OPTIONAL_MAGIC_64 0x20B
#define OPTIONAL_DIRECTORIES 112 /* the first is the export directory: rva, size */

struct export_directory {
	uint32_t characteristics, time_stamp;
	uint16_t major_version, minor_version;
	uint32_t name, ordinal_base, function_count, name_count;
	uint32_t functions, names, name_ordinals; /* rva of arrays */
};
_Static_assert(sizeof(struct export_directory) == 40, "IMAGE_EXPORT_DIRECTORY");

/* One lookup: the directory, and where it lies (a function inside it is a forwarder's text). */
struct lookup {
	const struct image_reader *reader;
	struct export_directory directory;
	uint32_t start, size_bytes;
};

static NTSTATUS image_read(const struct image_reader *reader, uint64_t rva, void *to,
			   size_t size_bytes)
{
	if (!range_ok(rva, size_bytes, reader->image_bytes))
		return STATUS_INVALID_IMAGE_FORMAT;
	return reader->read(reader->context, (uint32_t)rva, to, size_bytes);
}

static NTSTATUS directory_find(struct lookup *lookup)
{
	const struct image_reader *reader = lookup->reader;
	uint32_t pe_offset, place[2];
	uint16_t magic;
	NTSTATUS status = image_read(reader, DOS_PE_OFFSET, &pe_offset, sizeof(pe_offset));
	uint64_t optional;

	if (!NT_SUCCESS(status))
		return status;
	optional = (uint64_t)pe_offset + PE_OPTIONAL_HEADER;
	status = image_read(reader, optional, &magic, sizeof(magic));
	if (!NT_SUCCESS(status))
		return status;
	if (magic != OPTIONAL_MAGIC_64)
		return STATUS_INVALID_IMAGE_FORMAT;
	status = image_read(reader, optional + OPTIONAL_DIRECTORIES, place, sizeof(place));
	if (!NT_SUCCESS(status))
		return status;
	lookup->start = place[0];
	lookup->size_bytes = place[1];
	if (!lookup->start)
		return STATUS_ENTRYPOINT_NOT_FOUND;
	return image_read(reader, lookup->start, &lookup->directory, sizeof(lookup->directory));
}

/*
 * *equal: the name at `rva` is `name`. A name that runs to the image's end without terminator is
 * not.
 */
static NTSTATUS name_compare(const struct lookup *lookup, uint32_t rva, const char *name,
			     bool *equal)
{
	char text[EXPORT_NAME_MAX_BYTES];
	size_t size_bytes = strlen(name) + 1;
	NTSTATUS status;

	*equal = false;
	if (size_bytes > sizeof(text) || !range_ok(rva, size_bytes, lookup->reader->image_bytes))
		return STATUS_SUCCESS;
	status = image_read(lookup->reader, rva, text, size_bytes);
	if (NT_SUCCESS(status))
		*equal = memcmp(text, name, size_bytes) == 0;
	return status;
}

static NTSTATUS function_of_name(const struct lookup *lookup, uint32_t name_index, uint32_t *rva)
{
	const struct export_directory *directory = &lookup->directory;
	uint16_t ordinal;
	NTSTATUS status = image_read(lookup->reader, directory->name_ordinals + 2ull * name_index,
				     &ordinal, sizeof(ordinal));

	if (!NT_SUCCESS(status))
		return status;
	if (ordinal >= directory->function_count)
		return STATUS_INVALID_IMAGE_FORMAT;
	status = image_read(lookup->reader, directory->functions + 4ull * ordinal, rva,
			    sizeof(*rva));
	if (!NT_SUCCESS(status))
		return status;
	if (*rva == 0 || *rva - lookup->start < lookup->size_bytes)
		return STATUS_ENTRYPOINT_NOT_FOUND;
	return *rva < lookup->reader->image_bytes ? STATUS_SUCCESS : STATUS_INVALID_IMAGE_FORMAT;
}

NTSTATUS image_find_export(const struct image_reader *reader, const char *name, uint32_t *rva)
{
	struct lookup lookup = {.reader = reader};
	NTSTATUS status = directory_find(&lookup);

	/* A false name_count ends at the first entry beyond the image. */
	for (uint32_t i = 0; NT_SUCCESS(status) && i < lookup.directory.name_count; i++) {
		uint32_t name_rva;
		bool equal = false;

		status = image_read(reader, lookup.directory.names + 4ull * i, &name_rva,
				    sizeof(name_rva));
		if (NT_SUCCESS(status))
			status = name_compare(&lookup, name_rva, name, &equal);
		if (equal)
			return function_of_name(&lookup, i, rva);
	}
	return NT_SUCCESS(status) ? STATUS_ENTRYPOINT_NOT_FOUND : status;
}
