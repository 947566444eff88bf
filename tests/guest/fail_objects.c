/*
 * fail_objects.c - objects with names, in directories and behind links; tables of handles that
 * grow; waits for many.
 */
#include <string.h>

#include "fail_groups.h"

#define HANDLES_PER_PAGE 256u
#define WAITED_FOR 40u
#define MADE_AT_ONCE 200u

static struct {
	HANDLE directory, link, event;
	HANDLE made;
	HANDLE copies[MADE_AT_ONCE];
	unsigned copy_count;
	OBJECT_ATTRIBUTES attributes;
	UNICODE_STRING name, target;
	ACCESS_MASK access;
} it;

/* ---- one operation on a name, for every type ---- */

static NTSTATUS make_event(void)
{
	return NtCreateEvent(&it.made, it.access, &it.attributes, NotificationEvent, FALSE);
}

static NTSTATUS make_semaphore(void)
{
	return NtCreateSemaphore(&it.made, it.access, &it.attributes, 0, 1);
}

static NTSTATUS make_mutant(void)
{
	return NtCreateMutant(&it.made, it.access, &it.attributes, FALSE);
}

static NTSTATUS make_directory(void)
{
	return NtCreateDirectoryObject(&it.made, it.access, &it.attributes);
}

static NTSTATUS make_link(void)
{
	return NtCreateSymbolicLinkObject(&it.made, it.access, &it.attributes, &it.target);
}

static NTSTATUS make_section(void)
{
	LARGE_INTEGER size = {.QuadPart = PAGE_BYTES};

	return NtCreateSection(&it.made, it.access, &it.attributes, &size, PAGE_READWRITE,
			       SEC_COMMIT, NULL);
}

static NTSTATUS open_event(void)
{
	return NtOpenEvent(&it.made, it.access, &it.attributes);
}

static NTSTATUS open_semaphore(void)
{
	return NtOpenSemaphore(&it.made, it.access, &it.attributes);
}

static NTSTATUS open_mutant(void)
{
	return NtOpenMutant(&it.made, it.access, &it.attributes);
}

static NTSTATUS open_directory(void)
{
	return NtOpenDirectoryObject(&it.made, it.access, &it.attributes);
}

static NTSTATUS open_link(void)
{
	return NtOpenSymbolicLinkObject(&it.made, it.access, &it.attributes);
}

static NTSTATUS open_section(void)
{
	return NtOpenSection(&it.made, it.access, &it.attributes);
}

static const struct type {
	const char *name;
	ACCESS_MASK access;
	NTSTATUS (*make)(void);
	NTSTATUS (*open)(void);
} types[] = {
	{"an event", EVENT_ALL_ACCESS, make_event, open_event},
	{"a semaphore", SEMAPHORE_ALL_ACCESS, make_semaphore, open_semaphore},
	{"a mutant", MUTANT_ALL_ACCESS, make_mutant, open_mutant},
	{"a directory", DIRECTORY_ALL_ACCESS, make_directory, open_directory},
	{"a link", SYMBOLIC_LINK_ALL_ACCESS, make_link, open_link},
	{"a section", SECTION_ALL_ACCESS, make_section, open_section},
};

/* Where the name is looked up. */
enum place { BELOW_THE_ROOT, BELOW_A_HANDLE, BEHIND_A_LINK, PLACES };
static const char *const place_names[PLACES] = {"", ", below a handle", ", behind a link"};
static const WCHAR *const place_texts[PLACES] = {L"\\BaseNamedObjects\\fail-new",
						 L"fail-a-name-that-is-rather-long",
						 L"\\BaseNamedObjects\\fail-link\\new"};

enum operation { MAKE, MAKE_IF, OPEN, OPERATIONS };
static const char *const operation_names[OPERATIONS] = {"made", "made, or opened", "opened"};

struct named {
	const struct type *type;
	enum place place;
	enum operation operation;
	HANDLE existing;
};

static void name_set(const struct named *named, ULONG attributes)
{
	RtlInitUnicodeString(&it.name, place_texts[named->place]);
	RtlInitUnicodeString(&it.target, L"\\BaseNamedObjects");
	InitializeObjectAttributes(&it.attributes, &it.name, attributes,
				   named->place == BELOW_A_HANDLE ? it.directory : NULL, NULL);
	it.access = named->type->access;
}

static void prepare_named(void *context)
{
	struct named *named = context;

	name_set(named, 0);
	it.made = NULL;
	named->existing = NULL;
	if (named->operation != MAKE && NT_SUCCESS(named->type->make()))
		named->existing = it.made;
	it.made = NULL;
	name_set(named, OBJ_CASE_INSENSITIVE | (named->operation == MAKE_IF ? OBJ_OPENIF : 0));
}

static NTSTATUS perform_named(void *context)
{
	const struct named *named = context;

	return named->operation == OPEN ? named->type->open() : named->type->make();
}

static void undo_named(void *context, NTSTATUS status)
{
	struct named *named = context;

	if (NT_SUCCESS(status))
		NtClose(it.made);
	if (named->existing)
		NtClose(named->existing);
}

