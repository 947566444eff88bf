/*
 * syscall.h - the entry points of all system calls, and what they share.
 *
 * An entry point carries NT's name and gets its arguments as an array of words, in order, already
 * copied from the user's stack. Each one decodes (checks values, probes pointers, captures,
 * resolves handles; changes nothing), then performs, then writes its results. Where the last write
 * can fail after all, the operation is undone; what cannot be undone has succeeded all the same.
 */
#pragma once

#include "arch/arch.h"
#include "nt/ntdef.h"
#include "nt/ntstatus.h"
#include "kernel/process/process.h"

#define SYSCALL_MAX_ARGUMENTS 11

#define SYSCALL(name, argument_count, parameters) NTSTATUS name(const uint64_t *arguments);
#include "nt/syscalls.def"
#undef SYSCALL

/* Calls since the start, those that do not exist left out. (dispatch.c) */
uint64_t system_call_count(void);

/*
 * Gives the current process a handle and writes it to `address`, which was probed before.
 * => returns: the handle table's status; STATUS_ACCESS_VIOLATION, and no handle, if the memory went
 *    away meanwhile.
 */
NTSTATUS handle_give(void *object, access_mask_t granted, uint32_t attributes,
		     vaddr_t address) MUST_CHECK;

/* Closes a handle of the current process that nobody was told of; 0: none. */
void handle_take_back(handle_t handle);

/*
 * Object attributes of a process or thread: these have no name. *attributes receives OBJ_INHERIT.
 * (sys_process.c)
 */
NTSTATUS unnamed_capture(vaddr_t address, uint32_t *attributes) MUST_CHECK;

/* A process named by a handle, and its address space held against exit. */
struct target {
	struct process *process;
	struct address_space *space;
};
/* => returns: the statuses of process_reference_by_handle; STATUS_PROCESS_IS_TERMINATING. */
NTSTATUS target_open(handle_t handle, access_mask_t desired, struct target *target) MUST_CHECK;
void target_close(struct target *target);

/*
 * NtQuery*: writes `size_bytes` to the buffer and the size to return_length (0: nowhere) of
 * `length_width` bytes.
 */
NTSTATUS query_result(vaddr_t buffer, const void *data, size_t size_bytes, vaddr_t return_length,
		      size_t length_width) MUST_CHECK;
/* The size alone: a buffer that is too small still learns it. `status` if that worked. */
NTSTATUS query_length(NTSTATUS status, uint64_t size_bytes, vaddr_t return_length,
		      size_t length_width) MUST_CHECK;
/* Probes a query's output buffer and return length. */
NTSTATUS query_probe(vaddr_t buffer, uint64_t length_bytes, vaddr_t return_length,
		     size_t length_width) MUST_CHECK;

/*
 * The start of a query with the arguments object, class, buffer, length, return length (4 bytes),
 * whose one class is number 0 with just `size_bytes`.
 * => returns: STATUS_ACCESS_VIOLATION, STATUS_INVALID_INFO_CLASS, STATUS_INFO_LENGTH_MISMATCH,
 *    process_reference_by_handle's; a reference in *object_out.
 */
NTSTATUS query_open(const uint64_t *arguments, const struct object_type *type,
		    access_mask_t desired, size_t size_bytes, void *object_out) MUST_CHECK;
