/*
 * strings.c - Rtl's counted strings of UTF-16 (rtl_strings.h). ansi_strings.c has those of 8 bits.
 */
#include <string.h>

#include "peb.h"

#define LONGEST_BYTES 0xFFFCu /* with its NUL it has a size in 16 bits */

void NTAPI RtlInitUnicodeString(UNICODE_STRING *target, const WCHAR *source)
{
	size_t bytes = source ? wcslen(source) * sizeof(WCHAR) : 0;

	if (bytes > LONGEST_BYTES)
		bytes = LONGEST_BYTES;
	target->Length = (USHORT)bytes;
	target->MaximumLength = source ? (USHORT)(bytes + sizeof(WCHAR)) : 0;
	target->Buffer = (WCHAR *)source;
}

NTSTATUS NTAPI RtlInitUnicodeStringEx(UNICODE_STRING *target, const WCHAR *source)
{
	if (source && wcslen(source) * sizeof(WCHAR) > LONGEST_BYTES)
		return STATUS_NAME_TOO_LONG;
	RtlInitUnicodeString(target, source);
	return STATUS_SUCCESS;
}

WCHAR NTAPI RtlUpcaseUnicodeChar(WCHAR character)
{
	bool latin = character >= 0xE0 && character <= 0xFE && character != 0xF7;

	return (character >= L'a' && character <= L'z') || latin ? character - 0x20 : character;
}

WCHAR NTAPI RtlDowncaseUnicodeChar(WCHAR character)
{
	bool latin = character >= 0xC0 && character <= 0xDE && character != 0xD7;

	return (character >= L'A' && character <= L'Z') || latin ? character + 0x20 : character;
}

LONG NTAPI RtlCompareUnicodeStrings(const WCHAR *first, SIZE_T first_chars, const WCHAR *second,
				    SIZE_T second_chars, BOOLEAN ignore_case)
{
	for (size_t i = 0; i < first_chars && i < second_chars; i++) {
		WCHAR a = first[i], b = second[i];

		if (ignore_case) {
			a = RtlUpcaseUnicodeChar(a);
			b = RtlUpcaseUnicodeChar(b);
		}
		if (a != b)
			return (LONG)a - (LONG)b;
	}
	return (LONG)(first_chars - second_chars);
}

LONG NTAPI RtlCompareUnicodeString(const UNICODE_STRING *first, const UNICODE_STRING *second,
				   BOOLEAN ignore_case)
{
	return RtlCompareUnicodeStrings(first->Buffer, first->Length / sizeof(WCHAR),
					second->Buffer, second->Length / sizeof(WCHAR),
					ignore_case);
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

/* ---- strings on the heap ---- */

/* Gives the target a buffer of its own. */
static NTSTATUS buffer_make(UNICODE_STRING *target, size_t bytes)
{
	WCHAR *buffer = RtlAllocateHeap(peb_current()->heap, 0, bytes);

	if (!buffer)
		return STATUS_NO_MEMORY;
	*target = (UNICODE_STRING){.MaximumLength = (USHORT)bytes, .Buffer = buffer};
	return STATUS_SUCCESS;
}

BOOLEAN NTAPI RtlCreateUnicodeString(UNICODE_STRING *target, const WCHAR *source)
{
	UNICODE_STRING text;

	if (!NT_SUCCESS(RtlInitUnicodeStringEx(&text, source)))
		return FALSE;
	return NT_SUCCESS(
		RtlDuplicateUnicodeString(RTL_DUPLICATE_UNICODE_STRING_NULL_TERMINATE |
						  RTL_DUPLICATE_UNICODE_STRING_ALLOCATE_NULL_STRING,
					  &text, target));
}

NTSTATUS NTAPI RtlDuplicateUnicodeString(ULONG flags, const UNICODE_STRING *source,
					 UNICODE_STRING *target)
{
	bool terminated = flags & RTL_DUPLICATE_UNICODE_STRING_NULL_TERMINATE;
	NTSTATUS status;

	if (!source || !target || flags > 3 ||
	    flags == RTL_DUPLICATE_UNICODE_STRING_ALLOCATE_NULL_STRING)
		return STATUS_INVALID_PARAMETER;
	if (source->Length > source->MaximumLength || (source->MaximumLength && !source->Buffer) ||
	    (terminated && source->Length > LONGEST_BYTES))
		return STATUS_INVALID_PARAMETER;
	if (!source->Length && flags != 3) {
		*target = (UNICODE_STRING){.Buffer = NULL};
		return STATUS_SUCCESS;
	}
	status = buffer_make(target, source->Length + (terminated ? sizeof(WCHAR) : 0));
	if (NT_SUCCESS(status))
		RtlCopyUnicodeString(target, source);
	return status;
}

void NTAPI RtlFreeUnicodeString(UNICODE_STRING *text)
{
	RtlFreeHeap(peb_current()->heap, 0, text->Buffer);
	*text = (UNICODE_STRING){.Buffer = NULL};
}

void NTAPI RtlEraseUnicodeString(UNICODE_STRING *text)
{
	if (text->Buffer)
		memset(text->Buffer, 0, text->MaximumLength);
	text->Length = 0;
}

/* ---- upper and lower case ---- */

static NTSTATUS case_change(UNICODE_STRING *target, const UNICODE_STRING *source, bool allocate,
			    WCHAR(NTAPI *change)(WCHAR character))
{
	NTSTATUS status;

	if (allocate) {
		status = buffer_make(target, source->Length);
		if (!NT_SUCCESS(status))
			return status;
	} else if (source->Length > target->MaximumLength) {
		return STATUS_BUFFER_OVERFLOW;
	}
	for (size_t i = 0; i < source->Length / sizeof(WCHAR); i++)
		target->Buffer[i] = change(source->Buffer[i]);
	target->Length = source->Length;
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlUpcaseUnicodeString(UNICODE_STRING *target, const UNICODE_STRING *source,
				      BOOLEAN allocate)
{
	return case_change(target, source, allocate, RtlUpcaseUnicodeChar);
}

NTSTATUS NTAPI RtlDowncaseUnicodeString(UNICODE_STRING *target, const UNICODE_STRING *source,
					BOOLEAN allocate)
{
	return case_change(target, source, allocate, RtlDowncaseUnicodeChar);
}

NTSTATUS NTAPI RtlHashUnicodeString(const UNICODE_STRING *text, BOOLEAN ignore_case,
				    ULONG algorithm, ULONG *hash)
{
	ULONG result = 0;

	if (!text || !hash || algorithm > 1)
		return STATUS_INVALID_PARAMETER;
	for (size_t i = 0; i < text->Length / sizeof(WCHAR); i++)
		result = result * 65599 +
			 (ignore_case ? RtlUpcaseUnicodeChar(text->Buffer[i]) : text->Buffer[i]);
	*hash = result;
	return STATUS_SUCCESS;
}
