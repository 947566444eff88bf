/*
 * access.c - accesses that may fault: a vectored handler lets the program go on behind them.
 */
#include "case.h"

typedef LONG(CALLBACK *vectored_handler)(EXCEPTION_POINTERS *pointers);
typedef PVOID(NTAPI *handler_adder)(ULONG first, vectored_handler handler);

/* faulting.S */
NTSTATUS access_load(const void *address);
NTSTATUS access_store(void *address, unsigned char value);
NTSTATUS access_execute(const void *address);
extern uint64_t access_stack;
extern char access_landed[];

static bool armed, handler_is_there;
static ULONG parameter_count;
static uint64_t parameters[EXCEPTION_MAXIMUM_PARAMETERS];

static LONG CALLBACK handle(EXCEPTION_POINTERS *pointers)
{
	const EXCEPTION_RECORD *record = pointers->ExceptionRecord;

	if (!armed)
		return EXCEPTION_CONTINUE_SEARCH;
	armed = false;
	parameter_count = record->NumberParameters;
	for (unsigned i = 0; i < parameter_count && i < EXCEPTION_MAXIMUM_PARAMETERS; i++)
		parameters[i] = record->ExceptionInformation[i];
	pointers->ContextRecord->Rip = (uintptr_t)access_landed;
	pointers->ContextRecord->Rsp = access_stack;
	pointers->ContextRecord->Rax = (ULONG)record->ExceptionCode;
	return EXCEPTION_CONTINUE_EXECUTION;
}

/* False where exceptions do not come to user mode: an access would end the program. */
static bool arm(void)
{
	if (!handler_is_there) {
		UNICODE_STRING module;
		ANSI_STRING name;
		PVOID base, adder;

		RtlInitUnicodeString(&module, L"ntdll.dll");
		RtlInitAnsiString(&name, "RtlAddVectoredExceptionHandler");
		if (!NT_SUCCESS(LdrGetDllHandle(NULL, NULL, &module, &base)) ||
		    !NT_SUCCESS(LdrGetProcedureAddress(base, &name, 0, &adder)))
			return false;
		handler_is_there = ((handler_adder)adder)(1, handle) != NULL;
	}
	parameter_count = 0;
	armed = handler_is_there;
	return armed;
}

NTSTATUS case_load(const void *address)
{
	NTSTATUS status = arm() ? access_load(address) : STATUS_ENTRYPOINT_NOT_FOUND;

	armed = false;
	return status;
}

NTSTATUS case_store(void *address, unsigned char value)
{
	NTSTATUS status = arm() ? access_store(address, value) : STATUS_ENTRYPOINT_NOT_FOUND;

	armed = false;
	return status;
}

NTSTATUS case_execute(const void *address)
{
	NTSTATUS status = arm() ? access_execute(address) : STATUS_ENTRYPOINT_NOT_FOUND;

	armed = false;
	return status;
}

ULONG case_fault_parameter_count(void)
{
	return parameter_count;
}

uint64_t case_fault_parameter(unsigned number)
{
	return number < parameter_count ? parameters[number] : 0;
}
