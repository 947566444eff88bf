/*
 * fw_cfg.c - the fw_cfg device (fw_cfg.h): a 16-bit selector, a data port that gives the selected
 * item byte by byte, and, where the device has it, a DMA register. Multi-byte numbers in the items
 * are big-endian.
 */
#include "fw_cfg.h"

#include <stddef.h>

#include "machine.h"

#define SELECTOR_PORT 0x510
#define DATA_PORT 0x511
#define DMA_HIGH_PORT 0x514
#define DMA_LOW_PORT 0x518

#define ITEM_SIGNATURE 0x00
#define ITEM_FEATURES 0x01
#define ITEM_DIRECTORY 0x19
#define FEATURE_DMA 0x02

#define DMA_ERROR 0x01u
#define DMA_READ 0x02u
#define DMA_SELECT 0x08u
#define NAME_BYTES 56

struct directory_entry {
	uint32_t size;
	uint16_t selector;
	uint16_t reserved;
	char name[NAME_BYTES]; /* terminated */
};
_Static_assert(sizeof(struct directory_entry) == 64, "layout fixed by the device");

/* The device reads and writes this by its physical address; the firmware maps memory one to one. */
struct dma_command {
	uint32_t control, length;
	uint64_t address;
};

static volatile struct dma_command dma_command __attribute__((aligned(16)));
static bool dma_usable;

/* The port way, for devices without DMA: the caller has selected the item. */
static void data_read(void *to, uint32_t bytes)
{
	port_read8_string(DATA_PORT, to, bytes);
}

/* Reads on in the selected item; `select` is DMA_SELECT and the item in the upper half, or 0. */
static bool dma_read(void *to, uint32_t bytes, uint32_t select)
{
	uint64_t address = (uint64_t)(uintptr_t)&dma_command;
	uint32_t control;

	dma_command.length = __builtin_bswap32(bytes);
	dma_command.address = __builtin_bswap64((uint64_t)(uintptr_t)to);
	dma_command.control = __builtin_bswap32(DMA_READ | select);
	port_write32(DMA_HIGH_PORT, __builtin_bswap32((uint32_t)(address >> 32)));
	port_write32(DMA_LOW_PORT, __builtin_bswap32((uint32_t)address));
	/* QEMU has finished before the write returns; its specification promises only this: */
	do
		control = __builtin_bswap32(dma_command.control);
	while (control & ~DMA_ERROR);
	return control == 0;
}

/* The first bytes of an item. A read in progress elsewhere is forgotten by the device. */
static bool item_read_first(uint16_t item, void *to, uint32_t bytes)
{
	if (dma_usable)
		return dma_read(to, bytes, DMA_SELECT | (uint32_t)item << 16);
	port_write16(SELECTOR_PORT, item);
	data_read(to, bytes);
	return true;
}

/* The bytes behind those read last. */
static bool item_read_next(void *to, uint32_t bytes)
{
	if (dma_usable)
		return dma_read(to, bytes, 0);
	data_read(to, bytes);
	return true;
}

bool fw_cfg_present(void)
{
	char signature[4];
	uint32_t features;

	dma_usable = false;
	if (!(cpu_identify(1).ecx & CPUID_1_ECX_HYPERVISOR))
		return false;
	item_read_first(ITEM_SIGNATURE, signature, sizeof(signature));
	if (__builtin_memcmp(signature, "QEMU", sizeof(signature)) != 0)
		return false;
	item_read_first(ITEM_FEATURES, &features,
			sizeof(features)); /* little-endian, alone of all */
	dma_usable = features & FEATURE_DMA;
	return true;
}

/* The name in an entry comes from outside: it may lack its terminator. */
static bool name_equal(const char *name, const char entry_name[NAME_BYTES])
{
	for (size_t i = 0; i < NAME_BYTES; i++) {
		if (name[i] != entry_name[i])
			return false;
		if (name[i] == 0)
			return true;
	}
	return false;
}

bool fw_cfg_find(const char *name, struct fw_cfg_file *file)
{
	struct directory_entry entry;
	uint32_t count;

	if (!item_read_first(ITEM_DIRECTORY, &count, sizeof(count)))
		return false;
	for (count = __builtin_bswap32(count); count; count--) {
		if (!item_read_next(&entry, sizeof(entry)))
			return false;
		if (!name_equal(name, entry.name))
			continue;
		file->selector = __builtin_bswap16(entry.selector);
		file->size_bytes = __builtin_bswap32(entry.size);
		return true;
	}
	return false;
}

bool fw_cfg_read(const struct fw_cfg_file *file, void *to)
{
	return item_read_first(file->selector, to, file->size_bytes);
}
