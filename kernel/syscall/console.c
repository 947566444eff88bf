/*
 * console.c - the console as a file. The receiver is polled once a timer tick while somebody waits:
 * no interrupt, no queue.
 */
#include "console.h"

#include "kernel/mm/user_memory.h"
#include "kernel/object/waitable.h"

#define CHUNK_BYTES 128u
#define POLL_INTERVAL (-100000ll) /* relative, 10 ms in units of 100 ns: the timer's period */

/* Bytes that have arrived, at most `capacity`. */
static size_t console_take(char *bytes, size_t capacity)
{
	size_t count = 0;

	while (count < capacity) {
		int byte = arch_console_read(CONSOLE_STDIO);

		if (byte < 0)
			break;
		bytes[count] = byte == '\r' ? '\n' : (char)byte;
		count++;
	}
	return count;
}

NTSTATUS console_read(vaddr_t buffer, uint64_t size_bytes, uint64_t *transferred)
{
	char bytes[CHUNK_BYTES];
	size_t capacity = size_bytes < sizeof(bytes) ? size_bytes : sizeof(bytes), count = 0;
	NTSTATUS status = STATUS_SUCCESS;

	*transferred = 0;
	while (size_bytes && NT_SUCCESS(status)) {
		count = console_take(bytes, capacity);
		if (count)
			break;
		status = timeout_sleep(&(int64_t){POLL_INTERVAL});
	}
	if (NT_SUCCESS(status))
		status = copy_out(buffer, bytes, count);
	if (NT_SUCCESS(status))
		*transferred = count;
	return status;
}

NTSTATUS console_write(vaddr_t buffer, uint64_t size_bytes, uint64_t *transferred)
{
	char bytes[CHUNK_BYTES];

	*transferred = 0;
	while (*transferred < size_bytes) {
		uint64_t left = size_bytes - *transferred;
		size_t part = left < sizeof(bytes) ? left : sizeof(bytes);
		NTSTATUS status = copy_in(bytes, buffer + *transferred, part);

		if (!NT_SUCCESS(status))
			return status;
		arch_console_write(CONSOLE_STDIO, bytes, part);
		*transferred += part;
	}
	return STATUS_SUCCESS;
}
