/*
 * conform_flush.c - NtFlushVirtualMemory: writing a view's pages to its file (5.5; P5.110, P5.111).
 */
#include "memory.h"
#include "path.h"

#define CALL "NtFlushVirtualMemory"
#define FLUSH_FILE "C:\\data\\conform_flush.bin"
#define FILE_BYTES 0x3000u

typedef NTSTATUS(NTAPI *flush_call)(HANDLE process, PVOID *base, SIZE_T *bytes,
				    IO_STATUS_BLOCK *io);
static flush_call flush;

static NTSTATUS flush_at(const void *base, SIZE_T bytes)
{
	IO_STATUS_BLOCK io;
	PVOID start = (PVOID)base;
	SIZE_T size = bytes;

	return flush(CURRENT_PROCESS, &start, &size, &io);
}

static void test_no_view(void)
{
	char *memory = range_need(0x1000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
	HANDLE section = section_need(0x1000);
	char *view = view_need(section, PAGE_READWRITE);

	case_status("P5.111", "private memory", flush_at(memory, 0x1000), STATUS_NOT_MAPPED_VIEW);
	case_status("5.5", "free memory", flush_at((PVOID)FIXED_ADDRESS, 0x1000),
		    STATUS_NOT_MAPPED_VIEW);
	case_status("5.5", "base in the kernel", flush_at((PVOID)FIRST_KERNEL_ADDRESS, 0),
		    STATUS_INVALID_PARAMETER_2);
	case_status("5.5", "an image view", flush_at((const void *)(uintptr_t)test_no_view, 0),
		    STATUS_NOT_MAPPED_VIEW);
	case_chosen();
	case_status("5.5", "a page-file view", flush_at(view, 0), STATUS_SUCCESS);
	view_drop(view);
	NtClose(section);
	range_drop(memory);
}

static void test_arguments(char *view)
{
	HANDLE reader = process_with(PROCESS_VM_READ | PROCESS_QUERY_INFORMATION);
	IO_STATUS_BLOCK io;
	PVOID base = view;
	SIZE_T bytes = 0;

	case_status("C3", "base pointer bad", flush(CURRENT_PROCESS, BAD_POINTER, &bytes, &io),
		    STATUS_ACCESS_VIOLATION);
	case_status("C3", "size pointer bad", flush(CURRENT_PROCESS, &base, BAD_POINTER, &io),
		    STATUS_ACCESS_VIOLATION);
	case_status("C2", "process handle 0", flush(NULL, &base, &bytes, &io),
		    STATUS_INVALID_HANDLE);
	case_status("C6", "handle without VM_OPERATION", flush(reader, &base, &bytes, &io),
		    STATUS_ACCESS_DENIED);
	NtClose(reader);
}

static void test_view(HANDLE file, char *view)
{
	IO_STATUS_BLOCK io = {.Information = 7};
	PVOID base = view + 0x1234;
	SIZE_T bytes = 0;
	char byte = 0;

	io.Status = STATUS_PENDING;
	case_store(view, 'f');
	case_status("P5.110", "RW view, (B+0x1234, 0)", flush(CURRENT_PROCESS, &base, &bytes, &io),
		    STATUS_SUCCESS);
	case_true("P5.110", "base at a page", view && base == view + 0x1000);
	case_number("P5.110", "size to the end of the view", bytes, 0x2000);
	case_status("5.5", "IoStatusBlock", io.Status, STATUS_SUCCESS);
	base = view + 0xFFF;
	bytes = 2;
	case_status("5.5", "(B+0xfff, 2)", flush(CURRENT_PROCESS, &base, &bytes, &io),
		    STATUS_SUCCESS);
	case_true("5.5", "(B+0xfff, 2): base", view && base == view);
	case_number("5.5", "(B+0xfff, 2): size", bytes, 0x2000);
	case_chosen();
	case_status("5.5", "past the view's end", flush_at(view, FILE_BYTES + 0x1000),
		    STATUS_INVALID_PARAMETER_2);
	if (view)
		view[1] = 'g';
	case_status("5.5", "0x1000 of an RW view", flush_at(view, 0x1000), STATUS_SUCCESS);
	file_read_at(file, 1, &byte, 1);
	case_number("5.5", "NtReadFile sees what was flushed", (unsigned char)byte, 'g');
}

int program_main(int argc, char **argv)
{
	HANDLE file = NULL, section = NULL;
	char *view = NULL;
	NTSTATUS status;

	(void)argc;
	(void)argv;
	case_start("conform_flush: NtFlushVirtualMemory");
	flush = (flush_call)case_find_call(CALL);
	test_no_view();
	status = case_file(&file, FLUSH_FILE, FILE_BYTES, FILE_READ_DATA | FILE_WRITE_DATA);
	if (NT_SUCCESS(status))
		status = section_make(&section, 0, PAGE_READWRITE, SEC_COMMIT, file);
	if (NT_SUCCESS(status))
		status = view_make(section, PAGE_READWRITE, &view);
	case_status("5.5", "a file, a section and a view", status, STATUS_SUCCESS);
	test_arguments(view);
	test_view(file, view);
	if (view)
		view_drop(view);
	if (section)
		NtClose(section);
	if (file)
		NtClose(file);
	return case_finish();
}
