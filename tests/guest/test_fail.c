/*
 * test_fail.c - failures on purpose: every system call, every class of page fault and the start of
 * programs meet every failure on their way, one at a time (reliability ).
 *
 * Each call and each group of scenarios has a child of its own, so that what it leaves behind shows
 * when that has ended. At the end no chain of calls may be left that was met and never failed: by
 * these children, by their starts and ends, or by this program.
 *
 *   test_fail.exe call NtCreateSection      that call alone
 *   test_fail.exe group memory              that group alone
 *   test_fail.exe pairs                     all with all pairs of two failures (long)
 */
/* boot: mem=64 frames=1500 hash=1 alone */
#include <string.h>

#include "child.h"
#include "fail_groups.h"

static const struct group {
	const char *name;
	void (*run)(void);
} groups[] = {
	{"memory", fail_memory_run}, {"files", fail_files_run},	      {"objects", fail_objects_run},
	{"faults", fail_faults_run}, {"programs", fail_programs_run},
};

static NTSTATUS run_group(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(groups); i++)
		if (!strcmp(groups[i].name, name))
			groups[i].run();
	return failure_counts.scenarios ? (NTSTATUS)failure_counts.complaints
					: STATUS_OBJECT_NAME_NOT_FOUND;
}

static NTSTATUS run_part(const char *kind, const char *name)
{
	NTSTATUS status = strcmp(kind, "call") ? run_group(name) : fail_call_run(name);

	failures_tell();
	return status;
}

static void run_child(const char *kind, const char *name)
{
	char line[80];

	format_text(line, sizeof(line), "%s%s %s", failures_in_pairs ? "pairs " : "", kind, name);
	tap_is_status(child_run_self(line), STATUS_SUCCESS, "%s with failures", name);
}

static void test_calls(void)
{
	for (size_t i = 0; i < calls_count(); i++) {
		struct call call = call_at(i);

		if (!fail_call_is_possible(&call))
			continue;
		if (call_is_known(&call))
			run_child("call", call.name);
		else
			tap_ok(false, "%s has no valid arguments in calls*.c", call.name);
	}
}

static uint32_t number_of(const char *text)
{
	uint32_t number = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		number = number * 10 + (uint32_t)(*text - '0');
	return number;
}

int program_main(int argc, char **argv)
{
	NTSTATUS status;

	failures_in_pairs = argc > 1 && !strcmp(argv[1], "pairs");
	if (failures_in_pairs && argc == 4)
		return run_part(argv[2], argv[3]);
	if (argc == 4) /* a child of fail_programs.c */
		return fail_child_run(argv[2], number_of(argv[3]), !strcmp(argv[1], "twice"));
	if (argc == 3)
		return run_part(argv[1], argv[2]);
	tap_start("failures on purpose");
	if (!failures_begin())
		return tap_finish();
	test_calls();
	for (size_t i = 0; i < COUNT_OF(groups); i++)
		run_child("group", groups[i].name);
	chains_check();
	status = tap_finish();
	if (failures_in_pairs)
		print("%llu failures tried, %u failed\n", (unsigned long long)failures_total(),
		      NT_SUCCESS(status) ? 0 : 1);
	return status;
}
