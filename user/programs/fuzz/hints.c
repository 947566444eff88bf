/*
 * hints.c - what syscalls.def does not say: what a value or the content behind a pointer means. A
 * letter for each argument; a call without a line gets '.' everywhere and works all the same, only
 * succeeds less often.
 *
 *   0 zero            A address         b address or 0     z size           s size or offset, 64 b
 *   B boolean         C class           D disposition      E parameters     F attributes of a file
 *   H handles         J class content   L length           M MEM_ type      N small number
 *   O file options    P protection      R access mask      S SEC_ flags     T time-out
 *   U text            V text to fill    W flag, 0, 1 or 4  X CONTEXT        e exception record
 *   f MEM_ for free   h share access    i client id        m view type      p routine
 *   r memory range    t thread start    I thread id         4 four            a APC, mostly none
 *   n mostly 0        o mostly 0, else an offset            v the same        y 1 or 2
 */
#include <string.h>

#include "fuzz.h"

static const struct {
	const char *call, *letters;
} hints[] = {
	{"NtAlertThreadByThreadId", "I"},
	{"NtAllocateVirtualMemory", ".b0zMP"},
	{"NtAllocateVirtualMemoryEx", ".bzMPEn"},
	{"NtAreMappedFilesTheSame", "AA"},
	{"NtContinue", "XB"},
	{"NtCreateDirectoryObject", ".R."},
	{"NtCreateEvent", ".R.BB"},
	{"NtCreateFile", ".RF.s0hDO00"},
	{"NtCreateMutant", ".R.B"},
	{"NtCreateProcess", ".R..B.00"},
	{"NtCreateProcessEx", ".R..W.000"},
	{"NtCreateSection", ".R.sPS."},
	{"NtCreateSectionEx", ".R.sPS.En"},
	{"NtCreateSemaphore", ".R.NN"},
	{"NtCreateSymbolicLinkObject", ".R.U"},
	{"NtCreateThreadEx", ".R..tAW0zz0"},
	{"NtCreateUserProcess", "..RR..WW..."},
	{"NtDelayExecution", "BT"},
	{"NtDeleteFile", "F"},
	{"NtDisplayString", "U"},
	{"NtDuplicateObject", "....RWN"},
	{"NtExtendSection", ".s"},
	{"NtFlushVirtualMemory", ".bz."},
	{"NtFreeVirtualMemory", ".bzf"},
	{"NtGetContextThread", ".X"},
	{"NtGetWriteWatch", ".BAz.N."},
	{"NtLockVirtualMemory", ".bzW"},
	{"NtMapViewOfSection", "..b00ovymP"},
	{"NtMapViewOfSectionEx", "..bovmPEn"},
	{"NtOpenDirectoryObject", ".R."},
	{"NtOpenEvent", ".R."},
	{"NtOpenFile", ".RF.hO"},
	{"NtOpenMutant", ".R."},
	{"NtOpenProcess", ".R.i"},
	{"NtOpenSection", ".R."},
	{"NtOpenSemaphore", ".R."},
	{"NtOpenSymbolicLinkObject", ".R."},
	{"NtOpenThread", ".R.i"},
	{"NtProtectVirtualMemory", ".bzP."},
	{"NtQueryAttributesFile", "F."},
	{"NtQueryDirectoryFile", "..a0..LCBUB"},
	{"NtQueryDirectoryObject", "..LBBN."},
	{"NtQueryEvent", ".C.L."},
	{"NtQueryFullAttributesFile", "F."},
	{"NtQueryInformationFile", "...LC"},
	{"NtQueryInformationProcess", ".C.L."},
	{"NtQueryInformationThread", ".C.L."},
	{"NtQueryMutant", ".C.L."},
	{"NtQueryObject", ".C.L."},
	{"NtQuerySection", ".C.L."},
	{"NtQuerySemaphore", ".C.L."},
	{"NtQuerySymbolicLinkObject", ".V."},
	{"NtQuerySystemInformation", "C.L."},
	{"NtQueryVirtualMemory", ".AC.L."},
	{"NtQueryVolumeInformationFile", "...LC"},
	{"NtQueueApcThread", ".p000"},
	{"NtRaiseException", "eXB"},
	{"NtReadFile", "..a0..Ls0"},
	{"NtReadVirtualMemory", ".A.L."},
	{"NtReleaseSemaphore", ".N."},
	{"NtResetWriteWatch", ".Az"},
	{"NtSetContextThread", ".X"},
	{"NtSetInformationFile", "..JLC"},
	{"NtSetInformationObject", ".CJL"},
	{"NtSetInformationProcess", ".CJL"},
	{"NtSetInformationThread", ".CJL"},
	{"NtSetInformationVirtualMemory", ".0Nr04"},
	{"NtSetSystemInformation", "CJL"},
	{"NtSignalAndWaitForSingleObject", "..BT"},
	{"NtUnlockVirtualMemory", ".bzW"},
	{"NtUnmapViewOfSection", ".A"},
	{"NtUnmapViewOfSectionEx", ".AN"},
	{"NtWaitForAlertByThreadId", "AT"},
	{"NtWaitForMultipleObjects", "NHBBT"},
	{"NtWaitForSingleObject", ".BT"},
	{"NtWriteFile", "..a0..Ls0"},
	{"NtWriteVirtualMemory", ".A.L."},
};

/* By the call's position in call_list; filled once. */
static char letters_of[MAX_CALLS][CALL_ARGUMENTS];

