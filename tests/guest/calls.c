/*
 * calls.c - valid arguments for each system call, and the objects that they name.
 */
#include <string.h>

#include "calls_valid.h"
#include "guest.h"

#define SLOT_BYTES 2048u /* room behind each pointer argument */

/* ---- objects ---- */

static struct {
	HANDLE section, file, folder, process, thread;
	OBJECT_ATTRIBUTES file_attributes, section_attributes, empty_attributes;
	UNICODE_STRING file_name, section_name, image_name, text;
	char slots[CALL_ARGUMENTS][SLOT_BYTES];
} stock;

static NTSTATUS NTAPI stock_thread(PVOID argument)
{
	(void)argument;
	return STATUS_SUCCESS;
}

#define STOCK_EXCEPTION 0xE0007E57u

static LONG NTAPI stock_handler(EXCEPTION_POINTERS *pointers)
{
	DWORD code = pointers->ExceptionRecord->ExceptionCode;

	/* 0: the record was overwritten, or its page is new */
	return code == STOCK_EXCEPTION || code == 0 ? EXCEPTION_CONTINUE_EXECUTION
						    : EXCEPTION_CONTINUE_SEARCH;
}

void attributes_fill(OBJECT_ATTRIBUTES *attributes, UNICODE_STRING *name, const WCHAR *text)
{
	RtlInitUnicodeString(name, text);
	InitializeObjectAttributes(attributes, name, OBJ_CASE_INSENSITIVE | OBJ_OPENIF, NULL, NULL);
}

static HANDLE folder_open(void)
{
	OBJECT_ATTRIBUTES attributes;
	UNICODE_STRING name;
	IO_STATUS_BLOCK io;
	HANDLE folder;
	NTSTATUS status;

	attributes_fill(&attributes, &name, L"\\??\\C:\\data");
	status = NtOpenFile(&folder, FILE_LIST_DIRECTORY | SYNCHRONIZE, &attributes, &io,
			    FILE_SHARE_READ | FILE_SHARE_WRITE,
			    FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT);
	if (!NT_SUCCESS(status))
		bail_out("the folder data", status);
	return folder;
}

static NTSTATUS own_process_make(void)
{
	return NtDuplicateObject(CURRENT_PROCESS, CURRENT_PROCESS, CURRENT_PROCESS, &stock.process,
				 0, 0, DUPLICATE_SAME_ACCESS);
}

static NTSTATUS own_thread_make(void)
{
	return NtCreateThreadEx(&stock.thread, THREAD_ALL_ACCESS, NULL, CURRENT_PROCESS,
				stock_thread, NULL, THREAD_CREATE_FLAGS_CREATE_SUSPENDED, 0, 0, 0,
				NULL);
}

void calls_adopt(const struct call *call)
{
	NtClose(stock.process);
	if (!NT_SUCCESS(own_process_make()))
		bail_out("objects of a copy", STATUS_NO_MEMORY);
	for (unsigned i = 0; i < call->argument_count; i++) {
		if (strcmp(call->parameters[i].type, "Thread"))
			continue;
		NtClose(stock.thread);
		if (!NT_SUCCESS(own_thread_make()))
			bail_out("a thread of a copy", STATUS_NO_MEMORY);
	}
}

void calls_init(void)
{
	NTSTATUS status;

	stock.file = file_need(MATRIX_FILE, FILE_READ_DATA | FILE_WRITE_DATA);
	stock.folder = folder_open();
	attributes_fill(&stock.file_attributes, &stock.file_name, L"\\??\\C:\\data\\scratch3.bin");
	attributes_fill(&stock.section_attributes, &stock.section_name,
			L"\\BaseNamedObjects\\calls");
	InitializeObjectAttributes(&stock.empty_attributes, NULL, 0, NULL, NULL);
	RtlInitUnicodeString(&stock.image_name, L"\\??\\C:\\bin\\hello.exe");
	RtlInitUnicodeString(&stock.text, L"test_badptr");
	status = NtCreateSection(&stock.section, SECTION_ALL_ACCESS, &stock.section_attributes,
				 &(LARGE_INTEGER){.QuadPart = 0x1000}, PAGE_READWRITE, SEC_COMMIT,
				 NULL);
	if (NT_SUCCESS(status))
		status = own_process_make();
	if (NT_SUCCESS(status))
		status = own_thread_make();
	if (NT_SUCCESS(status))
		status = calls_objects_init();
	if (!NT_SUCCESS(status))
		bail_out("objects for the calls", status);
}

HANDLE call_object(const char *type)
{
	if (!strcmp(type, "Section"))
		return stock.section;
	if (!strcmp(type, "File") || !type[0])
		return stock.file;
	if (!strcmp(type, "Process"))
		return stock.process;
	if (!strcmp(type, "Thread"))
		return stock.thread;
	return call_object_of(type);
}

