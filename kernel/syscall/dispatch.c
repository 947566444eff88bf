/*
 * dispatch.c - from a number to an entry point; the helpers that entry points share.
 */
#include "syscall.h"

#include "kernel/core/upcall.h"
#include "kernel/core/cmdline.h"
#include "kernel/mm/user_memory.h"
#include "unchanged.h"

#define REGISTER_ARGUMENTS 4u

struct system_call {
	NTSTATUS (*function)(const uint64_t *arguments);
	uint32_t argument_count;
	const char *name;
};

#define SYSCALL(name, argument_count, parameters) {name, argument_count, #name},
static const struct system_call calls[] = {
#include "nt/syscalls.def"
};
#undef SYSCALL

#define SYSCALL(name, argument_count, parameters) \
	_Static_assert((argument_count) <= SYSCALL_MAX_ARGUMENTS, #name);
#include "nt/syscalls.def"
#undef SYSCALL

static atomic_uint_fast64_t calls_made;

uint64_t system_call_count(void)
{
	return atomic_load_explicit(&calls_made, memory_order_relaxed);
}

/* With hash=1: a call that fails must have changed nothing. */
static NTSTATUS call_observed(const struct system_call *call, const uint64_t *arguments)
{
	struct call_state before;
	NTSTATUS status;

	call_state_read(&before);
	status = call->function(arguments);
	call_state_check(&before, call->name, arguments, status);
	return status;
}

NTSTATUS upcall_system_call(uint32_t number, const uint64_t registers[4], vaddr_t stack_arguments)
{
	uint64_t arguments[SYSCALL_MAX_ARGUMENTS];
	const struct system_call *call;
	NTSTATUS status;

	if (number >= sizeof(calls) / sizeof(calls[0]))
		return STATUS_INVALID_SYSTEM_SERVICE;
	call = &calls[number];
	atomic_fetch_add_explicit(&calls_made, 1, memory_order_relaxed);
	for (unsigned i = 0; i < REGISTER_ARGUMENTS; i++)
		arguments[i] = registers[i];
	if (call->argument_count > REGISTER_ARGUMENTS) {
		status = copy_in(arguments + REGISTER_ARGUMENTS, stack_arguments,
				 (call->argument_count - REGISTER_ARGUMENTS) * sizeof(uint64_t));
		if (!NT_SUCCESS(status))
			return status;
	}
	status = knobs.hash ? call_observed(call, arguments) : call->function(arguments);
	lock_assert_none_held();
	return status;
}

NTSTATUS handle_give(void *object, access_mask_t granted, uint32_t attributes, vaddr_t address)
{
	struct handle_table *table = &process_current()->handles;
	handle_t handle;
	NTSTATUS status = handle_insert(table, object, granted, attributes, &handle);

	if (!NT_SUCCESS(status))
		return status;
	status = copy_out(address, &handle, sizeof(handle));
	if (!NT_SUCCESS(status))
		handle_take_back(handle);
	return status;
}

void handle_take_back(handle_t handle)
{
	/* Another thread may have guessed the value and closed it; 0 is no handle: closed, too. */
	NTSTATUS status = handle_close(&process_current()->handles, handle);

	(void)status;
}

NTSTATUS target_open(handle_t handle, access_mask_t desired, struct target *target)
{
	NTSTATUS status =
		process_reference_by_handle(handle, &process_type, desired, &target->process, NULL);

	if (!NT_SUCCESS(status))
		return status;
	status = process_space_pin(target->process, &target->space);
	if (!NT_SUCCESS(status))
		object_release(target->process);
	return status;
}

void target_close(struct target *target)
{
	process_space_unpin(target->process);
	object_release(target->process);
}

NTSTATUS query_length(NTSTATUS status, uint64_t size_bytes, vaddr_t return_length,
		      size_t length_width)
{
	NTSTATUS copy_status = STATUS_SUCCESS;

	/* Little-endian: the low bytes of the word are the narrower value. */
	if (return_length)
		copy_status = copy_out(return_length, &size_bytes, length_width);
	return NT_SUCCESS(copy_status) ? status : copy_status;
}

NTSTATUS query_result(vaddr_t buffer, const void *data, size_t size_bytes, vaddr_t return_length,
		      size_t length_width)
{
	NTSTATUS status = copy_out(buffer, data, size_bytes);

	if (!NT_SUCCESS(status))
		return status;
	return query_length(STATUS_SUCCESS, size_bytes, return_length, length_width);
}

NTSTATUS query_probe(vaddr_t buffer, uint64_t length_bytes, vaddr_t return_length,
		     size_t length_width)
{
	NTSTATUS status = probe_write(buffer, length_bytes);

	if (NT_SUCCESS(status) && return_length)
		status = probe_write(return_length, length_width);
	return status;
}

NTSTATUS query_open(const uint64_t *arguments, const struct object_type *type,
		    access_mask_t desired, size_t size_bytes, void *object_out)
{
	uint32_t length_bytes = (uint32_t)arguments[3];
	NTSTATUS status = query_probe(arguments[2], length_bytes, arguments[4], 4);

	if (!NT_SUCCESS(status))
		return status;
	if ((uint32_t)arguments[1] != 0)
		return STATUS_INVALID_INFO_CLASS;
	if (length_bytes != size_bytes)
		return STATUS_INFO_LENGTH_MISMATCH;
	return process_reference_by_handle(arguments[0], type, desired, object_out, NULL);
}
