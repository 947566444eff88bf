/*
 * apic.h - the local APIC (Intel SDM vol. 3, 11): the timer, and the end of interrupts. Only on
 * this CPU.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Maps and enables it, lets NMIs through, silences everything else; the 8259s are moved away and
 * masked. Boot only.
 */
void apic_init(void);

void apic_end_of_interrupt(void);

/* Counts the timer down from the highest value, without interrupts, for the calibration. */
void apic_timer_free_run(void);
uint32_t apic_timer_count(void);

/* VECTOR_TIMER once, in `count` (> 0) timer ticks; what was asked for before does not come. */
void apic_timer_once(uint32_t count);
/* The same as VECTOR_SHOT, or as an NMI. Debug kernel only. */
void apic_timer_shot(uint32_t count, bool is_nmi);