/* ---- valid arguments ---- */

char *block_make(ULONG type)
{
	PVOID base = NULL;
	SIZE_T bytes = GRANULARITY_BYTES;
	NTSTATUS status =
		NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, type, PAGE_READWRITE);

	if (!NT_SUCCESS(status))
		bail_out("memory for a call", status);
	return base;
}

static void fill_allocate(uint64_t *arguments)
{
	*SLOT(1, PVOID) = block_make(MEM_RESERVE);
	*SLOT(3, SIZE_T) = PAGE_BYTES;
}

static void fill_free(uint64_t *arguments)
{
	*SLOT(1, PVOID) = block_make(MEM_RESERVE);
}

static void fill_protect(uint64_t *arguments)
{
	static char *block;

	if (!block)
		block = block_make(MEM_RESERVE | MEM_COMMIT);
	*SLOT(1, PVOID) = block;
	*SLOT(2, SIZE_T) = PAGE_BYTES;
}

static void fill_close(uint64_t *arguments)
{
	HANDLE copy = NULL;

	NtDuplicateObject(CURRENT_PROCESS, stock.section, CURRENT_PROCESS, &copy, 0, 0,
			  DUPLICATE_SAME_ACCESS);
	arguments[0] = (uintptr_t)copy;
}

static void fill_unmap(uint64_t *arguments)
{
	arguments[1] = (uintptr_t)view_need(stock.section, PAGE_READWRITE);
}

static void fill_open_file(uint64_t *arguments)
{
	*SLOT(2, OBJECT_ATTRIBUTES) = stock.file_attributes;
}

static void fill_open_section(uint64_t *arguments)
{
	*SLOT(2, OBJECT_ATTRIBUTES) = stock.section_attributes;
}

static void fill_create_section(uint64_t *arguments)
{
	*SLOT(2, OBJECT_ATTRIBUTES) = stock.empty_attributes;
	*SLOT(3, uint64_t) = PAGE_BYTES;
	arguments[6] = (uintptr_t)stock.file;
}

static void fill_create_section_ex(uint64_t *arguments)
{
	fill_create_section(arguments);
	SLOT(7, struct memory_parameter)->type = MemoryParameterNumaNode;
}

static void fill_extend(uint64_t *arguments)
{
	static HANDLE section;

	if (!section)
		section_make(&section, 0, PAGE_READWRITE, SEC_COMMIT, stock.file);
	arguments[0] = (uintptr_t)section;
	*SLOT(1, uint64_t) = 1;
}

static void fill_map_ex(uint64_t *arguments)
{
	SLOT(7, struct memory_parameter)->type = MemoryParameterNumaNode;
}

static void fill_open_process(uint64_t *arguments)
{
	*SLOT(2, OBJECT_ATTRIBUTES) = stock.empty_attributes;
	*SLOT(3, CLIENT_ID) = (CLIENT_ID){.UniqueProcess = NtCurrentTeb()->Reserved1[8]};
}

static void fill_open_thread(uint64_t *arguments)
{
	*SLOT(2, OBJECT_ATTRIBUTES) = stock.empty_attributes;
	*SLOT(3, CLIENT_ID) = (CLIENT_ID){.UniqueThread = NtCurrentTeb()->Reserved1[9]};
}

static void fill_create_thread(uint64_t *arguments)
{
	*SLOT(2, OBJECT_ATTRIBUTES) = stock.empty_attributes;
	arguments[4] = (uintptr_t)stock_thread;
	arguments[10] = 0;
}

/* A process without a thread: closing its handle ends it. */
static void fill_create_bare(uint64_t *arguments)
{
	static HANDLE image;

	if (!image) {
		HANDLE file = file_need(IMAGE_FILE, FILE_READ_DATA | FILE_EXECUTE);
		NTSTATUS status = section_make(&image, 0, PAGE_EXECUTE_READ, SEC_IMAGE, file);

		if (!NT_SUCCESS(status))
			bail_out("an image section", status);
		NtClose(file);
	}
	*SLOT(2, OBJECT_ATTRIBUTES) = stock.empty_attributes;
	arguments[5] = (uintptr_t)image;
}

