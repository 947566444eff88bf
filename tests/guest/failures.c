/*
 * failures.c - see failures.h.
 */
#include "failures.h"

#include <string.h>

#include "format.h"

#define POINTS_MOST 2000u /* of one operation */
#define CHECK_EVERY 64u	  /* failures between two checks of all the kernel's books */
#define CHAINS_TOLD 40u

static const SYSTEM_INFORMATION_CLASS failures_class =
	(SYSTEM_INFORMATION_CLASS)QUIRE_SYSTEM_FAILURES;

struct failure_counts failure_counts;
bool failures_in_pairs;

/* What each kind of failure may look like to the caller; is_absorbed: often to nobody. */
static const struct {
	const char *name;
	bool is_absorbed;
	NTSTATUS statuses[4];
} kinds[QUIRE_FAIL_KINDS] = {
	[QUIRE_FAIL_POOL] = {"pool", false, {STATUS_INSUFFICIENT_RESOURCES, STATUS_NO_MEMORY}},
	[QUIRE_FAIL_POOL_PAGE] = {"pool page",
				  false,
				  {STATUS_INSUFFICIENT_RESOURCES, STATUS_NO_MEMORY}},
	/* a copy whose page cannot be had is a bad address; a program's own page, an exception */
	[QUIRE_FAIL_FRAME] = {"frame",
			      false,
			      {STATUS_NO_MEMORY, STATUS_INSUFFICIENT_RESOURCES,
			       STATUS_ACCESS_VIOLATION, STATUS_IN_PAGE_ERROR}},
	[QUIRE_FAIL_FRAME_AT_ONCE] = {"frame at once", true, {0}},
	[QUIRE_FAIL_COMMIT] = {"commit", false, {STATUS_COMMITMENT_LIMIT}},
	[QUIRE_FAIL_HANDLE] = {"handle", false, {STATUS_INSUFFICIENT_RESOURCES}},
	[QUIRE_FAIL_SLOT] = {"page-file slot", true, {0}},
	[QUIRE_FAIL_BLOCK] = {"disk block", false, {STATUS_DISK_FULL}},
	[QUIRE_FAIL_COPY_IN] = {"copy in", false, {STATUS_ACCESS_VIOLATION}},
	[QUIRE_FAIL_COPY_OUT] = {"copy out", false, {STATUS_ACCESS_VIOLATION}},
	[QUIRE_FAIL_READ] = {"read",
			     false,
			     {STATUS_IN_PAGE_ERROR, STATUS_DEVICE_DATA_ERROR,
			      STATUS_ACCESS_VIOLATION}},
	[QUIRE_FAIL_WRITE] = {"write", false, {STATUS_DEVICE_DATA_ERROR}},
	[QUIRE_FAIL_SHORT] = {"short transfer",
			      false,
			      {STATUS_IN_PAGE_ERROR, STATUS_UNEXPECTED_IO_ERROR,
			       STATUS_ACCESS_VIOLATION}},
};

/* ---- plans ---- */

static NTSTATUS plan_set(struct quire_failure_plan plan)
{
	return NtSetSystemInformation(failures_class, &plan, sizeof(plan));
}

bool failures_begin(void)
{
	NTSTATUS status = plan_set((struct quire_failure_plan){.forget = 1});
	struct quire_failures result;

	/* Wine takes every class for set */
	if (NT_SUCCESS(status))
		status = NtQuerySystemInformation(failures_class, &result, sizeof(result), NULL);
	if (NT_SUCCESS(status))
		return true;
	tap_skip(1, "nothing fails on purpose here: not Quire's debug kernel");
	return false;
}

void plan_begin(uint32_t bits, uint32_t first, uint32_t second)
{
	NTSTATUS status = plan_set(
		(struct quire_failure_plan){.kinds = bits, .first = first, .second = second});

	if (!NT_SUCCESS(status))
		bail_out("a plan of failures", status);
}

struct quire_failures plan_end(void)
{
	struct quire_failures result = {0};
	NTSTATUS status = plan_set((struct quire_failure_plan){0});

	if (NT_SUCCESS(status))
		status = NtQuerySystemInformation(failures_class, &result, sizeof(result), NULL);
	if (!NT_SUCCESS(status))
		bail_out("the end of a plan of failures", status);
	return result;
}

