/*
 * parameters.h - RTL_USER_PROCESS_PARAMETERS on the way from a creator to the new process.
 *
 * One block: header, strings, environment; up to PARAMETER_BLOCK_PAGES pages. Inside the kernel its
 * pointers are offsets from its start (0: none), so it can be written to any address.
 */
#pragma once

#include "arch/arch.h"
#include "nt/ntps.h"
#include "nt/ntstatus.h"
#include "kernel/lib/annotate.h"

struct address_space;

#define PARAMETER_BLOCK_PAGES 32u

struct parameter_block {
	size_t size_bytes;
	void *pages[PARAMETER_BLOCK_PAGES]; /* pool blocks of a page; as many as size_bytes needs */
};

/*
 * Copies the block at the user address, once, and checks the copy: every string must lie within the
 * block. An environment outside it is dropped.
 * => returns: STATUS_ACCESS_VIOLATION, STATUS_INVALID_PARAMETER, STATUS_INSUFFICIENT_RESOURCES.
 */
NTSTATUS parameters_capture(vaddr_t user, struct parameter_block *block) MUST_CHECK;

/*
 * A block made from ASCII texts, for init. => returns: STATUS_NAME_TOO_LONG (beyond a page),
 * STATUS_INSUFFICIENT_RESOURCES.
 */
NTSTATUS parameters_build(const char *image_path, const char *command_line,
			  struct parameter_block *block) MUST_CHECK;

void parameters_free(struct parameter_block *block);

/* The header of the kernel's copy: its standard handles may be changed. */
struct nt_user_process_parameters *parameters_header(struct parameter_block *block);

/*
 * Writes the block, its offsets turned into addresses, to `base`; consumes the block's offset form:
 * once only.
 */
NTSTATUS parameters_write(struct parameter_block *block, struct address_space *space,
			  vaddr_t base) MUST_CHECK;
