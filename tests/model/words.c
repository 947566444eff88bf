/*
 * words.c - steps as text: "A map handle=3 process=0x101 base=0x1ffd0000 protect=4 number=1".
 * Fields that are 0 are left out.
 */
#include "operation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALL(name) #name,
static const char *const kinds[] = {MODEL_CALLS(CALL)};
#undef CALL

#define FIELD(name) \
	{ \
#name, offsetof(struct operation, call.name), \
			sizeof(((struct model_call *)0)->name) \
	}
static const struct field {
	const char *name;
	size_t offset, size;
} fields[] = {
	{"slot", offsetof(struct operation, slot), sizeof(unsigned)},
	FIELD(handle),
	FIELD(process),
	FIELD(other),
	FIELD(base),
	FIELD(size),
	FIELD(offset),
	FIELD(zero_bits),
	FIELD(commit),
	FIELD(access),
	FIELD(attributes),
	FIELD(type),
	FIELD(protect),
	FIELD(number),
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

void operation_print(const struct operation *operation, char text[WORDS_BYTES])
{
	int length = snprintf(text, WORDS_BYTES, "%c %s", 'A' + operation->call.caller,
			      kinds[operation->call.kind]);

	for (size_t i = 0; i < FIELDS; i++) {
		uint64_t value = 0;

		memcpy(&value, (const char *)operation + fields[i].offset, fields[i].size);
		if (value)
			length += snprintf(text + length, WORDS_BYTES - (size_t)length,
					   value < 10 ? " %s=%llu" : " %s=%#llx", fields[i].name,
					   (unsigned long long)value);
	}
}

static bool word_parse(const char *word, struct operation *operation)
{
	const char *sign = strchr(word, '=');

	for (size_t i = 0; sign && i < FIELDS; i++) {
		char *end;
		uint64_t value = strtoull(sign + 1, &end, 0);

		if (strncmp(word, fields[i].name, (size_t)(sign - word)) != 0 ||
		    fields[i].name[sign - word] != '\0')
			continue;
		memcpy((char *)operation + fields[i].offset, &value, fields[i].size);
		return *end == '\0' && end != sign + 1;
	}
	return false;
}

bool operation_parse(const char *text, struct operation *operation)
{
	char copy[WORDS_BYTES], *rest = copy, *word;
	unsigned kind = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	memset(operation, 0, sizeof(*operation));
	word = strsep(&rest, " ");
	if (!word || word[0] < 'A' || word[0] > 'B' || word[1])
		return false;
	operation->call.caller = (unsigned)(word[0] - 'A');
	word = strsep(&rest, " ");
	while (kind < MODEL_KINDS && (!word || strcmp(word, kinds[kind]) != 0))
		kind++;
	if (kind == MODEL_KINDS)
		return false;
	operation->call.kind = (enum model_kind)kind;
	while ((word = strsep(&rest, " ")) != NULL) {
		if (*word && !word_parse(word, operation))
			return false;
	}
	return true;
}
