/*
 * native.h - the NT native API for Quire's user side: mingw's headers, and the prototypes and
 * layouts they lack.
 *
 * Programs include this file alone. Everything declared here is exported by Wine's and Windows'
 * ntdll too, under the same name; what only Quire answers stands in kernel/include/nt/quire.h,
 * whose classes others refuse. Structures of ours carry plain names where mingw's opaque version
 * already has NT's.
 */
#pragma once

#define WIN32_NO_STATUS
#include <windef.h>
#include <winbase.h>
#undef WIN32_NO_STATUS
#include <ntstatus.h>
#include <winternl.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nt/quire.h"

#define PAGE_BYTES 0x1000u
#define GRANULARITY_BYTES 0x10000u
/* The first address that no process may map, and the last page boundary below it. */
#define USER_LIMIT 0x7FFFFFFF0000ull
#define FIRST_KERNEL_ADDRESS 0xFFFF800000000000ull
#define SHARED_DATA_ADDRESS 0x7FFE0000ull /* KUSER_SHARED_DATA: one page that all may read */

#define CURRENT_PROCESS ((HANDLE)(intptr_t)-1)
#define CURRENT_THREAD ((HANDLE)(intptr_t)-2)

#define OBJ_PROTECT_CLOSE 0x00000001l

#ifndef FILE_EXECUTE
#define FILE_EXECUTE 0x20
#endif

/* Inheritance of a view (NtMapViewOfSection). */
enum section_inherit { ViewShare = 1, ViewUnmap = 2 };
enum section_information_class {
	SectionBasicInformation,
	SectionImageInformation,
	SectionRelocationInformation,
	SectionOriginalBaseInformation,
	SectionInternalImageInformation
};
enum memory_information_class { MemoryBasicInformation };

typedef struct _SECTION_BASIC_INFORMATION {
	PVOID BaseAddress;
	ULONG Attributes;
	LARGE_INTEGER Size;
} SECTION_BASIC_INFORMATION;
_Static_assert(sizeof(SECTION_BASIC_INFORMATION) == 24, "SECTION_BASIC_INFORMATION");

typedef struct _SECTION_IMAGE_INFORMATION {
	PVOID TransferAddress;
	ULONG ZeroBits;
	SIZE_T MaximumStackSize;
	SIZE_T CommittedStackSize;
	ULONG SubSystemType;
	USHORT SubSystemMinorVersion, SubSystemMajorVersion;
	USHORT MajorOperatingSystemVersion, MinorOperatingSystemVersion;
	USHORT ImageCharacteristics, DllCharacteristics, Machine;
	BOOLEAN ImageContainsCode;
	UCHAR ImageFlags;
	ULONG LoaderFlags, ImageFileSize, CheckSum;
} SECTION_IMAGE_INFORMATION;
_Static_assert(sizeof(SECTION_IMAGE_INFORMATION) == 64, "SECTION_IMAGE_INFORMATION");

/* MEM_EXTENDED_PARAMETER and MEM_ADDRESS_REQUIREMENTS, which mingw has for Windows 10 alone. */
struct memory_parameter {
	uint64_t type;
	union {
		uint64_t value;
		const void *pointer;
	};
};
struct address_requirements {
	PVOID lowest, highest; /* highest: the last byte */
	SIZE_T alignment_bytes;
};
#ifndef SEC_BASED
#define SEC_BASED 0x200000u
#define SEC_NO_CHANGE 0x400000u
#endif
enum { MemoryParameterAddressRequirements = 1, MemoryParameterNumaNode = 2 };
#ifndef MEM_REPLACE_PLACEHOLDER
#define MEM_REPLACE_PLACEHOLDER 0x4000u
#define MEM_RESERVE_PLACEHOLDER 0x40000u
#endif
#ifndef MEM_COALESCE_PLACEHOLDERS
#define MEM_COALESCE_PLACEHOLDERS 1u
#define MEM_PRESERVE_PLACEHOLDER 2u
#endif

/* RTL_USER_PROCESS_PARAMETERS: the fields that exist on every version since NT 5.2. */
struct process_parameters {
	ULONG maximum_length_bytes, length_bytes;
	ULONG flags; /* bit 0: normalised */
	ULONG debug_flags;
	HANDLE console_handle;
	ULONG console_flags;
	HANDLE standard_input, standard_output, standard_error;
	UNICODE_STRING current_directory;
	HANDLE current_directory_handle;
	UNICODE_STRING dll_path, image_path_name, command_line;
	PVOID environment;
	ULONG starting_x, starting_y, count_x, count_y, count_chars_x, count_chars_y;
	ULONG fill_attribute, window_flags, show_window_flags;
	UNICODE_STRING window_title, desktop_info, shell_info, runtime_data;
	struct {
		USHORT flags, length;
		ULONG time_stamp;
		UNICODE_STRING dos_path;
	} current_directories[32];
	SIZE_T environment_bytes;
};
_Static_assert(offsetof(struct process_parameters, standard_input) == 0x20, "parameters");
_Static_assert(offsetof(struct process_parameters, command_line) == 0x70, "parameters");
_Static_assert(offsetof(struct process_parameters, environment) == 0x80, "parameters");
#define PROCESS_PARAMETERS_NORMALIZED 1u

