/*
 * case.c - the conformance suite's cases (see case.h).
 */
#include "case.h"

#include <stdarg.h>
#include <string.h>

#define TEXTS 32
#define TEXT_BYTES 160
#define ABSENT_CALLS 16

static struct {
	const char *call;
	const char *absent[ABSENT_CALLS];
	unsigned absent_count;
	bool call_is_absent, next_is_chosen, on_quire;
	char texts[TEXTS][TEXT_BYTES];
	unsigned next_text;
} suite;

void case_start(const char *title)
{
	suite.on_quire = system_is_quire();
	tap_start(title);
}

NTSTATUS case_finish(void)
{
	return tap_finish();
}

void case_call(const char *call)
{
	suite.call = call;
	suite.call_is_absent = false;
	for (unsigned i = 0; i < suite.absent_count; i++)
		if (!strcmp(suite.absent[i], call))
			suite.call_is_absent = true;
}

static NTSTATUS NTAPI absent_call(void)
{
	return STATUS_ENTRYPOINT_NOT_FOUND;
}

static PVOID find_export(const char *function)
{
	UNICODE_STRING module;
	ANSI_STRING name;
	PVOID base, address;

	RtlInitUnicodeString(&module, L"ntdll.dll");
	RtlInitAnsiString(&name, function);
	if (!NT_SUCCESS(LdrGetDllHandle(NULL, NULL, &module, &base)) ||
	    !NT_SUCCESS(LdrGetProcedureAddress(base, &name, 0, &address)))
		return NULL;
	return address;
}

PVOID case_find_call(const char *call)
{
	PVOID address = find_export(call);

	case_call(call);
	if (!address && !suite.call_is_absent) {
		if (suite.absent_count == ABSENT_CALLS)
			bail_out("too many absent calls", STATUS_UNSUCCESSFUL);
		suite.absent[suite.absent_count++] = call;
		suite.call_is_absent = true;
	}
	return address ? address : (PVOID)absent_call;
}

void case_chosen(void)
{
	suite.next_is_chosen = true;
}

const char *case_format(const char *format, ...)
{
	char *text = suite.texts[suite.next_text++ % TEXTS];
	va_list arguments;

	va_start(arguments, format);
	format_arguments(text, TEXT_BYTES, format, arguments);
	va_end(arguments);
	return text;
}

/* '|' separates the fields, so inside them it becomes '+'. */
static void print_field(const char *separator, const char *text)
{
	char field[TEXT_BYTES];
	size_t length = 0;

	for (; text[length] && length < sizeof(field) - 1; length++)
		field[length] = text[length] == '|' ? '+' : text[length];
	field[length] = '\0';
	print("%s%s", separator, field);
}

static bool report(bool agrees, const char *id, const char *what, const char *documented,
		   const char *seen)
{
	const char *kind = suite.next_is_chosen ? "chosen" : "case";

	suite.next_is_chosen = false;
	if (suite.call_is_absent) {
		case_skip(id, what, "absent");
		return false;
	}
	tap_ok(agrees, "%s %s: %s", suite.call, id, what);
	print("# %s ", kind);
	print_field("", suite.call);
	print_field(" | ", id);
	print_field(" | ", what);
	print_field(" | ", documented);
	print_field(" | ", seen);
	print("\n");
	return agrees;
}

static const char *status_text(NTSTATUS status)
{
	const char *name = status_name(status);

	if (!name)
		return case_format("0x%08x", (unsigned)status);
	return strncmp(name, "STATUS_", 7) ? name : name + 7;
}

bool case_status(const char *id, const char *what, NTSTATUS seen, NTSTATUS documented)
{
	return report(seen == documented, id, what, status_text(documented), status_text(seen));
}

bool case_status_either(const char *id, const char *what, NTSTATUS seen, NTSTATUS documented,
			NTSTATUS other)
{
	bool agrees = seen == documented || (!suite.on_quire && seen == other);

	return report(agrees, id, what,
		      case_format("%s or %s", status_text(documented), status_text(other)),
		      status_text(seen));
}

bool case_number(const char *id, const char *what, uint64_t seen, uint64_t documented)
{
	return report(seen == documented, id, what,
		      case_format("0x%llx", (unsigned long long)documented),
		      case_format("0x%llx", (unsigned long long)seen));
}

bool case_text(const char *id, const char *what, const char *seen, const char *documented)
{
	return report(!strcmp(seen, documented), id, what, documented, seen);
}

bool case_true(const char *id, const char *what, bool seen)
{
	return report(seen, id, what, "yes", seen ? "yes" : "no");
}

/* Bits with names, joined by '+'; what has none is added as a number. */
struct bit_name {
	ULONG value;
	const char *name;
};

static const char *bits_text(ULONG value, const struct bit_name *names, unsigned count)
{
	const char *text = "";

	for (unsigned i = 0; i < count; i++)
		if (value & names[i].value) {
			text = case_format("%s%s%s", text, *text ? "+" : "", names[i].name);
			value &= ~names[i].value;
		}
	if (value || !*text)
		text = case_format("%s%s0x%x", text, *text ? "+" : "", (unsigned)value);
	return text;
}

const char *protection_text(ULONG protection)
{
	static const struct bit_name names[] = {
		{PAGE_GUARD, "GUARD"},
		{PAGE_NOCACHE, "NOCACHE"},
		{PAGE_WRITECOMBINE, "WRITECOMBINE"},
		{PAGE_NOACCESS, "NA"},
		{PAGE_READONLY, "RO"},
		{PAGE_READWRITE, "RW"},
		{PAGE_WRITECOPY, "WC"},
		{PAGE_EXECUTE, "X"},
		{PAGE_EXECUTE_READ, "XR"},
		{PAGE_EXECUTE_READWRITE, "XRW"},
		{PAGE_EXECUTE_WRITECOPY, "XWC"},
	};

	return bits_text(protection, names, COUNT_OF(names));
}

bool case_protection(const char *id, const char *what, ULONG seen, ULONG documented)
{
	return report(seen == documented, id, what, protection_text(documented),
		      protection_text(seen));
}

bool case_state(const char *id, const char *what, ULONG seen, ULONG documented)
{
	static const struct bit_name names[] = {
		{MEM_COMMIT, "COMMIT"},
		{MEM_RESERVE, "RESERVE"},
		{MEM_FREE, "FREE"},
	};

	return report(seen == documented, id, what, bits_text(documented, names, COUNT_OF(names)),
		      bits_text(seen, names, COUNT_OF(names)));
}

void case_skip(const char *id, const char *what, const char *reason)
{
	suite.next_is_chosen = false;
	if (suite.on_quire)
		tap_ok(false, "%s %s: %s", suite.call, id, what);
	else
		tap_skip(1, reason);
	print("# skipped ");
	print_field("", suite.call);
	print_field(" | ", id);
	print_field(" | ", what);
	print_field(" | ", "-");
	print_field(" | ", reason);
	print("\n");
}
