/*
 * capture.h - object attributes and names, copied from the user once (nt-semantics section 7, rows
 * 1 to 10).
 */
#pragma once

#include "arch/arch.h"
#include "kernel/object/namespace.h"

/*
 * UTF-16 text of the user: in a pool block, or, when it is longer than one, in the one buffer for
 * long texts, which the holder then has for itself.
 */
struct captured_text {
	uint16_t *characters; /* NULL: none */
	size_t size_bytes;
};

/*
 * Captures `size_bytes` of text. => may sleep: for the long buffer; so nobody captures a second
 * text while he holds one.
 * => returns: STATUS_DATATYPE_MISALIGNMENT (odd address), STATUS_OBJECT_NAME_INVALID (odd or 65534
 *    bytes), STATUS_ACCESS_VIOLATION, STATUS_INSUFFICIENT_RESOURCES, STATUS_THREAD_IS_TERMINATING.
 */
NTSTATUS text_capture(vaddr_t address, size_t size_bytes, struct captured_text *text) MUST_CHECK;
/*
 * Room for text of the kernel's own, of up to NAME_MAX_BYTES.
 * => as text_capture; returns STATUS_INSUFFICIENT_RESOURCES, STATUS_THREAD_IS_TERMINATING.
 */
NTSTATUS text_reserve(struct captured_text *text, size_t size_bytes) MUST_CHECK;
void text_release(struct captured_text *text);

enum capture_mode {
	CAPTURE_CREATE, /* a missing or empty name makes the object unnamed */
	CAPTURE_OPEN,	/* it is an error */
};

struct captured_attributes {
	struct object_name name; /* attributes are set in any case */
	bool is_named;
	struct captured_text text; /* behind name.text */
};

/*
 * Captures the OBJECT_ATTRIBUTES at `address` and resolves its root directory. Nothing is looked
 * up.
 * => returns: the statuses of rows 1-10; STATUS_PRIVILEGE_NOT_HELD (creating with OBJ_PERMANENT);
 *    STATUS_INVALID_HANDLE (root); STATUS_INSUFFICIENT_RESOURCES. On success give *result to
 *    attributes_release.
 */
NTSTATUS attributes_capture(vaddr_t address, enum capture_mode mode,
			    struct captured_attributes *result) MUST_CHECK;
void attributes_release(struct captured_attributes *attributes);
