/*
 * report.c - what was found, the last calls of each thread, and how often each call was made.
 */
#include <string.h>

#include "console.h"
#include "fuzz.h"
#include "system.h"

void finding_add(struct worker *worker, const char *what, unsigned argument, uint64_t offset,
		 uint64_t value)
{
	struct control *control = worker->control;
	uint32_t index = __atomic_fetch_add(&control->finding_count, 1, __ATOMIC_RELAXED);
	struct finding *finding = &control->findings[index];

	if (index >= FINDINGS)
		return;
	*finding = (struct finding){.process = worker->process,
				    .thread = worker->thread,
				    .argument = argument,
				    .number = worker->slot->calls,
				    .value = value,
				    .offset = offset,
				    .record = worker->slot->records[worker->slot->calls % RECORDS]};
	format_text(finding->what, sizeof(finding->what), "%s", what);
}

static void record_print(const struct record *record)
{
	const struct call *call = &call_list[record->call];
	const char *name = status_name(record->status);

	print("#   %8llu %s(", (unsigned long long)record->number, call->name);
	for (unsigned i = 0; i < call->argument_count; i++)
		print("%s0x%llx", i ? ", " : "", (unsigned long long)record->arguments[i]);
	if (record->is_done)
		print(") = 0x%08x %s\n", (unsigned)record->status, name ? name : "");
	else
		print(") has not returned\n");
}

void report_threads(const struct control *control)
{
	for (unsigned i = 0; i < control->options.processes; i++) {
		for (unsigned j = 0; j < control->options.threads; j++) {
			const struct slot *slot = &control->slots[i][j];

			print("# process %u thread %u:\n", i, j);
			for (unsigned k = 1; k <= RECORDS; k++)
				if (slot->records[(slot->calls + k) % RECORDS].number)
					record_print(&slot->records[(slot->calls + k) % RECORDS]);
		}
	}
}

unsigned report_findings(const struct control *control)
{
	unsigned count = control->finding_count;

	for (unsigned i = 0; i < count && i < FINDINGS; i++) {
		const struct finding *finding = &control->findings[i];

		print("# FOUND: %s: 0x%llx at offset 0x%llx of argument %u; process %u thread %u\n",
		      finding->what, (unsigned long long)finding->value,
		      (unsigned long long)finding->offset, finding->argument + 1, finding->process,
		      finding->thread);
		record_print(&finding->record);
	}
	return count;
}

void report_table(const struct control *control)
{
	for (size_t i = 0; i < call_list_count; i++)
		print("%-32s %8llu made %8llu succeeded\n", call_list[i].name,
		      (unsigned long long)control->tried[i],
		      (unsigned long long)control->succeeded[i]);
}
