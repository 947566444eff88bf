/*
 * sweep.c - one run of a path, with or without an interrupt in it (see sweep.h).
 */
#include "sweep.h"

const char *const sweep_kind_names[SWEEP_KINDS] = {"nmi", "irq"};

struct sweep_path sweep_paths[SWEEP_PATHS_MAX];
size_t sweep_paths_count;

static void paths_add(bool (*path_at)(size_t index, struct sweep_path *path))
{
	struct sweep_path path;

	for (size_t i = 0; path_at(i, &path); i++) {
		if (sweep_paths_count == SWEEP_PATHS_MAX)
			bail_out("too many paths", STATUS_BUFFER_OVERFLOW);
		sweep_paths[sweep_paths_count++] = path;
	}
}

void sweep_init(void)
{
	calls_init();
	sweep_faults_init();
	sweep_threads_init();
	paths_add(sweep_thread_path);
	paths_add(sweep_fault_path);
	paths_add(sweep_call_path);
}

bool sweep_arm(enum sweep_kind kind, uint32_t after, HANDLE event)
{
	struct quire_sweep sweep = {
		.after = after, .is_nmi = kind == SWEEP_NMI, .event = (uintptr_t)event};

	return NT_SUCCESS(NtSetSystemInformation((SYSTEM_INFORMATION_CLASS)QUIRE_SYSTEM_SWEEP,
						 &sweep, sizeof(sweep)));
}

struct quire_sweep_result sweep_disarm(void)
{
	struct quire_sweep_result result = {0};

	NtQuerySystemInformation((SYSTEM_INFORMATION_CLASS)QUIRE_SYSTEM_SWEEP, &result,
				 sizeof(result), NULL);
	return result;
}

struct sweep_seen sweep_run(const struct sweep_path *path, enum sweep_kind kind, uint32_t after,
			    HANDLE event)
{
	struct sweep_seen seen = {0};

	if (path->prepare)
		path->prepare(path);
	if (!sweep_arm(kind, after, event))
		bail_out("QUIRE_SYSTEM_SWEEP", STATUS_NOT_SUPPORTED);
	seen.result = path->run(path);
	seen.shot = sweep_disarm();
	if (path->look)
		seen.look = path->look(path);
	if (path->undo)
		path->undo(path);
	return seen;
}

struct sweep_normal sweep_measure(const struct sweep_path *path)
{
	struct sweep_seen first, second;

	sweep_run(path, SWEEP_IRQ, SWEEP_NEVER, NULL); /* pages and caches that it fills */
	first = sweep_run(path, SWEEP_IRQ, SWEEP_NEVER, NULL);
	second = sweep_run(path, SWEEP_IRQ, SWEEP_NEVER, NULL);
	if (first.result != second.result || first.shot.has_come || second.shot.has_come)
		bail_out(path->name, STATUS_DATA_ERROR);
	return (struct sweep_normal){
		.result = second.result,
		.look = second.look,
		.has_look = path->look && first.look == second.look,
		.ticks = second.shot.ticks,
	};
}
