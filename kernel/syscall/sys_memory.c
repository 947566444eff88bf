/*
 * sys_memory.c - NtAllocateVirtualMemory, NtFreeVirtualMemory, NtProtectVirtualMemory,
 * NtQueryVirtualMemory (nt-semantics 5.1 to 5.4). The rules themselves are kernel/mm's; here is
 * their order.
 */
#include "syscall.h"

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

static NTSTATUS allocate_perform(struct address_space *space, struct memory_range *range,
				 const uint64_t *arguments)
{
	uint32_t type = (uint32_t)arguments[4], protection = (uint32_t)arguments[5];
	NTSTATUS status = memory_allocate(space, &range->base, arguments[2], &range->size_bytes,
					  type, protection);
	NTSTATUS copy_status;

	if (!NT_SUCCESS(status))
		return status;
	copy_status = range_write(range);
	if (!NT_SUCCESS(copy_status) && (type & MEM_RESERVE)) {
		/* Undone if it is a new allocation; a commit inside an old one stays. */
		range->size_bytes = 0;
		status = memory_free(space, &range->base, &range->size_bytes, MEM_RELEASE);
	}
	return NT_SUCCESS(copy_status) ? status : copy_status;
}

NTSTATUS NtAllocateVirtualMemory(const uint64_t *arguments)
{
	uint32_t type = (uint32_t)arguments[4], protection = (uint32_t)arguments[5];
	struct memory_range range = {.base_address = arguments[1], .size_address = arguments[3]};
	struct target target;
	/*
	 * Rows 1-9, with a range that passes rows 11-13; then the pointers, then all rows with the
	 * true one.
	 */
	NTSTATUS status = memory_allocate_check(0, arguments[2], PAGE_SIZE, type, protection);

	if (NT_SUCCESS(status))
		status = range_capture(&range);
	if (NT_SUCCESS(status))
		status = memory_allocate_check(range.base, arguments[2], range.size_bytes, type,
					       protection);
	if (NT_SUCCESS(status))
		status = target_open(arguments[0], PROCESS_VM_OPERATION, &target);
	if (!NT_SUCCESS(status))
		return status;
	status = allocate_perform(target.space, &range, arguments);
	target_close(&target);
	return status;
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
	return NT_SUCCESS(status) ? range_write(&range) : status;
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
	copy_status = range_write(&range);
	if (NT_SUCCESS(copy_status))
		copy_status = copy_out(arguments[4], &old, sizeof(old));
	return NT_SUCCESS(copy_status) ? status : copy_status; /* also STATUS_WAS_UNLOCKED */
}

/* ---- query ---- */

/* Either right will do (C6). */
static NTSTATUS target_open_query(handle_t handle, struct target *target)
{
	NTSTATUS status = target_open(handle, PROCESS_QUERY_LIMITED_INFORMATION, target);

	if (status == STATUS_ACCESS_DENIED)
		status = target_open(handle, PROCESS_QUERY_INFORMATION, target);
	return status;
}

static NTSTATUS query_class(struct address_space *space, vaddr_t address, uint32_t class,
			    vaddr_t buffer, uint64_t length_bytes, vaddr_t return_length)
{
	struct nt_memory_basic_information basic;
	struct quire_memory_page page;
	NTSTATUS status;

	if (class == MEMORY_BASIC_INFORMATION_CLASS) {
		if (length_bytes < sizeof(basic))
			return STATUS_INFO_LENGTH_MISMATCH;
		status = memory_query(space, address, &basic);
		return NT_SUCCESS(status)
			       ? query_result(buffer, &basic, sizeof(basic), return_length, 8)
			       : status;
	}
	if (class == QUIRE_MEMORY_PAGE) {
		if (length_bytes < sizeof(page))
			return STATUS_INFO_LENGTH_MISMATCH;
		status = memory_query_page(space, address, &page);
		return NT_SUCCESS(status)
			       ? query_result(buffer, &page, sizeof(page), return_length, 8)
			       : status;
	}
	return STATUS_INVALID_INFO_CLASS;
}

NTSTATUS NtQueryVirtualMemory(const uint64_t *arguments)
{
	vaddr_t address = arguments[1], buffer = arguments[3], return_length = arguments[5];
	uint64_t length_bytes = arguments[4];
	struct target target;
	NTSTATUS status;

	if (address > USER_HIGHEST_ADDRESS)
		return STATUS_INVALID_PARAMETER;
	status = query_probe(buffer, length_bytes, return_length, 8);
	if (NT_SUCCESS(status))
		status = target_open_query(arguments[0], &target);
	if (!NT_SUCCESS(status))
		return status;
	status = query_class(target.space, address, (uint32_t)arguments[2], buffer, length_bytes,
			     return_length);
	target_close(&target);
	return status;
}
