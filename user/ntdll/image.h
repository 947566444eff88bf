/*
 * image.h - a PE image in memory. Every number it carries may lie: nothing outside [base, base +
 * bytes) is touched.
 *
 * The kernel has checked the headers and mapped exactly SizeOfImage bytes; directories and what
 * they point to are checked here.
 */
#pragma once

#include "native.h"

struct image {
	char *base;
	uint64_t bytes;
	const IMAGE_NT_HEADERS64 *headers;
};

/* => returns: STATUS_INVALID_IMAGE_FORMAT if the headers do not lie inside the image. */
NTSTATUS image_open(struct image *image, PVOID base);

/* [rva, rva + bytes) as a pointer, or NULL if it is not inside. */
void *image_range(const struct image *image, uint64_t rva, uint64_t bytes);
/* A NUL-terminated string inside the image, at most 512 bytes, or NULL. */
const char *image_string(const struct image *image, uint64_t rva);
/* A data directory, its length in *bytes, or NULL if the image has none. */
void *image_directory(const struct image *image, unsigned number, uint32_t *bytes);
/* As image_range, for `rva` = where the directory begins. */
uint32_t image_directory_rva(const struct image *image, unsigned number);

/* True if the PE section at rva is writable. */
bool image_is_writable(const struct image *image, uint64_t rva);

/*
 * Adds the distance between the header's base and the real one to every address the image holds,
 * and leaves the protections as they were. Nothing to do at the preferred base.
 * => returns: STATUS_CONFLICTING_ADDRESSES (it has no relocations), STATUS_INVALID_IMAGE_FORMAT
 * (they lie).
 */
NTSTATUS image_relocate(const struct image *image);

/* An export: its address, or `forward` = "dll.name" where the image refers to another one. */
struct image_export {
	PVOID address;
	const char *forward;
};
/*
 * Finds an export by name (`hint` is where the linker guesses it in the table of names) or, name
 * NULL, by ordinal.
 * => returns: STATUS_ENTRYPOINT_NOT_FOUND, STATUS_ORDINAL_NOT_FOUND, STATUS_INVALID_IMAGE_FORMAT.
 */
NTSTATUS image_find_export(const struct image *image, const char *name, uint32_t hint,
			   uint32_t ordinal, struct image_export *result);
