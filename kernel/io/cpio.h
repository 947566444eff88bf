/*
 * cpio.h - the newc archive format, as a pure function of a buffer. Fuzzed on the host.
 */
#pragma once

#include "nt/ntstatus.h"
#include "kernel/lib/annotate.h"

struct cpio_entry {
	const char *
		name; /* in the archive, terminated; "bin/hello.exe", never absolute, no "..", no empty part */
	uint64_t data_offset; /* from the start of the archive */
	uint64_t size_bytes;
	uint32_t mode; /* POSIX: 0040000 directory, 0100000 regular file; others are refused */
	uint64_t modified_seconds;
};

/*
 * The entry at *offset, and *offset moved to the next one. Start with 0.
 * => returns: STATUS_SUCCESS; STATUS_NO_MORE_ENTRIES at the trailer; STATUS_DISK_CORRUPT_ERROR with a message naming the
 *    entry: bad magic, bad hexadecimal, name or data beyond the end, absurd name, missing trailer, unknown kind.
 */
NTSTATUS cpio_next(const void *archive, uint64_t size_bytes, uint64_t *offset,
		   struct cpio_entry *entry, char *message, size_t message_capacity) MUST_CHECK;
