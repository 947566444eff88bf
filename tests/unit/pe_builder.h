/*
 * pe_builder.h - makes PE32+ images in memory: a good one, whose fields tests then change.
 */
#pragma once

#include <stdint.h>
#include <string.h>

#define PE_SIGNATURE 0x80 /* e_lfanew of the good image */
#define PE_FILE_HEADER (PE_SIGNATURE + 4)
#define PE_OPTIONAL (PE_FILE_HEADER + 20)
#define PE_OPTIONAL_BYTES 240
#define PE_SECTIONS (PE_OPTIONAL + PE_OPTIONAL_BYTES)
#define PE_SECTION(i) (PE_SECTIONS + 40 * (i))

#define SCN_CODE 0x60000020u /* code, execute, read */
#define SCN_READ 0x40000040u /* initialised data, read */
#define SCN_DATA 0xC0000040u /* initialised data, read, write */
#define SCN_SHARED 0x10000000u
#define SCN_EXECUTE 0x20000000u
#define SCN_READABLE 0x40000000u
#define SCN_WRITABLE 0x80000000u

struct pe_builder {
	uint8_t bytes[0x4000];
	size_t size; /* of the file */
	unsigned section_count;
};

static inline void pe_put16(struct pe_builder *pe, size_t offset, uint16_t value)
{
	memcpy(pe->bytes + offset, &value, sizeof(value));
}

static inline void pe_put32(struct pe_builder *pe, size_t offset, uint32_t value)
{
	memcpy(pe->bytes + offset, &value, sizeof(value));
}

static inline void pe_put64(struct pe_builder *pe, size_t offset, uint64_t value)
{
	memcpy(pe->bytes + offset, &value, sizeof(value));
}

static inline void pe_section(struct pe_builder *pe, uint32_t virtual_size, uint32_t address,
			      uint32_t raw_size, uint32_t raw_offset, uint32_t characteristics)
{
	size_t header = PE_SECTION(pe->section_count);

	pe_put32(pe, header + 8, virtual_size);
	pe_put32(pe, header + 12, address);
	pe_put32(pe, header + 16, raw_size);
	pe_put32(pe, header + 20, raw_offset);
	pe_put32(pe, header + 36, characteristics);
	pe_put16(pe, PE_FILE_HEADER + 2, (uint16_t)++pe->section_count);
}

/*
 * The headers of a program with room for 96 sections and none yet; the file ends where the headers
 * do.
 */
static inline void pe_start(struct pe_builder *pe, uint32_t image_bytes)
{
	memset(pe, 0, sizeof(*pe));
	pe->size = 0x400;
	memcpy(pe->bytes, "MZ", 2);
	pe_put32(pe, 0x3C, PE_SIGNATURE);
	memcpy(pe->bytes + PE_SIGNATURE, "PE\0\0", 4);
	pe_put16(pe, PE_FILE_HEADER + 0, 0x8664);
	pe_put16(pe, PE_FILE_HEADER + 16, PE_OPTIONAL_BYTES);
	pe_put16(pe, PE_FILE_HEADER + 18, 0x022E); /* characteristics */
	pe_put16(pe, PE_OPTIONAL + 0, 0x20B);
	pe_put32(pe, PE_OPTIONAL + 4, 0x600);	     /* SizeOfCode */
	pe_put32(pe, PE_OPTIONAL + 16, 0x1234);	     /* AddressOfEntryPoint */
	pe_put64(pe, PE_OPTIONAL + 24, 0x140000000); /* ImageBase */
	pe_put32(pe, PE_OPTIONAL + 32, 0x1000);	     /* SectionAlignment */
	pe_put32(pe, PE_OPTIONAL + 36, 0x200);	     /* FileAlignment */
	pe_put16(pe, PE_OPTIONAL + 40, 4);	     /* OS version */
	pe_put16(pe, PE_OPTIONAL + 42, 1);
	pe_put16(pe, PE_OPTIONAL + 48, 5); /* subsystem version */
	pe_put16(pe, PE_OPTIONAL + 50, 2);
	pe_put32(pe, PE_OPTIONAL + 56, image_bytes);
	pe_put32(pe, PE_OPTIONAL + 60, 0x400);	  /* SizeOfHeaders */
	pe_put32(pe, PE_OPTIONAL + 64, 0xC0FFEE); /* CheckSum */
	pe_put16(pe, PE_OPTIONAL + 68, 3);	  /* Subsystem */
	pe_put16(pe, PE_OPTIONAL + 70, 0x0100);	  /* DllCharacteristics: NX */
	pe_put64(pe, PE_OPTIONAL + 72, 0x200000); /* stack reserve */
	pe_put64(pe, PE_OPTIONAL + 80, 0x3000);	  /* stack commit */
	pe_put32(pe, PE_OPTIONAL + 108, 16);	  /* NumberOfRvaAndSizes */
}

/*
 * .text of 0x5A0 bytes at 0x1000, .rdata at 0x2000, .data of two pages at 0x3000, .bss at 0x5000.
 */
static inline void pe_good(struct pe_builder *pe)
{
	pe_start(pe, 0x7000);
	pe_section(pe, 0x5A0, 0x1000, 0x600, 0x400, SCN_CODE);
	pe_section(pe, 0x120, 0x2000, 0x200, 0xA00, SCN_READ);
	pe_section(pe, 0x1800, 0x3000, 0x800, 0xC00, SCN_DATA);
	pe_section(pe, 0x1F00, 0x5000, 0, 0, 0xC0000080);
	pe->size = 0x1400;
}