static void run_named(void)
{
	static char title[100];
	static struct named named;
	const struct scenario scenario = {.name = title,
					  .prepare = prepare_named,
					  .perform = perform_named,
					  .undo = undo_named,
					  .context = &named};

	for (size_t i = 0; i < COUNT_OF(types); i++)
		for (unsigned place = 0; place < PLACES; place++)
			for (unsigned operation = 0; operation < OPERATIONS; operation++) {
				named = (struct named){&types[i], (enum place)place,
						       (enum operation)operation, NULL};
				format_text(title, sizeof(title), "%s %s%s", types[i].name,
					    operation_names[operation], place_names[place]);
				scenario_run(&scenario);
			}
}

/* ---- others ---- */

static NTSTATUS duplicate_to(HANDLE process, HANDLE *copy)
{
	return NtDuplicateObject(CURRENT_PROCESS, it.event, process, copy, 0, 0,
				 DUPLICATE_SAME_ACCESS);
}

/* A process whose table has all entries in use; entry 0 is nobody's. */
static void prepare_full_table(void *context)
{
	HANDLE copy;

	(void)context;
	if (!NT_SUCCESS(NtCreateProcessEx(&it.made, PROCESS_ALL_ACCESS, NULL, CURRENT_PROCESS, 0,
					  NULL, NULL, NULL, 0)))
		bail_out("a process for its table of handles", STATUS_UNSUCCESSFUL);
	for (unsigned i = 1; i < HANDLES_PER_PAGE; i++)
		duplicate_to(it.made, &copy);
}

static NTSTATUS duplicate_one(void *context)
{
	HANDLE copy;

	(void)context;
	return duplicate_to(it.made, &copy);
}

static void drop_table(void *context, NTSTATUS status)
{
	(void)context;
	(void)status;
	NtClose(it.made);
}

static void prepare_many(void *context)
{
	(void)context;
	while (it.copy_count < WAITED_FOR &&
	       NT_SUCCESS(duplicate_to(CURRENT_PROCESS, &it.copies[it.copy_count])))
		it.copy_count++;
}

static void drop_many(void *context, NTSTATUS status)
{
	(void)context;
	(void)status;
	while (it.copy_count)
		NtClose(it.copies[--it.copy_count]);
}

/* So many that the pool needs another page. */
static NTSTATUS make_many(void *context)
{
	NTSTATUS status = STATUS_SUCCESS;

	(void)context;
	while (NT_SUCCESS(status) && it.copy_count < MADE_AT_ONCE) {
		status = NtCreateEvent(&it.copies[it.copy_count], EVENT_ALL_ACCESS, NULL,
				       NotificationEvent, FALSE);
		it.copy_count += NT_SUCCESS(status);
	}
	if (!NT_SUCCESS(status))
		drop_many(context, status);
	return status;
}

static NTSTATUS wait_for_many(void *context)
{
	LARGE_INTEGER now = {.QuadPart = 0};

	(void)context;
	return NtWaitForMultipleObjects(it.copy_count, it.copies, WaitAny, FALSE, &now);
}

static NTSTATUS link_told(void *context)
{
	static WCHAR text[64];
	UNICODE_STRING target = {.MaximumLength = sizeof(text), .Buffer = text};
	ULONG length;

	(void)context;
	return NtQuerySymbolicLinkObject(it.link, &target, &length);
}

static NTSTATUS object_told(void *context)
{
	static char buffer[4000];
	ULONG class = (ULONG)(uintptr_t)context, length;

	return NtQueryObject(it.directory, (OBJECT_INFORMATION_CLASS) class, buffer, sizeof(buffer),
			     &length);
}

static const struct scenario scenarios[] = {
	{"a table of handles grows",
	 prepare_full_table,
	 duplicate_one,
	 drop_table,
	 NULL,
	 0,
	 {0},
	 true,
	 0},
	{"a wait for many", prepare_many, wait_for_many, drop_many, NULL, 0, {0}, false, 0},
	{"many events",
	 NULL,
	 make_many,
	 drop_many,
	 NULL,
	 0,
	 {0},
	 false,
	 1u << QUIRE_FAIL_POOL_PAGE},
	{"the target of a link", NULL, link_told, NULL, NULL, 0, {0}, false, 0},
	{"the name of a directory", NULL, object_told, NULL, (void *)1, 0, {0}, false, 0},
	{"all types", NULL, object_told, NULL, (void *)3, 0, {0}, false, 0},
};

void fail_objects_run(void)
{
	struct named named = {.type = &types[4], .place = BELOW_THE_ROOT};

	name_set(&named, 0);
	RtlInitUnicodeString(&it.name, L"\\BaseNamedObjects\\fail-link");
	make_link();
	it.link = it.made;
	RtlInitUnicodeString(&it.name, L"\\BaseNamedObjects\\fail-directory");
	it.access = DIRECTORY_ALL_ACCESS;
	make_directory();
	it.directory = it.made;
	InitializeObjectAttributes(&it.attributes, NULL, 0, NULL, NULL);
	it.access = EVENT_ALL_ACCESS;
	make_event();
	it.event = it.made;
	run_named();
	for (size_t i = 0; i < COUNT_OF(scenarios); i++)
		scenario_run(&scenarios[i]);
}
