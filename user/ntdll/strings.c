/*
 * strings.c - Rtl's counted strings. Text is UTF-16; its 8-bit form is Latin-1, so the two convert
 * byte by byte.
 */
#include <string.h>

#include "peb.h"

void NTAPI RtlInitUnicodeString(UNICODE_STRING *target, const WCHAR *source)
{
	size_t bytes = source ? wcslen(source) * sizeof(WCHAR) : 0;

	if (bytes > 0xFFFC)
		bytes = 0xFFFC;
	target->Length = (USHORT)bytes;
	target->MaximumLength = source ? (USHORT)(bytes + sizeof(WCHAR)) : 0;
	target->Buffer = (WCHAR *)source;
}

void NTAPI RtlInitAnsiString(ANSI_STRING *target, const char *source)
{
	size_t bytes = source ? strlen(source) : 0;

	if (bytes > 0xFFFE)
		bytes = 0xFFFE;
	target->Length = (USHORT)bytes;
	target->MaximumLength = source ? (USHORT)(bytes + 1) : 0;
	target->Buffer = (char *)source;
}

void NTAPI RtlInitString(STRING *target, const char *source)
{
	RtlInitAnsiString(target, source);
}

WCHAR NTAPI RtlUpcaseUnicodeChar(WCHAR character)
{
	bool latin = character >= 0xE0 && character <= 0xFE && character != 0xF7;

	return (character >= L'a' && character <= L'z') || latin ? character - 0x20 : character;
}

LONG NTAPI RtlCompareUnicodeString(const UNICODE_STRING *first, const UNICODE_STRING *second,
				   BOOLEAN ignore_case)
{
	size_t first_chars = first->Length / sizeof(WCHAR);
	size_t second_chars = second->Length / sizeof(WCHAR);

	for (size_t i = 0; i < first_chars && i < second_chars; i++) {
		WCHAR a = first->Buffer[i], b = second->Buffer[i];

		if (ignore_case) {
			a = RtlUpcaseUnicodeChar(a);
			b = RtlUpcaseUnicodeChar(b);
		}
		if (a != b)
			return (LONG)a - (LONG)b;
	}
	return (LONG)first_chars - (LONG)second_chars;
}

BOOLEAN NTAPI RtlEqualUnicodeString(const UNICODE_STRING *first, const UNICODE_STRING *second,
				    BOOLEAN ignore_case)
{
	return first->Length == second->Length &&
	       !RtlCompareUnicodeString(first, second, ignore_case);
}

BOOLEAN NTAPI RtlPrefixUnicodeString(const UNICODE_STRING *prefix, const UNICODE_STRING *text,
				     BOOLEAN ignore_case)
{
	UNICODE_STRING start = *text;

	if (prefix->Length > text->Length)
		return FALSE;
	start.Length = prefix->Length;
	return !RtlCompareUnicodeString(prefix, &start, ignore_case);
}

/* Ends the text with a NUL where there is room for one. */
static void terminate(UNICODE_STRING *text)
{
	if ((size_t)text->Length + sizeof(WCHAR) <= text->MaximumLength)
		text->Buffer[text->Length / sizeof(WCHAR)] = 0;
}

void NTAPI RtlCopyUnicodeString(UNICODE_STRING *target, const UNICODE_STRING *source)
{
	USHORT bytes = source ? source->Length : 0;

	if (bytes > target->MaximumLength)
		bytes = target->MaximumLength;
	if (bytes)
		memmove(target->Buffer, source->Buffer, bytes);
	target->Length = bytes;
	terminate(target);
}

NTSTATUS NTAPI RtlAppendUnicodeStringToString(UNICODE_STRING *target, const UNICODE_STRING *source)
{
	if ((size_t)target->Length + source->Length > target->MaximumLength)
		return STATUS_BUFFER_TOO_SMALL;
	memmove((char *)target->Buffer + target->Length, source->Buffer, source->Length);
	target->Length = (USHORT)(target->Length + source->Length);
	terminate(target);
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlAppendUnicodeToString(UNICODE_STRING *target, const WCHAR *source)
{
	UNICODE_STRING text;

	RtlInitUnicodeString(&text, source);
	return RtlAppendUnicodeStringToString(target, &text);
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
	for (size_t i = 0; i < source->Length; i++)
		target->Buffer[i] = (unsigned char)source->Buffer[i];
	target->Length = (USHORT)bytes;
	terminate(target);
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
	for (size_t i = 0; i < bytes; i++)
		target->Buffer[i] = source->Buffer[i] < 0x100 ? (char)source->Buffer[i] : '?';
	target->Buffer[bytes] = '\0';
	target->Length = (USHORT)bytes;
	return status;
}

void NTAPI RtlFreeUnicodeString(UNICODE_STRING *text)
{
	RtlFreeHeap(peb_current()->heap, 0, text->Buffer);
	*text = (UNICODE_STRING){.Buffer = NULL};
}

void NTAPI RtlFreeAnsiString(ANSI_STRING *text)
{
	RtlFreeHeap(peb_current()->heap, 0, text->Buffer);
	*text = (ANSI_STRING){.Buffer = NULL};
}
