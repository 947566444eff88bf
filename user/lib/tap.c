/*
 * tap.c - the Test Anything Protocol (see tap.h).
 */
#include "tap.h"

#include "console.h"
#include "system.h"

static struct {
	unsigned checks, failures;
	bool on_quire, on_wine;
	struct quire_fault_counts before, after;
	bool class_checked[QUIRE_FAULT_CLASSES];
} tap;

void tap_start(const char *title)
{
	tap.on_quire = system_is_quire();
	tap.on_wine = system_is_wine();
	print("TAP version 13\n# %s\n", title);
	if (!tap.on_quire)
		print("# on %s: contents and statuses only, no fault counts\n", system_name());
}

NTSTATUS tap_finish(void)
{
	print("1..%u\n", tap.checks);
	if (tap.failures)
		print("# %u of %u failed\n", tap.failures, tap.checks);
	return tap.failures ? STATUS_UNSUCCESSFUL : STATUS_SUCCESS;
}

static void tap_line(bool ok, const char *format, va_list arguments)
{
	char text[400];

	format_arguments(text, sizeof(text), format, arguments);
	tap.checks++;
	if (!ok)
		tap.failures++;
	print("%s %u - %s\n", ok ? "ok" : "not ok", tap.checks, text);
}

bool tap_ok(bool condition, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	tap_line(condition, format, arguments);
	va_end(arguments);
	return condition;
}

static void print_status(const char *label, NTSTATUS status)
{
	const char *name = status_name(status);

	print("# %-8s 0x%08x %s\n", label, (unsigned)status, name ? name : "");
}

static bool status_line(bool ok, NTSTATUS seen, NTSTATUS expected, const char *format,
			va_list arguments)
{
	tap_line(ok, format, arguments);
	if (!ok) {
		print_status("seen", seen);
		print_status("expected", expected);
	}
	return ok;
}

bool tap_is_status(NTSTATUS seen, NTSTATUS expected, const char *format, ...)
{
	va_list arguments;
	bool ok;

	va_start(arguments, format);
	ok = status_line(seen == expected, seen, expected, format, arguments);
	va_end(arguments);
	return ok;
}

bool tap_is_status_or(NTSTATUS seen, NTSTATUS expected, NTSTATUS wine, const char *format, ...)
{
	va_list arguments;
	bool ok = seen == expected || (tap.on_wine && seen == wine);

	va_start(arguments, format);
	ok = status_line(ok, seen, expected, format, arguments);
	va_end(arguments);
	return ok;
}

static bool is_bad_parameter(NTSTATUS status)
{
	return status == STATUS_INVALID_PARAMETER || status == STATUS_INVALID_PARAMETER_MIX ||
	       (status >= STATUS_INVALID_PARAMETER_1 && status <= STATUS_INVALID_PARAMETER_10);
}

bool tap_is_bad_parameter(NTSTATUS seen, NTSTATUS expected, const char *format, ...)
{
	va_list arguments;
	bool ok = seen == expected || (!tap.on_quire && is_bad_parameter(seen));

	va_start(arguments, format);
	ok = status_line(ok, seen, expected, format, arguments);
	va_end(arguments);
	return ok;
}

bool tap_is_number(uint64_t seen, uint64_t expected, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	tap_line(seen == expected, format, arguments);
	va_end(arguments);
	if (seen != expected)
		print("# seen %llu (0x%llx), expected %llu (0x%llx)\n", (unsigned long long)seen,
		      (unsigned long long)seen, (unsigned long long)expected,
		      (unsigned long long)expected);
	return seen == expected;
}

void tap_skip(unsigned count, const char *reason)
{
	while (count--) {
		tap.checks++;
		print("ok %u # SKIP %s\n", tap.checks, reason);
	}
}

void tap_note(const char *format, ...)
{
	char text[400];
	va_list arguments;

	va_start(arguments, format);
	format_arguments(text, sizeof(text), format, arguments);
	va_end(arguments);
	print("# %s\n", text);
}

void tap_faults_start(void)
{
	for (unsigned i = 0; i < QUIRE_FAULT_CLASSES; i++)
		tap.class_checked[i] = false;
	fault_counts_read(&tap.after); /* touches what the second reading will write */
	fault_counts_read(&tap.before);
}

void tap_faults_stop(void)
{
	fault_counts_read(&tap.after);
}

static uint64_t faults_of(unsigned class)
{
	return tap.after.by_class[class] - tap.before.by_class[class];
}

bool tap_faults_are(enum quire_fault_class class, uint64_t expected, const char *text)
{
	if (!tap.on_quire) {
		tap_skip(1, "fault counts are Quire's");
		return true;
	}
	tap.class_checked[class] = true;
	return tap_is_number(faults_of(class), expected, "%s: %s faults", text,
			     fault_class_names[class]);
}

bool tap_no_other_faults(const char *text)
{
	uint64_t others = 0;

	if (!tap.on_quire) {
		tap_skip(1, "fault counts are Quire's");
		return true;
	}
	for (unsigned i = 0; i < QUIRE_FAULT_CLASSES; i++)
		if (!tap.class_checked[i])
			others += faults_of(i);
	return tap_is_number(others, 0, "%s: faults of any other class", text);
}
