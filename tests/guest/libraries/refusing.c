/*
 * refusing.c - a library for test_loader whose entry point says that it cannot start.
 */
#include "native.h"

BOOL NTAPI DllMain(PVOID base, DWORD reason, PVOID reserved);

BOOL NTAPI DllMain(PVOID base, DWORD reason, PVOID reserved)
{
	(void)base;
	(void)reason;
	(void)reserved;
	return FALSE;
}
