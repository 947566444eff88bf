/*
 * report.c - how the tour shows a step: what it does, and a table of what was seen beside what was
 * expected.
 */
#include "report.h"

static struct {
	unsigned step, rows, differences;
	bool table_open;
	struct quire_fault_counts before, after;
	struct quire_memory memory_before, memory_after;
	bool class_shown[QUIRE_FAULT_CLASSES];
} report;

void step_begin(const char *title, const char *line1, const char *line2)
{
	report.step++;
	report.table_open = false;
	print("\n%2u. %s\n", report.step, title);
	print("    %s\n", line1);
	if (line2)
		print("    %s\n", line2);
}

void step_say(const char *format, ...)
{
	char text[400];
	va_list arguments;

	va_start(arguments, format);
	format_arguments(text, sizeof(text), format, arguments);
	va_end(arguments);
	print("    %s\n", text);
	report.table_open = false;
}

/* Counters are read twice at the start: the first reading touches what the later ones write. */
void measure_start(void)
{
	for (unsigned i = 0; i < QUIRE_FAULT_CLASSES; i++)
		report.class_shown[i] = false;
	memory_read(&report.memory_after);
	fault_counts_read(&report.after);
	memory_read(&report.memory_before);
	fault_counts_read(&report.before);
}

void measure_stop(void)
{
	fault_counts_read(&report.after);
	memory_read(&report.memory_after);
}

uint64_t measured_faults(enum quire_fault_class class)
{
	return report.after.by_class[class] - report.before.by_class[class];
}

static void table_open(void)
{
	if (!report.table_open)
		print("\n    %-38s %11s %11s %11s %11s\n", "", "before", "after", "seen",
		      "expected");
	report.table_open = true;
}

static void row_verdict(uint64_t seen, uint64_t expected)
{
	bool same = seen == expected;

	print(" %'11llu %'11llu  %s\n", (unsigned long long)seen, (unsigned long long)expected,
	      same ? "ok" : "DIFFERENT");
	report.rows++;
	if (!same)
		report.differences++;
}

static void row_change(const char *label, uint64_t before, uint64_t after, uint64_t expected)
{
	table_open();
	print("    %-38s %'11llu %'11llu", label, (unsigned long long)before,
	      (unsigned long long)after);
	row_verdict(after - before, expected);
}

void step_faults(enum quire_fault_class class, uint64_t expected)
{
	char label[40];

	report.class_shown[class] = true;
	if (!system_is_quire())
		return;
	format_text(label, sizeof(label), "%s faults", fault_class_names[class]);
	row_change(label, report.before.by_class[class], report.after.by_class[class], expected);
}

void step_disk_reads(uint64_t expected)
{
	if (system_is_quire())
		row_change("pages read from the disk", report.memory_before.page_reads,
			   report.memory_after.page_reads, expected);
}

void step_other_faults(void)
{
	uint64_t before = 0, after = 0;

	for (unsigned i = 0; i < QUIRE_FAULT_CLASSES; i++) {
		if (report.class_shown[i])
			continue;
		before += report.before.by_class[i];
		after += report.after.by_class[i];
	}
	if (system_is_quire())
		row_change("faults of any other class", before, after, 0);
}

void step_value(const char *label, uint64_t seen, uint64_t expected)
{
	table_open();
	print("    %-38s %11s %11s", label, "", "");
	row_verdict(seen, expected);
}

void step_counted(const char *label, uint64_t seen, uint64_t expected)
{
	if (system_is_quire())
		step_value(label, seen, expected);
}

void step_need(NTSTATUS status, const char *what)
{
	const char *name = status_name(status);

	if (NT_SUCCESS(status))
		return;
	print("\n    %s: status 0x%08x %s\n    The tour ends here.\n", what, (unsigned)status,
	      name ? name : "");
	RtlExitUserProcess(status);
}

NTSTATUS tour_end(void)
{
	print("\n%u of %u rows as expected%s\n", report.rows - report.differences, report.rows,
	      report.differences ? ": SOMETHING IS DIFFERENT" : ".");
	return report.differences ? STATUS_UNSUCCESSFUL : STATUS_SUCCESS;
}
