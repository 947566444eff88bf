/*
 * pair_objects.c - operations on the section as an object: its handle, its name, its size; and on
 * an event and a mutant.
 */
#include "pair_world.h"

#include <string.h>

#include "nt/ntob.h"

#define WAIT_100NS 1000 /* a relative time; others take less for what they do */

/* ---- the section ---- */

void operation_create_section(struct actor *actor)
{
	desk_put(actor, 1, PAGE_SIZE);
	CALL(actor, NtCreateSection, desk_word(actor, 0), SECTION_ALL_ACCESS,
	     actor->desk + DESK_SECTION_NAME, desk_word(actor, 1), PAGE_READWRITE, SEC_COMMIT,
	     pair_is_of_file() ? object.file : 0);
}

void operation_extend_section(struct actor *actor)
{
	desk_put(actor, 1, pages_to_bytes(PAIR_PAGES + 1 + actor->number));
	CALL(actor, NtExtendSection, object.section, desk_word(actor, 1));
	if (NT_SUCCESS(actor->status))
		actor->value = desk_get(actor, 1);
}

void operation_query_section(struct actor *actor)
{
	struct nt_section_basic_information information;

	CALL(actor, NtQuerySection, object.section, SECTION_BASIC_INFORMATION_CLASS,
	     actor->desk + DESK_BUFFER, sizeof(information), 0);
	desk_read(actor, DESK_BUFFER, &information, sizeof(information));
	if (NT_SUCCESS(actor->status))
		actor->value = (uint64_t)information.size_bytes;
}

void operation_open_section(struct actor *actor)
{
	CALL(actor, NtOpenSection, desk_word(actor, 0), SECTION_ALL_ACCESS,
	     actor->desk + DESK_SECTION_NAME);
}

void operation_close_section(struct actor *actor)
{
	CALL(actor, NtClose, object.section);
}

static void duplicate(struct actor *actor, uint32_t options)
{
	CALL(actor, NtDuplicateObject, CURRENT_PROCESS, object.section, CURRENT_PROCESS,
	     desk_word(actor, 0), 0, 0, DUPLICATE_SAME_ACCESS | options);
}

void operation_duplicate(struct actor *actor)
{
	duplicate(actor, DUPLICATE_SAME_ATTRIBUTES);
}

void operation_move_handle(struct actor *actor)
{
	duplicate(actor, DUPLICATE_CLOSE_SOURCE);
}

void operation_make_temporary(struct actor *actor)
{
	CALL(actor, NtMakeTemporaryObject, object.section);
}

void operation_query_object(struct actor *actor)
{
	struct nt_unicode_string name;

	CALL(actor, NtQueryObject, object.section, OBJECT_NAME_INFORMATION_CLASS,
	     actor->desk + DESK_BUFFER, DESK_BUFFER_BYTES, 0);
	desk_read(actor, DESK_BUFFER, &name, sizeof(name));
	if (NT_SUCCESS(actor->status))
		actor->value = name.length_bytes;
}

/* ---- an event and a mutant ---- */

void operation_set_event(struct actor *actor)
{
	CALL(actor, NtSetEvent, object.event, 0);
}

static void wait_for_object(struct actor *actor, handle_t handle)
{
	desk_put(actor, 0, (uint64_t)-WAIT_100NS);
	CALL(actor, NtWaitForSingleObject, handle, 0, desk_word(actor, 0));
}

void operation_wait_event(struct actor *actor)
{
	wait_for_object(actor, object.event);
}

void operation_close_event(struct actor *actor)
{
	CALL(actor, NtClose, object.event);
}

void operation_take_mutant(struct actor *actor)
{
	wait_for_object(actor, object.mutant);
	if (NT_SUCCESS(actor->status) && actor->status != STATUS_TIMEOUT) {
		actor->value = (uint32_t)actor->status + 1;
		CALL(actor, NtReleaseMutant, object.mutant, 0);
	}
}

/* The thread ends while it owns it. */
void operation_abandon_mutant(struct actor *actor)
{
	NTSTATUS status;

	wait_for_object(actor, object.mutant);
	status = actor->status;
	CALL(actor, NtTerminateThread, CURRENT_THREAD, 0);
	actor->status = status;
}
