/*
 * acpi.c - RSDP -> XSDT or RSDT -> FADT -> DSDT (ACPI specification 5.2), and the two numbers that
 * \_S5 holds.
 *
 * The tables come from the firmware: each is used only if its length and checksum are right and it
 * lies in memory that the direct map covers, and fields are read only within the length. \_S5 is
 * found by a scan of the DSDT for the bytes of its definition instead of by an interpreter:
 * firmware writes it as a constant package in practice.
 */
#include "acpi.h"

#include "arch/arch.h"
#include "boot/boot_info.h"
#include "kernel/lib/string.h"

#include "cpu.h"
#include "paging.h"

/* Every table: signature, length, revision, checksum, ... (5.2.6) */
#define HEADER_BYTES 36
#define HEADER_LENGTH 4
/* Far above any real one: bounds the work that a damaged length can cause. */
#define TABLE_MAX_BYTES (4u << 20)

/* Root pointer, ACPI 1.0 and 2.0 form (5.2.5.3): field offsets */
#define RSDP_BYTES_V1 20
#define RSDP_BYTES_V2 36
#define RSDP_REVISION 15
#define RSDP_RSDT 16
#define RSDP_XSDT 24

/* Fixed ACPI description table (5.2.9): field offsets */
#define FADT_DSDT 40
#define FADT_SMI_COMMAND 48
#define FADT_ACPI_ENABLE 52
#define FADT_PM1A_CONTROL 64
#define FADT_PM1B_CONTROL 68
#define FADT_TIMER 76
#define FADT_CENTURY 108
#define FADT_X_DSDT 140
#define FADT_X_PM1A_CONTROL 172
#define FADT_X_PM1B_CONTROL 184
#define FADT_X_TIMER 208
/* Generic address structure */
#define GAS_ADDRESS 4
#define GAS_SPACE_IO 1

/* PM1 control register (4.8.3.2.1) */
#define PM1_SCI_ENABLE 0x0001u
#define PM1_SLEEP_TYPE_SHIFT 10
#define PM1_SLEEP_TYPE_MASK 0x1C00u
#define PM1_SLEEP_ENABLE 0x2000u
#define POLLS_MAX 1000000u

/* AML (ACPI specification 20.2) */
#define AML_ZERO 0x00
#define AML_ONE 0x01
#define AML_NAME 0x08
#define AML_BYTE 0x0A
#define AML_PACKAGE 0x12

struct table {
	const uint8_t *bytes; /* NULL: absent */
	uint32_t length;
};

static struct {
	uint16_t timer, pm1a, pm1b, smi_command;
	uint8_t enable_value, century;
	bool can_sleep; /* \_S5 was found: */
	uint8_t sleep_type_a, sleep_type_b;
} acpi;

/* ---- bytes ---- */

/* Little-endian number of `size` bytes; 0, which means "absent", beyond the end. */
static uint64_t field(struct table table, uint32_t offset, unsigned size)
{
	uint64_t value = 0;

	if (offset + size > table.length)
		return 0;
	for (unsigned i = size; i-- > 0;)
		value = value << 8 | table.bytes[offset + i];
	return value;
}

static bool sum_is_zero(const uint8_t *bytes, uint32_t length)
{
	uint8_t sum = 0;

	for (uint32_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + bytes[i]);
	return sum == 0;
}

/* The table at a physical address, if it is one, with this signature (NULL: any). */
static struct table table_at(const struct boot_info *info, uint64_t address, const char *signature)
{
	struct table none = {0}, table;

	if (address == 0 || !direct_map_covers(info, address, HEADER_BYTES))
		return none;
	table.bytes = phys_to_virt(address);
	table.length = HEADER_BYTES;
	table.length = (uint32_t)field(table, HEADER_LENGTH, 4);
	if (table.length < HEADER_BYTES || table.length > TABLE_MAX_BYTES ||
	    !direct_map_covers(info, address, table.length))
		return none;
	if (signature && memcmp(table.bytes, signature, 4) != 0)
		return none;
	return sum_is_zero(table.bytes, table.length) ? table : none;
}

/* ---- from the root to the FADT ---- */

/* The FADT among the tables that a root table lists with addresses of `size` bytes. */
static struct table fadt_in(const struct boot_info *info, struct table root, unsigned size)
{
	for (uint32_t at = HEADER_BYTES; at + size <= root.length; at += size) {
		struct table table = table_at(info, field(root, at, size), "FACP");

		if (table.bytes)
			return table;
	}
	return (struct table){0};
}

/* The 64-bit list first; the 32-bit one if it is not there. */
static struct table find_fadt(const struct boot_info *info)
{
	struct table rsdp = {.length = RSDP_BYTES_V1}, fadt = {0};

	if (info->rsdp == 0 || !direct_map_covers(info, info->rsdp, RSDP_BYTES_V2))
		return fadt;
	rsdp.bytes = phys_to_virt(info->rsdp);
	if (memcmp(rsdp.bytes, "RSD PTR ", 8) != 0 || !sum_is_zero(rsdp.bytes, RSDP_BYTES_V1))
		return fadt;
	if (rsdp.bytes[RSDP_REVISION] >= 2 && sum_is_zero(rsdp.bytes, RSDP_BYTES_V2)) {
		rsdp.length = RSDP_BYTES_V2;
		fadt = fadt_in(info, table_at(info, field(rsdp, RSDP_XSDT, 8), "XSDT"), 8);
	}
	if (!fadt.bytes)
		fadt = fadt_in(info, table_at(info, field(rsdp, RSDP_RSDT, 4), "RSDT"), 4);
	return fadt;
}

