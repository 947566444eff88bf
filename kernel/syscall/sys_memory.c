/*
 * sys_memory.c - NtAllocateVirtualMemory(Ex), NtFreeVirtualMemory, NtProtectVirtualMemory
 * (nt-semantics 5.1 to 5.3). The rules themselves are kernel/mm's; here is their order.
 */
#include "syscall.h"

#include "kernel/mm/view.h"
#include "memory_parameters.h"
#include "memory_range.h"
#include "kernel/mm/user_memory.h"

NTSTATUS range_capture(struct memory_range *range)
{
	NTSTATUS status = probe_write(range->base_address, sizeof(range->base));

	if (NT_SUCCESS(status))
		status = copy_in(&range->base, range->base_address, sizeof(range->base));
	if (NT_SUCCESS(status))
		status = probe_write(range->size_address, sizeof(range->size_bytes));
	if (NT_SUCCESS(status))
		status =
			copy_in(&range->size_bytes, range->size_address, sizeof(range->size_bytes));
	return status;
}

NTSTATUS range_write(const struct memory_range *range)
{
	NTSTATUS status = copy_out(range->base_address, &range->base, sizeof(range->base));

	if (NT_SUCCESS(status))
		status = copy_out(range->size_address, &range->size_bytes,
				  sizeof(range->size_bytes));
	return status;
}

void range_tell(const struct memory_range *range)
{
	NTSTATUS status = range_write(range);

	(void)status;
}

/* What both calls to allocate decode. */
struct allocation {
	handle_t process;
	struct memory_range range;
	struct memory_requirements where;
	uint32_t type, protection;
};

static NTSTATUS allocate_perform(struct address_space *space, struct allocation *allocation)
{
	struct memory_range *range = &allocation->range;
	NTSTATUS status =
		memory_allocate_within(space, &range->base, &allocation->where, &range->size_bytes,
				       allocation->type, allocation->protection);
	NTSTATUS copy_status;

	if (!NT_SUCCESS(status))
		return status;
	if (!(allocation->type & (MEM_RESERVE | MEM_REPLACE_PLACEHOLDER))) {
		range_tell(range); /* which pages an old allocation has gained is not known */
		return status;
	}
	copy_status = range_write(range);
	if (!NT_SUCCESS(copy_status) && (allocation->type & MEM_REPLACE_PLACEHOLDER)) {
		status = memory_free(space, &range->base, &range->size_bytes,
				     MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER);
	} else if (!NT_SUCCESS(copy_status)) {
		range->size_bytes = 0;
		status = memory_free(space, &range->base, &range->size_bytes, MEM_RELEASE);
	}
	return NT_SUCCESS(copy_status) ? status : copy_status;
}

/* Rows 11 and on; the pointers have been read. */
static NTSTATUS allocate_call(struct allocation *allocation)
{
	struct target target;
	NTSTATUS status =
		memory_allocate_check(allocation->range.base, 0, allocation->range.size_bytes,
				      allocation->type & ~MEM_PLACEHOLDERS, allocation->protection);

	if (NT_SUCCESS(status))
		status = target_open(allocation->process, PROCESS_VM_OPERATION, &target);
	if (!NT_SUCCESS(status))
		return status;
	status = allocate_perform(target.space, allocation);
	target_close(&target);
	return status;
}

NTSTATUS NtAllocateVirtualMemory(const uint64_t *arguments)
{
	struct allocation allocation = {
		.process = arguments[0],
		.range = {.base_address = arguments[1], .size_address = arguments[3]},
		.where = {.lowest = USER_LOWEST_ADDRESS, .alignment_bytes = ALLOCATION_GRANULARITY},
		.type = (uint32_t)arguments[4],
		.protection = (uint32_t)arguments[5]};
	/* Rows 1-9, with a range that passes rows 11-13; then the pointers. */
	NTSTATUS status = memory_allocate_check(0, arguments[2], PAGE_SIZE, allocation.type,
						allocation.protection);

	if (NT_SUCCESS(status) && !zero_bits_limit(arguments[2], &allocation.where.limit))
		status = STATUS_INVALID_PARAMETER_3;
	if (NT_SUCCESS(status))
		status = range_capture(&allocation.range);
	return NT_SUCCESS(status) ? allocate_call(&allocation) : status;
}

