/*
 * sys_write_watch.c - NtGetWriteWatch, NtResetWriteWatch (nt-semantics 5.8).
 */
#include "syscall.h"

#include "kernel/lib/range.h"
#include "kernel/mm/user_memory.h"

#define WRITE_WATCH_FLAG_RESET 1u
#define CHUNK 32u /* addresses at a time */

struct watch_request {
	vaddr_t start, end; /* whole pages */
	bool reset;	    /* the pages that are reported lose their marks */
	vaddr_t array;	    /* of addresses */
	uint64_t capacity;  /* of the array, and not more than the range has pages */
	uint64_t stored;
};

/* Resets the pages of the list, each run of neighbours at once. */
static NTSTATUS reset_listed(struct address_space *space, const uint64_t *addresses, uint64_t count)
{
	NTSTATUS status = STATUS_SUCCESS;

	for (uint64_t i = 0, next; NT_SUCCESS(status) && i < count; i = next) {
		next = i + 1;
		while (next < count && addresses[next] == addresses[next - 1] + PAGE_SIZE)
			next++;
		status = memory_watch_reset(space, addresses[i], addresses[next - 1] + PAGE_SIZE);
	}
	return status;
}

/* A chunk at a time: found, written to the user, and only then reset. */
static NTSTATUS report(struct address_space *space, struct watch_request *request)
{
	uint64_t addresses[CHUNK], count = CHUNK;
	vaddr_t from = request->start;
	NTSTATUS status = STATUS_SUCCESS;

	while (NT_SUCCESS(status) && count && from < request->end) {
		uint64_t room = request->capacity - request->stored;

		status = memory_watch_read(space, &from, request->end, addresses,
					   room < CHUNK ? room : CHUNK, &count);
		if (NT_SUCCESS(status))
			status = copy_out(request->array + request->stored * sizeof(*addresses),
					  addresses, count * sizeof(*addresses));
		if (NT_SUCCESS(status) && request->reset)
			status = reset_listed(space, addresses, count);
		request->stored += count;
	}
	return status;
}

/* The pointers of NtGetWriteWatch, in their order; the range is good. */
static NTSTATUS get_capture(const uint64_t *arguments, struct watch_request *request)
{
	uint64_t pages = bytes_to_pages(request->end - request->start);
	NTSTATUS status = probe_write(arguments[5], sizeof(request->capacity));

	if (NT_SUCCESS(status))
		status = probe_write(arguments[6], sizeof(uint32_t));
	if (NT_SUCCESS(status))
		status = copy_in(&request->capacity, arguments[5], sizeof(request->capacity));
	if (!NT_SUCCESS(status))
		return status;
	if (!request->capacity)
		return STATUS_INVALID_PARAMETER; /* plain, where others are numbered (5.8) */
	if (request->capacity > pages)
		request->capacity = pages;
	request->array = arguments[4];
	return probe_write(request->array, request->capacity * sizeof(uint64_t));
}

/* A range of at least one byte in user space, rounded outward. */
static bool range_decode(vaddr_t base, uint64_t size_bytes, struct watch_request *request)
{
	if (!size_bytes || !range_ok(base, size_bytes, USER_LIMIT))
		return false;
	request->start = page_round_down(base);
	request->end = page_round_up(base + size_bytes);
	return true;
}

NTSTATUS NtGetWriteWatch(const uint64_t *arguments)
{
	uint32_t flags = (uint32_t)arguments[1], granularity = PAGE_SIZE;
	struct watch_request request = {.reset = flags & WRITE_WATCH_FLAG_RESET};
	struct target target;
	NTSTATUS status;

	if (flags & ~WRITE_WATCH_FLAG_RESET)
		return STATUS_INVALID_PARAMETER_2;
	if (!range_decode(arguments[2], arguments[3], &request))
		return STATUS_INVALID_PARAMETER_4;
	status = get_capture(arguments, &request);
	if (NT_SUCCESS(status))
		status = target_open(arguments[0], PROCESS_VM_OPERATION, &target);
	if (!NT_SUCCESS(status))
		return status;
	status = report(target.space, &request);
	target_close(&target);
	if (NT_SUCCESS(status))
		status = copy_out(arguments[5], &request.stored, sizeof(request.stored));
	if (NT_SUCCESS(status))
		status = copy_out(arguments[6], &granularity, sizeof(granularity));
	return status;
}

NTSTATUS NtResetWriteWatch(const uint64_t *arguments)
{
	struct watch_request request = {0};
	struct target target;
	NTSTATUS status;

	if (!range_decode(arguments[1], arguments[2], &request))
		return STATUS_INVALID_PARAMETER; /* plain, as for a Count of 0 */
	status = target_open(arguments[0], PROCESS_VM_OPERATION, &target);
	if (!NT_SUCCESS(status))
		return status;
	status = memory_watch_reset(target.space, request.start, request.end);
	target_close(&target);
	return status;
}
