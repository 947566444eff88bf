/*
 * main.c - stress: more pages than frames, in several processes, and is every one of them right?
 *
 *   stress [--pages N | --factor N] [--processes N] [--threads N] [--checks N] [--seed N]
 *          [--kinds private,section,file,cow,image,table]
 *
 * Every page holds whose it is, which one and of which version. Threads of several processes pick
 * pages, verify all of each, write most of them anew, and give back, unmap, protect, flush and lock
 * some, until so many pages were verified. The exit status is 0 if no page was wrong, no call
 * failed, and every thread came to its end.
 */
#include <string.h>

#include "child.h"
#include "console.h"
#include "program.h"
#include "stress.h"

#define SECOND_100NS 10000000
#define STALL_SECONDS 300u /* without a verified page: nothing goes on any more */

struct run {
	struct control *control;
	HANDLE control_section, section;
	struct child children[MAX_PROCESSES];
	unsigned started;
};

/* A section that children inherit, under the same number. */
static NTSTATUS section_make(HANDLE *section, uint64_t bytes)
{
	OBJECT_ATTRIBUTES attributes;
	LARGE_INTEGER size = {.QuadPart = (LONGLONG)bytes};

	InitializeObjectAttributes(&attributes, NULL, OBJ_INHERIT, NULL, NULL);
	return NtCreateSection(section, SECTION_ALL_ACCESS, &attributes, &size, PAGE_READWRITE,
			       SEC_COMMIT, NULL);
}

/* `sized` stays behind as what the control section begins with. */
static NTSTATUS control_make(struct run *run, const struct control *sized)
{
	uint64_t shared = sized->pages[KIND_SECTION] + sized->pages[KIND_FILE];
	PVOID base = NULL;
	SIZE_T bytes = 0;
	NTSTATUS status = section_make(&run->control_section,
				       sizeof(*sized) + shared * sizeof(struct shared_page));

	if (!NT_SUCCESS(status))
		return status;
	status = NtMapViewOfSection(run->control_section, CURRENT_PROCESS, &base, 0, 0, NULL,
				    &bytes, ViewUnmap, 0, PAGE_READWRITE);
	if (!NT_SUCCESS(status))
		return status;
	run->control = base;
	memcpy(run->control, sized, sizeof(*sized));
	return section_make(&run->section, (sized->pages[KIND_SECTION] + 1) * PAGE_BYTES);
}

static NTSTATUS children_start(struct run *run)
{
	NTSTATUS status = STATUS_SUCCESS;
	char line[80];

	while (run->started < run->control->options.processes && NT_SUCCESS(status)) {
		format_text(line, sizeof(line), "child %u %llu %llu", run->started,
			    (unsigned long long)(uintptr_t)run->control_section,
			    (unsigned long long)(uintptr_t)run->section);
		status = child_start_self(&run->children[run->started], line);
		if (NT_SUCCESS(status))
			run->started++;
	}
	return status;
}

static struct tally tally_of_all(const struct control *control)
{
	struct tally sum = {0};

	for (unsigned i = 0; i < MAX_PROCESSES * MAX_THREADS; i++) {
		const struct tally *tally = &control->tallies[i];

		for (unsigned kind = 0; kind < KINDS; kind++) {
			sum.verified[kind] += tally->verified[kind];
			sum.wrong[kind] += tally->wrong[kind];
		}
		sum.calls_failed += tally->calls_failed;
	}
	return sum;
}

static uint64_t sum_of(const uint64_t *counts)
{
	uint64_t sum = 0;

	for (unsigned kind = 0; kind < KINDS; kind++)
		sum += counts[kind];
	return sum;
}

/* Waits for a child as long as pages are verified anywhere. => returns: false if not. */
static bool child_wait_watching(const struct run *run, unsigned number, NTSTATUS *exit_status)
{
	LARGE_INTEGER second = {.QuadPart = -SECOND_100NS};
	uint64_t seen = 0;
	struct tally tally;

	for (unsigned quiet = 0; quiet < STALL_SECONDS; quiet++) {
		if (NtWaitForSingleObject(run->children[number].process, FALSE, &second) ==
		    STATUS_SUCCESS)
			return NT_SUCCESS(child_wait(&run->children[number], exit_status));
		tally = tally_of_all(run->control);
		if (sum_of(tally.verified) != seen)
			quiet = 0;
		seen = sum_of(tally.verified);
	}
	return false;
}

