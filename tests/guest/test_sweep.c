/*
 * test_sweep.c - an interrupt, and an NMI, at every instruction of paths through the kernel
 * (reliability R-10): the path ends as if nothing had been.
 *
 * The interrupt sets an event for which a thread of higher priority waits: so each one is also a
 * preemption, by a thread that needs what the path may be using, this very address space. An NMI
 * only counts, but comes where interrupts are disabled, too.
 *
 *     test_sweep.exe                               a part: what `make test` has time for
 *     test_sweep.exe all PART PARTS POINTS         the PART-th of PARTS paths; every instruction of
 *                                                  those that have no more, else so many
 *     test_sweep.exe KIND NAME FIRST LAST STRIDE   nmi or irq, one path, from so many instructions
 */
/* boot: frames=1500 pagefile=4000 alone */
#include <string.h>

#include "sweep.h"
#include "sweep_places.h"

#define STRIDE_EVERYDAY 293u /* a prime, so that no loop has it for a period */
#define POINTS_LONG 20000u   /* of a path and a kind, in the long form */
#define PASSES_MAX 4u
#define NO_END 0x1000000u /* no path is so long */
#define TOLD_MAX 20u	  /* failures that are told in full */

static HANDLE shot_event;
static char *disturbed;
static volatile unsigned disturbances;
static uint64_t tried, failed;
static bool tells_places; /* where each one came */

/* ---- who takes the CPU ---- */

static NTSTATUS NTAPI disturber_main(PVOID argument)
{
	(void)argument;
	while (!NtWaitForSingleObject(shot_event, FALSE, NULL)) {
		protect(disturbed, PAGE_BYTES, disturbances % 2 ? PAGE_READWRITE : PAGE_READONLY,
			NULL);
		disturbances++;
	}
	return STATUS_SUCCESS;
}

static void disturber_start(void)
{
	LONG increment = 2;
	HANDLE thread;

	if (NtCreateEvent(&shot_event, EVENT_ALL_ACCESS, NULL, SynchronizationEvent, FALSE))
		bail_out("an event", STATUS_NO_MEMORY);
	disturbed = memory_need(PAGE_BYTES);
	disturbed[0] = 1;
	thread = thread_need(disturber_main, NULL, 0);
	NtSetInformationThread(thread, THREAD_BASE_PRIORITY_CLASS, &increment, sizeof(increment));
	NtYieldExecution();
}

/* ---- one point ---- */

struct sweep {
	const struct sweep_path *path;
	enum sweep_kind kind;
	struct sweep_normal normal;
	uint32_t first, last, stride;
};

static bool is_equal(const struct sweep *sweep, uint32_t after, const struct sweep_seen *seen,
		     const char *what, uint64_t value, uint64_t expected)
{
	const char *kind = sweep_kind_names[sweep->kind], *name = sweep->path->name;

	static unsigned told;

	if (value == expected)
		return true;
	if (++told > TOLD_MAX)
		return false;
	tap_note("%s, %s after %u instructions, at %s 0x%llx: %s expected 0x%llx, seen 0x%llx",
		 name, kind, after, seen->shot.from_user ? "user address" : "kernel text",
		 (unsigned long long)seen->shot.place, what, (unsigned long long)expected,
		 (unsigned long long)value);
	tap_note("again: tools/quire interrupt %s %s %u", kind, name, after);
	return false;
}

/*
 * The way from the interrupted instruction to the handler's clock is one of two: with the user's GS
 * base two instructions more. So an NMI that came late shows, and none was missed if none did.
 */
static bool is_punctual(const struct sweep *sweep, uint32_t after, const struct sweep_seen *seen)
{
	static uint64_t delay;
	uint64_t now = seen->shot.ticks - after;

	if (sweep->kind != SWEEP_NMI)
		return true;
	if (!delay || now < delay)
		delay = now;
	return now == delay + 2 || is_equal(sweep, after, seen, "delay", now, delay);
}

/* => returns: the interrupt came; else the path is shorter. */
static bool point_try(const struct sweep *sweep, uint32_t after)
{
	unsigned before = disturbances;
	struct sweep_seen seen = sweep_run(sweep->path, sweep->kind, after,
					   sweep->kind == SWEEP_IRQ ? shot_event : NULL);

	if (!seen.shot.has_come)
		return false;
	tried++;
	if (tells_places)
		tap_note("%u instructions: %s 0x%llx%s", after,
			 seen.shot.from_user ? "user address" : "kernel text",
			 (unsigned long long)seen.shot.place,
			 seen.shot.irq_enabled ? "" : ", interrupts disabled");
	places_note(sweep->kind, &seen.shot);
	if (!is_equal(sweep, after, &seen, "result", seen.result, sweep->normal.result) ||
	    (sweep->normal.has_look &&
	     !is_equal(sweep, after, &seen, "output", seen.look, sweep->normal.look)) ||
	    (sweep->kind == SWEEP_IRQ &&
	     !is_equal(sweep, after, &seen, "preemptions", disturbances - before, 1)) ||
	    !is_punctual(sweep, after, &seen))
		failed++;
	return true;
}

