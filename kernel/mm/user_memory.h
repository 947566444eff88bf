/*
 * user_memory.h - the only way to user memory: four copies with fault fix-up, each checked against
 * the user range.
 *
 * Capture once: copy arguments in, check the copy, use the copy. A page that is absent is faulted
 * in; no lock may be held.
 */
#pragma once

#include "arch/arch.h"
#include "nt/ntstatus.h"
#include "kernel/lib/annotate.h"

/*
 * => returns: STATUS_SUCCESS or STATUS_ACCESS_VIOLATION (also for a range outside user space). size
 * 0 succeeds.
 */
NTSTATUS copy_in(void *to, vaddr_t from, size_t size_bytes) MUST_CHECK;
NTSTATUS copy_out(vaddr_t to, const void *from, size_t size_bytes) MUST_CHECK;

/*
 * Checks that [address, address + size) is writable user memory by touching each page (C3: probe
 * before handles).
 */
NTSTATUS probe_write(vaddr_t address, size_t size_bytes) MUST_CHECK;
/*
 * A probed buffer counts as written from now on, for who watches writes (a probe alone marks
 * nothing). For buffers that a call may fill in part.
 */
void note_write(vaddr_t address, size_t size_bytes);
NTSTATUS probe_read(vaddr_t address, size_t size_bytes) MUST_CHECK;
