/*
 * first.c - a library for test_loader: linked at the programs' own base, so that it is always
 * relocated; exports functions, data, and data that points to data.
 */
#include "native.h"

int first_number = 1234;
int *first_pointer = &first_number; /* needs a relocation */

__declspec(dllexport) int *first_address(void);
__declspec(dllexport) int first_value(void);

int *first_address(void)
{
	return first_pointer;
}

int first_value(void)
{
	return *first_pointer;
}

__declspec(dllexport) uint64_t first_attachments;

BOOL NTAPI DllMain(PVOID base, DWORD reason, PVOID reserved);

BOOL NTAPI DllMain(PVOID base, DWORD reason, PVOID reserved)
{
	(void)base;
	(void)reserved;
	if (reason == DLL_PROCESS_ATTACH)
		first_attachments++;
	return TRUE;
}