/* A program that ends by itself: whatever becomes of its handles, it is soon gone. */
static void fill_create_process(uint64_t *arguments)
{
	static struct process_parameters *parameters;
	static struct {
		SIZE_T total_bytes;
		struct ps_attribute image_name;
	} list;

	if (!parameters && !NT_SUCCESS(RtlCreateProcessParametersEx(
				   &parameters, &stock.image_name, NULL, NULL, &stock.image_name,
				   NULL, NULL, NULL, NULL, NULL, PROCESS_PARAMETERS_NORMALIZED)))
		bail_out("process parameters", STATUS_NO_MEMORY);
	parameters->standard_output = parameters->standard_error = NULL;
	list.total_bytes = sizeof(list);
	list.image_name = (struct ps_attribute){PS_ATTRIBUTE_IMAGE_NAME, stock.image_name.Length,
						stock.image_name.Buffer, NULL};
	*SLOT(4, OBJECT_ATTRIBUTES) = stock.empty_attributes;
	*SLOT(5, OBJECT_ATTRIBUTES) = stock.empty_attributes;
	arguments[8] = (uintptr_t)parameters;
	*SLOT(9, SIZE_T) = sizeof(struct ps_create_info);
	arguments[10] = (uintptr_t)&list;
}

static void fill_display(uint64_t *arguments)
{
	*SLOT(0, UNICODE_STRING) = stock.text;
}

static void fill_directory(uint64_t *arguments)
{
	arguments[0] = (uintptr_t)stock.folder;
	if (system_is_wine())
		arguments[1] = 0; /* not implemented there */
	RtlInitUnicodeString(SLOT(9, UNICODE_STRING), L"*");
}

/* An exception that the handler below lets pass; without registers, so the call returns. */
static void fill_raise(uint64_t *arguments)
{
	static PVOID added;

	if (!added)
		added = RtlAddVectoredExceptionHandler(1, stock_handler);
	SLOT(0, EXCEPTION_RECORD)->ExceptionCode = STOCK_EXCEPTION;
}

static void fill_file_name(uint64_t *arguments)
{
	*SLOT(0, OBJECT_ATTRIBUTES) = stock.file_attributes;
}

/* The size that the file has. */
static void fill_end_of_file(uint64_t *arguments)
{
	*SLOT(2, uint64_t) = 0x1000;
}

/* Each time a file of its own. */
static void fill_delete_file(uint64_t *arguments)
{
	static UNICODE_STRING name;
	IO_STATUS_BLOCK io;
	HANDLE file;

	attributes_fill(SLOT(0, OBJECT_ATTRIBUTES), &name, L"\\??\\C:\\data\\deleted.tmp");
	if (NT_SUCCESS(NtCreateFile(&file, FILE_READ_DATA, SLOT(0, OBJECT_ATTRIBUTES), &io, NULL, 0,
				    0, FILE_OPEN_IF, 0, NULL, 0)))
		NtClose(file);
}

static void fill_no_event(uint64_t *arguments)
{
	arguments[1] = 0;
}

