/*
 * process.c - one of the processes: maps the control section and runs its threads.
 */
#include "console.h"
#include "stress.h"

static struct worker workers[MAX_THREADS];

static NTSTATUS NTAPI thread_main(PVOID argument)
{
	worker_run(argument);
	return STATUS_SUCCESS;
}

static NTSTATUS control_map(HANDLE section, struct control **control)
{
	PVOID base = NULL;
	SIZE_T bytes = 0;
	NTSTATUS status = NtMapViewOfSection(section, CURRENT_PROCESS, &base, 0, 0, NULL, &bytes,
					     ViewUnmap, 0, PAGE_READWRITE);

	*control = base;
	return status;
}

static NTSTATUS threads_start(unsigned count, HANDLE *threads)
{
	NTSTATUS status = STATUS_SUCCESS;

	for (unsigned i = 0; i < count && NT_SUCCESS(status); i++)
		status = NtCreateThreadEx(&threads[i], THREAD_ALL_ACCESS, NULL, CURRENT_PROCESS,
					  thread_main, &workers[i], 0, 0, 0, 0, NULL);
	return status;
}

NTSTATUS process_main(unsigned process, HANDLE control_section, HANDLE section)
{
	HANDLE threads[MAX_THREADS];
	struct control *control;
	unsigned count;
	NTSTATUS status = control_map(control_section, &control);

	if (!NT_SUCCESS(status))
		return status;
	count = (unsigned)control->options.threads;
	for (unsigned i = 0; i < count; i++) {
		workers[i] = (struct worker){
			.control = control,
			.tally = &control->tallies[process * count + i],
			.process = process,
			.thread = i,
			.shared_section = section,
		};
		random_start(&workers[i].random,
			     control->options.seed * MAX_PROCESSES * MAX_THREADS +
				     process * MAX_THREADS + i);
	}
	status = threads_start(count, threads);
	if (!NT_SUCCESS(status)) {
		print_error("stress: NtCreateThreadEx: status 0x%08x\n", (unsigned)status);
		return status;
	}
	for (unsigned i = 0; i < count; i++) {
		NtWaitForSingleObject(threads[i], FALSE, NULL);
		NtClose(threads[i]);
	}
	return STATUS_SUCCESS;
}
