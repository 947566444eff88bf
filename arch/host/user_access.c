/*
 * user_access.c - how user addresses are touched: by user code, and by the kernel's copies with
 * fault fix-up.
 */
#include "host.h"

#include "kernel/lib/assert.h"

/*
 * A resolved fault is retried; this often without success means that the handler and the MMU
 * disagree.
 */
#define FAULTS_MAX 1000
#define LOWER_HALF_END (1ull << 47)

static size_t bytes_to_page_end(vaddr_t va, size_t size_bytes)
{
	size_t room = PAGE_SIZE - page_offset(va);

	return size_bytes < room ? size_bytes : room;
}

/* One access within a page, with the faults it takes. */
static NTSTATUS access_page(vaddr_t va, enum access access, void *buffer, size_t size_bytes,
			    bool from_user)
{
	for (unsigned faults = 0; faults < FAULTS_MAX; faults++) {
		NTSTATUS status;

		if (host_preempt)
			host_preempt(from_user ? HOST_POINT_ACCESS : HOST_POINT_COPY);
		if (host_mmu_access(va, access, buffer, size_bytes))
			return STATUS_SUCCESS;
		if (va >= LOWER_HALF_END) /* the trap handler's own verdict: not a user address */
			return STATUS_ACCESS_VIOLATION;
		status = upcall_page_fault(va, access, from_user);
		KASSERT(arch_irq_enabled());
		if (!NT_SUCCESS(status))
			return status;
	}
	panic("access %d at 0x%llx still faults after %d faults were called resolved", (int)access,
	      (unsigned long long)va, FAULTS_MAX);
}

static NTSTATUS access_bytes(vaddr_t va, enum access access, void *buffer, size_t size_bytes,
			     bool from_user, size_t *done)
{
	uint8_t *bytes = buffer;
	NTSTATUS status = STATUS_SUCCESS;

	/* Checked even when nothing faults: under a spinlock no user memory may be touched. */
	KASSERT(arch_irq_enabled());
	for (*done = 0; *done < size_bytes;) {
		size_t piece = bytes_to_page_end(va + *done, size_bytes - *done);

		status = access_page(va + *done, access, bytes + *done, piece, from_user);
		if (!NT_SUCCESS(status))
			break;
		*done += piece;
	}
	return status;
}

NTSTATUS host_user_access(vaddr_t va, enum access access, void *buffer, size_t size_bytes,
			  size_t *done)
{
	size_t count;
	NTSTATUS status = access_bytes(va, access, buffer, size_bytes, true, &count);

	if (done)
		*done = count;
	return status;
}

size_t arch_copy_from_user(void *to, vaddr_t from, size_t size_bytes)
{
	size_t done;

	(void)access_bytes(from, ACCESS_READ, to, size_bytes, false, &done);
	return size_bytes - done;
}

size_t arch_copy_to_user(vaddr_t to, const void *from, size_t size_bytes)
{
	size_t done;

	/* The MMU only reads the buffer of a write. */
	(void)access_bytes(to, ACCESS_WRITE, (void *)(uintptr_t)from, size_bytes, false, &done);
	return size_bytes - done;
}
