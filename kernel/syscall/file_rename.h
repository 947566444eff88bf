/*
 * file_rename.h - the renaming part of NtSetInformationFile.
 */
#pragma once

#include "file_object.h"

/*
 * FileRenameInformation: the fixed part is captured, the name is read from the user's buffer.
 * => returns: STATUS_INVALID_PARAMETER (lengths), STATUS_NOT_SAME_DEVICE, the statuses of capturing
 *    and looking up a name, those of file_rename.
 */
NTSTATUS file_rename_call(struct file_object *file, const struct nt_file_rename_information *rename,
			  vaddr_t buffer, uint32_t length_bytes) MUST_CHECK;