void hints_init(void)
{
	memset(letters_of, '.', sizeof(letters_of));
	for (size_t i = 0; i < call_list_count; i++)
		for (size_t j = 0; j < COUNT_OF(hints); j++)
			if (!strcmp(hints[j].call, call_list[i].name))
				memcpy(letters_of[i], hints[j].letters, strlen(hints[j].letters));
}

char hint_of(const struct call *call, unsigned index)
{
	return letters_of[call - call_list][index];
}

/* ---- values ---- */

#define PICK(worker, table) ((table)[random_below(&(worker)->random, COUNT_OF(table))])

static const uint64_t memory_types[] = {
	MEM_COMMIT,
	MEM_RESERVE,
	MEM_RESERVE | MEM_COMMIT,
	MEM_RESERVE | MEM_COMMIT,
	MEM_RESET,
	MEM_RESERVE | MEM_TOP_DOWN,
	MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH,
	MEM_RESERVE | MEM_RESERVE_PLACEHOLDER,
	MEM_RESERVE | MEM_COMMIT | MEM_REPLACE_PLACEHOLDER,
	MEM_RESERVE | MEM_COMMIT | MEM_LARGE_PAGES,
	0x1000000, /* MEM_RESET_UNDO */
};
static const uint64_t free_types[] = {MEM_DECOMMIT, MEM_RELEASE, MEM_RELEASE,
				      MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER,
				      MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS};
static const uint64_t view_types[] = {
	0, 0, 0, MEM_RESERVE, MEM_TOP_DOWN, MEM_LARGE_PAGES, MEM_REPLACE_PLACEHOLDER};
static const uint64_t section_types[] = {SEC_COMMIT,
					 SEC_COMMIT,
					 SEC_RESERVE,
					 SEC_IMAGE,
					 SEC_COMMIT | SEC_BASED,
					 SEC_NOCACHE | SEC_COMMIT,
					 SEC_COMMIT | SEC_LARGE_PAGES,
					 SEC_COMMIT | SEC_NO_CHANGE};
static const uint64_t protections[] = {PAGE_READWRITE,
				       PAGE_READWRITE,
				       PAGE_READONLY,
				       PAGE_NOACCESS,
				       PAGE_WRITECOPY,
				       PAGE_EXECUTE,
				       PAGE_EXECUTE_READ,
				       PAGE_EXECUTE_READWRITE,
				       PAGE_EXECUTE_WRITECOPY,
				       PAGE_READWRITE | PAGE_GUARD,
				       PAGE_READWRITE | PAGE_NOCACHE,
				       PAGE_READWRITE | PAGE_WRITECOMBINE};
static const uint64_t accesses[] = {0x02000000, 0x10000000, 0x80000000, 0xC0000000,
				    0x1F0FFF,	0x1FFFFF,   0x000F001F, 0x001F0003,
				    0x00100000, 0x3,	    0x0012019F, 0};
static const uint64_t options[] = {0x20, 0x20, 0x60, 0x21, 0x40, 0, 0x1020, 0x1};
static const uint64_t flags[] = {0, 1, 1, 4, 2};
static const uint64_t lengths[] = {0, 1, 4, 8, 16, 24, 40, 48, 64, 96, 104, 256, 1000, 4096};

/* Classes: NT's small numbers, those with a meaning of their own, and Quire's. */
static uint64_t class_pick(struct worker *worker)
{
	switch (random_below(&worker->random, 8)) {
	case 0:
		return QUIRE_PROCESS_FAULT_COUNTS + random_below(&worker->random, 16);
	case 1:
	case 2:
		return random_below(&worker->random, 100);
	default:
		return random_below(&worker->random, 24);
	}
}

static NTSTATUS NTAPI short_routine(PVOID argument)
{
	(void)argument;
	return STATUS_SUCCESS;
}

uint64_t value_by_hint(struct worker *worker, char hint)
{
	struct random *random = &worker->random;

	switch (hint) {
	case '0':
		return 0;
	case 'A':
	case 'b':
		return hint == 'b' && one_in(worker, 2) ? 0 : value_address(worker);
	case 'z':
	case 's':
		return value_size(worker);
	case 'B':
		return random_below(random, 2);
	case 'C':
		return class_pick(worker);
	case 'D':
		return random_below(random, 6);
	case 'L':
		return PICK(worker, lengths);
	case 'M':
		return PICK(worker, memory_types);
	case 'N':
		return random_below(random, 5);
	case 'O':
		return PICK(worker, options);
	case 'P':
		return PICK(worker, protections);
	case 'R':
		return PICK(worker, accesses);
	case 'S':
		return PICK(worker, section_types);
	case 'W':
		return PICK(worker, flags);
	case 'f':
		return PICK(worker, free_types);
	case 'h':
		return random_below(random, 8);
	case 'm':
		return PICK(worker, view_types);
	case '4':
		return 4;
	case 'n':
		return one_in(worker, 3) ? random_below(random, 4) : 0;
	case 'o':
	case 'v':
		return one_in(worker, 3) ? value_size(worker) : 0;
	case 'y':
		return 1 + random_below(random, 2);
	case 'a':
		return one_in(worker, 8) ? value_any(worker) : 0;
	case 'p':
	case 't':
		return one_in(worker, 16) ? value_any(worker) : (uintptr_t)short_routine;
	case 'I':
		return one_in(worker, 2) ? worker->id : random_below(random, 64) * 4;
	default:
		return value_any(worker);
	}
}
