/*
 * worker.c - a thread: step after step, each of which verifies a page and most often does something
 * to it.
 */
#include "stress.h"

#define SPECIAL_ONE_IN 24u
#define EMPTY_ONE_IN 4096u

static const struct kind_calls *const calls[KINDS] = {&private_calls, &section_calls, &file_calls,
						      &cow_calls,     &image_calls,   &table_calls};

static bool areas_open(struct worker *worker)
{
	for (unsigned kind = 0; kind < KINDS; kind++) {
		struct area *area = &worker->areas[kind];

		area->kind = (enum kind)kind;
		area->pages = worker->control->pages[kind];
		if (area->pages && !calls[kind]->open(worker, area))
			return false;
	}
	worker->copy = memory_make(worker, 1);
	return worker->copy != NULL;
}

/* What was not mapped goes with the process. */
static void areas_close(struct worker *worker)
{
	for (unsigned kind = 0; kind < KINDS; kind++)
		if (worker->areas[kind].base && calls[kind]->close)
			calls[kind]->close(worker, &worker->areas[kind]);
}

/* Takes all pages away from the process that can be taken. Other systems may refuse. */
static void working_set_empty(void)
{
	QUOTA_LIMITS limits = {.MinimumWorkingSetSize = (SIZE_T)-1,
			       .MaximumWorkingSetSize = (SIZE_T)-1};

	NtSetInformationProcess(CURRENT_PROCESS, ProcessQuotaLimits, &limits, sizeof(limits));
}

static void step(struct worker *worker, struct area *area)
{
	uint64_t index = pick_page(&area->pick, &worker->random, area->pages);
	uint64_t dice = random_next(&worker->random) >> 32;

	area_lock(area, index);
	area_verify(worker, area, index, area_page(area, index), "in memory");
	if (dice % SPECIAL_ONE_IN == 0)
		calls[area->kind]->special(worker, area, index);
	else if (dice & 1 && !area->is_read_only)
		area_write_next(area, index, area_page(area, index));
	area_unlock(area, index);
	if (dice / SPECIAL_ONE_IN % EMPTY_ONE_IN == 0)
		working_set_empty();
}

static uint64_t verified_sum(const struct tally *tally)
{
	uint64_t sum = 0;

	for (unsigned kind = 0; kind < KINDS; kind++)
		sum += tally->verified[kind];
	return sum;
}

void worker_run(struct worker *worker)
{
	const struct options *options = &worker->control->options;
	uint64_t part = options->checks / (options->processes * options->threads) + 1;
	unsigned kind = worker->thread % KINDS;

	if (areas_open(worker))
		for (; verified_sum(worker->tally) < part; kind = (kind + 1) % KINDS)
			if (worker->areas[kind].pages)
				step(worker, &worker->areas[kind]);
	areas_close(worker);
}
