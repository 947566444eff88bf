/*
 * console.h - reading and writing the console that programs share (arch.h: CONSOLE_STDIO).
 */
#pragma once

#include "arch/arch.h"
#include "nt/ntstatus.h"
#include "kernel/lib/annotate.h"

/*
 * Copies between the console and user memory; *transferred is always written. A read waits for the
 * first byte and takes what has arrived by then; carriage return becomes line feed. Bytes are
 * written as they are.
 * => returns: STATUS_SUCCESS, STATUS_ACCESS_VIOLATION, STATUS_THREAD_IS_TERMINATING.
 */
NTSTATUS console_read(vaddr_t buffer, uint64_t size_bytes, uint64_t *transferred) MUST_CHECK;
NTSTATUS console_write(vaddr_t buffer, uint64_t size_bytes, uint64_t *transferred) MUST_CHECK;
