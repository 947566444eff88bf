/*
 * kinds.c - the types of object with names (see kinds.h).
 */
#include "kinds.h"

static NTSTATUS make_section(HANDLE *handle, ACCESS_MASK access,
			     const OBJECT_ATTRIBUTES *attributes)
{
	LARGE_INTEGER size = {.QuadPart = PAGE_BYTES};

	return NtCreateSection(handle, access, attributes, &size, PAGE_READWRITE, SEC_COMMIT, NULL);
}

static NTSTATUS make_event(HANDLE *handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes)
{
	return NtCreateEvent(handle, access, attributes, NotificationEvent, FALSE);
}

static NTSTATUS make_semaphore(HANDLE *handle, ACCESS_MASK access,
			       const OBJECT_ATTRIBUTES *attributes)
{
	return NtCreateSemaphore(handle, access, attributes, 0, 1);
}

static NTSTATUS make_mutant(HANDLE *handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes)
{
	return NtCreateMutant(handle, access, attributes, FALSE);
}

static NTSTATUS make_directory(HANDLE *handle, ACCESS_MASK access,
			       const OBJECT_ATTRIBUTES *attributes)
{
	return NtCreateDirectoryObject(handle, access, attributes);
}

static NTSTATUS make_link(HANDLE *handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes)
{
	UNICODE_STRING target;

	RtlInitUnicodeString(&target, L"\\BaseNamedObjects");
	return NtCreateSymbolicLinkObject(handle, access, attributes, &target);
}

const struct kind kinds[KINDS] = {
	{"section", "NtCreateSection", "NtOpenSection", L"Section", SECTION_ALL_ACCESS,
	 make_section, NtOpenSection},
	{"event", "NtCreateEvent", "NtOpenEvent", L"Event", EVENT_ALL_ACCESS, make_event,
	 NtOpenEvent},
	{"semaphore", "NtCreateSemaphore", "NtOpenSemaphore", L"Semaphore", SEMAPHORE_ALL_ACCESS,
	 make_semaphore, NtOpenSemaphore},
	{"mutant", "NtCreateMutant", "NtOpenMutant", L"Mutant", MUTANT_ALL_ACCESS, make_mutant,
	 NtOpenMutant},
	{"directory", "NtCreateDirectoryObject", "NtOpenDirectoryObject", L"Directory",
	 DIRECTORY_ALL_ACCESS, make_directory, NtOpenDirectoryObject},
	{"link", "NtCreateSymbolicLinkObject", "NtOpenSymbolicLinkObject", L"SymbolicLink",
	 SYMBOLIC_LINK_ALL_ACCESS, make_link, NtOpenSymbolicLinkObject},
};

OBJECT_ATTRIBUTES *named_set(struct named *named, const WCHAR *name, HANDLE root, ULONG flags)
{
	RtlInitUnicodeString(&named->name, name);
	InitializeObjectAttributes(&named->attributes, &named->name, flags, root, NULL);
	return &named->attributes;
}

HANDLE kind_need(enum kind_index kind, const WCHAR *name)
{
	struct named named;
	HANDLE handle;
	NTSTATUS status;

	named_set(&named, name, NULL, 0);
	if (!name)
		named.attributes.ObjectName = NULL;
	status = kinds[kind].make(&handle, kinds[kind].all_access, &named.attributes);
	if (!NT_SUCCESS(status))
		bail_out(kinds[kind].create, status);
	return handle;
}

NTSTATUS kind_create_try(const struct kind *kind, const OBJECT_ATTRIBUTES *attributes)
{
	HANDLE handle;
	NTSTATUS status = kind->make(&handle, kind->all_access, attributes);

	if (NT_SUCCESS(status))
		NtClose(handle);
	return status;
}

NTSTATUS kind_open_try(const struct kind *kind, const OBJECT_ATTRIBUTES *attributes)
{
	HANDLE handle;
	NTSTATUS status = kind->open_call(&handle, READ_CONTROL, attributes);

	if (NT_SUCCESS(status))
		NtClose(handle);
	return status;
}

HANDLE handle_with(HANDLE handle, ACCESS_MASK access)
{
	HANDLE copy;
	NTSTATUS status =
		NtDuplicateObject(CURRENT_PROCESS, handle, CURRENT_PROCESS, &copy, access, 0, 0);

	if (!NT_SUCCESS(status))
		bail_out("a weaker handle", status);
	return copy;
}
