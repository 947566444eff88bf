/*
 * kinds.h - the types of object that can be created and opened by name, each with both calls.
 */
#pragma once

#include "case.h"

#define KIND_FOLDER L"\\BaseNamedObjects\\"

struct kind {
	const char *name;	   /* "section" */
	const char *create, *open; /* the names of the calls */
	const WCHAR *type;	   /* what NtQueryObject says */
	ACCESS_MASK all_access;
	/* One page of memory, count 0 of 1, a link to the directory KIND_FOLDER, ... */
	NTSTATUS (*make)(HANDLE *handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes);
	NTSTATUS(NTAPI *open_call)
	(HANDLE *handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes);
};

enum kind_index {
	KIND_SECTION,
	KIND_EVENT,
	KIND_SEMAPHORE,
	KIND_MUTANT,
	KIND_DIRECTORY,
	KIND_LINK,
	KINDS,
};
extern const struct kind kinds[KINDS];

/* Attributes with their name: pass &named.attributes; the struct must not move. */
struct named {
	OBJECT_ATTRIBUTES attributes;
	UNICODE_STRING name;
};
OBJECT_ATTRIBUTES *named_set(struct named *named, const WCHAR *name, HANDLE root, ULONG flags);

/* An object of the kind with all its rights and this name (NULL: none), or the program ends. */
HANDLE kind_need(enum kind_index kind, const WCHAR *name);
/* The statuses of creating and of opening (READ_CONTROL); a handle that comes is closed. */
NTSTATUS kind_create_try(const struct kind *kind, const OBJECT_ATTRIBUTES *attributes);
NTSTATUS kind_open_try(const struct kind *kind, const OBJECT_ATTRIBUTES *attributes);

/* Another handle to the same object with exactly these rights, or the program ends. */
HANDLE handle_with(HANDLE handle, ACCESS_MASK access);
