/*
 * sim_report.c - the log, and the end of a run: panic and failed checks print what is needed to run
 * it again.
 */
#include "sim_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/core/log.h"
#include "kernel/core/panic.h"

#define LOG_BYTES (32u << 10)
#define MESSAGE_BYTES 512

/* Not in snapshots: what is told of a failure must outlive the way back. */
static HOST_KEPT struct {
	char log[2 * LOG_BYTES];
	size_t length;
	bool is_echoed; /* QUIRE_SIM_LOG is set */
	char message[MESSAGE_BYTES];
	bool has_panicked;
	bool is_expected;    /* by sim_expect_panic, called on: */
	bool are_checks;     /* and failed checks too */
	struct thread *home; /* NULL: no threads were started */
	bool is_landing;     /* a panic is on its way to `home` */
	jmp_buf landing;
} report;

void sim_report_begin(void)
{
	report.length = 0;
	report.log[0] = '\0';
	report.is_echoed = getenv("QUIRE_SIM_LOG") != NULL;
	report.has_panicked = false;
}

/* ---- log ---- */

static void log_append(const char *prefix, const char *format, va_list arguments)
{
	char line[MESSAGE_BYTES];
	size_t length;

	vsnprintf(line, sizeof(line), format, arguments);
	if (report.is_echoed)
		fprintf(stderr, "log: %s%s\n", prefix, line);
	length = strlen(prefix) + strlen(line) + 1;
	if (report.length + length + 1 > sizeof(report.log)) {
		memmove(report.log, report.log + LOG_BYTES, report.length - LOG_BYTES);
		report.length -= LOG_BYTES;
	}
	report.length +=
		(size_t)snprintf(report.log + report.length, sizeof(report.log) - report.length,
				 "%s%s\n", prefix, line);
}

void log_line(const char *format, ...)
{
	va_list arguments;

	if (sim_spinlocks_held())
		panic("log_line under a spinlock");
	va_start(arguments, format);
	log_append("", format, arguments);
	va_end(arguments);
}

void log_event(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_append("event: ", format, arguments);
	va_end(arguments);
}

void log_stage(const char *stage)
{
	log_line("stage %s", stage);
	arch_mark(stage);
}

const char *sim_log_text(void)
{
	return report.log;
}

void sim_report(void)
{
	sim_policy_report();
	sim_threads_report();
	if (report.length)
		fprintf(stderr, "sim: log\n%s", sim_log_text());
}

/* ---- panic ---- */

static _Noreturn void end(void)
{
	sim_stop_switching();
	if (!report.is_expected) {
		fprintf(stderr, "sim: PANIC: %s\n", report.message);
		sim_report();
		abort();
	}
	report.has_panicked = true;
	report.is_landing = true;
	if (thread_current() != report.home)
		sim_abandon_to(report.home);
	sim_land_if_panicking();
	abort();
}

void sim_land_if_panicking(void)
{
	if (report.is_landing && thread_current() == report.home)
		longjmp(report.landing, 1);
}

const char *sim_expect_panic(void (*body)(void *), void *argument)
{
	report.home = thread_current();
	report.is_expected = true;
	report.has_panicked = false;
	if (setjmp(report.landing) == 0)
		body(argument);
	report.is_expected = false;
	report.is_landing = false;
	arch_irq_restore(true);
	return report.has_panicked ? report.message : NULL;
}

const char *sim_expect_failure(void (*body)(void *), void *argument)
{
	const char *message;

	report.are_checks = true;
	message = sim_expect_panic(body, argument);
	report.are_checks = false;
	return message;
}

bool sim_has_panicked(void)
{
	return report.has_panicked;
}

_Noreturn void panic(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(report.message, sizeof(report.message), format, arguments);
	va_end(arguments);
	end();
}

_Noreturn void panic_trap(const struct trap_frame *frame, const char *what)
{
	panic("%s at %#llx", what, (unsigned long long)trap_instruction_pointer(frame));
}

_Noreturn void sim_fail(const char *file, int line, const char *text)
{
	snprintf(report.message, sizeof(report.message), "%s:%d: check failed: %s", file, line,
		 text);
	if (!report.are_checks)
		report.is_expected = false;
	end();
}

void symbol_format(char *buffer, unsigned capacity, uint64_t address)
{
	snprintf(buffer, capacity, "%#llx", (unsigned long long)address);
}
