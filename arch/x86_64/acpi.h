/*
 * acpi.h - the little that is needed of ACPI: the timer, the century of the clock, and power-off.
 * No AML interpreter.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct boot_info;

/*
 * Reads the tables and keeps a few numbers. Tables that are missing, damaged or outside RAM are as
 * if absent. Boot only.
 */
void acpi_init(const struct boot_info *info);

/* I/O port of the 3.58 MHz timer, 0: none. */
uint16_t acpi_timer_port(void);
/* CMOS index of the century, 0: none. */
uint8_t acpi_century_index(void);

/* Switches off (soft-off state S5). Returns if that is not possible. */
void acpi_power_off(void);
