/*
 * main.c - fuzz: random system calls from several processes and threads, all calls of syscalls.def.
 *
 *   fuzz [--calls N] [--seed N] [--processes N] [--threads N] [--check-every N] [--life N]
 *        [--table 1] | --steered
 *
 * Every so many calls the kernel checks itself. The last line but one has a hash over all calls and
 * their statuses: under --icount the same seed gives the same one. The exit status is 0 if nothing
 * was found: no kernel memory in an output or register, no process without progress, every call of
 * the list made, and as many as were asked for. A process lives for so many calls of each thread.
 */
#include <string.h>

#include "child.h"
#include "console.h"
#include "disclosure.h"
#include "fuzz.h"
#include "program.h"
#include "system.h"

#define MOMENT_100NS 10000 /* between two looks: 1 ms */
#define WAKE_AFTER 40u	   /* looks without a call of a process: resumed */
#define END_AFTER 200u	   /* ended */
#define HANG_AFTER 2000u   /* and if that does not help in two seconds, it is the kernel */
#define TABLE_CALLS_LEAST 50000u

struct family {
	struct child child;
	uint64_t seen;
	unsigned quiet, life;
	bool is_running, is_lost;
};

static struct family families[MAX_PROCESSES];
static HANDLE control_section;
static struct control *control;
static unsigned hangs, check_failures, lives;
static uint64_t checks, checks_put_off;

/* ---- options ---- */

static bool number_read(const char *text, uint64_t *number)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || value > UINT32_MAX)
			return false;
		value = value * 10 + (uint64_t)(*text - '0');
	}
	*number = value;
	return true;
}

static bool option_read(struct options *options, const char *name, const char *text)
{
	const struct {
		const char *name;
		uint64_t *number, least, most;
	} numbers[] = {
		{"--calls", &options->calls, 1, UINT32_MAX},
		{"--seed", &options->seed, 0, UINT32_MAX},
		{"--processes", &options->processes, 1, MAX_PROCESSES},
		{"--threads", &options->threads, 1, MAX_THREADS},
		{"--check-every", &options->check_every, 1, UINT32_MAX},
		{"--life", &options->life, 1, UINT32_MAX},
		{"--table", &options->table, 0, 1},
	};
	uint64_t value;

	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		if (strcmp(name, numbers[i].name) != 0)
			continue;
		if (!text || !number_read(text, &value) || value < numbers[i].least ||
		    value > numbers[i].most)
			return false;
		*numbers[i].number = value;
		return true;
	}
	return false;
}

static bool options_read(struct options *options, int argc, char **argv)
{
	*options = (struct options){.calls = 20000,
				    .seed = 1,
				    .processes = 3,
				    .threads = 2,
				    .check_every = 1000,
				    .life = 1500};
	for (int i = 1; i < argc; i += 2)
		if (!option_read(options, argv[i], i + 1 < argc ? argv[i + 1] : NULL))
			return false;
	return true;
}

/* ---- the control section ---- */

static NTSTATUS control_make(const struct options *options)
{
	OBJECT_ATTRIBUTES attributes;
	LARGE_INTEGER size = {.QuadPart = sizeof(*control)};
	PVOID base = NULL;
	SIZE_T bytes = 0;
	NTSTATUS status;

	InitializeObjectAttributes(&attributes, NULL, OBJ_INHERIT, NULL, NULL);
	status = NtCreateSection(&control_section, SECTION_ALL_ACCESS, &attributes, &size,
				 PAGE_READWRITE, SEC_COMMIT, NULL);
	if (NT_SUCCESS(status))
		status = NtMapViewOfSection(control_section, CURRENT_PROCESS, &base, 0, 0, NULL,
					    &bytes, ViewUnmap, 0, PAGE_READWRITE);
	control = base;
	if (NT_SUCCESS(status))
		control->options = *options;
	return status;
}

/* ---- processes ---- */

static uint64_t calls_of(unsigned process)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < control->options.threads; i++)
		sum += control->slots[process][i].calls;
	return sum;
}

static uint64_t calls_of_all(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < control->options.processes; i++)
		sum += calls_of(i);
	return sum;
}

static bool is_done(unsigned process)
{
	for (unsigned i = 0; i < control->options.threads; i++)
		if (control->slots[process][i].state != SLOT_DONE)
			return false;
	return true;
}

/* What nobody else has any use for: the machine may be short of memory for a while. */
static void family_start(unsigned process)
{
	struct family *family = &families[process];
	char line[80];

	format_text(line, sizeof(line), "child %u %u %llu", process, family->life++,
		    (unsigned long long)(uintptr_t)control_section);
	family->is_running = NT_SUCCESS(child_start_self(&family->child, line));
	family->quiet = 0;
	lives += family->is_running;
}

static void family_wake(struct family *family, unsigned process)
{
	if (family->quiet == END_AFTER)
		NtTerminateProcess(family->child.process, STATUS_TIMEOUT);
	else if (family->quiet >= WAKE_AFTER)
		NtResumeProcess(family->child.process);
	if (family->quiet != HANG_AFTER)
		return;
	print("# FOUND: process %u does not end: its last calls\n", process);
	report_threads(control);
	family->is_lost = true;
	hangs++;
}

