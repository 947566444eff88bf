/*
 * hygiene.h - instructions of hygiene.S, each a function: an access to `at` that is refused comes
 * as an exception.
 */
#pragma once

#include <stdint.h>

void hygiene_sgdt(uint64_t at);
void hygiene_sidt(uint64_t at);
void hygiene_sldt(uint64_t at);
void hygiene_str(uint64_t at);
void hygiene_smsw(uint64_t at);
void hygiene_read(uint64_t at);
void hygiene_call(uint64_t at);
void hygiene_write(uint64_t at);
int hygiene_has_umip(void);
