/*
 * pair_files.c - operations on the file that the page is of.
 */
#include "pair_world.h"

#include "nt/ntio.h"

#define BLOCK (actor->desk + DESK_IO)

/* Word 2 is the offset, a file's own byte that of the actor. */
static void offset_put(struct actor *actor, unsigned number)
{
	desk_put(actor, 2, PAIR_WRITE_AT + number);
}

void operation_read_file(struct actor *actor)
{
	uint8_t byte;

	offset_put(actor, !actor->number);
	CALL(actor, NtReadFile, object.file, 0, 0, 0, BLOCK, actor->desk + DESK_BUFFER, 1,
	     desk_word(actor, 2), 0);
	desk_read(actor, DESK_BUFFER, &byte, 1);
	if (NT_SUCCESS(actor->status))
		actor->value = byte;
}

void operation_write_file(struct actor *actor)
{
	uint8_t byte = (uint8_t)(PAIR_WRITTEN + actor->number);

	offset_put(actor, actor->number);
	desk_write(actor, DESK_BUFFER, &byte, 1);
	CALL(actor, NtWriteFile, object.file, 0, 0, 0, BLOCK, actor->desk + DESK_BUFFER, 1,
	     desk_word(actor, 2), 0);
}

static void set_size(struct actor *actor, uint64_t size_bytes)
{
	desk_put(actor, 0, size_bytes);
	CALL(actor, NtSetInformationFile, object.file, BLOCK, desk_word(actor, 0),
	     sizeof(size_bytes), FILE_END_OF_FILE_INFORMATION_CLASS);
}

void operation_truncate_file(struct actor *actor)
{
	set_size(actor, PAGE_SIZE + 16 * actor->number);
}

void operation_lengthen_file(struct actor *actor)
{
	set_size(actor, pages_to_bytes(PAIR_PAGES + 1 + actor->number));
}

void operation_delete_file(struct actor *actor)
{
	const uint8_t is_deleted = 1;

	desk_write(actor, DESK_BUFFER, &is_deleted, 1);
	CALL(actor, NtSetInformationFile, object.file, BLOCK, actor->desk + DESK_BUFFER, 1,
	     FILE_DISPOSITION_INFORMATION_CLASS);
}

void operation_rename_file(struct actor *actor)
{
	CALL(actor, NtSetInformationFile, object.file, BLOCK, actor->desk + DESK_RENAME,
	     sizeof(struct nt_file_rename_information) + 16, FILE_RENAME_INFORMATION_CLASS);
}

void operation_flush_file(struct actor *actor)
{
	CALL(actor, NtFlushBuffersFile, object.file, BLOCK);
}

void operation_open_file(struct actor *actor)
{
	CALL(actor, NtOpenFile, desk_word(actor, 0), FILE_GENERIC_READ,
	     actor->desk + DESK_FILE_NAME, BLOCK,
	     FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, 0);
}

void operation_close_file(struct actor *actor)
{
	CALL(actor, NtClose, object.file);
}
