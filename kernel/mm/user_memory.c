/*
 * user_memory.c - see user_memory.h.
 */
#include "user_memory.h"

#include "kernel/core/fail.h"
#include "kernel/core/lock.h"
#include "kernel/core/thread.h"
#include "kernel/lib/range.h"
#include "watch.h"

static bool is_user_range(vaddr_t address, size_t size)
{
	return range_within(address, size, USER_LOWEST_ADDRESS, USER_LIMIT);
}

NTSTATUS copy_in(void *to, vaddr_t from, size_t size_bytes)
{
	lock_assert_none_held();
	if (!size_bytes)
		return STATUS_SUCCESS;
	if (!is_user_range(from, size_bytes) || fail_point(QUIRE_FAIL_COPY_IN))
		return STATUS_ACCESS_VIOLATION;
	return arch_copy_from_user(to, from, size_bytes) ? STATUS_ACCESS_VIOLATION : STATUS_SUCCESS;
}

NTSTATUS copy_out(vaddr_t to, const void *from, size_t size_bytes)
{
	lock_assert_none_held();
	if (!size_bytes)
		return STATUS_SUCCESS;
	if (!is_user_range(to, size_bytes) || fail_point(QUIRE_FAIL_COPY_OUT))
		return STATUS_ACCESS_VIOLATION;
	return arch_copy_to_user(to, from, size_bytes) ? STATUS_ACCESS_VIOLATION : STATUS_SUCCESS;
}

/* Calls touch for one byte of each page of the range. */
static NTSTATUS probe(vaddr_t address, size_t size, NTSTATUS (*touch)(vaddr_t byte))
{
	vaddr_t end = address + size;
	NTSTATUS status;

	if (!size)
		return STATUS_SUCCESS;
	if (!is_user_range(address, size))
		return STATUS_ACCESS_VIOLATION;
	for (vaddr_t byte = address; byte < end; byte = page_round_down(byte) + PAGE_SIZE) {
		status = touch(byte);
		if (!NT_SUCCESS(status))
			return status;
	}
	return STATUS_SUCCESS;
}

static NTSTATUS touch_read(vaddr_t byte)
{
	unsigned char value;

	return copy_in(&value, byte, 1);
}

/*
 * Writes back what it read: another thread's store in between may be undone, as with NT's own
 * probes. A page whose writes are watched is only looked at.
 */
static NTSTATUS touch_write(vaddr_t byte)
{
	unsigned char value;
	NTSTATUS status = copy_in(&value, byte, 1);

	if (!NT_SUCCESS(status) || watch_answers_probe(thread_current()->space, byte))
		return status;
	return copy_out(byte, &value, 1);
}

NTSTATUS probe_read(vaddr_t address, size_t size_bytes)
{
	return probe(address, size_bytes, touch_read);
}

NTSTATUS probe_write(vaddr_t address, size_t size_bytes)
{
	return probe(address, size_bytes, touch_write);
}

void note_write(vaddr_t address, size_t size_bytes)
{
	watch_mark_range(thread_current()->space, address, size_bytes);
}
