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
 * An event to signal, or 0. The transfer begins: the event is reset.
 * => returns: STATUS_SUCCESS, STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH,
 *    STATUS_ACCESS_DENIED.
 */
NTSTATUS io_event_check(handle_t event) MUST_CHECK;
/* The transfer has ended, and its IO_STATUS_BLOCK is written. */
void io_event_signal(handle_t event);
