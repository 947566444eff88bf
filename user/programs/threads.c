/*
 * threads.c - four threads add to one counter; the main thread waits for each and prints the sum.
 */
#include "console.h"
#include "native.h"
#include "program.h"

#define THREADS 4
#define ROUNDS 10000u

static uint64_t total;

static NTSTATUS NTAPI worker(PVOID argument)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		__atomic_fetch_add(&total, 1, __ATOMIC_RELAXED);
		if (i % 1000 == 0)
			NtYieldExecution();
	}
	return (NTSTATUS)(intptr_t)argument;
}

int program_main(int argc, char **argv)
{
	HANDLE threads[THREADS];

	(void)argc;
	(void)argv;
	for (intptr_t i = 0; i < THREADS; i++) {
		NTSTATUS status =
			NtCreateThreadEx(&threads[i], THREAD_ALL_ACCESS, NULL, CURRENT_PROCESS,
					 worker, (PVOID)i, 0, 0, 0, 0, NULL);

		if (!NT_SUCCESS(status)) {
			print_error("threads: NtCreateThreadEx: 0x%08x\n", (unsigned)status);
			return status;
		}
	}
	for (unsigned i = 0; i < THREADS; i++) {
		NtWaitForSingleObject(threads[i], FALSE, NULL);
		NtClose(threads[i]);
	}
	print("%u threads counted to %llu; expected %u\n", THREADS, (unsigned long long)total,
	      THREADS * ROUNDS);
	return total == THREADS * ROUNDS ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}
