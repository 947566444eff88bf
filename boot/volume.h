/*
 * volume.h - files of the volume that the firmware loaded the loader from.
 */
#pragma once

#include <efi.h>
#include <stdbool.h>
#include <stdint.h>

/* A whole file in pages of its own (EfiLoaderData). */
struct file_bytes {
	uint8_t *data;
	uint64_t size_bytes;
};

/*
 * Reads the file at `path` ("\\quire\\kernel.elf"). False: there is no such file, or no file
 * system. A file that is there and cannot be read fails the start-up.
 */
bool volume_read(EFI_HANDLE image, const CHAR16 *path, struct file_bytes *file);
