/*
 * environment.h - what the rest of ntdll needs of environments (rtl_process.h).
 */
#pragma once

#include "native.h"

/* Guards the process' own environment; not to be held across calls of other modules of ntdll. */
void environment_lock(void);
void environment_unlock(void);

/* The size of a block, its last terminator included. */
size_t environment_bytes(const WCHAR *environment);