/* => returns: how many did not come to their end. */
static unsigned children_wait(const struct run *run)
{
	unsigned lost = 0;

	for (unsigned i = 0; i < run->started; i++) {
		NTSTATUS exit_status = STATUS_PENDING;

		if (!child_wait_watching(run, i, &exit_status)) {
			print("# process %u: no page was verified for %u seconds\n", i,
			      STALL_SECONDS);
			NtTerminateProcess(run->children[i].process, STATUS_TIMEOUT);
		} else if (exit_status) {
			print("# process %u ended with status 0x%08x\n", i, (unsigned)exit_status);
		}
		lost += exit_status != 0;
	}
	return lost;
}

static void say_sizes(const struct control *control)
{
	const struct options *options = &control->options;
	const uint64_t *pages = control->pages;
	uint64_t threads = options->processes * options->threads;

	print("stress: %llu processes of %llu threads, seed %llu; %llu frames, %llu pages: "
	      "%llu private, %llu section, %llu file, %llu cow\n",
	      (unsigned long long)options->processes, (unsigned long long)options->threads,
	      (unsigned long long)options->seed, (unsigned long long)control->frames,
	      (unsigned long long)(threads * (pages[KIND_PRIVATE] + pages[KIND_COW]) +
				   pages[KIND_SECTION] + pages[KIND_FILE]),
	      (unsigned long long)(threads * pages[KIND_PRIVATE]),
	      (unsigned long long)pages[KIND_SECTION], (unsigned long long)pages[KIND_FILE],
	      (unsigned long long)(threads * pages[KIND_COW]));
}

static bool verdict(const struct run *run, unsigned lost)
{
	struct tally tally = tally_of_all(run->control);
	uint64_t verified = sum_of(tally.verified), wrong = sum_of(tally.wrong);
	bool ok =
		!lost && !wrong && !tally.calls_failed && verified >= run->control->options.checks;

	for (unsigned kind = 0; kind < KINDS; kind++)
		if (run->control->pages[kind])
			print("stress: %s %llu verified, %llu wrong\n", kind_names[kind],
			      (unsigned long long)tally.verified[kind],
			      (unsigned long long)tally.wrong[kind]);
	print("stress: total %llu verified, %llu wrong, %llu calls failed, %u processes lost\n",
	      (unsigned long long)verified, (unsigned long long)wrong,
	      (unsigned long long)tally.calls_failed, lost);
	print("stress: %s\n", ok ? "ok" : "NOT OK");
	return ok;
}

/* Sections and views go with the process. */
static NTSTATUS parent_main(const struct control *sized)
{
	struct run run = {.started = 0};
	NTSTATUS status = control_make(&run, sized);
	unsigned lost;
	bool ok;

	if (NT_SUCCESS(status))
		status = files_make(run.control);
	if (NT_SUCCESS(status))
		status = children_start(&run);
	if (!NT_SUCCESS(status))
		print("# cannot start: status 0x%08x\n", (unsigned)status);
	if (!run.control)
		return status;
	say_sizes(run.control);
	lost = children_wait(&run);
	ok = verdict(&run, lost) && NT_SUCCESS(status);
	for (unsigned i = 0; i < run.started; i++)
		child_close(&run.children[i]);
	files_delete();
	return ok ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

static uint64_t number_of(const char *text)
{
	uint64_t number = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		number = number * 10 + (uint64_t)(*text - '0');
	return number;
}

int program_main(int argc, char **argv)
{
	static struct control sized;

	if (argc == 5 && !strcmp(argv[1], "child"))
		return process_main((unsigned)number_of(argv[2]),
				    (HANDLE)(uintptr_t)number_of(argv[3]),
				    (HANDLE)(uintptr_t)number_of(argv[4]));
	if (!options_read(&sized.options, argc, argv))
		return STATUS_INVALID_PARAMETER;
	if (!sizes_set(&sized))
		return STATUS_COMMITMENT_LIMIT;
	return parent_main(&sized);
}
