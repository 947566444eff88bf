/*
 * content.c - what stands behind the pointers of a call: sizes, names, structures of a valid form,
 * or anything.
 */
#include <string.h>

#include "fuzz.h"

/* Behind the arguments' own 4 KiB in each slot: names and what structures point to. */
#define EXTRA 0x1000u

static const WCHAR *const object_names[] = {L"\\BaseNamedObjects\\fuzz0",
					    L"\\BaseNamedObjects\\fuzz1",
					    L"\\BaseNamedObjects\\fuzz2",
					    L"\\BaseNamedObjects\\fuzzdir",
					    L"\\BaseNamedObjects\\fuzzdir\\a",
					    L"fuzz3",
					    L"a",
					    L"\\BaseNamedObjects",
					    L"\\",
					    L"",
					    L"\\Nowhere\\a",
					    L"\\BaseNamedObjects\\",
					    L"\\BaseNamedObjects\\fuzzlink"};

static const WCHAR *const file_names[] = {FOLDER L"\\f0",
					  FOLDER L"\\f1",
					  FOLDER L"\\f2",
					  FOLDER L"\\f3",
					  FOLDER L"\\hello.exe",
					  FOLDER L"\\d0",
					  FOLDER L"\\d0\\f4",
					  FOLDER L"\\d1\\f5",
					  FOLDER,
					  FOLDER L"\\none\\f6",
					  L"f7",
					  L"",
					  FOLDER L"\\hello.exe"};

static uint64_t timeout_pick(struct worker *worker)
{
	struct random *random = &worker->random;

	switch (random_below(random, 8)) {
	case 0:
		return random_below(random, 1000); /* past */
	case 1:
	case 2:
		return (uint64_t) - (int64_t)random_below(random, 5000); /* half a millisecond */
	default:
		return 0;
	}
}

/* The text goes behind the slot's first page. */
static UNICODE_STRING text_make(struct worker *worker, char *at, const WCHAR *const *names,
				size_t count)
{
	const WCHAR *text = names[random_below(&worker->random, count)];
	UNICODE_STRING string = {.Buffer = (WCHAR *)(void *)(at + EXTRA)};
	USHORT chars = 0;

	for (; text[chars]; chars++)
		string.Buffer[chars] = text[chars];
	string.Length = (USHORT)(chars * sizeof(WCHAR));
	string.MaximumLength = (USHORT)(string.Length + random_below(&worker->random, 3) * 2);
	if (one_in(worker, 24))
		string.Length = (USHORT)value_any(worker);
	if (one_in(worker, 24))
		string.Buffer = (WCHAR *)(uintptr_t)value_bad_pointer(worker, 0);
	return string;
}

void attributes_make(struct worker *worker, char *at, bool of_file)
{
	OBJECT_ATTRIBUTES attributes = {.Length = sizeof(attributes)};
	UNICODE_STRING name =
		of_file ? text_make(worker, at + 64, file_names, COUNT_OF(file_names))
			: text_make(worker, at + 64, object_names, COUNT_OF(object_names));

	if (of_file || !one_in(worker, 3))
		attributes.ObjectName = (UNICODE_STRING *)(void *)(at + 64);
	if (one_in(worker, 6))
		attributes.RootDirectory = handle_pick(worker, of_file ? "File" : "Directory");
	if (one_in(worker, 2))
		attributes.Attributes = OBJ_CASE_INSENSITIVE | OBJ_OPENIF;
	if (one_in(worker, 8))
		attributes.Attributes = (ULONG)value_any(worker);
	if (one_in(worker, 24))
		attributes.Length = (ULONG)value_any(worker);
	if (one_in(worker, 24))
		attributes.SecurityDescriptor = (PVOID)(uintptr_t)value_any(worker);
	memcpy(at + 64, &name, sizeof(name));
	memcpy(at, &attributes, sizeof(attributes));
}

static void handles_make(struct worker *worker, char *at)
{
	HANDLE handles[64];

	for (unsigned i = 0; i < COUNT_OF(handles); i++)
		handles[i] = i < 4 ? handle_pick(worker, "") : NULL;
	memcpy(at, handles, sizeof(handles));
}

/* Whoever gets these registers ends: two threads on one stack would be no test of the kernel. */
static void NTAPI registers_end_here(void)
{
	NtTerminateThread(CURRENT_THREAD, STATUS_SUCCESS);
}

/* The registers that the thread has, some of them changed. */
static void context_make(struct worker *worker, char *at)
{
	CONTEXT *context = (CONTEXT *)(void *)at;
	uint64_t *words = (uint64_t *)(void *)at;

	memset(at, 0, sizeof(*context));
	context->ContextFlags = CONTEXT_ALL;
	if (one_in(worker, 2))
		NtGetContextThread(CURRENT_THREAD, context);
	context->Rip = (uintptr_t)registers_end_here;
	context->Rsp = (uintptr_t)at + 2 * EXTRA - 8;
	for (uint64_t i = random_below(&worker->random, 6); i-- > 0;)
		words[random_below(&worker->random, sizeof(*context) / 8)] = value_any(worker);
	context->ContextFlags = CONTEXT_AMD64 | (ULONG)random_below(&worker->random, 32);
	if (one_in(worker, 16))
		context->ContextFlags = (ULONG)value_any(worker);
}

