/*
 * child.c - starting another program and waiting for it (NtCreateUserProcess).
 */
#include "child.h"

#include <string.h>

#include "format.h"

#define COMMAND_LINE_CHARS 2048

/* PS_ATTRIBUTE_LIST with the two entries we pass. */
struct attribute_list {
	SIZE_T total_bytes;
	struct ps_attribute image_name, client_id;
};

/*
 * A child gets our standard handles under the same numbers, if they are inheritable. Nothing tells
 * whether they are, so inheritable copies live while the child is created.
 */
static HANDLE handle_make_inheritable(HANDLE handle)
{
	HANDLE copy = NULL;

	if (!handle || !NT_SUCCESS(NtDuplicateObject(CURRENT_PROCESS, handle, CURRENT_PROCESS,
						     &copy, 0, OBJ_INHERIT, DUPLICATE_SAME_ACCESS)))
		return NULL;
	return copy;
}

static NTSTATUS create_process(struct child *child, const UNICODE_STRING *image,
			       struct process_parameters *parameters, ULONG process_flags,
			       ULONG thread_flags)
{
	struct ps_create_info create_info = {.size_bytes = sizeof(create_info)};
	CLIENT_ID id = {NULL, NULL};
	struct attribute_list list = {
		.total_bytes = sizeof(list),
		.image_name = {PS_ATTRIBUTE_IMAGE_NAME, image->Length, image->Buffer, NULL},
		.client_id = {PS_ATTRIBUTE_CLIENT_ID, sizeof(id), &id, NULL},
	};
	NTSTATUS status = NtCreateUserProcess(&child->process, &child->thread, PROCESS_ALL_ACCESS,
					      THREAD_ALL_ACCESS, NULL, NULL, process_flags,
					      thread_flags, parameters, &create_info, &list);

	child->id = (uint64_t)(uintptr_t)id.UniqueProcess;
	return status;
}

/* "\??\C:\bin\x.exe" is known to the program itself as "C:\bin\x.exe". */
static UNICODE_STRING without_nt_prefix(const UNICODE_STRING *image)
{
	static const WCHAR prefix[] = L"\\??\\";
	const USHORT bytes = sizeof(prefix) - sizeof(WCHAR);
	UNICODE_STRING result = *image;

	if (image->Length <= bytes || memcmp(image->Buffer, prefix, bytes))
		return result;
	result.Buffer += bytes / sizeof(WCHAR);
	result.Length = (USHORT)(result.Length - bytes);
	result.MaximumLength = (USHORT)(result.MaximumLength - bytes);
	return result;
}

NTSTATUS child_start_with(struct child *child, const UNICODE_STRING *image,
			  const char *command_line, ULONG process_flags, ULONG thread_flags)
{
	WCHAR wide[COMMAND_LINE_CHARS];
	UNICODE_STRING line = {.Buffer = wide}, without_prefix;
	struct process_parameters *ours = process_parameters(), *parameters;
	size_t length = 0;
	NTSTATUS status;

	for (; command_line[length]; length++) {
		if (length + 1 >= COMMAND_LINE_CHARS)
			return STATUS_INVALID_PARAMETER;
		wide[length] = (unsigned char)command_line[length];
	}
	wide[length] = 0;
	line.Length = (USHORT)(length * sizeof(WCHAR));
	line.MaximumLength = (USHORT)(line.Length + sizeof(WCHAR));
	without_prefix = without_nt_prefix(image);
	status =
		RtlCreateProcessParametersEx(&parameters, &without_prefix, NULL, NULL, &line, NULL,
					     NULL, NULL, NULL, NULL, PROCESS_PARAMETERS_NORMALIZED);
	if (!NT_SUCCESS(status))
		return status;
	parameters->standard_input = handle_make_inheritable(ours->standard_input);
	parameters->standard_output = handle_make_inheritable(ours->standard_output);
	parameters->standard_error = handle_make_inheritable(ours->standard_error);
	status = create_process(child, image, parameters, process_flags, thread_flags);
	if (parameters->standard_input)
		NtClose(parameters->standard_input);
	if (parameters->standard_output)
		NtClose(parameters->standard_output);
	if (parameters->standard_error)
		NtClose(parameters->standard_error);
	RtlDestroyProcessParameters(parameters);
	return status;
}

NTSTATUS child_start(struct child *child, const UNICODE_STRING *image, const char *command_line)
{
	return child_start_with(child, image, command_line, PROCESS_CREATE_FLAGS_INHERIT_HANDLES,
				0);
}

/* The parameters may hold either form ("C:\..." or "\??\C:\..."). */
NTSTATUS child_own_image(UNICODE_STRING *image, WCHAR *buffer, size_t capacity_chars)
{
	const UNICODE_STRING *ours = &process_parameters()->image_path_name;
	NTSTATUS status;

	*image = (UNICODE_STRING){.Length = 0,
				  .MaximumLength = (USHORT)(capacity_chars * sizeof(WCHAR)),
				  .Buffer = buffer};
	if (ours->Length >= 2 * sizeof(WCHAR) && ours->Buffer[1] == L':') {
		status = RtlAppendUnicodeToString(image, L"\\??\\");
		if (!NT_SUCCESS(status))
			return status;
	}
	return RtlAppendUnicodeStringToString(image, ours);
}

NTSTATUS child_start_self(struct child *child, const char *arguments)
{
	char line[COMMAND_LINE_CHARS];
	WCHAR buffer[512];
	UNICODE_STRING image;
	NTSTATUS status = child_own_image(&image, buffer, sizeof(buffer) / sizeof(buffer[0]));

	if (!NT_SUCCESS(status))
		return status;
	format_text(line, sizeof(line), "child %s", arguments);
	return child_start(child, &image, line);
}

NTSTATUS child_wait(const struct child *child, NTSTATUS *exit_status)
{
	PROCESS_BASIC_INFORMATION information;
	NTSTATUS status = NtWaitForSingleObject(child->process, FALSE, NULL);

	if (!NT_SUCCESS(status))
		return status;
	status = NtQueryInformationProcess(child->process, ProcessBasicInformation, &information,
					   sizeof(information), NULL);
	if (NT_SUCCESS(status))
		*exit_status = information.ExitStatus;
	return status;
}

void child_close(struct child *child)
{
	NtClose(child->thread);
	NtClose(child->process);
}

NTSTATUS child_run_self(const char *arguments)
{
	struct child child;
	NTSTATUS exit_status, status = child_start_self(&child, arguments);

	if (!NT_SUCCESS(status))
		return status;
	status = child_wait(&child, &exit_status);
	child_close(&child);
	return NT_SUCCESS(status) ? exit_status : status;
}
