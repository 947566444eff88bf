/*
 * modules.c - the list of modules in the PEB, and mapping a DLL that is not there yet.
 *
 * A DLL is looked up in the program's folder and then in \??\C:\system32. It is mapped as an image
 * section: its pages arrive by page faults like the program's own.
 */
#include <string.h>

#include "loader.h"

static struct module_lists lists;

/* Where the linker puts our own headers. */
extern char __ImageBase[];

static WCHAR *text_copy(const WCHAR *text, size_t chars)
{
	WCHAR *copy = RtlAllocateHeap(peb_current()->heap, 0, (chars + 1) * sizeof(WCHAR));

	if (copy) {
		memcpy(copy, text, chars * sizeof(WCHAR));
		copy[chars] = 0;
	}
	return copy;
}

/* The part of a path behind its last backslash. */
static UNICODE_STRING path_last(const UNICODE_STRING *path)
{
	USHORT chars = path->Length / sizeof(WCHAR), start = chars;
	USHORT bytes;

	while (start && path->Buffer[start - 1] != L'\\')
		start--;
	bytes = (USHORT)((chars - start) * sizeof(WCHAR));
	return (UNICODE_STRING){bytes, (USHORT)(bytes + sizeof(WCHAR)), path->Buffer + start};
}

static void list_append(LIST_ENTRY *head, LIST_ENTRY *entry)
{
	entry->Flink = head;
	entry->Blink = head->Blink;
	head->Blink->Flink = entry;
	head->Blink = entry;
}

static void list_init(LIST_ENTRY *head)
{
	head->Flink = head->Blink = head;
}

/* Enters an image that is mapped and relocated. `path` is copied. */
static NTSTATUS module_enter(const struct image *image, const UNICODE_STRING *path,
			     struct module **result)
{
	struct module *module =
		RtlAllocateHeap(peb_current()->heap, HEAP_ZERO_MEMORY, sizeof(*module));
	WCHAR *name = text_copy(path->Buffer, path->Length / sizeof(WCHAR));
	uint32_t entry = image->headers->OptionalHeader.AddressOfEntryPoint;

	if (!module || !name)
		return STATUS_NO_MEMORY;
	module->base = image->base;
	module->entry = entry ? image_range(image, entry, 1) : NULL;
	module->image_bytes = (ULONG)image->bytes;
	module->full_name =
		(UNICODE_STRING){path->Length, (USHORT)(path->Length + sizeof(WCHAR)), name};
	module->base_name = path_last(&module->full_name);
	module->load_count = 1;
	if (image->headers->FileHeader.Characteristics & IMAGE_FILE_DLL)
		module->flags = MODULE_IS_DLL;
	module->time_stamp = image->headers->FileHeader.TimeDateStamp;
	list_init(&module->initialization_order);
	list_init(&module->hash_links);
	list_append(&lists.load_order, &module->load_order);
	list_append(&lists.memory_order, &module->memory_order);
	*result = module;
	return STATUS_SUCCESS;
}

NTSTATUS modules_init(struct peb *peb)
{
	struct image image;
	struct module *module;
	UNICODE_STRING ntdll_path;
	NTSTATUS status;

	lists.length_bytes = sizeof(lists);
	list_init(&lists.load_order);
	list_init(&lists.memory_order);
	list_init(&lists.initialization_order);
	peb->modules = &lists;
	status = image_open(&image, peb->image_base);
	if (NT_SUCCESS(status))
		status = image_relocate(&image);
	if (NT_SUCCESS(status))
		status = module_enter(&image, &peb->parameters->image_path_name, &module);
	if (NT_SUCCESS(status))
		status = image_open(&image, __ImageBase);
	if (!NT_SUCCESS(status))
		return status;
	RtlInitUnicodeString(&ntdll_path, L"\\??\\C:\\system32\\ntdll.dll");
	status = module_enter(&image, &ntdll_path, &module);
	if (!NT_SUCCESS(status))
		return status;
	module->is_bound = true;
	lists.initialized = TRUE;
	return STATUS_SUCCESS;
}

void module_append_initialization(struct module *module)
{
	if (module->flags & MODULE_IS_DLL)
		list_append(&lists.initialization_order, &module->initialization_order);
}

static bool names_equal(const UNICODE_STRING *wide, const char *name)
{
	size_t chars = wide->Length / sizeof(WCHAR);

	if (strlen(name) != chars)
		return false;
	for (size_t i = 0; i < chars; i++)
		if (RtlUpcaseUnicodeChar(wide->Buffer[i]) !=
		    RtlUpcaseUnicodeChar((unsigned char)name[i]))
			return false;
	return true;
}

