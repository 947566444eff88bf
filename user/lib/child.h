/*
 * child.h - starting another program and waiting for it; works on Quire, Wine and Windows alike.
 */
#pragma once

#include "native.h"

struct child {
	HANDLE process, thread;
	uint64_t id;
};

/*
 * Starts the program in the file `image` with the given command line (whose first word is the
 * program's name by custom). It inherits our inheritable handles, and our standard ones in any
 * case.
 * => returns: NtCreateUserProcess's status; on success the caller owns both handles (child_close).
 */
NTSTATUS child_start(struct child *child, const UNICODE_STRING *image, const char *command_line);

/*
 * The same with NtCreateUserProcess's flags as given: without PROCESS_CREATE_FLAGS_INHERIT_HANDLES
 * nothing but the standard handles is passed on.
 */
NTSTATUS child_start_with(struct child *child, const UNICODE_STRING *image,
			  const char *command_line, ULONG process_flags, ULONG thread_flags);

/* The same for our own .exe: `arguments` follow the program's name. */
NTSTATUS child_start_self(struct child *child, const char *arguments);

/* Our own image, as an NT name in the buffer. */
NTSTATUS child_own_image(UNICODE_STRING *image, WCHAR *buffer, size_t capacity_chars);

/* Waits until it has ended and tells its exit status. */
NTSTATUS child_wait(const struct child *child, NTSTATUS *exit_status);
void child_close(struct child *child);

/* child_start_self, child_wait, child_close: the exit status, or what kept it from running. */
NTSTATUS child_run_self(const char *arguments);
