/*
 * start.c - the life of a process in user mode: LdrInitializeThunk, the program's entry, the exit;
 * and the Ldr calls that programs may use themselves.
 */
#include <string.h>

#include "console.h"
#include "format.h"
#include "loader.h"
#include "spin.h"

typedef BOOL(NTAPI *dll_entry)(PVOID base, ULONG reason, PVOID reserved);
typedef NTSTATUS(NTAPI *program_entry)(struct peb *peb);

/* Guards the module list after start-up. */
static struct spin loader_lock;

extern char __ImageBase[];

_Noreturn void loader_start(struct peb *peb, program_entry entry);
_Noreturn void thread_main(thread_start_routine start, PVOID argument);

/* Ends the process: the reason goes to the kernel's log and to standard error. */
static _Noreturn void start_fail(const struct bind_failure *failure, NTSTATUS status)
{
	char reason[300];

	if (status == STATUS_DLL_NOT_FOUND)
		format_text(reason, sizeof(reason),
			    "%s is in neither the program's folder nor \\system32",
			    failure->library);
	else if (status == STATUS_ENTRYPOINT_NOT_FOUND || status == STATUS_ORDINAL_NOT_FOUND)
		format_text(reason, sizeof(reason), "%s does not export %s", failure->library,
			    failure->symbol);
	else if (failure->library[0])
		format_text(reason, sizeof(reason), "%s cannot be used", failure->library);
	else
		format_text(reason, sizeof(reason), "the image cannot be used");
	log_line("ntdll: %s cannot start: %s (status 0x%08x)", failure->importer, reason,
		 (unsigned)status);
	print_error("%s cannot start: %s (status 0x%08x)\n", failure->importer, reason,
		    (unsigned)status);
	RtlExitUserProcess(status);
	__builtin_unreachable();
}

NTSTATUS modules_attach(void)
{
	LIST_ENTRY *head = &peb_current()->modules->initialization_order;

	for (LIST_ENTRY *link = head->Flink; link != head; link = link->Flink) {
		struct module *module =
			CONTAINING_RECORD(link, struct module, initialization_order);

		if (module->is_attached)
			continue;
		module->is_attached = true;
		if (module->entry &&
		    !((dll_entry)module->entry)(module->base, DLL_PROCESS_ATTACH, NULL))
			return STATUS_DLL_INIT_FAILED;
	}
	return STATUS_SUCCESS;
}

/*
 * The kernel enters the first thread here (entry.S). Until ntdll has relocated itself nothing may
 * use an address stored in its data; code finds its data relative to itself.
 */
_Noreturn void loader_start(struct peb *peb, program_entry entry)
{
	struct bind_failure failure = {.importer = "the program"};
	struct image self;
	NTSTATUS status = image_open(&self, __ImageBase);

	if (NT_SUCCESS(status))
		status = image_relocate(&self);
	if (NT_SUCCESS(status)) {
		peb->heap = RtlCreateHeap(HEAP_GROWABLE, NULL, 0, 0, NULL, NULL);
		status = peb->heap ? modules_init(peb) : STATUS_NO_MEMORY;
	}
	if (NT_SUCCESS(status))
		status = module_bind(CONTAINING_RECORD(peb->modules->load_order.Flink,
						       struct module, load_order),
				     &failure);
	if (NT_SUCCESS(status))
		status = modules_attach();
	if (!NT_SUCCESS(status))
		start_fail(&failure, status);
	NtTestAlert(); /* what was queued to the first thread before it ran */
	RtlExitUserProcess(entry(peb));
	__builtin_unreachable();
}

/* What was queued to the thread before it ran comes first. */
_Noreturn void thread_main(thread_start_routine start, PVOID argument)
{
	NtTestAlert();
	RtlExitUserThread(start(argument));
	__builtin_unreachable();
}

void NTAPI RtlExitUserProcess(NTSTATUS status)
{
	NtTerminateProcess(CURRENT_PROCESS, status);
	__builtin_trap(); /* not reached: the call does not return to the process it ends */
}

void NTAPI RtlExitUserThread(NTSTATUS status)
{
	NtTerminateThread(CURRENT_THREAD, status);
	__builtin_trap();
}

/* ---- Ldr calls ---- */

/* A module's name as the list holds it; ".dll" is added to a name without a dot. */
static NTSTATUS name_decode(const UNICODE_STRING *wide, char *name, size_t capacity)
{
	size_t length = format_text(name, capacity, "%.*ls", wide->Length / (int)sizeof(WCHAR),
				    (const wchar_t *)wide->Buffer);

	if (length + sizeof(".dll") > capacity)
		return STATUS_INVALID_PARAMETER;
	if (!strchr(name, '.'))
		memcpy(name + length, ".dll", sizeof(".dll"));
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI LdrGetDllHandle(const WCHAR *path, ULONG *flags, const UNICODE_STRING *name,
			       PVOID *base)
{
	char text[64];
	struct module *module;
	NTSTATUS status = name_decode(name, text, sizeof(text));

	(void)path;
	(void)flags;
	if (!NT_SUCCESS(status))
		return status;
	spin_lock(&loader_lock);
	module = module_find(text);
	spin_unlock(&loader_lock);
	if (!module)
		return STATUS_DLL_NOT_FOUND;
	*base = module->base;
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI LdrLoadDll(const WCHAR *path, ULONG *flags, const UNICODE_STRING *name, PVOID *base)
{
	char text[64];
	struct bind_failure failure;
	struct module *module;
	NTSTATUS status = name_decode(name, text, sizeof(text));

	(void)path;
	(void)flags;
	if (!NT_SUCCESS(status))
		return status;
	spin_lock(&loader_lock);
	status = module_load(text, &module);
	if (NT_SUCCESS(status) && !module->is_bound)
		status = module_bind(module, &failure);
	if (NT_SUCCESS(status))
		status = modules_attach();
	spin_unlock(&loader_lock);
	if (NT_SUCCESS(status))
		*base = module->base;
	return status;
}

static struct module *module_at(PVOID base)
{
	LIST_ENTRY *head = &peb_current()->modules->load_order;

	for (LIST_ENTRY *link = head->Flink; link != head; link = link->Flink) {
		struct module *module = CONTAINING_RECORD(link, struct module, load_order);

		if (module->base == base)
			return module;
	}
	return NULL;
}

NTSTATUS NTAPI LdrGetProcedureAddress(PVOID base, const ANSI_STRING *name, ULONG ordinal,
				      PVOID *address)
{
	char text[256];
	struct bind_failure failure;
	struct module *module;
	NTSTATUS status;

	if (name && (size_t)name->Length >= sizeof(text))
		return STATUS_ENTRYPOINT_NOT_FOUND;
	if (name)
		format_text(text, sizeof(text), "%.*s", name->Length, name->Buffer);
	spin_lock(&loader_lock);
	module = module_at(base);
	status = module ? module_symbol(module, name ? text : NULL, 0, ordinal, address, &failure)
			: STATUS_DLL_NOT_FOUND;
	spin_unlock(&loader_lock);
	return status;
}
