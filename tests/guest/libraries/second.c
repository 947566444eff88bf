/*
 * second.c - a library for test_loader that needs another library of its own (first.dll).
 */
#include "native.h"

__declspec(dllimport) int first_value(void);
extern __declspec(dllimport) uint64_t first_attachments;

static uint64_t attachments_when_attached;

/* first.dll's number, and how often it had been attached when this library was. */
__declspec(dllexport) int second_value(uint64_t *attachments);

int second_value(uint64_t *attachments)
{
	*attachments = attachments_when_attached;
	return first_value() + 1;
}

BOOL NTAPI DllMain(PVOID base, DWORD reason, PVOID reserved);

BOOL NTAPI DllMain(PVOID base, DWORD reason, PVOID reserved)
{
	(void)base;
	(void)reserved;
	if (reason == DLL_PROCESS_ATTACH)
		attachments_when_attached = first_attachments;
	return TRUE;
}
