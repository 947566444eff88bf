/*
 * mm_bytes.c - the operations of fuzz_mm that move bytes: loads, stores and fetches through the MMU
 * and the fault handler, copies to another space, reading and writing of files.
 */
#include "mm_world.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/io/file.h"

static uint8_t buffer[TRANSFER_BYTES];

/* ---- one access within one page ---- */

static uint32_t protection_seen(unsigned space, vaddr_t va)
{
	struct nt_memory_basic_information seen;

	if (!NT_SUCCESS(memory_query(world.spaces[space], va, &seen)))
		mismatch("query of %#llx", (unsigned long long)va);
	return seen.protect;
}

void settle_guard(unsigned space, vaddr_t va)
{
	struct oracle_space *side = &world.oracle_spaces[space];
	NTSTATUS status = STATUS_GUARD_PAGE_VIOLATION;

	if (!oracle_is_guard(side, va) || (protection_seen(space, va) & PAGE_GUARD))
		return;
	if (oracle_find(side, va)->is_stack &&
	    protection_seen(space, va - PAGE_SIZE) != (PAGE_READWRITE | PAGE_GUARD))
		status = STATUS_STACK_OVERFLOW;
	(void)oracle_accessed(side, va, ACCESS_READ, status);
}

static bool access_may_fail(unsigned space, vaddr_t va, NTSTATUS status)
{
	struct oracle_space *side = &world.oracle_spaces[space];

	switch ((uint32_t)status) {
	case (uint32_t)STATUS_NO_MEMORY:
		return call_lacked_memory();
	case (uint32_t)STATUS_IN_PAGE_ERROR:
		return call_lost_transfer();
	case (uint32_t)STATUS_INSUFFICIENT_RESOURCES: /* of splitting a region at a guard page */
		return call_lost_allocation() && oracle_is_guard(side, va);
	case (uint32_t)STATUS_STACK_OVERFLOW:
		return oracle_is_guard(side, va) && oracle_find(side, va)->is_stack &&
		       call_met_failure();
	}
	return false;
}

void compare_bytes(struct oracle_space *side, vaddr_t va, const uint8_t *seen, const uint8_t *page,
		   size_t size)
{
	size_t certain = oracle_certain_bytes(side, va);

	for (size_t i = 0; i < size; i++) {
		size_t offset = page_offset(va) + i;
		uint8_t want = page ? page[offset] : 0;

		if (seen[i] != want && (offset < certain || seen[i] != 0))
			mismatch("space %u: byte at %#llx is %#x, not %#x",
				 (unsigned)(side - world.oracle_spaces), (unsigned long long)va + i,
				 seen[i], want);
	}
}

/* Accesses [va, va + size), within a page. Reads are compared, writes told to the oracle. */
static NTSTATUS access_piece(vaddr_t va, enum access access, uint8_t *bytes, size_t size)
{
	struct oracle_space *side = current_oracle();
	NTSTATUS want = oracle_expect_access(side, va, access), status = STATUS_SUCCESS;
	uint8_t *page;

	call_begin();
	switch (access) {
	case ACCESS_READ:
		status = sim_read(va, bytes, size);
		break;
	case ACCESS_WRITE:
		status = sim_write(va, bytes, size);
		break;
	case ACCESS_EXECUTE:
		status = sim_execute(va);
		break;
	}
	if (status != want) {
		say(" [%#x at %#llx]", (unsigned)status, (unsigned long long)va);
		if (!access_may_fail(world.current, va, status))
			mismatch("access %d to %#llx: status %#x, not %#x", (int)access,
				 (unsigned long long)va, (unsigned)status, (unsigned)want);
		oracle_may_mark(side, va, access);
		settle_guard(world.current, va);
		return status;
	}
	if (status == STATUS_STACK_OVERFLOW && call_met_failure()) {
		settle_guard(world.current, va); /* the last page may not have been promised */
		return status;
	}
	page = oracle_accessed(side, va, access, status);
	if (!NT_SUCCESS(status))
		return status;
	if (access == ACCESS_WRITE)
		memcpy(page + page_offset(va), bytes, size);
	else if (access == ACCESS_READ)
		compare_bytes(side, va, bytes, page, size);
	return status;
}

static NTSTATUS access_range(vaddr_t va, enum access access, uint8_t *bytes, size_t size)
{
	NTSTATUS status = STATUS_SUCCESS;

	for (size_t done = 0; done < size && NT_SUCCESS(status);) {
		size_t part = PAGE_SIZE - page_offset(va + done);

		if (part > size - done)
			part = size - done;
		status = access_piece(va + done, access, bytes + done, part);
		done += part;
	}
	return status;
}

/* ---- loads, stores, fetches ---- */

static void fill(uint8_t *bytes, size_t size)
{
	uint8_t first = take();

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(first + i * 7 + (i >> 8));
}

