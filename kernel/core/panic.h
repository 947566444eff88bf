/*
 * panic.h - the end: message, symbolised backtrace, the decoded fault, the last events. A panic
 * inside a panic halts.
 */
#pragma once

#include <stdint.h>

#include "kernel/lib/assert.h"

struct process;
struct trap_frame;

/*
 * A trap in kernel mode that nothing handles. `what` is in words ("page fault: write to 0x... not
 * present").
 */
_Noreturn void panic_trap(const struct trap_frame *frame, const char *what);

/*
 * "name+0x12" for a kernel text address, from the table that tools/make_symbols links in; the
 * address if it is not there.
 */
void symbol_format(char *buffer, unsigned capacity, uint64_t address);

/*
 * Writes which process it is ("process 8 hello.exe"). kernel/process sets it at start, because the
 * core cannot look into a process; NULL: the report has the thread only. It must take no lock and
 * tolerate a process in any state.
 */
extern void (*panic_describe_process)(const struct process *process, char *buffer,
				      unsigned capacity);