static const struct valid valids[] = {
	{"NtAllocateVirtualMemory", {[4] = MEM_COMMIT, [5] = PAGE_READWRITE}, fill_allocate},
	{"NtAreMappedFilesTheSame", {0}, NULL},
	{"NtClose", {0}, fill_close},
	{"NtContinue", {0}, NULL},
	{"NtCreateFile",
	 {[1] = FILE_READ_DATA | SYNCHRONIZE,
	  [6] = FILE_SHARE_READ | FILE_SHARE_WRITE,
	  [7] = FILE_OPEN,
	  [8] = FILE_SYNCHRONOUS_IO_NONALERT},
	 fill_open_file},
	{"NtCreateProcess", {[1] = PROCESS_ALL_ACCESS}, fill_create_bare},
	{"NtCreateProcessEx", {[1] = PROCESS_ALL_ACCESS}, fill_create_bare},
	{"NtCreateSection",
	 {[1] = SECTION_ALL_ACCESS, [4] = PAGE_READONLY, [5] = SEC_COMMIT},
	 fill_create_section},
	{"NtCreateSectionEx",
	 {[1] = SECTION_ALL_ACCESS, [4] = PAGE_READONLY, [5] = SEC_COMMIT, [8] = 1},
	 fill_create_section_ex},
	{"NtCreateThreadEx",
	 {[1] = THREAD_ALL_ACCESS, [6] = THREAD_CREATE_FLAGS_CREATE_SUSPENDED},
	 fill_create_thread},
	{"NtCreateUserProcess",
	 {[2] = PROCESS_ALL_ACCESS, [3] = THREAD_ALL_ACCESS},
	 fill_create_process},
	{"NtDelayExecution", {0}, NULL},
	{"NtDeleteFile", {0}, fill_delete_file},
	{"NtDisplayString", {0}, fill_display},
	{"NtDuplicateObject", {[6] = DUPLICATE_SAME_ACCESS}, NULL},
	{"NtExtendSection", {0}, fill_extend},
	{"NtFlushBuffersFile", {0}, NULL},
	{"NtFreeVirtualMemory", {[3] = MEM_RELEASE}, fill_free},
	{"NtGetContextThread", {0}, NULL},
	{"NtMapViewOfSection", {[7] = ViewShare, [9] = PAGE_READWRITE}, NULL},
	{"NtMapViewOfSectionEx", {[6] = PAGE_READWRITE, [8] = 1}, fill_map_ex},
	{"NtOpenFile",
	 {[1] = FILE_READ_DATA | SYNCHRONIZE,
	  [4] = FILE_SHARE_READ | FILE_SHARE_WRITE,
	  [5] = FILE_SYNCHRONOUS_IO_NONALERT},
	 fill_open_file},
	{"NtOpenProcess", {[1] = PROCESS_ALL_ACCESS}, fill_open_process},
	{"NtOpenSection", {[1] = SECTION_ALL_ACCESS}, fill_open_section},
	{"NtOpenThread", {[1] = THREAD_ALL_ACCESS}, fill_open_thread},
	{"NtProtectVirtualMemory", {[3] = PAGE_READONLY}, fill_protect},
	{"NtQueryAttributesFile", {0}, fill_file_name},
	{"NtQueryDirectoryFile", {[6] = 400, [7] = 1, [8] = TRUE, [10] = TRUE}, fill_directory},
	{"NtQueryFullAttributesFile", {0}, fill_file_name},
	{"NtQueryInformationFile", {[3] = 24, [4] = 5}, NULL},
	{"NtQueryInformationProcess", {[3] = sizeof(PROCESS_BASIC_INFORMATION)}, NULL},
	{"NtQueryInformationThread", {[3] = 48}, NULL},
	{"NtQueryPerformanceCounter", {0}, NULL},
	{"NtQuerySection", {[3] = sizeof(SECTION_BASIC_INFORMATION)}, NULL},
	{"NtQuerySystemInformation", {[2] = 64}, NULL},
	{"NtQuerySystemTime", {0}, NULL},
	{"NtQueryVirtualMemory",
	 {[1] = SHARED_DATA_ADDRESS, [4] = sizeof(MEMORY_BASIC_INFORMATION)},
	 NULL},
	{"NtQueryVolumeInformationFile", {[3] = 24, [4] = 3}, NULL},
	{"NtQueueApcThread", {[1] = 1}, NULL},
	{"NtRaiseException", {[2] = TRUE}, fill_raise},
	{"NtReadFile", {[6] = 64}, fill_no_event},
	{"NtResumeProcess", {0}, NULL},
	{"NtResumeThread", {0}, NULL},
	{"NtSetInformationFile", {[3] = 8, [4] = 20}, fill_end_of_file},
	{"NtSetContextThread", {0}, NULL},
	{"NtSetInformationProcess", {[1] = 12, [3] = 4}, NULL}, /* hard error mode */
	{"NtSetInformationThread", {[1] = 3, [3] = 4}, NULL},	/* base priority */
	{"NtSetSystemInformation", {QUIRE_SYSTEM_DISK, 0, sizeof(struct quire_disk)}, NULL},
	{"NtShutdownSystem", {0}, NULL},
	{"NtSuspendProcess", {0}, NULL},
	{"NtSuspendThread", {0}, NULL},
	{"NtTerminateProcess", {0}, NULL},
	{"NtTerminateThread", {0}, NULL},
	{"NtUnmapViewOfSection", {0}, fill_unmap},
	{"NtUnmapViewOfSectionEx", {0}, fill_unmap},
	{"NtWaitForSingleObject", {0}, NULL},
	{"NtWriteFile", {[6] = 64}, fill_no_event},
	{"NtYieldExecution", {0}, NULL},
};

static const struct valid *valid_find(const char *name)
{
	const struct valid_table tables[] = {
		{valids, COUNT_OF(valids)}, valid_objects, valid_memory};

	for (size_t i = 0; i < COUNT_OF(tables); i++)
		for (size_t j = 0; j < tables[i].count; j++)
			if (!strcmp(tables[i].rows[j].name, name))
				return &tables[i].rows[j];
	return NULL;
}

bool call_is_known(const struct call *call)
{
	return valid_find(call->name) != NULL;
}

void call_prepare(const struct call *call, uint64_t *arguments)
{
	const struct valid *valid = valid_find(call->name);

	for (unsigned i = 0; i < CALL_ARGUMENTS; i++) {
		const struct call_parameter *parameter = &call->parameters[i];

		arguments[i] = valid->values[i];
		if (parameter->kind == PARAMETER_HANDLE)
			arguments[i] = (uintptr_t)call_object(parameter->type);
		else if (parameter_is_pointer(parameter)) {
			memset(stock.slots[i], 0, SLOT_BYTES);
			arguments[i] = (uintptr_t)stock.slots[i];
		}
	}
	if (!strcmp(call->name, "NtCreateFile"))
		arguments[9] = 0; /* extended attributes: no disk has any */
	if (valid->fill)
		valid->fill(arguments);
}
