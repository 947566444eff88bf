/*
 * debug.c - DbgPrint, and the Win32 numbers of the commonest statuses (nt-semantics 1.2).
 */
#include "format.h"
#include "native.h"

#define DEBUG_CHARS 512

ULONG __cdecl DbgPrint(const char *format, ...)
{
	char line[DEBUG_CHARS];
	WCHAR wide[DEBUG_CHARS];
	UNICODE_STRING text = {.Buffer = wide};
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	length = format_arguments(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (length >= sizeof(line))
		length = sizeof(line) - 1;
	for (size_t i = 0; i < length; i++)
		wide[i] = (unsigned char)line[i];
	text.Length = text.MaximumLength = (USHORT)(length * sizeof(WCHAR));
	return (ULONG)NtDisplayString(&text);
}

struct error_pair {
	NTSTATUS status;
	ULONG error;
};

static const struct error_pair error_pairs[] = {
	{STATUS_SUCCESS, 0},
	{STATUS_OBJECT_NAME_NOT_FOUND, 2},
	{STATUS_NO_SUCH_FILE, 2},
	{STATUS_OBJECT_PATH_NOT_FOUND, 3},
	{STATUS_ACCESS_DENIED, 5},
	{STATUS_ALREADY_COMMITTED, 5},
	{STATUS_CANNOT_DELETE, 5},
	{STATUS_DELETE_PENDING, 5},
	{STATUS_INVALID_HANDLE, 6},
	{STATUS_OBJECT_TYPE_MISMATCH, 6},
	{STATUS_NO_MEMORY, 8},
	{STATUS_SECTION_TOO_BIG, 8},
	{STATUS_NO_MORE_FILES, 18},
	{STATUS_INFO_LENGTH_MISMATCH, 24},
	{STATUS_SHARING_VIOLATION, 32},
	{STATUS_END_OF_FILE, 38},
	{STATUS_NOT_SUPPORTED, 50},
	{STATUS_INVALID_ADDRESS, 59},
	{STATUS_INVALID_PARAMETER, 87},
	{STATUS_INVALID_PAGE_PROTECTION, 87},
	{STATUS_SECTION_PROTECTION, 87},
	{STATUS_UNABLE_TO_DELETE_SECTION, 87},
	{STATUS_DISK_FULL, 112},
	{STATUS_NOT_IMPLEMENTED, 120},
	{STATUS_BUFFER_TOO_SMALL, 122},
	{STATUS_OBJECT_NAME_INVALID, 123},
	{STATUS_DLL_NOT_FOUND, 126},
	{STATUS_ENTRYPOINT_NOT_FOUND, 127},
	{STATUS_OBJECT_PATH_SYNTAX_BAD, 161},
	{STATUS_OBJECT_NAME_COLLISION, 183},
	{STATUS_INVALID_IMAGE_FORMAT, 193},
	{STATUS_INVALID_IMAGE_NOT_MZ, 193},
	{STATUS_INVALID_IMAGE_PROTECT, 193},
	{STATUS_BUFFER_OVERFLOW, 234},
	{STATUS_TIMEOUT, 258},
	{STATUS_CONFLICTING_ADDRESSES, 487},
	{STATUS_NOT_MAPPED_VIEW, 487},
	{STATUS_NOT_COMMITTED, 487},
	{STATUS_MEMORY_NOT_ALLOCATED, 487},
	{STATUS_PENDING, 997},
	{STATUS_ACCESS_VIOLATION, 998},
	{STATUS_STACK_OVERFLOW, 1001},
	{STATUS_FILE_INVALID, 1006},
	{STATUS_MAPPED_FILE_SIZE_ZERO, 1006},
	{STATUS_USER_MAPPED_FILE, 1224},
	{STATUS_COMMITMENT_LIMIT, 1455},
};

#define ERROR_MR_MID_NOT_FOUND_VALUE 317 /* what Windows answers for a status it does not know */

ULONG NTAPI RtlNtStatusToDosError(NTSTATUS status)
{
	for (size_t i = 0; i < sizeof(error_pairs) / sizeof(error_pairs[0]); i++)
		if (error_pairs[i].status == status)
			return error_pairs[i].error;
	if (status >= STATUS_INVALID_PARAMETER_1 && status <= STATUS_INVALID_PARAMETER_10)
		return 87;
	return ERROR_MR_MID_NOT_FOUND_VALUE;
}
