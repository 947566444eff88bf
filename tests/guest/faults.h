/*
 * faults.h - instructions that fault (faults.S), and a handler that notes what it was told.
 */
#pragma once

#include "guest.h"

/* NAME faults at NAME_at; NAME_next is the instruction after that. */
#define FAULT(name) \
	uint64_t name(const void *first, uint64_t second); \
	extern char name##_at[], name##_next[]

FAULT(fault_load);
FAULT(fault_store);
FAULT(fault_divide);
FAULT(fault_undefined);
FAULT(fault_privileged);
FAULT(fault_halt);
FAULT(fault_breakpoint);
FAULT(fault_step);
FAULT(fault_x87);
FAULT(fault_sse);
FAULT(fault_values);
void steps_take(void);
_Noreturn void stack_lose(const void *where);
