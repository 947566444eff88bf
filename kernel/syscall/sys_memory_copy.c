/*
 * sys_memory_copy.c - NtReadVirtualMemory, NtWriteVirtualMemory (nt-semantics 5.7).
 */
#include "syscall.h"

#include "kernel/lib/range.h"
#include "kernel/mm/user_memory.h"

/* (process, remote address, local buffer, size, count?) */
struct memory_copy {
	handle_t process;
	vaddr_t remote, local;
	uint64_t size_bytes;
	vaddr_t count_address;
	bool is_write;
};

static NTSTATUS copy_perform(const struct memory_copy *copy, size_t *done)
{
	access_mask_t desired =
		copy->is_write ? PROCESS_VM_WRITE | PROCESS_VM_OPERATION : PROCESS_VM_READ;
	struct target target;
	NTSTATUS status;

	if (!copy->size_bytes)
		return STATUS_SUCCESS;
	status = target_open(copy->process, desired, &target);
	if (!NT_SUCCESS(status))
		return status;
	status = copy->is_write ? space_write_from_user(target.space, copy->remote, copy->local,
							copy->size_bytes, done)
				: space_read_to_user(target.space, copy->remote, copy->local,
						     copy->size_bytes, done);
	target_close(&target);
	return status;
}

/* The count is written in every case but that of a bad range: 0 when nothing was copied. */
static NTSTATUS copy_call(const uint64_t *arguments, bool is_write)
{
	struct memory_copy copy = {.process = arguments[0],
				   .remote = arguments[1],
				   .local = arguments[2],
				   .size_bytes = arguments[3],
				   .count_address = arguments[4],
				   .is_write = is_write};
	NTSTATUS status = STATUS_SUCCESS, count_status = STATUS_SUCCESS;
	size_t done = 0;

	if (!range_ok(copy.remote, copy.size_bytes, USER_LIMIT) ||
	    !range_ok(copy.local, copy.size_bytes, USER_LIMIT))
		return STATUS_ACCESS_VIOLATION;
	if (copy.count_address)
		status = probe_write(copy.count_address, sizeof(uint64_t));
	if (!NT_SUCCESS(status))
		return status;
	status = copy_perform(&copy, &done);
	if (copy.count_address)
		count_status = copy_out(copy.count_address, &done, sizeof(done));
	return NT_SUCCESS(count_status) ? status : count_status;
}

NTSTATUS NtReadVirtualMemory(const uint64_t *arguments)
{
	return copy_call(arguments, false);
}

NTSTATUS NtWriteVirtualMemory(const uint64_t *arguments)
{
	return copy_call(arguments, true);
}