#define THREAD_CREATE_FLAGS_CREATE_SUSPENDED 1u
#define PROCESS_CREATE_FLAGS_INHERIT_HANDLES 4u

/*
 * PS_ATTRIBUTE_LIST. The number's high half says: thread 0x10000, input 0x20000, additive 0x40000.
 */
#define PS_ATTRIBUTE_CLIENT_ID 0x00010003u
#define PS_ATTRIBUTE_IMAGE_NAME 0x00020005u
struct ps_attribute {
	ULONG_PTR attribute;
	SIZE_T size_bytes;
	const void *value;
	SIZE_T *return_length;
};

/* PS_CREATE_INFO: only its size is ours to fill; the rest is the system's answer. */
struct ps_create_info {
	SIZE_T size_bytes; /* sizeof(struct ps_create_info) */
	ULONG state;
	UCHAR answer[0x58 - 12];
};
_Static_assert(sizeof(struct ps_create_info) == 0x58, "PS_CREATE_INFO");

typedef NTSTATUS(NTAPI *thread_start_routine)(PVOID argument);

/* ---- sections and memory ---- */
NTSTATUS NTAPI NtCreateSection(HANDLE *section, ACCESS_MASK access,
			       const OBJECT_ATTRIBUTES *attributes, const LARGE_INTEGER *size,
			       ULONG protection, ULONG section_attributes, HANDLE file);
NTSTATUS NTAPI NtCreateSectionEx(HANDLE *section, ACCESS_MASK access,
				 const OBJECT_ATTRIBUTES *attributes, const LARGE_INTEGER *size,
				 ULONG protection, ULONG section_attributes, HANDLE file,
				 const struct memory_parameter *parameters, ULONG count);
NTSTATUS NTAPI NtExtendSection(HANDLE section, LARGE_INTEGER *size);
NTSTATUS NTAPI NtOpenSection(HANDLE *section, ACCESS_MASK access,
			     const OBJECT_ATTRIBUTES *attributes);
NTSTATUS NTAPI NtQuerySection(HANDLE section, ULONG information_class, PVOID buffer, SIZE_T length,
			      SIZE_T *return_length);
NTSTATUS NTAPI NtMapViewOfSection(HANDLE section, HANDLE process, PVOID *base, ULONG_PTR zero_bits,
				  SIZE_T commit_bytes, LARGE_INTEGER *offset, SIZE_T *view_bytes,
				  ULONG inherit, ULONG allocation_type, ULONG protection);
NTSTATUS NTAPI NtMapViewOfSectionEx(HANDLE section, HANDLE process, PVOID *base,
				    LARGE_INTEGER *offset, SIZE_T *view_bytes,
				    ULONG allocation_type, ULONG protection,
				    const struct memory_parameter *parameters, ULONG count);
NTSTATUS NTAPI NtUnmapViewOfSection(HANDLE process, PVOID base);
NTSTATUS NTAPI NtUnmapViewOfSectionEx(HANDLE process, PVOID base, ULONG flags);
NTSTATUS NTAPI NtAreMappedFilesTheSame(PVOID first, PVOID second);
NTSTATUS NTAPI NtAllocateVirtualMemory(HANDLE process, PVOID *base, ULONG_PTR zero_bits,
				       SIZE_T *size, ULONG type, ULONG protection);
NTSTATUS NTAPI NtFreeVirtualMemory(HANDLE process, PVOID *base, SIZE_T *size, ULONG type);
NTSTATUS NTAPI NtProtectVirtualMemory(HANDLE process, PVOID *base, SIZE_T *size, ULONG protection,
				      ULONG *old_protection);
NTSTATUS NTAPI NtQueryVirtualMemory(HANDLE process, const void *address, ULONG information_class,
				    PVOID buffer, SIZE_T length, SIZE_T *return_length);
NTSTATUS NTAPI NtReadVirtualMemory(HANDLE process, const void *remote, void *local, SIZE_T length,
				   SIZE_T *done);
NTSTATUS NTAPI NtAllocateVirtualMemoryEx(HANDLE process, PVOID *base, SIZE_T *size, ULONG type,
					 ULONG protection,
					 const struct memory_parameter *parameters, ULONG count);