void plan_give(HANDLE thread, uint32_t first)
{
	NTSTATUS status = plan_set((struct quire_failure_plan){
		.thread = (uintptr_t)thread, .kinds = ALL_FAILURES, .first = first});

	if (!NT_SUCCESS(status))
		bail_out("a plan of failures for a thread", status);
}

uint64_t failures_total(void)
{
	return plan_end().total;
}

/* ---- page faults of this program ---- */

volatile NTSTATUS touch_status;

static volatile unsigned touch_failures;

static LONG NTAPI note_and_retry(EXCEPTION_POINTERS *pointers)
{
	if (NT_SUCCESS(touch_status))
		touch_failures = 0;
	if (touch_failures++ > 1) /* a plan has no third failure */
		return EXCEPTION_CONTINUE_SEARCH;
	touch_status = (NTSTATUS)pointers->ExceptionRecord->ExceptionCode;
	return EXCEPTION_CONTINUE_EXECUTION;
}

PVOID faults_note(void)
{
	return RtlAddVectoredExceptionHandler(1, note_and_retry);
}

/* ---- what must be as before ---- */

struct usage {
	uint64_t own_handles, own_commit;
	uint64_t commit, views, segments, handles, processes, threads, pool_blocks;
};

static struct usage usage_read(void)
{
	static struct quire_fault_counts counts;
	static struct quire_memory memory;

	fault_counts_read(&counts);
	memory_read(&memory);
	return (struct usage){.own_handles = counts.handles,
			      .own_commit = counts.commit_pages,
			      .commit = memory.commit,
			      .views = memory.views,
			      .segments = memory.segments,
			      .handles = memory.handles,
			      .processes = memory.processes,
			      .threads = memory.threads,
			      .pool_blocks = memory.pool_blocks};
}

static const char *usage_difference(const struct usage *before, const struct usage *after)
{
	static const char *const names[] = {"own handles", "own commit", "commit",
					    "views",	   "segments",	 "handles",
					    "processes",   "threads",	 "pool blocks"};
	const uint64_t *then = (const uint64_t *)before, *now = (const uint64_t *)after;

	_Static_assert(sizeof(*before) == sizeof(names) / sizeof(names[0]) * sizeof(*then), "");
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (then[i] != now[i])
			return names[i];
	return NULL;
}

/* A difference is the kernel's end. */
static void books_check(void)
{
	struct quire_balance balance;

	NtQuerySystemInformation((SYSTEM_INFORMATION_CLASS)QUIRE_SYSTEM_CHECK, &balance,
				 sizeof(balance), NULL);
}

/* ---- one scenario ---- */

static const char *kind_names(uint32_t bits)
{
	static char text[80];
	size_t length = 0;

	format_text(text, sizeof(text), "none");
	for (uint32_t kind = 0; kind < QUIRE_FAIL_KINDS; kind++) {
		if (!(bits >> kind & 1))
			continue;
		format_text(text + length, sizeof(text) - length, "%s%s", length ? ", " : "",
			    kinds[kind].name);
		length = strlen(text);
	}
	return text;
}

static void complain(const struct scenario *scenario, uint32_t nth, uint32_t bits, const char *what,
		     NTSTATUS status)
{
	const char *name = status_name(status);

	failure_counts.complaints++;
	print("# %s: failure %u (%s): %s (0x%08x %s)\n", scenario->name, nth, kind_names(bits),
	      what, (unsigned)status, name ? name : "");
}

static bool is_status_of(const struct scenario *scenario, uint32_t kind, NTSTATUS status)
{
	if (NT_SUCCESS(status))
		return kinds[kind].is_absorbed || scenario->absorbed >> kind & 1;
	for (size_t i = 0; i < COUNT_OF(kinds[kind].statuses); i++)
		if (kinds[kind].statuses[i] == status)
			return true;
	for (size_t i = 0; i < COUNT_OF(scenario->also); i++)
		if (scenario->also[i] == status)
			return true;
	return false;
}