static size_t take_length(void)
{
	static const size_t lengths[] = {1, 8, 2, 64, 4096, 1, 4, 5000, 3 * PAGE_SIZE, 600};

	return TAKE_FROM(lengths);
}

void access_memory(void)
{
	static const char *const names[] = {"read", "write", "execute"};
	static const enum access kinds[] = {ACCESS_READ, ACCESS_WRITE, ACCESS_WRITE, ACCESS_READ,
					    ACCESS_EXECUTE};
	enum access access = TAKE_FROM(kinds);
	vaddr_t va = take_address(world.current);
	size_t size = access == ACCESS_EXECUTE ? 1 : take_length();
	NTSTATUS status;

	if (access == ACCESS_WRITE)
		fill(buffer, size);
	say("space %u: %s %#llx, %zu bytes", world.current, names[access], (unsigned long long)va,
	    size);
	status = access_range(va, access, buffer, size);
	say(" -> %#x\n", (unsigned)status);
}

/* One byte of each page, for as many pages as memory may run out over. */
void fill_pages(void)
{
	vaddr_t va = take_address(world.current);
	unsigned count = take() * 2u, done = 0;
	enum access access = take() & 1 ? ACCESS_WRITE : ACCESS_READ;
	uint8_t value = take();

	say("space %u: %s a byte in %u pages from %#llx", world.current,
	    access == ACCESS_WRITE ? "write" : "read", count, (unsigned long long)va);
	for (; done < count && va < USER_LIMIT; done++, va += PAGE_SIZE) {
		uint8_t byte = (uint8_t)(value + done);

		if (!NT_SUCCESS(access_piece(va, access, &byte, 1)))
			break;
	}
	say(" -> %u done\n", done);
}

/* Steps down a stack as functions that call each other do, from the lowest committed byte. */
void use_stack(void)
{
	unsigned n = take() % ORACLE_VIEWS, steps = take() % 40;
	const struct oracle_view *view = &current_oracle()->views[n];
	vaddr_t va;

	for (unsigned i = 0; i < ORACLE_VIEWS && !view->is_stack; i++)
		view = &current_oracle()->views[(n + i) % ORACLE_VIEWS];
	if (!view->is_stack)
		return;
	for (va = view->end - 1; va > view->start; va -= PAGE_SIZE)
		if (oracle_is_guard(current_oracle(), va))
			break;
	say("space %u: %u steps down the stack from %#llx", world.current, steps,
	    (unsigned long long)va);
	for (uint8_t value = take(); steps && va >= PAGE_SIZE; steps--, va -= PAGE_SIZE)
		if (!NT_SUCCESS(access_piece(va, ACCESS_WRITE, &value, 1)))
			break;
	say(" -> %u left\n", steps);
}

/* ---- the kernel's copies into and out of a space that need not be current ---- */

/* The bytes that a copy of `size` must move before it fails. */
static size_t expect_copy(struct oracle_space *side, vaddr_t va, enum access access, size_t size)
{
	size_t done = 0;

	while (done < size) {
		size_t part = PAGE_SIZE - page_offset(va + done);

		if (oracle_expect_access(side, va + done, access) != STATUS_SUCCESS)
			break;
		done += part < size - done ? part : size - done;
	}
	return done;
}

/* The oracle's part of a copy that moved `done` bytes and met `status` then. */
static void copied(unsigned space, vaddr_t va, enum access access, size_t done)
{
	struct oracle_space *side = &world.oracle_spaces[space];

	for (size_t at = 0; at < done;) {
		size_t part = PAGE_SIZE - page_offset(va + at);
		uint8_t *page = oracle_accessed(side, va + at, access, STATUS_SUCCESS);

		if (part > done - at)
			part = done - at;
		if (access == ACCESS_WRITE)
			memcpy(page + page_offset(va + at), buffer + at, part);
		else
			compare_bytes(side, va + at, buffer + at, page, part);
		at += part;
	}
}

void copy_other_space(void)
{
	unsigned space = take_space();
	enum access access = take() & 1 ? ACCESS_WRITE : ACCESS_READ;
	vaddr_t va = take_address(space);
	size_t size = take_length(), done = 0, want;
	struct oracle_space *side = &world.oracle_spaces[space];
	NTSTATUS status;

	want = va <= USER_LIMIT - size ? expect_copy(side, va, access, size) : 0;
	if (access == ACCESS_WRITE)
		fill(buffer, size);
	say("space %u: kernel %s %#llx, %zu bytes", space,
	    access == ACCESS_WRITE ? "writes" : "reads", (unsigned long long)va, size);
	call_begin();
	status = access == ACCESS_WRITE ? space_write(world.spaces[space], va, buffer, size, &done)
					: space_read(world.spaces[space], va, buffer, size, &done);
	say(" -> %#x, %zu done\n", (unsigned)status, done);
	if (NT_SUCCESS(status) != (done == size) || done > want)
		mismatch("copy of %zu bytes: status %#x, %zu done, not %zu", size, (unsigned)status,
			 done, want);
	copied(space, va, access, done);
	if (done == size)
		return;
	va += done;
	if (done < want && !call_met_failure())
		mismatch("copy of %zu bytes: %zu done, not %zu", size, done, want);
	if (call_met_failure() || va < USER_LOWEST_ADDRESS || va - done > USER_LIMIT - size) {
		oracle_may_mark(side, va, access);
		settle_guard(space, va);
	} else {
		(void)oracle_accessed(side, va, access, oracle_expect_access(side, va, access));
	}
}

