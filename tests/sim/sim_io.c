/*
 * sim_io.c - between the VM and the disk: switch points, delays and failures on purpose.
 *
 * Host tests are linked with --wrap=file_read and --wrap=file_write (tests/tests.mk), so every
 * transfer that the kernel asks for comes here first, and neither side knows.
 */
#include "sim_internal.h"

#include <string.h>

#include "kernel/io/file.h"

#define GARBAGE 0xEE /* what a failed read leaves in its buffer */

NTSTATUS __real_file_read(struct file_node *node, uint64_t offset_bytes, void *buffer,
			  size_t size_bytes);
NTSTATUS __wrap_file_read(struct file_node *node, uint64_t offset_bytes, void *buffer,
			  size_t size_bytes);
NTSTATUS __real_file_write(struct file_node *node, uint64_t offset_bytes, const void *buffer,
			   size_t size_bytes);
NTSTATUS __wrap_file_write(struct file_node *node, uint64_t offset_bytes, const void *buffer,
			   size_t size_bytes);

static uint64_t transfers, fail_at, delay_100ns;
static NTSTATUS fail_status;

void sim_io_begin(void)
{
	transfers = fail_at = delay_100ns = 0;
}

void sim_fail_nth_io(uint64_t n, NTSTATUS status)
{
	fail_at = n ? transfers + n : 0;
	fail_status = status;
}

uint64_t sim_io_count(void)
{
	return transfers;
}

void sim_set_io_delay(uint64_t time_100ns)
{
	delay_100ns = time_100ns;
}

static void check_locks(const char *what)
{
	const struct thread *thread = thread_current();

	for (unsigned i = 0; i < thread->lock_depth; i++) {
		if (thread->lock_ranks[i] >= RANK_ADDRESS_SPACE)
			panic("%s while %s is held", what, thread->lock_names[i]);
	}
}

/* The time that the disk takes. => returns: what the transfer is to end with. */
static NTSTATUS transfer(const char *what)
{
	bool fails;

	check_locks(what);
	fails = ++transfers == fail_at;
	sim_switch_point(what);
	if (delay_100ns && !thread_current()->lock_depth)
		(void)thread_sleep(&transfers, NULL, time_now() + delay_100ns, false);
	return fails ? fail_status : STATUS_SUCCESS;
}

NTSTATUS __wrap_file_read(struct file_node *node, uint64_t offset_bytes, void *buffer,
			  size_t size_bytes)
{
	NTSTATUS status = thread_current() ? transfer("file_read") : STATUS_SUCCESS;

	if (NT_SUCCESS(status))
		status = __real_file_read(node, offset_bytes, buffer, size_bytes);
	else
		memset(buffer, GARBAGE, size_bytes);
	sim_switch_point("file_read done");
	return status;
}

NTSTATUS __wrap_file_write(struct file_node *node, uint64_t offset_bytes, const void *buffer,
			   size_t size_bytes)
{
	NTSTATUS status = thread_current() ? transfer("file_write") : STATUS_SUCCESS;

	if (NT_SUCCESS(status))
		status = __real_file_write(node, offset_bytes, buffer, size_bytes);
	sim_switch_point("file_write done");
	return status;
}
