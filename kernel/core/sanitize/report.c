/*
 * report.c - how a finding is said: once, and then the machine stops, as after any panic. Self
 * tests expect findings; for these the kernel goes on.
 */
#include "report.h"

#ifdef QUIRE_SANITIZE

#include <stdarg.h>

#include "kernel/lib/assert.h"
#include "kernel/lib/print.h"

#define TEXT_BYTES 480

static char text[TEXT_BYTES];
static unsigned reports;
static bool is_expected;

void sanitize_report(const char *format, ...)
{
	va_list arguments;

	if (is_expected && reports++ > 0)
		return;
	va_start(arguments, format);
	format_text_v(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (!is_expected)
		panic("%s", text);
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
