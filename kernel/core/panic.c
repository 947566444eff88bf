/*
 * panic.c - the report of a failure of the kernel itself, and the end of the machine.
 *
 * Whatever failed may hold any lock and may have broken any list, so the report takes no lock,
 * walks nothing but the stack, and goes straight to the console. If it fails too, the second panic
 * says one line and halts: it never calls itself.
 */
#include "panic.h"

#include <stdarg.h>
#include <stdatomic.h>

#include "cmdline.h"
#include "events.h"
#include "kernel/lib/print.h"
#include "kernel/lib/string.h"
#include "sanitize/sanitize.h"
#include "symbols.h"
#include "thread.h"

#define REPORT_BYTES 256
#define MESSAGE_BYTES 512
#define SYMBOL_BYTES 96
#define BACKTRACE_MAX 24u

void (*panic_describe_process)(const struct process *process, char *buffer, unsigned capacity);

static atomic_bool is_panicking;

/* ---- symbols ---- */

/* The last function that starts at or below the offset, or NULL. */
static const struct symbol_entry *symbol_find(uint64_t offset)
{
	uint32_t low = 0, high = symbol_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (symbol_entries[middle].offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &symbol_entries[low - 1] : NULL;
}

/* Looks up the function of `inside`, and says how far `address` is from its start. */
static void symbol_format_inside(char *buffer, unsigned capacity, uint64_t address, uint64_t inside)
{
	uint64_t start = (uintptr_t)kernel_image_start;
	const struct symbol_entry *symbol = NULL;

	if (inside >= start && inside < (uintptr_t)kernel_text_end)
		symbol = symbol_find(inside - start);
	if (symbol)
		format_text(buffer, capacity, "%s+0x%lx", &symbol_names[symbol->name],
			    address - start - symbol->offset);
	else
		format_text(buffer, capacity, "0x%lx", address);
}

void symbol_format(char *buffer, unsigned capacity, uint64_t address)
{
	symbol_format_inside(buffer, capacity, address, address);
}

/* ---- the report ---- */

static void report(const char *format, ...) PRINTF_LIKE(1, 2);

/* Static: the stack may be nearly used up. Nobody else reports. */
static char report_line[REPORT_BYTES], message_text[MESSAGE_BYTES], symbol_text[SYMBOL_BYTES];

static void write_text(const char *text)
{
	arch_console_write(CONSOLE_LOG, text, strlen(text));
}

static void report(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	format_text_v(report_line, sizeof(report_line), format, arguments);
	va_end(arguments);
	write_text(report_line);
	write_text("\n");
}

static void report_message(const char *message)
{
	/* A line of the log may have been under way. */
	write_text("\n");
	log_stamp(report_line, sizeof(report_line), time_now());
	write_text(report_line);
	write_text("panic: ");
	write_text(message);
	write_text("\n");
}

static void report_thread(void)
{
	const struct thread *thread = thread_current();

	if (!thread) {
		report("  before threads were started");
		return;
	}
	report("  thread %lu %s, priority %u, stack %lx-%lx", thread->id, thread->name,
	       thread->priority, thread->stack_base, thread->stack_top);
	if (thread->process && panic_describe_process) {
		panic_describe_process(thread->process, message_text, sizeof(message_text));
		report("  %s", message_text);
	}
	for (unsigned i = 0; i < thread->lock_depth && i < THREAD_LOCKS_MAX; i++)
		report("  holds lock %s (rank %u)", thread->lock_names[i], thread->lock_ranks[i]);
}

static void report_backtrace(const struct trap_frame *frame)
{
	vaddr_t addresses[BACKTRACE_MAX];
	size_t count = arch_backtrace(frame, addresses, BACKTRACE_MAX);

	report("  backtrace:");
	for (size_t i = 0; i < count; i++) {
		/*
		 * All but the place of a trap are return addresses. One of those may be the first
		 * byte of the next function, after a call that does not return.
		 */
		bool is_return = !frame || i > 0;

		symbol_format_inside(symbol_text, sizeof(symbol_text), addresses[i],
				     addresses[i] - is_return);
		report("    0x%016lx %s", addresses[i], symbol_text);
	}
}

static void report_events(void)
{
	const struct event *event;

	if (event_recent(0))
		report("  last events:");
	for (unsigned i = 0; (event = event_recent(i)) != NULL; i++) {
		log_stamp(report_line, sizeof(report_line), event->time);
		write_text("    ");
		write_text(report_line);
		write_text(event->text);
		write_text("\n");
	}
}

/* The first panic comes back from here; any further one does not. */
static void panic_begin(const char *what)
{
	arch_irq_save();
	sanitize_stop();
	if (!atomic_exchange(&is_panicking, true))
		return;
	write_text("\npanic inside panic: ");
	write_text(what);
	write_text("\n");
	arch_mark("panic");
	arch_halt();
}

/*
 * The mark comes last: whoever watches the machine may switch it off then, and shall have the whole
 * report.
 */
static _Noreturn void panic_end(void)
{
	bool is_off = strcmp(knobs.panic, "off") == 0;

	report_events();
	report("The machine is %s.", is_off ? "switched off (panic=off)" : "halted");
	arch_mark("panic");
	if (is_off)
		arch_power_off();
	arch_halt();
}

_Noreturn void panic(const char *format, ...)
{
	va_list arguments;

	panic_begin(format);
	va_start(arguments, format);
	format_text_v(message_text, sizeof(message_text), format, arguments);
	va_end(arguments);
	report_message(message_text);
	report_thread();
	report_backtrace(NULL);
	panic_end();
}

_Noreturn void panic_trap(const struct trap_frame *frame, const char *what)
{
	vaddr_t address;

	panic_begin(what);
	report_message(what);
	address = trap_instruction_pointer(frame);
	symbol_format(symbol_text, sizeof(symbol_text), address);
	report("  at 0x%016lx %s, stack pointer 0x%lx", address, symbol_text,
	       trap_stack_pointer(frame));
	report_thread();
	report_backtrace(frame);
	panic_end();
}