NTSTATUS NTAPI NtFlushVirtualMemory(HANDLE process, PVOID *base, SIZE_T *size, IO_STATUS_BLOCK *io);
NTSTATUS NTAPI NtLockVirtualMemory(HANDLE process, PVOID *base, SIZE_T *size, ULONG map_type);
NTSTATUS NTAPI NtUnlockVirtualMemory(HANDLE process, PVOID *base, SIZE_T *size, ULONG map_type);
struct memory_range_entry {
	const void *base;
	SIZE_T size_bytes;
};
#define VM_PREFETCH_INFORMATION 0
NTSTATUS NTAPI NtSetInformationVirtualMemory(HANDLE process, ULONG information_class,
					     ULONG_PTR count,
					     const struct memory_range_entry *entries,
					     const void *information, ULONG length);
NTSTATUS NTAPI NtGetWriteWatch(HANDLE process, ULONG flags, PVOID base, SIZE_T size,
			       PVOID *addresses, ULONG_PTR *count, ULONG *granularity);
NTSTATUS NTAPI NtResetWriteWatch(HANDLE process, PVOID base, SIZE_T size);
NTSTATUS NTAPI NtWriteVirtualMemory(HANDLE process, void *remote, const void *local, SIZE_T length,
				    SIZE_T *done);

/* ---- files ---- */
NTSTATUS NTAPI NtReadFile(HANDLE file, HANDLE event, PVOID apc, PVOID apc_context,
			  IO_STATUS_BLOCK *io, PVOID buffer, ULONG length, LARGE_INTEGER *offset,
			  ULONG *key);
NTSTATUS NTAPI NtWriteFile(HANDLE file, HANDLE event, PVOID apc, PVOID apc_context,
			   IO_STATUS_BLOCK *io, const void *buffer, ULONG length,
			   LARGE_INTEGER *offset, ULONG *key);
NTSTATUS NTAPI NtQueryDirectoryFile(HANDLE file, HANDLE event, PVOID apc, PVOID apc_context,
				    IO_STATUS_BLOCK *io, PVOID buffer, ULONG length,
				    ULONG information_class, BOOLEAN single_entry,
				    UNICODE_STRING *mask, BOOLEAN restart_scan);
NTSTATUS NTAPI NtQueryFullAttributesFile(const OBJECT_ATTRIBUTES *attributes,
					 FILE_NETWORK_OPEN_INFORMATION *information);
NTSTATUS NTAPI NtQueryAttributesFile(const OBJECT_ATTRIBUTES *attributes,
				     FILE_BASIC_INFORMATION *information);
NTSTATUS NTAPI NtFlushBuffersFile(HANDLE file, IO_STATUS_BLOCK *io);
NTSTATUS NTAPI NtDeleteFile(OBJECT_ATTRIBUTES *attributes);

/* ---- processes and threads ---- */
NTSTATUS NTAPI NtCreateUserProcess(HANDLE *process, HANDLE *thread, ACCESS_MASK process_access,
				   ACCESS_MASK thread_access,
				   const OBJECT_ATTRIBUTES *process_attributes,
				   const OBJECT_ATTRIBUTES *thread_attributes, ULONG process_flags,
				   ULONG thread_flags, struct process_parameters *parameters,
				   struct ps_create_info *create_info, void *attribute_list);
/* Wine has neither. No section: a copy of the parent. */
NTSTATUS NTAPI NtCreateProcess(HANDLE *process, ACCESS_MASK access,
			       const OBJECT_ATTRIBUTES *attributes, HANDLE parent,
			       BOOLEAN inherit_handles, HANDLE section, HANDLE debug_port,
			       HANDLE exception_port);
NTSTATUS NTAPI NtCreateProcessEx(HANDLE *process, ACCESS_MASK access,
				 const OBJECT_ATTRIBUTES *attributes, HANDLE parent, ULONG flags,
				 HANDLE section, HANDLE debug_port, HANDLE exception_port,
				 ULONG job_member_level);
NTSTATUS NTAPI NtCreateThreadEx(HANDLE *thread, ACCESS_MASK access,
				const OBJECT_ATTRIBUTES *attributes, HANDLE process,
				thread_start_routine start, PVOID argument, ULONG flags,
				ULONG_PTR zero_bits, SIZE_T stack_commit_bytes,
				SIZE_T stack_reserve_bytes, void *attribute_list);
NTSTATUS NTAPI NtOpenProcess(HANDLE *process, ACCESS_MASK access,
			     const OBJECT_ATTRIBUTES *attributes, const CLIENT_ID *id);
NTSTATUS NTAPI NtOpenThread(HANDLE *thread, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes,
			    const CLIENT_ID *id);
