/*
 * report.c - how a finding is said: once, and then the machine stops, as after any panic. Self
 * tests expect findings; for these the kernel goes on.
 */
#include "report.h"

#ifdef QUIRE_SANITIZE

#include <stdarg.h>

#include "kernel/lib/assert.h"
#include "kernel/lib/print.h"
#include "sanitize.h"

#define TEXT_BYTES 480

static char text[TEXT_BYTES];
static unsigned reports;
static bool is_expected, is_stopped;

void sanitize_report(const char *format, ...)
{
	va_list arguments;

	if (is_stopped || (is_expected && reports++ > 0))
		return;
	va_start(arguments, format);
	format_text_v(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (!is_expected)
		panic("%s", text);
}

void sanitize_stop(void)
{
	is_stopped = true;
}

void report_expect(void)
{
	text[0] = '\0';
	reports = 0;
	is_expected = true;
}

const char *report_taken(unsigned *count)
{
	is_expected = false;
	*count = reports;
	return text;
}

#endif
