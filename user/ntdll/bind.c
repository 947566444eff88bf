/*
 * bind.c - resolving imports: every library a module names is loaded and bound in its turn, and the
 * addresses of the symbols are stored in the import address table.
 *
 * Cycles end because a module counts as bound when binding begins. The depth of recursion is the
 * depth of the dependency graph, limited by BIND_DEPTH.
 */
#include <string.h>

#include "format.h"
#include "loader.h"

#define BIND_DEPTH 32
#define FORWARD_DEPTH 8

/* One import: either a name with a hint, or an ordinal. */
struct import {
	const char *name;
	uint32_t hint, ordinal;
};

static NTSTATUS import_decode(const struct image *image, uint64_t thunk, struct import *import)
{
	const uint16_t *hint;

	*import = (struct import){.name = NULL};
	if (IMAGE_SNAP_BY_ORDINAL64(thunk)) {
		import->ordinal = (uint32_t)IMAGE_ORDINAL64(thunk);
		return STATUS_SUCCESS;
	}
	hint = image_range(image, thunk, sizeof(*hint));
	import->name = hint ? image_string(image, thunk + sizeof(*hint)) : NULL;
	if (!import->name)
		return STATUS_INVALID_IMAGE_FORMAT;
	import->hint = *hint;
	return STATUS_SUCCESS;
}

static void failure_name(struct bind_failure *failure, const struct import *import)
{
	if (import->name)
		format_text(failure->symbol, sizeof(failure->symbol), "%s", import->name);
	else
		format_text(failure->symbol, sizeof(failure->symbol), "ordinal %u",
			    import->ordinal);
}

/* "dll.name" or "dll.#ordinal": loads the library and tells what to look for in it. */
static NTSTATUS forward_decode(const char *forward, struct module **module, struct import *import)
{
	char library[64];
	const char *dot = strchr(forward, '.');

	if (!dot || (size_t)(dot - forward) + sizeof(".dll") > sizeof(library))
		return STATUS_INVALID_IMAGE_FORMAT;
	format_text(library, sizeof(library), "%.*s.dll", (int)(dot - forward), forward);
	*import = (struct import){.name = dot + 1};
	if (dot[1] == '#') {
		import->name = NULL;
		for (const char *digit = dot + 2; *digit >= '0' && *digit <= '9'; digit++)
			import->ordinal = import->ordinal * 10 + (uint32_t)(*digit - '0');
	}
	return module_load(library, module);
}

NTSTATUS module_symbol(struct module *module, const char *name, uint32_t hint, uint32_t ordinal,
		       PVOID *address, struct bind_failure *failure)
{
	struct import import = {name, hint, ordinal};

	for (unsigned depth = 0; depth < FORWARD_DEPTH; depth++) {
		struct image image;
		struct image_export found;
		NTSTATUS status = image_open(&image, module->base);

		failure_name(failure, &import);
		format_text(failure->library, sizeof(failure->library), "%.*ls",
			    module->base_name.Length / (int)sizeof(WCHAR),
			    (const wchar_t *)module->base_name.Buffer);
		if (NT_SUCCESS(status))
			status = image_find_export(&image, import.name, import.hint, import.ordinal,
						   &found);
		if (!NT_SUCCESS(status))
			return status;
		if (!found.forward) {
			*address = found.address;
			return STATUS_SUCCESS;
		}
		status = forward_decode(found.forward, &module, &import);
		if (!NT_SUCCESS(status))
			return status;
	}
	return STATUS_ENTRYPOINT_NOT_FOUND;
}

/* Fills [slots, slots + count) from the names or ordinals in `thunks`. The slots are writable. */
static NTSTATUS import_fill(const struct image *image, const uint64_t *thunks, uint64_t *slots,
			    uint64_t count, struct module *library, struct bind_failure *failure)
{
	for (uint64_t i = 0; i < count; i++) {
		struct import import;
		PVOID address;
		NTSTATUS status = import_decode(image, thunks[i], &import);

		if (NT_SUCCESS(status))
			status = module_symbol(library, import.name, import.hint, import.ordinal,
					       &address, failure);
		if (!NT_SUCCESS(status))
			return status;
		slots[i] = (uint64_t)(uintptr_t)address;
	}
	return STATUS_SUCCESS;
}