/* A success must be one for all that failed, an error that of any of them. */
static bool is_right(const struct scenario *scenario, uint32_t bits, NTSTATUS status)
{
	if (bits & 1u << QUIRE_FAIL_FRAME_AT_ONCE) /* a write that was to make room: another will */
		bits &= ~(1u << QUIRE_FAIL_WRITE | 1u << QUIRE_FAIL_SHORT);
	for (uint32_t kind = 0; kind < QUIRE_FAIL_KINDS; kind++)
		if (bits >> kind & 1 && is_status_of(scenario, kind, status) != NT_SUCCESS(status))
			return !NT_SUCCESS(status);
	return NT_SUCCESS(status);
}

/* The operation with failures; nth 0: none. => returns: what became of the plan. */
static struct quire_failures attempt(const struct scenario *scenario, uint32_t nth, uint32_t second)
{
	struct usage before, after;
	struct quire_failures plan;
	const char *difference;
	NTSTATUS status;

	if (scenario->prepare)
		scenario->prepare(scenario->context);
	before = usage_read();
	plan_begin(scenario->kinds ? scenario->kinds : ALL_FAILURES, nth, second);
	status = scenario->perform(scenario->context);
	plan = plan_end();
	after = usage_read();
	if (scenario->keeps_tables)
		after.pool_blocks = before.pool_blocks;
	difference = usage_difference(&before, &after);
	if (!plan.failed && !NT_SUCCESS(status))
		complain(scenario, nth, 0, "does not succeed", status);
	if (plan.failed && !is_right(scenario, plan.kinds, status))
		complain(scenario, nth, plan.kinds, "not the status for that", status);
	if (!NT_SUCCESS(status) && difference)
		complain(scenario, nth, plan.kinds, difference, status);
	if (scenario->undo)
		scenario->undo(scenario->context, status);
	failure_counts.failures += plan.failed;
	if (plan.failed && failure_counts.failures % CHECK_EVERY == 0)
		books_check();
	return plan;
}

/* The nth failure, and each one behind it. */
static void pairs_run(const struct scenario *scenario, uint32_t nth)
{
	uint32_t second = 1;

	while (second < POINTS_MOST && attempt(scenario, nth, second).failed > 1)
		second++;
}

unsigned scenario_run(const struct scenario *scenario)
{
	unsigned before = failure_counts.complaints;
	uint32_t nth = 0;
	struct quire_failures plan;

	failure_counts.scenarios++;
	attempt(scenario, 0, 0); /* what is made once is there */
	do {
		struct quire_failures second;

		plan = second = attempt(scenario, ++nth, 0);
		/* what is met on the way out of a failure fails too, once */
		while (second.failed && second.fresh)
			second = attempt(scenario, nth, QUIRE_FAIL_FRESH);
		if (failures_in_pairs && plan.failed)
			pairs_run(scenario, nth);
	} while (plan.failed && nth < POINTS_MOST);
	if (nth == POINTS_MOST)
		complain(scenario, nth, 0, "never succeeds", STATUS_UNSUCCESSFUL);
	return failure_counts.complaints - before;
}

void failures_tell(void)
{
	books_check();
	print("# %u scenarios, %u failures, %u complaints\n", failure_counts.scenarios,
	      failure_counts.failures, failure_counts.complaints);
}

/* ---- chains of calls ---- */

unsigned chains_report(void)
{
	static struct {
		struct quire_failures head;
		struct quire_failure_chain chains[CHAINS_TOLD];
	} report;
	unsigned never;
	NTSTATUS status;

	memset(&report, 0, sizeof(report));
	status = NtQuerySystemInformation(failures_class, &report, sizeof(report), NULL);
	if (!NT_SUCCESS(status))
		bail_out("chains of calls", status);
	never = report.head.chains_seen - report.head.chains_failed + report.head.chains_lost;
	print("# %u call chains met, %u failed, %u lost\n", report.head.chains_seen,
	      report.head.chains_failed, report.head.chains_lost);
	for (unsigned i = 0; i < CHAINS_TOLD && report.chains[i].seen; i++)
		print("# never failed: %s x %u: %s\n", kinds[report.chains[i].kind].name,
		      report.chains[i].seen, report.chains[i].calls);
	return never;
}

void chains_check(void)
{
	tap_is_number(chains_report(), 0, "call chains that never failed");
}
