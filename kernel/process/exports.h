/*
 * exports.h - looking up a name in a PE32+ image's export directory, as a pure function of a
 * reader.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "nt/ntstatus.h"
#include "kernel/lib/annotate.h"

#define EXPORT_NAME_MAX_BYTES 64u /* with its terminator */

/* Where the image's bytes come from. */
struct image_reader {
	/* Reads [rva, rva + size_bytes), which lies below image_bytes. */
	NTSTATUS (*read)(void *context, uint32_t rva, void *to, size_t size_bytes);
	void *context;
	uint32_t image_bytes;
};

/*
 * The RVA of the exported function `name`. Every number of the image is checked before it is used.
 * => returns: STATUS_ENTRYPOINT_NOT_FOUND (also for a forwarder), STATUS_INVALID_IMAGE_FORMAT, the
 *    reader's error.
 */
NTSTATUS image_find_export(const struct image_reader *reader, const char *name,
			   uint32_t *rva) MUST_CHECK;
