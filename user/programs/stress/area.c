/*
 * area.c - what the kinds of memory have in common.
 */
#include "console.h"
#include "stress.h"

#define REPORTS_MAX 8u
#define TRIES 16u
#define REST_100NS 10000 /* 1 ms: the holder may wait for the disk */

const char *const kind_names[KINDS] = {"private", "section", "file", "cow", "image", "table"};

bool call_done(struct worker *worker, const char *call, NTSTATUS status)
{
	if (NT_SUCCESS(status))
		return true;
	__atomic_fetch_add(&worker->tally->calls_failed, 1, __ATOMIC_RELAXED);
	if (worker->reports++ < REPORTS_MAX)
		print("# FAILED %s: status 0x%08x (process %u, thread %u)\n", call,
		      (unsigned)status, worker->process, worker->thread);
	return false;
}

uint32_t area_version(const struct area *area, uint64_t index)
{
	return area->shared ? area->shared[index].version : area->versions[index];
}

static void set_version(struct area *area, uint64_t index, uint32_t version)
{
	if (area->shared)
		area->shared[index].version = version;
	else
		area->versions[index] = version;
}

/* A wrong page is written anew, so that it is counted once. */
void area_verify(struct worker *worker, struct area *area, uint64_t index, const uint64_t *page,
		 const char *how)
{
	struct page_name name = {area->owner, area->first_index + index, area_version(area, index)};
	char what[80];

	if (!page_is(page, &name)) {
		__atomic_fetch_add(&worker->tally->wrong[area->kind], 1, __ATOMIC_RELAXED);
		format_text(what, sizeof(what), "%s page %llu %s (process %u, thread %u)",
			    kind_names[area->kind], (unsigned long long)index, how, worker->process,
			    worker->thread);
		if (worker->reports++ < REPORTS_MAX)
			page_report(what, page, &name);
		if (!area->is_read_only)
			area_write_next(area, index, area_page(area, index));
	}
	__atomic_fetch_add(&worker->tally->verified[area->kind], 1, __ATOMIC_RELAXED);
}

void area_write_next(struct area *area, uint64_t index, uint64_t *page)
{
	struct page_name name = {area->owner, area->first_index + index,
				 area_version(area, index) + 1ull};

	page_write(page, &name);
	set_version(area, index, (uint32_t)name.version);
}

void area_lock(struct area *area, uint64_t index)
{
	LARGE_INTEGER rest = {.QuadPart = -REST_100NS};

	if (!area->shared)
		return;
	for (unsigned i = 0; __atomic_exchange_n(&area->shared[index].lock, 1, __ATOMIC_ACQUIRE);
	     i++) {
		if (i < TRIES)
			NtYieldExecution();
		else
			NtDelayExecution(FALSE, &rest);
	}
}

void area_unlock(struct area *area, uint64_t index)
{
	if (area->shared)
		__atomic_store_n(&area->shared[index].lock, 0, __ATOMIC_RELEASE);
}

bool area_map(struct worker *worker, struct area *area, ULONG protection)
{
	PVOID base = NULL;
	SIZE_T bytes = area->pages * PAGE_BYTES;

	if (!call_done(worker, "NtMapViewOfSection",
		       NtMapViewOfSection(area->section, CURRENT_PROCESS, &base, 0, 0, NULL, &bytes,
					  ViewUnmap, 0, protection)))
		return false;
	area->base = base;
	return true;
}

bool area_unmap(struct worker *worker, struct area *area)
{
	return call_done(worker, "NtUnmapViewOfSection",
			 NtUnmapViewOfSection(CURRENT_PROCESS, area->base));
}

uint64_t *memory_make(struct worker *worker, uint64_t pages)
{
	PVOID base = NULL;
	SIZE_T bytes = pages * PAGE_BYTES;

	if (!call_done(worker, "NtAllocateVirtualMemory",
		       NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes,
					       MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE)))
		return NULL;
	return base;
}

bool area_make_versions(struct worker *worker, struct area *area)
{
	uint64_t bytes = area->pages * sizeof(*area->versions);

	area->versions = (uint32_t *)memory_make(worker, (bytes + PAGE_BYTES - 1) / PAGE_BYTES);
	if (!area->versions)
		return false;
	for (uint64_t i = 0; i < area->pages; i++)
		area->versions[i] = area->first_version;
	return true;
}

void area_read_by_call(struct worker *worker, struct area *area, uint64_t index)
{
	SIZE_T done = 0;

	if (call_done(worker, "NtReadVirtualMemory",
		      NtReadVirtualMemory(CURRENT_PROCESS, area_page(area, index), worker->copy,
					  PAGE_BYTES, &done)))
		area_verify(worker, area, index, worker->copy, "read by NtReadVirtualMemory");
}

void area_protect(struct worker *worker, struct area *area, uint64_t index, ULONG protection)
{
	PVOID base = area_page(area, index);
	SIZE_T bytes = PAGE_BYTES;
	ULONG old;

	if (!call_done(worker, "NtProtectVirtualMemory",
		       NtProtectVirtualMemory(CURRENT_PROCESS, &base, &bytes, PAGE_NOACCESS, &old)))
		return;
	call_done(worker, "NtProtectVirtualMemory",
		  NtProtectVirtualMemory(CURRENT_PROCESS, &base, &bytes, PAGE_READONLY, &old));
	area_verify(worker, area, index, area_page(area, index), "read-only");
	call_done(worker, "NtProtectVirtualMemory",
		  NtProtectVirtualMemory(CURRENT_PROCESS, &base, &bytes, protection, &old));
}
