/*
 * pair_memory.c - operations on the page and its view, by system calls, by user instructions, and
 * by the kernel itself.
 */
#include "pair_world.h"

#include "kernel/mm/frame.h"
#include "kernel/mm/writeback.h"
#include "nt/ntio.h"

#define MAP_PROCESS 1u

/* ---- user instructions ---- */

static vaddr_t own_byte(const struct actor *actor)
{
	return object.page + PAIR_WRITE_AT + actor->number;
}

void operation_read(struct actor *actor)
{
	uint8_t byte = 0;

	/* the byte that the other one writes */
	actor->status = sim_read(object.page + PAIR_WRITE_AT + !actor->number, &byte, 1);
	actor->value = byte;
}

void operation_write(struct actor *actor)
{
	actor->status = sim_poke(own_byte(actor), (uint8_t)(PAIR_WRITTEN + actor->number));
}

void operation_execute(struct actor *actor)
{
	actor->status = sim_execute(object.page);
}

/* ---- system calls ---- */

/* The page as an in/out range: words 0 and 1. */
static void range_put(struct actor *actor, uint64_t size_bytes)
{
	desk_put(actor, 0, object.page);
	desk_put(actor, 1, size_bytes);
}

static void map_from(struct actor *actor, handle_t section, uint32_t protection)
{
	desk_put(actor, 0, 0);
	desk_put(actor, 1, 0);
	CALL(actor, NtMapViewOfSection, section, object.target, desk_word(actor, 0), 0, 0, 0,
	     desk_word(actor, 1), VIEW_UNMAP, 0, protection);
}

void operation_map(struct actor *actor)
{
	map_from(actor, object.section, PAGE_READWRITE);
}

void operation_unmap(struct actor *actor)
{
	CALL(actor, NtUnmapViewOfSection, object.target, object.page);
}

void operation_map_image(struct actor *actor)
{
	NTSTATUS status = CALL(actor, NtCreateSection, desk_word(actor, 2), SECTION_ALL_ACCESS, 0,
			       0, PAGE_EXECUTE, SEC_IMAGE, object.file);

	if (NT_SUCCESS(status))
		map_from(actor, desk_get(actor, 2), PAGE_EXECUTE);
}

static void allocate(struct actor *actor, uint64_t size_bytes, uint32_t type)
{
	range_put(actor, size_bytes);
	CALL(actor, NtAllocateVirtualMemory, object.target, desk_word(actor, 0), 0,
	     desk_word(actor, 1), type, object.protection);
}

void operation_allocate(struct actor *actor)
{
	allocate(actor, pages_to_bytes(PAIR_PAGES), MEM_RESERVE | MEM_COMMIT);
}

void operation_commit(struct actor *actor)
{
	allocate(actor, pages_to_bytes(PAIR_PAGES), MEM_COMMIT);
}

void operation_reset(struct actor *actor)
{
	allocate(actor, PAGE_SIZE, MEM_RESET);
}

static void free_memory(struct actor *actor, uint64_t size_bytes, uint32_t type)
{
	range_put(actor, size_bytes);
	CALL(actor, NtFreeVirtualMemory, object.target, desk_word(actor, 0), desk_word(actor, 1),
	     type);
}

void operation_decommit(struct actor *actor)
{
	free_memory(actor, PAGE_SIZE, MEM_DECOMMIT);
}

void operation_release(struct actor *actor)
{
	free_memory(actor, 0, MEM_RELEASE);
}

void operation_protect(struct actor *actor)
{
	range_put(actor, PAGE_SIZE);
	CALL(actor, NtProtectVirtualMemory, object.target, desk_word(actor, 0), desk_word(actor, 1),
	     PAGE_READONLY, desk_word(actor, 2));
	if (NT_SUCCESS(actor->status))
		actor->value = (uint32_t)desk_get(actor, 2);
}

