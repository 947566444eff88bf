/*
 * io_status.h - the parameters that all calls on files share: IO_STATUS_BLOCK and event.
 */
#pragma once

#include "arch/arch.h"
#include "nt/ntdef.h"
#include "nt/ntstatus.h"
#include "kernel/lib/annotate.h"

struct event;

NTSTATUS io_status_write(vaddr_t address, NTSTATUS status, uint64_t information) MUST_CHECK;

/* How a transfer will tell that it has ended. */
struct io_completion {
	vaddr_t status_address; /* of the IO_STATUS_BLOCK, probed */
	struct event *event;	/* a reference; NULL: none */
};

/*
 * The transfer begins: its event (0: none) is reset. On success call io_end.
 * => returns: STATUS_SUCCESS, STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH,
 *    STATUS_ACCESS_DENIED.
 */
NTSTATUS io_begin(struct io_completion *completion, handle_t event) MUST_CHECK;
/*
 * It has ended with `status`: the IO_STATUS_BLOCK is written, then the event signaled. A failure is
 * told by the call's status alone, as on NT, unless it is the end of the file.
 * => returns: `status`; STATUS_ACCESS_VIOLATION if the block went away meanwhile.
 */
NTSTATUS io_end(struct io_completion *completion, NTSTATUS status, uint64_t information) MUST_CHECK;
