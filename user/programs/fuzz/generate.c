/*
 * generate.c - the arguments of a call: most as they should be, so that calls get far; in two calls
 * of five one to three of them are anything.
 */
#include <string.h>

#include "fuzz.h"

#define ODD_ARGUMENTS 3u

/* Lengths stay below this: the other half of a slot is for what structures point to. */
#define BUFFER_BYTES 0x1000u

static uint64_t pointer_make(struct worker *worker, const struct call *call, unsigned index)
{
	const struct call_parameter *parameter = &call->parameters[index];
	char hint = hint_of(call, index);
	char *at = arena_slot(worker, index);

	if (parameter->is_optional && one_in(worker, 4))
		return 0;
	switch (parameter->kind) {
	case PARAMETER_ATTRIBUTES:
		attributes_make(worker, at, hint == 'F');
		break;
	case PARAMETER_STRUCTURE:
		if (hint == '0')
			return 0;
		content_by_hint(worker, hint, at, 64);
		break;
	case PARAMETER_OUTPUT:
	case PARAMETER_OUTPUT_BUFFER:
	case PARAMETER_VALUE:
	case PARAMETER_HANDLE:
		break;
	case PARAMETER_INPUT:
	case PARAMETER_BOTH:
		content_by_hint(worker, hint, at, parameter->bytes);
		break;
	case PARAMETER_INPUT_BUFFER:
		content_by_hint(worker, hint, at, 64);
		break;
	}
	return (uintptr_t)at;
}

static uint64_t argument_make(struct worker *worker, const struct call *call, unsigned index)
{
	const struct call_parameter *parameter = &call->parameters[index];

	if (parameter->kind == PARAMETER_VALUE)
		return value_by_hint(worker, hint_of(call, index));
	if (parameter->kind != PARAMETER_HANDLE)
		return pointer_make(worker, call, index);
	if (parameter->is_optional && !one_in(worker, 3))
		return 0;
	return (uintptr_t)handle_pick(worker, parameter->type);
}

static uint64_t odd_argument(struct worker *worker, const struct call *call, unsigned index)
{
	if (parameter_is_pointer(&call->parameters[index]))
		return value_bad_pointer(worker, index);
	return value_any(worker);
}

void arguments_generate(struct worker *worker, const struct call *call)
{
	uint64_t *arguments = worker->perform.arguments;
	uint64_t odd = 0;

	memset(arguments, 0, sizeof(worker->perform.arguments));
	for (unsigned i = 0; i < call->argument_count; i++)
		arguments[i] = argument_make(worker, call, i);
	class_fill(worker, call);
	if (!strcmp(call->name, "NtCreateUserProcess"))
		create_user_process_fill(worker);
	if (random_below(&worker->random, 5) < 2)
		odd = 1 + random_below(&worker->random, ODD_ARGUMENTS);
	for (; odd && call->argument_count; odd--) {
		unsigned index = (unsigned)random_below(&worker->random, call->argument_count);

		arguments[index] = odd_argument(worker, call, index);
	}
}
