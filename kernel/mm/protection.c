/*
 * protection.c - the matrices of nt-semantics section 4 as rights: a view needs a subset of what
 * its section has.
 */
#include "protection.h"

#include "mm.h"

static bool is_single_bit(uint32_t value)
{
	return value && !(value & (value - 1));
}

bool protection_is_valid(uint32_t protection)
{
	uint32_t base = protection & PAGE_BASE_MASK;
	uint32_t modifiers = protection & ~PAGE_BASE_MASK;

	if (!is_single_bit(base) || (modifiers & ~PAGE_MODIFIER_MASK))
		return false;
	return !modifiers || (is_single_bit(modifiers) && base != PAGE_NOACCESS);
}

unsigned protection_rights(uint32_t protection)
{
	switch (protection & PAGE_BASE_MASK) {
	case PAGE_READONLY:
		return RIGHT_READ;
	case PAGE_READWRITE:
	case PAGE_WRITECOPY:
		return RIGHT_READ | RIGHT_WRITE;
	case PAGE_EXECUTE: /* x86 cannot execute without reading */
	case PAGE_EXECUTE_READ:
		return RIGHT_READ | RIGHT_EXECUTE;
	case PAGE_EXECUTE_READWRITE:
	case PAGE_EXECUTE_WRITECOPY:
		return RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE;
	}
	return 0;
}

uint64_t protection_hardware_bits(uint32_t protection, bool is_private)
{
	unsigned rights = protection_rights(protection);
	uint64_t bits = PTE_USER | PTE_ACCESSED;

	if ((rights & RIGHT_WRITE) && (is_private || !protection_is_copy(protection)))
		bits |= PTE_WRITE;
	if (!(rights & RIGHT_EXECUTE))
		bits |= PTE_NO_EXECUTE;
	if (protection & PAGE_NOCACHE)
		bits |= PTE_UNCACHED;
	if (protection & PAGE_WRITECOMBINE)
		bits |= PTE_WRITE_COMBINE;
	return bits;
}

uint32_t protection_after_copy(uint32_t protection)
{
	uint32_t modifiers = protection & ~PAGE_BASE_MASK;

	if (protection & PAGE_WRITECOPY)
		return PAGE_READWRITE | modifiers;
	if (protection & PAGE_EXECUTE_WRITECOPY)
		return PAGE_EXECUTE_READWRITE | modifiers;
	return protection;
}

uint32_t protection_before_copy(uint32_t protection)
{
	uint32_t modifiers = protection & ~PAGE_BASE_MASK;

	if (protection & PAGE_READWRITE)
		return PAGE_WRITECOPY | modifiers;
	if (protection & PAGE_EXECUTE_READWRITE)
		return PAGE_EXECUTE_WRITECOPY | modifiers;
	return protection;
}

uint32_t protection_without_execute(uint32_t protection)
{
	uint32_t modifiers = protection & ~PAGE_BASE_MASK;

	switch (protection & PAGE_BASE_MASK) {
	case PAGE_EXECUTE:
	case PAGE_EXECUTE_READ:
		return PAGE_READONLY | modifiers;
	case PAGE_EXECUTE_READWRITE:
		return PAGE_READWRITE | modifiers;
	case PAGE_EXECUTE_WRITECOPY:
		return PAGE_WRITECOPY | modifiers;
	}
	return protection;
}

uint32_t protection_in_allocation(uint32_t allocation_protect, uint32_t protection)
{
	protection &= ~PAGE_CACHE_MASK;
	if (protection & PAGE_NOACCESS)
		return protection;
	return protection | (allocation_protect & PAGE_CACHE_MASK);
}

/*
 * Rights in the sense of the tables: copy-on-write needs only reading, and PAGE_EXECUTE alone
 * neither gives nor (where it is asked of a section) takes the right to read.
 */
static unsigned table_rights(uint32_t protection)
{
	switch (protection & PAGE_BASE_MASK) {
	case PAGE_READONLY:
	case PAGE_WRITECOPY:
		return RIGHT_READ;
	case PAGE_READWRITE:
		return RIGHT_READ | RIGHT_WRITE;
	case PAGE_EXECUTE:
		return RIGHT_EXECUTE;
	case PAGE_EXECUTE_READ:
	case PAGE_EXECUTE_WRITECOPY:
		return RIGHT_READ | RIGHT_EXECUTE;
	case PAGE_EXECUTE_READWRITE:
		return RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE;
	}
	return 0;
}

bool protection_section_allows(uint32_t section, uint32_t view)
{
	return !(table_rights(view) & ~table_rights(section));
}

bool protection_view_allows(uint32_t initial, uint32_t wanted)
{
	unsigned have = table_rights(initial);

	if (have & RIGHT_EXECUTE) /* 4.3: X, XR and XWC all have {r, x} */
		have |= RIGHT_READ;
	return !(table_rights(wanted) & ~have);
}

bool protection_is_writable(uint32_t protection)
{
	return (protection & (PAGE_READWRITE | PAGE_EXECUTE_READWRITE)) != 0;
}
