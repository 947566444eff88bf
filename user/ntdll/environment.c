/*
 * environment.c - environments (rtl_process.h): searched from the start, rebuilt when they change.
 *
 * The process' own lies in its parameter block at first, which is not on the heap; changed, it is a
 * block on the heap, which own_block remembers.
 */
#include "environment.h"

#include <string.h>

#include "peb.h"
#include "spin.h"

static struct spin lock;
static WCHAR *own_block;

void environment_lock(void)
{
	spin_lock(&lock);
}

void environment_unlock(void)
{
	spin_unlock(&lock);
}

/* The text behind this one. */
static const WCHAR *variable_next(const WCHAR *variable)
{
	return variable + wcslen(variable) + 1;
}

size_t environment_bytes(const WCHAR *environment)
{
	const WCHAR *variable = environment;

	while (*variable)
		variable = variable_next(variable);
	return (size_t)(variable + 1 - environment) * sizeof(WCHAR);
}

/* Characters of a variable's name: up to the '=' that is not its first character. */
static size_t variable_name_chars(const WCHAR *variable)
{
	size_t count = 1;

	while (variable[count] && variable[count] != L'=')
		count++;
	return count;
}

/* The variable of that name, or NULL. */
static const WCHAR *variable_find(const WCHAR *environment, const UNICODE_STRING *name)
{
	for (const WCHAR *variable = environment; variable && *variable;
	     variable = variable_next(variable)) {
		size_t count = variable_name_chars(variable);

		if (variable[count] &&
		    !RtlCompareUnicodeStrings(variable, count, name->Buffer,
					      name->Length / sizeof(WCHAR), TRUE))
			return variable;
	}
	return NULL;
}

static WCHAR *block_allocate(size_t bytes)
{
	return RtlAllocateHeap(peb_current()->heap, 0, bytes);
}

NTSTATUS NTAPI RtlCreateEnvironment(BOOLEAN inherit, WCHAR **environment)
{
	static const WCHAR empty[1];
	const WCHAR *source = empty;
	WCHAR *block;
	size_t bytes;

	environment_lock();
	if (inherit && peb_current()->parameters->environment)
		source = peb_current()->parameters->environment;
	bytes = environment_bytes(source);
	block = block_allocate(bytes);
	if (block)
		memcpy(block, source, bytes);
	environment_unlock();
	if (!block)
		return STATUS_NO_MEMORY;
	*environment = block;
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlDestroyEnvironment(WCHAR *environment)
{
	RtlFreeHeap(peb_current()->heap, 0, environment);
	return STATUS_SUCCESS;
}

static NTSTATUS variable_query(const WCHAR *environment, const UNICODE_STRING *name,
			       UNICODE_STRING *value)
{
	const WCHAR *variable = variable_find(environment, name), *text;
	size_t bytes;

	if (!variable)
		return STATUS_VARIABLE_NOT_FOUND;
	text = variable + variable_name_chars(variable) + 1;
	bytes = wcslen(text) * sizeof(WCHAR);
	value->Length = (USHORT)bytes;
	if (bytes > value->MaximumLength)
		return STATUS_BUFFER_TOO_SMALL;
	memcpy(value->Buffer, text, bytes);
	if (bytes + sizeof(WCHAR) <= value->MaximumLength)
		value->Buffer[bytes / sizeof(WCHAR)] = 0;
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlQueryEnvironmentVariable_U(WCHAR *environment, const UNICODE_STRING *name,
					     UNICODE_STRING *value)
{
	NTSTATUS status;

	if (environment)
		return variable_query(environment, name, value);
	environment_lock();
	status = variable_query(peb_current()->parameters->environment, name, value);
	environment_unlock();
	return status;
}

static NTSTATUS name_check(const UNICODE_STRING *name)
{
	size_t count = name->Length / sizeof(WCHAR);

	if (!count)
		return STATUS_INVALID_PARAMETER_1;
	for (size_t i = 1; i < count; i++)
		if (name->Buffer[i] == L'=')
			return STATUS_INVALID_PARAMETER;
	return STATUS_SUCCESS;
}

/* Copies characters; => returns: the place behind them. */
static WCHAR *text_put(WCHAR *target, const WCHAR *source, size_t count)
{
	memcpy(target, source, count * sizeof(WCHAR));
	return target + count;
}

/* A new block with the variable set, or without it (value NULL). => returns: NULL: no memory. */
static WCHAR *block_rebuild(const WCHAR *environment, const WCHAR *old, const UNICODE_STRING *name,
			    const UNICODE_STRING *value)
{
	size_t chars = environment_bytes(environment) / sizeof(WCHAR);
	const WCHAR *rest = old ? variable_next(old) : environment + chars - 1;
	size_t before = (size_t)((old ? old : rest) - environment);
	size_t after = chars - (size_t)(rest - environment);
	size_t added = value ? (name->Length + value->Length) / sizeof(WCHAR) + 2 : 0;
	WCHAR *block = block_allocate((before + added + after) * sizeof(WCHAR)), *place;

	if (!block)
		return NULL;
	place = text_put(block, environment, before);
	if (value) {
		place = text_put(place, name->Buffer, name->Length / sizeof(WCHAR));
		place = text_put(place, L"=", 1);
		place = text_put(place, value->Buffer, value->Length / sizeof(WCHAR));
		place = text_put(place, L"", 1);
	}
	text_put(place, rest, after);
	return block;
}

/* *environment is NULL or a block; a new one replaces it, the old one is the caller's to free. */
static NTSTATUS variable_set(WCHAR **environment, const UNICODE_STRING *name,
			     const UNICODE_STRING *value)
{
	const WCHAR *source = *environment ? *environment : L"";
	const WCHAR *old = variable_find(source, name);
	WCHAR *block;

	if (!old && !value)
		return STATUS_VARIABLE_NOT_FOUND;
	block = block_rebuild(source, old, name, value);
	if (!block)
		return STATUS_NO_MEMORY;
	*environment = block;
	return STATUS_SUCCESS;
}

static NTSTATUS own_variable_set(const UNICODE_STRING *name, const UNICODE_STRING *value)
{
	struct process_parameters *parameters = peb_current()->parameters;
	WCHAR *block;
	NTSTATUS status;

	environment_lock();
	block = parameters->environment;
	status = variable_set(&block, name, value);
	if (NT_SUCCESS(status)) {
		RtlFreeHeap(peb_current()->heap, 0, own_block);
		own_block = block;
		parameters->environment = block;
		parameters->environment_bytes = environment_bytes(block);
	}
	environment_unlock();
	return status;
}

NTSTATUS NTAPI RtlSetEnvironmentVariable(WCHAR **environment, const UNICODE_STRING *name,
					 const UNICODE_STRING *value)
{
	NTSTATUS status = name_check(name);
	WCHAR *old;

	if (!NT_SUCCESS(status))
		return status;
	if (!environment)
		return own_variable_set(name, value);
	old = *environment;
	status = variable_set(environment, name, value);
	if (NT_SUCCESS(status))
		RtlFreeHeap(peb_current()->heap, 0, old);
	return status;
}
