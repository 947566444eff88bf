/*
 * sys_semaphore.c - NtCreateSemaphore, NtOpenSemaphore, NtReleaseSemaphore, NtQuerySemaphore, and
 * the same for mutants.
 */
#include "syscall.h"

#include "kernel/mm/user_memory.h"
#include "kernel/object/synchronization.h"
#include "named.h"

/* ---- semaphores ---- */

NTSTATUS NtCreateSemaphore(const uint64_t *arguments)
{
	int32_t count = (int32_t)arguments[3], limit = (int32_t)arguments[4];
	struct creation creation;
	struct semaphore *semaphore = NULL;
	NTSTATUS status;

	if (limit <= 0 || count < 0 || count > limit)
		return STATUS_INVALID_PARAMETER;
	status = creation_capture(arguments, &semaphore_type, &creation);
	if (!NT_SUCCESS(status))
		return status;
	status = semaphore_create(count, limit, &semaphore);
	return creation_finish(&creation, status, (struct object *)semaphore);
}

NTSTATUS NtOpenSemaphore(const uint64_t *arguments)
{
	return object_open(arguments, &semaphore_type);
}

NTSTATUS NtReleaseSemaphore(const uint64_t *arguments)
{
	int32_t count = (int32_t)arguments[1], previous;
	vaddr_t count_address = arguments[2];
	struct semaphore *semaphore;
	NTSTATUS status;

	if (count <= 0)
		return STATUS_INVALID_PARAMETER_2;
	status = count_address ? probe_write(count_address, sizeof(previous)) : STATUS_SUCCESS;
	if (NT_SUCCESS(status))
		status = process_reference_by_handle(arguments[0], &semaphore_type,
						     SEMAPHORE_MODIFY_STATE, &semaphore, NULL);
	if (!NT_SUCCESS(status))
		return status;
	status = semaphore_release(&semaphore->waitable, count, semaphore->limit, &previous);
	object_release(semaphore);
	if (NT_SUCCESS(status) && count_address)
		status = copy_out(count_address, &previous, sizeof(previous));
	return status;
}

NTSTATUS NtQuerySemaphore(const uint64_t *arguments)
{
	struct nt_semaphore_basic_information information;
	struct semaphore *semaphore;
	NTSTATUS status = query_open(arguments, &semaphore_type, SEMAPHORE_QUERY_STATE,
				     sizeof(information), &semaphore);

	if (!NT_SUCCESS(status))
		return status;
	information.current_count = (uint32_t)waitable_state(&semaphore->waitable);
	information.maximum_count = (uint32_t)semaphore->limit;
	object_release(semaphore);
	return query_result(arguments[2], &information, sizeof(information), arguments[4], 4);
}

/* ---- mutants ---- */

NTSTATUS NtCreateMutant(const uint64_t *arguments)
{
	struct thread *owner = (uint8_t)arguments[3] ? thread_current() : NULL;
	struct creation creation;
	struct mutant *mutant = NULL;
	NTSTATUS status = creation_capture(arguments, &mutant_type, &creation);

	if (!NT_SUCCESS(status))
		return status;
	status = mutant_create(owner, &mutant);
	return creation_finish(&creation, status, (struct object *)mutant);
}

NTSTATUS NtOpenMutant(const uint64_t *arguments)
{
	return object_open(arguments, &mutant_type);
}

/* No right is needed: only the owner can release it. */
NTSTATUS NtReleaseMutant(const uint64_t *arguments)
{
	vaddr_t count_address = arguments[1];
	struct mutant *mutant;
	int32_t previous;
	NTSTATUS status =
		count_address ? probe_write(count_address, sizeof(previous)) : STATUS_SUCCESS;

	if (NT_SUCCESS(status))
		status = process_reference_by_handle(arguments[0], &mutant_type, 0, &mutant, NULL);
	if (!NT_SUCCESS(status))
		return status;
	status = mutant_release(&mutant->mutant, &previous);
	object_release(mutant);
	if (NT_SUCCESS(status) && count_address)
		status = copy_out(count_address, &previous, sizeof(previous));
	return status;
}

NTSTATUS NtQueryMutant(const uint64_t *arguments)
{
	struct nt_mutant_basic_information information;
	struct mutant_state state;
	struct mutant *mutant;
	NTSTATUS status = query_open(arguments, &mutant_type, MUTANT_QUERY_STATE,
				     sizeof(information), &mutant);

	if (!NT_SUCCESS(status))
		return status;
	mutant_query(&mutant->mutant, &state);
	object_release(mutant);
	information = (struct nt_mutant_basic_information){
		.current_count = state.signal_state,
		.owned_by_caller = state.is_mine,
		.abandoned_state = state.is_abandoned,
	};
	return query_result(arguments[2], &information, sizeof(information), arguments[4], 4);
}
