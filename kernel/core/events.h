/*
 * events.h - the ring of recent events, for panic.c. Private to kernel/core.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define EVENTS 32u /* a power of two, so that the count may wrap */
#define EVENT_TEXT_BYTES 120

struct event {
	uint64_t time; /* of time_now */
	char text[EVENT_TEXT_BYTES];
};

/* The index-th of the events still kept, oldest first; NULL at the end. */
const struct event *event_recent(unsigned index);

/* "[seconds.micros] ", with which each line of the log begins. => returns: its length. */
int log_stamp(char *buffer, size_t capacity, uint64_t time);