/* An I/O port that the FADT names in the old form or, if that is empty, in the new one. */
static uint16_t port_field(struct table fadt, uint32_t offset, uint32_t extended_offset)
{
	uint64_t port = field(fadt, offset, 4);

	if (port == 0 && field(fadt, extended_offset, 1) == GAS_SPACE_IO)
		port = field(fadt, extended_offset + GAS_ADDRESS, 8);
	return port <= UINT16_MAX ? (uint16_t)port : 0;
}

/* ---- \_S5 ---- */

/* A small integer constant at *at, which moves behind it. */
static bool read_constant(struct table aml, uint32_t *at, uint8_t *value)
{
	if (*at >= aml.length)
		return false;
	switch (aml.bytes[*at]) {
	case AML_ZERO:
	case AML_ONE:
		*value = aml.bytes[*at];
		*at += 1;
		return true;
	case AML_BYTE:
		if (*at + 1 >= aml.length)
			return false;
		*value = aml.bytes[*at + 1];
		*at += 2;
		return true;
	default:
		return false;
	}
}

/* Name (_S5_, Package (n) {a, b, ...}): what follows the four characters of the name at `at`. */
static bool read_sleep_package(struct table aml, uint32_t at)
{
	uint8_t a, b;

	at += 4;
	if (at + 1 >= aml.length || aml.bytes[at] != AML_PACKAGE)
		return false;
	at += 1;
	at += 1u + (aml.bytes[at] >> 6); /* the length: up to three more bytes */
	at += 1;			 /* the number of elements */
	if (!read_constant(aml, &at, &a))
		return false;
	if (!read_constant(aml, &at, &b))
		b = a;
	acpi.sleep_type_a = a;
	acpi.sleep_type_b = b;
	return true;
}

/*
 * Not any four bytes "_S5_", but those of a definition: after NameOp, with or without a root
 * prefix.
 */
static bool find_sleep_package(struct table dsdt)
{
	for (uint32_t at = HEADER_BYTES + 2; dsdt.bytes && at + 4 < dsdt.length; at++) {
		const uint8_t *name = dsdt.bytes + at;

		if (memcmp(name, "_S5_", 4) != 0)
			continue;
		if (name[-1] != AML_NAME && !(name[-1] == '\\' && name[-2] == AML_NAME))
			continue;
		if (read_sleep_package(dsdt, at))
			return true;
	}
	return false;
}

void acpi_init(const struct boot_info *info)
{
	struct table fadt = find_fadt(info), dsdt;

	if (!fadt.bytes)
		return;
	acpi.timer = port_field(fadt, FADT_TIMER, FADT_X_TIMER);
	acpi.pm1a = port_field(fadt, FADT_PM1A_CONTROL, FADT_X_PM1A_CONTROL);
	acpi.pm1b = port_field(fadt, FADT_PM1B_CONTROL, FADT_X_PM1B_CONTROL);
	acpi.smi_command = (uint16_t)field(fadt, FADT_SMI_COMMAND, 4);
	acpi.enable_value = (uint8_t)field(fadt, FADT_ACPI_ENABLE, 1);
	acpi.century = (uint8_t)field(fadt, FADT_CENTURY, 1);
	dsdt = table_at(info, field(fadt, FADT_X_DSDT, 8), "DSDT");
	if (!dsdt.bytes)
		dsdt = table_at(info, field(fadt, FADT_DSDT, 4), "DSDT");
	acpi.can_sleep = find_sleep_package(dsdt);
}

uint16_t acpi_timer_port(void)
{
	return acpi.timer;
}

uint8_t acpi_century_index(void)
{
	return acpi.century;
}

/* ---- power ---- */

/* The registers belong to the firmware until it has been asked to hand them over. */
static void acpi_mode_enter(void)
{
	if ((port_read16(acpi.pm1a) & PM1_SCI_ENABLE) || acpi.smi_command == 0 ||
	    acpi.enable_value == 0)
		return;
	port_write8(acpi.smi_command, acpi.enable_value);
	for (unsigned polls = 0; polls < POLLS_MAX; polls++)
		if (port_read16(acpi.pm1a) & PM1_SCI_ENABLE)
			return;
}

/* Keeps the other bits of the register, as the specification wants. */
static void sleep_control(uint16_t port, uint8_t type)
{
	uint16_t kept = port_read16(port) & (uint16_t) ~(PM1_SLEEP_TYPE_MASK | PM1_SLEEP_ENABLE);
	uint16_t type_bits = (uint16_t)(type << PM1_SLEEP_TYPE_SHIFT) & PM1_SLEEP_TYPE_MASK;

	port_write16(port, kept | type_bits | PM1_SLEEP_ENABLE);
}

void acpi_power_off(void)
{
	if (!acpi.can_sleep || acpi.pm1a == 0)
		return;
	acpi_mode_enter();
	sleep_control(acpi.pm1a, acpi.sleep_type_a);
	if (acpi.pm1b != 0)
		sleep_control(acpi.pm1b, acpi.sleep_type_b);
	/* Real machines take a moment. */
	for (unsigned polls = 0; polls < POLLS_MAX; polls++)
		cpu_pause();
}
