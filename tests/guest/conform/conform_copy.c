/*
 * conform_copy.c - NtReadVirtualMemory and NtWriteVirtualMemory: memory of another process (5.7;
 * P7.150).
 */
#include <string.h>

#include "child.h"
#include "memory.h"

#define COMMITTED (MEM_RESERVE | MEM_COMMIT)

typedef NTSTATUS(NTAPI *copy_call)(HANDLE process, PVOID remote, PVOID local, SIZE_T bytes,
				   SIZE_T *count);

/* One of the two calls, the other process and two committed pages there before a reserved one. */
struct copier {
	const char *name;
	bool writes;
	copy_call call;
	HANDLE process;
	char *remote;
};

static char local[0x4000];

static HANDLE remote_with(const struct copier *copier, ACCESS_MASK access)
{
	HANDLE handle = NULL;

	NtDuplicateObject(CURRENT_PROCESS, copier->process, CURRENT_PROCESS, &handle, access, 0, 0);
	return handle;
}

static void copies(const struct copier *copier, const char *what, HANDLE process, PVOID remote,
		   PVOID buffer, SIZE_T bytes, NTSTATUS documented, SIZE_T documented_count)
{
	const char *id =
		documented == STATUS_PARTIAL_COPY && !copier->writes && !documented_count && bytes
			? "P7.150"
			: "5.7";
	SIZE_T count = 0x7777;

	case_status(id, what, copier->call(process, remote, buffer, bytes, &count), documented);
	case_number(id, case_format("%s: count", what), count, documented_count);
}

static void test_success(const struct copier *copier)
{
	SIZE_T count = 0;

	memset(local, copier->writes ? 'w' : 0, sizeof(local));
	copies(copier, "normal", copier->process, copier->remote + 0xF00, local, 0x200,
	       STATUS_SUCCESS, 0x200);
	case_status("5.7", "normal, count NULL",
		    copier->call(copier->process, copier->remote, local, 4, NULL), STATUS_SUCCESS);
	case_status("5.7", "count bad",
		    copier->call(copier->process, copier->remote, local, 4, BAD_POINTER),
		    STATUS_ACCESS_VIOLATION);
	case_status("5.7", "size 0, handle 0", copier->call(NULL, copier->remote, local, 0, &count),
		    STATUS_SUCCESS);
}

static void test_rights(const struct copier *copier)
{
	HANDLE weak = remote_with(copier, PROCESS_QUERY_INFORMATION | PROCESS_VM_OPERATION);
	HANDLE enough = remote_with(copier, copier->writes ? PROCESS_VM_WRITE | PROCESS_VM_OPERATION
							   : PROCESS_VM_READ);

	copies(copier, "handle 0", NULL, copier->remote, local, 4, STATUS_INVALID_HANDLE, 0);
	copies(copier, "handle without the right", weak, copier->remote, local, 4,
	       STATUS_ACCESS_DENIED, 0);
	copies(copier, "handle with just the rights", enough, copier->remote, local, 4,
	       STATUS_SUCCESS, 4);
	NtClose(weak);
	NtClose(enough);
}

static void test_failures(const struct copier *copier)
{
	copies(copier, "remote unmapped", copier->process, (PVOID)FIXED_ADDRESS, local, 4,
	       STATUS_PARTIAL_COPY, 0);
	copies(copier, "remote reserved", copier->process, copier->remote + 0x2000, local, 4,
	       STATUS_PARTIAL_COPY, 0);
	copies(copier, "remote fails behind the second page", copier->process, copier->remote,
	       local, 0x3000, STATUS_PARTIAL_COPY, 0x2000);
	copies(copier, "local unmapped", copier->process, copier->remote, (PVOID)FIXED_ADDRESS, 4,
	       copier->writes ? STATUS_PARTIAL_COPY : STATUS_ACCESS_VIOLATION, 0);
	case_status("5.7", "remote in the kernel, handle 0",
		    copier->call(NULL, (PVOID)FIRST_KERNEL_ADDRESS, local, 4, NULL),
		    STATUS_ACCESS_VIOLATION);
	case_status("5.7", "remote wraps, handle 0",
		    copier->call(NULL, copier->remote, local, UINT64_MAX, NULL),
		    STATUS_ACCESS_VIOLATION);
}

static void test_contents(const struct copier *writer, const struct copier *reader)
{
	ULONG old;
	PVOID base = writer->remote;
	SIZE_T bytes = 0x1000;

	memcpy(local, "over there", 11);
	writer->call(writer->process, writer->remote + 0xFFC, local, 11, NULL);
	memset(local, 0, sizeof(local));
	reader->call(reader->process, reader->remote + 0xFFC, local, 11, NULL);
	case_text("5.7", "what was written is read", local, "over there");
	NtProtectVirtualMemory(writer->process, &base, &bytes, PAGE_READONLY, &old);
	copies(writer, "remote page RO", writer->process, writer->remote, local, 4,
	       STATUS_PARTIAL_COPY, 0);
	NtProtectVirtualMemory(writer->process, &base, &bytes, PAGE_READWRITE, &old);
}

static struct copier copier_make(const char *name, bool writes, const struct child *child)
{
	struct copier copier = {name, writes, NULL, child->process, NULL};
	PVOID base = NULL;
	SIZE_T bytes = 0x3000;
	NTSTATUS status;

	copier.call = (copy_call)case_find_call(name);
	status = NtAllocateVirtualMemory(child->process, &base, 0, &bytes, MEM_RESERVE,
					 PAGE_READWRITE);
	copier.remote = base;
	bytes = 0x2000;
	if (NT_SUCCESS(status))
		status = NtAllocateVirtualMemory(child->process, &base, 0, &bytes, MEM_COMMIT,
						 PAGE_READWRITE);
	if (!NT_SUCCESS(status))
		bail_out("memory of the child", status);
	return copier;
}

static void test(const struct copier *copier)
{
	case_call(copier->name);
	test_success(copier);
	test_rights(copier);
	test_failures(copier);
}

int program_main(int argc, char **argv)
{
	UNICODE_STRING image;
	WCHAR buffer[260];
	struct child child;
	struct copier reader, writer;
	NTSTATUS status;

	(void)argc;
	(void)argv;
	case_start("conform_copy: memory of another process");
	child_own_image(&image, buffer, COUNT_OF(buffer));
	/* It never runs: its memory is all that is wanted of it. */
	status = child_start_with(&child, &image, "conform_copy", 0,
				  THREAD_CREATE_FLAGS_CREATE_SUSPENDED);
	if (!NT_SUCCESS(status))
		bail_out("child_start", status);
	reader = copier_make("NtReadVirtualMemory", false, &child);
	test(&reader);
	writer = copier_make("NtWriteVirtualMemory", true, &child);
	test(&writer);
	reader.remote = writer.remote;
	test_contents(&writer, &reader);
	NtTerminateProcess(child.process, STATUS_SUCCESS);
	child_wait(&child, &status);
	child_close(&child);
	return case_finish();
}