NTSTATUS NTAPI NtSetInformationThread(HANDLE thread, ULONG information_class, const void *buffer,
				      ULONG length);
NTSTATUS NTAPI NtTerminateProcess(HANDLE process, NTSTATUS status);
NTSTATUS NTAPI NtTerminateThread(HANDLE thread, NTSTATUS status);
NTSTATUS NTAPI NtResumeThread(HANDLE thread, ULONG *previous_count);
NTSTATUS NTAPI NtSuspendThread(HANDLE thread, ULONG *previous_count);
NTSTATUS NTAPI NtSuspendProcess(HANDLE process);
NTSTATUS NTAPI NtResumeProcess(HANDLE process);
NTSTATUS NTAPI NtGetContextThread(HANDLE thread, CONTEXT *context);
NTSTATUS NTAPI NtSetContextThread(HANDLE thread, const CONTEXT *context);
typedef void(NTAPI *apc_routine)(ULONG_PTR first, ULONG_PTR second, ULONG_PTR third);
NTSTATUS NTAPI NtQueueApcThread(HANDLE thread, apc_routine routine, ULONG_PTR first,
				ULONG_PTR second, ULONG_PTR third);
NTSTATUS NTAPI NtDelayExecution(BOOLEAN alertable, const LARGE_INTEGER *interval);
NTSTATUS NTAPI NtYieldExecution(void);
NTSTATUS NTAPI NtDuplicateObject(HANDLE source_process, HANDLE source, HANDLE target_process,
				 HANDLE *target, ACCESS_MASK access, ULONG attributes,
				 ULONG options);
#ifndef DUPLICATE_SAME_ATTRIBUTES
#define DUPLICATE_SAME_ATTRIBUTES 4u
#endif

/* ---- objects ---- */
#include "native_memory.h"
#include "native_object.h"

/* ---- exceptions ---- */
NTSTATUS NTAPI NtContinue(CONTEXT *context, BOOLEAN alertable);
NTSTATUS NTAPI NtRaiseException(EXCEPTION_RECORD *record, CONTEXT *context, BOOLEAN first_chance);
PVOID NTAPI RtlAddVectoredExceptionHandler(ULONG first, PVECTORED_EXCEPTION_HANDLER handler);
ULONG NTAPI RtlRemoveVectoredExceptionHandler(PVOID handler);
PVOID NTAPI RtlAddVectoredContinueHandler(ULONG first, PVECTORED_EXCEPTION_HANDLER handler);
ULONG NTAPI RtlRemoveVectoredContinueHandler(PVOID handler);
BOOLEAN NTAPI RtlDispatchException(EXCEPTION_RECORD *record, CONTEXT *context);
void NTAPI RtlRaiseException(EXCEPTION_RECORD *record);
void NTAPI RtlRaiseStatus(NTSTATUS status);

/* ---- the system ---- */
NTSTATUS NTAPI NtQueryPerformanceCounter(LARGE_INTEGER *counter, LARGE_INTEGER *frequency);
NTSTATUS NTAPI NtSetSystemInformation(SYSTEM_INFORMATION_CLASS information_class, PVOID buffer,
				      ULONG length);
NTSTATUS NTAPI NtDisplayString(UNICODE_STRING *text);
enum shutdown_action { ShutdownNoReboot, ShutdownReboot, ShutdownPowerOff };
NTSTATUS NTAPI NtShutdownSystem(ULONG action);

/* ---- Rtl and Ldr ---- */
#include "rtl_bitmap.h"
#include "rtl_locks.h"
#include "rtl_memory.h"
#include "rtl_process.h"
#include "rtl_strings.h"
#include "rtl_system.h"
NTSTATUS NTAPI LdrGetDllHandle(const WCHAR *path, ULONG *flags, const UNICODE_STRING *name,
			       PVOID *base);
NTSTATUS NTAPI LdrGetProcedureAddress(PVOID base, const ANSI_STRING *name, ULONG ordinal,
				      PVOID *address);
NTSTATUS NTAPI LdrLoadDll(const WCHAR *path, ULONG *flags, const UNICODE_STRING *name, PVOID *base);
ULONG __cdecl DbgPrint(const char *format, ...);

/* The current process' parameters, in the full layout. */
static inline struct process_parameters *process_parameters(void)
{
	return (struct process_parameters *)NtCurrentTeb()
		->ProcessEnvironmentBlock->ProcessParameters;
}

/* The calling thread's number, from the TEB's ClientId (offset 0x40: process, thread). */
static inline HANDLE thread_number(void)
{
	return ((const CLIENT_ID *)((const char *)NtCurrentTeb() + 0x40))->UniqueThread;
}

static inline PVOID process_heap(void)
{
	return NtCurrentTeb()->ProcessEnvironmentBlock->Reserved4[1];
}
