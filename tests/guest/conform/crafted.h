/*
 * crafted.h - executables that a program writes itself: a copy of hello.exe, changed at will, in a
 * file of the program's own.
 */
#pragma once

#include "case.h"
#include "tests/guest/scratch.h"

#define CRAFTED_BYTES 0x40000u

/* The bytes that crafted_write writes, and how many. */
extern unsigned char crafted[CRAFTED_BYTES];
extern ULONG crafted_bytes;

/* Starts again with hello.exe as it is; ends the program if that cannot be read. */
void crafted_reset(void);
IMAGE_DOS_HEADER *crafted_dos(void);
IMAGE_NT_HEADERS64 *crafted_header(void);
/* The first PE section whose characteristics have all of `rights`; ends the program if none. */
IMAGE_SECTION_HEADER *crafted_section(ULONG rights);
/* Makes it an image for i386. */
void crafted_be_i386(void);

/*
 * Writes the bytes over the file. Handle and file stay; a view or section of it must be gone.
 * => returns: the first failure.
 */
NTSTATUS crafted_write(HANDLE file);
/* The same, then a SEC_IMAGE section of the whole, PAGE_READONLY. */
NTSTATUS crafted_image(HANDLE file, HANDLE *section);
/* The same; ends the program if there is none. */
HANDLE crafted_image_need(HANDLE file);
/* The same, the status alone. */
NTSTATUS crafted_try(HANDLE file);
/* Makes the file `path`, a copy of hello.exe, and opens it with `access` too. */
HANDLE crafted_need(const char *path, ACCESS_MASK access);