/* ---- everything ---- */

/* What the other views of a page see is one frame; what is private is nobody else's. */
static void verify_frame(unsigned space, const struct oracle_view *view, vaddr_t va)
{
	struct quire_memory_page seen;
	bool is_private = !view->content || view->pages[page_of(va - view->start)].is_private;

	if (!NT_SUCCESS(memory_query_page(world.spaces[space], va, &seen)))
		mismatch("query of page %#llx", (unsigned long long)va);
	/* a page that came made another one go, which may be itself */
	if (!seen.is_valid && world.spaces[space]->working_set.hard_maximum)
		return;
	if (!seen.is_valid)
		mismatch("%#llx was read and is not mapped", (unsigned long long)va);
	if (seen.is_private != is_private || (is_private && seen.shares != 1))
		mismatch("%#llx is in a %s frame with %u shares", (unsigned long long)va,
			 seen.is_private ? "private" : "shared", seen.shares);
}

static void verify_view(unsigned space, const struct oracle_view *view)
{
	uint64_t pages = oracle_view_pages(view);

	for (uint64_t i = 0; i < pages && i < ORACLE_PAGES; i++) {
		vaddr_t va = view->start + pages_to_bytes(i);

		/* guards stay armed */
		if (oracle_expect_access(&world.oracle_spaces[space], va, ACCESS_READ) ||
		    oracle_is_guard(&world.oracle_spaces[space], va))
			continue;
		if (NT_SUCCESS(access_piece(va, ACCESS_READ, buffer, PAGE_SIZE)))
			verify_frame(space, view, va);
	}
}

void verify_bytes(void)
{
	unsigned back = world.current;

	say("verify all bytes\n");
	for (unsigned space = 0; space < ORACLE_SPACES; space++) {
		world.current = space;
		sim_enter_space(world.spaces[space]);
		for (unsigned i = 0; i < ORACLE_VIEWS; i++)
			if (world.oracle_spaces[space].views[i].end)
				verify_view(space, &world.oracle_spaces[space].views[i]);
	}
	world.current = back;
	sim_enter_space(world.spaces[back]);
}

static bool is_in_use(unsigned file)
{
	return world.opens[file] || world.oracle_files[file]->references > 1;
}

/*
 * Calls visit with each page of a file that nobody uses, as it is on the disk; `size` is what lies
 * within the file.
 */
static void for_each_page_on_disk(unsigned file,
				  void (*visit)(unsigned file, page_index_t page, size_t size))
{
	uint64_t bytes = world.oracle_files[file]->size_bytes;
	struct segment *segment;

	if (!NT_SUCCESS(file_segment_acquire(world.nodes[file], &segment)))
		mismatch("%s cannot be opened", file_name(file));
	for (uint64_t at = 0; at < bytes; at += PAGE_SIZE) {
		if (!NT_SUCCESS(file_segment_read_kernel(segment, at, buffer, PAGE_SIZE)))
			mismatch("%s cannot be read", file_name(file));
		visit(file, page_of(at), bytes - at < PAGE_SIZE ? (size_t)(bytes - at) : PAGE_SIZE);
	}
	segment_release(segment);
}

static void compare_page(unsigned file, page_index_t page, size_t size)
{
	static const uint8_t zeros[PAGE_SIZE];
	const uint8_t *want = world.oracle_files[file]->bytes[page];

	if (memcmp(buffer, want ? want : zeros, size))
		mismatch("%s: page %llu is wrong on the disk", file_name(file),
			 (unsigned long long)page);
}

static void take_over_page(unsigned file, page_index_t page, size_t size)
{
	memcpy(oracle_content_page(world.oracle_files[file], page, true), buffer, size);
}

void verify_files(void)
{
	for (unsigned file = 0; file < FILES; file++)
		for_each_page_on_disk(file, compare_page);
}

void forgive_lost_pages(void)
{
	if (!call_lost_transfer())
		return;
	failures_disarm();
	frames_release();
	for (unsigned file = 0; file < FILES; file++)
		if (!is_in_use(file))
			for_each_page_on_disk(file, take_over_page);
}
