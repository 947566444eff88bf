/*
 * ansi_strings.c - Rtl's counted strings of 8 bits, and from and to UTF-16 (rtl_strings.h). The
 * 8-bit form is Latin-1, so the two convert character by character.
 */
#include <string.h>

#include "peb.h"

#define LONGEST_BYTES 0xFFFEu /* with its NUL it has a size in 16 bits */

void NTAPI RtlInitAnsiString(ANSI_STRING *target, const char *source)
{
	size_t bytes = source ? strlen(source) : 0;

	if (bytes > LONGEST_BYTES)
		bytes = LONGEST_BYTES;
	target->Length = (USHORT)bytes;
	target->MaximumLength = source ? (USHORT)(bytes + 1) : 0;
	target->Buffer = (char *)source;
}

NTSTATUS NTAPI RtlInitAnsiStringEx(ANSI_STRING *target, const char *source)
{
	if (source && strlen(source) > LONGEST_BYTES)
		return STATUS_NAME_TOO_LONG;
	RtlInitAnsiString(target, source);
	return STATUS_SUCCESS;
}

void NTAPI RtlInitString(STRING *target, const char *source)
{
	RtlInitAnsiString(target, source);
}

CHAR NTAPI RtlUpperChar(CHAR character)
{
	return (CHAR)RtlUpcaseUnicodeChar((unsigned char)character);
}

LONG NTAPI RtlCompareString(const STRING *first, const STRING *second, BOOLEAN ignore_case)
{
	for (size_t i = 0; i < first->Length && i < second->Length; i++) {
		CHAR a = first->Buffer[i], b = second->Buffer[i];

		if (ignore_case) {
			a = RtlUpperChar(a);
			b = RtlUpperChar(b);
		}
		if (a != b)
			return (unsigned char)a - (unsigned char)b;
	}
	return (LONG)first->Length - (LONG)second->Length;
}

BOOLEAN NTAPI RtlEqualString(const STRING *first, const STRING *second, BOOLEAN ignore_case)
{
	return first->Length == second->Length && !RtlCompareString(first, second, ignore_case);
}

BOOLEAN NTAPI RtlPrefixString(const STRING *prefix, const STRING *text, BOOLEAN ignore_case)
{
	STRING start = *text;

	if (prefix->Length > text->Length)
		return FALSE;
	start.Length = prefix->Length;
	return !RtlCompareString(prefix, &start, ignore_case);
}

void NTAPI RtlCopyString(STRING *target, const STRING *source)
{
	USHORT bytes = source ? source->Length : 0;

	if (bytes > target->MaximumLength)
		bytes = target->MaximumLength;
	if (bytes)
		memmove(target->Buffer, source->Buffer, bytes);
	target->Length = bytes;
}

void NTAPI RtlUpperString(STRING *target, const STRING *source)
{
	USHORT bytes = source->Length;

	if (bytes > target->MaximumLength)
		bytes = target->MaximumLength;
	for (size_t i = 0; i < bytes; i++)
		target->Buffer[i] = RtlUpperChar(source->Buffer[i]);
	target->Length = bytes;
}