/* ---- one path ---- */

static void path_sweep(const struct sweep *sweep)
{
	const char *kind = sweep_kind_names[sweep->kind], *name = sweep->path->name;
	uint64_t tried_before = tried, failed_before = failed;
	uint32_t after = sweep->first;

	while (after <= sweep->last && point_try(sweep, after))
		after += sweep->stride;
	tap_ok(tried > tried_before && failed == failed_before && after < NO_END, "%s at %s", kind,
	       name);
	tap_note("%s at %s: %llu of %llu", kind, name, (unsigned long long)(tried - tried_before),
		 (unsigned long long)sweep->normal.ticks);
}

/*
 * An interrupt disturbs, so the next run may be an instruction longer or shorter, and one place is
 * stepped over. Tries again until none is left out, or so often.
 */
static struct places_summary places_complete(const struct sweep *sweep)
{
	struct places_summary summary = places_end_path(sweep->path->name, false);

	for (unsigned pass = 0; pass < PASSES_MAX && summary.missed; pass++) {
		point_try(sweep, 1); /* whatever alternates does so the other way round now */
		for (uint32_t after = 1; point_try(sweep, after);)
			after++;
		summary = places_end_path(sweep->path->name, pass == PASSES_MAX - 1);
	}
	return summary;
}

/* stride 0: so many points that the path comes to `points`. */
static void path_sweep_both(const struct sweep_path *path, uint32_t stride, unsigned points)
{
	struct sweep sweep = {.path = path, .normal = sweep_measure(path), .first = 1};
	struct places_summary summary;

	sweep.last = NO_END;
	sweep.stride = stride ? stride : (uint32_t)(sweep.normal.ticks / points) + 1;
	places_start_path();
	for (int kind = 0; kind < SWEEP_KINDS; kind++) {
		sweep.kind = (enum sweep_kind)kind;
		path_sweep(&sweep);
	}
	if (sweep.stride > 1 || path->varies)
		return;
	summary = places_complete(&sweep);
	tap_ok(summary.interrupted > 0 && summary.missed == 0,
	       "%s: an interrupt came wherever it could", path->name);
	tap_note("%s: NMI before %u instructions of the kernel, interrupts enabled at %u",
		 path->name, summary.interrupted, summary.enabled);
}

/* ---- what to do ---- */

static unsigned number_read(const char *text)
{
	unsigned number = 0;

	while (*text >= '0' && *text <= '9')
		number = number * 10 + (unsigned)(*text++ - '0');
	return number;
}

static void sweep_everyday(void)
{
	for (size_t i = 0; i < sweep_paths_count; i++)
		if (!sweep_paths[i].is_long)
			path_sweep_both(&sweep_paths[i],
					sweep_paths[i].is_complete ? 1 : STRIDE_EVERYDAY, 0);
}

static void sweep_all(unsigned part, unsigned parts, unsigned points)
{
	for (size_t i = 0; i < sweep_paths_count; i++)
		if (i % parts == part)
			path_sweep_both(&sweep_paths[i], 0, points);
	places_print();
}

static void sweep_one(char **words)
{
	struct sweep sweep = {.first = number_read(words[2]),
			      .last = number_read(words[3]),
			      .stride = number_read(words[4])};

	for (size_t i = 0; i < sweep_paths_count; i++)
		if (!strcmp(words[1], sweep_paths[i].name))
			sweep.path = &sweep_paths[i];
	if (!sweep.path)
		bail_out(words[1], STATUS_OBJECT_NAME_NOT_FOUND);
	sweep.kind = strcmp(words[0], sweep_kind_names[SWEEP_IRQ]) ? SWEEP_NMI : SWEEP_IRQ;
	sweep.normal = sweep_measure(sweep.path);
	tells_places = true;
	path_sweep(&sweep);
}

int program_main(int argc, char **argv)
{
	if (argc == 2)
		return STATUS_SUCCESS; /* the path "program" */
	tap_start("interrupts at every instruction");
	if (!system_is_quire()) {
		tap_skip(1, "interrupts cannot be placed here");
		return tap_finish();
	}
	sweep_init();
	disturber_start();
	if (argc == 6)
		sweep_one(argv + 1);
	else if (argc == 5)
		sweep_all(number_read(argv[2]), number_read(argv[3]), number_read(argv[4]));
	else
		sweep_everyday();
	tap_note("%llu interruptions tried, %llu failed", (unsigned long long)tried,
		 (unsigned long long)failed);
	return tap_finish();
}