static void client_id_make(struct worker *worker, char *at)
{
	CLIENT_ID id = {.UniqueProcess = NtCurrentTeb()->Reserved1[8]};

	if (one_in(worker, 2))
		id.UniqueThread = (HANDLE)(uintptr_t)worker->id;
	if (one_in(worker, 4))
		id.UniqueProcess = NULL;
	memcpy(at, &id, sizeof(id));
}

static void exception_make(struct worker *worker, char *at)
{
	EXCEPTION_RECORD record = {.ExceptionCode = (DWORD)value_any(worker) | 0xC0000000u,
				   .NumberParameters = (DWORD)random_below(&worker->random, 17)};

	memcpy(at, &record, sizeof(record));
}

static void parameters_make(struct worker *worker, char *at)
{
	struct memory_parameter rows[4] = {{.type = 0}};

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		rows[i].type = random_below(&worker->random, 4);
		rows[i].value = one_in(worker, 2) ? 0 : (uintptr_t)at + EXTRA;
	}
	memcpy(at, rows, sizeof(rows));
	for (unsigned i = 0; i < 3; i++) {
		uint64_t value = one_in(worker, 2) ? 0 : value_address(worker);

		memcpy(at + EXTRA + i * sizeof(value), &value, sizeof(value));
	}
}

static void words_make(struct worker *worker, char *at, size_t bytes)
{
	for (size_t i = 0; i + 8 <= bytes && i < 64; i += 8) {
		uint64_t value = value_any(worker);

		memcpy(at + i, &value, sizeof(value));
	}
}

void content_by_hint(struct worker *worker, char hint, char *at, size_t bytes)
{
	UNICODE_STRING text;
	uint64_t word;

	switch (hint) {
	case 'T':
		word = timeout_pick(worker);
		break;
	case 'E':
		parameters_make(worker, at);
		return;
	case 'H':
		handles_make(worker, at);
		return;
	case 'U':
		text = text_make(worker, at, object_names, COUNT_OF(object_names));
		memcpy(at, &text, sizeof(text));
		return;
	case 'V':
		text = (UNICODE_STRING){.MaximumLength =
						(USHORT)(random_below(&worker->random, 200)),
					.Buffer = (WCHAR *)(void *)(at + EXTRA)};
		memcpy(at, &text, sizeof(text));
		return;
	case 'X':
		context_make(worker, at);
		return;
	case 'e':
		exception_make(worker, at);
		return;
	case 'i':
		client_id_make(worker, at);
		return;
	case 'r':
		words_make(worker, at, 64);
		word = value_address(worker);
		memcpy(at, &word, sizeof(word));
		word = value_size(worker);
		memcpy(at + 8, &word, sizeof(word));
		return;
	case 'J':
	case '.':
		words_make(worker, at, bytes);
		return;
	default:
		word = value_by_hint(worker, hint);
		break;
	}
	memcpy(at, &word, sizeof(word));
}

/* ---- NtCreateUserProcess: a list of attributes that names the program ---- */

struct attribute_list {
	SIZE_T total_bytes;
	struct ps_attribute image_name, client_id;
};

void create_user_process_fill(struct worker *worker)
{
	static const WCHAR image[] = L"\\??\\C:\\bin\\hello.exe"; /* nobody writes to it */
	struct attribute_list list = {.total_bytes = sizeof(list)};
	struct ps_create_info information = {.size_bytes = sizeof(information)};
	uint64_t *arguments = worker->perform.arguments;
	char *at = arena_slot(worker, 10);

	memcpy(at + EXTRA, image, sizeof(image));
	list.image_name = (struct ps_attribute){PS_ATTRIBUTE_IMAGE_NAME,
						sizeof(image) - sizeof(WCHAR), at + EXTRA, NULL};
	list.client_id =
		(struct ps_attribute){PS_ATTRIBUTE_CLIENT_ID, sizeof(CLIENT_ID), at + 512, NULL};
	memcpy(at, &list, sizeof(list));
	memcpy(arena_slot(worker, 9), &information, sizeof(information));
	arguments[4] = arguments[5] = 0;
	arguments[6] &= PROCESS_CREATE_FLAGS_INHERIT_HANDLES;
	arguments[7] = THREAD_CREATE_FLAGS_CREATE_SUSPENDED;
	arguments[8] = (uintptr_t)worker->parameters;
	arguments[9] = (uintptr_t)arena_slot(worker, 9);
	arguments[10] = (uintptr_t)at;
}
