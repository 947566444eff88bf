/*
 * check.h - what the files of mm_check share.
 */
#pragma once

#include "frame.h"

#define CHECK(number, condition, ...) \
	do { \
		if (!(condition)) \
			panic("mm_check: invariant " #number ": " __VA_ARGS__); \
	} while (0)

/* A frame's number, for messages. */
static inline unsigned long long number_of(const struct frame *frame)
{
	return (unsigned long long)frame_number(frame);
}

/*
 * The invariants of one address space (check_space.c); its commit charge is added to *context, a
 * uint64_t. Nothing may change meanwhile: no lock is taken.
 */
void check_space(struct address_space *space, void *context);
