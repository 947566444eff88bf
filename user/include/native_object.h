/*
 * native_object.h - what mingw's headers lack of the calls about objects: waiting, events,
 * semaphores, mutants, directories, symbolic links, queries. Part of native.h.
 */
#pragma once

enum event_kind { NotificationEvent, SynchronizationEvent };
enum wait_type { WaitAll, WaitAny };

struct event_information {
	ULONG type;
	LONG state;
};

struct semaphore_information {
	ULONG count, limit;
};

struct mutant_information {
	LONG count;
	BOOLEAN is_mine, is_abandoned;
};

/* NtQueryObject's classes beside winternl.h's. */
#define OBJECT_CLASS_BASIC 0u
#define OBJECT_CLASS_NAME 1u
#define OBJECT_CLASS_TYPE 2u
#define OBJECT_CLASS_TYPES 3u
#define OBJECT_CLASS_HANDLE_FLAGS 4u

struct handle_flags {
	BOOLEAN inherit, protect_from_close;
};

struct object_type_information {
	UNICODE_STRING name;
	ULONG object_count, handle_count, pool_usage[4];
	ULONG highest_object_count, highest_handle_count, highest_pool_usage[4];
	ULONG invalid_attributes;
	GENERIC_MAPPING generic;
	ULONG valid_access;
	BOOLEAN security_required, maintains_handle_count;
	UCHAR type_index, reserved;
	ULONG pool_type, default_paged_charge, default_non_paged_charge;
};
_Static_assert(sizeof(struct object_type_information) == 104, "OBJECT_TYPE_INFORMATION");

struct directory_information {
	UNICODE_STRING name, type;
};

#ifndef STATUS_NOT_SAME_OBJECT
#define STATUS_NOT_SAME_OBJECT ((NTSTATUS)0xC00001AC)
#endif
#ifndef EVENT_QUERY_STATE
#define EVENT_QUERY_STATE 0x1u
#endif
#ifndef DIRECTORY_QUERY
#define DIRECTORY_QUERY 0x1u
#define DIRECTORY_TRAVERSE 0x2u
#define DIRECTORY_CREATE_OBJECT 0x4u
#define DIRECTORY_CREATE_SUBDIRECTORY 0x8u
#define DIRECTORY_ALL_ACCESS 0x000F000Fu
#endif
#ifndef SYMBOLIC_LINK_QUERY
#define SYMBOLIC_LINK_QUERY 0x1u
#define SYMBOLIC_LINK_ALL_ACCESS 0x000F0001u
#endif
#ifndef THREAD_ALERT
#define THREAD_ALERT 0x0004u
#endif

/* ---- events, semaphores, mutants ---- */
NTSTATUS NTAPI NtCreateEvent(HANDLE *event, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes,
			     ULONG kind, BOOLEAN is_signaled);
NTSTATUS NTAPI NtOpenEvent(HANDLE *event, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes);
NTSTATUS NTAPI NtSetEvent(HANDLE event, LONG *previous_state);
NTSTATUS NTAPI NtResetEvent(HANDLE event, LONG *previous_state);
NTSTATUS NTAPI NtClearEvent(HANDLE event);
NTSTATUS NTAPI NtPulseEvent(HANDLE event, LONG *previous_state);
NTSTATUS NTAPI NtQueryEvent(HANDLE event, ULONG information_class, PVOID buffer, ULONG length,
			    ULONG *return_length);
NTSTATUS NTAPI NtCreateSemaphore(HANDLE *semaphore, ACCESS_MASK access,
				 const OBJECT_ATTRIBUTES *attributes, LONG count, LONG limit);
NTSTATUS NTAPI NtOpenSemaphore(HANDLE *semaphore, ACCESS_MASK access,
			       const OBJECT_ATTRIBUTES *attributes);
NTSTATUS NTAPI NtReleaseSemaphore(HANDLE semaphore, ULONG count, ULONG *previous_count);
NTSTATUS NTAPI NtQuerySemaphore(HANDLE semaphore, ULONG information_class, PVOID buffer,
				ULONG length, ULONG *return_length);
NTSTATUS NTAPI NtCreateMutant(HANDLE *mutant, ACCESS_MASK access,
			      const OBJECT_ATTRIBUTES *attributes, BOOLEAN is_owned);
NTSTATUS NTAPI NtOpenMutant(HANDLE *mutant, ACCESS_MASK access,
			    const OBJECT_ATTRIBUTES *attributes);
NTSTATUS NTAPI NtReleaseMutant(HANDLE mutant, LONG *previous_count);
NTSTATUS NTAPI NtQueryMutant(HANDLE mutant, ULONG information_class, PVOID buffer, ULONG length,
			     ULONG *return_length);

/* ---- waits and alerts ---- */
NTSTATUS NTAPI NtWaitForMultipleObjects(ULONG count, const HANDLE *handles, ULONG type,
					BOOLEAN alertable, const LARGE_INTEGER *timeout);
NTSTATUS NTAPI NtSignalAndWaitForSingleObject(HANDLE signal, HANDLE wait, BOOLEAN alertable,
					      const LARGE_INTEGER *timeout);
NTSTATUS NTAPI NtAlertThread(HANDLE thread);
NTSTATUS NTAPI NtAlertResumeThread(HANDLE thread, ULONG *previous_count);
NTSTATUS NTAPI NtTestAlert(void);
NTSTATUS NTAPI NtAlertThreadByThreadId(HANDLE thread_id);
NTSTATUS NTAPI NtWaitForAlertByThreadId(const void *address, const LARGE_INTEGER *timeout);

/* ---- objects, directories, symbolic links ---- */
NTSTATUS NTAPI NtSetInformationObject(HANDLE handle, ULONG information_class, PVOID buffer,
				      ULONG length);
NTSTATUS NTAPI NtMakeTemporaryObject(HANDLE handle);
NTSTATUS NTAPI NtMakePermanentObject(HANDLE handle);
NTSTATUS NTAPI NtCompareObjects(HANDLE first, HANDLE second);
NTSTATUS NTAPI NtCreateDirectoryObject(HANDLE *directory, ACCESS_MASK access,
				       const OBJECT_ATTRIBUTES *attributes);
NTSTATUS NTAPI NtOpenDirectoryObject(HANDLE *directory, ACCESS_MASK access,
				     const OBJECT_ATTRIBUTES *attributes);
NTSTATUS NTAPI NtQueryDirectoryObject(HANDLE directory, PVOID buffer, ULONG length,
				      BOOLEAN single_entry, BOOLEAN restart, ULONG *context,
				      ULONG *return_length);
NTSTATUS NTAPI NtCreateSymbolicLinkObject(HANDLE *link, ACCESS_MASK access,
					  const OBJECT_ATTRIBUTES *attributes,
					  const UNICODE_STRING *target);
NTSTATUS NTAPI NtOpenSymbolicLinkObject(HANDLE *link, ACCESS_MASK access,
					const OBJECT_ATTRIBUTES *attributes);
NTSTATUS NTAPI NtQuerySymbolicLinkObject(HANDLE link, UNICODE_STRING *target, ULONG *return_length);
