/*
 * call_table.c - what syscalls.def says of the calls and their parameters.
 */
#include "call_table.h"

#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct call_text {
	const char *name;
	call_entry entry;
	unsigned argument_count;
	const char *parameters;
};

static struct call_text text_at(size_t index, size_t *count)
{
#define SYSCALL(name, argument_count, parameters) \
	{#name, (call_entry)(void *)name, argument_count, parameters},
	const struct call_text texts[] = {
#include "nt/syscalls.def"
	};
#undef SYSCALL

	*count = COUNT_OF(texts);
	return texts[index];
}

static unsigned number_read(const char *text)
{
	unsigned number = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		number = number * 10 + (unsigned)(*text - '0');
	return number;
}

/* One word of the parameters ("io?:8"). => returns: what follows it. */
static const char *parameter_parse(const char *text, struct call_parameter *parameter)
{
	static const struct {
		const char *letters;
		enum parameter_kind kind;
	} kinds[] = {
		{"v", PARAMETER_VALUE},		{"h", PARAMETER_HANDLE},
		{"o", PARAMETER_OUTPUT},	{"i", PARAMETER_INPUT},
		{"io", PARAMETER_BOTH},		{"ob", PARAMETER_OUTPUT_BUFFER},
		{"ib", PARAMETER_INPUT_BUFFER}, {"a", PARAMETER_ATTRIBUTES},
		{"p", PARAMETER_STRUCTURE},
	};
	size_t length = 0;

	*parameter = (struct call_parameter){.kind = PARAMETER_VALUE};
	while (text[length] >= 'a' && text[length] <= 'z')
		length++;
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (strlen(kinds[i].letters) == length && !strncmp(text, kinds[i].letters, length))
			parameter->kind = kinds[i].kind;
	text += length;
	if (*text == '?') {
		parameter->is_optional = true;
		text++;
	}
	if (*text == ':') {
		text++;
		parameter->bytes = number_read(text);
		parameter->length_argument = parameter->bytes - 1;
		for (size_t i = 0; *text && *text != ' '; text++)
			if (i < sizeof(parameter->type) - 1)
				parameter->type[i++] = *text;
	}
	while (*text == ' ')
		text++;
	return text;
}

size_t calls_count(void)
{
	size_t count;

	text_at(0, &count);
	return count;
}

struct call call_at(size_t index)
{
	size_t count;
	struct call_text text = text_at(index, &count);
	struct call call = {
		.name = text.name, .entry = text.entry, .argument_count = text.argument_count};

	for (unsigned i = 0; i < text.argument_count; i++)
		text.parameters = parameter_parse(text.parameters, &call.parameters[i]);
	return call;
}

bool call_find(const char *name, struct call *call)
{
	for (size_t i = 0; i < calls_count(); i++) {
		*call = call_at(i);
		if (!strcmp(call->name, name))
			return true;
	}
	return false;
}

NTSTATUS call_perform(const struct call *call, const uint64_t *arguments)
{
	return call->entry(arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
			   arguments[5], arguments[6], arguments[7], arguments[8], arguments[9],
			   arguments[10]);
}

bool parameter_is_pointer(const struct call_parameter *parameter)
{
	return parameter->kind != PARAMETER_VALUE && parameter->kind != PARAMETER_HANDLE;
}

bool parameter_is_read(const struct call_parameter *parameter)
{
	return parameter_is_pointer(parameter) && parameter->kind != PARAMETER_OUTPUT &&
	       parameter->kind != PARAMETER_OUTPUT_BUFFER;
}

bool parameter_is_written(const struct call_parameter *parameter)
{
	return parameter->kind == PARAMETER_OUTPUT || parameter->kind == PARAMETER_BOTH ||
	       parameter->kind == PARAMETER_OUTPUT_BUFFER;
}

size_t parameter_bytes(const struct call_parameter *parameter, const uint64_t *arguments)
{
	switch (parameter->kind) {
	case PARAMETER_VALUE:
	case PARAMETER_HANDLE:
		return 0;
	case PARAMETER_OUTPUT:
	case PARAMETER_INPUT:
	case PARAMETER_BOTH:
		return parameter->bytes;
	case PARAMETER_OUTPUT_BUFFER:
	case PARAMETER_INPUT_BUFFER:
		return (size_t)arguments[parameter->length_argument];
	case PARAMETER_ATTRIBUTES:
		return sizeof(OBJECT_ATTRIBUTES);
	case PARAMETER_STRUCTURE:
		return sizeof(uint64_t); /* its length, which comes first */
	}
	return 0;
}
