/*
 * ps_attributes.h - PS_ATTRIBUTE_LIST of NtCreateUserProcess and NtCreateThreadEx.
 */
#pragma once

#include "arch/arch.h"
#include "capture.h"
#include "nt/ntps.h"

struct user_thread;

struct ps_attributes {
	/* inputs; NULL or 0: not given */
	handle_t parent_process;
	struct captured_text image_name;
	/* outputs: where the user wants them */
	struct nt_ps_attribute client_id, teb_address, image_information;
};

/*
 * Captures the list at `address` (0: empty) and probes its outputs. Standard-handle and handle-list
 * attributes are accepted and change nothing: README.md says which handles a child gets.
 * => returns: STATUS_ACCESS_VIOLATION, STATUS_INVALID_PARAMETER (malformed, or the same attribute
 *    twice), STATUS_NOT_SUPPORTED (an attribute that must not be ignored), statuses of
 *    text_capture. On success give it to ps_attributes_release.
 */
NTSTATUS ps_attributes_capture(vaddr_t address, struct ps_attributes *result) MUST_CHECK;
void ps_attributes_release(struct ps_attributes *attributes);

/* Writes the outputs that were asked for. */
NTSTATUS ps_attributes_write(const struct ps_attributes *attributes,
			     const struct user_thread *thread) MUST_CHECK;