struct module *module_find(const char *name)
{
	for (LIST_ENTRY *link = lists.load_order.Flink; link != &lists.load_order;
	     link = link->Flink) {
		struct module *module = CONTAINING_RECORD(link, struct module, load_order);

		if (names_equal(&module->base_name, name))
			return module;
	}
	return NULL;
}

/* ---- loading ---- */

struct module_path {
	UNICODE_STRING name;
	WCHAR text[MODULE_PATH_CHARS];
};

/* folder + name; the folder's own last part (a program's file name) is dropped. */
static NTSTATUS module_path_make(struct module_path *path, const UNICODE_STRING *folder,
				 const char *name)
{
	UNICODE_STRING last = path_last(folder), start = *folder;
	WCHAR wide[MODULE_PATH_CHARS];
	size_t length = strlen(name);
	NTSTATUS status = STATUS_SUCCESS;

	if (length >= MODULE_PATH_CHARS)
		return STATUS_OBJECT_NAME_INVALID;
	for (size_t i = 0; i <= length; i++)
		wide[i] = (unsigned char)name[i];
	start.Length = (USHORT)(start.Length - last.Length);
	path->name = (UNICODE_STRING){0, sizeof(path->text), path->text};
	if (start.Length >= 2 * sizeof(WCHAR) && start.Buffer[1] == L':')
		status = RtlAppendUnicodeToString(&path->name, L"\\??\\");
	if (NT_SUCCESS(status))
		status = RtlAppendUnicodeStringToString(&path->name, &start);
	if (NT_SUCCESS(status))
		status = RtlAppendUnicodeToString(&path->name, wide);
	return status;
}

static NTSTATUS image_map(const struct module_path *path, PVOID *base)
{
	OBJECT_ATTRIBUTES attributes;
	IO_STATUS_BLOCK io;
	HANDLE file, section;
	SIZE_T bytes = 0;
	NTSTATUS status;

	InitializeObjectAttributes(&attributes, (UNICODE_STRING *)&path->name, OBJ_CASE_INSENSITIVE,
				   NULL, NULL);
	status = NtOpenFile(&file, FILE_READ_DATA | FILE_EXECUTE | SYNCHRONIZE, &attributes, &io,
			    FILE_SHARE_READ | FILE_SHARE_DELETE,
			    FILE_NON_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT);
	if (!NT_SUCCESS(status))
		return status;
	status = NtCreateSection(&section, SECTION_MAP_READ | SECTION_MAP_EXECUTE | SECTION_QUERY,
				 NULL, NULL, PAGE_READONLY, SEC_IMAGE, file);
	NtClose(file);
	if (!NT_SUCCESS(status))
		return status;
	*base = NULL;
	status = NtMapViewOfSection(section, CURRENT_PROCESS, base, 0, 0, NULL, &bytes, ViewShare,
				    0, PAGE_READONLY);
	NtClose(section);
	if (status == STATUS_IMAGE_MACHINE_TYPE_MISMATCH) { /* mapped, but not for this CPU */
		NtUnmapViewOfSection(CURRENT_PROCESS, *base);
		return STATUS_INVALID_IMAGE_FORMAT;
	}
	return status;
}

/* Tries one folder. */
static NTSTATUS module_load_from(const UNICODE_STRING *folder, const char *name,
				 struct module **result)
{
	struct module_path path;
	struct image image;
	PVOID base;
	NTSTATUS status = module_path_make(&path, folder, name);

	if (NT_SUCCESS(status))
		status = image_map(&path, &base);
	if (!NT_SUCCESS(status))
		return status;
	status = image_open(&image, base);
	if (NT_SUCCESS(status))
		status = image_relocate(&image);
	if (NT_SUCCESS(status))
		status = module_enter(&image, &path.name, result);
	if (!NT_SUCCESS(status))
		NtUnmapViewOfSection(CURRENT_PROCESS, base);
	return status;
}

static bool is_not_found(NTSTATUS status)
{
	return status == STATUS_OBJECT_NAME_NOT_FOUND || status == STATUS_OBJECT_PATH_NOT_FOUND ||
	       status == STATUS_OBJECT_NAME_INVALID || status == STATUS_NO_SUCH_FILE;
}

NTSTATUS module_load(const char *name, struct module **result)
{
	UNICODE_STRING system_folder;
	NTSTATUS status;

	*result = module_find(name);
	if (*result)
		return STATUS_SUCCESS;
	status = module_load_from(&peb_current()->parameters->image_path_name, name, result);
	if (!is_not_found(status))
		return status;
	RtlInitUnicodeString(&system_folder, L"\\??\\C:\\system32\\");
	status = module_load_from(&system_folder, name, result);
	return is_not_found(status) ? STATUS_DLL_NOT_FOUND : status;
}
