/*
 * test_kill_sweep.c - what one process does to another at every instruction of paths through the
 * kernel: terminates it, or its thread, or another of its threads, or stops it and lets it go on
 * (reliability R-11).
 *
 * The victim is a copy of this process with a thread that takes the path. The interrupt wakes us,
 * who have the higher priority: so the victim stands exactly there while it happens. Nothing of it
 * may be left, and it must end at once; a victim that lives on ends as if nothing had been.
 *
 *     test_kill_sweep.exe                                 a part: what `make test` has time for
 *     test_kill_sweep.exe all PART PARTS POINTS           the PART-th of PARTS, so many of each
 *     test_kill_sweep.exe ACTION NAME FIRST LAST STRIDE   one path again
 */
/* boot: frames=1500 pagefile=4000 alone */
#include <string.h>

#include "sweep.h"

#define POINTS_EVERYDAY 3u     /* of a path */
#define NO_END 0x1000000u      /* no path is so long */
#define TOLD_MAX 20u	       /* failures that are told in full */
#define POINTS_PER_CHECK 32u   /* all invariants are checked so often */
#define PATIENCE (-20000000ll) /* 2 s: for what ends at once */
#define KILLED 0x7E57u

enum action { END_PROCESS, END_THREAD, END_SIBLING, STOP, ACTIONS };
static const char *const action_names[ACTIONS] = {"process", "thread", "sibling", "stop"};

static HANDLE shot_event, never;
static uint64_t tried, failed;

/* What a victim is to do; copied into it. */
static struct {
	const struct sweep_path *path;
	uint32_t after;
} task;

/* ---- the victim ---- */

static NTSTATUS fold(uint64_t result)
{
	return (NTSTATUS)(result ^ result >> 32);
}

static NTSTATUS NTAPI victim_main(PVOID argument)
{
	uint64_t result;

	(void)argument;
	calls_adopt(&task.path->call);
	if (task.path->prepare)
		task.path->prepare(task.path);
	sweep_arm(SWEEP_IRQ, task.after, shot_event);
	result = task.path->run(task.path);
	sweep_disarm();
	NtTerminateProcess(CURRENT_PROCESS, fold(result));
	return STATUS_SUCCESS;
}

static NTSTATUS NTAPI sibling_main(PVOID argument)
{
	(void)argument;
	return NtWaitForSingleObject(never, FALSE, NULL);
}

struct victim {
	HANDLE process, thread, sibling;
};

static HANDLE victim_thread(HANDLE process, thread_start_routine start)
{
	HANDLE thread;
	NTSTATUS status = NtCreateThreadEx(&thread, THREAD_ALL_ACCESS, NULL, process, start, NULL,
					   0, 0, 0, 0, NULL);

	if (!NT_SUCCESS(status))
		bail_out("a thread of the victim", status);
	return thread;
}

/* Nobody of it runs before we wait: our priority is higher. */
static struct victim victim_make(bool has_sibling)
{
	struct victim victim = {0};
	NTSTATUS status = NtCreateProcess(&victim.process, PROCESS_ALL_ACCESS, NULL,
					  CURRENT_PROCESS, TRUE, NULL, NULL, NULL);

	if (!NT_SUCCESS(status))
		bail_out("a victim", status);
	if (has_sibling)
		victim.sibling = victim_thread(victim.process, sibling_main);
	victim.thread = victim_thread(victim.process, victim_main);
	return victim;
}

static void victim_drop(const struct victim *victim)
{
	if (victim->sibling)
		NtClose(victim->sibling);
	NtClose(victim->thread);
	NtClose(victim->process);
}

static NTSTATUS victim_status(const struct victim *victim)
{
	PROCESS_BASIC_INFORMATION basic = {0};

	NtQueryInformationProcess(victim->process, ProcessBasicInformation, &basic, sizeof(basic),
				  NULL);
	return basic.ExitStatus;
}

/* ---- what is done to it ---- */

static NTSTATUS stop_and_go(const struct victim *victim)
{
	static CONTEXT context;
	NTSTATUS status = NtSuspendThread(victim->thread, NULL);

	context.ContextFlags = CONTEXT_ALL;
	if (NT_SUCCESS(status))
		status = NtGetContextThread(victim->thread, &context);
	return NT_SUCCESS(status) ? NtResumeThread(victim->thread, NULL) : status;
}

static NTSTATUS act(const struct victim *victim, enum action action)
{
	switch (action) {
	case END_PROCESS:
		return NtTerminateProcess(victim->process, KILLED);
	case END_THREAD:
		return NtTerminateThread(victim->thread, KILLED);
	case END_SIBLING:
		return NtTerminateThread(victim->sibling, KILLED);
	case STOP:
		return stop_and_go(victim);
	case ACTIONS:
		break;
	}
	return STATUS_INVALID_PARAMETER;
}

/* What one point showed. */
struct kill_seen {
	bool has_come;
	NTSTATUS acted, waited, status;
	struct quire_sweep_result shot;
};

