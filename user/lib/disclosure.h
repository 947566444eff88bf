/*
 * disclosure.h - memory of the kernel in what it gave a program: the markers that the debug kernel
 * leaves in freed memory and unused stack (nt/quire.h), and addresses of the kernel's own.
 */
#pragma once

#include "native.h"

/*
 * Looks at words that are a multiple of 8 from `bytes`, from offset `start` on (a multiple of 8).
 * => returns: the offset of the first that is such, or -1. *value: the word.
 */
int64_t disclosure_find(const void *bytes, size_t size_bytes, size_t start, uint64_t *value);

/* Switches the markers on unused stack on or off. False where there are none. */
bool disclosure_markers_set(bool on);
