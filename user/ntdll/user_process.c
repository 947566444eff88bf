/*
 * user_process.c - creating processes and threads (rtl_process.h) by the kernel's calls.
 */
#include "native.h"

#define PS_ATTRIBUTE_IMAGE_INFO 0x00000006u

/* PS_ATTRIBUTE_LIST with as many entries as we ever pass. */
struct attribute_list {
	SIZE_T total_bytes;
	struct ps_attribute attributes[3];
};

NTSTATUS NTAPI RtlCreateUserProcess(UNICODE_STRING *image_path, ULONG attributes,
				    struct process_parameters *parameters, PVOID process_security,
				    PVOID thread_security, HANDLE parent, BOOLEAN inherit_handles,
				    HANDLE debug_port, HANDLE exception_port,
				    struct user_process_information *information)
{
	struct ps_create_info create_info = {.size_bytes = sizeof(create_info)};
	struct user_process_information result = {.size_bytes = sizeof(result)};
	struct attribute_list list = {
		sizeof(list),
		{{PS_ATTRIBUTE_IMAGE_NAME, image_path->Length, image_path->Buffer, NULL},
		 {PS_ATTRIBUTE_CLIENT_ID, sizeof(result.client_id), &result.client_id, NULL},
		 {PS_ATTRIBUTE_IMAGE_INFO, sizeof(result.image), &result.image, NULL}}};
	NTSTATUS status;

	(void)attributes;
	(void)process_security;
	(void)thread_security;
	if (parent || debug_port || exception_port)
		return STATUS_NOT_IMPLEMENTED;
	RtlNormalizeProcessParams(parameters);
	status = NtCreateUserProcess(
		&result.process, &result.thread, PROCESS_ALL_ACCESS, THREAD_ALL_ACCESS, NULL, NULL,
		inherit_handles ? PROCESS_CREATE_FLAGS_INHERIT_HANDLES : 0,
		THREAD_CREATE_FLAGS_CREATE_SUSPENDED, parameters, &create_info, &list);
	if (!NT_SUCCESS(status))
		return status;
	*information = result;
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlCreateUserThread(HANDLE process, PVOID security, BOOLEAN suspended,
				   ULONG zero_bits, SIZE_T stack_reserve_bytes,
				   SIZE_T stack_commit_bytes, thread_start_routine start,
				   PVOID argument, HANDLE *thread, CLIENT_ID *client_id)
{
	CLIENT_ID id = {NULL, NULL};
	struct attribute_list list = {sizeof(list.total_bytes) + sizeof(list.attributes[0]),
				      {{PS_ATTRIBUTE_CLIENT_ID, sizeof(id), &id, NULL}}};
	HANDLE handle;
	NTSTATUS status;

	(void)security;
	status = NtCreateThreadEx(&handle, THREAD_ALL_ACCESS, NULL, process, start, argument,
				  suspended ? THREAD_CREATE_FLAGS_CREATE_SUSPENDED : 0, zero_bits,
				  stack_commit_bytes, stack_reserve_bytes, &list);
	if (!NT_SUCCESS(status))
		return status;
	if (client_id)
		*client_id = id;
	if (thread)
		*thread = handle;
	else
		NtClose(handle);
	return STATUS_SUCCESS;
}