static struct kill_seen kill_run(enum action action)
{
	struct victim victim = victim_make(action == END_SIBLING);
	const HANDLE handles[] = {shot_event, victim.process};
	LARGE_INTEGER patience = {.QuadPart = PATIENCE};
	struct kill_seen seen = {0};

	seen.waited = NtWaitForMultipleObjects(2, handles, WaitAny, FALSE, &patience);
	if (seen.waited == STATUS_WAIT_0) {
		seen.has_come = true;
		seen.acted = act(&victim, action);
	}
	if (seen.has_come && action == END_THREAD) { /* the path may have made others */
		seen.waited = NtWaitForSingleObject(victim.thread, FALSE, &patience);
		NtTerminateProcess(victim.process, KILLED);
	}
	if (seen.waited != STATUS_TIMEOUT)
		seen.waited = NtWaitForSingleObject(victim.process, FALSE, &patience);
	seen.shot = sweep_disarm();
	seen.status = victim_status(&victim);
	victim_drop(&victim);
	return seen;
}

/* ---- the books ---- */

static struct quire_balance balance_read(void)
{
	struct quire_balance balance = {0};

	NtQuerySystemInformation((SYSTEM_INFORMATION_CLASS)QUIRE_SYSTEM_CHECK, &balance,
				 sizeof(balance), NULL);
	return balance;
}

static bool balance_is_same(const struct quire_balance *first, const struct quire_balance *second)
{
	return first->frames_in_use == second->frames_in_use &&
	       first->pool_bytes == second->pool_bytes && first->handles == second->handles &&
	       first->commit_pages == second->commit_pages;
}

/* Programs that the victim started end by themselves. */
static void wait_for_strays(uint64_t processes)
{
	LARGE_INTEGER moment = {.QuadPart = -10000};
	struct quire_memory now;

	for (unsigned i = 0; i < 1000 && memory_read(&now) && now.processes > processes; i++)
		NtDelayExecution(FALSE, &moment);
}

/* ---- one path ---- */

struct sweep {
	const struct sweep_path *path;
	enum action action;
	uint32_t first, last, stride;
	NTSTATUS normal; /* the exit status of one that nothing happens to */
};

/* Before the first termination. */
static struct quire_balance balance_before;
static uint64_t processes_before;

static void complain(const struct sweep *sweep, uint32_t after, const struct kill_seen *seen,
		     const char *what, uint64_t value, uint64_t expected)
{
	failed++;
	if (failed > TOLD_MAX)
		return;
	tap_note("%s, %s after %u instructions, at %s 0x%llx: %s expected 0x%llx, seen 0x%llx",
		 sweep->path->name, action_names[sweep->action], after,
		 seen->shot.from_user ? "user address" : "kernel text",
		 (unsigned long long)seen->shot.place, what, (unsigned long long)expected,
		 (unsigned long long)value);
	tap_note("again: tools/quire interrupt %s %s %u", action_names[sweep->action],
		 sweep->path->name, after);
}

static void balance_check(const struct sweep *sweep, uint32_t after, const struct kill_seen *seen)
{
	struct quire_balance now;

	wait_for_strays(processes_before);
	now = balance_read();
	if (balance_is_same(&now, &balance_before))
		return;
	complain(sweep, after, seen, "frames after this one or some before", now.frames_in_use,
		 balance_before.frames_in_use);
	tap_note("pool bytes %lld, handles %lld, commit %lld more than before",
		 (long long)(now.pool_bytes - balance_before.pool_bytes),
		 (long long)(now.handles - balance_before.handles),
		 (long long)(now.commit_pages - balance_before.commit_pages));
	balance_before = now;
}

/* => returns: the interrupt came; else the path is shorter. */
static bool point_try(const struct sweep *sweep, uint32_t after)
{
	bool ends_it = sweep->action == END_PROCESS || sweep->action == END_THREAD;
	NTSTATUS expected = ends_it ? (NTSTATUS)KILLED : sweep->normal;
	struct kill_seen seen;

	task.path = sweep->path;
	task.after = after;
	seen = kill_run(sweep->action);
	if (!seen.has_come && seen.waited == STATUS_SUCCESS)
		return false;
	tried++;
	if (seen.waited != STATUS_SUCCESS)
		complain(sweep, after, &seen, "wait for the end", (uint32_t)seen.waited, 0);
	else if (seen.acted != STATUS_SUCCESS)
		complain(sweep, after, &seen, "action", (uint32_t)seen.acted, 0);
	else if (seen.status != expected)
		complain(sweep, after, &seen, "exit status", (uint32_t)seen.status,
			 (uint32_t)expected);
	if (tried % POINTS_PER_CHECK == 0)
		balance_check(sweep, after, &seen);
	return seen.waited == STATUS_SUCCESS;
}

