/*
 * stock.c - the handles of a thread: what calls gave it, what it closed, and for each type one that
 * is made when there is none.
 */
#include <string.h>

#include "child.h"
#include "fuzz.h"

#define VICTIM_MS 3u

/* As syscalls.def writes them. "" is any. */
static const char *const types[] = {"",	     "Section", "File",	     "Process",	  "Thread",
				    "Event", "Mutant",	"Semaphore", "Directory", "SymbolicLink"};
#define TYPES COUNT_OF(types)
#define TYPE_ANY 0u

static uint8_t type_number(const char *name)
{
	for (uint8_t i = 1; i < TYPES; i++)
		if (!strcmp(types[i], name))
			return i;
	return TYPE_ANY;
}

static void stale_add(struct worker *worker, HANDLE handle)
{
	worker->stale[worker->stale_count++ % STALE] = handle;
}

static void entry_drop(struct worker *worker, unsigned index)
{
	stale_add(worker, worker->stock[index].handle);
	worker->stock[index] = worker->stock[--worker->stock_count];
}

static void stock_add(struct worker *worker, HANDLE handle, uint8_t type)
{
	if (!handle)
		return;
	if (worker->stock_count == STOCK) {
		unsigned index = (unsigned)random_below(&worker->random, STOCK);

		NtClose(worker->stock[index].handle);
		entry_drop(worker, index);
	}
	worker->stock[worker->stock_count++] = (struct stock_entry){handle, type};
}

/* A handle of the type, or of any other (`is`: false). NULL: there is none. */
static HANDLE stock_pick(struct worker *worker, uint8_t type, bool is)
{
	unsigned start = (unsigned)random_below(&worker->random, STOCK);

	for (unsigned i = 0; i < worker->stock_count; i++) {
		const struct stock_entry *entry = &worker->stock[(start + i) % worker->stock_count];

		if (type == TYPE_ANY || (entry->type == type) == is)
			return entry->handle;
	}
	return NULL;
}

/* ---- one of each type ---- */

/* A thread to be stopped, changed and ended; it goes by itself otherwise. */
static NTSTATUS NTAPI victim_thread(PVOID argument)
{
	LARGE_INTEGER moment = {.QuadPart = -(int)VICTIM_MS * 10000};

	(void)argument;
	NtDelayExecution(TRUE, &moment);
	return STATUS_SUCCESS;
}

static HANDLE thread_make(struct worker *worker)
{
	HANDLE thread = NULL;

	NtCreateThreadEx(&thread, THREAD_ALL_ACCESS, NULL, CURRENT_PROCESS, victim_thread, NULL,
			 one_in(worker, 2) ? THREAD_CREATE_FLAGS_CREATE_SUSPENDED : 0, 0, 0, 0,
			 NULL);
	return thread;
}

/* A process that does nothing, stopped before its first instruction. */
static HANDLE process_make(struct worker *worker)
{
	struct child child;
	UNICODE_STRING image;
	WCHAR path[260];

	if (!NT_SUCCESS(child_own_image(&image, path, COUNT_OF(path))) ||
	    !NT_SUCCESS(child_start_with(&child, &image, "fuzz victim", 0,
					 THREAD_CREATE_FLAGS_CREATE_SUSPENDED)))
		return NULL;
	stock_add(worker, child.thread, type_number("Thread"));
	return child.process;
}

static HANDLE section_make(struct worker *worker)
{
	LARGE_INTEGER size = {.QuadPart = (LONGLONG)value_size(worker) + 1};
	HANDLE section = NULL;

	if (one_in(worker, 2))
		NtCreateSection(&section, SECTION_ALL_ACCESS, NULL, NULL, PAGE_READWRITE,
				SEC_COMMIT, stock_pick(worker, type_number("File"), true));
	if (!section)
		NtCreateSection(&section, SECTION_ALL_ACCESS, NULL, &size, PAGE_READWRITE,
				SEC_COMMIT, NULL);
	return section;
}

