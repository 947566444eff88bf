/*
 * sim_world.c - one world, set up once and begun in again and again.
 */
#include "sim_internal.h"

static HOST_KEPT const struct sim_world *world;

void sim_world_open(const struct sim_world *opened)
{
	size_t heap_bytes;
	void *heap;

	KASSERT(!world);
	world = opened;
	sim_schedule_pause(true);
	if (!host_snapshot_is_possible())
		return;
	world->set_up(world->argument);
	heap = sim_heap_used(&heap_bytes);
	host_snapshot_take(heap, heap_bytes);
}

void sim_world_run(void (*body)(void *), void *argument)
{
	sim_schedule_pause(true); /* the run before may have failed half-way */
	if (host_snapshot_is_possible()) {
		host_snapshot_restore();
		sim_report_begin();
	} else {
		world->set_up(world->argument);
	}
	sim_schedule_pause(false);
	body(argument);
	sim_schedule_pause(true);
	world->take_down(world->argument);
	if (host_snapshot_is_possible())
		sim_check_leaks();
	else
		sim_stop();
}

void sim_world_close(void)
{
	if (host_snapshot_is_possible()) {
		host_snapshot_restore();
		sim_report_begin();
		world->take_down(world->argument);
		host_snapshot_drop();
		sim_stop();
	}
	world = NULL;
	sim_schedule_pause(false);
}
