/*
 * guest.h - what several guest tests share: short forms of calls with the usual arguments.
 */
#pragma once

#include "console.h"
#include "native.h"
#include "program.h"
#include "system.h"
#include "tap.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define DATA_FILE "C:\\data\\text.txt" /* several MiB, never written */
#define EMPTY_FILE "C:\\data\\empty.bin"
#define ODD_FILE "C:\\data\\scratch0.bin" /* 0x3456 bytes, all "A", never written */
#define ODD_BYTES 0x3456
/* 64 KiB of "A"; tests that write restore nothing, so each takes its own part. */
#define SCRATCH_FILE "C:\\data\\scratch1.bin"
#define SCRATCH_COW_FILE "C:\\data\\scratch2.bin"
/* 4 KiB: what the generated tests open, read and overwrite */
#define MATRIX_FILE "C:\\data\\scratch3.bin"
/* 64 KiB of "A" at first, longer later: test_file's own */
#define GROWING_FILE "C:\\data\\scratch4.bin"
#define IMAGE_FILE "C:\\bin\\hello.exe"

/* A protection and its name, for tables over all eight. */
struct named_protection {
	ULONG value;
	const char *name;
};
#define PROTECTIONS 8
extern const struct named_protection protections[PROTECTIONS];

/* SECTION_ALL_ACCESS, no name; size 0: no size is passed. */
NTSTATUS section_make(HANDLE *section, uint64_t bytes, ULONG protection, ULONG attributes,
		      HANDLE file);
/* The same without keeping the handle: for the status alone. */
NTSTATUS section_try(uint64_t bytes, ULONG protection, ULONG attributes, HANDLE file);

/* A page-file section, committed, read-write; the test ends with a message if it cannot be had. */
HANDLE section_need(uint64_t bytes);

/* All of the section, anywhere. */
NTSTATUS view_make(HANDLE section, ULONG protection, char **view);
/* The same, the status alone: what was mapped is unmapped again. */
NTSTATUS view_try(HANDLE section, ULONG protection);
char *view_need(HANDLE section, ULONG protection);
NTSTATUS view_drop(const void *view);

/* Private memory, committed, read-write. */
char *memory_need(size_t bytes);
void memory_drop(char *memory);

MEMORY_BASIC_INFORMATION region_at(const void *address);
NTSTATUS protect(const void *address, size_t bytes, ULONG protection, ULONG *old);

/*
 * A thread of this program with all rights, flags 0 or THREAD_CREATE_FLAGS_CREATE_SUSPENDED; or the
 * test ends with a message.
 */
HANDLE thread_need(thread_start_routine routine, const volatile void *argument, ULONG flags);

/* Opens or ends the test with a message. */
HANDLE file_need(const char *path, ACCESS_MASK access);

/* Is so much memory free? Skips `checks` with the reason if not; true where nothing tells. */
bool memory_suffices(uint64_t bytes, unsigned checks, const char *reason);
/* The same for what may be committed: pages may be in the page file. */
bool commit_suffices(uint64_t bytes, unsigned checks, const char *reason);

/* Equal for two addresses exactly if they share a frame; 0: not resident, or not known here. */
uint64_t frame_at(const void *address);

/* Ends the program with a TAP "Bail out!" line. */
_Noreturn void bail_out(const char *what, NTSTATUS status);
