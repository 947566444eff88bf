/*
 * clock.h - how fast the clocks run and what time it is (clock.c, rtc.c).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Measures the TSC and the APIC timer, a few ms. apic_init has run. Boot only. */
void clock_init(void);
/* The timer's interrupt, acknowledged: tells the kernel what has come, and asks for the next. */
void clock_interrupt(void);
/*
 * The APIC's timer is somebody else's until it is given back: what would have come meanwhile comes
 * then. Interrupts are disabled, or this is the NMI handler. Debug kernel only.
 */
void clock_timer_lend(void);
void clock_timer_give_back(void);
/* "TSC 1000.0 MHz, ..." */
void clock_describe(char *text, size_t capacity);

/*
 * Seconds since 1970 from the CMOS clock (taken as UTC), or 0. `century_index`: where ACPI says
 * the century is, 0: nowhere.
 */
uint64_t rtc_read(uint8_t century_index);