void operation_query_memory(struct actor *actor)
{
	struct nt_memory_basic_information information;

	CALL(actor, NtQueryVirtualMemory, object.target, object.page,
	     MEMORY_BASIC_INFORMATION_CLASS, actor->desk + DESK_BUFFER, sizeof(information), 0);
	desk_read(actor, DESK_BUFFER, &information, sizeof(information));
	if (NT_SUCCESS(actor->status))
		actor->value = (uint64_t)information.state << 32 | information.protect;
}

void operation_lock(struct actor *actor)
{
	range_put(actor, PAGE_SIZE);
	CALL(actor, NtLockVirtualMemory, object.target, desk_word(actor, 0), desk_word(actor, 1),
	     MAP_PROCESS);
}

void operation_unlock(struct actor *actor)
{
	range_put(actor, PAGE_SIZE);
	CALL(actor, NtUnlockVirtualMemory, object.target, desk_word(actor, 0), desk_word(actor, 1),
	     MAP_PROCESS);
}

void operation_flush(struct actor *actor)
{
	range_put(actor, PAGE_SIZE);
	CALL(actor, NtFlushVirtualMemory, object.target, desk_word(actor, 0), desk_word(actor, 1),
	     actor->desk + DESK_IO);
}

void operation_prefetch(struct actor *actor)
{
	range_put(actor, PAGE_SIZE); /* words 0 and 1 are the entry of the list, too */
	desk_put(actor, 2, 0);
	CALL(actor, NtSetInformationVirtualMemory, object.target, 0, 1, desk_word(actor, 0),
	     desk_word(actor, 2), sizeof(uint32_t));
}

void operation_get_watch(struct actor *actor)
{
	desk_put(actor, 0, 4);
	CALL(actor, NtGetWriteWatch, object.target, 0, object.page, PAGE_SIZE,
	     actor->desk + DESK_BUFFER, desk_word(actor, 0), desk_word(actor, 1));
	if (NT_SUCCESS(actor->status))
		actor->value = desk_get(actor, 0);
}

void operation_reset_watch(struct actor *actor)
{
	CALL(actor, NtResetWriteWatch, object.target, object.page, PAGE_SIZE);
}

void operation_read_virtual(struct actor *actor)
{
	uint8_t byte;

	CALL(actor, NtReadVirtualMemory, object.target,
	     object.page + PAIR_WRITE_AT + !actor->number, actor->desk + DESK_BUFFER, 1,
	     desk_word(actor, 0));
	desk_read(actor, DESK_BUFFER, &byte, 1);
	if (NT_SUCCESS(actor->status))
		actor->value = byte;
}

void operation_write_virtual(struct actor *actor)
{
	uint8_t byte = (uint8_t)(PAIR_WRITTEN + actor->number);

	desk_write(actor, DESK_BUFFER, &byte, 1);
	CALL(actor, NtWriteVirtualMemory, object.target, own_byte(actor), actor->desk + DESK_BUFFER,
	     1, desk_word(actor, 0));
}

void operation_clone(struct actor *actor)
{
	NTSTATUS status = CALL(actor, NtCreateProcessEx, desk_word(actor, 0), PROCESS_ALL_ACCESS, 0,
			       object.target, 0, 0, 0, 0, 0);

	if (NT_SUCCESS(status))
		CALL(actor, NtClose, desk_get(actor, 0));
}

void operation_terminate(struct actor *actor)
{
	CALL(actor, NtTerminateProcess, object.target, 7);
}

/* ---- what the kernel does by itself, when memory is short ---- */

void operation_trim(struct actor *actor)
{
	struct address_space *space;

	(void)actor;
	if (!NT_SUCCESS(process_space_pin(object.owner, &space)))
		return;
	(void)space_empty(space);
	process_space_unpin(object.owner);
}

void operation_write_back(struct actor *actor)
{
	(void)actor;
	(void)writeback_some();
}

void operation_evict(struct actor *actor)
{
	struct frame *frame;

	(void)actor;
	do {
		spin_lock(&frame_lock);
		frame = frame_first_locked(LIST_STANDBY);
		if (frame)
			(void)frame_take_locked(frame);
		spin_unlock(&frame_lock);
		if (frame)
			frame_free(frame_number(frame));
	} while (frame);
}