NTSTATUS NTAPI RtlAppendStringToString(STRING *target, const STRING *source)
{
	if ((size_t)target->Length + source->Length > target->MaximumLength)
		return STATUS_BUFFER_TOO_SMALL;
	memmove(target->Buffer + target->Length, source->Buffer, source->Length);
	target->Length = (USHORT)(target->Length + source->Length);
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlAppendAsciizToString(STRING *target, const char *source)
{
	STRING text;

	RtlInitString(&text, source);
	return RtlAppendStringToString(target, &text);
}

/* ---- from and to UTF-16 ---- */

static void widen(WCHAR *target, const char *source, size_t count)
{
	for (size_t i = 0; i < count; i++)
		target[i] = (unsigned char)source[i];
}

static void narrow(char *target, const WCHAR *source, size_t count)
{
	for (size_t i = 0; i < count; i++)
		target[i] = source[i] < 0x100 ? (char)source[i] : '?';
}

NTSTATUS NTAPI RtlAnsiStringToUnicodeString(UNICODE_STRING *target, ANSI_STRING *source,
					    BOOLEAN allocate)
{
	size_t bytes = (size_t)source->Length * sizeof(WCHAR);

	if (bytes + sizeof(WCHAR) > 0xFFFF)
		return STATUS_INVALID_PARAMETER_2;
	if (allocate) {
		target->Buffer = RtlAllocateHeap(peb_current()->heap, 0, bytes + sizeof(WCHAR));
		if (!target->Buffer)
			return STATUS_NO_MEMORY;
		target->MaximumLength = (USHORT)(bytes + sizeof(WCHAR));
	} else if (bytes + sizeof(WCHAR) > target->MaximumLength) {
		return STATUS_BUFFER_OVERFLOW;
	}
	widen(target->Buffer, source->Buffer, source->Length);
	target->Buffer[source->Length] = 0;
	target->Length = (USHORT)bytes;
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlUnicodeStringToAnsiString(ANSI_STRING *target, const UNICODE_STRING *source,
					    BOOLEAN allocate)
{
	size_t bytes = source->Length / sizeof(WCHAR);
	NTSTATUS status = STATUS_SUCCESS;

	if (allocate) {
		target->Buffer = RtlAllocateHeap(peb_current()->heap, 0, bytes + 1);
		if (!target->Buffer)
			return STATUS_NO_MEMORY;
		target->MaximumLength = (USHORT)(bytes + 1);
	} else if (bytes + 1 > target->MaximumLength) {
		if (!target->MaximumLength)
			return STATUS_BUFFER_OVERFLOW;
		bytes = target->MaximumLength - 1u;
		status = STATUS_BUFFER_OVERFLOW;
	}
	narrow(target->Buffer, source->Buffer, bytes);
	target->Buffer[bytes] = '\0';
	target->Length = (USHORT)bytes;
	return status;
}

void NTAPI RtlFreeAnsiString(ANSI_STRING *text)
{
	RtlFreeHeap(peb_current()->heap, 0, text->Buffer);
	*text = (ANSI_STRING){.Buffer = NULL};
}

BOOLEAN NTAPI RtlCreateUnicodeStringFromAsciiz(UNICODE_STRING *target, LPCSTR source)
{
	ANSI_STRING text;

	return NT_SUCCESS(RtlInitAnsiStringEx(&text, source)) &&
	       NT_SUCCESS(RtlAnsiStringToUnicodeString(target, &text, TRUE));
}

ULONG NTAPI RtlAnsiStringToUnicodeSize(const STRING *text)
{
	return (text->Length + 1u) * (ULONG)sizeof(WCHAR);
}

ULONG NTAPI RtlUnicodeStringToAnsiSize(const UNICODE_STRING *text)
{
	return text->Length / (ULONG)sizeof(WCHAR) + 1;
}

NTSTATUS NTAPI RtlMultiByteToUnicodeN(WCHAR *target, ULONG target_bytes, ULONG *result_bytes,
				      const char *source, ULONG source_bytes)
{
	ULONG chars = target_bytes / (ULONG)sizeof(WCHAR);

	if (chars > source_bytes)
		chars = source_bytes;
	widen(target, source, chars);
	if (result_bytes)
		*result_bytes = chars * (ULONG)sizeof(WCHAR);
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlUnicodeToMultiByteN(char *target, ULONG target_bytes, ULONG *result_bytes,
				      const WCHAR *source, ULONG source_bytes)
{
	ULONG chars = source_bytes / (ULONG)sizeof(WCHAR);

	if (chars > target_bytes)
		chars = target_bytes;
	narrow(target, source, chars);
	if (result_bytes)
		*result_bytes = chars;
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlMultiByteToUnicodeSize(ULONG *result_bytes, const char *source,
					 ULONG source_bytes)
{
	(void)source;
	*result_bytes = source_bytes * (ULONG)sizeof(WCHAR);
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlUnicodeToMultiByteSize(ULONG *result_bytes, WCHAR *source, ULONG source_bytes)
{
	(void)source;
	*result_bytes = source_bytes / (ULONG)sizeof(WCHAR);
	return STATUS_SUCCESS;
}
