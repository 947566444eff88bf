/*
 * parameters.c - process parameters: one block that holds the structure and, behind it, the texts
 * it points to.
 *
 * "Normalised" means that the Buffer fields and the environment are addresses, otherwise they are
 * offsets from the block. The environment lies behind the texts, so the kernel gives it to a child.
 */
#include <string.h>

#include "environment.h"
#include "peb.h"

/* The strings of the block, in the order in which their texts are stored. */
#define STRING_COUNT 8
static UNICODE_STRING *parameters_string(struct process_parameters *parameters, unsigned number)
{
	UNICODE_STRING *const strings[STRING_COUNT] = {
		&parameters->current_directory, &parameters->dll_path,
		&parameters->image_path_name,	&parameters->command_line,
		&parameters->window_title,	&parameters->desktop_info,
		&parameters->shell_info,	&parameters->runtime_data,
	};

	return strings[number];
}

/* Bytes a text takes in the block: terminated, and aligned for pointers. */
static size_t string_bytes(const UNICODE_STRING *text)
{
	return text ? ((size_t)text->Length + sizeof(WCHAR) + 7) & ~(size_t)7 : 0;
}

static WCHAR *string_store(UNICODE_STRING *target, const UNICODE_STRING *source, WCHAR *storage)
{
	if (!source)
		return storage;
	memcpy(storage, source->Buffer, source->Length);
	storage[source->Length / sizeof(WCHAR)] = 0;
	target->Length = source->Length;
	target->MaximumLength = (USHORT)(source->Length + sizeof(WCHAR));
	target->Buffer = storage;
	return (WCHAR *)((char *)storage + string_bytes(source));
}

/* The block, without its texts. => returns: NULL without memory. */
static struct process_parameters *parameters_allocate(const UNICODE_STRING *const *sources,
						      const WCHAR *environment)
{
	size_t environment_size = environment ? environment_bytes(environment) : 0;
	struct process_parameters *parameters;
	size_t bytes = sizeof(*parameters) + environment_size;

	for (unsigned i = 0; i < STRING_COUNT; i++)
		bytes += string_bytes(sources[i]);
	parameters = RtlAllocateHeap(peb_current()->heap, HEAP_ZERO_MEMORY, bytes);
	if (!parameters)
		return NULL;
	parameters->maximum_length_bytes = parameters->length_bytes = (ULONG)bytes;
	parameters->environment_bytes = environment_size;
	parameters->flags = PROCESS_PARAMETERS_NORMALIZED;
	return parameters;
}

NTSTATUS NTAPI RtlCreateProcessParametersEx(
	struct process_parameters **result, const UNICODE_STRING *image_path,
	const UNICODE_STRING *dll_path, const UNICODE_STRING *current_directory,
	const UNICODE_STRING *command_line, PVOID environment, const UNICODE_STRING *window_title,
	const UNICODE_STRING *desktop, const UNICODE_STRING *shell_info,
	const UNICODE_STRING *runtime_info, ULONG flags)
{
	const UNICODE_STRING *sources[STRING_COUNT] = {
		current_directory ? current_directory
				  : &peb_current()->parameters->current_directory,
		dll_path,
		image_path,
		command_line ? command_line : image_path,
		window_title,
		desktop,
		shell_info,
		runtime_info,
	};
	struct process_parameters *parameters;
	WCHAR *storage;

	if (!image_path)
		return STATUS_INVALID_PARAMETER;
	environment_lock();
	if (!environment)
		environment = peb_current()->parameters->environment;
	parameters = parameters_allocate(sources, environment);
	if (parameters) {
		storage = (WCHAR *)(parameters + 1);
		for (unsigned i = 0; i < STRING_COUNT; i++)
			storage =
				string_store(parameters_string(parameters, i), sources[i], storage);
		if (environment)
			parameters->environment =
				memcpy(storage, environment, parameters->environment_bytes);
	}
	environment_unlock();
	if (!parameters)
		return STATUS_NO_MEMORY;
	*result = flags & PROCESS_PARAMETERS_NORMALIZED ? parameters
							: RtlDeNormalizeProcessParams(parameters);
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlCreateProcessParameters(struct process_parameters **result, const UNICODE_STRING *image_path,
			   const UNICODE_STRING *dll_path, const UNICODE_STRING *current_directory,
			   const UNICODE_STRING *command_line, PVOID environment,
			   const UNICODE_STRING *window_title, const UNICODE_STRING *desktop,
			   const UNICODE_STRING *shell_info, const UNICODE_STRING *runtime_info)
{
	return RtlCreateProcessParametersEx(result, image_path, dll_path, current_directory,
					    command_line, environment, window_title, desktop,
					    shell_info, runtime_info, 0);
}

NTSTATUS NTAPI RtlDestroyProcessParameters(struct process_parameters *parameters)
{
	RtlFreeHeap(peb_current()->heap, 0, parameters);
	return STATUS_SUCCESS;
}

/* Adds `delta` to every Buffer and environment that is not NULL. */
static void buffers_move(struct process_parameters *parameters, uintptr_t delta)
{
	for (unsigned i = 0; i < STRING_COUNT; i++) {
		UNICODE_STRING *text = parameters_string(parameters, i);

		if (text->Buffer)
			text->Buffer = (WCHAR *)((uintptr_t)text->Buffer + delta);
	}
	if (parameters->environment)
		parameters->environment = (PVOID)((uintptr_t)parameters->environment + delta);
}

struct process_parameters *NTAPI RtlNormalizeProcessParams(struct process_parameters *parameters)
{
	if (parameters && !(parameters->flags & PROCESS_PARAMETERS_NORMALIZED)) {
		buffers_move(parameters, (uintptr_t)parameters);
		parameters->flags |= PROCESS_PARAMETERS_NORMALIZED;
	}
	return parameters;
}

struct process_parameters *NTAPI RtlDeNormalizeProcessParams(struct process_parameters *parameters)
{
	if (parameters && (parameters->flags & PROCESS_PARAMETERS_NORMALIZED)) {
		buffers_move(parameters, 0 - (uintptr_t)parameters);
		parameters->flags &= ~PROCESS_PARAMETERS_NORMALIZED;
	}
	return parameters;
}
