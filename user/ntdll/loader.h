/*
 * loader.h - modules of a process: finding, mapping, relocating, binding.
 *
 * The list in the PEB holds every module in the order of loading. Modules are never unloaded.
 */
#pragma once

#include "image.h"
#include "peb.h"

/* Longest path of a module, in characters. */
#define MODULE_PATH_CHARS 260

/* ---- modules.c ---- */

/* Prepares the list and enters ntdll and the program. */
NTSTATUS modules_init(struct peb *peb);
struct module *module_find(const char *name);
/*
 * The module of that name, mapped and relocated if it was not loaded yet. => returns:
 * STATUS_DLL_NOT_FOUND, ...
 */
NTSTATUS module_load(const char *name, struct module **result);

/*
 * Enters a DLL, behind what it depends on, in the order in which entry points are called. Programs
 * are passed over.
 */
void module_append_initialization(struct module *module);

/* ---- bind.c ---- */

/* Why binding failed, for the message. */
struct bind_failure {
	char importer[64], library[64], symbol[128];
};
/* Loads what `module` imports, and so on, and fills the import address tables. */
NTSTATUS module_bind(struct module *module, struct bind_failure *failure);
/* An export, forwarders followed. */
NTSTATUS module_symbol(struct module *module, const char *name, uint32_t hint, uint32_t ordinal,
		       PVOID *address, struct bind_failure *failure);

/* ---- start.c ---- */

/* Calls the entry points of DLLs that have not been called, dependencies first. */
NTSTATUS modules_attach(void);
