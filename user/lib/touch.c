/*
 * touch.c - bringing a program's own pages into memory.
 */
#include "touch.h"

#include "native.h"
#include "system.h"

#define STACK_TOUCH_BYTES 0xC000u
#define WRITABLE (PAGE_READWRITE | PAGE_WRITECOPY | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY)

static void touch_region(const MEMORY_BASIC_INFORMATION *region)
{
	volatile char *page = region->BaseAddress;

	if (region->State != MEM_COMMIT || region->Protect == PAGE_NOACCESS ||
	    region->Protect == PAGE_EXECUTE || (region->Protect & PAGE_GUARD))
		return;
	for (SIZE_T at = 0; at < region->RegionSize; at += PAGE_BYTES) {
		char byte = page[at];

		if (region->Protect & WRITABLE)
			page[at] = byte;
	}
}

/* All regions of the allocation that starts at `base`. */
static void touch_allocation(PVOID base)
{
	char *address = base;
	MEMORY_BASIC_INFORMATION region;

	while (NT_SUCCESS(NtQueryVirtualMemory(CURRENT_PROCESS, address, MemoryBasicInformation,
					       &region, sizeof(region), NULL)) &&
	       region.AllocationBase == base && region.RegionSize) {
		touch_region(&region);
		address = (char *)region.BaseAddress + region.RegionSize;
	}
}

static __attribute__((noinline)) void touch_stack(void)
{
	volatile char room[STACK_TOUCH_BYTES];

	for (size_t at = 0; at < sizeof(room); at += PAGE_BYTES)
		room[at] = 0;
}

void touch_own_pages(void)
{
	extern char __ImageBase[];
	UNICODE_STRING name;
	PVOID ntdll;

	if (!system_is_quire())
		return;
	touch_stack();
	touch_allocation(__ImageBase);
	RtlInitUnicodeString(&name, L"ntdll.dll");
	if (NT_SUCCESS(LdrGetDllHandle(NULL, NULL, &name, &ntdll)))
		touch_allocation(ntdll);
}
