/*
 * peb.h - the process environment block and the module list, with the fields that ntdll owns.
 * Offsets are Windows'.
 */
#pragma once

#include "native.h"

/* PEB_LDR_DATA */
struct module_lists {
	ULONG length_bytes;
	BOOLEAN initialized;
	PVOID subsystem_handle;
	LIST_ENTRY load_order, memory_order, initialization_order;
};
_Static_assert(offsetof(struct module_lists, memory_order) == 0x20, "PEB_LDR_DATA");

/* LDR_DATA_TABLE_ENTRY: one loaded module. Lives until the process ends. */
struct module {
	LIST_ENTRY load_order, memory_order, initialization_order;
	PVOID base, entry;
	ULONG image_bytes;
	UNICODE_STRING full_name, base_name;
	ULONG flags;
	USHORT load_count, tls_index;
	LIST_ENTRY hash_links;
	ULONG time_stamp;
	/* Ours, after what debuggers know: */
	bool is_bound;	  /* its imports are resolved, or being resolved (cycles) */
	bool is_attached; /* its entry point has been called */
};
_Static_assert(offsetof(struct module, base) == 0x30, "LDR_DATA_TABLE_ENTRY");
_Static_assert(offsetof(struct module, base_name) == 0x58, "LDR_DATA_TABLE_ENTRY");

#define MODULE_IS_DLL 4u /* in flags, as on Windows */

/* The beginning of the PEB. */
struct peb {
	BYTE flags[4];
	PVOID mutant;
	PVOID image_base;
	struct module_lists *modules;
	struct process_parameters *parameters;
	PVOID subsystem_data;
	PVOID heap;
};
_Static_assert(offsetof(struct peb, modules) == 0x18, "PEB");
_Static_assert(offsetof(struct peb, heap) == 0x30, "PEB");

static inline struct peb *peb_current(void)
{
	return (struct peb *)NtCurrentTeb()->ProcessEnvironmentBlock;
}