/* A victim that nothing happens to. => returns: how many instructions it takes. */
static uint64_t path_measure(const struct sweep_path *path, NTSTATUS *normal)
{
	struct kill_seen seen;

	task.path = path;
	task.after = SWEEP_NEVER;
	seen = kill_run(END_PROCESS);
	if (seen.has_come || seen.waited)
		bail_out(path->name, STATUS_DATA_ERROR);
	*normal = seen.status;
	return seen.shot.ticks;
}

/* points 0: the stride is set; else so many. */
static void path_sweep(struct sweep *sweep, unsigned points)
{
	uint64_t tried_before = tried, failed_before = failed;
	uint64_t ticks = path_measure(sweep->path, &sweep->normal);
	uint32_t after = sweep->first;

	if (points)
		sweep->stride = (uint32_t)(ticks / points) + 1;
	while (after <= sweep->last && point_try(sweep, after))
		after += sweep->stride;
	tap_ok(tried > tried_before && failed == failed_before && after < NO_END, "%s at %s",
	       action_names[sweep->action], sweep->path->name);
	tap_note("%s at %s: %llu of %llu", action_names[sweep->action], sweep->path->name,
		 (unsigned long long)(tried - tried_before), (unsigned long long)ticks);
}

static void books_open(void)
{
	struct quire_memory now;

	if (memory_read(&now))
		processes_before = now.processes;
	balance_before = balance_read();
}

static void books_close(void)
{
	const struct sweep sweep = {.path = &sweep_paths[0]};
	const struct kill_seen none = {0};
	uint64_t failed_before = failed;

	balance_check(&sweep, 0, &none);
	tap_ok(failed == failed_before, "nothing is left of any of them");
}

/* ---- what to do ---- */

/* Not in a copy: a thread that answers, or owns; a process that lives on by itself. */
static bool is_suitable(const struct sweep_path *path)
{
	return !path->needs_partner && strcmp(path->name, "process-suspended") &&
	       strcmp(path->name, "NtReleaseMutant");
}

static unsigned number_read(const char *text)
{
	unsigned number = 0;

	while (*text >= '0' && *text <= '9')
		number = number * 10 + (unsigned)(*text++ - '0');
	return number;
}

/* What the files and sections of the paths keep in memory is there from the first time on. */
static void paths_warm(unsigned part, unsigned parts, bool with_long)
{
	NTSTATUS normal;

	for (size_t i = part; i < sweep_paths_count; i += parts)
		if (is_suitable(&sweep_paths[i]) && (with_long || !sweep_paths[i].is_long))
			path_measure(&sweep_paths[i], &normal);
}

static void sweep_everyday(void)
{
	paths_warm(0, 1, false);
	books_open();
	for (size_t i = 0; i < sweep_paths_count; i++) {
		struct sweep sweep = {.path = &sweep_paths[i],
				      .action = (enum action)(i % ACTIONS),
				      .first = (uint32_t)i + 1,
				      .last = NO_END};

		if (is_suitable(sweep.path) && !sweep.path->is_long)
			path_sweep(&sweep, POINTS_EVERYDAY);
	}
	books_close();
}

static void sweep_all(unsigned part, unsigned parts, unsigned points)
{
	paths_warm(part, parts, true);
	books_open();
	for (size_t i = part; i < sweep_paths_count; i += parts) {
		struct sweep sweep = {.path = &sweep_paths[i], .first = 1, .last = NO_END};

		if (!is_suitable(sweep.path))
			continue;
		for (int action = 0; action < ACTIONS; action++) {
			sweep.action = (enum action)action;
			path_sweep(&sweep, points);
		}
	}
	books_close();
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
	for (int action = 0; action < ACTIONS; action++)
		if (!strcmp(words[0], action_names[action]))
			sweep.action = (enum action)action;
	path_measure(sweep.path, &sweep.normal);
	books_open();
	path_sweep(&sweep, 0);
	books_close();
}

/* The copies have the same handles under the same numbers. */
static void handles_make_inheritable(void)
{
	struct handle_flags flags = {.inherit = TRUE};

	for (uintptr_t value = 4; value < 0x400; value += 4)
		NtSetInformationObject((HANDLE)value, OBJECT_CLASS_HANDLE_FLAGS, &flags,
				       sizeof(flags));
}

static void objects_make(void)
{
	LONG increment = 2;

	if (NtCreateEvent(&shot_event, EVENT_ALL_ACCESS, NULL, SynchronizationEvent, FALSE) ||
	    NtCreateEvent(&never, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE))
		bail_out("events", STATUS_NO_MEMORY);
	handles_make_inheritable();
	NtSetInformationThread(CURRENT_THREAD, THREAD_BASE_PRIORITY_CLASS, &increment,
			       sizeof(increment));
}

int program_main(int argc, char **argv)
{
	if (argc == 2)
		return STATUS_SUCCESS; /* the path "program" */
	tap_start("terminations at every instruction");
	if (!system_is_quire()) {
		tap_skip(1, "interrupts cannot be placed here");
		return tap_finish();
	}
	sweep_init();
	objects_make();
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
