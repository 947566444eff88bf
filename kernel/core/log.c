/*
 * log.c - lines with a time stamp to the log console, and a ring of recent events for panic.
 *
 * A line is formatted and written under one spinlock, so lines of several threads do not mix.
 * Events are formatted at once, because what their arguments point to may be gone when a panic
 * reads them, but go nowhere: an event costs about a thousand instructions, and no lock, so that it
 * may be recorded anywhere.
 */
#include "log.h"

#include <stdarg.h>

#include "events.h"
#include "kernel/lib/print.h"
#include "kernel/lib/string.h"
#include "lock.h"
#include "thread.h"

#define LINE_BYTES 1024
#define STAMP_BYTES 32

static struct spinlock console_lock = SPINLOCK_INIT("console", RANK_CONSOLE);
static char line[LINE_BYTES];	     /* (console lock) */
static char stamp_text[STAMP_BYTES]; /* (console lock) */

int log_stamp(char *buffer, size_t capacity, uint64_t time)
{
	uint64_t microseconds = time / 10;

	return format_text(buffer, capacity, "[%lu.%06lu] ", microseconds / 1000000,
			   microseconds % 1000000);
}

/* One line of the log; `text` has no newline in it. => locks: console lock held. */
static void write_line(const char *text, size_t size_bytes) REQUIRES(console_lock)
{
	arch_console_write(CONSOLE_LOG, stamp_text, strlen(stamp_text));
	arch_console_write(CONSOLE_LOG, text, size_bytes);
	arch_console_write(CONSOLE_LOG, "\n", 1);
}

void log_line(const char *format, ...)
{
	va_list arguments;
	const char *start, *newline;

	va_start(arguments, format);
	spin_lock(&console_lock);
	format_text_v(line, sizeof(line), format, arguments);
	log_stamp(stamp_text, sizeof(stamp_text), time_now());
	for (start = line; (newline = strchr(start, '\n')) != NULL; start = newline + 1)
		write_line(start, (size_t)(newline - start));
	if (*start || start == line)
		write_line(start, strlen(start));
	spin_unlock(&console_lock);
	va_end(arguments);
}

void log_stage(const char *stage)
{
	char mark[64];

	format_text(mark, sizeof(mark), "stage %s", stage);
	arch_mark(mark);
	log_line("stage: %s", stage);
}

/* ---- events ---- */

/*
 * Whoever takes a number owns the slot; another writer comes to the same slot only EVENTS events
 * later.
 */
static struct event events[EVENTS];
static atomic_uint event_count;

void log_event(const char *format, ...)
{
	unsigned number = atomic_fetch_add_explicit(&event_count, 1, memory_order_relaxed);
	struct event *event = &events[number % EVENTS];
	va_list arguments;

	event->time = time_now();
	va_start(arguments, format);
	format_text_v(event->text, sizeof(event->text), format, arguments);
	va_end(arguments);
}

const struct event *event_recent(unsigned index)
{
	unsigned count = atomic_load_explicit(&event_count, memory_order_relaxed);
	unsigned kept = count < EVENTS ? count : EVENTS;

	return index < kept ? &events[(count - kept + index) % EVENTS] : NULL;
}
