/*
 * pages.c - mapping and touching, as all parts of the tour do it.
 */
#include "report.h"
#include "tour.h"

char *view_map(HANDLE section, ULONG protection, const char *what)
{
	PVOID base = NULL;
	SIZE_T bytes = 0;

	step_need(NtMapViewOfSection(section, CURRENT_PROCESS, &base, 0, 0, NULL, &bytes, ViewShare,
				     0, protection),
		  what);
	return base;
}

void view_unmap(char *view)
{
	step_need(NtUnmapViewOfSection(CURRENT_PROCESS, view), "NtUnmapViewOfSection");
}

unsigned pages_read(const char *view, uint64_t page_count, uint64_t step)
{
	unsigned sum = 0;

	for (uint64_t page = 0; page < page_count; page += step)
		sum += *(const volatile unsigned char *)(view + page * PAGE_BYTES);
	return sum;
}

void pages_write(char *view, uint64_t page_count, char value)
{
	for (uint64_t page = 0; page < page_count; page++)
		*(volatile char *)(view + page * PAGE_BYTES) = value;
}
