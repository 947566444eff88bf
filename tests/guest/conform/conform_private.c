/*
 * conform_private.c - private memory in general (P7): what is reserved, committed, guarded.
 */
#include "case.h"

int program_main(int argc, char **argv)
{
	PVOID base = (PVOID)0x50008000;
	SIZE_T bytes = 1;

	(void)argc;
	(void)argv;
	case_start("conform_private: private memory");
	case_call("NtAllocateVirtualMemory");
	case_status("P7.129", "reserve (0x50008000, 1)",
		    NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_RESERVE,
					    PAGE_READWRITE),
		    STATUS_SUCCESS);
	case_number("P7.129", "its base", (uintptr_t)base, 0x50000000);
	case_number("P7.129", "its size", bytes, 0x9000);
	case_status("P7.133", "touch of it", case_load(base), STATUS_ACCESS_VIOLATION);
	memory_drop(base);
	return case_finish();
}