/* (process, base, size, type, protection, parameters, count): nt-semantics 5.1.4 */
NTSTATUS NtAllocateVirtualMemoryEx(const uint64_t *arguments)
{
	struct allocation allocation = {
		.process = arguments[0],
		.range = {.base_address = arguments[1], .size_address = arguments[2]},
		.type = (uint32_t)arguments[3],
		.protection = (uint32_t)arguments[4]};
	struct memory_parameters parameters;
	NTSTATUS status = memory_allocate_check(
		0, 0, PAGE_SIZE, allocation.type & ~MEM_PLACEHOLDERS, allocation.protection);

	if (NT_SUCCESS(status))
		status = placeholder_check_type(allocation.type, allocation.protection);
	if (NT_SUCCESS(status))
		status = range_capture(&allocation.range);
	if (NT_SUCCESS(status))
		status = memory_parameters_capture(arguments[5], (uint32_t)arguments[6],
						   &parameters);
	if (!NT_SUCCESS(status))
		return status;
	if (allocation.range.base && parameters.is_placed)
		return STATUS_INVALID_PARAMETER;
	allocation.where = parameters.where;
	return allocate_call(&allocation);
}

NTSTATUS NtFreeVirtualMemory(const uint64_t *arguments)
{
	uint32_t type = (uint32_t)arguments[3];
	struct memory_range range = {.base_address = arguments[1], .size_address = arguments[2]};
	struct target target;
	NTSTATUS status = memory_free_check_type(type);

	if (NT_SUCCESS(status))
		status = range_capture(&range);
	if (!NT_SUCCESS(status))
		return status;
	if (range.base > USER_HIGHEST_ADDRESS)
		return STATUS_INVALID_PARAMETER_2;
	if (range.size_bytes > USER_LIMIT - range.base)
		return STATUS_INVALID_PARAMETER_3;
	status = target_open(arguments[0], PROCESS_VM_OPERATION, &target);
	if (!NT_SUCCESS(status))
		return status;
	status = memory_free(target.space, &range.base, &range.size_bytes, type);
	target_close(&target);
	if (NT_SUCCESS(status))
		range_tell(&range);
	return status;
}

NTSTATUS NtProtectVirtualMemory(const uint64_t *arguments)
{
	uint32_t protection = (uint32_t)arguments[3], old;
	struct memory_range range = {.base_address = arguments[1], .size_address = arguments[2]};
	struct target target;
	NTSTATUS status, copy_status;

	if (!protection_is_valid(protection))
		return STATUS_INVALID_PAGE_PROTECTION;
	status = probe_write(arguments[4], sizeof(old));
	if (NT_SUCCESS(status))
		status = range_capture(&range);
	if (!NT_SUCCESS(status))
		return status;
	if (range.base > USER_HIGHEST_ADDRESS)
		return STATUS_INVALID_PARAMETER_2;
	if (range.size_bytes == 0 || range.size_bytes > USER_LIMIT - range.base)
		return STATUS_INVALID_PARAMETER_3;
	status = target_open(arguments[0], PROCESS_VM_OPERATION, &target);
	if (!NT_SUCCESS(status))
		return status;
	status = memory_protect(target.space, &range.base, &range.size_bytes, protection, &old);
	target_close(&target);
	if (!NT_SUCCESS(status))
		return status;
	range_tell(&range);
	copy_status = copy_out(arguments[4], &old, sizeof(old));
	(void)copy_status; /* as range_tell */
	return status;	   /* also STATUS_WAS_UNLOCKED */
}
