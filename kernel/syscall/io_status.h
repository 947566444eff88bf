/*
 * io_status.h - the parameters that all calls on files share: IO_STATUS_BLOCK and event.
 */
#pragma once

#include "arch/arch.h"
#include "nt/ntdef.h"
#include "nt/ntstatus.h"
#include "kernel/lib/annotate.h"

NTSTATUS io_status_write(vaddr_t address, NTSTATUS status, uint64_t information) MUST_CHECK;

/*
 * An event to signal: 0, or (there are no events yet) STATUS_INVALID_HANDLE or
 * STATUS_OBJECT_TYPE_MISMATCH.
 */
NTSTATUS io_event_check(handle_t event) MUST_CHECK;
