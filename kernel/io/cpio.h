/*
 * cpio.h - the newc archive format, as a pure function of a buffer. Fuzzed on the host.
 */
#pragma once

#include "nt/ntstatus.h"
#include "kernel/lib/annotate.h"

#define CPIO_NAME_PART_MAX 255 /* characters between two '/' */
#define CPIO_NAME_MAX 1023     /* characters in all */

struct cpio_entry {
	/*
	 * In the archive, terminated: "bin/hello.exe", printable ASCII without '\', never absolute,
	 * no "..", no empty part; or "." alone for the root, a directory.
	 */
	const char *name;
	uint64_t data_offset; /* from the start of the archive */
	uint64_t size_bytes;  /* directories: 0 */
	uint32_t mode; /* POSIX: 0040000 directory, 0100000 regular file; others are refused */
	uint64_t modified_seconds;
};

#define CPIO_MODE_KIND 0170000u
#define CPIO_MODE_DIRECTORY 0040000u
#define CPIO_MODE_FILE 0100000u

/*
 * The entry at *offset, and *offset moved to the next one. Start with 0. A leading "./" of a name
 * is skipped. On failure *offset and *entry stay as they are.
 * => returns: STATUS_SUCCESS; STATUS_NO_MORE_ENTRIES at the trailer; STATUS_DISK_CORRUPT_ERROR with
 *    a message naming the entry and what to do: bad magic, bad hexadecimal, name or data beyond the
 *    end, absurd name, missing trailer, hard link, unknown kind.
 */
NTSTATUS cpio_next(const void *archive, uint64_t size_bytes, uint64_t *offset,
		   struct cpio_entry *entry, char *message, size_t message_capacity) MUST_CHECK;
