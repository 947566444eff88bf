/*
 * console.h - start of the consoles; what they offer is in arch.h.
 */
#pragma once

/* Serial ports and debug console. Needs nothing: all that follows can report. Boot only. */
void console_init(void);