/* => returns: is there anything left to wait for? */
static bool family_watch(unsigned process)
{
	struct family *family = &families[process];
	LARGE_INTEGER none = {.QuadPart = 0};
	uint64_t calls = calls_of(process);

	if (family->is_lost)
		return false;
	if (!family->is_running) {
		if (is_done(process))
			return false;
		family_start(process);
		return true;
	}
	if (NtWaitForSingleObject(family->child.process, FALSE, &none) != STATUS_TIMEOUT) {
		tidy_children_of(family->child.id);
		child_close(&family->child);
		family->is_running = false;
		return true;
	}
	family->quiet = calls == family->seen ? family->quiet + 1 : 0;
	family->seen = calls;
	family_wake(family, process);
	return true;
}

/* ---- the kernel's own check ---- */

static void check(void)
{
	struct quire_balance balance;
	NTSTATUS status;

	__atomic_store_n(&control->pause, 1, __ATOMIC_RELEASE);
	status = NtQuerySystemInformation(QUIRE_SYSTEM_CHECK, &balance, sizeof(balance), NULL);
	__atomic_store_n(&control->pause, 0, __ATOMIC_RELEASE);
	checks += NT_SUCCESS(status);
	checks_put_off += status == STATUS_DEVICE_BUSY;
	if (NT_SUCCESS(status) || status == STATUS_DEVICE_BUSY)
		return;
	if (check_failures++ == 0)
		print("# FOUND: the check: status 0x%08x after %llu calls\n", (unsigned)status,
		      (unsigned long long)calls_of_all());
}

/* A thread whose registers were changed may run for ever: till it ends no moment is quiet. */
static unsigned checks_missing(void)
{
	if (checks > checks_put_off)
		return 0;
	print("# FOUND: %llu checks, and %llu that found no quiet moment\n",
	      (unsigned long long)checks, (unsigned long long)checks_put_off);
	return 1;
}

static void run(void)
{
	uint64_t checked = 0;
	bool left = true;

	while (left) {
		LARGE_INTEGER moment = {.QuadPart = -MOMENT_100NS};

		left = false;
		NtDelayExecution(FALSE, &moment);
		for (unsigned i = 0; i < control->options.processes; i++)
			left |= family_watch(i);
		if (calls_of_all() - checked < control->options.check_every)
			continue;
		checked = calls_of_all();
		check();
	}
}

/* ---- the verdict ---- */

static uint64_t hash_of_all(void)
{
	uint64_t hash = 0;

	for (unsigned i = 0; i < control->options.processes; i++)
		for (unsigned j = 0; j < control->options.threads; j++)
			hash = hash * 0x100000001B3ull ^ control->slots[i][j].hash;
	return hash;
}

/* So many calls that each must have come; fewer are a try. */
static unsigned calls_missing(void)
{
	unsigned missing = 0;

	for (size_t i = 0; i < call_list_count; i++) {
		if (control->tried[i] || control->options.calls < TABLE_CALLS_LEAST)
			continue;
		print("# FOUND: %s was never called\n", call_list[i].name);
		missing++;
	}
	return missing;
}

static NTSTATUS verdict(void)
{
	const struct options *options = &control->options;
	uint64_t thrown = 0;
	unsigned failed = report_findings(control) + hangs + check_failures + checks_missing() +
			  calls_missing();

	for (unsigned i = 0; i < options->processes; i++)
		for (unsigned j = 0; j < options->threads; j++)
			thrown += control->slots[i][j].thrown;
	if (options->table)
		report_table(control);
	print("fuzz: seed %llu, %llu processes of %llu threads: hash 0x%016llx; %llu exceptions, "
	      "%u lives, %llu checks, %llu put off\n",
	      (unsigned long long)options->seed, (unsigned long long)options->processes,
	      (unsigned long long)options->threads, (unsigned long long)hash_of_all(),
	      (unsigned long long)thrown, lives, (unsigned long long)checks,
	      (unsigned long long)checks_put_off);
	print("%llu calls tried, %u failed\n", (unsigned long long)calls_of_all(), failed);
	return failed ? STATUS_UNSUCCESSFUL : STATUS_SUCCESS;
}

static NTSTATUS parent_main(const struct options *options)
{
	LONG priority = 15;
	NTSTATUS status = tidy_begin(), result;

	if (NT_SUCCESS(status))
		status = control_make(options);
	if (!NT_SUCCESS(status)) {
		print("fuzz: cannot start: status 0x%08x\n", (unsigned)status);
		return status;
	}
	call_list_init();
	NtSetInformationThread(CURRENT_THREAD, 2, &priority, sizeof(priority));
	disclosure_markers_set(true); /* refused by the release kernel, which has none */
	run();
	disclosure_markers_set(false);
	tidy_end();
	check();
	result = verdict();
	NtClose(control_section);
	return result;
}

static unsigned number_of(const char *text)
{
	uint64_t number = 0;

	number_read(text, &number);
	return (unsigned)number;
}

int program_main(int argc, char **argv)
{
	struct options options;

	if (!system_is_quire()) {
		print("fuzz: this is not Quire. Random system calls would harm a machine that is "
		      "in use, so nothing was done.\n");
		return STATUS_NOT_SUPPORTED;
	}
	if (argc == 5 && !strcmp(argv[1], "child"))
		return process_main(number_of(argv[2]), number_of(argv[3]),
				    (HANDLE)(uintptr_t)number_of(argv[4]));
	if (argc > 1 && !strcmp(argv[1], "victim"))
		return STATUS_SUCCESS;
	if (argc == 2 && !strcmp(argv[1], "--steered")) {
		steer_print();
		return STATUS_SUCCESS;
	}
	if (!options_read(&options, argc, argv)) {
		print("fuzz: --calls N --seed N --processes N --threads N --check-every N "
		      "--life N --table 1 | --steered\n");
		return STATUS_INVALID_PARAMETER;
	}
	return parent_main(&options);
}
