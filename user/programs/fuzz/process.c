/*
 * process.c - one of the processes: its threads, which it wakes when they wait too long, and
 * replaces when they are gone. It ends when all have come to the end of this life, and is started
 * again by the parent; whatever it had open or mapped goes with it.
 */
#include <string.h>

#include "fuzz.h"

#define MOMENT_100NS 10000 /* between two looks: 1 ms */
#define WAKE_AFTER 8u	   /* looks without a call: alerted and resumed */
#define END_AFTER 24u	   /* terminated */
#define DR7_OFF 0x400u
#define HANDLES_CLOSED 0x200u

static struct worker workers[MAX_THREADS];
static unsigned worker_count;

/* ---- exceptions ---- */

static struct worker *worker_of_thread(void)
{
	uint64_t id = (uintptr_t)thread_number();

	for (unsigned i = 0; i < worker_count; i++)
		if (workers[i].id == id)
			return &workers[i];
	return NULL;
}

/* A step is given up; a thread that is not one of ours ends. */
static LONG NTAPI exception_handler(EXCEPTION_POINTERS *pointers)
{
	CONTEXT *context = pointers->ContextRecord;
	struct worker *worker = worker_of_thread();

	if (!worker || !worker->guard_rsp) {
		NtTerminateThread(CURRENT_THREAD, STATUS_UNSUCCESSFUL);
		return EXCEPTION_CONTINUE_SEARCH;
	}
	context->ContextFlags = CONTEXT_CONTROL | CONTEXT_DEBUG_REGISTERS;
	context->Rip = (uintptr_t)guarded_resume;
	context->Rsp = worker->guard_rsp;
	context->SegCs = 0x33;
	context->SegSs = 0x2B;
	context->EFlags = 0x202;
	context->Dr7 = DR7_OFF;
	return EXCEPTION_CONTINUE_EXECUTION;
}

/* ---- threads ---- */

static NTSTATUS NTAPI thread_main(PVOID argument)
{
	struct worker *worker = argument;

	worker->id = (uintptr_t)thread_number();
	worker_run(worker);
	return STATUS_SUCCESS;
}

/* => returns: false if there is no thread to be had, now. */
static bool worker_start(struct worker *worker)
{
	worker->slot->state = SLOT_RUNNING;
	worker->slot->starts++;
	worker->guard_rsp = 0;
	worker->thrown_in_a_row = 0;
	random_start(&worker->random, worker->control->options.seed * 1000003 +
					      worker->process * 101 + worker->thread * 11 +
					      worker->slot->starts * 10007ull);
	return NT_SUCCESS(NtCreateThreadEx(&worker->handle, THREAD_ALL_ACCESS, NULL,
					   CURRENT_PROCESS, thread_main, worker, 0, 0, 0, 0, NULL));
}

static bool arena_make(struct worker *worker)
{
	PVOID base = NULL;
	SIZE_T bytes = (CALL_ARGUMENTS + 1) * SLOT_BYTES + 8 * PAGE_BYTES;
	SIZE_T used = CALL_ARGUMENTS * SLOT_BYTES;
	NTSTATUS status = NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_RESERVE,
						  PAGE_READWRITE);

	if (NT_SUCCESS(status))
		status = NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &used, MEM_COMMIT,
						 PAGE_READWRITE);
	worker->arena = base;
	return NT_SUCCESS(status);
}

static void worker_wake(struct worker *worker, unsigned quiet)
{
	if (quiet == WAKE_AFTER) {
		NtAlertThreadByThreadId((HANDLE)(uintptr_t)worker->id);
		NtAlertResumeThread(worker->handle, NULL);
	} else if (quiet > WAKE_AFTER && quiet < END_AFTER) {
		NtResumeThread(worker->handle, NULL);
	} else if (quiet == END_AFTER) {
		NtTerminateThread(worker->handle, STATUS_TIMEOUT);
	}
}

/* => returns: false when this life is over. */
static bool worker_watch(struct worker *worker, uint64_t *seen, unsigned *quiet)
{
	LARGE_INTEGER none = {.QuadPart = 0};
	struct slot *slot = worker->slot;
	NTSTATUS status = NtWaitForSingleObject(worker->handle, FALSE, &none);

	if (worker->control->pause || slot->calls != *seen)
		*quiet = 0;
	*seen = slot->calls;
	if (status == STATUS_TIMEOUT) {
		worker_wake(worker, ++*quiet);
		return true;
	}
	if (status != STATUS_SUCCESS) /* a call has closed the handle: nobody knows the thread */
		NtTerminateProcess(CURRENT_PROCESS, STATUS_INVALID_HANDLE);
	if (slot->state != SLOT_RUNNING)
		return false;
	NtClose(worker->handle);
	return worker_start(worker);
}

static void workers_watch(void)
{
	uint64_t seen[MAX_THREADS] = {0};
	unsigned quiet[MAX_THREADS] = {0}, running;

	do {
		LARGE_INTEGER moment = {.QuadPart = -MOMENT_100NS};

		running = 0;
		NtDelayExecution(FALSE, &moment);
		for (unsigned i = 0; i < worker_count; i++)
			running += worker_watch(&workers[i], &seen[i], &quiet[i]);
	} while (running);
}

/* ---- the process ---- */

static NTSTATUS control_map(HANDLE section, struct control **control)
{
	PVOID base = NULL;
	SIZE_T bytes = 0;
	NTSTATUS status = NtMapViewOfSection(section, CURRENT_PROCESS, &base, 0, 0, NULL, &bytes,
					     ViewUnmap, 0, PAGE_READWRITE);

	*control = base;
	return status;
}

/* What was inherited goes: a random handle must not be the console's, or the control section's. */
static void handles_close(void)
{
	struct process_parameters *parameters = process_parameters();

	for (uintptr_t value = 4; value < HANDLES_CLOSED; value += 4)
		NtClose((HANDLE)value);
	parameters->standard_input = parameters->standard_output = parameters->standard_error =
		NULL;
}

static NTSTATUS worker_init(struct worker *worker, struct control *control, unsigned process,
			    unsigned thread)
{
	UNICODE_STRING name;

	worker->control = control;
	worker->process = process;
	worker->thread = thread;
	worker->slot = &control->slots[process][thread];
	worker->life_end = control->options.life;
	RtlInitUnicodeString(&name, FOLDER L"\\hello.exe");
	if (worker->slot->state == SLOT_DONE)
		return STATUS_SUCCESS;
	return RtlCreateProcessParametersEx(&worker->parameters, &name, NULL, NULL, &name, NULL,
					    NULL, NULL, NULL, NULL, PROCESS_PARAMETERS_NORMALIZED);
}

NTSTATUS process_main(unsigned process, unsigned life, HANDLE section)
{
	struct control *control;
	LONG priority = 15;
	NTSTATUS status = control_map(section, &control);

	(void)life;
	if (!NT_SUCCESS(status))
		return status;
	handles_close();
	call_list_init();
	RtlAddVectoredExceptionHandler(1, exception_handler);
	NtSetInformationThread(CURRENT_THREAD, 2, &priority, sizeof(priority));
	for (unsigned i = 0; i < control->options.threads; i++) {
		struct worker *worker = &workers[worker_count];

		status = worker_init(worker, control, process, i);
		if (!NT_SUCCESS(status) || worker->slot->state == SLOT_DONE)
			continue;
		if (!arena_make(worker) || !worker_start(worker))
			break;
		worker_count++;
	}
	workers_watch();
	return status;
}
