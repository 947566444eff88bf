/*
 * classes.c - information classes with the lengths they want. Without it most calls that ask or set
 * would end at the length.
 */
#include <string.h>

#include "fuzz.h"

#define CLASSES_MOST 14u
#define KEPT_ONE_IN 4u /* left as it is, so that other classes and lengths come too */

static const struct {
	const char *call;
	struct {
		uint32_t class, bytes;
	} rows[CLASSES_MOST]; /* those behind the last have no bytes */
} classes[] = {
	{"NtQueryInformationProcess",
	 {{0, 48},
	  {0, 64},
	  {1, 48},
	  {3, 96},
	  {4, 32},
	  {12, 4},
	  {18, 2},
	  {20, 4},
	  {27, 256},
	  {43, 256},
	  {QUIRE_PROCESS_FAULT_COUNTS, sizeof(struct quire_fault_counts)},
	  {QUIRE_PROCESS_HANDLES, 4096}}},
	{"NtSetInformationProcess", {{1, 48}, {12, 4}, {18, 2}, {1, 32}}},
	{"NtQueryInformationThread",
	 {{0, 48}, {1, 32}, {9, 8}, {12, 4}, {14, 4}, {17, 1}, {20, 4}, {35, 4}, {38, 256}}},
	{"NtSetInformationThread",
	 {{2, 4}, {3, 4}, {4, 8}, {9, 8}, {10, 4}, {14, 4}, {38, 16}, {17, 0}}},
	{"NtQueryInformationFile",
	 {{4, 40},
	  {5, 24},
	  {6, 8},
	  {7, 4},
	  {8, 4},
	  {9, 256},
	  {14, 8},
	  {16, 4},
	  {17, 4},
	  {18, 1000},
	  {34, 56},
	  {35, 8}}},
	{"NtSetInformationFile", {{4, 40}, {10, 64}, {13, 1}, {14, 8}, {16, 4}, {19, 8}, {20, 8}}},
	{"NtQueryVolumeInformationFile", {{1, 64}, {3, 24}, {4, 8}, {5, 64}, {7, 32}, {11, 28}}},
	{"NtQueryDirectoryFile",
	 {{1, 1000}, {2, 1000}, {3, 1000}, {12, 64}, {37, 4096}, {38, 256}}},
	{"NtQueryObject", {{0, 56}, {1, 256}, {2, 256}, {3, 4096}, {4, 2}}},
	{"NtSetInformationObject", {{4, 2}}},
	{"NtQuerySection", {{0, 24}, {1, 64}, {3, 8}}},
	{"NtQueryEvent", {{0, 8}}},
	{"NtQueryMutant", {{0, 8}}},
	{"NtQuerySemaphore", {{0, 8}}},
	{"NtQueryVirtualMemory",
	 {{0, 48},
	  {1, 64},
	  {2, 256},
	  {3, 48},
	  {4, 64},
	  {6, 24},
	  {QUIRE_MEMORY_PAGE, sizeof(struct quire_memory_page)}}},
	{"NtQuerySystemInformation",
	 {{0, 64},
	  {2, 344},
	  {18, 256},
	  {80, 176},
	  {QUIRE_SYSTEM_MEMORY, sizeof(struct quire_memory)},
	  {QUIRE_SYSTEM_PROCESSES, 4096},
	  {QUIRE_SYSTEM_CHECK, sizeof(struct quire_balance)},
	  {QUIRE_SYSTEM_COMMAND_LINE, 4096},
	  {QUIRE_SYSTEM_PAGING, sizeof(struct quire_paging)},
	  {QUIRE_SYSTEM_DISK, sizeof(struct quire_disk)}}},
	{"NtSetSystemInformation", {{QUIRE_SYSTEM_DISK, sizeof(struct quire_disk)}}},
};

void class_fill(struct worker *worker, const struct call *call)
{
	uint64_t *arguments = worker->perform.arguments;

	for (size_t i = 0; i < COUNT_OF(classes); i++) {
		unsigned count = 0;
		uint64_t row;

		if (strcmp(classes[i].call, call->name) != 0 || one_in(worker, KEPT_ONE_IN))
			continue;
		while (count < CLASSES_MOST && (classes[i].rows[count].bytes || count == 0))
			count++;
		row = random_below(&worker->random, count);
		for (unsigned j = 0; j < call->argument_count; j++) {
			if (hint_of(call, j) == 'C')
				arguments[j] = classes[i].rows[row].class;
			if (hint_of(call, j) == 'L')
				arguments[j] = classes[i].rows[row].bytes;
		}
	}
}