/*
 * The table may stand in a read-only section (other linkers than ours): then it is made writable
 * meanwhile.
 */
static NTSTATUS import_fill_protected(const struct image *image, const uint64_t *thunks,
				      uint64_t *slots, uint64_t count, struct module *library,
				      struct bind_failure *failure)
{
	PVOID base = slots;
	SIZE_T bytes = count * sizeof(*slots);
	ULONG protection;
	NTSTATUS status, restored;

	if (image_is_writable(image, (uint64_t)((char *)slots - image->base)))
		return import_fill(image, thunks, slots, count, library, failure);
	status =
		NtProtectVirtualMemory(CURRENT_PROCESS, &base, &bytes, PAGE_READWRITE, &protection);
	if (!NT_SUCCESS(status))
		return status;
	status = import_fill(image, thunks, slots, count, library, failure);
	restored = NtProtectVirtualMemory(CURRENT_PROCESS, &base, &bytes, protection, &protection);
	return NT_SUCCESS(status) ? restored : status;
}

/* The number of entries before the zero, or UINT64_MAX if there is none inside the image. */
static uint64_t thunks_count(const struct image *image, uint64_t rva)
{
	for (uint64_t count = 0;; count++) {
		const uint64_t *thunk =
			image_range(image, rva + count * sizeof(*thunk), sizeof(*thunk));

		if (!thunk)
			return UINT64_MAX;
		if (!*thunk)
			return count;
	}
}

static NTSTATUS module_bind_at(struct module *module, struct bind_failure *failure, unsigned depth);

static NTSTATUS library_bind(struct module *module, const struct image *image,
			     const IMAGE_IMPORT_DESCRIPTOR *descriptor,
			     struct bind_failure *failure, unsigned depth)
{
	uint32_t lookup = descriptor->OriginalFirstThunk ? descriptor->OriginalFirstThunk
							 : descriptor->FirstThunk;
	const char *name = image_string(image, descriptor->Name);
	uint64_t count = thunks_count(image, lookup);
	struct module *library;
	uint64_t *slots;
	NTSTATUS status;

	format_text(failure->importer, sizeof(failure->importer), "%.*ls",
		    module->base_name.Length / (int)sizeof(WCHAR),
		    (const wchar_t *)module->base_name.Buffer);
	if (!name || count == UINT64_MAX)
		return STATUS_INVALID_IMAGE_FORMAT;
	slots = image_range(image, descriptor->FirstThunk, count * sizeof(*slots));
	if (!slots)
		return STATUS_INVALID_IMAGE_FORMAT;
	format_text(failure->library, sizeof(failure->library), "%s", name);
	failure->symbol[0] = '\0';
	status = module_load(name, &library);
	if (NT_SUCCESS(status) && !library->is_bound)
		status = module_bind_at(library, failure, depth + 1);
	if (!NT_SUCCESS(status) || !count)
		return status;
	return import_fill_protected(image, image_range(image, lookup, count * sizeof(*slots)),
				     slots, count, library, failure);
}

static NTSTATUS module_bind_at(struct module *module, struct bind_failure *failure, unsigned depth)
{
	const IMAGE_IMPORT_DESCRIPTOR *descriptor;
	struct image image;
	uint32_t bytes;
	NTSTATUS status = image_open(&image, module->base);

	module->is_bound = true;
	if (NT_SUCCESS(status) && depth >= BIND_DEPTH)
		status = STATUS_INVALID_IMAGE_FORMAT;
	if (!NT_SUCCESS(status))
		return status;
	descriptor = image_directory(&image, IMAGE_DIRECTORY_ENTRY_IMPORT, &bytes);
	if (!descriptor && image_directory_rva(&image, IMAGE_DIRECTORY_ENTRY_IMPORT))
		return STATUS_INVALID_IMAGE_FORMAT;
	for (; descriptor && bytes >= sizeof(*descriptor) && descriptor->Name; descriptor++) {
		status = library_bind(module, &image, descriptor, failure, depth);
		if (!NT_SUCCESS(status))
			return status;
		bytes -= (uint32_t)sizeof(*descriptor);
	}
	module_append_initialization(module);
	return STATUS_SUCCESS;
}

NTSTATUS module_bind(struct module *module, struct bind_failure *failure)
{
	*failure = (struct bind_failure){.importer = ""};
	return module_bind_at(module, failure, 0);
}