static HANDLE file_make(struct worker *worker)
{
	LARGE_INTEGER end = {.QuadPart = (LONGLONG)random_below(&worker->random, 0x20000)};
	IO_STATUS_BLOCK io;
	HANDLE file = NULL;

	attributes_make(worker, arena_slot(worker, 0), true);
	NtCreateFile(&file, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE,
		     (OBJECT_ATTRIBUTES *)arena_slot(worker, 0), &io, NULL, 0,
		     FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, FILE_OPEN_IF,
		     FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
	if (file && one_in(worker, 2))
		NtWriteFile(file, NULL, NULL, NULL, &io, types, sizeof(types), &end, NULL);
	return file;
}

static HANDLE directory_make(struct worker *worker)
{
	OBJECT_ATTRIBUTES attributes;
	UNICODE_STRING name;
	HANDLE directory = NULL;

	(void)worker;
	RtlInitUnicodeString(&name, L"\\BaseNamedObjects");
	InitializeObjectAttributes(&attributes, &name, 0, NULL, NULL);
	NtOpenDirectoryObject(&directory, DIRECTORY_ALL_ACCESS, &attributes);
	return directory;
}

static HANDLE event_make(struct worker *worker)
{
	HANDLE event = NULL;

	NtCreateEvent(&event, EVENT_ALL_ACCESS, NULL, one_in(worker, 2), TRUE);
	return event;
}

static HANDLE mutant_make(struct worker *worker)
{
	HANDLE mutant = NULL;

	NtCreateMutant(&mutant, MUTANT_ALL_ACCESS, NULL, one_in(worker, 2));
	return mutant;
}

static HANDLE semaphore_make(struct worker *worker)
{
	HANDLE semaphore = NULL;

	NtCreateSemaphore(&semaphore, SEMAPHORE_ALL_ACCESS, NULL,
			  (LONG)random_below(&worker->random, 4), 100);
	return semaphore;
}

static HANDLE link_make(struct worker *worker)
{
	UNICODE_STRING target;
	HANDLE link = NULL;

	(void)worker;
	RtlInitUnicodeString(&target, L"\\BaseNamedObjects");
	NtCreateSymbolicLinkObject(&link, SYMBOLIC_LINK_ALL_ACCESS, NULL, &target);
	return link;
}

static HANDLE (*const makers[TYPES])(struct worker *worker) = {
	event_make, section_make, file_make,	  process_make,	  thread_make,
	event_make, mutant_make,  semaphore_make, directory_make, link_make};

void stock_init(struct worker *worker)
{
	worker->stock_count = worker->stale_count = 0;
	for (uint8_t type = 1; type < TYPES; type++)
		stock_add(worker, makers[type](worker), type);
}

/* ---- picking ---- */

static HANDLE live_handle(struct worker *worker, uint8_t type)
{
	HANDLE handle;

	if (type == type_number("Process") && !one_in(worker, 6))
		return CURRENT_PROCESS;
	if (type == type_number("Thread") && one_in(worker, 4))
		return CURRENT_THREAD;
	handle = one_in(worker, 32) ? NULL : stock_pick(worker, type, true);
	if (!handle) {
		handle = makers[type](worker);
		stock_add(worker, handle, type);
	}
	return handle;
}

static HANDLE junk_handle(struct worker *worker)
{
	struct random *random = &worker->random;
	HANDLE live = stock_pick(worker, TYPE_ANY, true);

	switch (random_below(random, 5)) {
	case 0:
		return (HANDLE)(uintptr_t)(random_below(random, 0x400) * 4);
	case 1:
		return (HANDLE)((uintptr_t)live ^ 1ull << random_below(random, 64));
	case 2:
		return (HANDLE)(intptr_t)(-1 - (int)random_below(random, 10));
	case 3:
		return NULL;
	default:
		return (HANDLE)(uintptr_t)value_any(worker);
	}
}

HANDLE handle_pick(struct worker *worker, const char *name)
{
	uint8_t type = type_number(name);
	uint64_t dice = random_below(&worker->random, 10);
	HANDLE handle = NULL;

	if (dice < 7)
		return live_handle(worker, type);
	if (dice == 7)
		handle = worker->stale[random_below(&worker->random, STALE)];
	else if (dice == 8)
		handle = stock_pick(worker, type, false);
	return handle ? handle : junk_handle(worker);
}

/* ---- learning ---- */

/* What NtCreateX and NtOpenX give: the type whose name follows. */
static uint8_t type_made(const char *name)
{
	const char *rest = !strncmp(name, "NtCreate", 8) ? name + 8
			   : !strncmp(name, "NtOpen", 6) ? name + 6
							 : "";

	for (uint8_t i = 1; i < TYPES; i++)
		if (!strncmp(rest, types[i], strlen(types[i])))
			return i;
	return TYPE_ANY;
}

static uint8_t type_of(const struct worker *worker, uint64_t handle)
{
	for (unsigned i = 0; i < worker->stock_count; i++)
		if ((uintptr_t)worker->stock[i].handle == handle)
			return worker->stock[i].type;
	return TYPE_ANY;
}

/* Only our own slots are read: what was written elsewhere is not ours to close. */
static HANDLE handle_given(const struct worker *worker, unsigned argument)
{
	HANDLE handle = NULL;

	if (worker->perform.arguments[argument] == (uintptr_t)arena_slot(worker, argument))
		memcpy(&handle, arena_slot(worker, argument), sizeof(handle));
	return handle;
}

void stock_learn(struct worker *worker, const struct call *call)
{
	const uint64_t *arguments = worker->perform.arguments;
	uint8_t type = type_made(call->name);

	if (type) {
		stock_add(worker, handle_given(worker, 0), type);
	} else if (!strcmp(call->name, "NtCreateUserProcess")) {
		stock_add(worker, handle_given(worker, 0), type_number("Process"));
		stock_add(worker, handle_given(worker, 1), type_number("Thread"));
	} else if (!strcmp(call->name, "NtDuplicateObject") &&
		   arguments[2] == (uintptr_t)CURRENT_PROCESS) {
		stock_add(worker, handle_given(worker, 3), type_of(worker, arguments[1]));
	} else if (!strcmp(call->name, "NtClose")) {
		for (unsigned i = worker->stock_count; i-- > 0;)
			if ((uintptr_t)worker->stock[i].handle == arguments[0])
				entry_drop(worker, i);
	}
}
