/*
 * object_name.h - what an object is called: its name in the namespace, or a file's path on its
 * device.
 */
#pragma once

#include "capture.h"

/*
 * The full name, as \BaseNamedObjects\x or \Device\RamDisk\data\x. *chars 0: it has none.
 * => returns: STATUS_SUCCESS (give *text to text_release), STATUS_NAME_TOO_LONG (no UNICODE_STRING
 *    holds it), text_reserve's.
 */
NTSTATUS object_name_read(struct object *object, struct captured_text *text,
			  size_t *chars) MUST_CHECK;
